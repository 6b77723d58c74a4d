"""Series on phones, with a real adbd: interleaved, interrupted in every way, resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from phone import Lab, Phone
from xnnkit.bench import runs, show
from xnnkit.bench.execute import execute
from xnnkit.bench.fleet import execute_all, worst
from xnnkit.bench.plan import Plan
from xnnkit.cli import main as cli
from xnnkit.device import DeviceLost, open_device, open_phones
from xnnkit.device.adb.device import AdbDevice
from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.profile import Profile

Build = Callable[..., Path]
U, K = "upstream", "kleidiai"


def plan(out: Path, **changes: Any) -> Plan:
    return Plan(out, out / "runs", **{"verify": False, "interleave": True, **changes})


def kept(out: Path) -> list[runs.Run]:
    """Return the runs that are kept, in the order in which they were made."""
    found = [runs.load(path) for path in (out / "runs").rglob("*.json")]
    return sorted(found, key=lambda run: (run.identity.series or {})["turn"])


def flavours(made: list[runs.Run]) -> list[str]:
    return [run.identity.flavour for run in made]


def at_line(number: int, act: Callable[[], None]) -> Callable[[str], None]:
    """Return what counts the programs' first lines and acts once, at the n-th."""
    seen: list[str] = []

    def say(line: str) -> None:
        if line == "begin":
            seen.append(line)
            if len(seen) == number:
                act()

    return say


def test_interleaved(phone: Phone, profile: Profile, build: Build) -> None:
    out, lines = build(), []
    made = execute(profile, plan(out, repetitions=3), open_device("adb"), say=lines.append)
    assert flavours(made) == [U, K, K, U, U, K]
    assert lines == ["begin", "done"] * 6
    assert kept(out) == made
    first = made[0].identity
    assert first.device["name"] == f"adb:{phone.serial}"
    assert first.series == {**(first.series or {}), "turn": 1, "of": 6, "repetition": 1}
    assert {(run.identity.series or {})["name"] for run in made} == {(first.series or {})["name"]}
    assert first.conditions is not None
    assert first.conditions["before"]["memory_available"] > 0
    assert first.conditions["after"]["memory_available"] > 0
    assert "--benchmark_repetitions=3" not in first.arguments
    assert not list((out / "runs" / profile.name).glob(".*"))
    text = show.runs_text(made)
    assert "upstream: 3 runs, " in text
    assert [line.split()[:3] for line in text.splitlines() if " BM_a " in line] == [
        [U, "BM_a", "3"],
        [K, "BM_a", "3"],
    ]


def test_without_interleaving_each_repetition_is_still_a_process(
    phone: Phone, profile: Profile, build: Build
) -> None:
    out = build()
    made = execute(profile, plan(out, repetitions=2, interleave=False), open_device("adb"))
    assert flavours(made) == [U, U, K, K]


def test_adbd_dies_in_a_repetition(phone: Phone, profile: Profile, build: Build) -> None:
    out, notes = build(seconds=1.0), []
    made = execute(
        profile,
        plan(out, repetitions=2),
        open_device("adb"),
        say=at_line(3, phone.crash),
        note=notes.append,
    )
    assert flavours(made) == [U, K, K, U]
    assert len(kept(out)) == 4  # the repetition that was lost is not among them
    assert [note for note in notes if "is lost" in note]
    assert notes[-1].endswith("repetition 2 of 2")


def test_unplugged_and_resumed(phone: Phone, profile: Profile, build: Build) -> None:
    out = build(seconds=1.0)
    with pytest.raises(DeviceLost) as caught:
        execute(
            profile,
            plan(out, repetitions=2, patience=1.0),
            open_device("adb"),
            say=at_line(3, phone.unplug),
        )
    assert "2 of 4 are kept" in caught.value.why
    assert "--resume" in caught.value.fix
    before = kept(out)
    assert flavours(before) == [U, K]
    phone.start()
    device = open_device("adb")
    with pytest.raises(BadInput, match="the series that was cut was another one") as other:
        execute(profile, plan(out, repetitions=3, resume=True), device)
    assert other.value.why == "repetitions: 2, now 3"
    lines: list[str] = []
    made = execute(profile, plan(out, repetitions=2, resume=True), device, say=lines.append)
    assert flavours(made) == [U, K, K, U]
    assert made[:2] == before
    assert lines == ["begin", "done"] * 2  # nothing is run again
    assert kept(out) == made
    with pytest.raises(BadInput, match="there is no series to go on with"):
        execute(profile, plan(out, repetitions=2, resume=True), device)


