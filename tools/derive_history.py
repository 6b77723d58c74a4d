"""Write tools/xnnkit/profile/history.toml: what MediaPipe's and XNNPACK's clones say of the past.

    python tools/derive_history.py GIT_ROOT [--check]

Two things are derived, both from what is committed there and from nothing else:

* which commits and tags of MediaPipe have no target llm_test in its BUILD file;
* which XNNPACK a release of MediaPipe cannot be compiled with, because the sources of llm_test's
  closure name functions that XNNPACK's public headers do not declare at that commit. A pair that
  is not listed has not been shown to work.

Only commits that are reachable from the tips written in the file's head are looked at, so that the
result does not depend on how new the clones are. With ``--check`` nothing is written; the exit code
is 1 when the file is not what it would be.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "tools/xnnkit/profile/history.toml"

PACKAGE = "mediapipe/tasks/cc/genai/inference/utils/xnn_utils"

# What was looked at: tips of MediaPipe's master and of the releases' branches.
TIPS = {
    "master": "85c0cdc7d70653888903c88df45962b764296342",
    "0.10.32": "8317ba78778738ba90a521e7e4580a2ba0129c81",
    "0.10.35": "f8ef212d5c962c0e853db7e59d217056b187084b",
    "1.0.0": "6d31f1ebc3284db74d211d62bdc4f0a0c29ea120",
    "release": "cad7f3ab99ebf175947e40c5252c642612aae927",
}

# Older commits are not listed one by one, only their tags: llm_test came half a year later.
SINCE = "2023-10-01"

# Other XNNPACKs than MediaPipe's own pins that somebody may name.
XNNPACKS = [
    "5ecf0769c54cd224bd0026fe2c8d2ad6f3c4368a",
    "4ea82e595b36106653175dcb04b2aa532660d0d8",
]

# Other MediaPipes than the tags.
MEDIAPIPES = {"4bb6280e": "4bb6280e10ce858ff7723b07315fe8350d45db5a"}

# Sources of the package that llm_test's closure compiles and that call XNNPACK.
SOURCES = ("graph_builder", "llm", "llm_test", "llm_weights", "xnn_tensor")

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
# What stands under a condition may be there for one XNNPACK and not for another.
_CONDITIONAL = re.compile(r"^#if(?:def)?\b.*?^#endif", re.DOTALL | re.MULTILINE)
_PIN = re.compile(r"XNNPACK-([0-9a-f]{40})")


class Clone:
    """A git clone, asked questions."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, *arguments: str, given: str = "") -> str:
        """Run git and return what it printed."""
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments], input=given.encode(), capture_output=True
        )
        if done.returncode:
            raise SystemExit(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode(errors="replace")

    def day(self, commit: str) -> str:
        """Return the day of a commit, in the committer's own time zone."""
        return self("log", "-1", "--format=%cs", commit).strip()


def has_llm_test(clone: Clone, commits: list[str]) -> dict[str, bool]:
    """Return commit -> whether its BUILD file defines the target."""
    asked = "".join(f"{commit}:{PACKAGE}/BUILD\n" for commit in commits)
    rows = clone("cat-file", "--batch-check", given=asked).splitlines()
    found: dict[str, bool] = {}
    blobs: dict[str, bool] = {}
    for commit, row in zip(commits, rows, strict=True):
        blob = row.split()[0] if row.split()[1] == "blob" else ""
        if blob and blob not in blobs:
            blobs[blob] = 'name = "llm_test"' in clone("cat-file", "blob", blob)
        found[commit] = blobs.get(blob, False)
    return found


def tags(clone: Clone) -> dict[str, str]:
    """Return tag -> commit of MediaPipe's tags that are reachable from the tips."""
    rows = clone("tag", "--format=%(refname:short) %(objectname) %(*objectname)").splitlines()
    reachable = set(clone("rev-list", *TIPS.values()).split())
    found = {row.split()[0]: row.split()[-1] for row in rows}
    return {name: commit for name, commit in found.items() if commit in reachable}


def functions(clone: Clone, commit: str) -> set[str]:
    """Return the names of XNNPACK's functions that llm_test's sources call at a commit."""
    listing = clone("ls-tree", "--name-only", commit, f"{PACKAGE}/").split()
    wanted = {f"{PACKAGE}/{stem}.{end}" for stem in SOURCES for end in ("cc", "h")}
    text = "".join(clone("show", f"{commit}:{path}") for path in listing if path in wanted)
    return set(re.findall(r"\b(xnn_[a-z0-9_]+)\(", _CONDITIONAL.sub("", _COMMENT.sub("", text))))


def declared(clone: Clone, commit: str) -> set[str]:
    """Return the names of the functions that XNNPACK's public headers declare at a commit."""
    files = clone("ls-tree", "-r", "--name-only", commit, "include/").split()
    text = "".join(clone("show", f"{commit}:{path}") for path in files)
    return set(re.findall(r"\b(xnn_[a-z0-9_]+)\s*\(", _COMMENT.sub("", text)))


def lines(mediapipe: Clone, xnnpack: Clone) -> Iterator[str]:
    """Yield the lines of the file."""
    yield "# What MediaPipe's and XNNPACK's histories say; written by tools/derive_history.py."
    yield "schema_version = 1"
    yield ""
    yield "# Commits whose histories were looked at."
    yield "[tips]"
    for name, commit in TIPS.items():
        yield f'"{name}" = "{commit}"'
    yield from _changes(mediapipe)
    known = mediapipe("rev-list", f"--since={SINCE}", *TIPS.values()).split()
    found = has_llm_test(mediapipe, known)
    by_day: dict[str, list[str]] = {}
    days = dict(
        row.split()
        for row in mediapipe(
            "log", "--no-walk=unsorted", "--format=%H %cs", "--stdin", given="\n".join(known)
        ).splitlines()
    )
    for commit in known:
        if not found[commit]:
            by_day.setdefault(days[commit], []).append(commit[:12])
    yield ""
    yield f"# Commits of MediaPipe since {SINCE} without llm_test, by day."
    yield "[without_llm_test]"
    for day, commits in sorted(by_day.items()):
        yield f'{day} = "{" ".join(sorted(commits))}"'
    named = tags(mediapipe)
    with_it = has_llm_test(mediapipe, sorted(named.values()))
    yield ""
    yield "# Tags of MediaPipe: day, commit, whether it has llm_test."
    yield "[tags]"
    dated = sorted((mediapipe.day(commit), name, commit) for name, commit in named.items())
    for day, name, commit in dated:
        flag = str(with_it[commit]).lower()
        yield f'"{name}" = {{ day = "{day}", commit = "{commit}", llm_test = {flag} }}'
    yield from _pairs(mediapipe, xnnpack, dated, with_it)


def _changes(mediapipe: Clone) -> Iterator[str]:
    touching = mediapipe(
        "log",
        "--first-parent",
        "--reverse",
        "--format=%H",
        TIPS["master"],
        "--",
        f"{PACKAGE}/BUILD",
    ).split()
    found = has_llm_test(mediapipe, touching)
    before = False
    for commit in touching:
        if found[commit] != before:
            before = found[commit]
            yield ""
            yield "[[change]]"
            yield f'day = "{mediapipe.day(commit)}"'
            yield f'commit = "{commit}"'
            yield f"llm_test = {str(before).lower()}"


def _pairs(
    mediapipe: Clone,
    xnnpack: Clone,
    dated: list[tuple[str, str, str]],
    with_it: dict[str, bool],
) -> Iterator[str]:
    releases = [(name, commit) for _, name, commit in dated if with_it[commit]]
    releases = [*MEDIAPIPES.items(), *releases]
    pins = {
        match[1]
        for _, commit in releases
        if (match := _PIN.search(mediapipe("show", f"{commit}:WORKSPACE")))
    }
    candidates = sorted((xnnpack.day(commit), commit) for commit in {*pins, *XNNPACKS})
    public = {commit: declared(xnnpack, commit) for _, commit in candidates}
    yield ""
    yield "# XNNPACKs with their day; then for each MediaPipe what llm_test's sources call"
    yield "# unconditionally and their public headers do not declare."
    yield "[xnnpack]"
    for day, commit in candidates:
        yield f'{commit} = "{day}"'
    for name, commit in releases:
        pin = _PIN.search(mediapipe("show", f"{commit}:WORKSPACE"))
        # A name that even MediaPipe's own XNNPACK lacks is no function of XNNPACK's.
        called = functions(mediapipe, commit) & (public[pin[1]] if pin else set())
        lacking = {x: sorted(called - public[x]) for _, x in candidates if called - public[x]}
        yield ""
        yield "[[mediapipe]]"
        yield f'name = "{name}"'
        yield f'commit = "{commit}"'
        yield f'xnnpack = "{pin[1] if pin else ""}"'
        yield "[mediapipe.lacking]"
        for x, missing in lacking.items():
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            yield f'{x} = "{", ".join(missing[:3])}{more}"'


def clone_of(git_root: Path, owner: str, name: str) -> Clone:
    """Return the clone of a repository below a git root."""
    for place in (f"{owner}/{name}", f"{owner}/{name}.git", f"{owner}+{name}/repo"):
        if (git_root / place).is_dir():
            return Clone(git_root / place)
    raise SystemExit(f"no clone of {owner}/{name} in {git_root}")


def main(arguments: list[str]) -> int:
    """Write or check the file; return the exit code."""
    check = "--check" in arguments
    roots = [one for one in arguments if one != "--check"]
    if len(roots) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(roots[0])
    mediapipe = clone_of(root, "google-ai-edge", "mediapipe")
    text = "\n".join(lines(mediapipe, clone_of(root, "google", "XNNPACK"))) + "\n"
    if FILE.is_file() and FILE.read_text() == text:
        return 0
    if check:
        print(f"{FILE} is not what the clones say", file=sys.stderr)
        return 1
    FILE.write_text(text)
    print(f"wrote {FILE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
