"""Entry point of ``xnnkit`` and ``python -m xnnkit``.

Up to the check of Python's version this file (and ``xnnkit/__init__.py``) keeps to syntax that
every Python reads, so that an old one answers with a sentence and not with a traceback.
"""

import sys

MINIMUM = (3, 11)


def main():  # type: () -> int
    """Run xnnkit with the process's arguments and return its exit code."""
    if sys.version_info < MINIMUM:
        needed, found = (".".join(map(str, v[:2])) for v in (MINIMUM, sys.version_info))
        sys.stderr.write("xnnkit needs Python " + needed + " or later, this is " + found + "\n")
        sys.stderr.write("  where: " + str(sys.executable) + "\n")
        sys.stderr.write("  fix:   python3.11 -m venv .venv && .venv/bin/pip install .\n")
        return 3
    try:
        from xnnkit.cli import main as cli
    except ImportError as error:
        if error.name != "click":
            raise
        sys.stderr.write("xnnkit's dependencies are not installed for this Python\n")
        sys.stderr.write("  where: " + sys.executable + "\n")
        sys.stderr.write("  fix:   python3 -m venv .venv && .venv/bin/pip install .\n")
        return 3

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
