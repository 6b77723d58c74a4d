"""A host of repositories on this machine: git's own http-backend behind a small server."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class GitHost:
    """What the host serves, what it does wrong, and what it was asked."""

    root: Path
    url: str = ""
    asked: list[tuple[str, bytes]] = field(default_factory=list)
    """(path, body) of each POST: one of them is one fetch, or the question what there is."""
    sent: int = 0
    """Bytes of all answers' bodies."""
    fail_from: int | None = None
    """Answer HTTP 500 to the fetch of this number, counted from 0, and to those that follow."""
    hang: bool = False
    """Take a fetch and never answer it."""
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def fetches(self) -> list[bytes]:
        """The body of each request for objects."""
        return [body for _, body in self.asked if b"command=fetch" in body]


def _handler(host: GitHost) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                import gzip

                body = gzip.decompress(body)
            number = len(host.fetches)
            host.asked.append((self.path, body))
            if b"command=fetch" in body:
                if host.hang:
                    host.released.wait(30)
                    self.close_connection = True
                    return
                if host.fail_from is not None and number >= host.fail_from:
                    self.send_response(500)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
            self._answer(body)

        def _answer(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            env = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(host.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "REMOTE_ADDR": "127.0.0.1",
            }
            done = subprocess.run(["git", "http-backend"], env=env, input=body, capture_output=True)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n"))
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            host.sent += len(content)
            self.wfile.write(content)

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients are killed on purpose."""


@contextmanager
def serving(root: Path) -> Iterator[GitHost]:
    """Serve the repositories below ``root`` until the block ends."""
    host = GitHost(root)
    server = _Quiet(("127.0.0.1", 0), _handler(host))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield host
    finally:
        host.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
