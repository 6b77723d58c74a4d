"""What devices answer, read: phones' own files as they look there, and less helpful ones."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xnnkit.device.adb import cpu, listing, probe, questions

STAYS = """
@machine
aarch64
5.15.123-android13
@properties
ro.product.manufacturer=Maker
ro.product.model=Phone 7
ro.soc.model=
ro.build.version.release=14
ro.serialno=R5CX1
ro.kernel.qemu=
@cpuinfo
processor\t: 0
Features\t: fp asimd asimdhp asimddp i8mm bf16
processor\t: 1
Features\t: fp asimd asimdhp asimddp
@memory
MemTotal:        7654321 kB
@cores
/sys/devices/system/cpu/cpu0/online:1
/sys/devices/system/cpu/cpu3/online:0
/sys/devices/system/cpu/cpu0/cpu_capacity:250
/sys/devices/system/cpu/cpu1/cpu_capacity:250
/sys/devices/system/cpu/cpu2/cpu_capacity:1024
/sys/devices/system/cpu/cpu3/cpu_capacity:1024
/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq:1800000
/sys/devices/system/cpu/cpu1/cpufreq/cpuinfo_max_freq:1800000
/sys/devices/system/cpu/cpu2/cpufreq/cpuinfo_max_freq:3000000
/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor:schedutil
/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor:schedutil
/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor:performance
@end
"""

CHANGES = """
@thermal
/sys/class/thermal/thermal_zone0/type:cpu-0-0
/sys/class/thermal/thermal_zone1/type:cpu-0-0
/sys/class/thermal/thermal_zone2/type:battery
/sys/class/thermal/thermal_zone3/type:wlan
/sys/class/thermal/thermal_zone4/type:gpu
/sys/class/thermal/thermal_zone0/temp:41200
/sys/class/thermal/thermal_zone1/temp:43000
/sys/class/thermal/thermal_zone2/temp:31
/sys/class/thermal/thermal_zone3/temp:30000
/sys/class/thermal/thermal_zone4/temp:-274000
@clocks
/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq:900000
/sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq:1800000
/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq:1800000
/sys/devices/system/cpu/cpu7/cpufreq/scaling_cur_freq:2100000
/sys/devices/system/cpu/cpu7/cpufreq/scaling_max_freq:2100000
/sys/devices/system/cpu/cpu7/cpufreq/cpuinfo_max_freq:3000000
@load
7.12 6.00 5.11 2/900 1234
@memory
MemAvailable:    2048000 kB
@battery
Current Battery Service state:
  AC powered: false
  USB powered: true
  status: 2
  level: 87
  temperature: 304
@heat
Thermal Status: 2
\tTemperature{mValue=39.5, mType=3, mName=SKIN, mStatus=0}
@end
"""


def test_what_stays() -> None:
    found = questions.stays(STAYS)
    assert (found.machine, found.kernel) == ("aarch64", "5.15.123-android13")
    assert found.properties == {
        "manufacturer": "Maker",
        "model": "Phone 7",
        "android": "14",
        "serial": "R5CX1",
    }
    assert found.features == {"fp16", "dotprod"}  # what every core has
    assert found.memory == 7654321 * 1024
    assert not found.emulator
    assert cpu.clusters(found.cores) == [
        {"cpus": "0-1", "capacity": 250, "max_mhz": 1800, "governor": "schedutil"},
        {"cpus": "3", "capacity": 1024, "online": False},
        {"cpus": "2", "capacity": 1024, "max_mhz": 3000, "governor": "performance"},
    ]
    assert cpu.big(found.cores) == 0b100  # the core that is off is not chosen


def test_what_changes() -> None:
    assert questions.changes(CHANGES) == {
        "temperatures": {"cpu-0-0": 41.2, "cpu-0-0 (1)": 43.0, "battery": 31.0},
        "battery": {"level": 87, "temperature": 30.4, "status": "charging", "plugged": ["USB"]},
        "throttling": "moderate",
        "mhz": {"0": 900, "7": 2100},
        "slowed": [7],
        "load": 7.12,
        "memory_available": 2048000 * 1024,
    }
    assert questions.hottest(questions.changes(CHANGES)) == 43.0


def test_the_thermal_service_where_zones_may_not_be_read() -> None:
    text = CHANGES[CHANGES.index("@battery") :]
    assert questions.changes(text)["temperatures"] == {"SKIN": 39.5}


@pytest.mark.parametrize("text", ["", "@machine", "@end", "garbage\n@thermal\n/sys/x:y"])
def test_devices_that_say_nothing(text: str) -> None:
    found = questions.stays(text)
    assert (found.machine, found.features, found.cores, found.memory) == ("unknown", None, [], None)
    assert questions.changes(text) == {}
    assert questions.hottest({}) is None


@given(st.text())
def test_no_answer_breaks_the_reader(text: str) -> None:
    for head in ("", "@load\n", "@battery\n", "@heat\n", "@clocks\n", "@cores\n", "@thermal\n"):
        questions.stays(head + text)
        questions.changes(head + text)


@pytest.mark.parametrize(
    ("sizes", "mask"),
    [
        ([(250, 1), (250, 1), (500, 2), (1024, 3)], 0b1100),
        ([(None, 1800), (None, 1800), (None, 2400)], 0b100),
        ([(1024, 1), (1024, 2)], 0),  # the kernel calls them alike
        ([(None, None)] * 4, 0),
        ([], 0),
    ],
)
def test_big_cores(sizes: list[tuple[int | None, int | None]], mask: int) -> None:
    cores = [cpu.Core(i, capacity, khz) for i, (capacity, khz) in enumerate(sizes)]
    assert cpu.big(cores) == mask


def test_the_vector() -> None:
    pairs = [(33, 1), (16, 1 << 20 | 1 << 10), (26, 1 << 13), (0, 0)]
    words = [f"{number:016x}" for pair in pairs for number in pair]
    assert probe.features(" ".join(words)) == {"dotprod", "fp16", "i8mm"}
    assert probe.features(" ".join(words[:2] + words[-2:])) is None
    for text in ("", "sh: od: not found", "0" * 16, "x" * 16 + " " + "0" * 16):
        assert probe.features(text) is None


def test_the_probe_is_a_whole_file() -> None:
    data = probe.program()
    (size,) = struct.unpack_from("<Q", data, 64 + 32)
    assert size == len(data)


def test_the_list_of_devices() -> None:
    text = (
        "* daemon not running; starting now at tcp:5037\n* daemon started successfully\n"
        "List of devices attached\n"
        "R5CX1      device usb:1-1 product:p model:Phone_7 device:d transport_id:1\n"
        "X          no permissions (user in plugdev group; are your udev rules wrong?);"
        " see [http://developer.android.com/tools/device.html] usb:1-2\n"
        "10.0.0.2:5555 offline\n\n"
    )
    first, second, third = listing.parse(text)
    assert (first.serial, first.ready, first.line) == ("R5CX1", True, "adb:R5CX1 (Phone 7)")
    assert (second.state, second.ready) == ("no permissions", False)
    assert "udev" in second.fix
    assert third.line == "adb:10.0.0.2:5555: offline"
    assert listing.parse("nothing of the kind") == []
