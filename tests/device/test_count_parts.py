"""The parts of counting that need no qemu: the plugin's files, its compilation, and attribution."""

from __future__ import annotations

import hashlib
import platform
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tiny_elf import Tiny
from xnnkit.archives.cache import Cache
from xnnkit.device import Job, count, count_file, count_plugin
from xnnkit.device.count import ELSEWHERE, Marks, SymbolCount
from xnnkit.device.count_file import Block, CountFile
from xnnkit.device.qemu import Qemu
from xnnkit.elf import ElfFacts, Function
from xnnkit.errors import BadEnvironment, BadInput


def facts(
    *functions: Function, kind: str = "executable", code: int = 0x1000, symbols: bool = True
) -> ElfFacts:
    return ElfFacts(
        Path("p"), 0, "AArch64", 64, kind, "", (), "", (), symbols, functions, code_address=code
    )


def file(*rows: tuple[int, int, int]) -> CountFile:
    """Return a file with these blocks: address, instructions, executions."""
    blocks = tuple(Block(address, number) for address, number, _ in rows)
    return CountFile(blocks, tuple(times for _, _, times in rows), (), True, 1, 0)


def write(
    path: Path,
    blocks: list[tuple[int, int, int]],
    windows: list[dict[int, int]],
    *,
    bias: int = 0,
    finished: int | None = None,
) -> Path:
    """Write what the plugin writes."""
    count = len(windows) if finished is None else finished
    head = struct.pack("=16s7Q", count_file.MAGIC, len(blocks), 1, 2, 3, bias, count, count)
    body = b"".join(struct.pack("=3Q", *block) for block in blocks)
    path.write_bytes(head.ljust(count_file.HEAD_BYTES, b"\0") + body + bytes(24))
    data = b""
    for window in windows:
        data += struct.pack("=Q", len(window))
        data += b"".join(struct.pack("=2Q", *pair) for pair in window.items())
    path.with_name(path.name + ".windows").write_bytes(data)
    return path


def test_read(tmp_path: Path) -> None:
    blocks = [(0x5000, 3, 7), (0x6000, 1, 0)]
    found = count_file.read(write(tmp_path / "f", blocks, [{0: 2}, {0: 5, 1: 1}], bias=0x4000))
    assert found.blocks == (Block(0x1000, 3), Block(0x2000, 1))
    assert found.executed == (7, 0)
    assert found.windows == ({0: 2}, {0: 5, 1: 1})
    assert (found.ended, found.vcpus, found.forks) == (True, 2, 3)
    assert found.whole() == {0: 7}
    assert found.instructions(found.windows[1]) == 16


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"nothing"),
        lambda path: path.write_bytes(path.read_bytes()[: count_file.HEAD_BYTES + 30]),
        lambda path: path.with_name("f.windows").write_bytes(b"\1\0\0"),
        lambda path: path.with_name("f.windows").write_bytes(b"\5" + bytes(20)),
        lambda path: path.with_name("f.windows").write_bytes(b""),
    ],
)
def test_damaged_files(spoil: Callable[[Path], object], tmp_path: Path) -> None:
    path = write(tmp_path / "f", [(0, 1, 1), (4, 1, 1)], [{0: 1}])
    spoil(path)
    with pytest.raises(BadEnvironment, match="damaged"):
        count_file.read(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment, match="cannot be read"):
        count_file.read(tmp_path / "f")


def test_a_block_through_two_functions_is_shared_out() -> None:
    where = facts(Function(0x1000, 8, "a"), Function(0x1008, 8, "b"))
    found = count.attribute(where, file((0x1004, 3, 10), (0x1000, 1, 2), (0x1008, 1, 5)))
    # The first block ends a and runs into b: that is no entry of b, and a's is its own first block.
    assert found.whole.symbols == (SymbolCount("b", 5, 25), SymbolCount("a", 2, 12))
    assert found.whole.instructions == 37


def test_what_is_in_no_function() -> None:
    where = facts(Function(0x1000, 8, "a"), Function(0x2000, 0, "open"))
    found = count.attribute(where, file((0x1008, 2, 1), (0xFF0, 1, 1), (0x2010, 4, 1)))
    assert found.whole.symbols == (SymbolCount("open", 0, 4), SymbolCount(ELSEWHERE, 0, 3))


