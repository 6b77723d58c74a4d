"""Each way in which a build's surroundings get into a binary is found, and called by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_c import Compile, Link
from xnnkit.repro.cause import Traces
from xnnkit.repro.compare import explain

BANNER = """
const char banner[] = "built " WHAT;
int helper(int x) { return x * 3; }
int main(void) { return helper(banner[6]); }
"""


def first_cause(found: dict[str, Any]) -> tuple[str, str]:
    cause = found["causes"][0]
    return cause["name"], cause["detail"]


def test_a_date_is_named_with_both_dates_and_its_section(compile_c: Compile, link: Link) -> None:
    source = BANNER.replace("WHAT", "__DATE__")
    pair = [
        link(f"p{n}", compile_c(f"{n}.o", source, SOURCE_DATE_EPOCH=epoch), "--build-id=sha1")
        for n, epoch in enumerate(("1700000000", "1800000000"))
    ]
    found = explain(*pair)
    name, detail = first_cause(found)
    assert name == "date or time"
    assert "Nov 14 2023" in detail
    assert "Jan 15 2027" in detail
    assert found["sections"][0]["section"] == ".rodata"
    assert found["sections"][0]["symbols"] == ["banner", "banner"]
    assert found["sections"][0]["excerpts"][0] == '"built Nov 14 2023"'
    # The build id differs, too, as it must; it is no cause, and does not come first.
    assert found["sections"][-1]["section"] == ".note.gnu.build-id"


def test_a_time_of_day_is_a_date_too(compile_c: Compile) -> None:
    source = "const char* when = __TIME__;\n"
    pair = [
        compile_c(f"{n}.o", source, SOURCE_DATE_EPOCH=epoch)
        for n, epoch in enumerate(("1700000000", "1700003723"))
    ]
    assert first_cause(explain(*pair))[0] == "date or time"


def test_seconds_since_1970_are_a_date_too(compile_c: Compile) -> None:
    pair = [
        compile_c(f"{n}.o", f'const char* when = "stamp {epoch}";\n')
        for n, epoch in enumerate(("1700000000", "1800000000"))
    ]
    assert first_cause(explain(*pair))[0] == "date or time"


def test_an_absolute_path_is_named_even_when_nobody_said_where_it_was_built(
    compile_c: Compile, link: Link, tmp_path: Path
) -> None:
    source = "#line 1 FILE\n" + BANNER.replace("WHAT", "__FILE__")
    pair = []
    for n, place in enumerate(("one", "a/longer/place")):
        file = tmp_path / place / "source.c"
        text = source.replace("FILE", f'"{file}"', 1)
        pair.append(link(f"p{n}", compile_c(f"{n}.o", text, cwd=tmp_path / place)))
    found = explain(*pair)
    name, detail = first_cause(found)
    assert name == "build path"
    assert f"{tmp_path}/one/source.c" in detail
    assert "prefix-map" in found["causes"][0]["fix"]


def test_a_path_in_debug_information_alone_is_a_build_path_there(
    compile_c: Compile, tmp_path: Path
) -> None:
    source = "int f(int x) { return x; }\n"
    pair = [
        compile_c(f"{n}.o", source, "-g", cwd=tmp_path / place)
        for n, place in enumerate(("one", "another"))
    ]
    found = explain(*pair)
    names = [cause["name"] for cause in found["causes"]]
    assert names == ["build path", "debug information only"]
    assert found["causes"][0]["detail"].startswith(".debug_")
    mapped = [
        compile_c(f"m{n}.o", source, "-g", "-fdebug-compilation-dir=.", cwd=tmp_path / place)
        for n, place in enumerate(("one", "another"))
    ]
    assert mapped[0].read_bytes() == mapped[1].read_bytes()


@pytest.mark.parametrize(
    ("what", "words"), [("host name", ("builder-17", "elsewhere")), ("user name", ("ada", "grace"))]
)
def test_names_of_the_machine_and_of_the_user_are_found(
    compile_c: Compile, what: str, words: tuple[str, str]
) -> None:
    pair = [
        compile_c(f"{n}.o", f'const char* who = "made by {word} today";\n')
        for n, word in enumerate(words)
    ]
    kind = what.split()[0]
    traces = tuple(Traces((), **{kind: word}) for word in words)
    name, detail = first_cause(explain(*pair, (traces[0], traces[1])))
    assert name == what
    assert words[0] in detail
    assert words[1] in detail


def test_only_a_random_build_id(compile_c: Compile, link: Link) -> None:
    one = compile_c("0.o", BANNER.replace("WHAT", '"x"'))
    pair = [link("p0", one, "--build-id=0x11"), link("p1", one, "--build-id=0x22")]
    found = explain(*pair)
    assert first_cause(found)[0] == "build id only"
    assert [row["section"] for row in found["sections"]] == [".note.gnu.build-id"]


def test_objects_linked_in_another_order(compile_c: Compile, link: Link) -> None:
    main = compile_c("m.o", "int f(void); int g(void); int main(void) { return f() + g(); }")
    f = compile_c("f.o", "int f(void) { return 11; }")
    g = compile_c("g.o", "int g(void) { return 22; }")
    found = explain(link("p0", main, f, g), link("p1", main, g, f))
    name, detail = first_cause(found)
    assert name == "order of symbols"
    assert "f | g" in detail


def test_a_function_that_only_one_build_has(compile_c: Compile, link: Link) -> None:
    plain = "int main(void) { return 1; }\n"
    more = compile_c("1.o", plain + "int kai_extra(void) { return 2; }\n")
    found = explain(link("p0", compile_c("0.o", plain)), link("p1", more))
    assert first_cause(found) == ("other symbols", "only in the second: kai_extra")


def test_other_code_without_a_known_cause_names_the_function(
    compile_c: Compile, link: Link
) -> None:
    source = "int steady(int x) { return x + 1; }\nint main(void) { return steady(%d); }\n"
    pair = [link(f"p{n}", compile_c(f"{n}.o", source % value)) for n, value in enumerate((3, 4))]
    found = explain(*pair)
    assert found["sections"][0]["symbols"] == ["main", "main"]
    assert first_cause(found) == ("unknown", "1 function(s) differ: main")


def test_another_compiler_is_seen_in_the_comment(compile_c: Compile) -> None:
    pair = [
        compile_c(f"{n}.o", f'__asm__(".ident \\"compiler {n}\\"");\nint f(void) {{ return 1; }}\n')
        for n in (0, 1)
    ]
    name, detail = first_cause(explain(*pair))
    assert name == "another compiler"
    assert "compiler 0" in detail


def test_a_file_that_is_no_elf_differs_without_a_section(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("two")
    found = explain(tmp_path / "a", tmp_path / "b")
    assert found["sections"] == []
    assert first_cause(found)[0] == "unknown"


def test_a_path_that_both_files_have_is_no_cause(compile_c: Compile) -> None:
    """What stands before it may be data that happens to be printable."""
    pair = [
        compile_c(f"{n}.o", f'const char mixed[] = "{letter}:/opt/data/file /proc/self/maps";\n')
        for n, letter in enumerate("xy")
    ]
    assert first_cause(explain(*pair))[0] == "unknown"
