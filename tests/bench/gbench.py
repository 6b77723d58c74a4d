"""Google Benchmark's JSON and runs, made up for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xnnkit.bench import runs

CONTEXT = {"host_name": "phone", "num_cpus": 8, "num_threads": "4", "json_schema_version": 1}


def output(
    samples: Mapping[str, Sequence[float]], context: Mapping[str, Any] = CONTEXT
) -> dict[str, Any]:
    """Return Google Benchmark's output with these wall times (milliseconds)."""
    return {
        "context": {"date": "2026-11-21T08:00:00+00:00", **context},
        "benchmarks": [
            {
                "name": name,
                "run_name": name,
                "run_type": "iteration",
                "repetitions": len(values),
                "repetition_index": i,
                "threads": 1,
                "iterations": 10,
                "real_time": value,
                "cpu_time": value,
                "time_unit": "ms",
                "items_per_second": 64e3 / value if value else 0.0,
            }
            for name, values in samples.items()
            for i, value in enumerate(values)
        ],
    }


def write(path: Path, data: Any) -> Path:
    """Write JSON and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return path


def identity(flavour: str = "upstream", **changes: Any) -> runs.Identity:
    """Return an identity; the binary's sha256 follows from the flavour."""
    values: dict[str, Any] = {
        "binary": {"name": "bench", "sha256": f"{flavour}-sha", "size": 1},
        "profile": "small",
        "flavour": flavour,
        "toolchain": "zig",
        "device": {"kind": "adb", "name": "adb:1", "emulated": False},
        "arguments": [],
        "threads": 4,
        "started": "2026-11-21T08:00:00+00:00",
        "seconds": 1.0,
        "host": {"name": "pc"},
        "xnnkit": "0",
        **changes,
    }
    return runs.Identity(**values)


def keep(
    root: Path, samples: Mapping[str, Sequence[float]], flavour: str = "upstream", **changes: Any
) -> Path:
    """Keep a run below ``root`` and return its path."""
    context = changes.pop("context", CONTEXT)
    return runs.save(runs.Run(identity(flavour, **changes), output(samples, context)), root)
