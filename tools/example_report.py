"""Make the example of docs/report.md: its data, its page, and the screenshot of it.

    python tools/example_report.py [--check] [--page FILE] [--screenshot]

Without an option the data are written to examples/report/. They are the same whenever it is run:
figures that ExecuTorch published, and runs of devices that do not exist. ``--check`` compares
instead, ``--page`` also writes the report, and ``--screenshot`` also docs/report.png (it needs
Chromium).
"""

from __future__ import annotations

import argparse
import filecmp
import hashlib
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tools"))

from xnnkit.bench import runs  # noqa: E402
from xnnkit.bench.parts import Source  # noqa: E402

DATA = ROOT / "examples" / "report"
PICTURE = ROOT / "docs" / "report.png"

PUBLISHED = {
    ("Galaxy S24", "upstream"): ("s24-upstream.tsv", "QD8", 0.75, 58.61),
    ("Galaxy S24", "kleidiai"): ("s24-kleidiai.tsv", "QP8", 0.6048, 53.6948),
    ("MacBook", "upstream"): ("macbook-upstream.tsv", "QD8", 0.4935, 49.32),
    ("MacBook", "kleidiai"): ("macbook-kleidiai.tsv", "QP8", 0.648, 56.53),
}
"""Device and flavour -> file, type of activations, milliseconds of one layer and of the model."""

PHONE: dict[str, Any] = {
    "kind": "adb",
    "name": "made-up phone",
    "emulated": False,
    "model": "made up, there is no such phone",
    "soc": "MADE-UP-1",
    "android": "16",
    "machine": "aarch64",
    "features": ["dotprod", "fp16", "i8mm"],
    "cores": [
        {"cpus": "0-3", "capacity": 300, "max_mhz": 1800, "governor": "schedutil"},
        {"cpus": "4-6", "capacity": 750, "max_mhz": 2400, "governor": "schedutil"},
        {"cpus": "7", "capacity": 1024, "max_mhz": 2900, "governor": "schedutil"},
    ],
    "memory": 12 * 2**30,
    "taskset": "f0",
}
EMULATOR: dict[str, Any] = {
    "kind": "qemu",
    "name": "made-up emulator",
    "emulated": True,
    "cpu": "max",
    "qemu": "0",
}
TIMES = {
    "BM_Llm_QCINT8/64/real_time": (430.0, 1.004),
    "BM_Llm_QCINT8/512/real_time": (4300.0, 0.999),
    "BM_Llm_Mixed_INT48/64/real_time": (402.0, 0.872),
    "BM_Llm_Mixed_INT48/512/real_time": (3650.0, 0.884),
}
"""Benchmark -> milliseconds of the baseline, and how many times as long KleidiAI takes."""

OPERATORS = (
    ("Fully Connected (NC, QD8, F32, QC4W) GEMM", 11.2, 0.78),
    ("Fully Connected (NC, QD8, F32, QC8W) GEMM", 4.6, 1.0),
    ("Batch Matrix Multiply (NC, F32) GEMM", 1.9, 1.01),
    ("Softmax (NC, F32)", 0.42, 1.0),
    ("RoPE (NTHC, F32)", 0.31, 1.0),
    ("Convert (NC, F32, QD8)", 0.55, 1.24),
)
"""Kind, milliseconds of the baseline, and how many times as long KleidiAI takes."""

TURNS = 10


def write(folder: Path) -> None:
    """Write the example's data into a folder that is not there yet."""
    folder.mkdir(parents=True)
    for (_, _), (name, types, layer, whole) in PUBLISHED.items():
        (folder / name).write_text(_events(types, layer, whole), encoding="utf-8")
    for turn in range(TURNS):
        order = ("upstream", "kleidiai") if turn % 2 == 0 else ("kleidiai", "upstream")
        for place, flavour in enumerate(order):
            runs.save(_on_phone(flavour, turn, 2 * turn + place), folder / "runs")
    for place, flavour in enumerate(("upstream", "kleidiai")):
        runs.save(_on_emulator(flavour, place), folder / "runs")


def sources(folder: Path = DATA) -> list[Source]:
    """Return the example's sources, as ``xnnkit report`` takes them."""
    labelled = [
        Source.of(f"{device}/ViT (published by ExecuTorch)/{flavour}={folder / name}")
        for (device, flavour), (name, *_) in PUBLISHED.items()
    ]
    return [Source.of(folder / "runs"), *labelled]


def stale(folder: Path = DATA) -> list[str]:
    """Return the names of files that are not what would be written."""
    with tempfile.TemporaryDirectory() as place:
        fresh = Path(place) / "example"
        write(fresh)
        names = {
            path.relative_to(where).as_posix()
            for where in (fresh, folder)
            for path in where.rglob("*")
            if path.is_file() and path.name != "README.md"
        }
        _, other, missing = filecmp.cmpfiles(fresh, folder, sorted(names), shallow=False)
        return sorted([*other, *missing])


def _events(types: str, layer: float, whole: float) -> str:
    rows = [
        ("", "event_block_name", "event_name", "p50 (ms)", "delegate_backend_name"),
        ("834", "Execute", f"Fully Connected (NC, {types}, F32, QC8W) GEMM", layer, "Xnnpack"),
        ("901", "Execute", "Method::execute", whole, ""),
    ]
    return "\n".join("\t".join(map(str, row)) for row in rows) + "\n"


