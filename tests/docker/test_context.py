"""What a Docker context holds: goldens, drift, and what is refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker_golden
import pytest
from click.testing import CliRunner, Result
from docker_golden import BASE, FIRST
from xnnkit import paths, profile
from xnnkit.cli.docker import command
from xnnkit.docker import context, image
from xnnkit.errors import BadInput
from xnnkit.profile import DebianBazel, Profile
from xnnkit.render.workspace import Plan

CASES = docker_golden.cases()


@pytest.fixture
def pins() -> Profile:
    return profile.load(FIRST)


@pytest.mark.parametrize(("name", "form"), CASES)
def test_what_is_rendered_is_the_golden_file(name: str, form: str) -> None:
    planned = docker_golden.own(docker_golden.plan(name, form))
    files = docker_golden.golden_files(name, form)
    assert set(planned) == set(files)
    for target, file in files.items():
        message = f"{target} of {name} changed; if that is meant: {docker_golden.UPDATE}"
        assert planned[target].decode() == file.read_text(), message


def test_there_is_no_other_golden_file() -> None:
    files = {p for p in docker_golden.ROOT.rglob("*") if p.is_file()}
    assert files == {p for case in CASES for p in docker_golden.golden_files(*case).values()}


def test_two_renderings_are_equal_and_in_order() -> None:
    first, second = docker_golden.plan(FIRST), docker_golden.plan(FIRST)
    assert first == second
    assert list(first) == list(second) == sorted(first)


def test_no_place_of_this_machine_is_rendered() -> None:
    for name, data in docker_golden.plan(FIRST).items():
        assert str(paths.home()).encode() not in data, name


def test_the_context_is_an_xnnkit_that_runs(tmp_path: Path) -> None:
    """Written out and started on its own, it loads the profile, and no other is there."""
    from xnnkit.render import directory

    directory.write(tmp_path / "context", docker_golden.plan(FIRST))
    done = subprocess.run(
        ["python3", "-m", "xnnkit", "profile", "list", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "context/xnnkit/tools")},
        capture_output=True,
        text=True,
    )
    if "No module named" in done.stderr:
        pytest.skip("the python3 on PATH lacks xnnkit's libraries")
    assert done.returncode == 0, done.stderr
    assert [one["name"] for one in json.loads(done.stdout)["profiles"]] == [FIRST]


def test_everything_that_is_copied_is_in_the_context() -> None:
    for form in ("zig", "ndk"):
        planned = docker_golden.plan(FIRST, form)
        copied = re.findall(r"^COPY (?:--chmod=0755 )(\w+) ", planned["Dockerfile"].decode(), re.M)
        assert set(copied) >= {"xnnkit", "build"}
        kept = planned[".dockerignore"].decode().splitlines()
        for name in copied:
            wanted = [n for n in planned if n == name or n.startswith(f"{name}/")]
            assert wanted
            assert {f"!{n}" for n in wanted} <= set(kept)


def test_nothing_else_is_sent_to_the_builder() -> None:
    for form in ("zig", "ndk"):
        planned = docker_golden.plan(FIRST, form)
        lines = [n for n in planned[".dockerignore"].decode().splitlines() if n[0] != "#"]
        assert lines[0] == "*"
        unsent = {"Dockerfile", ".dockerignore", "README.md"}
        assert lines[1:] == [f"!{n}" for n in planned if n not in unsent]
        assert not [n for n in planned if re.search(r"[^\w.+@/-]", n)]


def test_a_name_that_is_a_pattern_is_refused(
    pins: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a*", "a\n!b", "[a]", "a b"):
        monkeypatch.setattr(context, "source", lambda *_, name=name: {name: b""})
        with pytest.raises(BadInput, match="cannot be in a build context"):
            context.plan(pins, image.image(pins), FIRST)


def cache_mounts(planned: Plan) -> list[str]:
    return re.findall(r"--mount=type=cache,id=([^,]+),", planned["Dockerfile"].decode())


def test_each_context_has_its_own_cache_mounts(
    pins: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cache_mounts(docker_golden.plan(FIRST))
    assert first == cache_mounts(docker_golden.plan(FIRST))
    assert re.fullmatch(rf"xnnkit-{FIRST}-[0-9a-f]{{16}}-apt", first[0])
    assert first[1] == first[0].replace("-apt", "-build")
    others = [docker_golden.plan(*case) for case in CASES if case != (FIRST, "zig")]
    others.append(docker_golden.plan(FIRST, base=f"{BASE[:-1]}0"))
    source = context.source
    one_more = {"tools/xnnkit/more.py": b""}
    monkeypatch.setattr(context, "source", lambda *given: source(*given) | one_more)
    others.append(docker_golden.plan(FIRST))
    ids = {tuple(cache_mounts(one)) for one in others}
    assert len(ids) == len(others)
    assert tuple(first) not in ids


# ------------------------------------------------------------------------------------ the command


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments])


def test_write_then_check_then_drift(tmp_path: Path) -> None:
    out = tmp_path / "context"
    done = run(FIRST, "-o", out, "--base", BASE, "--check")
    assert done.exit_code == 1
    assert "added    Dockerfile" in done.stderr
    assert not out.exists()
    done = run(FIRST, "-o", out, "--base", BASE)
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    assert run(FIRST, "-o", out, "--base", BASE, "--check").exit_code == 0
    (out / "Dockerfile").write_text("FROM scratch\n")
    done = run(FIRST, "-o", out, "--base", BASE, "--check", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["drift"]["changed"] == ["Dockerfile"]
    assert (out / "Dockerfile").read_text() == "FROM scratch\n"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    out = tmp_path / "context"
    assert run(FIRST, "-o", out, "--base", BASE).exit_code == 0
    return out


def plant_package(tools: Path) -> str:
    (tools / "click").mkdir()
    (tools / "click/__init__.py").write_text("raise SystemExit('owned')\n")
    return "xnnkit/tools/click"


def plant_file(tools: Path) -> str:
    (tools / "evil.py").write_text("")
    return "xnnkit/tools/evil.py"


def plant_link(tools: Path) -> str:
    (tools / "click.py").symlink_to("/etc/passwd")
    return "xnnkit/tools/click.py"


def plant_folder_link(tools: Path) -> str:
    (tools / "xnnkit").rename(tools.parents[1].parent / "away")
    (tools / "xnnkit").symlink_to(tools.parents[1].parent / "away")
    return "xnnkit/tools/xnnkit"


def plant_link_for_a_file(tools: Path) -> str:
    file = tools / "xnnkit/limit.py"
    file.rename(tools.parents[1].parent / "limit.py")
    file.symlink_to(tools.parents[1].parent / "limit.py")
    return "xnnkit/tools/xnnkit/limit.py"


def plant_pipe(tools: Path) -> str:
    os.mkfifo(tools / "pipe")
    return "xnnkit/tools/pipe"


def plant_another_dockerignore(tools: Path) -> str:
    (tools.parents[1] / "Dockerfile.dockerignore").write_text("")
    return "Dockerfile.dockerignore"


def plant_cache_link(tools: Path) -> str:
    (tools / "xnnkit/__pycache__").symlink_to("/")
    return "xnnkit/tools/xnnkit/__pycache__"


PLANTS = [
    *(plant_package, plant_file, plant_link, plant_folder_link, plant_link_for_a_file),
    *(plant_pipe, plant_another_dockerignore, plant_cache_link),
]


@pytest.mark.parametrize("plant", PLANTS)
def test_what_xnnkit_did_not_write_is_drift(written: Path, plant: Callable[[Path], str]) -> None:
    name = plant(written / "xnnkit/tools")
    done = run(FIRST, "-o", written, "--base", BASE, "--check", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["drift"]["foreign"] == [name]
    done = run(FIRST, "-o", written, "--base", BASE, "--check")
    assert done.exit_code == 1
    assert f"not written by xnnkit: {name}" in done.stderr
    assert done.stdout.endswith(" 1 differ\n")
    done = run(FIRST, "-o", written, "--base", BASE)
    assert isinstance(done.exception, BadInput)
    assert done.exception.what == f"{name}: not written by xnnkit"
    assert os.path.lexists(written / name)


def test_what_docker_ignores_and_our_commands_make_is_none(written: Path) -> None:
    (written / "out/bin").mkdir(parents=True)
    (written / "out/bin/llm_block").write_text("")
    (written / "xnnkit/tools/xnnkit/__pycache__").mkdir()
    (written / "xnnkit/tools/xnnkit/__pycache__/limit.cpython-313.pyc").write_bytes(b"")
    for more in ([], ["--check"]):
        assert run(FIRST, "-o", written, "--base", BASE, *more).exit_code == 0


def test_what_an_earlier_rendering_wrote_goes(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = context.source
    old = {"tools/xnnkit/old/gone.py": b""}
    with monkeypatch.context() as patch:
        patch.setattr(context, "source", lambda *given: source(*given) | old)
        assert run(FIRST, "-o", written, "--base", BASE).exit_code == 0
    done = run(FIRST, "-o", written, "--base", BASE, "--check", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["drift"]["foreign"] == []
    assert json.loads(done.stdout)["drift"]["removed"] == ["xnnkit/tools/xnnkit/old/gone.py"]
    assert run(FIRST, "-o", written, "--base", BASE).exit_code == 0
    assert not (written / "xnnkit/tools/xnnkit/old").exists()
    assert run(FIRST, "-o", written, "--base", BASE, "--check").exit_code == 0


def test_a_base_without_a_digest_is_said_to_be_loose(tmp_path: Path) -> None:
    done = run(FIRST, "-o", tmp_path / "c", "--json")
    assert done.exit_code == 0
    assert "is not pinned" in done.stderr
    assert json.loads(done.stdout)["pinned"] is False
    assert "# Not pinned" in (tmp_path / "c/Dockerfile").read_text()
    assert "# Not pinned" not in docker_golden.plan(FIRST)["Dockerfile"].decode()


def test_a_foreign_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    assert isinstance(run(FIRST, "-o", tmp_path).exception, BadInput)


# ------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "base",
    [
        "debian",
        "debian:testing",
        "localhost/xnnkit-base:testing",
        "host.example:5000/a/b-c_d:1.0",
        f"debian@{docker_golden.DIGEST}",
        BASE,
    ],
)
def test_images_that_are_bases(base: str, pins: Profile) -> None:
    wanted = image.image(pins, base=base)
    assert wanted.base == base
    assert wanted.pinned == ("@" in base)


@pytest.mark.parametrize(
    "base",
    [
        "debian\nRUN echo hostile",
        "debian AS build",
        "debian$(id)",
        "debian@sha256:1234",
        f"debian@{docker_golden.DIGEST}0",
        "debian'",
        'debian"',
        "${HOME}",
        "-debian",
        "../debian",
        "debian#",
        "débian",
        "debian\n",
    ],
)
def test_what_is_no_image_is_refused(base: str, pins: Profile) -> None:
    with pytest.raises(BadInput, match="is no image"):
        image.image(pins, base=base)


def test_the_ndk_is_refused_unless_binaries_alone_are_kept(pins: Profile) -> None:
    with pytest.raises(BadInput, match="no image with Android's NDK") as caught:
        image.image(pins, toolchain="ndk")
    assert "--binaries-only" in caught.value.fix
    assert not image.image(pins, toolchain="ndk", binaries_only=True).runs
    with pytest.raises(BadInput, match="is for --toolchain ndk"):
        image.image(pins, binaries_only=True)
    with pytest.raises(BadInput, match="no toolchain 'gcc'"):
        image.image(pins, toolchain="gcc")


def test_no_layer_of_the_ndk_form_holds_the_ndk() -> None:
    text = docker_golden.plan(FIRST, "ndk")["Dockerfile"].decode()
    lines = [line for line in text.splitlines() if "/opt/ndk" in line]
    assert lines == ["    --mount=type=bind,from=ndk,target=/opt/ndk \\"]
    assert text.rstrip().endswith("FROM scratch AS export\nCOPY --from=build /home/xnnkit/image/ /")
    assert not re.search(r"android-ndk|dl\.google", text)


def test_a_flavour_that_cannot_be_built_is_refused(pins: Profile) -> None:
    flavour = pins.flavour[0].model_copy(update={"unavailable": "its patch is lost"})
    loaded = pins.model_copy(update={"flavour": (flavour, *pins.flavour[1:])})
    with pytest.raises(BadInput, match="cannot be built"):
        image.image(loaded, flavours=[flavour.name])
    assert [one.name for one in image.image(loaded).flavours] == [f.name for f in pins.flavour[1:]]
    chosen = image.image(pins, flavours=[pins.flavour[1].name]).flavours
    assert [one.name for one in chosen] == [pins.flavour[1].name]


@pytest.mark.parametrize(
    "debian",
    [
        None,
        {"package": "bazel'; id; '", "suite": "testing"},
        {"package": "bazel", "suite": 'testing" main\nRUN id'},
        {"package": "-o", "suite": "testing"},
        {"package": "bazel", "suite": "$(id)"},
    ],
)
def test_a_hostile_package_name_is_refused(debian: dict[str, Any] | None, pins: Profile) -> None:
    # Past the profile's own check: the Dockerfile's must hold by itself.
    named = DebianBazel.model_construct(**debian) if debian else None
    bazel = pins.bazel.model_copy(update={"debian": named})
    with pytest.raises(BadInput, match="names no Debian package"):
        image.image(pins.model_copy(update={"bazel": bazel}))


HOSTILE = ["a'b", 'a"b', "$(touch hostile)", "`id`", "a b", "a;b", "a\\b", "*", "-x"]


def test_hostile_arguments_reach_the_benchmark_as_they_are(pins: Profile, tmp_path: Path) -> None:
    benchmark = pins.benchmark.model_copy(update={"emulated_arguments": tuple(HOSTILE)})
    loaded = pins.model_copy(update={"benchmark": benchmark})
    planned = context.plan(loaded, image.image(loaded), FIRST)
    root = fake_image(tmp_path, planned["bench"])
    done = bench(root, "upstream")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["== upstream", "-cpu", "max", *HOSTILE]
    assert not (tmp_path / "hostile").exists()


# ------------------------------------------------------------------------------------ bench


def fake_image(folder: Path, script: bytes, machine: str = "x86_64") -> Path:
    """Lay out what the image holds, with programs that print what they are given."""
    root = folder / "image"
    for flavour in profile.load(FIRST).flavour:
        program = root / "bin" / flavour.name / "llm_block"
        program.parent.mkdir(parents=True)
        program.write_text('#!/bin/sh\nprintf "native %s\\n" "$@"\nexit ${CODE:-0}\n')
        program.chmod(0o755)
    tools = folder / "tools"
    tools.mkdir()
    emulator = '#!/bin/sh\nprintf "%s\\n" "$1" "$2"; shift 3; printf "%s\\n" "$@"\n'
    for name, text in (("uname", f"#!/bin/sh\necho {machine}\n"), ("qemu-aarch64", emulator)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    (folder / "bench").write_bytes(script)
    return folder


def bench(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{root / 'tools'}:/usr/bin:/bin", "XNNKIT_IMAGE": str(root / "image")}
    return subprocess.run(
        ["/bin/sh", str(root / "bench"), *arguments],
        cwd=root,
        env={**env, **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def x86(tmp_path: Path) -> Path:
    return fake_image(tmp_path, docker_golden.plan(FIRST)["bench"])


@pytest.fixture
def arm(tmp_path: Path) -> Path:
    return fake_image(tmp_path, docker_golden.plan(FIRST)["bench"], "aarch64")


def test_on_arm_the_program_runs_as_it_is(arm: Path) -> None:
    done = bench(arm, "kleidiai", "--", "--benchmark_list_tests")
    assert done.stdout.splitlines() == ["== kleidiai", "native --benchmark_list_tests"]
    assert done.stderr == ""


def test_elsewhere_the_emulator_runs_a_small_case_and_says_so(x86: Path) -> None:
    done = bench(x86)
    small = list(profile.load(FIRST).benchmark.emulated_arguments)
    expected = []
    for flavour in ("upstream", "upstream-i8mm", "kleidiai"):
        expected += [f"== {flavour}", "-cpu", "max", *small]
    assert done.stdout.splitlines() == expected
    assert "nothing about speed" in done.stderr
    given = bench(x86, "upstream", "--", "--mine")
    assert given.stdout.splitlines() == ["== upstream", "-cpu", "max", "--mine"]


def test_without_an_emulator_it_says_what_to_type(x86: Path) -> None:
    (x86 / "tools/qemu-aarch64").unlink()
    done = bench(x86, PATH=f"{x86 / 'tools'}:/nowhere")
    assert done.returncode == 3
    assert "--platform linux/arm64" in done.stderr


def test_unknown_words_are_refused(x86: Path) -> None:
    assert bench(x86, "nosuch").returncode == 2
    assert "legal: upstream upstream-i8mm kleidiai" in bench(x86, "nosuch").stderr
    assert bench(x86, "--benchmark_filter=x").returncode == 2
    assert bench(x86, "up stream").returncode == 2
    assert bench(x86, "--help").stdout.startswith("usage: bench")


def test_a_failing_flavour_does_not_stop_the_others_and_is_told(arm: Path) -> None:
    done = bench(arm, CODE="7")
    assert done.returncode == 7
    assert done.stdout.count("== ") == 3


def test_list_gives_each_sha256(arm: Path) -> None:
    from xnnkit.build.manifest import sha256_of

    expected = [
        f"{name} {sha256_of(arm / 'image/bin' / name / 'llm_block')}"
        for name in ("upstream", "upstream-i8mm", "kleidiai")
    ]
    assert bench(arm, "--list").stdout.splitlines() == expected
