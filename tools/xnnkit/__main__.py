"""Entry point of ``xnnkit`` and ``python -m xnnkit``.

Up to the check of Python's version this file (and ``xnnkit/__init__.py``) keeps to syntax that
every Python reads, so that an old one answers with a sentence and not with a traceback.
"""

import sys

MINIMUM = (3, 11)


def main():  # type: () -> int
    """Run xnnkit with the process's arguments and return its exit code."""
    if sys.version_info < MINIMUM:
        sys.stderr.write(
            # A Python that old has no f-strings.
            "xnnkit needs Python %d.%d or later, this is Python %d.%d\n"
            "  where: %s\n"
            "  fix:   python3.11 -m venv .venv && .venv/bin/pip install .\n"
            % (MINIMUM[0], MINIMUM[1], sys.version_info[0], sys.version_info[1], sys.executable)
        )
        return 3
    from xnnkit.cli import main as cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
