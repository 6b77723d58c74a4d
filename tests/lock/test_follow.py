"""``xnnkit lock audit --online``: what an address answers, and which hosts are never asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from xnnkit.lock import follow as module
from xnnkit.lock import public
from xnnkit.lock.audit import audit

SHA = "a" * 64
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
follow = partial(module.follow, allowed=lambda address: True)
"""The server of these tests is on this machine."""

ANSWERS = {
    "/here": (200, ""),
    "/gone": (404, ""),
    "/renamed": (301, "/here"),
    "/served": (302, "/here"),
    "/ring": (301, "/ring"),
    "/away": (301, "file:///etc/passwd"),
}


ASKED: list[tuple[str, str]] = []
"""(path, Authorization) of every request."""


class _Answers(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        ASKED.append((self.path, self.headers.get("Authorization", "")))
        status, to = ANSWERS.get(self.path, (200, ""))
        self.send_response(status)
        if to:
            self.send_header("Location", to)
        self.end_headers()


@pytest.fixture
def host() -> Iterator[str]:
    ASKED.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_addresses_are_asked(host: str) -> None:
    assert follow(f"{host}/here") == ("", "")
    assert follow(f"{host}/served") == ("", "")
    assert follow(f"{host}/renamed") == ("moved", f"{host}/here")
    assert follow(f"{host}/gone") == ("unreachable", "HTTP 404")
    assert follow(f"{host}/ring")[0] == "unreachable"
    assert follow(f"{host}/away") == (
        "unreachable",
        "it leads to file:///etc/passwd, which is no web address",
    )
    assert follow("http://127.0.0.1:9/x")[0] == "unreachable"


def test_what_was_asked_is_a_finding(tmp_path: Path, host: str) -> None:
    (tmp_path / "WORKSPACE").write_text(
        f'http_file(name = "a", sha256 = "{SHA}", urls = ["{host}/renamed"])\n'
    )
    found = audit([str(tmp_path)], follow)
    assert [row.code for row in found.findings] == ["http-only", "moved"]
    assert found.findings[1].fix == f"write {host}/here"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "224.0.0.1", "::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "", "nonsense"),
    ],
)
def test_what_is_not_public(address: str) -> None:
    assert not public.address(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_what_is_public(address: str) -> None:
    assert public.address(address)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_this_machine_is_not_asked(name: str, host: str) -> None:
    code, why = module.follow(f"http://{name}:{host.rpartition(':')[2]}/here")
    assert code == "unreachable"
    assert "not asked" in why
    assert ASKED == []


def test_a_redirect_to_this_machine_is_not_followed(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ANSWERS["/inward"] = (301, host.replace("127.0.0.1", "127.0.0.2") + "/here")
    code, why = module.follow(f"{host}/inward", allowed=lambda address: address == "127.0.0.1")
    assert (code, [path for path, _ in ASKED]) == ("unreachable", ["/inward"])
    assert why.startswith("127.0.0.2 is not asked")


def test_every_answer_counts(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public, "resolved", lambda name, port: ["8.8.8.8", "127.0.0.1"])
    assert module.follow(f"{host}/here")[0] == "unreachable"
    assert ASKED == []


def test_a_name_that_changes_meanwhile_is_not_asked(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look says it is public; the connection then leads here."""
    monkeypatch.setattr(public, "resolved", lambda name, port: ["8.8.8.8"])
    code, why = module.follow(f"{host}/here")
    assert (code, ASKED) == ("unreachable", [])
    assert "it leads to 127.0.0.1" in why


def test_no_password_is_sent(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert follow(f"{host}/here") == ("", "")
    assert ASKED == [("/here", "")]


def test_a_proxy_of_the_environment_is_used(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that only the proxy knows are its own matter; those that lead inwards are not."""
    monkeypatch.setenv("http_proxy", host)
    monkeypatch.setattr(socket, "getaddrinfo", _only_here(socket.getaddrinfo))
    assert module.follow("http://far.example/x") == ("", "")
    assert [path for path, _ in ASKED] == ["http://far.example/x"]
    assert module.follow("http://192.168.1.1/x")[0] == "unreachable"
    assert len(ASKED) == 1


def _only_here(real: object) -> object:
    def resolve(host: str, *rest: object, **options: object) -> object:
        if host == "far.example":
            raise socket.gaierror("unknown")
        return real(host, *rest, **options)  # type: ignore[operator]

    return resolve


@pytest.mark.parametrize("url", ["http://[", "http://x:99999999/", "http://", "http://\ud800/"])
def test_what_is_no_address_is_not_asked(url: str) -> None:
    assert module.follow(url)[0] == "unreachable"
