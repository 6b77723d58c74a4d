"""Write the golden files of the Docker tests again; look at the diff before you commit it."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools")]

import docker_golden  # noqa: E402 - found through the line above


def main() -> None:
    """Render every context and write what the tests compare with."""
    wanted = set()
    for name, form in docker_golden.cases():
        planned = docker_golden.own(docker_golden.plan(name, form))
        for target, file in docker_golden.golden_files(name, form).items():
            wanted.add(file)
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.is_file() or file.read_bytes() != planned[target]:
                file.write_bytes(planned[target])
                print(f"written: {file}")
    for file in {p for p in docker_golden.ROOT.rglob("*") if p.is_file()} - wanted:
        file.unlink()
        print(f"removed: {file}")


if __name__ == "__main__":
    main()
