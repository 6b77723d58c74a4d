"""Write the golden files of the render tests again; look at the diff before you commit it."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools")]

import golden  # noqa: E402 - found through the line above


def main() -> None:
    """Render every profile and write what the tests compare with."""
    wanted = set()
    for name, layout in golden.cases():
        plan = golden.plan(name, layout)
        for target in golden.LAYOUTS[layout]:
            file = golden.golden_file(name, layout, target)
            wanted.add(file)
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.is_file() or file.read_bytes() != plan[target]:
                file.write_bytes(plan[target])
                print(f"written: {file}")
    for file in {p for p in golden.ROOT.rglob("*") if p.is_file()} - wanted:
        file.unlink()
        print(f"removed: {file}")


if __name__ == "__main__":
    main()
