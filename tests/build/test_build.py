"""From built binaries to a manifest, without Bazel: a fake workspace and tiny arm64 programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_elf import Tiny
from xnnkit import profile
from xnnkit.bazel import Bazel
from xnnkit.build import build as library
from xnnkit.build import invoke, manifest, stamp
from xnnkit.build.prepare import Prepared
from xnnkit.build.request import Options, Sources, key_of
from xnnkit.errors import BadInput, Finding
from xnnkit.profile import Profile
from xnnkit.profile.model import Proof

BAZEL = Bazel("path", "7.7.1", ("bazel",))


@pytest.fixture
def pins() -> Profile:
    """Two flavours with proofs that tiny programs can pass."""
    loaded = profile.load("xnnpack-2024-11")
    proofs = {
        "upstream": Proof(required=("xnn_*",), forbidden=("kai_*",)),
        "kleidiai": Proof(required=("kai_run_*",)),
    }
    flavours = [
        loaded.get_flavour(name).model_copy(update={"proof": proof})
        for name, proof in proofs.items()
    ]
    return loaded.model_copy(update={"flavour": tuple(flavours)})


def built(tmp_path: Path, pins: Profile, **programs: Tiny) -> tuple[Prepared, Options]:
    """Lay out a workspace in which Bazel has built these programs."""
    prepared = Prepared(tmp_path / "ws", [])
    for flavour in pins.flavour:
        label = library.target(pins, flavour)
        path = prepared.workspace / "bazel-bin" / label.removeprefix("//:")
        path.parent.mkdir(parents=True, exist_ok=True)
        programs[flavour.name].write(path)
    (tmp_path / "base" / "external").mkdir(parents=True)
    (prepared.workspace / "bazel-out").symlink_to(tmp_path / "base/execroot/_main/bazel-out")
    (tmp_path / "out").mkdir()
    return prepared, Options(out=tmp_path / "out")


UPSTREAM = Tiny(functions=(("_start", 0, 8), ("xnn_f32_gemm", 0x94, 4)))


def test_proved_binaries_are_placed_and_written_down(tmp_path: Path, pins: Profile) -> None:
    prepared, options = built(tmp_path, pins, upstream=UPSTREAM, kleidiai=Tiny())
    content = library.finish(pins, pins.flavour, prepared, options, BAZEL)
    assert manifest.read(options.out) == {"schema_version": 1, **json.loads(json.dumps(content))}
    assert [b["flavour"] for b in content["binaries"]] == ["upstream", "kleidiai"]
    for binary in content["binaries"]:
        placed = options.out / binary["path"]
        assert placed.stat().st_size == binary["size"]
        assert manifest.sha256_of(placed) == binary["sha256"]
        assert binary["proof"]["ok"]
    assert str(tmp_path) not in (options.out / manifest.NAME).read_text()


def test_a_failed_proof_names_flavour_and_check_and_the_manifest_is_still_written(
    tmp_path: Path, pins: Profile
) -> None:
    prepared, options = built(tmp_path, pins, upstream=Tiny(), kleidiai=UPSTREAM)
    with pytest.raises(Finding) as caught:
        library.finish(pins, pins.flavour, prepared, options, BAZEL)
    assert caught.value.exit_code == 1
    lines = caught.value.why.splitlines()
    assert [line.split(":")[0] for line in lines] == ["upstream", "upstream", "kleidiai"]
    assert "xnn_*" in lines[0] + lines[1]
    assert "kai_run_a" in lines[0] + lines[1]
    assert "kai_run_*" in lines[2]
    written = manifest.read(options.out)
    assert [b["proof"]["ok"] for b in written["binaries"]] == [False, False]
    assert caught.value.where == str(options.out / manifest.NAME)


@pytest.mark.parametrize(
    "wrong",
    [
        Tiny(machine=62),
        Tiny(interpreter=b"/lib/ld-linux-aarch64.so.1"),
        Tiny(symbols=False),
    ],
)
def test_a_binary_of_the_wrong_kind_fails(tmp_path: Path, pins: Profile, wrong: Tiny) -> None:
    prepared, options = built(tmp_path, pins, upstream=UPSTREAM, kleidiai=wrong)
    with pytest.raises(Finding) as caught:
        library.finish(pins, pins.flavour, prepared, options, BAZEL)
    assert {line.split(":")[0] for line in caught.value.why.splitlines()} == {"kleidiai"}


@pytest.mark.parametrize("variable", ["XNNKIT_CACHE", "HOME"])
def test_a_place_of_this_user_in_a_binary_is_a_finding(
    tmp_path: Path, pins: Profile, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    # No place that looks like one by itself: only the setting says that it is.
    monkeypatch.setenv(variable, "/srv/somewhere")
    leaky = Tiny(data=b"/srv/somewhere/external/x.c\0")
    prepared, options = built(tmp_path, pins, upstream=UPSTREAM, kleidiai=leaky)
    with pytest.raises(Finding) as caught:
        library.finish(pins, pins.flavour, prepared, options, BAZEL)
    assert caught.value.why.startswith("kleidiai: ")
    assert "/srv/somewhere/external/x.c" in caught.value.why


def test_only_the_chosen_flavours_are_looked_for(tmp_path: Path, pins: Profile) -> None:
    prepared, options = built(tmp_path, pins, upstream=UPSTREAM, kleidiai=Tiny())
    content = library.finish(pins, pins.flavour[1:], prepared, options, BAZEL)
    assert [b["flavour"] for b in content["binaries"]] == ["kleidiai"]
    assert not (options.out / "bin" / "upstream").exists()


# ------------------------------------------------------------------------------------- choosing


def test_flavours_come_in_the_profiles_order_and_once(pins: Profile) -> None:
    def names(*asked: str) -> list[str]:
        found = library.chosen(pins, Options(out=Path("o"), flavours=asked))
        return [flavour.name for flavour in found]

    assert names() == ["upstream", "kleidiai"]
    assert names("kleidiai", "upstream", "kleidiai") == ["upstream", "kleidiai"]
    assert names("kleidiai") == ["kleidiai"]


def test_an_unknown_flavour_is_refused_with_the_legal_ones(pins: Profile) -> None:
    with pytest.raises(BadInput, match="'kleidi'") as caught:
        library.chosen(pins, Options(out=Path("o"), flavours=["upstream", "kleidi"]))
    assert "kleidiai" in caught.value.why


def test_an_unavailable_flavour_is_refused_with_the_reason(pins: Profile) -> None:
    gone = pins.flavour[0].model_copy(update={"unavailable": "not written yet"})
    some = pins.model_copy(update={"flavour": (gone, *pins.flavour[1:])})
    with pytest.raises(BadInput, match=gone.name) as caught:
        library.chosen(some, Options(out=Path("o"), flavours=[gone.name]))
    assert caught.value.why == "not written yet"
    # Nobody asked for it: the others are built.
    assert library.chosen(some, Options(out=Path("o"))) == list(pins.flavour[1:])


def test_a_flavours_label_is_a_legal_one() -> None:
    loaded = profile.load("xnnpack-2024-11")
    labels = [library.target(loaded, flavour) for flavour in loaded.flavour]
    assert labels == [
        "//:llm_block_upstream",
        "//:llm_block_upstream_i8mm",
        "//:llm_block_kleidiai",
    ]


@pytest.mark.parametrize("ours", [True, False], ids=["ours", "the-users"])
def test_a_profile_of_the_users_is_not_remembered_under_a_name_of_ours(
    tmp_path: Path, pins: Profile, monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    monkeypatch.setenv("XNNKIT_CACHE", str(tmp_path / "cache"))
    pins = profile.load(pins.name) if ours else pins
    out = tmp_path / "out"
    out.mkdir()
    (out / stamp.NAME).write_text("an older build's")
    sources = Sources(cache=tmp_path / "cache")
    prepared, options = Prepared(tmp_path / "ws", []), Options(out=out)
    request = invoke.Request(targets=(), cache=sources.cache, selected={})
    library.remember(pins, options, sources, prepared, BAZEL, request, {"binaries": []})
    assert (out / stamp.NAME).exists() == ours


def test_an_rc_file_that_comes_makes_another_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bazel would notice the flags; what the build wrote down of its rc files would stay."""
    monkeypatch.setenv("XNNKIT_CACHE", str(tmp_path / "cache"))
    pins = profile.load("xnnpack-2024-11")
    sources = Sources(cache=tmp_path / "cache")
    prepared, options = Prepared(tmp_path / "ws", []), Options(out=tmp_path / "out")
    prepared.workspace.mkdir()
    options.out.mkdir()
    (options.out / manifest.NAME).write_text("{}")
    (prepared.workspace / ".bazelrc").write_text("try-import %workspace%/user.bazelrc\n")
    request = invoke.Request(targets=(), cache=sources.cache, selected={})
    key = key_of(pins.name, options, sources)

    def known() -> bool:
        return stamp.read(options.out, key) is not None

    library.remember(pins, options, sources, prepared, BAZEL, request, {"binaries": []})
    assert known()
    outside = tmp_path / "mine.rc"
    outside.write_text("build --jobs=1\n")
    (prepared.workspace / "user.bazelrc").write_text(f"import {outside}\n")
    assert not known()
    library.remember(pins, options, sources, prepared, BAZEL, request, {"binaries": []})
    assert known()
    outside.write_text("build --jobs=2 --copt=-g\n")
    assert not known()


