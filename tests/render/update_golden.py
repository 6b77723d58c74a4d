"""Write the golden files of the render tests again; look at the diff before you commit it."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools")]

import golden  # noqa: E402 - found through the line above


def main() -> None:
    """Render every profile and write what the tests compare with."""
    for name in golden.PROFILES:
        plan = golden.plan(name)
        for target in golden.RENDERED:
            file = golden.golden_file(name, target)
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.is_file() or file.read_bytes() != plan[target]:
                file.write_bytes(plan[target])
                print(f"written: {file}")


if __name__ == "__main__":
    main()
