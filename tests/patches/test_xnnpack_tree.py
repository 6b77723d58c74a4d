"""That what searches XNNPACK's tree finds a macro that a source would lose."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

MACROS = ("XNN_ENABLE_ARM_I8MM", "XNN_ENABLE_KLEIDIAI")


def test_a_source_reads_what_it_and_its_headers_mention(
    tmp_path: Path, xnnpack_tree: ModuleType
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.c").write_text('#include "b.h"\n// XNN_ENABLE_ARM_I8MM\n')
    (tmp_path / "src" / "b.h").write_text("#if XNN_ENABLE_KLEIDIAI\n#endif\n")
    assert xnnpack_tree.Sources(tmp_path, MACROS).reads("src/a.c") == {"XNN_ENABLE_KLEIDIAI"}
    guarded = "#if !defined(XNN_ENABLE_KLEIDIAI) || XNN_ENABLE_KLEIDIAI\nvoid f(void);\n#endif\n"
    (tmp_path / "src" / "b.h").write_text(guarded)
    assert xnnpack_tree.Sources(tmp_path, MACROS).reads("src/a.c") == set()


@pytest.mark.parametrize(
    ("label", "package", "found"),
    [
        (":a", "", ":a"),
        ("a.c", "src/b", "src/b:a.c"),
        ("//:a", "src/b", ":a"),
        ("//src/b:a", "", "src/b:a"),
        ("//src/b", "", "src/b:b"),
        ("@other//:a", "", ""),
    ],
)
def test_labels(label: str, package: str, found: str, xnnpack_tree: ModuleType) -> None:
    assert xnnpack_tree.full(label, package) == found


def test_what_a_library_is_given(
    tmp_path: Path, starlark: ModuleType, xnnpack_tree: ModuleType
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "BUILD.bazel").write_text(
        'cc_library(name = "a", srcs = ["a.c", "a.h"], local_defines = ["A=1"],'
        ' deps = ["//b"] + select({":x": [":c"], "//conditions:default": []}))\n'
        'cc_library(name = "c", defines = ["C=1"], local_defines = ["NOT=1"])\n'
    )
    (tmp_path / "b" / "BUILD").write_text('cc_library(name = "b", srcs = ["b.c"], defines = ["B"])')
    build = xnnpack_tree.Build(tmp_path, ("", "b"), starlark)
    assert build.libraries() == [":a", ":c", "b:b"]
    assert build.given(":a") == {"A", "B", "C"}
    assert (build.sources(":a"), build.sources("b:b")) == (["a.c"], ["b/b.c"])
