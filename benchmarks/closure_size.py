"""What a profile downloads for llm_test, against what MediaPipe's own WORKSPACE makes Bazel fetch.

The table of the latter is ``closure_mediapipe.toml``; it says of each file how its size is known.
Both sides leave out the compilers, Bazel itself and MediaPipe's own checkout (ours is in the sum
all the same). Aim: at most a fifth of the bytes.

    python benchmarks/closure_size.py [--flavour NAME]... [--max RATIO] [--json]

With XNNKIT_GIT_ROOT every measured size is measured again; another one is an error.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from xnnkit import paths, profile
from xnnkit.archives import regenerate
from xnnkit.profile import GitOrigin, Profile

TABLE = Path(__file__).resolve().with_name("closure_mediapipe.toml")
KINDS = ("measured", "published", "bounded", "estimated", "unknown")


@dataclass(frozen=True)
class Fetched:
    """One file that MediaPipe's WORKSPACE makes Bazel download."""

    name: str
    stage: str
    known: str
    size: int
    """Bytes; 0 when unknown."""
    upper: int
    """Bytes at most, where the size is known as a range; else ``size``."""


def ours(pins: Profile, flavours: Sequence[str]) -> dict[str, int]:
    """Return archive -> bytes of what the profile downloads for these flavours.

    The first origin's file counts; an archive that only other flavours use does not.
    """
    used = {name for f in flavours for name in pins.get_flavour(f).archives.values()}
    others = {name for f in pins.flavour for name in f.archives.values()} - used
    return {a.name: a.origin[0].size for a in pins.archive if a.name not in others}


def theirs(table: dict[str, Any], pins: Profile) -> list[Fetched]:
    """Return the table's files; those that the profile has too take their size from there."""
    found = []
    for row in table["fetched"]:
        same = pins.get_archive(row["archive"]) if "archive" in row else None
        size = same.origin[0].size if same else row["bytes"]
        known = row.get("known", "measured")
        assert known in KINDS, f"{row['name']}: {known}"
        found.append(Fetched(row["name"], row["stage"], known, size, row.get("upper", size)))
    return found


def measure_again(table: dict[str, Any], git_root: Path) -> tuple[int, list[str]]:
    """Make each measured file again; return how many clones there were, and what is otherwise."""
    wrong = []
    made = 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for row in table["fetched"]:
            if "git" not in row:
                continue
            git = {key: value for key, value in row["git"].items() if key != "commit"}
            sha256 = row.get("sha256", "0" * 64)
            origin = GitOrigin(type="git", sha256=sha256, size=row["bytes"], **git)
            clone = regenerate.find_clone(git_root, origin.repository)
            if clone is None:
                continue
            made += 1
            actual = regenerate.archive(
                clone, origin, row["git"]["commit"], scratch / "file", scratch, bound=1 << 30
            )
            if actual.size != row["bytes"] or actual.sha256 != row.get("sha256", actual.sha256):
                wrong.append(f"{row['name']}: {actual.size} bytes, sha256 {actual.sha256}")
    return made, wrong


def summary(pins: Profile, table: dict[str, Any], flavours: Sequence[str]) -> dict[str, Any]:
    """Return both sums in bytes, how theirs is known, and the ratio.

    A source that only a further flavour needs counts on both sides.
    """
    wanted = ours(pins, flavours)
    plain = ours(pins, [pins.default_flavour])
    extra = {name: size for name, size in wanted.items() if name not in plain}
    rows = theirs(table, pins)
    rows += [Fetched(name, "build", "measured", size, size) for name, size in extra.items()]
    total = sum(row.size for row in rows)
    return {
        "profile": pins.name,
        "flavours": list(flavours),
        "ours": {"archives": len(wanted), "bytes": sum(wanted.values())},
        "theirs": {
            "archives": len(rows),
            "bytes": total,
            "bytes_at_most": sum(row.upper for row in rows),
            "load_bytes": sum(row.size for row in rows if row.stage == "load"),
            "known": {
                kind: {
                    "archives": sum(row.known == kind for row in rows),
                    "bytes": sum(row.size for row in rows if row.known == kind),
                }
                for kind in KINDS
            },
        },
        "ratio": sum(wanted.values()) / total,
        "ratio_without_largest": sum(wanted.values()) / (total - max(row.size for row in rows)),
    }


def text(result: dict[str, Any], rows: Sequence[Fetched]) -> str:
    """Return the result as a table, largest first, and the sums."""
    lines = [f"{row.size:>12,}  {row.known:9}  {row.stage:5}  {row.name}" for row in rows]
    mine, other = result["ours"], result["theirs"]
    lines += [
        "",
        f"MediaPipe's WORKSPACE: {other['archives']} downloads, {other['bytes']:,} bytes or more,",
        *(
            f"  {of['bytes']:>12,} {kind} ({of['archives']})"
            for kind, of in other["known"].items()
            if of["archives"]
        ),
        f"profile {result['profile']}, {', '.join(result['flavours'])}: "
        f"{mine['archives']} downloads, {mine['bytes']:,} bytes",
        f"{result['ratio']:.3f}x of the bytes; {result['ratio_without_largest']:.3f}x if the "
        "largest of theirs were not fetched",
    ]
    return "\n".join(lines)


def main() -> int:
    """Print the comparison; return 1 when the ratio is above ``--max`` or a size is otherwise."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--flavour", action="append", help="flavours to build (the default one)")
    parser.add_argument("--max", type=float, default=0.2, help="highest ratio allowed")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args()
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    pins = profile.load(table["profile"])
    result = summary(pins, table, options.flavour or [pins.default_flavour])
    root = paths.git_root()
    made, wrong = measure_again(table, root) if root else (0, [])
    result["measured_again"] = made
    if options.json:
        print(json.dumps({"schema_version": 1, "benchmark": "closure_size", **result}))
    else:
        rows = sorted(theirs(table, pins), key=lambda row: -row.size)
        print(text(result, rows))
        print(f"{made} sizes measured again")
    for line in wrong:
        print(f"otherwise than in the table: {line}", file=sys.stderr)
    return int(bool(wrong) or result["ratio"] > options.max)


if __name__ == "__main__":
    sys.exit(main())