def test_two_names_of_one_function_are_one() -> None:
    where = facts(
        Function(0x1000, 8, "alias"),
        Function(0x1000, 8, "xnn_f32_gemm_ukernel_4x4"),
        Function(0x1000, 0, "xnn_f32_gemm_ukernel_2x2"),
    )
    (one,) = count.attribute(where, file((0x1000, 2, 3))).whole.symbols or ()
    assert one == SymbolCount("xnn_f32_gemm_ukernel_4x4", 3, 6)


_FUNCTIONS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda p: (p[0] * 4, p[1] * 4)),
    max_size=8,
    unique_by=lambda pair: pair[0],
)
_BLOCKS = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9), st.integers(1, 5)), max_size=6)


@given(_FUNCTIONS, _BLOCKS)
@example(functions=[(0, 16), (4, 0), (8, 4)], blocks=[(0, 4, 1)])  # one without a size inside
def test_every_instruction_is_where_the_latest_function_that_holds_it_is(
    functions: list[tuple[int, int]], blocks: list[tuple[int, int, int]]
) -> None:
    rows = [(at * 4, number, times) for at, number, times in blocks]
    where = facts(*(Function(at, size, f"f{at}") for at, size in functions))
    starts = sorted(at for at, _ in functions)

    def owner(address: int) -> str:
        holding = []
        for at, size in functions:
            after = [other for other in starts if other > at]
            end = at + size if size else (after[0] if after else 1 << 62)
            if at <= address < end:
                holding.append(at)
        return f"f{max(holding)}" if holding else ELSEWHERE

    expected: dict[str, int] = {}
    for at, number, times in rows:
        for i in range(number):
            name = owner(at + 4 * i)
            expected[name] = expected.get(name, 0) + times
    found = count.attribute(where, file(*rows)).whole
    assert {one.name: one.instructions for one in found.symbols or ()} == expected
    assert found.instructions == sum(expected.values())


def test_options() -> None:
    functions = (Function(0x1000, 4, "a"), Function(0x2000, 4, "b"), Function(0x3000, 4, "c"))
    marks = Marks(begin=("a", "c"), end=("b", "gone"), pause=("gone",))
    assert count.options(facts(*functions), marks) == ["begin=1000:3000", "end=2000"]
    moved = facts(*functions, kind="position-independent")
    assert count.options(moved, Marks()) == ["code=1000"]


@pytest.mark.parametrize(("symbols", "why"), [(True, "none of its"), (False, "stripped")])
def test_nothing_marks_a_window(symbols: bool, why: str) -> None:
    with pytest.raises(BadInput, match="ends a window") as caught:
        count.options(facts(Function(0, 4, "a"), symbols=symbols), Marks(begin=("a",), end=("z",)))
    assert why in caught.value.why


@pytest.mark.parametrize(
    ("version", "api"), [("6.2.0", 1), ("7.2.22", 1), ("8.2.2", 1), ("9.0.0", 2), ("10.2.0", 2)]
)
def test_the_interface_that_a_qemu_has(version: str, api: int) -> None:
    assert count_plugin.api(version) == api


@pytest.mark.parametrize("version", ["5.2.0", "4.2", "unknown", ""])
def test_a_qemu_that_is_too_old(version: str) -> None:
    with pytest.raises(BadEnvironment, match="cannot count") as caught:
        count_plugin.api(version)
    assert "qemu 6" in caught.value.why


def fake_compiler(path: Path, script: str) -> Path:
    """Write a compiler that notes its arguments and does as the script says, with $out set."""
    program = path / "cc"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {path}/log\n'
        'while [ "$1" != -o ]; do shift; done\nout=$2\n'
        f"{script}\n"
    )
    program.chmod(0o755)
    return program


