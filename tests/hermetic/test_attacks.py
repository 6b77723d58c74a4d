"""Attacks on a build: each ends with the same bits, or with a clear refusal (docs/repro.md)."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from attacked import (
    HOSTILE_RC,
    Attacked,
    another_distribution,
    fake_programs,
    hard_copy,
    hostile_variables,
    inside,
    poison_headers,
    poison_libraries,
    usr_of,
)

pytestmark = pytest.mark.bazel

COMPILER_PATHS = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH")
LINKER_PATHS = ("LIBRARY_PATH", "COMPILER_PATH", "LD_LIBRARY_PATH", "GCC_EXEC_PREFIX")


@pytest.fixture
def poisoned_usr(target: Attacked, tmp_path: Path) -> Path:
    """A /usr with poison wherever compilers and linkers of a host look."""
    usr = hard_copy(usr_of(target.workspace.bazel), tmp_path / "usr")
    for name in ("include", "local/include", "include/c++/v1", "include/x86_64-linux-gnu"):
        poison_headers(usr / name)
    for name in ("lib", "local/lib", "lib/gcc/x86_64-linux-gnu/14", "lib/aarch64-linux-gnu"):
        poison_libraries(usr / name)
    (usr / "bin/clang.cfg").write_text("-DPOISONED_BY_A_CONFIGURATION\n")
    (usr / "bin/clang").unlink(missing_ok=True)
    (usr / "bin/clang").write_text("#!/bin/sh\nexit 97\n")
    (usr / "bin/clang").chmod(0o755)
    return usr


def test_poisoned_usr_gives_the_same_bits(fresh: Attacked, poisoned_usr: Path) -> None:
    bazel = inside(fresh.workspace.bazel, "--ro-bind", str(poisoned_usr), "/usr")
    assert fresh.with_bazel(bazel).build() == fresh.expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("needs_host_library", "unable to find library -lonlyhere"),
        ("needs_host_header", "'poison.h' file not found"),
    ],
)
def test_what_only_the_host_has_is_refused(
    fresh: Attacked, poisoned_usr: Path, name: str, words: str
) -> None:
    workspace = replace(
        fresh.workspace,
        bazel=inside(fresh.workspace.bazel, "--ro-bind", str(poisoned_usr), "/usr"),
    )
    for platform in ("linux_arm64_musl", "linux_x86_64_musl"):
        options = ["--disk_cache=", f"--platforms=@xnnkit//rules/platforms:{platform}"]
        code, text = workspace.run("build", *options, f"//hermetic:{name}")
        assert code == 1
        assert words in text, text[-2000:]


@pytest.mark.parametrize("passed_on", [False, True], ids=["environment", "action_env"])
def test_the_compilers_own_variables_give_the_same_bits(
    fresh: Attacked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passed_on: bool
) -> None:
    headers = poison_headers(tmp_path / "include")
    libraries = poison_libraries(tmp_path / "lib")
    given = dict.fromkeys(COMPILER_PATHS, str(headers)) | dict.fromkeys(
        LINKER_PATHS, str(libraries)
    )
    # What clang's driver does to its own command line.
    given["CCC_OVERRIDE_OPTIONS"] = "+-DPOISONED +-O0"
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    options = []
    if passed_on:
        # Even who hands them to every action on purpose does not reach the compiler with them.
        names = [name for name in given if name != "LD_LIBRARY_PATH"]
        options = [
            f"--{kind}={name}" for name in names for kind in ("action_env", "host_action_env")
        ]
    assert fresh.build(*options) == fresh.expected


def test_fake_programs_first_on_path_are_never_started(
    fresh: Attacked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "started"
    folder = fake_programs(tmp_path / "bin", trace)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    assert shutil.which("clang") == str(folder / "clang")
    assert fresh.build() == fresh.expected
    assert not trace.exists(), trace.read_text()


def test_fake_programs_and_variables_do_not_reach_the_repository_rules(
    fresh: Attacked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The C library is put in place by a rule that starts programs; it sees the user's shell."""
    trace = tmp_path / "started"
    folder = fake_programs(tmp_path / "bin", trace)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("CPATH", str(poison_headers(tmp_path / "include")))
    # Another path to the same cache: every repository that reads it is made again.
    other = tmp_path / "cache"
    other.symlink_to(fresh.workspace.root.parent / "cache")
    assert fresh.build(f"--repo_env=XNNKIT_CACHE={other}") == fresh.expected
    assert not trace.exists(), trace.read_text()


