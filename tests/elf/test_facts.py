"""What is read from an ELF file, and that nothing but facts or a refusal comes out of any bytes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_elf import BASE, Tiny
from xnnkit import elf
from xnnkit.errors import BadInput


def test_a_static_program(tmp_path: Path) -> None:
    facts = elf.inspect(Tiny().write(tmp_path / "p"))
    assert (facts.machine, facts.bits, facts.kind) == ("AArch64", 64, "executable")
    assert facts.linking == "static"
    assert facts.needed == ()
    assert facts.build_id == "1234"
    assert facts.comments == ("tiny 1.0",)
    assert facts.size == (tmp_path / "p").stat().st_size
    assert facts.code_address == BASE


def test_functions_are_defined_functions_only(tmp_path: Path) -> None:
    path = Tiny(undefined=("kai_run_elsewhere",)).write(tmp_path / "p")
    facts = elf.inspect(path)
    # kai_run_object is an object, kai_run_elsewhere is not defined here.
    assert facts.names == {"_start", "kai_run_a", "kai_run_b"}
    a, b = (f for f in facts.functions if f.name.startswith("kai_"))
    assert b.address - a.address == 4
    assert (a.size, b.size) == (4, 8)


@pytest.mark.parametrize(
    ("change", "linking"),
    [
        ({"interpreter": b"/system/bin/linker64", "needed": b"libc.so"}, "bionic"),
        ({"interpreter": b"/lib/ld-linux-aarch64.so.1", "needed": b"libc.so.6"}, "dynamic"),
        ({"needed": b"libc.so.6"}, "dynamic"),
        ({"interpreter": b"/lib/ld.so"}, "dynamic"),
        ({"pie": True}, "static"),
    ],
)
def test_linking(change: dict[str, object], linking: str, tmp_path: Path) -> None:
    facts = elf.inspect(Tiny(**change).write(tmp_path / "p"))  # type: ignore[arg-type]
    assert facts.linking == linking
    wanted = change.get("needed", b"")
    assert isinstance(wanted, bytes)
    assert facts.needed == ((wanted.decode(),) if wanted else ())


def test_without_a_symbol_table(tmp_path: Path) -> None:
    facts = elf.inspect(Tiny(symbols=False).write(tmp_path / "p"))
    assert not facts.has_symbols
    assert facts.functions == ()


def test_compressed_sections_are_opened(tmp_path: Path) -> None:
    path = Tiny(debug=b"/home/somebody/build/x.c\0" * 9).write(tmp_path / "p")
    assert b"/home/somebody" not in path.read_bytes()
    assert b"/home/somebody" in elf.inspect(path).extra[0]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "not an ELF file"),
        (b"#!/bin/sh\n", "not an ELF file"),
        (b"\x7fELF", "a damaged ELF file"),
        (b"\x7fELF\x02\x01\x01" + bytes(20), "a damaged ELF file"),
    ],
)
def test_what_is_no_elf_file_is_refused(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=what) as caught:
        elf.inspect(path)
    assert caught.value.where == str(path)


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_cannot_be_read_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        elf.inspect(tmp_path / name)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flips=st.lists(st.tuples(st.integers(4, 3000), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 3000),
)
def test_damage_gives_facts_or_a_refusal(
    flips: list[tuple[int, int]], cut: int, tmp_path: Path
) -> None:
    data = bytearray(Tiny(interpreter=b"/lib/ld.so", needed=b"libc.so", debug=b"x" * 99).bytes())
    for at, value in flips:
        data[at % len(data)] = value
    data[:4] = b"\x7fELF"
    path = tmp_path / "p"
    path.write_bytes(data[: max(4, len(data) - cut)] if cut % 2 else data)
    with suppress(BadInput):
        assert elf.inspect(path).linking in {"static", "dynamic", "bionic", "object"}


def test_names() -> None:
    names = [
        "kai_run_x.llvm.77",
        "xnn_f32_vadd_ukernel__neon_u8",
        "main",
        "kai_get_m_step",
        "xnn_x",
    ]
    assert elf.kernels(names) == ["kai_run_x.llvm.77", "xnn_f32_vadd_ukernel__neon_u8"]
    assert elf.matching(names, "kai_run_x") == ["kai_run_x.llvm.77"]
    assert elf.matching(names, "KAI_*") == []
    assert elf.matching(names) == []
    assert elf.matching(["a", "b", "a"], "a", "?") == ["a", "b"]
    assert elf.matching(["ab", "c", "d"], "a*|d") == ["ab", "d"]
    assert elf.is_kernel("kai_run_x")
    assert elf.is_kernel("xnn_kleidiai_qd8_f32_qc4w_gemm_1x16__neondot")
    assert not elf.is_kernel("xnn_kleidiai_reshape")
    assert not elf.is_kernel("my_kai_run_x")
