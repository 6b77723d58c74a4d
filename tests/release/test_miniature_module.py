"""A miniature of MediaPipe's shape on the released module: as its README says, from a registry."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from release_kit import Released, Run
from xnnkit import paths, profile
from xnnkit.bazel import find
from xnnkit.build import prepare
from xnnkit.build.request import Sources
from xnnkit.profile.compiler import needed

sys.path.append(str(Path(__file__).resolve().parents[1] / "e2e" / "mediapipe_shape"))

import shape

pytestmark = pytest.mark.bazel


@dataclass(frozen=True)
class Consumer:
    """A module that depends on the release, and how Bazel is run in it."""

    root: Path
    mini: shape.Shape
    bazel: Run

    def run(self, *arguments: str) -> tuple[int, str]:
        mini = self.mini
        places = {"HOME": mini.home, "CACHE": mini.cache, "GIT_ROOT": mini.git_root}
        settings = {f"XNNKIT_{name}": str(place) for name, place in places.items()}
        return self.bazel(self.root, *arguments, **settings)


@pytest.fixture(scope="module")
def consumer(
    released: Released, bazel: Run, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Consumer]:
    """The module, before anything is rendered; its pins are the miniature's."""
    pins = profile.load("xnnpack-2024-11")
    find(pins.bazel)  # so that it is there to be borrowed
    cache = paths.cache_dir().resolve()
    only_zig = needed(pins).model_copy(update={"archive": ()})
    (zig,) = prepare.fetch(only_zig, Sources(cache=cache))
    base = tmp_path_factory.mktemp("miniature").resolve()
    mini = shape.make(base, released.checkout, cache, zig.blob)
    (cache / "python").mkdir(exist_ok=True)
    (mini.cache / "python").symlink_to(cache / "python")
    root = base / "consumer"
    root.mkdir()
    text = (released.checkout / "examples/module/MODULE.bazel").read_text()
    (dependency,) = re.findall(r"^bazel_dep\(.*\)$", text, re.MULTILINE)
    (root / "MODULE.bazel").write_text(f'module(name = "consumer")\n\n{dependency}\n')
    (root / ".bazelrc").write_text(
        f"common --registry=file://{released.registry}\n"
        f"common --repo_env=XNNKIT_CACHE={mini.cache}\n"
        "common --noenable_workspace\ncommon --lockfile_mode=off\n"
    )
    yield Consumer(root, mini, bazel)
    shape.remove(base / "cache")


def test_the_release_renders_and_builds(consumer: Consumer) -> None:
    package = consumer.root / "third_party" / "shape"
    package.parent.mkdir()
    command = ["render", "shape", "third_party/shape", "--format", "package"]
    code, text = consumer.run("run", "@xnnkit//tools:xnnkit", "--", *command)
    assert code == 0, text[-4000:]

    # From here on as the package's README says.
    readme = (package / "README.md").read_text()
    found = [part for part in readme.split("\n\n") if part.startswith("    ")]
    *module, rc, build = [re.sub(r"^    ", "", part, flags=re.MULTILINE) + "\n" for part in found]
    (consumer.root / "MODULE.bazel").write_text('module(name = "consumer")\n' + "".join(module))
    with (consumer.root / ".bazelrc").open("a") as file:
        file.write(rc)
    words = build.replace("=base", "=upstream").split()
    assert words[:2] == ["bazel", "build"]
    code, text = consumer.run(*words[1:])
    assert code == 0, text[-4000:]
    target = shape.LLM_TEST.replace(":", "/")
    (binary,) = (consumer.root / "bazel-bin/external").glob(f"*/{target}")
    assert shape.printed(binary) == shape.PRINTED["upstream"]
    code, text = consumer.run("mod", "show_repo", "xnnkit")
    assert code == 0, text[-4000:]
    assert 'integrity = "sha256-' in text
