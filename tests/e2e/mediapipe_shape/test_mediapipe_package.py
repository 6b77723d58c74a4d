"""Somebody else's module that depends on xnnkit and takes a profile as a package of its own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from shape import LLM_TEST, PRINTED, Run, Shape, printed
from xnnkit.bazel import Bazel

pytestmark = pytest.mark.bazel


@dataclass(frozen=True)
class Consumer:
    """The module; what its files say is taken from the package's README."""

    root: Path
    bazel: Bazel
    command: str

    @property
    def package(self) -> Path:
        """Where the package is."""
        return self.root / "third_party/shape"

    def run(self, *arguments: str) -> tuple[int, str]:
        """Start Bazel and return its exit code and all its output."""
        log = self.root.parent / "consumer.log"
        code = self.bazel.run(arguments, cwd=self.root, log=log)
        return code, log.read_text(errors="replace")

    def llm_test(self, flavour: str) -> str:
        """Build llm_test with the README's command and return what the program prints."""
        words = self.command.replace("=base", f"={flavour}").split()
        assert words[:2] == ["bazel", "build"]
        code, text = self.run(*words[1:])
        assert code == 0, text[-4000:]
        (found,) = (self.root / "bazel-bin/external").glob(f"*/{LLM_TEST.replace(':', '/')}")
        return printed(found)

    @contextmanager
    def changed(self, path: Path, text: str) -> Iterator[None]:
        """Give a file another text for the time being."""
        before = path.read_text()
        path.write_text(text)
        try:
            yield
        finally:
            path.write_text(before)


def paragraphs(readme: str) -> list[str]:
    """Return the paragraphs of code of a README, without their indent."""
    found = [text for text in readme.split("\n\n") if text.startswith("    ")]
    return [re.sub(r"^    ", "", text, flags=re.MULTILINE) + "\n" for text in found]


@pytest.fixture(scope="module")
def consumer(mini: Shape, xnnkit: Run, bazel: Bazel, fetched: None) -> Iterator[Consumer]:
    root = mini.root / "consumer" / "project"
    package = root / "third_party/shape"
    package.parent.mkdir(parents=True)
    done = xnnkit("render", str(mini.profile), str(package), "--format", "package")
    assert done.returncode == 0, done.stderr[-4000:]
    *module, rc, command = paragraphs((package / "README.md").read_text())
    override = f'local_path_override(module_name = "xnnkit", path = "{mini.home}")\n'
    (root / "MODULE.bazel").write_text(f'module(name = "consumer")\n{"".join(module)}{override}')
    # Without the second line Bazel's own WORKSPACE rules are looked at, too, and want the network.
    settings = f"common --repo_env=XNNKIT_CACHE={mini.cache}\ncommon --noenable_workspace\n"
    (root / ".bazelrc").write_text(rc + settings)
    yield Consumer(root, bazel, command)
    bazel.run(["shutdown"], cwd=root, quiet=True)


def test_the_flavour_on_the_command_line_decides_which_xnnpack(consumer: Consumer) -> None:
    assert "--@xnnkit//rules/flavour=base" in consumer.command
    assert consumer.llm_test("base") == PRINTED["base"]
    assert consumer.llm_test("upstream") == PRINTED["upstream"]


def test_two_profiles_are_refused(consumer: Consumer) -> None:
    other = consumer.root / "third_party/other"
    shutil.copytree(consumer.package, other)
    file = consumer.root / "MODULE.bazel"
    second = 'profiles.use(profile = "//third_party/other:profile.json")\n'
    with consumer.changed(file, file.read_text() + second):
        code, text = consumer.run("query", f"@mediapipe//{LLM_TEST}")
    assert code != 0
    assert re.search(
        r"two profiles are used: \S*shape:profile.json and \S*other:profile.json", text
    )
    assert "fix: keep one profiles.use(...)" in text


def test_a_package_of_another_schema_version_is_refused(consumer: Consumer) -> None:
    file = consumer.package / "profile.json"
    pins = json.loads(file.read_text())
    with consumer.changed(file, json.dumps({**pins, "schema_version": 99})):
        code, text = consumer.run("query", f"@mediapipe//{LLM_TEST}")
    assert code != 0
    assert "profile.json: schema version 99, this xnnkit reads 1" in text
    assert "fix: render the package again" in text