@pytest.mark.parametrize("ours", [True, False], ids=["ours", "the-users"])
def test_a_profile_of_the_users_goes_into_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: bool
) -> None:
    text = (profile.directory() / "xnnpack-2024-11.toml").read_text()
    file = tmp_path / "xnnpack-2024-11.toml"
    file.write_text(text if ours else text + "# mine\n")
    given = {}

    def prepare(*_: object, **more: object) -> None:
        given.update(more)
        raise Finding("far enough")

    monkeypatch.setattr(library, "prepare", prepare)
    options = Options(out=tmp_path / "out", profile=str(file))
    with pytest.raises(Finding, match="far enough"):
        library.build(profile.load(str(file)), options, Sources(cache=tmp_path / "cache"))
    assert given["own"] == (b"" if ours else file.read_bytes())


def test_a_profile_without_a_name_of_ours_is_built_to_the_end(
    tmp_path: Path, pins: Profile
) -> None:
    """It may be another one next time, so nothing is remembered, and an older stamp goes."""
    pins = pins.model_copy(update={"name": "nobodys"})
    (tmp_path / stamp.NAME).write_text("an older build's")
    sources = Sources(cache=tmp_path / "cache")
    prepared, options = Prepared(tmp_path / "ws", []), Options(out=tmp_path)
    request = invoke.Request(targets=(), cache=sources.cache, selected={})
    library.remember(pins, options, sources, prepared, BAZEL, request, {"binaries": []})
    assert not (tmp_path / stamp.NAME).exists()
