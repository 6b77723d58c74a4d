"""Progress: bars on a terminal, on stderr; nothing anywhere else."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from xnnkit.archives import fetch, progress
from xnnkit.archives.http import Net


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_a_file_and_a_total(
    world: Any, net: Net, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    profile = world.profile()
    with progress.bars(fetch.items(profile)) as tell:
        fetch.fetch_profile(profile, cache=world.cache, net=net, progress=tell)
    shown = terminal.getvalue()
    for name in ("engine", "zig", "total"):
        assert name in shown
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("quiet", [False, True])
def test_nothing_elsewhere(quiet: bool, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if quiet:
        monkeypatch.setattr(sys, "stderr", Terminal())
    else:
        monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress.bars(fetch.items(world.profile()), quiet=quiet) as tell:
        assert tell is None
    assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]


def test_what_a_fetch_tells(world: Any, net: Net) -> None:
    told: list[tuple[str, int, int]] = []
    fetch.fetch_profile(
        world.profile(), cache=world.cache, net=net, progress=lambda *facts: told.append(facts)
    )
    mine = [(done, total) for name, done, total in told if name == "engine"]
    assert mine == sorted(mine)
    assert mine[-1] == (len(world.upstream.tarxz), len(world.upstream.tarxz))
    assert len(mine) > 2