def test_hostile_variables_give_the_same_bits(
    fresh: Attacked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = hostile_variables(tmp_path / "modules")
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    assert fresh.build() == fresh.expected


def test_no_network_after_fetching_gives_the_same_bits(fresh: Attacked) -> None:
    without = inside(fresh.workspace.bazel, "--unshare-net")
    seen = subprocess.run(
        [*without.program[:-1], "/bin/cat", "/proc/net/dev"], capture_output=True, text=True
    )
    if seen.returncode:
        pytest.skip(f"no network namespace can be made here: {seen.stderr.strip()}")
    assert [line.split(":")[0].strip() for line in seen.stdout.splitlines()[2:]] == ["lo"]
    assert fresh.with_bazel(without).build() == fresh.expected


def test_read_only_sources_give_the_same_bits(fresh: Attacked) -> None:
    root = str(fresh.workspace.root)
    bazel = inside(fresh.workspace.bazel, "--ro-bind", root, root)
    probe = subprocess.run([*bazel.program[:-1], "/bin/touch", f"{root}/x"], capture_output=True)
    assert probe.returncode != 0
    assert fresh.with_bazel(bazel).build() == fresh.expected


@pytest.mark.parametrize("strategy", ["linux-sandbox", "processwrapper-sandbox", "local"])
def test_every_way_to_run_actions_gives_the_same_bits(target: Attacked, strategy: str) -> None:
    options = [f"--spawn_strategy={strategy}", f"--genrule_strategy={strategy}"]
    if strategy == "local":
        # Mapped paths exist in a sandbox only; Bazel 7.7 does not say so, its compilers do.
        options.append("--experimental_output_paths=off")
    found = target.build(*options)
    assert found == target.expected


def test_rc_files_of_the_user_and_the_machine_are_not_read(
    fresh: Attacked, etc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in (home / ".bazelrc", etc / "bazel.bazelrc"):
        name.write_text(HOSTILE_RC)
    monkeypatch.setenv("HOME", str(home))
    bazel = inside(fresh.workspace.bazel, "--ro-bind", str(etc), "/etc")
    assert fresh.with_bazel(bazel).build() == fresh.expected


def test_a_plain_bazel_reads_them_and_this_is_how_one_sees_that_the_attack_works(
    fresh: Attacked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".bazelrc").write_text("build --this_option_does_not_exist\n")
    monkeypatch.setenv("HOME", str(home))
    startup = [o for o in fresh.workspace.bazel.startup if o != "--nohome_rc"]
    workspace = replace(
        fresh.workspace, bazel=replace(fresh.workspace.bazel, startup=tuple(startup))
    )
    code, text = workspace.run("build", "//:tiny_fast")
    assert code == 2
    assert "this_option_does_not_exist" in text


def test_another_distribution_gives_the_same_bits(fresh: Attacked, etc: Path) -> None:
    """clang asks the host which distribution it is, and has other defaults on some."""
    another_distribution(etc)
    bazel = inside(fresh.workspace.bazel, "--ro-bind", str(etc), "/etc")
    assert fresh.with_bazel(bazel).build() == fresh.expected


def test_another_clock_gives_the_same_bits(target: Attacked) -> None:
    found = target.build(
        "--action_env=SOURCE_DATE_EPOCH=1000000000", "--host_action_env=SOURCE_DATE_EPOCH=1"
    )
    assert found == target.expected


def test_the_linker_is_shown_no_folder_of_the_host(target: Attacked) -> None:
    """As clang's own driver says it, for the machine that builds and for the target."""
    workspace = target.workspace
    text = workspace.bazel.output(
        ["aquery", "--output=jsonproto", "mnemonic('CppLink', deps(//hermetic:probe))"],
        cwd=workspace.root,
    )
    actions = json.loads(text)["actions"]
    root = workspace.output_base / "execroot/_main"
    searched = []
    for action in actions:
        words = [word for word in action["arguments"] if not word.startswith("@")]
        done = subprocess.run([*words, "-###"], cwd=root, capture_output=True, text=True)
        line = done.stderr.splitlines()[-1]
        assert "ld.lld" in line
        searched.append([w[2:] for w in re.findall(r'"([^"]*)"', line) if w.startswith("-L")])
    assert len(searched) == 2
    for folder in itertools.chain(*searched):
        assert folder.startswith("external/"), searched
    assert all(searched)
