"""What two builds write down: an ordinary one, and one for which everything was varied."""

from __future__ import annotations

from typing import Any

from xnnkit.repro.conditions import SHIFT_S

BOOT = 1.7e9
_NAMES = ("user", "home", "umask", "timezone", "locale", "hostname", "network")


def ordinary(**surroundings: Any) -> dict[str, Any]:
    """Return what an ordinary build finds, whose caches are warm."""
    seen = {name: name for name in _NAMES} | {"clock": BOOT, "file-order": ["a", "b"]}
    kept = {"results": 10, "libraries": ["aarch64-ab-4"]}
    return {
        "real": BOOT,
        "surroundings": seen | surroundings,
        "clocks": {"bazel": BOOT, "actions": BOOT, "compiler": BOOT, "why": ""},
        "bazel": {
            "workspace": "/a/workspace",
            "execution_root": "/a/home/execroot",
            "jobs": "1",
            "from_disk_cache": 7,
        },
        "kept": [kept, kept],
        "seconds": 1.0,
        "objects": 0,
        "proof": "",
    }


def other() -> dict[str, Any]:
    """Return what a build finds for which everything was varied."""
    seen = {name: f"another {name}" for name in _NAMES}
    made = ordinary(**seen, **{"clock": BOOT + SHIFT_S, "file-order": ["b", "a"]})
    shifted = dict.fromkeys(("bazel", "actions", "compiler"), BOOT + SHIFT_S)
    return made | {
        "clocks": shifted | {"why": ""},
        "bazel": {
            "workspace": "/b/workspace",
            "execution_root": "/b/home/execroot",
            "jobs": "2",
            "from_disk_cache": 0,
        },
        "kept": [
            {"results": 0, "libraries": []},
            {"results": 12, "libraries": ["aarch64-ab-4"]},
        ],
    }
