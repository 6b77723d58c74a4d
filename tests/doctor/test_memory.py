"""A run that does not fit into memory is refused before it starts, with one that does."""

from __future__ import annotations

from pathlib import Path

import pytest
from healthy import examine
from xnnkit import profile
from xnnkit.doctor import memory, probes
from xnnkit.errors import BadEnvironment

GB = 10**9
KNOWN = {one.name: one.bytes for one in profile.load("gemma-2024-05").benchmark.memory}
QCINT8, MIXED = KNOWN


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["--benchmark_repetitions=3"], QCINT8),
        (["--benchmark_filter=all"], QCINT8),
        (["--benchmark_filter=BM_Llm_Mixed_INT48/64"], MIXED),
        (["--benchmark_filter=INT48"], MIXED),
        (["--benchmark_filter=-QCINT8"], MIXED),
        (["--benchmark_filter=/1024"], QCINT8),
        (["--benchmark_filter=Mixed", "--benchmark_filter=QCINT8"], QCINT8),
        (["--benchmark_filter=BM_Other"], ""),
        (["--benchmark_filter=("], QCINT8),
        (["--benchmark_list_tests"], ""),
        (["--benchmark_list_tests=false"], QCINT8),
        (["--help"], ""),
    ],
)
def test_what_a_run_needs(arguments: list[str], name: str) -> None:
    found = memory.needed(profile.load("gemma-2024-05"), arguments)
    assert found == (name, KNOWN.get(name, 0))


def test_without_arguments_it_is_what_an_emulator_is_given() -> None:
    assert memory.needed(profile.load("gemma-2024-05"), []) == (MIXED, KNOWN[MIXED])
    assert memory.needed(profile.load("gemma-2026-01"), [])[1] > 3 * GB
    small = profile.load("xnnpack-2024-11")
    assert memory.needed(small, []) == memory.needed(small, ["--benchmark_filter=x"]) == ("", 0)


def test_too_little_is_refused_with_what_fits() -> None:
    loaded = profile.load("gemma-2024-05")
    with pytest.raises(BadEnvironment) as caught:
        memory.refuse(loaded, ["--benchmark_filter=QCINT8/64"], lambda: 3 * GB)
    assert str(caught.value) == (
        "BM_Llm_QCINT8 needs 3.65 GB of memory under an emulator, 3.00 GB are free\n"
        "  where: MemAvailable in /proc/meminfo\n"
        "  why:   the system would end it half-way, or start to swap\n"
        "  fix:   xnnkit run gemma-2024-05 -- --benchmark_filter=BM_Llm_Mixed_INT48/64/real_time\n"
        "         ps aux --sort=-rss | head  # what is large"
    )
    assert caught.value.exit_code == 3
    with pytest.raises(BadEnvironment) as caught:
        memory.refuse(loaded, ["--benchmark_filter=Mixed"], lambda: 2 * GB)
    assert "--benchmark_filter" not in caught.value.fix


@pytest.mark.parametrize("free", [None, 4 * GB])
def test_enough_or_not_known_is_not_refused(free: int | None) -> None:
    memory.refuse(profile.load("gemma-2024-05"), ["--benchmark_repetitions=1"], lambda: free)


@pytest.mark.parametrize(
    ("free", "lacking"),
    [(6 * GB, []), (3 * GB, [QCINT8]), (GB, [QCINT8, MIXED]), (None, [])],
)
def test_the_doctor_warns(free: int | None, lacking: list[str]) -> None:
    needs = examine("gemma-2024-05", memory_available=lambda: free)
    assert [n.name for n in needs.values() if not n.ok] == [f"run {name}" for name in lacking]
    assert not any(needs[f"run {name}"].required for name in lacking)
    for name in lacking:
        assert "GB needed under an emulator" in needs[f"run {name}"].found
        assert needs[f"run {name}"].fix


def test_the_machine_and_its_group_are_asked(tmp_path: Path) -> None:
    assert probes.memory_available(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    4000 kB\n")
    assert probes.memory_available(tmp_path) == 4000 * 1024
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    assert probes.memory_available(tmp_path) == 4000 * 1024
    (group / "memory.max").write_text("1000000\n")
    (group / "memory.current").write_text("900000\n")
    (group / "memory.stat").write_text("anon 1\ninactive_file 50000\n")
    assert probes.memory_available(tmp_path) == 150000
    assert (probes.memory_available() or 0) > 0  # this machine
