"""What the tests of this room share: tiny arm64 programs, builds of them, a lab with phones."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "elf"), str(HERE.parent / "bench"), str(HERE)]

from gbench import output  # noqa: E402
from phone import Lab, Phone, adbd_prefix  # noqa: E402
from tiny_bench import program  # noqa: E402
from xnnkit.errors import BadEnvironment  # noqa: E402
from xnnkit.profile import Flavour, Profile, Proof, load  # noqa: E402

FLAVOURS = ("upstream", "kleidiai")
DEMANDED = bool(os.environ.get("XNNKIT_TEST_ADBD"))


@pytest.fixture(scope="session")
def prefix() -> Path:
    """Debian testing's adbd; the tests that need it are skipped where it cannot be had."""
    try:
        return adbd_prefix()
    except BadEnvironment as error:
        if DEMANDED:
            raise
        pytest.skip(f"no adbd: {error.what}")


@pytest.fixture
def lab(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A lab whose adb this test's xnnkit uses; no phone is in it yet."""
    # The path of a socket must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        made = Lab(Path(folder), prefix)
        try:
            try:
                made.open()
            except BadEnvironment as error:
                if DEMANDED:
                    raise
                pytest.skip(f"no lab: {error.what}")
            for name, value in made.env.items():
                if name != "HOME":
                    monkeypatch.setenv(name, value)
            yield made
        finally:
            made.close()


@pytest.fixture
def phone(lab: Lab) -> Phone:
    """The one phone of a lab."""
    return lab.phone()


@pytest.fixture
def profile(repository: Path) -> Profile:
    """The shipped profile with proofs that fit the tiny program, which wants no arguments."""
    real = load("xnnpack-2024-11")

    def small(flavour: Flavour) -> Flavour:
        return flavour.model_copy(update={"proof": Proof()})

    benchmark = real.benchmark.model_copy(update={"emulated_arguments": (), "memory": ()})
    flavours = tuple(small(f) for f in real.flavour)
    return real.model_copy(update={"flavour": flavours, "benchmark": benchmark})


@pytest.fixture
def build(tmp_path: Path, profile: Profile) -> Callable[..., Path]:
    """Makes a build of two flavours whose programs take as long as asked."""

    def make(seconds: float = 0.0) -> Path:
        out = tmp_path / "out"
        rows: list[dict[str, Any]] = []
        for flavour in FLAVOURS:
            path = out / "bin" / flavour / "bench"
            path.parent.mkdir(parents=True, exist_ok=True)
            results = output({"BM_a": [1.0]})
            program(results, seconds=seconds, comment=flavour.encode()).write(path)
            data = path.read_bytes()
            row = {"flavour": flavour, "path": path.relative_to(out).as_posix()}
            rows.append({**row, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)})
        content = {"profile": profile.name, "toolchain": "zig", "archives": [], "binaries": rows}
        (out / "build.json").write_text(json.dumps({"schema_version": 1, **content}))
        return out

    return make