def test_the_disk_fills_up(lab: Lab, profile: Profile, build: Build) -> None:
    phone, out = lab.phone(data_bytes=2 << 20), build()

    def fill(line: str) -> None:
        if line == "done":
            phone.sh("cat /dev/zero >/data/filler")

    with pytest.raises(BadEnvironment, match="no space on the device") as caught:
        execute(profile, plan(out, repetitions=2), open_device("adb"), say=fill)
    assert caught.value.exit_code == 3
    assert flavours(kept(out)) == [U]
    phone.sh("rm /data/filler")
    made = execute(profile, plan(out, repetitions=2, resume=True), open_device("adb"))
    assert flavours(made) == [U, K, K, U]


def test_the_exec_bit_goes_between_repetitions(
    phone: Phone, profile: Profile, build: Build
) -> None:
    out = build()
    revoke = "chmod 600 /data/local/tmp/gen_ai/xnnkit/*/bench"
    made = execute(
        profile,
        plan(out, repetitions=2),
        open_device("adb"),
        say=lambda line: [phone.sh(revoke)].clear(),
    )
    assert flavours(made) == [U, K, K, U]


def test_several_at_once(lab: Lab, profile: Profile, build: Build) -> None:
    phones, out = [lab.phone(), lab.phone()], build(seconds=1.0)
    lines: list[str] = []
    crash = at_line(2, phones[1].unplug)

    def say(line: str) -> None:
        lines.append(line)
        name, _, rest = line.partition(": ")
        if name.endswith(phones[1].serial):
            crash(rest)

    devices = open_phones("all")
    outcomes = execute_all(profile, plan(out, repetitions=2, patience=0.5), devices, say=say)
    good, bad = outcomes
    assert flavours(list(good.runs)) == [U, K, K, U]
    assert isinstance(bad.error, DeviceLost)
    assert worst(outcomes) is bad.error
    assert f"adb:{phones[0].serial}: begin" in lines
    names = sorted(path.name for path in (out / "runs").rglob("*.json"))
    assert len([name for name in names if phones[1].serial.replace(":", "-") in name]) == 1


def what_runs(phone: Phone) -> str:
    """The benchmarks that still run; one that was killed has some seconds to be gone."""
    for _ in range(40):
        found = phone.sh("pgrep -f xnnkit/[0-9a-f]*/bench")
        if not found:
            break
        time.sleep(0.25)
    return found


def test_ctrl_c_ends_what_runs_there(phone: Phone, profile: Profile, build: Build) -> None:
    out = build(seconds=60)

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(profile, plan(out), open_device("adb"), say=at_line(1, interrupt))
    assert what_runs(phone) == ""


def test_interrupted_from_another_thread(phone: Phone, profile: Profile, build: Build) -> None:
    device = AdbDevice(phone.serial)
    with pytest.raises(KeyboardInterrupt):
        execute(profile, plan(build(60)), device, say=at_line(1, device.interrupt))
    assert what_runs(phone) == ""


def test_the_commands(
    phone: Phone, build: Build, profile: Profile, capsys: pytest.CaptureFixture[str]
) -> None:
    out = build()
    assert cli.main(["device", "list", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["devices"]
    assert {"name": f"adb:{phone.serial}", "available": True, "model": ""} in shown
    assert cli.main(["device", "info", "adb"]) == 0
    assert "now.memory_available" in capsys.readouterr().out
    where = ["--out", str(out)]
    assert cli.main(["push", *where, "--flavour", K, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["pushed"]
    assert (row["flavour"], row["pushed"]) == (K, True)
    run = ["run", "--device", "adb", *where, "--interleave", "--no-verify", "--no-trace"]
    assert cli.main([*run, "--repetitions", "2", "--", "--benchmark_filter=."]) == 0
    assert len(kept(out)) == 4
    named = [f"--binary={f}={out / 'bin' / f / 'bench'}" for f in (U,)]
    assert cli.main(["run", *named, "--device", "adb", "--no-verify", "--runs", str(out)]) == 1
    assert "is not what flavour upstream" in capsys.readouterr().err
    assert cli.main(["device", "clean", "adb"]) == 0
    assert "MB removed" in capsys.readouterr().out
    assert cli.main([*run, "--device", "qemu", "--taskset", "big"]) == 2
    assert "--taskset is for phones" in capsys.readouterr().err
