"""The bill of materials: valid, the same each time, and of just what the profile names."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import mini as minis
import pytest
from changes import edit, edit_json, flip_byte
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from mini import Mini, Run
from xnnkit import paths
from xnnkit import profile as profiles
from xnnkit.errors import BadInput
from xnnkit.profile import Archive, Flavour, Profile
from xnnkit.profile.compiler import Compiler, choose
from xnnkit.provenance.components import licence, purl_of, release_of
from xnnkit.provenance.record import RuleSetRecord
from xnnkit.provenance.sbom import Known, render

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)
DEFAULT = Known()
LAYOUTS = ("module", "workspace")
PINNED = {name: profiles.load(name) for name in profiles.names()}
CASES = [
    pytest.param(PINNED[name], flavour, layout, id=f"{name}-{flavour.name}-{layout}")
    for name in PINNED
    for flavour in PINNED[name].flavour
    for layout in LAYOUTS
]


_BILLS: dict[tuple[object, ...], Any] = {}


def bill(pins: Profile, flavours: list[Flavour], known: Known = DEFAULT) -> Any:
    """Return a bill, valid and twice the same; each is made once."""
    key = (pins.name, *(one.name for one in flavours), known.layout, known.compiler)
    if key not in _BILLS:
        text = render(pins, flavours, known)
        assert text == render(pins, flavours, known)
        # The other layout has the same kind of content, and checking URLs takes a second a bill.
        if known.layout == "module":
            assert VALIDATOR.validate_str(text) is None
        _BILLS[key] = json.loads(text)
    return copy.deepcopy(_BILLS[key])


def by_ref(content: Any) -> dict[str, Any]:
    return {one["bom-ref"]: one for one in content["components"]}


def told(component: Any) -> dict[str, str]:
    return {p["name"].removeprefix("xnnkit:"): p["value"] for p in component["properties"]}


def expected_archives(pins: Profile, flavour: Flavour, layout: str) -> set[str]:
    """Said again from the profile alone: all but those that only other flavours have."""
    others = {name for one in pins.flavour for name in one.archives.values()}
    return {
        archive.name
        for archive in pins.archive
        if archive.layout in ("", layout)
        and (archive.name not in others or archive.name in flavour.archives.values())
    }


def test_there_are_profiles() -> None:
    assert {"xnnpack-2024-11", "gemma-2024-05", "gemma-2026-01"} <= set(PINNED)


@pytest.mark.parametrize(("pins", "flavour", "layout"), CASES)
def test_the_components_are_those_of_the_profile(
    pins: Profile, flavour: Flavour, layout: str
) -> None:
    content = bill(pins, [flavour], Known(layout=layout))
    components = by_ref(content)
    archives = [told(one)["archive"] for ref, one in components.items() if "archive/" in ref]
    assert sorted(archives) == sorted(expected_archives(pins, flavour, layout))
    others = {"toolchain/zig", "tool/bazel", "source/xnnkit"}
    assert {ref for ref in components if "archive/" not in ref} == others
    for component in content["components"]:
        assert component["version"]
        assert component["purl"].startswith("pkg:")
        assert component["licenses"]
        assert component["scope"] in ("required", "excluded")
    assert content["metadata"]["component"]["bom-ref"] == f"binary/{flavour.name}"


@pytest.mark.parametrize(("pins", "flavour", "layout"), CASES)
def test_each_archive_says_what_the_profile_says(
    pins: Profile, flavour: Flavour, layout: str
) -> None:
    for ref, component in by_ref(bill(pins, [flavour], Known(layout=layout))).items():
        if not ref.startswith("archive/"):
            continue
        archive = pins.get_archive(told(component)["archive"])
        assert component["hashes"][0] == {"alg": "SHA-256", "content": archive.origin[0].sha256}
        assert f"swh:1:rev:{archive.commit}" in component["swhid"]
        assert f"swh:1:dir:{archive.tree}" in component["swhid"]
        (one,) = component["licenses"]
        assert archive.licence in (one.get("expression"), one.get("license", {}).get("id"))
        hashes = {
            r["hashes"][0]["content"] for r in component["externalReferences"] if r.get("hashes")
        }
        assert hashes == {origin.sha256 for origin in archive.origin}
        sets = [*archive.patch_sets]
        if flavour.archives.get(pins.benchmark.archive) == archive.name:
            sets += flavour.patch_sets
        assert len(component.get("pedigree", {}).get("patches", [])) == len(sets)
        for name in sets:
            assert f"patch set {name}: not rendered" in component["pedigree"]["notes"]


@pytest.mark.parametrize("name", sorted(PINNED))
def test_every_licence_is_there_and_is_spdx(name: str) -> None:
    pins = PINNED[name]
    for one in (*pins.archive, *pins.toolchain):
        assert one.licence
        assert licence(one.licence, one.name)


@pytest.mark.parametrize("name", sorted(PINNED))
def test_a_bill_of_all_flavours_has_each_source_once(name: str) -> None:
    pins = PINNED[name]
    flavours = [one for one in pins.flavour if not one.unavailable]
    content = bill(pins, flavours)
    programs = {one["bom-ref"]: one for one in content["metadata"]["component"]["components"]}
    assert set(programs) == {f"binary/{one.name}" for one in flavours}
    named = {told(one).get("archive") for one in content["components"]} - {None}
    assert named == {a for one in flavours for a in expected_archives(pins, one, "module")}
    edges = {one["ref"]: one.get("dependsOn", []) for one in content["dependencies"]}
    for flavour in flavours:
        single = bill(pins, [flavour])
        alone = {one["ref"]: one.get("dependsOn", []) for one in single["dependencies"]}
        ref = f"binary/{flavour.name}"
        assert {r for r in alone[ref] if r.startswith("archive/")} <= set(edges[ref])


def test_every_reference_of_the_graph_is_a_component() -> None:
    pins = PINNED["gemma-2024-05"]
    content = bill(pins, list(pins.flavour))
    refs = set(by_ref(content))
    refs |= {part["bom-ref"] for one in content["components"] for part in one.get("components", [])}
    root = content["metadata"]["component"]
    refs |= {root["bom-ref"], *(one["bom-ref"] for one in root["components"])}
    for one in content["dependencies"]:
        assert {one["ref"], *one.get("dependsOn", [])} <= refs


def test_the_edges_that_our_build_files_name_are_there() -> None:
    pins = PINNED["xnnpack-2024-11"]
    content = bill(pins, [pins.get_flavour("kleidiai")])
    edges = {one["ref"]: one.get("dependsOn", []) for one in content["dependencies"]}
    assert edges["archive/pthreadpool"] == ["archive/FXdiv", "archive/cpuinfo"]
    assert told(by_ref(content)["archive/pthreadpool"])["dependencies"].startswith("from")
    assert told(by_ref(content)["archive/XNNPACK"])["dependencies"] == "not known"


def test_kleidiai_is_excluded_where_the_proof_excludes_it() -> None:
    pins = PINNED["xnnpack-2024-11"]
    for flavour, scope in (("upstream", "excluded"), ("kleidiai", "required")):
        content = bill(pins, [pins.get_flavour(flavour)])
        component = by_ref(content)["archive/KleidiAI"]
        assert component["scope"] == scope
        (edges,) = [d for d in content["dependencies"] if d["ref"] == f"binary/{flavour}"]
        assert ("archive/KleidiAI" in edges["dependsOn"]) == (scope == "required")
        assert ("kai_*" in told(component).get("excluded", "")) == (scope == "excluded")


def test_what_the_compiler_links_in_is_there() -> None:
    pins = PINNED["xnnpack-2024-11"]
    flavour = pins.get_flavour("upstream")
    zig = by_ref(bill(pins, [flavour]))["toolchain/zig"]
    parts = {one["name"]: one["scope"] for one in zig["components"]}
    assert parts == dict.fromkeys(
        ("musl", "libcxx", "libcxxabi", "libunwind", "compiler-rt"), "required"
    )
    ndk = choose(pins, "ndk", licence_accepted=True)
    components = by_ref(bill(pins, [flavour], Known(compiler=ndk)))
    assert "components" not in components["toolchain/zig"]
    assert "musl" not in {one["name"] for one in components["toolchain/ndk"]["components"]}
    assert components["toolchain/ndk"]["version"] == "r26d"
    installed = by_ref(bill(pins, [flavour], Known(compiler=Compiler("ndk", path="/opt/ndk"))))
    assert "toolchain/ndk" not in installed


def test_code_of_our_own_is_a_component_of_every_program() -> None:
    pins = PINNED["xnnpack-2024-11"]
    content = bill(pins, [pins.get_flavour("kleidiai")])
    ours = by_ref(content)["source/xnnkit"]
    assert ours["scope"] == "required"
    assert ours["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    code = paths.home() / "benchmarks" / "llm_block" / "graph.cc"
    digest = hashlib.sha256(code.read_bytes()).hexdigest()
    assert told(ours)["sha256:benchmarks/llm_block/graph.cc"] == digest
    assert not any(name.endswith((".md", ".bazel")) for name in told(ours))
    (edges,) = [d for d in content["dependencies"] if d["ref"] == "binary/kleidiai"]
    assert "source/xnnkit" in edges["dependsOn"]
    # MediaPipe's benchmark is not of our source, but code is laid over glog.
    other = PINNED["gemma-2024-05"]
    found = told(by_ref(bill(other, [other.get_flavour("upstream")]))["source/xnnkit"])
    assert "sha256:overlays/com_github_glog_glog/src/config.h" in found
    assert not any("llm_block" in name for name in found)


def test_rule_sets_are_components_that_nothing_is_taken_from() -> None:
    pins = PINNED["xnnpack-2024-11"]
    modules = (
        RuleSetRecord(name="rules_cc", version="0.0.11", dir_hash="a" * 64),
        RuleSetRecord(name="rules_odd", dir_hash="b" * 64),
    )
    text = render(pins, [pins.get_flavour("upstream")], Known(rule_sets=modules))
    assert VALIDATOR.validate_str(text) is None
    components = by_ref(json.loads(text))
    known, odd = components["rules/rules_cc@0.0.11"], components["rules/rules_odd"]
    assert known["scope"] == odd["scope"] == "excluded"
    assert known["purl"] == "pkg:bazel/rules_cc@0.0.11"
    assert known["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert told(known)["dirHash"] == "a" * 64
    # Not guessed.
    assert "licenses" not in odd
    assert told(odd)["licence"] == "not known"


def test_the_serial_number_is_of_the_content() -> None:
    pins = PINNED["xnnpack-2024-11"]
    one = bill(pins, [pins.get_flavour("upstream")])
    other = bill(pins, [pins.get_flavour("kleidiai")])
    assert one["serialNumber"] != other["serialNumber"]
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one["serialNumber"])
    assert "timestamp" not in one["metadata"]


def test_the_address_tells_release_and_package() -> None:
    pins = PINNED["xnnpack-2024-11"]
    benchmark = pins.get_archive("com_google_benchmark")
    assert release_of(benchmark) == "v1.9.1"
    assert str(purl_of(benchmark)) == "pkg:github/google/benchmark@v1.9.1"
    xnnpack = pins.get_archive("XNNPACK")
    assert str(purl_of(xnnpack)) == f"pkg:github/google/xnnpack@{xnnpack.commit}"
    zlib = PINNED["gemma-2024-05"].get_archive("zlib")
    assert str(purl_of(zlib)) == "pkg:github/madler/zlib@v1.2.13"


def only(archive: Archive, kind: str) -> Archive:
    return archive.model_copy(
        update={"origin": tuple(one for one in archive.origin if one.type == kind)}
    )


def test_an_archive_of_another_host_has_a_generic_package() -> None:
    archive = only(PINNED["xnnpack-2024-11"].get_archive("FXdiv"), "debian")
    assert str(purl_of(archive)) == f"pkg:generic/FXdiv@{archive.commit}"


def test_a_flavour_that_is_none_is_refused_before_anything_is_fetched(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XNNKIT_CACHE", str(tmp_path / "cache"))
    code, _, err = run("sbom", "xnnpack-2024-11", "--flavour", "no")
    assert code == 2
    assert "no flavour 'no'" in err
    assert not (tmp_path / "cache").exists()


# ------------------------------------------------------------------------------- of a build


def of_build(mini: Mini, run: Run, *arguments: object) -> Any:
    code, out, err = run("sbom", minis.NAME, "--out", mini.out, *arguments)
    assert (code, err) == (0, "")
    assert VALIDATOR.validate_str(out) is None
    return json.loads(out)


def test_a_bill_of_a_build_names_its_binaries_and_diffs(mini: Mini, run: Run) -> None:
    content = of_build(mini, run)
    record = json.loads((mini.out / "build.json").read_text())["record"]
    programs = {one["bom-ref"]: one for one in content["metadata"]["component"]["components"]}
    for flavour in ("upstream", "kleidiai"):
        (found,) = programs[f"binary/{flavour}"]["hashes"]
        assert found["content"] == record["subjects"][f"bin/{flavour}/bench"]
    component = by_ref(content)["archive/XNNPACK"]
    (patch,) = record["patches"]
    assert component["pedigree"]["notes"] == f"patch set xnnpack/answer: sha256 {patch['sha256']}"
    assert component["pedigree"]["patches"] == [
        {"type": "unofficial", "diff": {"url": "patches/XNNPACK-0001-answer.patch"}}
    ]
    assert told(component)["patch:xnnpack/answer"] == f"sha256:{patch['sha256']}"
    # Not a word of the diff, which quotes what it changes.
    assert "int answer" not in json.dumps(content)
    assert by_ref(content)["archive/KleidiAI"]["licenses"] == [
        {"expression": "Apache-2.0 AND BSD-3-Clause"}
    ]


def test_one_flavour_of_a_build(mini: Mini, run: Run, tmp_path: Path) -> None:
    content = of_build(mini, run, "--flavour", "upstream")
    assert content["metadata"]["component"]["bom-ref"] == "binary/upstream"
    file = tmp_path / "bom.json"
    command = ("sbom", minis.NAME, "--out", mini.out, "--flavour", "upstream", "-o", file)
    assert run(*command)[:2] == (0, "")
    assert json.loads(file.read_text()) == content
    code, _, err = run("sbom", minis.NAME, "--out", mini.out, "--flavour", "neither")
    assert code == 2
    assert "built: upstream, kleidiai" in err


def test_a_prebuilt_library_is_what_it_is(mini: Mini, run: Run) -> None:
    """A profile's second origin of KleidiAI: somebody else's binary, of another release."""
    pins = PINNED["xnnpack-2024-11"]
    origin = next(one for one in pins.get_archive("KleidiAI").origin if one.prebuilt)
    edit(
        mini.profile,
        '[[toolchain]]\nname = "zig"',
        f"""[[archive.origin]]
