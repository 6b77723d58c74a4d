"""Bazel's HTTP cache as many have it: nginx, which takes a PUT and gives it back to a GET."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import answers, free_port, running, wait_for

_CONFIGURATION = """{user}daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    log_format short '$request_method $status $uri';
    access_log {folder}/access.log short;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{server}
}}
"""
_PAGE = Path(__file__).resolve().parents[2] / "docs" / "remote.md"


def server_of_the_page(folder: Path, port: int) -> str:
    """Return the server block that docs/remote.md prints, with this machine's places in it."""
    found = re.search(r"^    server \{\n.*?^    \}\n", _PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    text = found[0]
    for printed, ours in (
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("root /srv/bazel-cache;", f"root {folder}/files;"),
        ("allow 192.0.2.10;", "allow 127.0.0.1;"),
    ):
        assert text.count(printed) == 1
        text = text.replace(printed, ours)
    return text


@dataclass(frozen=True)
class HttpCache:
    """A cache that listens on the loopback interface."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """What ``--remote`` takes."""
        return f"http://127.0.0.1:{self.port}"

    def requests(self) -> Counter[str]:
        """Return how often each "METHOD STATUS KIND" was; KIND is ac or cas."""
        lines = (self.folder / "access.log").read_text().splitlines()
        return Counter(re.sub(r"(/\w+)/[0-9a-f]{64}$", r"\1", line) for line in lines)


def program() -> str | None:
    """Return where nginx is, also where a user's PATH has no sbin."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


@contextmanager
def http_cache(folder: Path) -> Iterator[HttpCache]:
    """Run nginx on a free port, with all it writes below a folder."""
    found = program()
    assert found
    (folder / "files").mkdir(parents=True)
    port = free_port()
    # As root, nginx would give its work to a user who cannot see the folder.
    user = "user root root;\n" if os.geteuid() == 0 else ""
    server = server_of_the_page(folder, port)
    text = _CONFIGURATION.format(user=user, folder=folder, server=server)
    (folder / "nginx.conf").write_text(text)
    words = [found, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with running(words, folder / "nginx.log"):
        wait_for(lambda: answers(port), "nginx")
        yield HttpCache(folder, port)