def test_it_is_compiled_once_for_each_interface(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = fake_compiler(tmp_path, 'echo plugin > "$out"')
    monkeypatch.setenv("CC", f"{program} -m64")
    made = count_plugin.plugin("7.2.22", cache=tmp_path / "c")
    assert made.read_text() == "plugin\n"
    assert count_plugin.plugin("8.0.0", cache=tmp_path / "c") == made
    assert count_plugin.plugin("10.0.0", cache=tmp_path / "c") != made
    log = (tmp_path / "log").read_text().splitlines()
    assert len(log) == 2
    assert "-m64" in log[0]
    assert "-DAPI=1" in log[0]
    assert "-DAPI=2" in log[1]
    assert sorted(p.suffix for p in (tmp_path / "c").iterdir()) == [".so", ".so"]


def test_another_source_is_another_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", str(fake_compiler(tmp_path, 'echo plugin > "$out"')))
    first = count_plugin.plugin("7.2.22", cache=tmp_path / "c")
    other = tmp_path / "count.c"
    other.write_text(count_plugin.SOURCE.read_text() + "\n")
    monkeypatch.setattr(count_plugin, "SOURCE", other)
    assert count_plugin.plugin("7.2.22", cache=tmp_path / "c") != first


@pytest.mark.parametrize("script", ["echo no such thing >&2; exit 1", "echo no such thing"])
def test_a_compiler_that_fails(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = fake_compiler(tmp_path, script)
    monkeypatch.setenv("CC", str(program))
    with pytest.raises(BadEnvironment, match="cannot be compiled") as caught:
        count_plugin.plugin("7.2.22", cache=tmp_path / "c")
    assert str(program) in caught.value.where
    assert caught.value.why == "no such thing"
    assert list((tmp_path / "c").iterdir()) == []


def test_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "nothing")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadEnvironment, match="no C compiler") as caught:
        count_plugin.plugin("7.2.22", cache=tmp_path / "c")
    assert "apt-get install gcc" in caught.value.fix
    (tmp_path / "zig").write_text("#!/bin/sh\n")
    (tmp_path / "zig").chmod(0o755)
    assert count_plugin.compiler() == [str(tmp_path / "zig"), "cc"]


def test_pythons_zig_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert count_plugin.compiler()[1:] == ["-m", "ziglang", "cc"]


def fake_qemu(path: Path, options: str, monkeypatch: pytest.MonkeyPatch) -> Qemu:
    """A qemu 10 with these options in its help, which loads nothing, and a compiler that works."""
    program = path / "qemu-aarch64"
    program.write_text(
        "#!/bin/sh\n"
        f'case "$*" in --version) echo "version 10.0.2";; -h) echo "{options}";;\n'
        "*help) echo max;; *) echo no plugin here; exit 1;; esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("CC", str(fake_compiler(path, 'echo plugin > "$out"')))
    return Qemu(program=str(program))


def test_a_qemu_without_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    qemu = fake_qemu(tmp_path, "-cpu -d", monkeypatch)
    with pytest.raises(BadEnvironment, match=r"10\.0\.2 was built without plugins") as caught:
        qemu.run(Job(Tiny().write(tmp_path / "p"), count=Marks()))
    assert "Debian 12" in caught.value.fix
    assert not (tmp_path / "log").exists()  # nothing was compiled for it


def test_a_qemu_that_refuses_the_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    qemu = fake_qemu(tmp_path, "-cpu -plugin", monkeypatch)
    with pytest.raises(BadEnvironment, match="did not load the plugin") as caught:
        qemu.run(Job(Tiny().write(tmp_path / "p"), count=Marks()))
    assert caught.value.why == "no plugin here"
    assert "-DAPI=2" in (tmp_path / "log").read_text()


def test_the_zig_that_a_profile_has_fetched_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "wheel"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("ziglang/zig", "#!/bin/sh\n")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    blob = Cache(tmp_path / "cache").blob_path(digest)
    origin = SimpleNamespace(sha256=digest, archive_format="whl", strip_prefix="ziglang")
    missing = SimpleNamespace(sha256="0" * 64, archive_format="whl", strip_prefix="ziglang")
    host = f"{platform.system().lower()}-{platform.machine()}"
    zig = SimpleNamespace(name="zig", host=host, origin=(missing, origin))
    pins = SimpleNamespace(toolchain=(zig,))
    monkeypatch.setattr("xnnkit.profile.names", lambda: ["one"])
    monkeypatch.setattr("xnnkit.profile.load", lambda name: pins)
    assert count_plugin._fetched_zig(tmp_path / "cache") is None
    blob.parent.mkdir(parents=True)
    wheel.rename(blob)
    for _ in range(2):  # unpacked once, then found
        found = count_plugin._fetched_zig(tmp_path / "cache")
        assert found is not None
        assert (found.name, found.stat().st_mode & 0o111) == ("zig", 0o111)
