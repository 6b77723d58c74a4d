"""What Bazel brought to a build is read from its output base."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from xnnkit.bazel import Bazel
from xnnkit.errors import BadEnvironment
from xnnkit.provenance.digests import dir_hash
from xnnkit.provenance.record import RuleSetRecord
from xnnkit.provenance.rule_sets import Brought, brought

PLAIN = Bazel("path", "7.7.1", ("bazel",))


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def module(root: Path, name: str, version: str) -> Path:
    text = f"""\
# module(version = "not this (nor this)")
module(
    name = "{name}",
    # a bracket (that closes)
    version = "{version}",
)
bazel_dep(name = "other", version = "9.9")
"""
    return write(root, {"MODULE.bazel": text, "cc/defs.bzl": f"# {name}\n"})


def expected(root: Path) -> str:
    files = [p for p in root.rglob("*") if p.is_file()]
    return dir_hash(
        {f.relative_to(root).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
    )


@pytest.fixture
def base(tmp_path: Path) -> Path:
    base = tmp_path / "base"
    (base / "execroot/_main/bazel-out").mkdir(parents=True)
    (base / "external").mkdir()
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws/bazel-out").symlink_to(base / "execroot/_main/bazel-out")
    return base


def test_modules_have_the_version_and_the_hash_of_what_is_there(base: Path) -> None:
    external = base / "external"
    cc = module(external / "rules_cc~", "rules_cc", "0.0.11")
    skylib = module(external / "bazel_skylib~1.7.1", "bazel_skylib", "1.7.1")
    eight = module(external / "platforms+", "platforms", "0.0.10")
    tools = write(
        external / "bazel_tools",
        {"MODULE.bazel": 'module(name = "bazel_tools")\nbazel_dep(name = "x", version = "1")\n'},
    )
    # Of extensions, of ours, made by Bazel, its book-keeping, and no module.
    module(external / "rules_java~~toolchains~local_jdk", "x", "1")
    module(external / "rules_java++toolchains+local_jdk", "x", "1")
    module(external / "rules_java~7.6.5~toolchains~local_jdk", "x", "1")
    module(external / "xnnkit~", "xnnkit", "0.1.0")
    module(external / "local_config_platform", "local_config_platform", "")
    (external / "@rules_cc~.marker").write_text("")
    (external / "empty").mkdir()
    write(base / "install", {"A-server.jar": "a server"})
    assert brought(PLAIN, base.parent / "ws") == Brought(
        server=hashlib.sha256(b"a server").hexdigest(),
        rule_sets=(
            RuleSetRecord(name="bazel_skylib", version="1.7.1", dir_hash=expected(skylib)),
            RuleSetRecord(name="bazel_tools", version="", dir_hash=expected(tools)),
            RuleSetRecord(name="platforms", version="0.0.10", dir_hash=expected(eight)),
            RuleSetRecord(name="rules_cc", version="0.0.11", dir_hash=expected(cc)),
        ),
    )


def test_a_bazel_with_a_usr_of_its_own_is_read_there(base: Path, tmp_path: Path) -> None:
    usr = tmp_path / "unpacked" / "usr"
    cc = module(usr / "share/bazel/rules/cc", "rules_cc", "0.0.11")
    write(usr / "share/bazel", {"A-server.jar": "another server"})
    (base / "external/rules_cc~").symlink_to("/usr/share/bazel/rules/cc")
    (base / "install").symlink_to("/usr/share/bazel")
    debian = Bazel("debian", "7.7.1", ("bwrap",), usr=usr)
    found = brought(debian, tmp_path / "ws")
    assert found.rule_sets == (
        RuleSetRecord(name="rules_cc", version="0.0.11", dir_hash=expected(cc)),
    )
    assert found.server == hashlib.sha256(b"another server").hexdigest()


def test_what_the_profile_pins_is_no_rule_set(base: Path) -> None:
    # Without modules, archives stand beside Bazel's own under their plain names.
    module(base / "external/XNNPACK", "XNNPACK", "1")
    module(base / "external/abseil", "abseil", "1")
    cc = module(base / "external/rules_cc", "rules_cc", "0.0.11")
    found = brought(PLAIN, base.parent / "ws", ["XNNPACK", "abseil"])
    assert found.rule_sets == (
        RuleSetRecord(name="rules_cc", version="0.0.11", dir_hash=expected(cc)),
    )


def test_any_change_of_a_rule_set_changes_its_hash(base: Path) -> None:
    root = module(base / "external/rules_cc~", "rules_cc", "0.0.11")
    before = brought(PLAIN, base.parent / "ws")
    (root / "cc/defs.bzl").write_text("# changed\n")
    assert brought(PLAIN, base.parent / "ws") != before


def test_a_build_without_its_links_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadEnvironment, match="output base"):
        brought(PLAIN, tmp_path)
