"""Whatever cannot be meant is refused with its file, line, key and what is legal."""

from __future__ import annotations

from pathlib import Path

import pytest
from xnnkit import profile
from xnnkit.errors import BadInput
from xnnkit.profile import ProfileError

SHA = "a" * 64
SECOND_FLAVOUR = 'name = "kleidiai"'
SECOND_ARCHIVE = 'name = "FXdiv"'

# old text, new text, the text on the line to be named, its n-th line, key, what, legal
CASES = {
    "unknown key at the top": (
        'description = "for tests"',
        'description = "for tests"\ndescripton = 1',
        ("descripton", 1),
        "descripton",
        "unknown key 'descripton'",
        "did you mean description?",
    ),
    "unknown key in an origin": (
        "size = 20",
        "size = 20\nshasum = 1",
        ("shasum", 1),
        "archive[0].origin[1].shasum",
        "unknown key 'shasum'",
        "sha256",
    ),
    "unknown key in an inline table": (
        'forbidden = ["kai_*"]',
        'forbiden = ["kai_*"]',
        ("forbiden", 1),
        "flavour[0].proof.forbiden",
        "unknown key 'forbiden'",
        "did you mean forbidden?",
    ),
    "unknown table": (
        "[bazel]",
        "[bazle]\nx = 1\n[bazel]",
        ("[bazle]", 1),
        "bazle",
        "unknown key 'bazle'",
        "did you mean bazel?",
    ),
    "missing hash": (
        f'sha256 = "{SHA}"\nsize = 30',
        "size = 30",
        ("[[archive.origin]]", 3),
        "archive[1].origin[0].sha256",
        "'sha256' is missing",
        "SHA-256",
    ),
    "malformed hash, too short": (
        f'sha256 = "{SHA}"\nsize = 20',
        'sha256 = "abc"\nsize = 20',
        ('sha256 = "abc"', 1),
        "archive[0].origin[1].sha256",
        "'sha256' cannot be 'abc'",
        "64 hexadecimal digits in lower case",
    ),
    "malformed hash, upper case": (
        f'sha256 = "{SHA}"\nsize = 40',
        f'sha256 = "{SHA.upper()}"\nsize = 40',
        (SHA.upper(), 1),
        "toolchain[0].origin[0].sha256",
        "'sha256' cannot be 'AAAA",
        "64 hexadecimal digits in lower case",
    ),
    "hash that is a number": (
        f'sha256 = "{SHA}"\nsize = 10',
        "sha256 = 7\nsize = 10",
        ("sha256 = 7", 1),
        "archive[0].origin[0].sha256",
        "valid string",
        "",
    ),
    "malformed commit": (
        f'commit = "{"b" * 40}"',
        'commit = "main"',
        ('commit = "main"', 1),
        "archive[0].commit",
        "'commit' cannot be 'main'",
        "40 hexadecimal digits",
    ),
    "two archives of one name": (
        SECOND_ARCHIVE,
        'name = "XNNPACK"',
        ('name = "XNNPACK"', 2),
        "archive[1].name",
        "two [[archive]] tables are named 'XNNPACK'",
        "each name once",
    ),
    "two flavours of one name": (
        SECOND_FLAVOUR,
        'name = "upstream"',
        ('name = "upstream"', 2),
        "flavour[1].name",
        "two [[flavour]] tables are named 'upstream'",
        "each name once",
    ),
    "flavour names an unknown archive": (
        'archives = { XNNPACK = "XNNPACK" }\nproof',
        'archives = { XNNPACK = "XNNPACKS" }\nproof',
        ("XNNPACKS", 1),
        "flavour[1].archives.XNNPACK",
        "flavour 'kleidiai' names an unknown archive 'XNNPACKS'",
        "one of FXdiv, XNNPACK; did you mean XNNPACK?",
    ),
    "flavour names an unknown patch set": (
        "xnnpack/switches",
        "xnnpack/switch",
        ("xnnpack/switch", 1),
        "flavour[0].patch_sets",
        "flavour 'upstream' names an unknown patch set 'xnnpack/switch'",
        "did you mean xnnpack/switches?",
    ),
    "patch set that is no name": (
        "xnnpack/switches",
        "../x",
        ("../x", 1),
        "flavour[0].patch_sets[0]",
        "cannot be '../x'",
        "",
    ),
    "unknown default flavour": (
        'default_flavour = "upstream"',
        'default_flavour = "upstraem"',
        ("upstraem", 1),
        "default_flavour",
        "there is no flavour 'upstraem'",
        "one of kleidiai, upstream; did you mean upstream?",
    ),
    "benchmark folder missing": (
        "benchmarks/bench",
        "benchmarks/bensh",
        ("benchmarks/bensh", 1),
        "benchmark.source",
        "there is no folder 'benchmarks/bensh'",
        "did you mean benchmarks/bench?",
    ),
    "benchmark folder outside": (
        "benchmarks/bench",
        "/tmp",
        ('source = "/tmp"', 1),
        "benchmark.source",
        "there is no folder '/tmp'",
        "benchmarks/bench",
    ),
    "toolchain without a table": (
        'toolchains = ["zig"]',
        'toolchains = ["zig", "ndk"]',
        ("toolchains", 1),
        "toolchains",
        "toolchain 'ndk' has no [[toolchain]] table",
        "one of zig",
    ),
    "unknown toolchain": (
        'toolchains = ["zig"]',
        'toolchains = ["gcc"]',
        ("toolchains", 1),
        "toolchains[0]",
        "'gcc'",
        "'zig' or 'ndk'",
    ),
    "name is not the file's": (
        'name = "small"',
        'name = "other"',
        ('name = "other"', 1),
        "name",
        "the profile is named 'other', its file 'small'",
        "small",
    ),
    "another schema version": (
        "schema_version = 1",
        "schema_version = 2",
        ("schema_version", 1),
        "schema_version",
        "schema version 2",
        "schema_version = 1",
    ),
    "unknown origin type": (
        'type = "git"',
        'type = "gti"',
        ('"gti"', 1),
        "archive[1].origin[0].type",
        "there is no origin type 'gti'",
        "did you mean git?",
    ),
    "origin without a type": (
        'type = "git"\n',
        "",
        ("[[archive.origin]]", 3),
        "archive[1].origin[0].type",
        "'type' is missing",
        "one of debian, git, http, pypi",
    ),
    "no origin at all": (
        'licence = "MIT"\n\n[[archive.origin]]',
        'licence = "MIT"\norigin = []\n[other]',
        ("origin = []", 1),
        "archive[1].origin",
        "at least 1 item",
        "",
    ),
    "size of nothing": (
        "size = 30",
        "size = 0",
        ("size = 0", 1),
        "archive[1].origin[0].size",
        "greater than 0",
        "",
    ),
    "plain http": (
        "https://example.org",
        "http://example.org",
        ("http://", 1),
        "archive[0].origin[0].url",
        "'url' cannot be",
        "https://",
    ),
    "brackets that are never closed": (
        "https://example.org",
        "https://[::1",
        ("https://[::1", 1),
        "archive[0].origin[0].url",
        "'url' cannot be",
        "https://",
    ),
    "strip prefix that leads out": (
        "FXdiv-1",
        "FXdiv/../..",
        ("strip_prefix", 1),
        "archive[1].origin[0].strip_prefix",
        "must be a relative path",
        "",
    ),
    "prebuilt before source": (
        'type = "http"',
        'type = "http"\nprebuilt = true',
        ("[[archive]]", 1),
        "archive[0]",
        "every origin is prebuilt",
        "",
    ),
    "Bazel below its minimum": (
        'version = "7.7.1"',
        'version = "7.3.9"',
        ('version = "7.3.9"', 1),
        "bazel.version",
        "Bazel 7.3.9 is not among",
        "7.4.0 <= version < 8.0.0",
    ),
    "flavour that leaves the benchmark's archive open": (
        'archives = { XNNPACK = "XNNPACK" }\nproof',
        'archives = { FXdiv = "FXdiv" }\nproof',
        ("{ FXdiv", 1),
        "flavour[1].archives",
        "does not say which archive 'XNNPACK' is",
        "XNNPACK =",
    ),
    "flavour with a name for no one": (
        SECOND_FLAVOUR,
        'name = "Kleidi AI"',
        ("Kleidi AI", 1),
        "flavour[1].name",
        "'name' cannot be 'Kleidi AI'",
        "lower-case letters",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_refused(case: str, write) -> None:
    old, new, (needle, occurrence), key, what, legal = CASES[case]
    file = write((old, new))
    with pytest.raises(ProfileError) as raised:
        profile.load("small")
    problem = raised.value.problems[0]
    numbered = enumerate(file.read_text().splitlines(), 1)
    expected = [number for number, line in numbered if needle in line][occurrence - 1]
    assert (problem.file, problem.line, problem.key) == (str(file), expected, key)
    assert what in problem.what
    assert legal in problem.legal
    assert raised.value.exit_code == 2
    shown = str(raised.value)
    assert f"{file}:{expected}: {key}" in shown
    assert what in shown


def test_every_problem_is_reported_at_once_in_the_order_of_the_file(write) -> None:
    write(
        ("size = 30", "size = -1"), ('description = "for tests"\n', ""), ("size = 20", 'size = ""')
    )
    with pytest.raises(ProfileError) as raised:
        profile.load("small")
    keys = [p.key for p in raised.value.problems]
    assert keys == ["description", "archive[0].origin[1].size", "archive[1].origin[0].size"]
    assert [p["key"] for p in raised.value.to_json()["problems"]] == keys


def test_toml_syntax_is_reported_with_line_and_column(write) -> None:
    file = write(("size = 20", "size = = 20"))
    with pytest.raises(ProfileError) as raised:
        profile.load("small")
    (problem,) = raised.value.problems
    line = file.read_text().splitlines().index("size = = 20") + 1
    assert (problem.line, problem.column) == (line, 8)
    assert "TOML syntax" in problem.what


def test_a_truncated_file_is_reported_at_its_end(write) -> None:
    file = write(('file = "ziglang.whl"', 'file = """zig'))
    with pytest.raises(ProfileError) as raised:
        profile.load("small")
    assert raised.value.problems[0].line == len(file.read_text().split("\n"))


def test_a_key_given_twice_is_refused(write) -> None:
    write(("size = 20", "size = 20\nsize = 20"))
    with pytest.raises(ProfileError, match="TOML syntax"):
        profile.load("small")


def test_not_utf8_is_reported_with_line_and_column(write) -> None:
    file = write()
    file.write_bytes(file.read_bytes().replace(b"for tests", b"for t\xe9sts"))
    with pytest.raises(ProfileError) as raised:
        profile.load("small")
    (problem,) = raised.value.problems
    assert (problem.line, problem.column) == (3, 'description = "for t'.__len__() + 1)
    assert "0xe9" in problem.what
    assert "iconv" in raised.value.fix


def test_unknown_profile_lists_the_legal_names_and_the_nearest(write) -> None:
    write()
    with pytest.raises(BadInput) as raised:
        profile.load("smal")
    assert "'smal'" in raised.value.what
    assert raised.value.why == "legal: one of small; did you mean small?"
    assert raised.value.fix == "xnnkit profile show small"


@pytest.mark.parametrize("path", ["./none.toml", "none.toml", "some/where"])
def test_a_path_that_leads_nowhere(path: str, home: Path) -> None:
    with pytest.raises(BadInput, match="no such profile file"):
        profile.load(path)


def test_check_reports_the_problems_of_all_profiles(write) -> None:
    first = write(('name = "small"', 'name = "x"'))
    second = write(("size = 20", "size = 0"), name="tiny")
    with pytest.raises(ProfileError) as raised:
        profile.check(profile.names())
    assert [p.file for p in raised.value.problems] == [str(first), str(second)]


def test_a_patch_set_is_unknown_where_there_are_none(write, home: Path) -> None:
    write()
    (home / "patches" / "xnnpack" / "switches" / "patch.toml").unlink()
    with pytest.raises(ProfileError) as raised:
        profile.load("small")
    assert raised.value.problems[0].legal == "there are none"
