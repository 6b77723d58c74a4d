"""``xnnkit lock ndk`` against a local server: only bytes that were checked get a sha256."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from xnnkit.archives.cache import Cache
from xnnkit.archives.http import Net
from xnnkit.cli import main
from xnnkit.errors import BadEnvironment, BadInput, Finding, XnnkitError
from xnnkit.ndk import Lock, Published, lock, manifest
from xnnkit.ndk.release import parse
from xnnkit.profile import Toolchain

NAME = "/android-ndk-r26d-linux.zip"
LIST = "/repository2-3.xml"


def package(revision: str = "26.3.11579264", folder: str = "android-ndk-r26d") -> bytes:
    """Return an archive with the one file that is read, and 300 kB that cannot be compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{folder}/source.properties", f"Pkg.Revision = {revision}\n")
        archive.writestr(f"{folder}/filler", hashlib.shake_256(b"ndk").digest(300_000))
    return out.getvalue()


def entry(data: bytes, name: str = NAME[1:], kind: str = ' type="sha1"') -> str:
    """Return one package of Google's list."""
    sha1 = hashlib.sha1(data).hexdigest()
    return (
        '<remotePackage path="ndk;26.3.11579264"><revision><major>26</major></revision>'
        f"<archives><archive><complete><size>{len(data)}</size><checksum{kind}>{sha1}</checksum>"
        f"<url>{name}</url></complete><host-os>linux</host-os></archive></archives>"
        "</remotePackage>"
    )


def listing(*entries: str) -> bytes:
    """Return a list of packages."""
    body = "".join(entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<sdk:sdk-repository xmlns:sdk="http://example.org/03">{body}</sdk:sdk-repository>'
    ).encode()


@dataclass
class Google:
    """A server with Google's two files."""

    base: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    """The connection breaks after so many bytes of an archive, once each."""
    requests: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def google() -> Iterator[Google]:
    state = Google()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            state.requests.append((self.path, wanted))
            data = state.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - start))
            self.send_header("ETag", '"one"')
            self.end_headers()
            stop = state.cuts.pop(0) if self.path == NAME and state.cuts else len(data)
            self.wfile.write(data[start : start + stop])
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.base = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def locked(google: Google, cache: Cache, **more: Any) -> Lock:
    """Lock r26d from the server, quickly."""
    net = Net(connect_timeout=2, read_timeout=2, attempts=3, backoff=0.01)
    options: dict[str, Any] = {"base": google.base, "accepted": True, "net": net, **more}
    return lock("r26d", cache, **options)


def serve(google: Google, data: bytes, published: bytes | None = None) -> None:
    """Put an archive on the server, and the list that has it, or another one, in it."""
    google.files = {NAME: data, LIST: listing(entry(data if published is None else published))}


def left_over(cache: Cache) -> list[Path]:
    """Return what is in the cache besides locks."""
    folders = [cache.root / "sha256", cache.partial]
    return [p for folder in folders if folder.is_dir() for p in folder.rglob("*") if p.is_file()]


def test_the_block_is_what_a_profile_takes_and_the_file_is_in_the_cache(
    google: Google, cache: Cache
) -> None:
    data = package()
    serve(google, data)
    result = locked(google, cache)
    sha256 = hashlib.sha256(data).hexdigest()
    (block,) = tomllib.loads(result.toml())["toolchain"]
    pinned = Toolchain.model_validate(block)
    (origin,) = pinned.origin
    assert (pinned.name, pinned.version, pinned.host) == ("ndk", "r26d", "linux-x86_64")
    assert (origin.sha256, origin.size) == (sha256, len(data))
    assert origin.strip_prefix == "android-ndk-r26d"
    assert origin.filename == NAME[1:]
    assert origin.location == "https://dl.google.com/android/repository" + NAME
    assert result.revision == "26.3.11579264"
    assert cache.get(sha256, len(data)) is not None
    assert len(left_over(cache)) == 1


def test_a_broken_download_is_continued(google: Google, cache: Cache) -> None:
    data = package()
    serve(google, data)
    google.cuts = [100_000, 100_000]
    assert locked(google, cache).sha256 == hashlib.sha256(data).hexdigest()
    ranges = [wanted for path, wanted in google.requests if path == NAME]
    assert len(ranges) == 3
    assert ranges[0] == ""
    assert all(ranges[1:])


@pytest.mark.parametrize("damage", ["flipped", "short", "long"])
def test_an_archive_that_is_not_the_published_one_gets_no_sha256(
    google: Google, cache: Cache, damage: str
) -> None:
    data = package()
    wrong = {
        "flipped": data[:1000] + bytes([data[1000] ^ 1]) + data[1001:],
        "short": data[:-7],
        "long": data + b"more",
    }[damage]
    serve(google, wrong, published=data)
    with pytest.raises(Finding, match="not the one that Google published"):
        locked(google, cache)
    assert left_over(cache) == []


def test_another_release_under_the_name_is_found_out(google: Google, cache: Cache) -> None:
    serve(google, package(revision="25.2.9519653"))
    with pytest.raises(Finding, match=r"holds revision 25\.2"):
        locked(google, cache)
    assert left_over(cache) == []


