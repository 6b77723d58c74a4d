"""Runs of a build: what is run, in which order, what is kept, and what is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from gbench import CONTEXT, output
from tiny_elf import Tiny
from xnnkit.bench import runs
from xnnkit.bench.execute import Plan, execute
from xnnkit.device import Done, Job
from xnnkit.device.count import Counted, Counts, SymbolCount
from xnnkit.errors import BadEnvironment, BadInput, Finding
from xnnkit.profile import Flavour, Profile, Proof, load
from xnnkit.profile.model import Memory

FLAVOURS = ("upstream", "kleidiai")
ARCHIVE = {"sha256": "5a", "tree": "7e", "origin": "git", "location": "git:x", "size": 1}


@dataclass
class FakeDevice:
    """A device that prints made-up results and enters kai_run_a, in flavour kleidiai only."""

    name: str = "fake"
    emulated: bool = False
    jobs: list[Job] = field(default_factory=list)
    answer: Callable[[Job], Done | None] = lambda job: None

    def identity(self) -> dict[str, Any]:
        return {"kind": "fake", "name": self.name, "emulated": self.emulated}

    def run(self, job: Job, say: Callable[[str], None] = lambda line: None) -> Done:
        self.jobs.append(job)
        say(f"running {job.binary.parent.name}")
        if (done := self.answer(job)) is not None:
            return done
        kleidiai = job.binary.parent.name == "kleidiai"
        entered = {name: kleidiai and name == "kai_run_a" for name in job.trace}
        data = json.dumps(output({"BM_a": [1.0, 2.0]})).encode()
        return Done(0, 1.23456, data, (), entered if job.trace else None)


@pytest.fixture
def profile(repository: Path) -> Profile:
    """The shipped profile with proofs that fit the tiny program."""
    real = load("xnnpack-2024-11")

    def small(flavour: Flavour) -> Flavour:
        kleidiai = flavour.name == "kleidiai"
        proof = Proof(executed=("kai_run_*",)) if kleidiai else Proof(forbidden=("kai_*",))
        return flavour.model_copy(update={"proof": proof})

    return real.model_copy(update={"flavour": tuple(small(f) for f in real.flavour)})


@pytest.fixture
def out(tmp_path: Path, profile: Profile) -> Path:
    """A build with two of the three flavours."""
    out = tmp_path / "out"
    binaries = []
    for flavour in FLAVOURS:
        path = out / "bin" / flavour / "bench"
        path.parent.mkdir(parents=True)
        data = Tiny(comment=flavour.encode() + b"\0").bytes()
        path.write_bytes(data)
        path.chmod(0o755)
        digest = hashlib.sha256(data).hexdigest()
        place = path.relative_to(out).as_posix()
        binaries.append({"flavour": flavour, "path": place, "sha256": digest, "size": len(data)})
    manifest = {
        "schema_version": 1,
        "profile": profile.name,
        "toolchain": "zig",
        "archives": [
            {**ARCHIVE, "name": "KleidiAI", "prebuilt": True, "accepted_by_tree": False},
            {**ARCHIVE, "name": "XNNPACK", "prebuilt": False, "accepted_by_tree": True},
            {"name": "FP16", "prebuilt": False, "accepted_by_tree": False},
        ],
        "binaries": binaries,
    }
    (out / "build.json").write_text(json.dumps(manifest))
    return out


def plan(out: Path, **changes: Any) -> Plan:
    return Plan(out, out / "runs", **{"verify": False, **changes})


def test_identity(profile: Profile, out: Path) -> None:
    said: list[str] = []
    device = FakeDevice()
    arguments = ["--benchmark_method=encode"]
    made = execute(profile, plan(out, arguments=arguments), device, say=said.append)
    assert said == ["running upstream", "running kleidiai"]
    assert [run.path for run in made] == [
        out / "runs" / profile.name / flavour / "fake-1.json" for flavour in FLAVOURS
    ]
    for run, flavour in zip(made, FLAVOURS, strict=True):
        assert run.path is not None
        assert runs.load(run.path) == run
        identity = run.identity
        binary = out / "bin" / flavour / "bench"
        assert identity.binary == {
            "name": "bench",
            "sha256": hashlib.sha256(binary.read_bytes()).hexdigest(),
            "size": binary.stat().st_size,
        }
        assert (identity.flavour, identity.profile) == (flavour, profile.name)
        assert (identity.prebuilt, identity.accepted) == (["KleidiAI"], ["XNNPACK"])
        assert (identity.threads, identity.toolchain) == (4, "zig")
        assert (identity.benchmark, identity.method) == ("llm_block", "encode")
        assert identity.archives == [
            {"name": n, "sha256": s, "tree": t, "origin": o, "prebuilt": n == "KleidiAI"}
            for n, s, t, o in (
                ("KleidiAI", "5a", "7e", "git"),
                ("XNNPACK", "5a", "7e", "git"),
                ("FP16", None, None, None),
            )
        ]
        assert identity.arguments == arguments
        assert identity.device == {"kind": "fake", "name": "fake", "emulated": False}
        assert identity.started.endswith("+00:00")
        assert identity.seconds == 1.235
    assert [run.identity.executed for run in made] == [[], ["kai_run_a"]]
    assert device.jobs[0].args == [
        "--benchmark_method=encode",
        "--benchmark_out={output}",
        "--benchmark_out_format=json",
    ]
    assert device.jobs[0].trace == ["kai_run_a", "kai_run_b"]


def test_repetitions_in_one_process(profile: Profile, out: Path) -> None:
    device = FakeDevice()
    made = execute(profile, plan(out, repetitions=5), device)
    assert len(made) == 2
    assert all("--benchmark_repetitions=5" in job.args for job in device.jobs)


def test_interleaved(profile: Profile, out: Path) -> None:
    device, notes = FakeDevice(), []
    made = execute(profile, plan(out, repetitions=3, interleave=True), device, note=notes.append)
    order = [job.binary.parent.name for job in device.jobs]
    u, k = FLAVOURS
    assert order == [u, k, k, u, u, k]
    assert not any("repetitions" in arg for job in device.jobs for arg in job.args)
    assert [run.path.name for run in made if run.path and run.identity.flavour == u] == [
        "fake-1.json",
        "fake-2.json",
        "fake-3.json",
    ]
    assert notes[2] == f"{profile.name}: kleidiai on fake, repetition 2 of 3"


def test_chosen_flavours_and_options(profile: Profile, out: Path) -> None:
    device = FakeDevice()
    chosen = plan(out, flavours=["kleidiai"], trace=False, timeout=7)
    (run,) = execute(profile, chosen, device)
    assert run.identity.flavour == "kleidiai"
    assert run.identity.executed is None
    assert (device.jobs[0].timeout, list(device.jobs[0].trace)) == (7, [])


def test_replace_removes_this_devices_earlier_runs_only(profile: Profile, out: Path) -> None:
    execute(profile, plan(out), FakeDevice())
    execute(profile, plan(out), FakeDevice("other"))
    execute(profile, plan(out, flavours=["upstream"], replace=True), FakeDevice())
    found = sorted(
        p.relative_to(out / "runs" / profile.name).as_posix() for p in out.rglob("*-*.json")
    )
    assert found == [
        "kleidiai/fake-1.json",
        "kleidiai/other-1.json",
        "upstream/fake-2.json",
        "upstream/other-1.json",
    ]


def test_replace_keeps_the_old_when_the_new_fail(profile: Profile, out: Path) -> None:
    (old, _) = execute(profile, plan(out), FakeDevice())
    with pytest.raises(Finding):
        execute(profile, plan(out, replace=True), FakeDevice(answer=lambda job: Done(1, 1, None)))
    assert old.path is not None
    assert old.path.exists()


def test_kernels_that_were_not_executed_are_a_finding(profile: Profile, out: Path) -> None:
    data = json.dumps(output({"BM_a": [1.0]})).encode()
    device = FakeDevice(
        answer=lambda job: Done(0, 1, data, (), dict.fromkeys(job.trace, False)),
    )
    with pytest.raises(Finding, match="were not executed") as caught:
        execute(profile, plan(out), device)
    assert caught.value.why == "kleidiai: kai_run_*"
    assert len(list((out / "runs").rglob("*.json"))) == 2  # kept all the same


def test_forbidden_kernels_that_were_executed_are_a_finding(profile: Profile, out: Path) -> None:
    data = json.dumps(output({"BM_a": [1.0]})).encode()
    device = FakeDevice(
        answer=lambda job: Done(0, 1, data, (), {n: n == "kai_run_a" for n in job.trace}),
    )
    with pytest.raises(Finding, match="must be without were executed") as caught:
        execute(profile, plan(out), device)
    assert caught.value.why == "upstream: kai_run_a"  # and not kleidiai's, which may
    assert len(list((out / "runs").rglob("*.json"))) == 2  # kept all the same


def test_a_bypassed_kernel_that_was_executed_is_a_finding(profile: Profile, out: Path) -> None:
    flavours = tuple(
        f.model_copy(update={"proof": Proof(executed=("kai_run_*",), bypassed=("_start",))})
        if f.name == "kleidiai"
        else f
        for f in profile.flavour
    )
    data = json.dumps(output({"BM_a": [1.0]})).encode()
    everything = FakeDevice(answer=lambda job: Done(0, 1, data, (), dict.fromkeys(job.trace, True)))
    only = plan(out, flavours=["kleidiai"])
    with pytest.raises(Finding, match="must be without were executed") as caught:
        execute(profile.model_copy(update={"flavour": flavours}), only, everything)
    assert caught.value.why == "kleidiai: _start"


def test_forbidden_functions_are_traced_even_when_they_are_no_kernels(
    profile: Profile, out: Path
) -> None:
    entry = Proof(forbidden=("_start",))
    flavours = tuple(f.model_copy(update={"proof": entry}) for f in profile.flavour)
    device = FakeDevice()
    execute(profile.model_copy(update={"flavour": flavours}), plan(out), device)
    assert "_start" in device.jobs[0].trace


def test_a_device_that_cannot_trace_is_no_finding(profile: Profile, out: Path) -> None:
    data = json.dumps(output({"BM_a": [1.0]})).encode()
    made = execute(profile, plan(out), FakeDevice(answer=lambda job: Done(0, 1, data)))
    assert [run.identity.executed for run in made] == [None, None]


def test_a_binary_whose_proof_failed_is_not_run(profile: Profile, out: Path) -> None:
    file = out / "build.json"
    manifest = json.loads(file.read_text())
    failed = {"name": "required kai_run_*", "ok": False, "detail": "none"}
    manifest["binaries"][1]["proof"] = {"ok": False, "checks": [failed]}
    file.write_text(json.dumps(manifest))
    device = FakeDevice()
    with pytest.raises(Finding, match="kleidiai failed its proof") as caught:
        execute(profile, plan(out), device)
    assert "required kai_run_*" in caught.value.why
    assert device.jobs == []
    execute(profile, plan(out, flavours=["upstream"]), device)


def test_a_changed_binary_is_not_run(profile: Profile, out: Path) -> None:
    device = FakeDevice()
    path = out / "bin" / "kleidiai" / "bench"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(Finding, match="kleidiai is not the one that was built") as caught:
        execute(profile, plan(out), device)
    assert caught.value.where == str(path)
    assert device.jobs == []
    path.unlink()
    with pytest.raises(Finding, match="cannot be read"):
        execute(profile, plan(out), device)


def test_a_binary_that_changes_between_runs_is_seen(profile: Profile, out: Path) -> None:
    def answer(job: Job) -> None:
        (out / "bin" / "kleidiai" / "bench").write_bytes(b"other")

    device = FakeDevice(answer=answer)
    with pytest.raises(Finding, match="kleidiai is not the one that was built"):
        execute(profile, plan(out), device)
    assert len(device.jobs) == 1


@pytest.mark.parametrize(
    ("done", "what", "why"),
    [
        (Done(1, 1, None, ("a", "b", "c", "d")), "ended with exit code 1", "b\nc\nd"),
        (Done(-4, 1, None), "ended with SIGILL", "lacks an instruction"),
        (Done(-250, 1, None), "ended with signal 250", ""),
        (Done(0, 1, None, ("odd",)), "wrote no results", "odd"),
        (Done(0, 1, b""), "wrote no results", ""),
        (Done(0, 1, b'{"benchmarks": []}'), "measured nothing", ""),
    ],
)
def test_a_benchmark_that_fails(
    done: Done, what: str, why: str, profile: Profile, out: Path
) -> None:
    with pytest.raises(Finding, match=what) as caught:
        execute(profile, plan(out), FakeDevice(answer=lambda job: done))
    assert why in caught.value.why
    assert not (out / "runs").exists()


def test_output_that_is_cut(profile: Profile, out: Path) -> None:
    device = FakeDevice(answer=lambda job: Done(0, 1, b'{"benchmarks": ['))
    with pytest.raises(BadInput, match="ends too early"):
        execute(profile, plan(out), device)


def test_a_benchmark_that_reports_an_error(profile: Profile, out: Path) -> None:
    data = output({"BM_a": [1.0]})
    data["benchmarks"][0] |= {"error_occurred": True, "error_message": "no memory"}
    device = FakeDevice(answer=lambda job: Done(0, 1, json.dumps(data).encode()))
    with pytest.raises(Finding, match="upstream: BM_a failed: no memory"):
        execute(profile, plan(out), device)


def test_finished_runs_survive_a_later_failure(profile: Profile, out: Path) -> None:
    def answer(job: Job) -> Done | None:
        return Done(1, 1, None) if job.binary.parent.name == "kleidiai" else None

    with pytest.raises(Finding):
        execute(profile, plan(out), FakeDevice(answer=answer))
    (kept,) = (out / "runs").rglob("*.json")
    assert runs.load(kept).identity.flavour == "upstream"


@pytest.mark.parametrize(
    "argument",
    [
        "--benchmark_out=x",
        "--benchmark_format=csv",
        "--benchmark_repetitions=3",
        "--benchmark_list_tests",
        "--benchmark_report_aggregates_only=true",
    ],
)
def test_arguments_that_are_ours(argument: str, profile: Profile, out: Path) -> None:
    with pytest.raises(BadInput, match="cannot be given"):
        execute(profile, plan(out, arguments=[argument]), FakeDevice())


def test_what_was_not_built(profile: Profile, out: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'upstream-i8mm' has not been built") as caught:
        execute(profile, plan(out, flavours=["upstream-i8mm"]), FakeDevice())
    assert caught.value.why == "built: upstream, kleidiai"
    with pytest.raises(BadInput, match="has no flavour 'nonsense'"):
        execute(profile, plan(out, flavours=["nonsense"]), FakeDevice())
    with pytest.raises(BadInput, match="nothing has been built"):
        execute(profile, plan(tmp_path), FakeDevice())
    other = profile.model_copy(update={"name": "other"})
    with pytest.raises(BadInput, match="another profile was built here"):
        execute(other, plan(out), FakeDevice())


@pytest.mark.parametrize(
    ("context", "arguments", "threads"),
    [
        (CONTEXT, [], 4),
        ({}, ["--num_threads=2"], 2),
        ({}, ["--num_threads=2", "--num_threads=3"], 3),
        ({}, [], None),
        ({"num_threads": "many"}, [], None),
    ],
)
def test_threads(
    context: dict[str, Any],
    arguments: list[str],
    threads: int | None,
    profile: Profile,
    out: Path,
) -> None:
    data = json.dumps(output({"BM_a": [1.0]}, context)).encode()
    device = FakeDevice(answer=lambda job: Done(0, 1, data))
    (run, _) = execute(profile, plan(out, arguments=arguments), device)
    assert run.identity.threads == threads


@pytest.mark.parametrize(
    ("said", "arguments", "method"),
    [
        ({"benchmark_method": "decode"}, [], "decode"),
        ({"benchmark_method": "decode"}, ["--benchmark_method=encode"], "decode"),
        ({}, ["--benchmark_method=decode", "--benchmark_method=encode"], "encode"),
        ({}, [], None),
    ],
)
def test_method(
    said: dict[str, Any], arguments: list[str], method: str | None, profile: Profile, out: Path
) -> None:
    data = json.dumps(output({"BM_a": [1.0]}, said)).encode()
    device = FakeDevice(answer=lambda job: Done(0, 1, data))
    (run, _) = execute(profile, plan(out, arguments=arguments), device)
    assert run.identity.method == method


def test_a_run_that_does_not_fit_into_memory_is_not_started(profile: Profile, out: Path) -> None:
    much = Memory(name="all of it", benchmarks=("BM_a",), bytes=1 << 62)
    large = profile.benchmark.model_copy(update={"memory": (much,)})
    some = profile.model_copy(update={"benchmark": large})
    emulated = FakeDevice(emulated=True)
    with pytest.raises(BadEnvironment, match="memory"):
        execute(some, plan(out), emulated)
    assert emulated.jobs == []
    # A phone's memory is not this machine's.
    assert execute(some, plan(out), FakeDevice())


def test_a_counted_run_is_kept_with_its_counts(profile: Profile, out: Path) -> None:
    window = Counted(640, (SymbolCount("kai_run_a", 2, 600),))

    def answer(job: Job) -> Done:
        entered = {n: n == "kai_run_a" and "kleidiai" in str(job.binary) for n in job.trace}
        data = json.dumps(output({"BM_a": [1.0]})).encode()
        return Done(0, 1.0, data, (), entered, Counts(window, (window,), True, 1, 0))

    @dataclass
    class Counter(FakeDevice):
        can_count: bool = True

        def run(self, job: Job, say: Callable[[str], None] = lambda line: None) -> Done:
            if "--benchmark_list_tests=true" in job.args:
                say("BM_a")
                return Done(0, 1.0, None)
            return super().run(job, say)

    device = Counter(emulated=True, answer=answer)
    made = execute(profile, plan(out, count=True), device)
    for run in made:
        assert run.path is not None
        assert runs.load(run.path) == run
        assert run.counts is not None
        assert [one["instructions"] for one in run.counts["benchmarks"]] == [640]
        given = run.identity.arguments
        assert "--num_threads=1" in given
        assert "--num_threads=2" not in given
        assert [x for x in given if "min_time" in x] == ["--benchmark_min_time=0"]
    assert [run.identity.executed for run in made] == [[], ["kai_run_a"]]
    with pytest.raises(BadInput, match="fake cannot count"):
        execute(profile, plan(out, count=True), FakeDevice(emulated=True))
    with pytest.raises(BadInput, match="no repetitions"):
        execute(profile, plan(out, count=True, repetitions=3), device)
