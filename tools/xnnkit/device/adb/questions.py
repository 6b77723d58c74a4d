"""What a device is asked, in two scripts, and the answers as typed values.

One script each for what stays and for what changes: a phone is asked before and after each
repetition, and must not get warm from the asking.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from xnnkit.device.adb import cpu
from xnnkit.untrusted import number

_CPU = "/sys/devices/system/cpu/"

_PROPERTIES = {
    "manufacturer": "ro.product.manufacturer",
    "model": "ro.product.model",
    "soc": "ro.soc.model",
    "board": "ro.board.platform",
    "android": "ro.build.version.release",
    "sdk": "ro.build.version.sdk",
    "patch_level": "ro.build.version.security_patch",
    "fingerprint": "ro.build.fingerprint",
    "abis": "ro.product.cpu.abilist",
    "serial": "ro.serialno",
}
_EMULATOR = ("ro.kernel.qemu", "ro.boot.qemu")

STAYS = f"""
echo @machine; uname -m; uname -r
echo @properties
if command -v getprop >/dev/null; then
for p in {" ".join([*_PROPERTIES.values(), *_EMULATOR])}; do echo "$p=$(getprop $p)"; done; fi
echo @cpuinfo; cat /proc/cpuinfo
echo @memory; cat /proc/meminfo
echo @cores
grep -sH . {_CPU}cpu[0-9]*/online {_CPU}cpu[0-9]*/cpu_capacity \
{_CPU}cpu[0-9]*/cpufreq/cpuinfo_max_freq {_CPU}cpu[0-9]*/cpufreq/scaling_governor
echo @end
"""
"""For the device's shell: what stays the same while a benchmark runs."""

CHANGES = f"""
echo @thermal
grep -sH . /sys/class/thermal/thermal_zone*/type /sys/class/thermal/thermal_zone*/temp
echo @clocks
grep -sH . {_CPU}cpu[0-9]*/cpufreq/scaling_cur_freq {_CPU}cpu[0-9]*/cpufreq/scaling_max_freq \
{_CPU}cpu[0-9]*/cpufreq/cpuinfo_max_freq
echo @load; cat /proc/loadavg
echo @memory; grep MemAvailable /proc/meminfo
if command -v dumpsys >/dev/null; then
echo @battery; dumpsys battery
echo @heat; dumpsys thermalservice
fi
echo @end
"""
"""For the device's shell: what changes while a benchmark runs."""

_WARM = re.compile(r"cpu|soc|gpu|big|little|mid|prime|tsens|skin|battery|pkg|acpitz", re.IGNORECASE)
_CHARGING = {"2": "charging", "3": "discharging", "4": "not charging", "5": "full"}
_THROTTLING = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")


@dataclass(frozen=True)
class Stays:
    """What stays the same on a device, as far as it says it."""

    machine: str
    kernel: str
    properties: dict[str, str]
    cores: list[cpu.Core]
    features: frozenset[str] | None
    memory: int | None
    emulator: bool


def stays(text: str) -> Stays:
    """Read the answer to ``STAYS``; what a device does not say is left out."""
    parts = _parts(text)
    machine = parts.get("machine", [])
    given = dict(line.split("=", 1) for line in parts.get("properties", []) if "=" in line)
    values = _values(parts.get("cores", []), _CPU)
    memory = re.search(r"^MemTotal:\s+([0-9]{1,15}) kB", "\n".join(parts.get("memory", [])), re.M)
    return Stays(
        machine=machine[0] if machine else "unknown",
        kernel=machine[1] if len(machine) > 1 else "unknown",
        properties={key: given[name] for key, name in _PROPERTIES.items() if given.get(name)},
        cores=cpu.cores(values),
        features=cpu.features("\n".join(parts.get("cpuinfo", []))),
        memory=int(memory[1]) * 1024 if memory else None,
        emulator=any(given.get(name) == "1" for name in _EMULATOR),
    )


