"""A small upstream: a clone, its archives, a faulty server, a profile that pins them."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from xnnkit.archives.cache import Cache
from xnnkit.archives.http import Net
from xnnkit.profile import Profile

sys.path.append(str(Path(__file__).resolve().parent))  # for git_host and sparse_origin

COMMIT_ENV = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2024-11-08T12:00:00Z",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_DATE": "2024-11-08T12:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}
OWNER = "acme/engine"


def git(folder: Path, *args: str) -> str:
    """Run git in ``folder`` and return what it prints."""
    done = subprocess.run(
        ["git", *args],
        cwd=folder,
        env={**os.environ, **COMMIT_ENV},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Fault:
    """What a server does wrong with one request."""

    status: int = 0
    """Answer with this status and no body."""
    cut: int | None = None
    """Break the connection after so many bytes of the body."""
    ignore_range: bool = False
    no_length: bool = False
    extra: bytes = b""
    """Sent after the file."""


@dataclass
class Server:
    """What a test's server has, what goes wrong, and what was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    pause: float = 0
    """Seconds between two pieces of 16 KiB."""
    sent: int = 0
    fault: type[Fault] = Fault

    @property
    def hits(self) -> Counter[str]:
        return Counter(path for path, _ in self.requests)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            server.requests.append((self.path, dict(self.headers)))
            queue = server.faults.get(self.path, [])
            fault = queue.pop(0) if queue else Fault()
            body = server.files.get(self.path)
            if fault.status or body is None:
                self._headers(fault.status or 404, {"Content-Length": "0"})
                return
            body += fault.extra
            etag = server.etags.get(self.path, f'"{sha(body)[:12]}"')
            start = self._start(body, etag) if not fault.ignore_range else 0
            headers = {"ETag": etag}
            if not fault.no_length:
                headers["Content-Length"] = str(len(body) - start)
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            if fault.no_length or fault.cut is not None:
                headers["Connection"] = "close"
                self.close_connection = True
            self._headers(206 if start else 200, headers)
            end = len(body) if fault.cut is None else min(len(body), start + fault.cut)
            for at in range(start, end, 16384):
                piece = body[at : min(at + 16384, end)]
                try:
                    self.wfile.write(piece)
                    self.wfile.flush()
                except OSError:
                    return
                server.sent += len(piece)
                time.sleep(server.pause)

        def _start(self, body: bytes, etag: str) -> int:
            wanted = self.headers.get("Range", "")
            if not wanted or self.headers.get("If-Range", etag) != etag:
                return 0
            return min(int(wanted.removeprefix("bytes=").rstrip("-")), len(body) - 1)

        def _headers(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients are killed on purpose."""


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on this machine; put bytes into ``files`` and faults into ``faults``."""
    state = Server()
    http = _Quiet(("127.0.0.1", 0), _handler(state))
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_address[1]}/"
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def net() -> Iterator[Net]:
    """Connections with short waits."""
    made = Net(connect_timeout=2, read_timeout=5, attempts=3, backoff=0.01)
    yield made
    made.close()


@dataclass
class Upstream:
    """A repository and the files that are made of it."""

    git_root: Path
    clone: Path
    commit: str
    tree: str
    targz: bytes
    zip: bytes
    tarxz: bytes
    """As a distribution packs it: other bytes, the same tree."""


@pytest.fixture(scope="session")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Upstream:
    """A clone with an executable, a symlink and folders whose order git sorts its own way."""
    root = tmp_path_factory.mktemp("clones")
    clone = root / "acme" / "engine"
    clone.mkdir(parents=True)
    git(clone, "init", "-q")
    (clone / "src" / "deep").mkdir(parents=True)
    (clone / "src" / "a.c").write_text("int a;\n" * 3000)
    (clone / "src.txt").write_text("sorts before src/\n")
    (clone / "src" / "deep" / "run.sh").write_text("#!/bin/sh\n")
    (clone / "src" / "deep" / "run.sh").chmod(0o755)
    (clone / "link").symlink_to("src/a.c")
    (clone / "noise").write_bytes(hashlib.shake_256(b"noise").digest(200_000))
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "one")
    commit = git(clone, "rev-parse", "HEAD")
    prefix = f"--prefix=engine-{commit}/"

    def archive(zone: str, fmt: str) -> bytes:
        return subprocess.run(
            ["git", "archive", f"--format={fmt}", prefix, commit],
            cwd=clone,
            env={**os.environ, **COMMIT_ENV, "TZ": zone},
            check=True,
            capture_output=True,
        ).stdout

    tar = archive("UTC", "tar")
    gz = subprocess.run(["gzip", "-cn"], input=tar, check=True, capture_output=True).stdout
    return Upstream(
        git_root=root,
        clone=clone,
        commit=commit,
        tree=git(clone, "rev-parse", "HEAD^{tree}"),
        targz=gz,
        zip=archive("America/Los_Angeles", "zip"),
        tarxz=pack(clone, "engine-1.0", "xz"),
    )


