"""Which Bazel the rules need: one answer in MODULE.bazel, on their page and in the profiles."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from xnnkit import profile
from xnnkit.bazel.find import allowed
from xnnkit.profile.model import Bazel as Requirement
from xnnkit.render import workspace


@pytest.fixture
def module(repository: Path) -> Requirement:
    """What MODULE.bazel says; its version is the one that the example is built with."""
    text = (repository / "MODULE.bazel").read_text()
    (listed,) = re.findall(r"^    bazel_compatibility = \[([^\]]*)\],$", text, re.MULTILINE)
    minimum, below = re.findall(r'"([^"]+)"', listed)
    assert (minimum[:2], below[:1]) == (">=", "<")
    version = (repository / "examples/module/.bazelversion").read_text().strip()
    return Requirement(version=version, minimum=minimum[2:], below=below[1:])


def test_the_page_says_what_the_module_says(module: Requirement, repository: Path) -> None:
    text = " ".join((repository / "rules/README.md").read_text().split())
    (said,) = re.findall(r"needs Bazel ([\d.]+) or newer, below ([\d.]+)", text)
    assert [f"{said[0]}.0", f"{said[1]}.0.0"] == [module.minimum, module.below]


def test_the_default_profile_has_the_modules_limits(module: Requirement) -> None:
    pins = profile.load("xnnpack-2024-11").bazel
    assert (pins.minimum, pins.below) == (module.minimum, module.below)


@pytest.mark.parametrize("name", profile.names())
def test_a_profiles_bazel_is_one_that_the_module_takes(name: str, module: Requirement) -> None:
    pins = profile.load(name)
    assert allowed(pins.bazel.version, module)
    assert pins.bazel.below == module.below
    assert workspace.oldest_bazel(pins, "module") == module.minimum
    assert workspace.oldest_bazel(pins, "workspace") == pins.bazel.minimum


def test_the_example_and_the_registrys_check_use_one_that_it_takes(
    module: Requirement, repository: Path
) -> None:
    assert allowed(module.version, module)
    presubmit = (repository / ".bcr/presubmit.yml").read_text()
    (majors,) = re.findall(r"^    bazel: \[(.*)\]$", presubmit, re.MULTILINE)
    assert majors == f'"{module.minimum.partition(".")[0]}.x"'