def changes(text: str) -> dict[str, Any]:
    """Read the answer to ``CHANGES``, JSON-ready; what a device does not say is left out.

    Returns:
        ``temperatures`` (zone -> degrees Celsius), ``battery`` (``level`` in percent,
        ``temperature``, ``status``, ``plugged``), ``throttling`` (Android's word), ``slowed``
        (cores whose highest clock is lowered now), ``mhz`` (core -> clock), ``load`` (of a
        minute), ``memory_available`` (bytes).
    """
    parts = _parts(text)
    found: dict[str, Any] = {}
    if temperatures := _temperatures(parts.get("thermal", [])) or _from_service(parts):
        found["temperatures"] = temperatures
    if battery := _battery(parts.get("battery", [])):
        found["battery"] = battery
    heat = re.search(r"Thermal Status: ([0-9])", "\n".join(parts.get("heat", [])))
    if heat and int(heat[1]) < len(_THROTTLING):
        found["throttling"] = _THROTTLING[int(heat[1])]
    clocks = _values(parts.get("clocks", []), _CPU)
    mhz, slowed = _clocks(clocks)
    if mhz:
        found |= {"mhz": mhz, "slowed": slowed}
    if load := re.match(r"[0-9]{1,6}\.[0-9]{1,6}(?= )", " ".join(parts.get("load", []))):
        found["load"] = float(load[0])
    if match := re.search(r"MemAvailable:\s+([0-9]{1,15}) kB", "\n".join(parts.get("memory", []))):
        found["memory_available"] = int(match[1]) * 1024
    return found


def hottest(conditions: dict[str, Any]) -> float | None:
    """Return the highest temperature in degrees Celsius; None when none is known."""
    return max(conditions.get("temperatures", {}).values(), default=None)


def _parts(text: str) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if match := re.fullmatch(r"@([a-z]+)", line):
            lines = parts.setdefault(match[1], [])
        elif line.strip():
            lines.append(line.rstrip())
    return parts


def _values(lines: list[str], prefix: str) -> dict[str, str]:
    """Return path below the prefix -> value from ``grep -H`` lines."""
    found = {}
    for line in lines:
        path, colon, value = line.partition(":")
        if colon and path.startswith(prefix):
            found[path.removeprefix(prefix)] = value
    return found


def _temperatures(lines: list[str]) -> dict[str, float]:
    values = _values(lines, "/sys/class/thermal/")
    found: dict[str, float] = {}
    for path, name in values.items():
        zone, _, kind = path.partition("/")
        degrees = _degrees(values.get(f"{zone}/temp", "")) if kind == "type" else None
        if degrees is not None and _WARM.search(name):
            key = name if name not in found else f"{name} ({zone.removeprefix('thermal_zone')})"
            found[key] = degrees
    return found


def _degrees(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    degrees = value / 1000 if abs(value) >= 1000 else value
    # Zones that are switched off say 0, -40 or impossible heat.
    return round(degrees, 1) if 0 < degrees < 150 else None


def _from_service(parts: dict[str, list[str]]) -> dict[str, float]:
    """Return temperatures from Android's thermal service, where its zones may not be read."""
    pattern = re.compile(r"Temperature\{mValue=([-0-9.]+),.*mName=([^,}]+)")
    found = {}
    for line in parts.get("heat", []):
        if match := pattern.search(line):
            degrees = _degrees(match[1])
            if degrees is not None:
                found[match[2].strip()] = degrees
    return found


def _battery(lines: list[str]) -> dict[str, Any]:
    values = {}
    for line in lines:
        key, colon, value = line.strip().partition(": ")
        if colon:
            values[key] = value.strip()
    found: dict[str, Any] = {}
    if (level := number(values.get("level", ""))) is not None:
        found["level"] = level
    if (tenths := number(values.get("temperature", ""))) is not None:
        found["temperature"] = tenths / 10
    if "status" in values:
        found["status"] = _CHARGING.get(values["status"], "unknown")
    plugged = [k.removesuffix(" powered") for k, v in values.items() if v == "true"]
    if found:
        found["plugged"] = [p for p in plugged if p in ("AC", "USB", "Wireless", "Dock")]
    return found


def _clocks(values: dict[str, str]) -> tuple[dict[str, int], list[int]]:
    mhz: dict[str, int] = {}
    slowed: list[int] = []
    for path, value in sorted(values.items()):
        core, _, kind = path.partition("/")
        khz, index = number(value), number(core.removeprefix("cpu"))
        if khz is None or index is None:
            continue
        if kind.endswith("scaling_cur_freq"):
            mhz[core.removeprefix("cpu")] = round(khz / 1000)
        if kind.endswith("scaling_max_freq"):
            most = number(values.get(f"{core}/cpufreq/cpuinfo_max_freq", ""))
            if most is not None and khz < most:
                slowed.append(index)
    return mhz, slowed
