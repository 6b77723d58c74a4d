"""``--verify`` before anything is timed: what is kept of it, and what ends a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gbench import output
from test_execute import FakeDevice, out, plan, profile
from xnnkit.bench import llm_block, runs
from xnnkit.bench.execute import execute
from xnnkit.device import Done, Job
from xnnkit.errors import BadInput, Finding
from xnnkit.profile import Profile

__all__ = ["out", "profile"]

CASE: dict[str, Any] = {
    "benchmark": "BM_a",
    "method": "encode",
    "passed": True,
    "rel_error": 1e-7,
    "tolerance": 0.03,
    "linear_error": 5e-8,
    "linear_tolerance": 0.001,
    "checksum": "20",
}
BOTH = (CASE, {**CASE, "method": "decode", "rel_error": 2e-7})


class Verifying(FakeDevice):
    """A fake device whose programs say these lines to --verify; kai_run_b is entered there only."""

    def __init__(self, *cases: Any, code: int = 0, lines: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.lines = [*(json.dumps(case) for case in cases), *lines]
        self.code = code

    def run(self, job: Job, say: Callable[[str], None] = lambda line: None) -> Done:
        if "--verify" not in job.args:
            return super().run(job, say)
        self.jobs.append(job)
        for line in self.lines:
            say(line)
        inside = job.binary.parent.name == "kleidiai"
        entered = {name: inside and name == "kai_run_b" for name in job.trace}
        return Done(self.code, 1, None, tuple(self.lines), entered if job.trace else None)


def test_verification_is_kept_with_each_run(profile: Profile, out: Path) -> None:
    device = Verifying(*BOTH, lines=("a warning",))
    notes: list[str] = []
    said: list[str] = []
    made = execute(
        profile,
        plan(out, verify=True, timeout=9, interleave=True, repetitions=2),
        device,
        say=said.append,
        note=notes.append,
    )
    verified = [job for job in device.jobs if "--verify" in job.args]
    assert verified == device.jobs[:2]  # once for each flavour, before anything is timed
    assert verified[0].args == llm_block.VERIFY
    assert verified[0].timeout == 9
    assert notes[0] == f"{profile.name}: upstream on fake, against its reference"
    assert not any("rel_error" in line for line in said)
    assert [run.identity.executed for run in made] == [[], ["kai_run_a"], ["kai_run_a"], []]
    for run in made:
        assert run.path is not None
        assert runs.load(run.path) == run
        inside = run.identity.flavour == "kleidiai"
        assert run.identity.verify == {
            "arguments": list(llm_block.VERIFY),
            "cases": list(BOTH),
            "executed": ["kai_run_b"] if inside else [],
        }


@pytest.mark.parametrize(
    ("device", "what", "why"),
    [
        (
            Verifying(
                CASE, {**CASE, "method": "decode", "passed": False, "rel_error": 0.5}, code=1
            ),
            "upstream computes wrong results",
            "benchmark BM_a, method decode, rel_error 0.5, tolerance 0.03, linear_error 5e-08",
        ),
        (Verifying({**CASE, "passed": "yes"}), "wrong results", "method encode"),
        (Verifying(CASE, code=1), "verification of upstream ended with exit code 1", "BM_a"),
        (Verifying(code=2, lines=("unknown argument",)), "exit code 2", "unknown argument"),
        (Verifying(code=-4), "ended with SIGILL", "lacks an instruction"),
        (Verifying(lines=("fine",)), "said nothing of its results", "fine"),
        (Verifying({"odd": 1}), "said nothing of its results", "odd"),
    ],
)
def test_wrong_results_are_a_finding_and_nothing_is_timed(
    device: Verifying, what: str, why: str, profile: Profile, out: Path
) -> None:
    device.jobs.clear()
    with pytest.raises(Finding, match=what) as caught:
        execute(profile, plan(out, verify=True), device)
    assert why in caught.value.why
    assert len(device.jobs) == 1
    assert not (out / "runs").exists()


def test_a_line_that_is_cut(profile: Profile, out: Path) -> None:
    with pytest.raises(BadInput, match="ends too early"):
        execute(profile, plan(out, verify=True), Verifying(lines=('{"passed":',)))


def test_other_programs_are_not_sent_the_option(profile: Profile, out: Path) -> None:
    other = profile.benchmark.model_copy(update={"name": "other"})
    device = Verifying()
    made = execute(profile.model_copy(update={"benchmark": other}), plan(out, verify=True), device)
    assert [run.identity.verify for run in made] == [None, None]
    assert not any("--verify" in job.args for job in device.jobs)


def test_what_the_verification_enters_counts(profile: Profile, out: Path) -> None:
    """Encode and decode use different kernels, and a run times one of them."""
    device = Verifying(*BOTH)
    data = json.dumps(output({"BM_a": [1.0]})).encode()
    device.answer = lambda job: Done(0, 1, data, (), dict.fromkeys(job.trace, False))
    notes: list[str] = []
    execute(profile, plan(out, verify=True), device, note=notes.append)
    assert notes[-1] == "kleidiai: only the verification entered kai_run_*, no timed run"


def test_what_the_verification_must_not_enter_is_a_finding(profile: Profile, out: Path) -> None:
    flavours = tuple(
        f.model_copy(update={"proof": f.proof.model_copy(update={"forbidden": ("kai_run_b",)})})
        for f in profile.flavour
    )
    changed = profile.model_copy(update={"flavour": flavours})
    with pytest.raises(Finding, match="must be without") as caught:
        execute(changed, plan(out, verify=True), Verifying(*BOTH))
    assert caught.value.why == "kleidiai: kai_run_b"


def test_without_a_trace(profile: Profile, out: Path) -> None:
    (run, _) = execute(profile, plan(out, verify=True, trace=False), Verifying(CASE))
    assert run.identity.verify is not None
    assert run.identity.verify["executed"] is None


def test_the_profiles_arguments_under_an_emulator(profile: Profile, out: Path) -> None:
    device = FakeDevice(emulated=True)
    notes: list[str] = []
    small = profile.benchmark.emulated_arguments
    assert "--model_dim=256" in small
    made = execute(profile, plan(out), device, note=notes.append)
    for run, job in zip(made, device.jobs, strict=True):
        assert run.identity.arguments == list(small)
        assert tuple(job.args[: len(small)]) == small
    assert len([note for note in notes if "is emulated: --model_dim=256" in note]) == 1


@pytest.mark.parametrize("change", ["arguments", "device", "profile"])
def test_the_programs_own_dimensions_otherwise(change: str, profile: Profile, out: Path) -> None:
    device = FakeDevice(emulated=change != "device")
    notes: list[str] = []
    if change == "profile":
        other = profile.benchmark.model_copy(update={"emulated_arguments": ()})
        profile = profile.model_copy(update={"benchmark": other})
    given = ["--model_dim=2048"] if change == "arguments" else []
    (run, _) = execute(profile, plan(out, arguments=given), device, note=notes.append)
    assert run.identity.arguments == given
    assert not any("emulated" in note for note in notes)
