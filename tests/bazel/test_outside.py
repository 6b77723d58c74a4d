"""``bazel run`` with Debian's Bazel: what was built is started outside of Bazel's namespace."""

from __future__ import annotations

from pathlib import Path

import pytest
from xnnkit.bazel import outside
from xnnkit.bazel.launcher import Bazel

# Writes the script it is asked for, as Bazel does; else says that it started the program itself.
BAZEL = """#!/bin/sh
echo "$@" >"$0.given"
for word; do case $word in --script_path=*) script=${word#*=};; esac; done
[ "$script" ] || { echo inside; exit 5; }
printf '#!/bin/sh\\necho outside "$BUILD_WORKSPACE_DIRECTORY" >%s.ran; exit 7\\n' "$0" >"$script"
chmod +x "$script"
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "bazel"
    path.write_text(BAZEL)
    path.chmod(0o755)
    return path


def test_the_program_runs_outside(program: Path, tmp_path: Path) -> None:
    root = tmp_path / "ws"
    (root / "inner").mkdir(parents=True)
    (root / "MODULE.bazel").touch()
    bazel = Bazel("debian", "7.7.1", (str(program),))
    code = outside.run(bazel, ["--batch", "run", "//:x", "--", "-y"], cwd=root / "inner")
    assert code == 7
    given = (tmp_path / "bazel.given").read_text().split()
    assert given[:2] == ["--batch", "run"]
    assert given[2].startswith("--script_path=/")
    assert given[3:] == ["//:x", "--", "-y"]
    assert (tmp_path / "bazel.ran").read_text() == f"outside {root}\n"


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [("path", ["run", "//:x"]), ("debian", ["build", "//:x", "run"]), ("debian", ["--version"])],
)
def test_everything_else_is_bazels_own_matter(
    kind: str, arguments: list[str], program: Path, tmp_path: Path
) -> None:
    bazel = Bazel(kind, "7.7.1", (str(program),))
    # Its exit code comes back as it is.
    assert outside.run(bazel, arguments, cwd=tmp_path) == 5
    assert (tmp_path / "bazel.given").read_text().split() == arguments


def test_a_build_that_fails_starts_nothing(program: Path, tmp_path: Path) -> None:
    program.write_text("#!/bin/sh\nexit 1\n")
    assert outside.run(Bazel("debian", "7", (str(program),)), ["run", "//:x"], cwd=tmp_path) == 1
