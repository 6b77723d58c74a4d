"""Which repositories stand behind which name when flavours have sources of their own."""

from __future__ import annotations

import golden
import pytest
from xnnkit import profile
from xnnkit.errors import BadInput
from xnnkit.profile import Profile
from xnnkit.render import workspace
from xnnkit.render.repositories import aliases, available, repositories


@pytest.fixture
def pins() -> Profile:
    """The first profile: `upstream-i8mm` on the bare tree, `kleidiai` on another archive."""
    loaded = profile.load(golden.FIRST)
    first, second, third = loaded.flavour
    twin = loaded.get_archive("XNNPACK").model_copy(update={"name": "XNNPACK_older"})
    second = second.model_copy(update={"patch_sets": ()})
    third = third.model_copy(update={"archives": {"XNNPACK": "XNNPACK_older"}})
    skylib = twin.model_copy(update={"name": "bazel_skylib", "layout": "workspace"})
    archives = (*loaded.archive, twin, skylib)
    return loaded.model_copy(update={"flavour": (first, second, third), "archive": archives})


def test_one_source_needs_no_alias() -> None:
    loaded = profile.load(golden.FIRST)
    assert aliases(loaded) == []
    assert [one.name for one in repositories(loaded)] == [one.name for one in loaded.archive]


def test_each_source_is_named_after_its_first_flavour(pins: Profile) -> None:
    found = {one.name: one for one in repositories(pins)}
    assert "XNNPACK" not in found
    assert found["XNNPACK_upstream"].patch_sets == pins.flavour[0].patch_sets
    assert found["XNNPACK_upstream_i8mm"].patch_sets == ()
    assert found["XNNPACK_kleidiai"].archive.name == "XNNPACK_older"
    assert {one.stands_for for one in found.values() if one.name.startswith("XNNPACK")} == {
        "XNNPACK"
    }


def test_switches_are_those_of_the_flavours_that_have_the_source(pins: Profile) -> None:
    found = {one.name: one for one in repositories(pins)}
    off = ("xnn_enable_arm_i8mm=false", "xnn_enable_kleidiai=false")
    assert found["XNNPACK_upstream"].switches == {"": off, "upstream": off}
    assert list(found["XNNPACK_kleidiai"].switches) == ["kleidiai"]
    assert found["pthreadpool"].switches == {}


def test_the_alias_knows_every_flavour(pins: Profile) -> None:
    [alias] = aliases(pins)
    assert alias.name == "XNNPACK"
    assert alias.targets == ("XNNPACK",)
    assert alias.default == "XNNPACK_upstream"
    assert alias.actual == {
        "upstream": "XNNPACK_upstream",
        "upstream-i8mm": "XNNPACK_upstream_i8mm",
        "kleidiai": "XNNPACK_kleidiai",
    }


@pytest.mark.parametrize("layout", ["module", "workspace"])
def test_both_layouts_declare_them(pins: Profile, layout: workspace.Layout) -> None:
    plan = workspace.plan(pins, golden.diffs(pins), layout)
    text = plan["MODULE.bazel" if layout == "module" else "WORKSPACE"].decode()
    for name in ("XNNPACK_upstream", "XNNPACK_upstream_i8mm", "XNNPACK_kleidiai"):
        assert f'name = "{name}"' in text
    assert ('name = "bazel_skylib"' in text) is (layout == "workspace")
    assert ("archives.alias(" if layout == "module" else "alias_repository(") in text
    assert "patches/XNNPACK_kleidiai-0001-switches.patch" in plan
    assert "patches/XNNPACK_upstream_i8mm-0001-switches.patch" not in plan


def test_an_unavailable_flavour_is_rendered_nowhere(pins: Profile) -> None:
    *others, last = pins.flavour
    gone = last.model_copy(update={"unavailable": "not written yet"})
    loaded = pins.model_copy(update={"flavour": (*others, gone)})
    assert [one.name for one in available(loaded)] == ["upstream", "upstream-i8mm"]
    plan = workspace.plan(loaded, golden.diffs(loaded))
    for name in ("MODULE.bazel", "BUILD.bazel", "flavours.bzl"):
        assert b'"kleidiai"' not in plan[name], name
        assert b"llm_block_kleidiai" not in plan[name], name
    assert b"XNNPACK_older" not in plan["MODULE.bazel"]


def test_a_profile_without_skylib_has_no_workspace_form() -> None:
    loaded = profile.load(golden.FIRST)
    with pytest.raises(BadInput, match="no WORKSPACE form") as caught:
        workspace.plan(loaded, golden.diffs(loaded), "workspace")
    assert "--format module" in caught.value.fix
