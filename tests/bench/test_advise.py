"""Which flavour to ship, from published figures and from runs with a known truth."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from gbench import CONTEXT, keep
from xnnkit.bench.advise import Confidence
from xnnkit.bench.analysis import Analysis, analyse
from xnnkit.bench.parts import Source
from xnnkit.bench.verdict import Rules
from xnnkit.cli import main as cli
from xnnkit.errors import BadInput

PHONE = {"kind": "adb", "name": "adb:S24", "emulated": False, "model": "SM-S921B"}
LAPTOP = {"kind": "adb", "name": "adb:MAC", "emulated": False}


def events(path: Path, types: str, layer_ms: float, whole_ms: float) -> Path:
    """A table of events with the layer and the whole model, as ExecuTorch's Inspector saves it."""
    rows = [
        ["", "event_block_name", "event_name", "p50 (ms)", "delegate_backend_name"],
        ["834", "Execute", f"Fully Connected (NC, {types}, F32, QC8W) GEMM", layer_ms, "Xnnpack"],
        ["901", "Execute", "Method::execute", whole_ms, ""],
    ]
    path.write_text("\n".join("\t".join(map(str, row)) for row in rows))
    return path


@pytest.fixture
def published(tmp_path: Path) -> list[str]:
    """The figures of ExecuTorch's change: a phone that gains, a laptop that loses."""
    figures = {
        "Galaxy S24/ViT/upstream": ("QD8", 0.75, 58.61),
        "Galaxy S24/ViT/kleidiai": ("QP8", 0.6048, 53.6948),
        "MacBook/ViT/upstream": ("QD8", 0.4935, 49.32),
        "MacBook/ViT/kleidiai": ("QP8", 0.648, 56.53),
    }
    return [
        f"{label}={events(tmp_path / f'{n}.tsv', *figure)}"
        for n, (label, figure) in enumerate(figures.items())
    ]


def test_the_published_figures(published: list[str]) -> None:
    found = analyse([Source.of(text) for text in published])
    phone, laptop = (group.advice for group in found.groups)
    # 53.6948 / 58.61 = 0.91614: 8.4 % less. 56.53 / 49.32 = 1.14619: 14.6 % more.
    assert (phone.ship, phone.change) == ("kleidiai", pytest.approx(53.6948 / 58.61 - 1))
    assert (laptop.ship, laptop.change) == ("upstream", pytest.approx(56.53 / 49.32 - 1))
    assert phone.sentence == (
        "Galaxy S24, ViT: ship kleidiai: 8.4 % less time than upstream (baseline)."
    )
    assert laptop.sentence == (
        "MacBook, ViT: ship upstream: kleidiai takes 14.6 % more time than upstream (baseline)."
    )
    assert phone.confidence is laptop.confidence is Confidence.HINT
    assert [(e.what, e.first_ns, e.second_ns) for e in phone.helps] == [
        ("benchmark", 58.61e6, 53.6948e6),
        ("operator", 0.75e6, 0.6048e6),
    ]
    assert [(e.what, e.first_ns, e.second_ns) for e in laptop.hurts] == [
        ("benchmark", 49.32e6, 56.53e6),
        ("operator", 0.4935e6, 0.648e6),
    ]
    assert (phone.hurts, laptop.helps) == ((), ())


def test_the_published_figures_in_print(
    published: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["advise", "--operators", *published]) == 0
    out = capsys.readouterr().out
    assert "how sure: a hint: single figures, no repetitions" in out
    layers = [line for line in out.splitlines() if line.startswith("834")]
    assert [line.split(" GEMM")[-1].split() for line in layers] == [
        ["0.7500", "ms", "0.6048", "ms", "-19.4", "%", "inconclusive"],
        ["0.4935", "ms", "0.6480", "ms", "+31.3", "%", "inconclusive"],
    ]
    assert cli.main(["advise", "--markdown", *published]) == 0
    assert capsys.readouterr().out.startswith("**Galaxy S24, ViT: ship kleidiai")
    assert cli.main(["advise", "--json", *published]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [group["advice"]["ship"] for group in shown["groups"]] == ["kleidiai", "upstream"]
    assert shown["groups"][0]["operators"][0]["operators"][0]["other_ns"] == 604800


def noisy(seed: str, middle: float, n: int = 10) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(middle, middle / 100) for _ in range(n)]


def two_phones(root: Path) -> None:
    for device, faster in ((PHONE, 0.9), (LAPTOP, 1.15)):
        for flavour, factor in (("kleidiai", faster), ("upstream", 1.0)):
            times = {
                "BM_64": noisy(f"{device} {flavour}", 100 * factor),
                "BM_512": noisy(f"{device} {flavour} x", 800 * factor),
            }
            keep(root, times, flavour, device=device)


