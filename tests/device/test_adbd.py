"""A phone for real: adb, adbd, push, run, stream, pull, and what goes wrong there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from phone import Lab, Phone
from tiny_bench import program
from tiny_elf import Tiny
from xnnkit.device import OUTPUT, DeviceLost, Job, open_device, open_phone
from xnnkit.device.adb.device import AdbDevice, Options
from xnnkit.errors import BadEnvironment, BadInput

KERNELS = ("kai_run_a",)


@pytest.fixture
def device(phone: Phone) -> AdbDevice:
    return open_phone("adb")


def until(true: Callable[[], object]) -> None:
    """Wait until something is so."""
    for _ in range(400):
        if true():
            return
        time.sleep(0.025)
    raise AssertionError("it never was")


def test_push_run_stream_pull(device: AdbDevice, phone: Phone, tmp_path: Path) -> None:
    path = Tiny().write(tmp_path / "prog")
    lines: list[str] = []
    done = device.run(Job(path, trace=KERNELS), lines.append)
    assert (done.code, done.output, done.entered, lines) == (0, None, None, ["hello"])
    assert done.tail == ("hello",)
    done = device.run(Job(path, [OUTPUT]))
    assert (done.code, done.output) == (0, b"hello\n")
    files = phone.sh("find /data -type f").split()
    assert sorted(name.rpartition("/")[2] for name in files) == ["features", "prog"] or files == [
        device.place(path).path
    ]


@pytest.mark.parametrize(("count", "code"), [(3, -4), (4, 7)])
def test_endings(count: int, code: int, device: AdbDevice, tmp_path: Path) -> None:
    assert device.run(Job(Tiny().write(tmp_path / "prog"), ["x"] * count)).code == code


def test_lines_come_while_the_program_runs(device: AdbDevice, tmp_path: Path) -> None:
    path = program({}, seconds=2).write(tmp_path / "prog")
    seen: list[tuple[str, float]] = []
    done = device.run(
        Job(path, ["--benchmark_out=/dev/null", "x"]),
        lambda line: seen.append((line, time.monotonic())),
    )
    assert [line for line, _ in seen] == ["begin", "done"]
    assert seen[1][1] - seen[0][1] > 1.5
    assert done.seconds > 2


def test_nothing_is_pushed_twice(device: AdbDevice, phone: Phone, tmp_path: Path) -> None:
    path = Tiny().write(tmp_path / "prog")
    first, second = device.place(path), device.place(path)
    assert (first.pushed, second.pushed) == (True, False)
    assert first.path == second.path
    assert first.path.startswith("/data/local/tmp/gen_ai/xnnkit/")
    other = Tiny(comment=b"another\0").write(tmp_path / "prog")
    third = device.place(other)
    assert third.pushed
    assert third.path != first.path
    # Who changes the file there does not make us run it.
    phone.sh(f"echo other >{third.path}")
    assert device.place(other).pushed
    assert not device.place(other).pushed


def test_identity_names_what_programs_are_told(device: AdbDevice, phone: Phone) -> None:
    identity = device.identity()
    assert identity["name"] == f"adb:{phone.serial}"
    assert identity["emulated"] is True
    assert identity["machine"] == "x86_64"
    assert set(identity["features"]) >= {"dotprod", "i8mm"}  # qemu's, not this machine's
    assert identity["cores"]
    assert device.conditions()["memory_available"] > 0


def test_a_phones_own_cpuinfo_counts(lab: Lab, tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    rows = [f"processor\t: {i}\nFeatures\t: fp asimd asimddp{' i8mm' * i}\n" for i in range(2)]
    cpuinfo.write_text("\n".join(rows))
    lab.program(0, "getprop", 'case $1 in ro.product.model) echo "Phone 7";; esac')
    lab.program(0, "dumpsys", '[ "$1" = battery ] && printf "  level: 81\\n  temperature: 312\\n"')
    phone = lab.phone(files={cpuinfo: "/proc/cpuinfo"})
    device = open_phone(f"adb:{phone.serial}")
    identity = device.identity()
    assert identity["features"] == ["dotprod"]  # a program may be moved to the core without i8mm
    assert identity["model"] == "Phone 7"
    assert device.conditions()["battery"] == {"level": 81, "temperature": 31.2, "plugged": []}


def test_cores(phone: Phone, tmp_path: Path) -> None:
    path = Tiny().write(tmp_path / "spin")
    device = AdbDevice(phone.serial, Options(taskset="1"))
    assert device.identity()["taskset"] == "1"
    seen: list[str] = []
    with pytest.raises(BadEnvironment, match="did not end within"):
        device.run(Job(path, ["x", "y"], timeout=2), seen.append)
    assert phone.sh("pgrep -f gen_ai/xnnkit/[0-9a-f]*/spin") == ""  # and it was ended there, too
    with pytest.raises(BadInput, match="has no such cores: f0000000"):
        AdbDevice(phone.serial, Options(taskset="f0000000")).identity()


def test_which_cores(phone: Phone, tmp_path: Path) -> None:
    path = program({}, seconds=3).write(tmp_path / "waits")
    device = AdbDevice(phone.serial, Options(taskset="2"))
    allowed: list[str] = []

    def look(line: str) -> None:
        if line == "begin":
            script = f"grep Cpus_allowed_list /proc/$(cat {device.store.scratch}/*.pid)/status"
            allowed.append(phone.sh(script).split()[-1])

    device.run(Job(path, ["--benchmark_out=/dev/null", "x"]), look)
    assert allowed == ["1"]


def test_adbd_dies_while_a_program_runs(device: AdbDevice, phone: Phone, tmp_path: Path) -> None:
    path = Tiny().write(tmp_path / "spin")
    device.place(path)

    def crash(line: str) -> None:
        phone.crash()

    waits = program({}, seconds=60).write(tmp_path / "waits")
    with pytest.raises(DeviceLost) as caught:
        device.run(Job(waits, ["--benchmark_out=/dev/null", "x"]), crash)
    assert caught.value.exit_code == 3
    device.wait_back(20)
    assert phone.sh("pgrep -f xnnkit/[0-9a-f]*/waits") == ""  # what was left there was ended
    assert device.run(Job(Tiny().write(tmp_path / "prog"))).tail == ("hello",)


def test_unplugged_for_good(device: AdbDevice, phone: Phone, tmp_path: Path) -> None:
    waits = program({}, seconds=60).write(tmp_path / "waits")
    with pytest.raises(DeviceLost):
        device.run(Job(waits, ["--benchmark_out=/dev/null", "x"]), lambda line: phone.unplug())
    with pytest.raises(DeviceLost, match="did not come back within 1 s") as caught:
        device.wait_back(1)
    assert "--resume" in caught.value.fix


def test_a_full_disk(lab: Lab, tmp_path: Path) -> None:
    phone = lab.phone(data_bytes=1 << 20)
    device = open_phone("adb")
    large = Tiny(data=bytes(2 << 20)).write(tmp_path / "large")
    with pytest.raises(BadEnvironment, match="no space on the device for large") as caught:
        device.run(Job(large))
    assert "2.1 MB are needed" in caught.value.why
    assert caught.value.fix == f"xnnkit device clean adb:{phone.serial}"
    small = program({"benchmarks": []}).write(tmp_path / "small")
    job = Job(small, [f"--benchmark_out={OUTPUT}", "x"])
    assert device.run(job).output == b'{"benchmarks": []}'
    phone.sh("cat /dev/zero >/data/filler")
    with pytest.raises(BadEnvironment, match="no space on the device for what the program writes"):
        device.run(job)
    phone.sh("rm /data/filler")
    assert device.run(job).output == b'{"benchmarks": []}'
    assert device.clean() > 0
    assert phone.sh("find /data -name '*xnnkit*'") == ""


def test_a_disk_that_fills_while_it_is_copied(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = lab.phone(data_bytes=1 << 20)
    device = open_phone("adb")
    monkeypatch.setattr(device.store, "free", lambda: None)  # it cannot be seen beforehand
    large = Tiny(data=bytes(2 << 20)).write(tmp_path / "large")
    with pytest.raises(BadEnvironment, match="no space on the device for large"):
        device.place(large)
    assert phone.sh("find /data -type f") == ""


def test_the_exec_bit_is_revoked(device: AdbDevice, phone: Phone, tmp_path: Path) -> None:
    path = Tiny().write(tmp_path / "prog")
    there = device.place(path).path
    phone.sh(f"chmod 600 {there}")
    assert device.run(Job(path)).code == 0  # it is ours: it gets it back


def test_a_directory_without_exec(lab: Lab, phone: Phone, tmp_path: Path) -> None:
    path = Tiny().write(tmp_path / "prog")
    device = open_phone("adb", Options(directory="/proc/nowhere"))
    with pytest.raises(BadEnvironment, match="does not let us write there") as caught:
        device.run(Job(path))
    assert "--dir" in caught.value.fix
    with pytest.raises(BadInput, match="not a directory on a device"):
        open_phone("adb", Options(directory="../x"))


def test_two_phones(lab: Lab, phone: Phone) -> None:
    other = lab.phone()
    with pytest.raises(BadInput, match="2 devices are connected, and none was named") as caught:
        open_device("adb")
    assert caught.value.exit_code == 2
    assert f"adb:{phone.serial}" in caught.value.why
    assert f"--device adb:{other.serial}" in caught.value.fix
    assert open_device(f"adb:{other.serial}").name == f"adb:{other.serial}"


def test_a_network_phone_is_connected_to(lab: Lab, phone: Phone) -> None:
    lab.adb("disconnect")
    with pytest.raises(BadEnvironment, match="no device is ready"):
        open_device("adb")
    assert open_device(f"adb:{phone.serial}").identity()["kind"] == "adb"
    with pytest.raises(BadEnvironment, match="is not connected") as caught:
        open_device("adb:127.0.0.1:1")
    assert caught.value.fix == "adb connect 127.0.0.1:1"


def test_one_at_a_time(device: AdbDevice) -> None:
    with device.held():
        other = AdbDevice(device.serial).held()
        with pytest.raises(BadEnvironment, match="another xnnkit runs something"):
            other.__enter__()
    with AdbDevice(device.serial).held():
        pass


def test_a_binary_for_another_machine(device: AdbDevice, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is for x86-64"):
        device.run(Job(Tiny(machine=62).write(tmp_path / "prog")))
