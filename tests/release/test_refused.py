"""What `make_release.py` refuses: each with a reason and code 2, never a traceback."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(repository: Path, tmp_path: Path) -> Run:
    """Start the script; return its exit code and what it says."""
    script = [sys.executable, str(repository / "tools/make_release.py"), "--worktree"]

    def start(*arguments: str) -> tuple[int, str]:
        out = ["--out", str(tmp_path / "dist")]
        done = subprocess.run([*script, *out, *arguments], capture_output=True, text=True)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stderr

    return start


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "no gzip": lambda _: b"# a page\n",
    "nothing": lambda _: b"",
    "cut": cut,
    "other bytes in the middle": lambda data: cut(data) + bytes(64) + cut(data),
    "gzip of rubbish": lambda _: gzip.compress(b"rubbish" * 1000),
    "gzip of nothing": lambda _: gzip.compress(b""),
    "gzip of a cut tar": lambda data: gzip.compress(cut(gzip.decompress(data)), 1),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A good archive of this checkout."""
    script = Path(__file__).resolve().parents[2] / "tools/make_release.py"
    out = tmp_path_factory.mktemp("dist")
    made = [sys.executable, str(script), "--worktree", "--out", str(out)]
    subprocess.run(made, check=True, capture_output=True)
    (file,) = out.glob("*.tar.gz")
    return file.read_bytes()


@pytest.mark.parametrize("kind", DAMAGE)
def test_an_archive_that_cannot_be_read(
    kind: str, run: Run, archive: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "x.tar.gz"
    file.write_bytes(DAMAGE[kind](archive))
    code, told = run("--check", str(file))
    assert code == 2, told
    assert told.startswith(f"{file} cannot be compared\n  why: it is no whole .tar.gz: ")
    assert "\n  fix: " in told


NO_METADATA = ("", "{}", "[]", "{", '{"versions": "0.0.1"}', '{"versions": [1]}')


@pytest.mark.parametrize("text", NO_METADATA)
def test_a_registry_whose_metadata_is_none(text: str, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "registry/modules/xnnkit/metadata.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    code, told = run("--registry", str(tmp_path / "registry"))
    assert code == 2, told
    assert told.startswith(f"{file} is not a module's metadata\n  why: ")
    assert "\n  fix: " in told
    assert [*file.parent.iterdir(), *(tmp_path / "registry").iterdir()] == [
        file,
        tmp_path / "registry/modules",
    ]
    assert file.read_text() == text


def test_a_folder_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "dist").write_text("a file is in the way\n")
    code, told = run()
    assert code == 2, told
    assert str(tmp_path / "dist") in told


def test_attestations_without_a_registry(run: Run, tmp_path: Path) -> None:
    code, told = run("--attestations", str(tmp_path))
    assert code == 2
    assert "--registry" in told.splitlines()[-1]
    assert not (tmp_path / "dist").exists()