def test_runs_of_two_devices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two_phones(tmp_path)
    found = analyse([tmp_path])
    ships = {group.device: (group.advice.ship, group.advice.confidence) for group in found.groups}
    assert ships == {
        "adb:S24": ("kleidiai", Confidence.PROVED),
        "adb:MAC": ("upstream", Confidence.PROVED),
    }
    for group in found.groups:
        assert [side.name for side in group.sides] == ["upstream", "kleidiai"]
        assert len(group.comparisons) == 1
    assert cli.main(["advise", str(tmp_path)]) == 0
    assert "faster" in capsys.readouterr().out


def test_compare_of_two_devices_compares_each_with_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two_phones(tmp_path)
    folders = [str(tmp_path / "small" / flavour) for flavour in ("upstream", "kleidiai")]
    assert cli.main(["compare", *folders]) == 0
    lines = capsys.readouterr().out.splitlines()
    said = [line for line in lines if "(baseline)" in line]
    assert said[0].startswith("adb:MAC: kleidiai against upstream (baseline): slower, 15.")
    assert said[1].startswith("adb:S24: kleidiai against upstream (baseline): faster, ")
    other = keep(tmp_path / "else", {"BM_64": noisy("else", 1)}, device={"name": "adb:3"})
    assert cli.main(["compare", folders[0], str(other)]) == 2
    assert "no device has both sides" in capsys.readouterr().err


def advice(root: Path, *flavours: tuple[str, float, int], **changes: Any) -> Analysis:
    for flavour, middle, n in flavours:
        keep(root, {"BM": noisy(flavour, middle, n)}, flavour, **changes)
    return analyse([root], Rules())


def test_the_best_of_three(tmp_path: Path) -> None:
    found = advice(tmp_path, ("upstream", 100, 10), ("upstream-i8mm", 80, 10), ("kleidiai", 70, 10))
    (group,) = found.groups
    assert (group.advice.ship, group.advice.confidence) == ("kleidiai", Confidence.PROVED)
    assert group.advice.why == "faster than every other flavour"


def test_two_that_cannot_be_told_apart(tmp_path: Path) -> None:
    found = advice(
        tmp_path, ("upstream", 100, 10), ("upstream-i8mm", 80, 10), ("kleidiai", 79.9, 10)
    )
    (group,) = found.groups
    assert group.advice.confidence is Confidence.LIKELY
    assert "against upstream-i8mm, which is too" in group.advice.why or (
        "against kleidiai, which is too" in group.advice.why
    )


@pytest.mark.parametrize(
    ("factor", "n", "ship", "confidence"),
    [
        (1.0, 40, "upstream", Confidence.PROVED),  # no difference: the simpler one
        (0.8, 2, "kleidiai", Confidence.HINT),
        (0.99, 2, "", Confidence.OPEN),
    ],
)
def test_how_sure(factor: float, n: int, ship: str, confidence: str, tmp_path: Path) -> None:
    (group,) = advice(tmp_path, ("upstream", 100, n), ("kleidiai", 100 * factor, n)).groups
    assert (group.advice.ship, group.advice.confidence) == (ship, confidence)


def test_no_advice_exits_with_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    advice(tmp_path, ("upstream", 100, 10))
    assert cli.main(["advise", str(tmp_path)]) == 4
    assert "no advice" in capsys.readouterr().out


def test_an_emulator_gives_no_advice(tmp_path: Path) -> None:
    device = {"kind": "qemu", "name": "qemu", "emulated": True}
    (group,) = advice(tmp_path, ("upstream", 100, 10), ("kleidiai", 50, 10), device=device).groups
    assert (group.advice.ship, group.advice.confidence) == ("", Confidence.OPEN)
    assert "qemu" in group.advice.why


def test_a_throttled_device_gives_no_verdict(tmp_path: Path) -> None:
    hot = {"before": {"throttling": "none"}, "after": {"throttling": "severe"}}
    (group,) = advice(tmp_path, ("upstream", 100, 10), ("kleidiai", 50, 10), conditions=hot).groups
    assert group.advice.ship == ""
    assert group.advice.why.startswith("throttled: the device said 'severe' of its heat after ")
    (judged,) = analyse([tmp_path], Rules(throttled=True)).groups
    assert judged.advice.ship == "kleidiai"


def test_cores_that_were_slowed_down(tmp_path: Path) -> None:
    slowed = {"before": {"slowed": [7]}, "after": {"slowed": [6, 7]}}
    (group,) = advice(
        tmp_path, ("upstream", 100, 10), ("kleidiai", 50, 10), conditions=slowed
    ).groups
    assert "slowed down its cores 6 in" in group.advice.why


def test_threads_and_methods_are_apart(tmp_path: Path) -> None:
    for threads in (1, 4):
        for flavour in ("upstream", "kleidiai"):
            context = {**CONTEXT, "num_threads": str(threads)}
            keep(tmp_path, {"BM": noisy(flavour, 100)}, flavour, threads=threads, context=context)
    found = analyse([tmp_path])
    assert [group.work.threads for group in found.groups] == [1, 4]
    assert str(found.groups[0].work) == "small, 1 thread"


