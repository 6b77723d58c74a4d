"""Devices that misbehave, played by a fake ``adb`` (fake_adb.py): what a real one does not do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_adb import FakeAdb
from tiny_elf import Tiny
from xnnkit.bench.execute import execute
from xnnkit.bench.plan import Plan
from xnnkit.cli import main as cli
from xnnkit.device import OUTPUT, DeviceLost, Job, available, open_device, open_phones
from xnnkit.device.adb import client
from xnnkit.device.adb.device import AdbDevice, Options
from xnnkit.errors import BadEnvironment, BadInput, XnnkitError
from xnnkit.profile import Profile

# Stands for the program: this machine cannot run arm64, and faults do not depend on it.
PROGRAM = """
for last; do case $last in --benchmark_out=*) file=${last#--benchmark_out=};; esac; done
echo begin; [ "$file" ] && cat %s >"$file"; echo done; exit %d
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeAdb:
    return FakeAdb(tmp_path / "fake", monkeypatch)


@pytest.fixture
def device(fake: FakeAdb, tmp_path: Path) -> AdbDevice:
    """A device whose programs are played by a script of this machine's shell."""
    results = tmp_path / "results.json"
    entry = {"name": "BM_a", "real_time": 1.0, "cpu_time": 1.0, "time_unit": "ns", "iterations": 1}
    results.write_text(json.dumps({"context": {}, "benchmarks": [entry]}))
    wrapper = tmp_path / "wrapper"
    wrapper.write_text("#!/bin/sh\n" + PROGRAM % (results, 0))
    wrapper.chmod(0o755)
    options = Options(directory=f"{tmp_path}/phone", wrapper=(str(wrapper),))
    return AdbDevice("F1", options)


@pytest.fixture
def prog(tmp_path: Path) -> Path:
    return Tiny().write(tmp_path / "prog")


def job(prog: Path, **more: Any) -> Job:
    return Job(prog, [f"--benchmark_out={OUTPUT}"], **more)


def test_the_fake_is_honest(device: AdbDevice, prog: Path) -> None:
    lines: list[str] = []
    done = device.run(job(prog), lines.append)
    assert (done.code, lines) == (0, ["begin", "done"])
    assert json.loads(done.output or b"")["benchmarks"]


@pytest.mark.parametrize("do", ["zero", "crlf", "echo"])
def test_old_adbs_lie_about_the_exit_code(
    do: str, device: AdbDevice, fake: FakeAdb, prog: Path, tmp_path: Path
) -> None:
    (tmp_path / "wrapper").write_text("#!/bin/sh\necho begin; exit 9\n")
    fake.rule("shell", do, times=0, match="exec" if do == "echo" else "")
    assert device.run(Job(prog)).code == 9
    assert device.adb.shell("exit 3").code == 3


def test_what_prints_no_end_of_line(device: AdbDevice, prog: Path, tmp_path: Path) -> None:
    (tmp_path / "wrapper").write_text("#!/bin/sh\nprintf half; exit 5\n")
    lines: list[str] = []
    done = device.run(Job(prog), lines.append)
    assert (done.code, lines, done.tail) == (5, ["half"], ("half",))


def test_the_connection_ends_in_the_middle(device: AdbDevice, fake: FakeAdb, prog: Path) -> None:
    device.place(prog)
    fake.rule("shell", "cut", match="exec")
    lines: list[str] = []
    with pytest.raises(DeviceLost, match="does not answer") as caught:
        device.run(job(prog), lines.append)
    assert 'it printed "done"' in caught.value.why  # and that is not taken for an end
    assert device.run(job(prog)).code == 0


def test_it_hangs(
    device: AdbDevice, fake: FakeAdb, prog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.place(prog)
    fake.rule("shell", "hang", match="exec")
    with pytest.raises(BadEnvironment, match="did not end within 1 s"):
        device.run(job(prog, timeout=1))
    monkeypatch.setattr(client.Adb.shell, "__kwdefaults__", {"timeout": 0.5})
    fake.rule("shell", "hang", match="loadavg")
    with pytest.raises(DeviceLost, match="does not answer") as caught:
        device.conditions()
    assert "no answer within 0.5 s" in caught.value.why


def test_bytes_that_arrive_wrong(device: AdbDevice, fake: FakeAdb, prog: Path) -> None:
    fake.rule("push", "corrupt")
    with pytest.raises(BadEnvironment, match="not the one that was copied") as caught:
        device.place(prog)
    assert "cable" in caught.value.fix
    assert device.place(prog).pushed  # what was wrong is not taken for the file
    assert not device.place(prog).pushed


@pytest.mark.parametrize(
    ("do", "error", "what"),
    [
        ("gone", DeviceLost, "does not answer"),
        ("no space", BadEnvironment, "no space on the device"),
        ("refuse", BadEnvironment, "adb push failed"),
    ],
)
def test_copying_fails(
    do: str, error: type[XnnkitError], what: str, device: AdbDevice, fake: FakeAdb, prog: Path
) -> None:
    fake.rule("push", do)
    with pytest.raises(error, match=what):
        device.place(prog)
    assert device.place(prog).pushed


def test_a_device_without_sha256sum(
    device: AdbDevice, prog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for tool in ("sh", "rm", "mkdir", "chmod", "mv", "wc", "cat", "df", "grep"):
        (few / tool).symlink_to(shutil.which(tool) or "")
    monkeypatch.setenv("PATH", f"{tmp_path}/fake/bin:{few}")
    assert device.place(prog).pushed
    assert not device.place(prog).pushed
    Path(device.place(prog).path).write_bytes(b"other")
    assert device.place(prog).pushed


def test_it_comes_back_as_another(
    device: AdbDevice, fake: FakeAdb, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.identity()
    fake.rule("shell", {"print": "@machine\nriscv64\n6.1\n@end\nxnnkit"}, match="@machine")
    monkeypatch.setattr(client, "_word", lambda: "xnnkit")
    with pytest.raises(BadEnvironment, match="another device answers as adb:F1"):
        device.wait_back(5)


@pytest.mark.parametrize("vanishings", [1, 3])
def test_a_device_that_vanishes_again_and_again(
    vanishings: int,
    device: AdbDevice,
    fake: FakeAdb,
    profile: Profile,
    build: Callable[..., Path],
) -> None:
    out = build()
    plan = Plan(out, out / "runs", repetitions=2, interleave=True, verify=False, any_cpu=True)
    fake.rule("shell", "gone", match="exec", skip=2, times=vanishings)
    made = execute(profile, plan, device)
    assert [run.identity.flavour[0] for run in made] == ["u", "k", "k", "u"]
    assert fake.calls("shell") > 10
    assert len(list(out.rglob("adb-F1-*.json"))) == 4


def test_we_give_up_after_some_time(
    device: AdbDevice, fake: FakeAdb, profile: Profile, build: Callable[..., Path]
) -> None:
    out = build()
    plan = Plan(out, out / "runs", repetitions=2, interleave=True, verify=False)
    fake.rule("shell", "gone", match="exec", skip=2, times=0)
    with pytest.raises(DeviceLost) as caught:
        execute(profile, plan, device)
    assert "2 of 4 are kept" in caught.value.why
    assert len(list(out.rglob("adb-F1-*.json"))) == 2


@pytest.mark.parametrize(
    ("line", "what", "fix"),
    [
        ("F1 unauthorized usb:1-1", "is not ready: unauthorized", "unlock the phone"),
        ("F1 offline", "is not ready: offline", "unplug it"),
        ("F1 no permissions (user in plugdev group?); see [x]", "no permissions", "udev"),
        ("F2 device", "is not connected", "xnnkit device list"),
    ],
)
def test_states(line: str, what: str, fix: str, fake: FakeAdb) -> None:
    fake.script["devices"] = [line]
    fake.write()
    with pytest.raises(BadEnvironment, match=what) as caught:
        open_device("adb:F1")
    assert fix in caught.value.fix
    if line.startswith("F1"):
        with pytest.raises(BadEnvironment, match="no device is ready") as none:
            open_device("adb")
        assert fix in none.value.fix
        assert {row["name"]: row["available"] for row in available()}["adb:F1"] is False


def test_several(fake: FakeAdb, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.script["devices"] = ["F1 device model:One", "F2 device model:Two", "F3 unauthorized"]
    fake.write()
    with pytest.raises(BadInput, match="2 devices are connected") as caught:
        open_device("adb")
    assert caught.value.why == "adb:F1 (One)\nadb:F2 (Two)\nadb:F3: unauthorized"
    assert [one.name for one in open_phones("all")] == ["adb:F1", "adb:F2"]
    monkeypatch.setenv("ANDROID_SERIAL", "F2")
    assert open_device("adb").name == "adb:F2"


def test_no_device_at_all(fake: FakeAdb, capsys: pytest.CaptureFixture[str]) -> None:
    fake.script["devices"] = []
    fake.write()
    assert cli.main(["run", "--device", "adb"]) == 3
    assert "no device is ready" in capsys.readouterr().err
    assert cli.main(["run", "--device", "all"]) == 3
    fake.rule("start-server", "gone")
    assert cli.main(["device", "info", "adb"]) == 3
    assert "adb's server does not start" in capsys.readouterr().err


@pytest.mark.parametrize("mask", ["middle", "0-3", "-1"])
def test_sets_of_cores_that_are_none(mask: str) -> None:
    with pytest.raises(BadInput, match="not a set of cores"):
        AdbDevice("F1", Options(taskset=mask))
