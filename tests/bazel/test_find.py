"""Which Bazel is taken, and what is said of those that are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from programs import Fake
from xnnkit.bazel import debian, find, registry
from xnnkit.bazel.find import allowed, already_there, on_path, version_of
from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.profile import Bazel as Requirement


@pytest.mark.parametrize(
    ("version", "legal"),
    [
        ("7.3.99", False),
        ("7.4.0", True),
        ("7.10.0", True),
        ("7.99.1", True),
        ("8.0.0", False),
        ("10.0.0", False),
        ("6.9.9", False),
    ],
)
def test_versions_are_compared_as_numbers(
    requirement: Requirement, version: str, legal: bool
) -> None:
    assert allowed(version, requirement) is legal


def test_a_bazel_of_the_right_version_is_taken(fake: Fake, requirement: Requirement) -> None:
    program = fake("bazel", "echo bazel 7.5.0")
    found, notes = on_path(requirement)
    assert found is not None
    assert (found.kind, found.version, found.program) == ("path", "7.5.0", (str(program),))
    assert notes == []
    assert find(requirement) == found


def test_debians_version_with_a_suffix_is_understood(fake: Fake) -> None:
    program = fake("bazel", "echo 'bazel 7.7.1-debian (@non-git)'")
    assert version_of(str(program), "7.7.1") == "7.7.1"


def test_one_that_is_too_old_is_passed_over_for_bazelisk(
    fake: Fake, requirement: Requirement
) -> None:
    old = fake("bazel", "echo bazel 6.5.0")
    bazelisk = fake("bazelisk", 'echo "bazel $USE_BAZEL_VERSION"')
    found, notes = on_path(requirement)
    assert found is not None
    assert (found.version, found.program) == ("7.7.1", (str(bazelisk),))
    assert notes == [f"{old}: is 6.5.0; legal is 7.4.0 up to, not including, 8.0.0"]


def test_bazelisk_without_its_servers_is_noted_and_nothing_is_found(
    fake: Fake, requirement: Requirement
) -> None:
    program = fake("bazelisk", "echo 'could not download Bazel' >&2\nexit 1")
    found, notes = on_path(requirement)
    assert found is None
    assert notes == [f"{program}: does not say its version (bazelisk without its servers?)"]


def test_a_version_in_an_error_message_is_not_a_version(fake: Fake) -> None:
    program = fake("bazelisk", "echo 'no bazel 7.7.1 to be had' >&2\nexit 1")
    assert version_of(str(program), "7.7.1") is None


def test_a_program_that_cannot_be_started_has_no_version(tmp_path: Path) -> None:
    assert version_of(str(tmp_path / "absent"), "7.7.1") is None


def test_the_version_is_asked_outside_of_any_workspace(fake: Fake, tmp_path: Path) -> None:
    program = fake("bazel", f"pwd > {tmp_path}/cwd; echo bazel 7.7.1")
    assert version_of(str(program), "7.7.1") == "7.7.1"
    assert (tmp_path / "cwd").read_text().strip() != os.getcwd()


@pytest.mark.parametrize("script", ["echo bazel 8.0.0", "echo hello", "exit 3"])
def test_a_wrong_xnnkit_bazel_is_refused_and_not_replaced(
    fake: Fake, requirement: Requirement, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    fake("bazel", "echo bazel 7.7.1")
    given = fake("mine", script)
    monkeypatch.setenv("XNNKIT_BAZEL", str(given))
    with pytest.raises(BadInput, match="XNNKIT_BAZEL is") as caught:
        find(requirement)
    assert caught.value.where == str(given)
    assert "7.4.0" in caught.value.why
    assert "8.0.0" in caught.value.why


def test_a_right_xnnkit_bazel_goes_before_path(
    fake: Fake, requirement: Requirement, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("bazel", "echo bazel 7.7.1")
    given = fake("mine", "echo bazel 7.4.2")
    monkeypatch.setenv("XNNKIT_BAZEL", str(given))
    found = find(requirement)
    assert (found.kind, found.version, found.program) == ("given", "7.4.2", (str(given),))


def test_without_any_the_message_says_what_was_tried(fake: Fake, requirement: Requirement) -> None:
    with pytest.raises(BadEnvironment) as caught:
        find(requirement)
    assert caught.value.why == "no bazel and no bazelisk on PATH"
    assert "bazelisk" in caught.value.fix


def test_debians_failure_is_told_together_with_what_was_on_path(
    fake: Fake, with_debian: Requirement
) -> None:
    fake("bazel", "echo bazel 6.0.0")
    with pytest.raises(BadEnvironment) as caught:
        find(with_debian)
    assert "is 6.0.0" in caught.value.why
    assert "Debian's: missing: apt, dpkg, bubblewrap" in caught.value.why
    assert "apt-get install -y apt dpkg bubblewrap" in caught.value.fix


def test_debians_bazel_counts_as_there_only_when_it_is_ready(with_debian: Requirement) -> None:
    root = debian.location(with_debian)
    assert "testing" in root.name
    assert "7.7.1" in root.name
    root.mkdir(parents=True)
    assert already_there(with_debian) is None
    (root / debian.READY).write_text("7.7.1\n")
    assert already_there(with_debian) == root


def test_debians_bazel_that_is_ready_is_started_in_a_namespace(
    fake: Fake, with_debian: Requirement
) -> None:
    root = debian.location(with_debian)
    (root / "usr/lib/jvm/java-21-openjdk-amd64").mkdir(parents=True)
    (root / debian.READY).write_text("7.7.1\n")
    (root / "registry" / registry.STAND_INS).mkdir(parents=True)
    found = find(with_debian)
    assert (found.kind, found.version) == ("debian", "7.7.1")
    words = found.argv("build", "//:x")
    assert words[0] == "bwrap"
    at = words.index("--ro-bind")
    assert words[at : at + 3] == ["--ro-bind", str(root / "usr"), "/usr"]
    assert words.index("/usr/bin/bazel") < words.index("--nosystem_rc") < words.index("build")
    assert "--server_javabase=/usr/lib/jvm/java-21-openjdk-amd64" in words


def test_a_set_up_of_an_older_xnnkit_gets_this_ones_rc_file(
    fake: Fake, with_debian: Requirement
) -> None:
    root = debian.location(with_debian)
    (root / "usr/lib/jvm/java-21-openjdk-amd64").mkdir(parents=True)
    (root / debian.READY).write_text("7.7.1\n")
    (root / "registry" / registry.STAND_INS).mkdir(parents=True)
    rc = root / "debian.bazelrc"
    rc.write_text("common --noenable_workspace\n")
    find(with_debian)
    text = rc.read_text()
    assert f"common --registry=file://{root / 'registry'}\n" in text
    # It is read after the workspace's own, which must be able to choose WORKSPACE mode.
    assert "enable_workspace" not in text
    assert "enable_bzlmod" not in text
    before = rc.stat().st_mtime_ns
    find(with_debian)
    assert rc.stat().st_mtime_ns == before


def test_debians_bazel_without_java_says_how_to_start_over(
    fake: Fake, with_debian: Requirement
) -> None:
    root = debian.location(with_debian)
    root.mkdir(parents=True)
    (root / debian.READY).write_text("7.7.1\n")
    (root / "registry" / registry.STAND_INS).mkdir(parents=True)
    with pytest.raises(BadEnvironment) as caught:
        find(with_debian)
    assert "without Java" in caught.value.why
    assert f"rm -r {root}" in caught.value.fix