type = "debian"
prebuilt = true
version = "{origin.version}"
path = "pool/main/k/kleidiai/{origin.filename}"
sha256 = "{origin.sha256}"
size = {origin.size}

[[toolchain]]
name = "zig\"""",
    )

    def used(content: Any) -> None:
        (one,) = [a for a in content["record"]["archives"] if a["name"] == "KleidiAI"]
        one.update(origin="debian", sha256=origin.sha256, prebuilt=True, commit=None, tree=None)
        from xnnkit.provenance.collect import profile_parts

        content["record"]["profile_parts"] = profile_parts(profiles.load(minis.NAME))

    edit_json(mini.out / "build.json", used)
    component = by_ref(of_build(mini, run))["archive/KleidiAI"]
    assert component["version"] == "1.8.0+ds-1"
    assert component["purl"].startswith("pkg:deb/debian/libkleidiai-dev@1.8.0%2Bds-1")
    assert told(component)["prebuilt"] == "true"
    assert "swhid" not in component


def test_a_bill_is_of_the_profile_that_was_built(mini: Mini, run: Run) -> None:
    edit(mini.profile, "fast = true", "fast = false")
    code, _, err = run("sbom", minis.NAME, "--out", mini.out)
    assert code == 1
    assert "changed: flavour kleidiai" in err


