"""The refusal matrix as a user sees it: `xnnkit doctor gemma-2024-05`, its lines and exit code."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from healthy import HEALTHY, says, without
from xnnkit.cli import main
from xnnkit.doctor import needs

GB = 10**9
NDK_HOME = {"ANDROID_NDK_HOME": "/ndk"}


def bazel(version: str) -> Any:
    return lambda argv: f"bazel {version}" if "bazel" in argv[0] else says(argv)


# What is the matter: probes, exit code, what is said, what is to be pasted.
MATRIX: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "nothing": ({}, 0, "ready to build and run", ""),
    "a Bazel too old, and none to be set up": (
        {"output": bazel("6.0.0"), "which": without("bwrap")},
        3,
        "/usr/bin/bazel is 6.0.0, too old: not 6.1.0 <= version < 8.0.0",
        "$ sudo apt-get install -y bubblewrap",
    ),
    "a Bazel too new, and none to be set up": (
        {"output": bazel("8.2.1"), "which": without("bwrap")},
        3,
        "/usr/bin/bazel is 8.2.1, too new: not 6.1.0 <= version < 8.0.0",
        "$ sudo apt-get install -y bubblewrap",
    ),
    "a Bazel too new, and Debian's in its place": (
        {"output": bazel("8.2.1")},
        0,
        "can be set up from bazel-bootstrap of Debian testing",
        "",
    ),
    "no qemu": (
        {"which": without("qemu-aarch64")},
        3,
        "qemu-aarch64",
        "$ sudo apt-get install -y qemu-user",
    ),
    "no binfmt": (
        {"exists": lambda path: "binfmt_misc" not in path.parts},
        0,
        "arm64 programs start only through qemu (optional)",
        "$ sudo apt-get install -y qemu-user-binfmt",
    ),
    "little disk": (
        {"disk_free": lambda path: 3 * GB},
        3,
        "3.0 GB free at /",
        "$ export XNNKIT_CACHE=",
    ),
    "little memory in all": ({"memory": lambda: 2 * GB}, 3, "2.0 GB, 4 GB needed", "$ free -h"),
    "little memory free": (
        {"memory_available": lambda: 3 * GB},
        0,
        "3.65 GB needed under an emulator, 3.00 GB free (optional)",
        "$ xnnkit run gemma-2024-05 -- --benchmark_filter=BM_Llm_Mixed_INT48/64",
    ),
    "an NDK too old": (
        {"getenv": NDK_HOME.get, "read": lambda path: "Pkg.Revision = 23.1.7779620\n"},
        0,
        "r23b at /ndk is too old: no +i8mm before r25 (optional)",
        "$ export ANDROID_NDK_HOME=FOLDER",
    ),
    "no NDK, and its licence not accepted": (
        {"exists": lambda path: "sha256" not in path.parts},
        0,
        "its licence is not accepted (optional)",
        "$ export XNNKIT_ACCEPT_ANDROID_SDK_LICENSE=1",
    ),
}


@pytest.mark.parametrize(("changed", "code", "said", "fix"), MATRIX.values(), ids=MATRIX)
def test_the_doctor_says_it_with_the_way_out(
    changed: dict[str, Any],
    code: int,
    said: str,
    fix: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(needs, "Probes", lambda: dataclasses.replace(HEALTHY, **changed))
    monkeypatch.setenv("XNNKIT_GIT_ROOT", "/clones")
    monkeypatch.chdir(Path("/"))
    assert main.main(["doctor", "gemma-2024-05"]) == code
    out = capsys.readouterr().out
    assert said in out
    assert fix in out
    assert ("missing" in out.splitlines()[-1]) is (code != 0)
    if not fix:
        assert "$ " not in out