def pack(folder: Path, prefix: str, compression: str) -> bytes:
    """Return a tar of ``folder`` without its .git."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as tar:  # type: ignore[call-overload]
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if name.parts[0] != ".git":
                tar.add(path, f"{prefix}/{name}", recursive=False)
    return buffer.getvalue()


@dataclass
class World:
    """An upstream, a server with its files, and a cache; `profile` pins what you ask for."""

    upstream: Upstream
    server: Server
    cache: Cache
    folder: Path
    origins: list[dict[str, Any]] = field(default_factory=list)
    toolchain: bytes = b""

    DEBIAN = "pool/main/e/engine/engine_1.0.orig.tar.xz"
    ZIG = "pool/main/z/zig/zig-0.13.0.tar.xz"

    @property
    def debian_path(self) -> str:
        return "/" + self.DEBIAN

    @property
    def zig_path(self) -> str:
        return "/" + self.ZIG

    def debian(self, **changes: Any) -> dict[str, Any]:
        data = self.upstream.tarxz
        return {
            "type": "debian",
            "path": self.DEBIAN,
            "sha256": sha(data),
            "size": len(data),
            "strip_prefix": "engine-1.0",
            **changes,
        }

    def git(self, **changes: Any) -> dict[str, Any]:
        data = self.upstream.targz
        return {
            "type": "git",
            "repository": OWNER,
            "format": "tar.gz",
            "sha256": sha(data),
            "size": len(data),
            "strip_prefix": f"engine-{self.upstream.commit}",
            **changes,
        }

    def http(self, **changes: Any) -> dict[str, Any]:
        data = self.upstream.targz
        return {
            "type": "http",
            "url": f"https://127.0.0.1:9/acme/engine/archive/{self.upstream.commit}.tar.gz",
            "sha256": sha(data),
            "size": len(data),
            "strip_prefix": f"engine-{self.upstream.commit}",
            **changes,
        }

    def data(self, *origins: dict[str, Any], **archive: Any) -> dict[str, Any]:
        """Return a profile as TOML holds it: one archive, one toolchain."""
        return {
            "schema_version": 1,
            "name": "small",
            "description": "for tests",
            "default_flavour": "upstream",
            "toolchains": ["zig"],
            "bazel": {"version": "7.7.1", "minimum": "7.4.0", "below": "8.0.0"},
            "benchmark": {
                "name": "llm_block",
                "source": "benchmarks/llm_block",
                "package": "llm_block",
                "target": "llm_block",
                "archive": "XNNPACK",
            },
            "flavour": [
                {
                    "name": "upstream",
                    "description": "plain",
                    "archives": {"XNNPACK": "engine"},
                    "proof": {},
                }
            ],
            "archive": [
                {
                    "name": "engine",
                    "commit": self.upstream.commit,
                    "tree": self.upstream.tree,
                    "licence": "MIT",
                    "origin": list(origins) or [self.debian()],
                    **archive,
                }
            ],
            "toolchain": [
                {
                    "name": "zig",
                    "version": "0.13.0",
                    "host": "linux-x86_64",
                    "licence": "MIT",
                    "origin": [
                        {
                            "type": "debian",
                            "path": self.ZIG,
                            "sha256": sha(self.toolchain),
                            "size": len(self.toolchain),
                        }
                    ],
                }
            ],
        }

    def profile(self, *origins: dict[str, Any], **archive: Any) -> Profile:
        return Profile.model_validate(self.data(*origins, **archive))

    def profile_file(self, *origins: dict[str, Any], **archive: Any) -> Path:
        file = self.folder / "small.toml"
        file.write_text(tomlkit.dumps(self.data(*origins, **archive)))
        return file


@pytest.fixture
def world(
    upstream: Upstream, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    """Everything is there and right, on a Debian mirror of this machine."""
    monkeypatch.setenv("XNNKIT_DEBIAN_MIRROR", server.url)
    monkeypatch.delenv("XNNKIT_GIT_ROOT", raising=False)
    monkeypatch.setenv("XNNKIT_GIT_MIRROR", "https://127.0.0.1:9/")
    cache = tmp_path / "cache"
    monkeypatch.setenv("XNNKIT_CACHE", str(cache))
    made = World(upstream, server, Cache(cache), tmp_path)
    made.toolchain = hashlib.shake_256(b"zig").digest(150_000)
    server.files[made.debian_path] = upstream.tarxz
    server.files[made.zig_path] = made.toolchain
    return made
