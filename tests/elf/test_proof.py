"""A flavour's proof: each check fails for its own reason, and for no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_elf import Tiny
from xnnkit import elf
from xnnkit.elf import leaks
from xnnkit.profile import Proof

PROOF = Proof(required=("kai_run_*",), forbidden=("*i8mm*",), executed=("kai_run_a",))


def failed(path: Path, proof: Proof = PROOF, **options: Any) -> dict[str, str]:
    result = elf.prove(path, proof, **options)
    assert result.ok == all(check.ok for check in result.checks)
    return {check.name: check.detail for check in result.checks if not check.ok}


def test_all_is_well(tmp_path: Path) -> None:
    result = elf.prove(Tiny().write(tmp_path / "p"), PROOF, forbidden_strings=[b"/nowhere/"])
    assert result.ok
    assert [check.name for check in result.checks] == [
        "machine",
        "linking",
        "symbols",
        "required kai_run_*",
        "required kai_run_a",
        "forbidden *i8mm*",
        "no build path",
        "no build date",
    ]
    assert result.kernels == ("kai_run_a", "kai_run_b")
    assert str(tmp_path) not in str(result.to_json())


@pytest.mark.parametrize(
    ("change", "check", "detail"),
    [
        ({"machine": 62}, "machine", "x86-64, must be AArch64"),
        ({"needed": b"libc.so.6"}, "linking", "dynamic, must be static: libc.so.6"),
        ({"functions": (("kai_run_a", 0, 4), ("f_i8mm", 8, 4))}, "forbidden *i8mm*", "f_i8mm"),
        ({"data": b"at Nov 21 2026\0"}, "no build date", "at Nov 21 2026"),
        ({"data": b"/home/x/y.c\0"}, "no build path", "/home/x/y.c"),
        ({"debug": b"/home/x/y.c\0" * 9}, "no build path", "/home/x/y.c"),
    ],
)
def test_one_thing_wrong(change: dict[str, Any], check: str, detail: str, tmp_path: Path) -> None:
    assert failed(Tiny(**change).write(tmp_path / "p")) == {check: detail}


def test_a_missing_kernel(tmp_path: Path) -> None:
    path = Tiny(functions=(("main", 0, 4),)).write(tmp_path / "p")
    assert failed(path) == {"required kai_run_*": "none", "required kai_run_a": "none"}


def test_a_stripped_binary_proves_nothing(tmp_path: Path) -> None:
    found = failed(Tiny(symbols=False).write(tmp_path / "p"), Proof(forbidden=("kai_*",)))
    assert found["symbols"].startswith("no .symtab")
    assert found["forbidden kai_*"] == "unknown without symbols"


def test_bionic_where_bionic_is_wanted(tmp_path: Path) -> None:
    path = Tiny(interpreter=b"/system/bin/linker64", needed=b"libc.so").write(tmp_path / "p")
    assert failed(path, linking="bionic") == {}
    assert failed(path) == {
        "linking": "bionic, must be static: /system/bin/linker64, libc.so",
    }


def test_forbidden_strings_are_found_anywhere(tmp_path: Path) -> None:
    path = Tiny(data=b"see /srv/ws/file.c\0").write(tmp_path / "p")
    assert failed(path, forbidden_strings=[b"/srv/ws/", b""]) == {
        "no build path": "see /srv/ws/file.c"
    }
    assert failed(path, forbidden_strings=[b"/srv/other/", b""]) == {}


@pytest.mark.parametrize(
    "text",
    [
        "/home/me/x.c",
        "/Users/me/x.c",
        "/root/.cache/zig/b/1",
        "/tmp/build/x.o",
        "/tmp/x.c",
        "/var/tmp/_bazel_me/0/execroot/_main/x.c",
        "/a/execroot/_main/bazel-out",
        "/x/linux-sandbox/12/y",
        "/y/.cache/bazel/z",
    ],
)
def test_build_paths(text: str) -> None:
    assert leaks.places([b"\0 before " + text.encode() + b"\0after"]) == [f" before {text}"]


@pytest.mark.parametrize(
    "text",
    [
        "/tmp/tmpfile_XXXXXX",
        "/tmp/",
        "/tmp",
        "/tmp/%s",
        "/home/",
        "/home",
        "/root",
        "/root/",
        "/proc/self/exe",
        "/etc/hosts",
        "external/XNNPACK/src/x.c",
        "bazel-out/aarch64-opt/bin/x.o",
        "/proc/self/cwd/x.c",
        "src/sandbox/x.c",
        "%H:%M:%S",
    ],
)
def test_what_every_program_may_hold(text: str) -> None:
    content = [b"\0" + text.encode() + b"\0"]
    assert leaks.places(content) == []
    assert leaks.dates(content) == []


@pytest.mark.parametrize(
    ("content", "dates"),
    [
        (b"\0Nov 21 2026\0", ["Nov 21 2026"]),
        (b"\0Nov  1 2026\0", ["Nov  1 2026"]),
        (b"\0built Jan  2 2026 03:04:05 by\0", ["built Jan  2 2026 03:04:05 by"]),
        (b"\0Sat Nov 21 10:11:12 2026\0", ["Sat Nov 21 10:11:12 2026"]),
        (b"\x0010:11:12\0", ["10:11:12"]),
        (b"\0Copyright 1995-2022\0", []),
        (b"\0Nov 2026\0", []),
        (b"\0Mon Tue Wed\0Jan\0Feb\0", []),
        (b"\x0025:11:12\0", []),
        (b"\0at 10:11:12 today\0", []),
        (b"\0202611211011\0", []),
    ],
)
def test_dates(content: bytes, dates: list[str]) -> None:
    assert leaks.dates([content]) == dates
