"""The cache: published whole or not at all, verified on read, clear when it cannot be written."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from filelock import FileLock
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


H = "0123456789abcdef" * 4
MADE = {
    f"sha256/01/{H}": "a verified file",
    f"tree/{H}-XNNPACK-1": "a note",
    f"accepted/{H}": "a note",
    f"patches/{H}/0001.patch": "a diff",
    "plugins/count-1-0123456789abcdef.so": "a plugin",
    "plugins/zig-0123456789abcdef/lib/std.zig": "a compiler",
    f"sysroot/aarch64-{H}-4/lib/libc.a": "a library",
    f"sysroot/x86_64-{H}-4.partial.17/lib/libc.a": "half a library",
    f"python/{H}/READY": "packages",
    "python/.new.a1B2c3/bin/python": "half of them",
    "bazel/debian-testing-7.7.1/usr/bin/bazel": "Bazel",
    f"bazel/disk/ac/01/{H}": "a result",
    f"bazel/disk/cas/01/{H}": "a file",
    "bazel/disk/tmp/01234567-89ab-cdef-0123-456789abcdef": "half a file",
    "stamp.key": "a key",
}
LEFT = {f"partial/{H}.git.part": "half", f"quarantine/{H}.0": "damaged"}
FOREIGN = [
    *("partial/thesis.tex", "quarantine/letter", "sha256/notes", "sha256/01/notes", "tree/oak"),
    *("accepted/papers", "patches/mine.patch", "plugins/song.so", "sysroot/aarch64/lib/libc.a"),
    *("python/main.py", "bazel/WORKSPACE", "bazel/debian-notes", "bazel/disk/ac/mine"),
    *("bazel/disk/cas/01/mine", "bazel/disk/tmp/mine", "own/file", "stamp.keys", "locks/mine"),
]


def lay(cache: Cache) -> dict[str, Path]:
    given = {**MADE, **LEFT, **dict.fromkeys(FOREIGN, "foreign")}
    for name, text in given.items():
        (cache.root / name).parent.mkdir(parents=True, exist_ok=True)
        (cache.root / name).write_text(text)
    return {name: cache.root / name for name in given}


def test_clean_all_removes_what_xnnkit_made_and_nothing_else(cache: Cache) -> None:
    places = lay(cache)
    assert tend.clean(cache) == sum(map(len, LEFT.values()))
    assert [n for n, place in places.items() if not place.exists()] == list(LEFT)
    assert tend.clean(cache, everything=True) == sum(map(len, MADE.values()))
    assert [n for n, place in places.items() if place.exists()] == FOREIGN
    files = (p.relative_to(cache.root) for p in cache.root.rglob("*") if p.is_file())
    more = {p.as_posix() for p in files} - set(FOREIGN)
    assert not [name for name in more if not name.startswith("locks/") and name[-5:] != ".lock"]
    assert tend.clean(cache, everything=True) == 0


def test_clean_all_waits_for_nobody_and_takes_nothing_in_use(cache: Cache) -> None:
    places = lay(cache)
    with cache.lock(H), FileLock(cache.root / "bazel/debian-testing-7.7.1.lock"):
        tend.clean(cache, everything=True)
    assert places[f"sha256/01/{H}"].exists()
    assert places["bazel/debian-testing-7.7.1/usr/bin/bazel"].exists()
    assert not places["plugins/zig-0123456789abcdef/lib/std.zig"].exists()


def test_clean_all_follows_no_link_of_a_name_of_ours(cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/file").write_text("mine")
    (cache.root / "python").mkdir(parents=True)
    (cache.root / "python" / H).symlink_to(tmp_path / "own")
    tend.clean(cache, everything=True)
    assert not (cache.root / "python" / H).is_symlink()
    assert (tmp_path / "own/file").read_text() == "mine"


def test_the_page_has_every_folder_that_clean_removes(repository: Path) -> None:
    text = (repository / "docs/archives.md").read_text()
    for name in (*MADE, *LEFT):
        first = name.split("/")[0]
        assert f"| `{first}" in text, name
