"""The cache: published whole or not at all, verified on read, clear when it cannot be written."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from xnnkit.archives import tend
from xnnkit.archives.cache import Cache, Stopped
from xnnkit.errors import BadEnvironment, Finding

DATA = b"some bytes" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "c")


def publish(cache: Cache, data: bytes = DATA) -> Path:
    sha256 = hashlib.sha256(data).hexdigest()
    part = cache.scratch(sha256, "part")
    part.write_bytes(data)
    return cache.publish(part, sha256)


def test_the_layout_that_the_repository_rule_reads(cache: Cache) -> None:
    assert publish(cache) == cache.root / "sha256" / SHA[:2] / SHA
    cache.accept("a" * 64, SHA, "engine")
    text = (cache.root / "accepted" / ("a" * 64)).read_text()
    assert text.split()[0] == SHA
    assert cache.accepted("a" * 64) == SHA


def test_get(cache: Cache) -> None:
    assert cache.get(SHA) is None
    blob = publish(cache)
    assert cache.get(SHA, len(DATA)) == blob
    assert not list(cache.partial.iterdir())


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (bytes([DATA[0] ^ 1]) + DATA[1:], "other bytes"),
        (DATA[:-1], "too short"),
        (DATA + b"x", "too long"),
        (b"", "too short"),
    ],
    ids=["flipped", "truncated", "appended", "empty"],
)
def test_damage_is_named_and_repaired(cache: Cache, damage: bytes, word: str) -> None:
    blob = publish(cache)
    blob.chmod(0o644)
    blob.write_bytes(damage)
    with pytest.raises(Finding, match=word) as caught:
        cache.get(SHA, len(DATA))
    assert caught.value.where == str(blob)
    assert SHA in caught.value.why
    assert hashlib.sha256(damage).hexdigest() in caught.value.why
    assert [f.where for f in tend.check(cache)] == [str(blob)]
    assert cache.get(SHA, len(DATA), repair=True) is None
    assert tend.check(cache) == []
    assert (cache.root / "quarantine" / f"{SHA}.0").read_bytes() == damage


def test_a_cache_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "c")
    assert cache.get(SHA) is None
    with pytest.raises(BadEnvironment, match="a part of its path is a file") as caught:
        cache.scratch(SHA, "part")
    assert "XNNKIT_CACHE" in caught.value.fix


def test_a_full_disk(cache: Cache) -> None:
    with pytest.raises(BadEnvironment, match="the disk is full") as caught, cache.writing():
        Path("/dev/full").write_text("x")
    assert str(cache.root) in caught.value.where


def test_a_lock_is_for_one(cache: Cache) -> None:
    inside = threading.Event()
    go = threading.Event()

    def hold() -> None:
        with cache.lock(SHA):
            inside.set()
            go.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(5)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped), cache.lock(SHA, stop):
        pass
    go.set()
    thread.join()
    with cache.lock(SHA, stop):
        pass


def test_a_note_that_makes_no_sense_is_no_note(cache: Cache) -> None:
    cache.record_tree(SHA, "a/b", "c" * 40)
    assert cache.recorded_tree(SHA, "a/b") == "c" * 40
    cache.tree_path(SHA, "a/b").write_text("junk")
    assert cache.recorded_tree(SHA, "a/b") is None
    cache.accept("a" * 64, SHA, "x")
    cache.accepted_path("a" * 64).write_text("../../etc/passwd")
    assert cache.accepted("a" * 64) is None


def test_clean_leaves_what_is_good_and_what_is_in_use(cache: Cache) -> None:
    blob = publish(cache)
    cache.scratch("b" * 64, "part").write_bytes(b"left over")
    cache.scratch("c" * 64, "part").write_bytes(b"in use")
    with cache.lock("c" * 64):
        assert tend.clean(cache) == len(b"left over")
    assert [p.name[0] for p in cache.partial.iterdir()] == ["c"]
    assert blob.exists()
    tend.clean(cache, everything=True)
    assert tend.inventory(cache).blobs == 0
    assert tend.inventory(cache).leftover_bytes == 0
