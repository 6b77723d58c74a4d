"""The probes themselves, on this machine or on a small stand-in for it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from xnnkit.doctor import probes


def test_output_of_a_program() -> None:
    assert probes.output(["echo", "hello"]) == "hello\n"
    assert probes.output(["false"]) is None
    assert probes.output(["/no/such/program"]) is None


def test_a_program_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "COMMAND_SECONDS", 0.1)
    assert probes.output(["sleep", "30"]) is None


def test_disk_and_writable_of_a_directory_that_is_not_there_yet(tmp_path: Path) -> None:
    assert probes.disk_free(tmp_path / "a" / "b") > 0
    assert probes.writable(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()
    assert not probes.writable(Path("/proc/xnnkit"))


def test_memory_is_plausible() -> None:
    octets = probes.memory()
    assert octets is not None
    assert 2**27 < octets < 2**50


@pytest.mark.parametrize(
    ("status", "expected"), [(200, True), (404, True), (301, True), (503, False)]
)
def test_reachable(status: int, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()

        def log_message(self, *args: object) -> None: ...

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        assert probes.reachable(url) is expected
        server.shutdown()
        thread.join()
    assert probes.reachable(url) is False


def test_mirror_and_index_come_from_the_machines_configuration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XNNKIT_DEBIAN_MIRROR", "http://mirror.example/debian http://other.example")
    assert probes.debian_mirror() == "http://mirror.example/debian/"
    answers = {
        "env": "  -i, --index-url <url>   Base URL (default https://index.example/simple). More\n",
    }
    monkeypatch.setattr(probes, "output", lambda argv: answers[argv[0]])
    assert probes.package_index() == "https://index.example/simple"
    monkeypatch.setattr(probes, "output", lambda argv: None)
    assert probes.package_index() == ""
    monkeypatch.setenv("XNNKIT_PYPI_INDEX", "https://mine.example/simple")
    assert probes.package_index() == "https://mine.example/simple"
    monkeypatch.setattr(probes.apt, "mirrors", lambda: [])
    assert probes.debian_mirror() == ""
