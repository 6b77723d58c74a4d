"""The release of the module: the same bytes twice, and a registry is told what is true of them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import xnnkit
from xnnkit import profile as profiles

ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


@pytest.fixture(scope="module")
def release() -> ModuleType:
    """The script, as a module."""
    file = Path(__file__).resolve().parents[2] / "tools" / "make_release.py"
    spec = importlib.util.spec_from_file_location("make_release", file)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def git(root: Path, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=root,
        env={**os.environ, **ENVIRONMENT, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, repository: Path, release: ModuleType) -> Path:
    """A repository with the files that a release looks into, a program and a symlink."""
    root = tmp_path / "project"
    named = (".bcr/metadata.template.json", ".bcr/source.template.json", ".bcr/presubmit.yml")
    for name in (*release._VERSIONED, *named):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes((repository / name).read_bytes())
    (root / "run").write_text("#!/bin/sh\n")
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("run")
    deep = root / ("d" * 90) / ("e" * 90)
    deep.mkdir(parents=True)
    (deep / "ü").write_text("a long path")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "one")
    return root


def made(release: ModuleType, root: Path, out: Path, ref: str = "HEAD") -> bytes:
    found = release.make(release.entries(root, ref), out)
    data: bytes = found.archive.read_bytes()
    return data


def test_two_makings_are_the_same_bytes(
    release: ModuleType, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = made(release, project, tmp_path / "one")
    before = os.umask(0o077)
    try:
        for name, value in {
            "TZ": "Asia/Tokyo",
            "LC_ALL": "C.UTF-8",
            "HOME": "/nonexistent",
        }.items():
            monkeypatch.setenv(name, value)
        time.tzset()
        monkeypatch.setattr(time, "time", lambda: 4e9)
        other = tmp_path / "elsewhere"
        subprocess.run(["cp", "-r", str(project), str(other)], check=True)
        for path in other.rglob("*"):
            if ".git" not in path.parts:
                os.utime(path, (1, 1), follow_symlinks=False)
        two = made(release, other, tmp_path / "two")
        three = made(release, other, tmp_path / "three", ref="")
    finally:
        os.umask(before)
        monkeypatch.undo()
        time.tzset()
    assert one == two == three


def test_the_same_tree_in_another_commit_is_the_same_release(
    release: ModuleType, project: Path, tmp_path: Path
) -> None:
    one = made(release, project, tmp_path / "one")
    later = {
        "GIT_AUTHOR_DATE": "2030-01-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2030-01-01T00:00:00Z",
    }
    git(project, "commit", "-q", "--allow-empty", "-m", "two", **later)
    assert made(release, project, tmp_path / "two") == one


def test_the_archive_holds_the_tracked_files_and_nothing_else(
    release: ModuleType, project: Path, tmp_path: Path
) -> None:
    (project / "untracked").write_text("x")
    data = made(release, project, tmp_path / "out")
    assert data[4:8] == b"\0\0\0\0"
    assert not data[3] & 0x08  # no name in the header
    file = tmp_path / "out" / f"xnnkit-{xnnkit.__version__}.tar.gz"
    with tarfile.open(file) as archive:
        members = {m.name.partition("/")[2]: m for m in archive.getmembers()}
        assert sorted(members) == git(project, "-c", "core.quotePath=off", "ls-files").splitlines()
        assert {m.name.partition("/")[0] for m in archive.getmembers()} == {
            f"xnnkit-{xnnkit.__version__}"
        }
    facts = {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members.values()}
    assert facts == {(0, 0, "", "", release.MTIME)}
    assert members["run"].mode == 0o755
    assert members["MODULE.bazel"].mode == 0o644
    assert members["link"].linkname == "run"


def test_the_working_tree_may_be_released_to_try_it(
    release: ModuleType, project: Path, tmp_path: Path
) -> None:
    committed = made(release, project, tmp_path / "one")
    (project / "run").write_text("#!/bin/sh\n# changed\n")
    assert made(release, project, tmp_path / "two") == committed
    assert made(release, project, tmp_path / "three", ref="") != committed


def test_versions_that_differ_are_refused(release: ModuleType, project: Path) -> None:
    file = project / "examples/module/MODULE.bazel"
    file.write_text(file.read_text().replace(xnnkit.__version__, "9.9.9"))
    with pytest.raises(release.Refused, match=r"examples/module/MODULE\.bazel: 9\.9\.9"):
        release.version_of(release.entries(project, ""))


def registry(
    release: ModuleType, project: Path, out: Path, repository: str = "", signed: Path | None = None
) -> Path:
    files = release.entries(project, "HEAD")
    folder = out / "registry"
    release.registry(files, release.make(files, out), folder, repository, signed)
    return folder / "modules" / "xnnkit"


def test_a_local_registry_says_what_is_true(
    release: ModuleType, project: Path, tmp_path: Path
) -> None:
    module = registry(release, project, tmp_path / "out")
    version = module / xnnkit.__version__
    source = json.loads((version / "source.json").read_text())
    archive = tmp_path / "out" / f"xnnkit-{xnnkit.__version__}.tar.gz"
    assert source["url"] == archive.as_uri()
    digest = hashlib.sha256(archive.read_bytes()).digest()
    assert source["integrity"] == "sha256-" + base64.b64encode(digest).decode()
    with tarfile.open(archive) as found:
        names = found.getnames()
        assert all(name.startswith(source["strip_prefix"] + "/") for name in names)
        member = found.extractfile(f"{source['strip_prefix']}/MODULE.bazel")
        assert member is not None
        assert member.read() == (version / "MODULE.bazel").read_bytes()
    metadata = json.loads((module / "metadata.json").read_text())
    assert metadata["versions"] == [xnnkit.__version__]
    assert json.loads((module.parents[1] / "bazel_registry.json").read_text()) == {}


def test_a_registry_keeps_its_other_versions(
    release: ModuleType, project: Path, tmp_path: Path
) -> None:
    module = registry(release, project, tmp_path / "out")
    metadata = json.loads((module / "metadata.json").read_text())
    old = {"versions": ["0.0.1"], "yanked_versions": {"0.0.1": "it built nothing"}}
    (module / "metadata.json").write_text(json.dumps({**metadata, **old}))
    for _ in range(2):
        registry(release, project, tmp_path / "out")
        found = json.loads((module / "metadata.json").read_text())
        assert found["versions"] == ["0.0.1", xnnkit.__version__]
        assert found["yanked_versions"] == old["yanked_versions"]


def test_what_is_published_is_on_github(release: ModuleType, project: Path, tmp_path: Path) -> None:
    module = registry(release, project, tmp_path / "out", "acme/kit")
    version = xnnkit.__version__
    source = json.loads((module / version / "source.json").read_text())
    base = f"https://github.com/acme/kit/releases/download/v{version}"
    assert source["url"] == f"{base}/xnnkit-{version}.tar.gz"
    metadata = json.loads((module / "metadata.json").read_text())
    assert metadata["repository"] == ["github:acme/kit"]
    assert metadata["homepage"] == "https://github.com/acme/kit"
    assert metadata["maintainers"][0]["github"] == "acme"
    written = "".join(p.read_text() for p in module.rglob("*.json"))
    assert not re.search(r"\{[A-Z]+\}", written)
    assert not (module / version / "attestations.json").exists()


def statement(name: str, data: bytes, **more: object) -> dict[str, object]:
    """Return the envelope of a statement about one file."""
    digest = {"sha256": hashlib.sha256(data).hexdigest()}
    said = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": digest}],
        **more,
    }
    return {
        "payloadType": "application/vnd.in-toto+json",
        "payload": base64.b64encode(json.dumps(said).encode()).decode(),
        "signatures": [{"sig": "c2ln"}],
    }


def bundle(name: str, data: bytes) -> dict[str, object]:
    return {"verificationMaterial": {}, "dsseEnvelope": statement(name, data)}


@pytest.fixture
def signed(release: ModuleType, project: Path, tmp_path: Path) -> Path:
    """A folder with a good statement for each file of the release."""
    module = registry(release, project, tmp_path / "out", "acme/kit") / xnnkit.__version__
    archive = tmp_path / "out" / f"xnnkit-{xnnkit.__version__}.tar.gz"
    folder = tmp_path / "signed"
    folder.mkdir()
    for file in (module / "source.json", module / "MODULE.bazel", archive):
        content = bundle(file.name, file.read_bytes())
        (folder / f"{file.name}.intoto.jsonl").write_text(json.dumps(content) + "\n")
    return folder


def test_attestations_are_listed(
    release: ModuleType, project: Path, tmp_path: Path, signed: Path
) -> None:
    version = xnnkit.__version__
    names = ("source.json", "MODULE.bazel", f"xnnkit-{version}.tar.gz")
    module = registry(release, project, tmp_path / "out", "acme/kit", signed)
    found = json.loads((module / version / "attestations.json").read_text())
    assert found["mediaType"] == release.MEDIA_TYPE
    assert sorted(found["attestations"]) == sorted(names)
    for name in names:
        digest = hashlib.sha256((signed / f"{name}.intoto.jsonl").read_bytes()).digest()
        address = f"https://github.com/acme/kit/releases/download/v{version}/{name}.intoto.jsonl"
        integrity = "sha256-" + base64.b64encode(digest).decode()
        assert found["attestations"][name] == {"url": address, "integrity": integrity}
    (signed / f"{names[2]}.intoto.jsonl").unlink()
    with pytest.raises(release.Refused, match=r"tar\.gz\.intoto\.jsonl is missing"):
        registry(release, project, tmp_path / "out", "acme/kit", signed)


def test_an_envelope_without_a_bundle_and_with_several_subjects(
    release: ModuleType, project: Path, tmp_path: Path, signed: Path
) -> None:
    module = (tmp_path / "out/registry/modules/xnnkit") / xnnkit.__version__ / "MODULE.bazel"
    digest = {"sha256": hashlib.sha256(module.read_bytes()).hexdigest()}
    subjects = [{"name": "x", "digest": {}}, {"name": "MODULE.bazel", "digest": digest}]
    content = statement("", b"", subject=subjects)
    (signed / "MODULE.bazel.intoto.jsonl").write_text(json.dumps(content, indent=2))
    registry(release, project, tmp_path / "out", "acme/kit", signed)


RUBBISH: dict[str, object] = {
    "nothing": b"",
    "no UTF-8": b"\xff",
    "two lines": b"{}\n{}\n",
    "deep": b"[" * 100_000,
    "a list": [],
    "no envelope": {},
    "a bundle of nothing": {"dsseEnvelope": {}},
    "another name": statement("other", b"x"),
    "another hash": statement("MODULE.bazel", b"x"),
    "no hash": statement("MODULE.bazel", b"", subject=[{"name": "MODULE.bazel", "digest": {}}]),
    "no subject": statement("MODULE.bazel", b"", subject=None),
    "an odd subject": statement("MODULE.bazel", b"", subject=["MODULE.bazel", {"digest": 1}]),
    "no signature": {**statement("MODULE.bazel", b"x"), "signatures": []},
    "another payload": {**statement("MODULE.bazel", b"x"), "payloadType": "text/plain"},
    "no base64": {**statement("MODULE.bazel", b"x"), "payload": "%"},
    "a payload that is no JSON": {**statement("MODULE.bazel", b"x"), "payload": "aGk="},
}


@pytest.mark.parametrize("kind", RUBBISH)
def test_what_signs_something_else_is_refused(
    release: ModuleType, project: Path, tmp_path: Path, signed: Path, kind: str
) -> None:
    content = RUBBISH[kind]
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    (signed / "MODULE.bazel.intoto.jsonl").write_bytes(data)
    told = "is no signed statement for MODULE.bazel"
    with pytest.raises(release.Refused, match=told) as caught:
        registry(release, project, tmp_path / "out", "acme/kit", signed)
    if kind == "another hash":
        assert hashlib.sha256(b"x").hexdigest() in str(caught.value)
    module = tmp_path / "out/registry/modules/xnnkit" / xnnkit.__version__
    assert not (module / "attestations.json").exists()


def test_a_name_with_two_hashes_is_refused(
    release: ModuleType, project: Path, tmp_path: Path, signed: Path
) -> None:
    file = signed / "MODULE.bazel.intoto.jsonl"
    said = base64.b64decode(json.loads(file.read_text())["dsseEnvelope"]["payload"])
    good = json.loads(said)["subject"]
    other = [{"name": "MODULE.bazel", "digest": {"sha256": "0" * 64}}]
    file.write_text(json.dumps(statement("", b"", subject=other + good)))
    with pytest.raises(release.Refused, match="signed is the sha256 0000"):
        registry(release, project, tmp_path / "new", "acme/kit", signed)
    assert not (tmp_path / "new/registry").exists()


def test_an_unsigned_statement_of_the_right_file_is_refused(
    release: ModuleType, project: Path, tmp_path: Path, signed: Path
) -> None:
    file = signed / "MODULE.bazel.intoto.jsonl"
    content = json.loads(file.read_text())
    del content["dsseEnvelope"]["signatures"]
    file.write_text(json.dumps(content))
    with pytest.raises(release.Refused, match="no envelope with a signature"):
        registry(release, project, tmp_path / "out", "acme/kit", signed)


def test_an_archive_is_compared_by_what_is_inside(
    release: ModuleType, project: Path, tmp_path: Path
) -> None:
    files = release.entries(project, "HEAD")
    archive = release.make(files, tmp_path).archive
    assert release.check(files, archive) == []
    content = gzip.decompress(archive.read_bytes())
    archive.write_bytes(gzip.compress(content, 1))
    assert release.check(files, archive) == []
    archive.write_bytes(gzip.compress(content.replace(b"#!/bin/sh", b"#!/bin/xx")))
    version = xnnkit.__version__
    assert release.check(files, archive) == [f"differs: xnnkit-{version}/run"]
    archive.write_bytes(gzip.compress(content.replace(b"a long path", b"a long path")))
    assert release.check(files[1:], archive)[0].startswith("not of the release: ")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    script = Path(__file__).resolve().parents[2] / "tools" / "make_release.py"
    return subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True)


def test_this_checkout_is_released_twice_alike(tmp_path: Path) -> None:
    one = run("--out", str(tmp_path / "1"), "--registry", str(tmp_path / "1" / "registry"))
    two = run("--out", str(tmp_path / "2"))
    assert (one.returncode, two.returncode) == (0, 0), one.stderr + two.stderr
    (first,) = (tmp_path / "1").glob("*.tar.gz")
    (second,) = (tmp_path / "2").glob("*.tar.gz")
    assert first.read_bytes() == second.read_bytes()
    done = run("--check", str(first))
    assert (done.returncode, done.stdout.strip()) == (0, f"{first}: the same inside")
    with tarfile.open(first) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"MODULE.bazel", "tools/BUILD.bazel", "tools/requirements.lock"}
    assert wanted | {"examples/module/MODULE.bazel", "profiles/xnnpack-2024-11.toml"} <= names
    assert run("--repository", "x").returncode == 2
    # A name typed as the page prints it makes no folder.
    wrong = run("--registry", str(tmp_path / "BCR-CLONE"), "--out", str(tmp_path / "3"))
    assert wrong.returncode == 2
    assert "no registry" in wrong.stderr
    assert not (tmp_path / "BCR-CLONE").exists()
    missing = run("--check", str(tmp_path / "no"))
    assert (missing.returncode, "is no file" in missing.stderr) == (2, True)
    assert run("--ref", "nothing").returncode == 2


def test_the_example_names_a_bazel_that_its_profile_allows(repository: Path) -> None:
    named = (repository / "examples/module/.bazelversion").read_text().strip()
    text = (repository / "examples/module/MODULE.bazel").read_text()
    (name,) = set(re.findall(r"//third_party/([\w-]+):profile\.json", text))
    assert named == profiles.load(name).bazel.version


@pytest.fixture
def locked(repository: Path) -> Callable[[], dict[str, str]]:
    def read() -> dict[str, str]:
        text = (repository / "tools/requirements.lock").read_text()
        assert "://" not in text
        assert "--index-url" not in text
        found = {}
        for block in re.split(r"\n(?=\S)", text.strip()):
            head, *rest = block.split(" \\\n")
            match = re.fullmatch(r"([a-z0-9-]+)==([\w.]+)(?: ;.*)?", head)
            assert match, head
            assert rest, head
            assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", line) for line in rest)
            found[match[1]] = match[2]
        return found

    return read


def test_the_locked_packages_are_the_tested_ones(
    locked: Callable[[], dict[str, str]], repository: Path
) -> None:
    lines = (repository / "requirements-dev.txt").read_text().splitlines()
    tested = dict(
        line.replace("_", "-").split("==") for line in lines if line and not line.startswith("#")
    )
    found = locked()
    assert {n: v for n, v in found.items() if tested.get(n) != v} == {}


def test_the_lock_holds_everything_that_is_needed(
    locked: Callable[[], dict[str, str]], repository: Path
) -> None:
    import importlib.metadata
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    found, seen = locked(), set()
    todo = list(project["dependencies"])
    while todo:
        requirement = Requirement(todo.pop())
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert name in found
        if name not in seen:
            seen.add(name)
            todo += importlib.metadata.requires(name) or []
    assert seen == set(found)
