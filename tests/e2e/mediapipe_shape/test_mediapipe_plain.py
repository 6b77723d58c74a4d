"""A rendered workspace in the hands of somebody who has Bazel and no xnnkit."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from shape import PRINTED, Run, Shape, printed
from xnnkit.bazel import Bazel

pytestmark = pytest.mark.bazel


@dataclass(frozen=True)
class Plain:
    """A rendered workspace in which llm_test_base has been built, and nothing else."""

    root: Path
    bazel: Bazel
    environment: dict[str, str]

    def run(self, *arguments: str) -> tuple[int, str]:
        """Start Bazel and return its exit code and what it printed to stdout."""
        # A file, not a pipe: the server would keep a pipe open.
        log = self.root.parent / "plain.log"
        with log.open("w") as errors, (self.root.parent / "plain.out").open("w") as out:
            code = subprocess.run(
                self.bazel.argv(*arguments),
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
            ).returncode
        assert code == 0, log.read_text()[-4000:]
        return code, (self.root.parent / "plain.out").read_text()

    def repositories(self) -> set[str]:
        """Return the archives' repositories that Bazel has made."""
        base = Path(self.run("info", "output_base")[1].strip())
        names = {path.name for path in (base / "external").iterdir() if path.is_dir()}
        return {name.rpartition("~")[2] for name in names if "archives~" in name}


def repositories(labels: str) -> set[str]:
    """Return the repositories that ``--output=label`` names, in whichever form it does."""
    return {re.split("[~@]", line.split("//")[0])[-1] for line in labels.splitlines()}


@pytest.fixture(scope="module")
def plain(mini: Shape, xnnkit: Run, bazel: Bazel, fetched: None) -> Iterator[Plain]:
    root = mini.root / "plain" / "workspace"
    done = xnnkit("render", str(mini.profile), str(root))
    assert done.returncode == 0, done.stderr[-4000:]
    (root / "user.bazelrc").write_text(f"common --repo_env=XNNKIT_CACHE={mini.cache}\n")
    environment = {"PATH": "/usr/bin:/bin"}
    assert shutil.which("xnnkit", path=environment["PATH"]) is None
    made = Plain(root, bazel, environment)
    made.run("build", "//:llm_test_base")
    yield made
    made.run("shutdown")


def test_plain_bazel_builds_a_flavour(plain: Plain) -> None:
    assert printed(plain.root / "bazel-bin/llm_test_base") == PRINTED["base"]


def test_the_xnnpack_of_other_flavours_is_not_fetched(plain: Plain) -> None:
    made = plain.repositories()
    assert {"XNNPACK", "XNNPACK_base", "mediapipe", "com_github_glog_glog"} <= made
    assert "XNNPACK_upstream" not in made


def test_the_graph_of_modules_can_be_asked_for(plain: Plain) -> None:
    _, text = plain.run("mod", "graph")
    lines = text.splitlines()
    assert lines[0].startswith("<root>")
    assert "shape" in lines[0]
    assert any("xnnkit@" in line for line in lines[1:])


def test_a_flavour_depends_on_its_own_xnnpack(plain: Plain) -> None:
    _, text = plain.run("cquery", "deps(//:llm_test_base)", "--output=label")
    names = repositories(text)
    assert "XNNPACK_base" in names
    assert "XNNPACK_upstream" not in names
    assert "XNNPACK_upstream" not in plain.repositories()


def test_a_default_flavour_is_what_no_flavour_means(plain: Plain) -> None:
    # Last in this file: it fetches what the tests above find absent. A new server, because cquery
    # goes on from an alias into every configuration that the server has ever analysed.
    plain.run("shutdown")
    _, text = plain.run("cquery", "deps(@XNNPACK//:XNNPACK)", "--output=label")
    names = repositories(text)
    assert "XNNPACK_upstream" in names
    assert "XNNPACK_base" not in names
