"""Attacks on a build: each ends with the same bits, or with a clear refusal (docs/repro.md).

Each is also seen by something that is not hermetic (``witness``): an attack that reaches nothing
would leave the same bits, too.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import witness
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
from xnnkit.repro import actions, clock

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


def test_the_untouched_build_sees_no_attack(target: Attacked) -> None:
    """Otherwise what the witnesses see under attack would say nothing."""
    assert "No such file" in target.before["header"]
    assert "No such file" in target.before["library"]
    assert target.before["distribution"] != "opensuse-leap"
    assert witness.finds_poison(target.workspace) == (False, False)
    assert not witness.asks_for_two_tables(target.workspace)


def test_poisoned_usr_gives_the_same_bits(fresh: Attacked, poisoned_usr: Path) -> None:
    bazel = inside(fresh.workspace.bazel, "--ro-bind", str(poisoned_usr), "/usr")
    attack = fresh.with_bazel(bazel)
    assert attack.build() == fresh.expected
    seen = attack.action()
    assert seen["header"] == "#error poisoned"
    assert seen["library"] == "/usr/lib/libonlyhere.a"
    assert seen["clang"].endswith("/bin/clang")
    assert witness.finds_poison(attack.workspace) == (True, True)


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
    assert witness.finds_poison(workspace) == (True, True)
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
    assert fresh.repository() == fresh.repository() | given
    reached = {name for name, value in given.items() if fresh.action().get(name) == value}
    assert reached == ({*given} - {"LD_LIBRARY_PATH"} if passed_on else set())
    assert witness.finds_poison(fresh.workspace) == (True, True)


def test_fake_programs_first_on_path_are_never_started(
    fresh: Attacked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "started"
    folder = fake_programs(tmp_path / "bin", trace)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    assert fresh.build() == fresh.expected
    assert not trace.exists(), trace.read_text()
    # Who goes by PATH finds them, and one that is started says so.
    assert fresh.repository()["clang"] == str(folder / "clang")
    assert witness.run(fresh.workspace.bazel, "/bin/sh", "-c", "exec clang -v").returncode == 97
    assert trace.read_text() == "clang -v\n"


def test_fake_programs_and_variables_do_not_reach_the_repository_rules(
    fresh: Attacked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The C library is put in place by a rule that starts programs; it sees the user's shell."""
    trace = tmp_path / "started"
    folder = fake_programs(tmp_path / "bin", trace)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    headers = str(poison_headers(tmp_path / "include"))
    monkeypatch.setenv("CPATH", headers)
    # Another path to the same cache: every repository that reads it is made again.
    other = tmp_path / "cache"
    other.symlink_to(fresh.workspace.root.parent / "cache")
    (library,) = fresh.workspace.output_base.glob("external/*zig_sysroot_aarch64/lib/libc.a")
    before = library.stat().st_ctime_ns
    assert fresh.build(f"--repo_env=XNNKIT_CACHE={other}") == fresh.expected
    assert not trace.exists(), trace.read_text()
    assert library.stat().st_ctime_ns > before
    seen = fresh.repository()
    assert (seen["clang"], seen["cp"]) == (str(folder / "clang"), str(folder / "cp"))
    assert seen["CPATH"] == headers


def test_hostile_variables_give_the_same_bits(
    fresh: Attacked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = hostile_variables(tmp_path / "modules")
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    assert fresh.build() == fresh.expected
    # They all reached Bazel, and what it runs in the user's environment.
    assert fresh.repository() == fresh.repository() | hostile


def test_no_network_after_fetching_gives_the_same_bits(fresh: Attacked) -> None:
    without = inside(fresh.workspace.bazel, "--unshare-net")
    seen = witness.run(without, "/bin/cat", "/proc/net/dev")
    if seen.returncode:
        pytest.skip(f"no network namespace can be made here: {seen.stderr.strip()}")
    assert [line.split(":")[0].strip() for line in seen.stdout.splitlines()[2:]] == ["lo"]
    attack = fresh.with_bazel(without)
    assert attack.build() == fresh.expected
    assert attack.action()["network"].split() == ["lo"]


def test_read_only_sources_give_the_same_bits(fresh: Attacked) -> None:
    root = str(fresh.workspace.root)
    bazel = inside(fresh.workspace.bazel, "--ro-bind", root, root)
    assert "Read-only" in witness.run(bazel, "/bin/touch", f"{root}/x").stderr
    assert fresh.with_bazel(bazel).build() == fresh.expected


@pytest.mark.parametrize("strategy", ["linux-sandbox", "processwrapper-sandbox", "local"])
def test_every_way_to_run_actions_gives_the_same_bits(target: Attacked, strategy: str) -> None:
    options = [f"--spawn_strategy={strategy}", f"--genrule_strategy={strategy}"]
    if strategy == "local":
        # Mapped paths exist in a sandbox only; Bazel 7.7 does not say so, its compilers do.
        options.append("--experimental_output_paths=off")
    found = target.build(*options)
    assert found == target.expected
    summary = re.findall(r"INFO: \d+ processes: .*", target.log())
    assert re.search(rf"\d+ {strategy}\b", summary[-1]), summary


def test_rc_files_of_the_user_and_the_machine_are_not_read(
    fresh: Attacked, etc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in (home / ".bazelrc", etc / "bazel.bazelrc"):
        name.write_text(HOSTILE_RC)
    monkeypatch.setenv("HOME", str(home))
    bazel = inside(fresh.workspace.bazel, "--ro-bind", str(etc), "/etc")
    assert witness.shell(bazel, 'cat "$HOME/.bazelrc"') == HOSTILE_RC.strip()
    assert witness.shell(bazel, "cat /etc/bazel.bazelrc") == HOSTILE_RC.strip()
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
    attack = fresh.with_bazel(bazel)
    assert attack.build() == fresh.expected
    assert attack.action()["distribution"] == "opensuse-leap"
    assert witness.asks_for_two_tables(attack.workspace)


def test_another_clock_gives_the_same_bits(target: Attacked, tmp_path: Path) -> None:
    epoch = 1_000_000_000
    options = [
        f"--action_env=SOURCE_DATE_EPOCH={epoch}",
        "--host_action_env=SOURCE_DATE_EPOCH=1",
    ]
    found = target.build(*options)
    assert found == target.expected
    # The compiler was told so, by Bazel and for both machines, and believes it where it is let.
    workspace = target.workspace
    text = workspace.bazel.output(
        [
            "aquery",
            *options,
            "--output=jsonproto",
            "mnemonic('CppCompile', deps(//hermetic:probe))",
        ],
        cwd=workspace.root,
    )
    told = {
        variable["value"]
        for action in json.loads(text)["actions"]
        for variable in action.get("environmentVariables", [])
        if variable["key"] == "SOURCE_DATE_EPOCH"
    }
    assert told == {str(epoch), "1"}
    seen = actions.look(workspace.bazel, workspace.root, options, tmp_path / "log")
    assert seen["why"] == ""
    running = clock.start(0)
    assert running is not None
    assert seen["compiler"] - running == pytest.approx(epoch, abs=60)
    assert seen["actions"] == pytest.approx(clock.start(), abs=60)


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