def test_a_bill_names_no_binary_that_was_not_built(mini: Mini, run: Run) -> None:
    flip_byte(mini.out / "bin/upstream/bench")
    code, _, err = run("sbom", minis.NAME, "--out", mini.out)
    assert code == 1
    assert "bin/upstream/bench is not the binary that was built" in err


def test_without_a_build_the_diffs_are_rendered(
    mini: Mini, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run("sbom", minis.NAME)
    assert code == 0
    assert "names no binary" in err
    content = json.loads(out)
    built = of_build(mini, run)
    assert (
        by_ref(content)["archive/XNNPACK"]["pedigree"]
        == by_ref(built)["archive/XNNPACK"]["pedigree"]
    )
    assert "hashes" not in content["metadata"]["component"]["components"][0]


@pytest.mark.parametrize("good", ["MIT", "Apache-2.0 AND LicenseRef-x.y", "LicenseRef-Android-SDK"])
def test_licences_that_are_legal(good: str) -> None:
    found = licence(good, "test")
    assert good in (getattr(found, "id", ""), getattr(found, "value", ""))


@pytest.mark.parametrize("bad", ["", "MITT", "MIT AND", "LicenseRef-", "LicenseRef-a_b", "a b"])
def test_licences_that_are_not(bad: str) -> None:
    with pytest.raises(BadInput, match="no SPDX licence expression"):
        licence(bad, "test")


def test_a_licence_that_is_none_is_refused(mini: Mini, run: Run, tmp_path: Path) -> None:
    edit(mini.profile, 'licence = "BSD-3-Clause"', 'licence = "some licence"')
    code, _, err = run("sbom", minis.NAME)
    assert code == 2
    assert "XNNPACK: 'some licence' is no SPDX licence expression" in err
