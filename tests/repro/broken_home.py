"""xnnkit's data with a benchmark of a few lines, and a toolchain that can be broken on purpose."""

from __future__ import annotations

import shutil
from pathlib import Path

import tomlkit
from xnnkit import paths

PROFILE = "small-for-repro"

BUILD = """
genrule(
    name = "where",
    outs = ["where.h"],
    cmd = %s,
)

cc_binary(
    name = "small",
    srcs = ["small.cc", ":where"],
    visibility = ["//visibility:public"],
)
"""
RIGHT = r'''"echo '#define WHERE \"here\"' > $@"'''
# What a configure script does.
WRONG = r'''"echo '#define WHERE \"'$$PWD'\"' > $@"'''

SOURCE = """
#include <cstdio>
#include "small/where.h"

extern "C" const char built_at[] = "built at " WHERE;
extern "C" const char built_on[] = "built on " __DATE__ " " __TIME__;

int main(int argc, char**) { std::printf("%s %s\\n", built_at + argc, built_on + argc); }
"""

REDACTED = ("__DATE__", "__TIMESTAMP__", "__TIME__")


def make(root: Path, *, broken: bool) -> Path:
    """Write the data into ``root`` and return it.

    Args:
        root: a folder that does not exist.
        broken: the toolchain redacts no date, and a rule writes where it runs.
    """
    home = paths.home()
    skipped = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("rules", "patches", "profiles"):
        shutil.copytree(home / name, root / name, ignore=skipped)
    for name in ("MODULE.bazel", "BUILD.bazel", "LICENSE", "WORKSPACE.tmpl"):
        shutil.copyfile(home / name, root / name)
    source = root / "benchmarks/small"
    source.mkdir(parents=True)
    (source / "BUILD.bazel").write_text((BUILD % (WRONG if broken else RIGHT)).lstrip())
    (source / "small.cc").write_text(SOURCE.lstrip())
    if broken:
        flags = root / "rules/private/cc_flags.bzl"
        lines = flags.read_text().splitlines(keepends=True)
        kept = [line for line in lines if not any(f"-D{word}=" in line for word in REDACTED)]
        assert len(kept) == len(lines) - len(REDACTED)
        flags.write_text("".join(kept))
    _write_profile(home / "profiles/xnnpack-2024-11.toml", root / f"profiles/{PROFILE}.toml")
    return root


def _write_profile(source: Path, target: Path) -> None:
    pins = tomlkit.parse(source.read_text()).unwrap()
    pins["name"] = PROFILE
    benchmark = {**pins["benchmark"], "name": "small", "source": "benchmarks/small"}
    pins["benchmark"] = {**benchmark, "package": "small", "target": "small"}
    (upstream,) = [one for one in pins["flavour"] if one["name"] == "upstream"]
    upstream["proof"] = {"forbidden": ["kai_*"], "required": ["main"]}
    pins["flavour"] = [upstream]
    target.write_text(tomlkit.dumps(pins))
