"""``xnnkit device``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from xnnkit.cli import main as cli


def test_list_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(["device", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "qemu  qemu for arm64 is not on PATH: apt-get install qemu-user",
        "adb   adb is not on PATH: apt-get install adb",
    ]


def test_list_and_info(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "qemu-aarch64"
    program.write_text('#!/bin/sh\necho "qemu-aarch64 version 9.9.1 max"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main(["device", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "qemu  ready"
    assert cli.main(["device", "info", "qemu", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["schema_version"], shown["kind"], shown["qemu"]) == (1, "qemu", "9.9.1")
    assert cli.main(["device", "info", "qemu"]) == 0
    assert "cpu           max\n" in capsys.readouterr().out


def test_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["device", "info", "usb:1234"]) == 2
    err = capsys.readouterr().err
    assert "unknown device 'usb:1234'" in err
    assert "legal: qemu, qemu:CPU, adb, adb:SERIAL, all" in err