def _on_phone(flavour: str, turn: int, place: int) -> runs.Run:
    """Return a repetition of all benchmarks: 0.6 % noise, and a phone that warms up by 1.5 %."""
    source = random.Random(f"phone {flavour} {turn}")
    warm = 1 + 0.015 * place / (2 * TURNS)
    entries = []
    for name, (base, factor) in TIMES.items():
        middle = base * warm * (factor if flavour == "kleidiai" else 1)
        entries.append(_entry(name, middle * source.gauss(1, 0.006)))
    heat = 31 + 0.4 * place
    raw: dict[str, Any] = {
        "context": {"host_name": "made-up", "num_cpus": 8, "num_threads": "4"},
        "benchmarks": entries,
        "operators": [_operator(n, flavour, source) for n in range(3 * len(OPERATORS))],
    }
    state = {"throttling": "none", "slowed": [], "battery": {"level": 83}}
    return runs.Run(
        _identity(
            flavour,
            PHONE,
            place,
            conditions={
                "before": {**state, "temperatures": {"cpu": round(heat, 1)}},
                "after": {**state, "temperatures": {"cpu": round(heat + 1.7, 1)}},
            },
            series={"name": "made-up", "turn": turn + 1, "of": TURNS, "repetition": turn + 1},
        ),
        raw,
    )


def _on_emulator(flavour: str, place: int) -> runs.Run:
    source = random.Random(f"emulator {flavour}")
    entries = [
        _entry("BM_Llm_Mixed_INT48/64/real_time", 37000 * source.gauss(1, 0.02)) for _ in range(5)
    ]
    raw = {"context": {"num_cpus": 2, "num_threads": "1"}, "benchmarks": entries}
    kernels = ["kai_run_made_up"] if flavour == "kleidiai" else ["xnn_made_up_neondot"]
    return runs.Run(_identity(flavour, EMULATOR, place, threads=1, executed=kernels), raw)


def _entry(name: str, milliseconds: float) -> dict[str, Any]:
    return {
        "name": name,
        "run_name": name,
        "run_type": "iteration",
        "repetitions": 1,
        "threads": 1,
        "iterations": 1,
        "real_time": round(milliseconds, 3),
        "cpu_time": round(milliseconds * 0.98, 3),
        "time_unit": "ms",
    }


def _operator(number: int, flavour: str, source: random.Random) -> dict[str, Any]:
    kind, base, factor = OPERATORS[number % len(OPERATORS)]
    middle = base * 1e6 * (1 - 0.05 * (number // len(OPERATORS)))
    if flavour == "kleidiai":
        middle *= factor
        kind = kind.replace("QD8, F32, QC4W", "QP8, F32, QC4W")
    times = [round(middle * source.gauss(1, 0.01)) for _ in range(1)]
    return {"key": str(number), "name": f"{kind} #{number}", "times_ns": times}


def _identity(
    flavour: str, device: dict[str, Any], place: int, *, threads: int = 4, **known: Any
) -> runs.Identity:
    xnnpack = {"upstream": "made up: XNNPACK", "kleidiai": "made up: XNNPACK with KleidiAI"}
    return runs.Identity(
        binary={"name": "llm_test", "sha256": _hash(f"{flavour} binary"), "size": 7_000_000},
        profile="made-up-gemma",
        flavour=flavour,
        toolchain="made up",
        device=device,
        arguments=["--benchmark_method=encode"],
        threads=threads,
        started=f"2026-01-01T09:{place:02d}:00+00:00",
        seconds=31.5,
        host={"name": "made-up"},
        xnnkit="0 (made up)",
        benchmark="llm_test",
        method="encode",
        archives=[
            _archive("XNNPACK", xnnpack[flavour]),
            _archive("cpuinfo", "made up: cpuinfo"),
            *([_archive("kleidiai", "made up: KleidiAI")] if flavour == "kleidiai" else []),
        ],
        **known,
    )


def _archive(name: str, seed: str) -> dict[str, Any]:
    return {
        "name": name,
        "sha256": _hash(seed),
        "tree": _hash(f"{seed} tree")[:40],
        "origin": "git",
        "prebuilt": False,
    }


def _hash(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check; return 1 when something would change."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if it differs")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the report here")
    parser.add_argument("--screenshot", action="store_true", help="write docs/report.png")
    options = parser.parse_args(arguments)
    if options.check:
        for name in (found := stale()):
            print(f"{name} is not what tools/example_report.py writes")
        return int(bool(found))
    for path in DATA.iterdir() if DATA.is_dir() else ():
        if path.name != "README.md":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with tempfile.TemporaryDirectory() as place:
        write(Path(place) / "example")
        shutil.copytree(Path(place) / "example", DATA, dirs_exist_ok=True)
        page = options.page or Path(place) / "report.html"
        if options.page or options.screenshot:
            _page(page)
        if options.screenshot:
            _picture(page)
    return 0


def _page(path: Path) -> None:
    from xnnkit.report import content
    from xnnkit.report import page as layout
    from xnnkit.whole import put

    page = layout.html(content.of_sources(sources(), title="An example, made up"))
    put(path, page.encode(), folders=True)


def _picture(page: Path) -> None:
    import chromium

    with chromium.Browser() as browser:
        browser.view(1160, dark=False, height=1440)
        browser.open(page.resolve().as_uri())
        PICTURE.write_bytes(browser.screenshot(full=False))


if __name__ == "__main__":
    sys.exit(main())