def test_the_licence_is_asked_for_before_anything_is_downloaded(
    google: Google, cache: Cache
) -> None:
    serve(google, package())
    with pytest.raises(BadInput, match="licence has not been accepted") as caught:
        locked(google, cache, accepted=False)
    assert caught.value.where == "https://developer.android.com/studio/terms"
    assert google.requests == []


def test_a_file_that_is_here_is_checked_and_not_downloaded(
    google: Google, cache: Cache, tmp_path: Path
) -> None:
    data = package()
    serve(google, data)
    file = tmp_path / "mine.zip"
    file.write_bytes(data)
    result = locked(google, cache, file=file, accepted=False)
    assert result.sha256 == hashlib.sha256(data).hexdigest()
    assert [path for path, _ in google.requests] == [LIST]
    file.write_bytes(data[:-1])
    with pytest.raises(Finding, match="not the one"):
        locked(google, cache, file=file)


def test_what_the_user_read_elsewhere_stands_for_the_list(
    google: Google, cache: Cache, tmp_path: Path
) -> None:
    data = package()
    file = tmp_path / "mine.zip"
    file.write_bytes(data)
    published = Published(len(data), hashlib.sha1(data).hexdigest())
    locked(google, cache, file=file, published=published)
    assert google.requests == []
    with pytest.raises(Finding, match="not the one"):
        locked(google, cache, file=file, published=Published(len(data), "0" * 40))


def test_an_unreachable_server_says_what_else_to_type(google: Google, cache: Cache) -> None:
    with pytest.raises(BadEnvironment, match="cannot be downloaded") as caught:
        locked(google, cache)
    assert "--sha1 HEX --size BYTES" in caught.value.fix


@pytest.mark.parametrize("version", ["r24", "r21e"])
def test_too_old_a_release_is_refused(version: str) -> None:
    with pytest.raises(BadInput, match="too old"):
        parse(version)


def test_a_refusal_does_not_say_that_it_downloads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["lock", "ndk", "r24", "--accept-ndk-licence"]) == 2
    assert "downloading" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "version", ["26d", "r26D", "r26a", "r26dd", "r27-beta1", "", "latest", "r26d/../x"]
)
def test_what_is_no_release_is_refused(version: str) -> None:
    with pytest.raises(BadInput, match="names no NDK release"):
        parse(version)


@pytest.mark.parametrize(("version", "minor"), [("r25c", 2), ("r26", 0), ("r26d", 3)])
def test_a_letter_counts_the_minor_revisions(version: str, minor: int) -> None:
    assert parse(version).minor == minor


ENTITIES = b'<!DOCTYPE a [<!ENTITY b "cccc">]>'


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        (b"<a>", BadEnvironment, "cannot be read"),
        (b"not xml", BadEnvironment, "cannot be read"),
        (ENTITIES + listing(entry(b"x")).split(b"?>")[1], BadEnvironment, "cannot be read"),
        (b"<a>" * 100 + b"</a>" * 100, BadEnvironment, "cannot be read"),
        (listing(), BadInput, "has no android-ndk-r26d-linux.zip"),
        (listing(entry(b"x", kind=' type="md5"')), BadEnvironment, "no size and SHA-1"),
        (listing(entry(b"x"), entry(b"y")), BadEnvironment, "says two things"),
    ],
)
def test_a_list_that_cannot_be_trusted_is_refused(
    text: bytes, error: type[XnnkitError], says: str
) -> None:
    with pytest.raises(error, match=says):
        manifest.find(text, NAME[1:], "list")


def test_the_same_archive_named_twice_is_no_contradiction() -> None:
    text = listing(entry(b"x"), entry(b"x", kind=""), entry(b"y", name="other.zip"))
    assert manifest.find(text, NAME[1:], "list").size == 1


def test_the_command_prints_the_block_alone_on_stdout(
    google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xnnkit.cli import lock as cli

    serve(google, package())
    arguments = ["ndk", "r26d", "--accept-ndk-licence", "--base", google.base]
    done = CliRunner().invoke(cli.command, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert tomllib.loads(done.stdout)["toolchain"][0]["version"] == "r26d"
    assert "SHA-1" in done.stderr
    shown = json.loads(CliRunner().invoke(cli.command, [*arguments, "--json"]).stdout)
    assert shown["ndk"]["toml"] == done.stdout


def test_a_wrong_archive_prints_nothing_on_stdout(google: Google) -> None:
    from xnnkit.cli import lock as cli

    serve(google, package(), published=b"other")
    arguments = ["ndk", "r26d", "--accept-ndk-licence", "--base", google.base]
    done = CliRunner().invoke(cli.command, arguments)
    assert isinstance(done.exception, Finding)
    assert done.stdout == ""


def test_sha1_and_size_go_together() -> None:
    from xnnkit.cli import lock as cli

    done = CliRunner().invoke(cli.command, ["ndk", "r26d", "--sha1", "0" * 40])
    assert isinstance(done.exception, BadInput)
