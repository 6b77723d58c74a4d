"""What Debian's Bazel needs of the host, and the registry that stands in for the central one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from programs import Fake
from xnnkit.bazel import debian, registry


def test_missing_tools_are_named_by_package(fake: Fake) -> None:
    assert debian.missing_tools() == ["apt", "dpkg", "bubblewrap"]
    fake("apt-get", "")
    fake("bwrap", "")
    assert debian.missing_tools() == ["dpkg"]
    fake("dpkg-deb", "")
    assert debian.missing_tools() == []


def test_namespaces_work_only_when_bubblewrap_makes_one(fake: Fake) -> None:
    assert not debian.namespaces_work()
    fake("bwrap", "exit 1")
    assert not debian.namespaces_work()
    fake("bwrap", "exit 0")
    assert debian.namespaces_work()


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A miniature of Debian's /usr/share/bazel."""
    root = tmp_path / "share"
    for directory in ["embedded_tools", *registry.SHIPPED.values()]:
        (root / directory).mkdir(parents=True)
        (root / directory / "MODULE.bazel").write_text('module(name = "x", version = "1")\n')
    (root / "embedded_tools/MODULE.bazel").write_text(
        'module(name = "bazel_tools")\n'
        'bazel_dep(name = "rules_cc", version = "0.0.9")\n'
        'bazel_dep(name = "zlib", version = "1.3")\n'
        'bazel_dep(\n    name = "abseil-cpp",\n    version = "20240116.1",\n)\n'
        'bazel_dep(name = "only_tests", version = "1", dev_dependency = True)\n'
    )
    (root / registry.SHIPPED["rules_java"] / "MODULE.bazel").write_text(
        'bazel_dep(name = "zlib", version = "1.3.1.bcr.1", repo_name = "z")\n'
    )
    return root


def test_the_modules_that_debian_lacks_are_named(share: Path) -> None:
    assert registry.named_modules(share) == {
        ("zlib", "1.3"),
        ("zlib", "1.3.1.bcr.1"),
        ("abseil-cpp", "20240116.1"),
    }


def test_the_registry_answers_for_each_of_them(share: Path, tmp_path: Path) -> None:
    root = tmp_path / "registry"
    registry.write(root, share)
    assert json.loads((root / "bazel_registry.json").read_text()) == {
        "module_base_path": registry.STAND_INS
    }
    folders = {p.parent.relative_to(root).as_posix() for p in root.rglob("MODULE.bazel")}
    wanted = {f"modules/{name}/{version}" for name, version in registry.named_modules(share)}
    assert folders == wanted
    for folder in wanted:
        _, name, version = folder.split("/")
        text = (root / folder / "MODULE.bazel").read_text()
        assert text == f'module(name = "{name}", version = "{version}")\n'
        source = json.loads((root / folder / "source.json").read_text())
        assert source == {"type": "local_path", "path": name}


def test_a_registry_of_an_older_xnnkit_is_written_again(share: Path, tmp_path: Path) -> None:
    share = share.rename(tmp_path / "usr-share-bazel")
    (tmp_path / "usr/share").mkdir(parents=True)
    share.rename(tmp_path / "usr/share/bazel")
    old = tmp_path / "registry/modules/zlib/1.3/source.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    debian._refresh(tmp_path)
    assert json.loads(old.read_text())["path"] == "zlib"
    assert (tmp_path / "registry" / registry.STAND_INS / "buildozer/REPO.bazel").is_file()
    assert (tmp_path / "debian.bazelrc").is_file()


def test_an_incomplete_share_directory_is_not_taken(share: Path, tmp_path: Path) -> None:
    (share / registry.SHIPPED["rules_cc"] / "MODULE.bazel").unlink()
    with pytest.raises(FileNotFoundError, match="rules/cc"):
        registry.write(tmp_path / "registry", share)


def test_the_rc_file_points_every_shipped_module_at_its_directory(tmp_path: Path) -> None:
    lines = registry.bazelrc(tmp_path).splitlines()
    assert f"common --registry=file://{tmp_path}" in lines
    overridden = [line for line in lines if "--override_module=" in line]
    assert len(overridden) == len(registry.SHIPPED)
    assert "common --override_module=rules_cc=/usr/share/bazel/rules/cc" in overridden