def test_the_newest_build_is_taken(tmp_path: Path) -> None:
    old = {"binary": {"name": "b", "sha256": "old", "size": 1}, "started": "2026-01-01T00:00:00"}
    keep(tmp_path, {"BM": noisy("old", 500)}, "kleidiai", **old)
    found = advice(tmp_path, ("upstream", 100, 10), ("kleidiai", 90, 10))
    assert found.groups[0].advice.change == pytest.approx(-0.1, abs=0.02)
    assert found.notes == ("adb:1: 1 runs of other builds of kleidiai are left out",)


def test_another_baseline(tmp_path: Path) -> None:
    advice(tmp_path, ("upstream", 100, 10), ("kleidiai", 90, 10))
    (group,) = analyse([tmp_path], baseline="kleidiai").groups
    assert (group.advice.baseline, group.advice.ship) == ("kleidiai", "kleidiai")
    with pytest.raises(BadInput, match="no run is of the baseline 'nonsense'"):
        analyse([tmp_path], baseline="nonsense")


def test_a_profile_goes_with_the_runs_of_its_device(tmp_path: Path) -> None:
    two_phones(tmp_path / "runs")
    texts = [str(tmp_path / "runs")]
    for flavour, microseconds in (("upstream", 750), ("kleidiai", 600)):
        path = tmp_path / f"{flavour}.csv"
        lines = [f"0; {microseconds + i % 3}; Fully Connected" for i in range(10)]
        path.write_text("node_id; time(us); op_name\n" + "\n".join(lines))
        texts.append(f"adb:S24/{flavour}={path}")
    found = analyse([Source.of(text) for text in texts])
    by_device = {group.device: group for group in found.groups}
    assert len(found.groups) == 2
    (table,) = by_device["adb:S24"].operators
    assert table.rows[0].verdict == "faster"
    assert by_device["adb:MAC"].operators == ()
    assert [e.name for e in by_device["adb:S24"].advice.helps if e.what == "operator"] == [
        "0 Fully Connected"
    ]


def test_what_nobody_knows_is_asked_for(tmp_path: Path) -> None:
    path = events(tmp_path / "x.tsv", "QD8", 1, 2)
    with pytest.raises(BadInput, match="nobody knows the device and flavour") as caught:
        analyse([path])
    assert "DEVICE/FLAVOUR=" in caught.value.fix
    with pytest.raises(BadInput, match="nobody knows the device of this file"):
        analyse([Source.of(f"upstream={path}")])
    with pytest.raises(BadInput, match="no runs are named"):
        analyse([])


@pytest.mark.parametrize("text", ["a/b/c/d=x", "/upstream=x", "a//b=x", "s24/upstream="])
def test_labels_that_are_none(text: str) -> None:
    with pytest.raises(BadInput, match="is no label"):
        Source.of(text)


def test_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source.of("S24/ViT/kleidiai=f.csv")
    assert (source.path, source.label.device, source.label.model, source.label.flavour) == (
        Path("f.csv"),
        "S24",
        "ViT",
        "kleidiai",
    )
    assert Source.of("kleidiai=f.csv").label.flavour == "kleidiai"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b.json").touch()
    assert Source.of("a=b.json").path == Path("a=b.json")


@pytest.mark.parametrize(
    ("factors", "ship", "confidence"),
    [
        ((0.5, 1.1), "kleidiai", Confidence.LIKELY),
        ((0.9, 2.0), "upstream", Confidence.LIKELY),
        ((0.9, 1 / 0.9), "", Confidence.OPEN),
    ],
)
def test_faster_here_and_slower_there(
    factors: tuple[float, float], ship: str, confidence: str, tmp_path: Path
) -> None:
    keep(tmp_path, {"BM_64": noisy("a", 100), "BM_1": noisy("b", 10)}, "upstream")
    other = {"BM_64": noisy("c", 100 * factors[0]), "BM_1": noisy("d", 10 * factors[1])}
    keep(tmp_path, other, "kleidiai")
    (group,) = analyse([tmp_path]).groups
    assert (group.advice.ship, group.advice.confidence) == (ship, confidence)
    assert [effect.name for effect in group.advice.helps] == ["BM_64"]
    assert [effect.name for effect in group.advice.hurts] == ["BM_1"]


def test_flavours_that_did_not_take_turns(tmp_path: Path) -> None:
    keep(tmp_path, {"BM": noisy("a", 100)}, "upstream", started="2026-11-21T08:00:00+00:00")
    keep(tmp_path, {"BM": noisy("b", 80)}, "kleidiai", started="2026-11-21T09:00:00+00:00")
    (group,) = analyse([tmp_path]).groups
    assert (group.advice.ship, group.advice.confidence) == ("kleidiai", Confidence.LIKELY)
    assert group.advice.why == "faster, but the flavours did not take turns"
    (comparison,) = group.comparisons
    assert any("ran one after the other" in note for note in comparison.notes)
