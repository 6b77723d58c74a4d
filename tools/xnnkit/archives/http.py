"""Download one file: streamed, hashed on the way, bounded, resumed, retried with backoff.

A host that cannot be reached is asked once and remembered, so that eight files of one dead host
wait together, not one after the other.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from xnnkit import untrusted
from xnnkit.archives.cache import Stopped
from xnnkit.archives.stream import Digest, TooLong, digest_file, write_all
from xnnkit.untrusted import number

if TYPE_CHECKING:
    import requests

_CHUNK = 1 << 16
_RETRIED = (429, 500, 502, 503, 504)

Tick = Callable[[int], None]


class Unreachable(Exception):
    """An origin cannot give its file now; the next one is tried.

    Args:
        reason: why, in a few words.
        fix: what would make it reachable.
    """

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix


class _Dropped(Exception):
    """The connection ended before the file did; worth another attempt."""


@dataclass
class _Host:
    lock: threading.Lock = field(default_factory=threading.Lock)
    alive: bool = False
    dead: str = ""


def host_of(url: str) -> str:
    """Return a URL's host and port, without the user and password that may stand before them.

    Raises:
        Unreachable: it is no URL.
    """
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError as error:
        raise Unreachable(f"{url!r} is no address: {error}") from error


class Net:
    """The connections of one piece of work, and what it has learnt of hosts.

    Args:
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for the next bytes.
        attempts: tries a file gets without any progress.
        backoff: seconds before the second try, doubled before each further one.
    """

    def __init__(
        self,
        *,
        connect_timeout: float = 10,
        read_timeout: float = 30,
        attempts: int = 4,
        backoff: float = 0.5,
    ) -> None:
        self.attempts = attempts
        self.backoff = backoff
        self.stop = threading.Event()
        self._timeout = (connect_timeout, read_timeout)
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()
        self._session: requests.Session | None = None

    def open(self, url: str, headers: dict[str, str]) -> requests.Response:
        """Send a GET and return the response with its body unread.

        Raises:
            Unreachable: the host cannot be reached.
            _Dropped: it could, but the connection broke.
        """
        name = host_of(url)
        with self._lock:
            host = self._hosts.setdefault(name, _Host())
        with host.lock:
            if host.dead:
                raise Unreachable(host.dead)
            if not host.alive:
                return self._first(host, name, url, headers)
        return self._get(url, headers)

    def probe(self, url: str) -> None:
        """Ask for ``url`` and throw the answer away.

        Raises:
            Unreachable: the host cannot be reached, or does not answer 200.
        """
        import requests

        try:
            with self.open(url, {}) as response:
                status = response.status_code
        except (_Dropped, requests.RequestException) as error:
            host = host_of(url)
            raise Unreachable(f"{host} cannot be reached: {_reason(error)}") from error
        if status != 200:
            raise Unreachable(f"{host_of(url)} answers HTTP {status}")

    def pause(self, failures: int) -> None:
        """Wait before the next attempt.

        Raises:
            Stopped: the work ended meanwhile.
        """
        if self.stop.wait(self.backoff * 2 ** max(0, failures - 1)):
            raise Stopped

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None

    def _first(
        self, host: _Host, name: str, url: str, headers: dict[str, str]
    ) -> requests.Response:
        import requests

        try:
            response = self._get(url, headers)
        except _Dropped:
            host.alive = True
            raise
        except requests.RequestException as error:
            host.dead = f"{name} cannot be reached: {_reason(error)}"
            raise Unreachable(host.dead) from error
        host.alive = True
        return response

    def _get(self, url: str, headers: dict[str, str]) -> requests.Response:
        import requests
        from urllib3.exceptions import NewConnectionError

        failed = requests.exceptions
        connecting = (failed.ConnectTimeout, failed.SSLError, failed.ProxyError)
        try:
            return self._connected().get(
                url, headers=headers, stream=True, timeout=self._timeout, allow_redirects=True
            )
        except failed.ReadTimeout as error:
            raise _Dropped("no answer in time") from error
        except requests.ConnectionError as error:
            cause = getattr(error.args[0] if error.args else None, "reason", None)
            if isinstance(error, connecting) or isinstance(cause, NewConnectionError):
                raise
            raise _Dropped(_reason(error)) from error

    def _connected(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                import requests
                from requests.adapters import HTTPAdapter
                from urllib3.util import Retry

                class _Session(requests.Session):
                    def get_redirect_target(self, resp: requests.Response) -> str | None:
                        target = super().get_redirect_target(resp)
                        if target is not None:
                            _refuse_redirect(resp.url, target)
                        return target

                retry = Retry(
                    total=None,
                    connect=0,
                    read=0,
                    redirect=8,
                    status=self.attempts - 1,
                    other=0,
                    status_forcelist=_RETRIED,
                    backoff_factor=self.backoff,
                    backoff_max=20,
                    raise_on_status=False,
                    respect_retry_after_header=False,  # it may name any time at all
                )
                session = _Session()
                session.max_redirects = 8
                # Not gzip: the pinned hash is that of the file, not of a way to send it.
                session.headers["Accept-Encoding"] = "identity"
                session.headers["User-Agent"] = "xnnkit"
                for scheme in ("http://", "https://"):
                    session.mount(scheme, HTTPAdapter(max_retries=retry, pool_maxsize=16))
                self._session = session
            return self._session


def download(
    url: str,
    part: Path,
    want: Digest,
    net: Net,
    *,
    bound: int,
    tick: Tick | None = None,
) -> Digest:
    """Download ``url`` into ``part`` and return what came; the caller judges it.

    What an earlier attempt, or an earlier process, left in ``part`` is continued. If the whole is
    then not what is wanted, it is downloaded once more from the start: the left-over may be to
    blame.

    Args:
        url: http or https.
        part: the file to write; beside it stands PART.meta with the server's validators.
        want: the pinned hash and size.
        net: connections.
        bound: bytes at most.
        tick: told the bytes that are there so far.

    Raises:
        Unreachable: the host, or the file on it, cannot be had.
        TooLong: more than ``bound`` bytes came; ``part`` is removed.
        Stopped: the work ended meanwhile.
    """
    if part.is_file() and part.stat().st_size == want.size and digest_file(part) == want:
        return want
    failures = 0
    while True:
        before = _length(part)
        try:
            digest, resumed = _transfer(url, part, want, net, bound, tick)
        except TooLong:
            forget(part)
            raise
        except _Dropped as error:
            failures = 1 if _length(part) > before else failures + 1
            if failures >= net.attempts:
                raise Unreachable(f"the connection broke {failures} times: {error}") from error
            net.pause(failures)
            continue
        if resumed and digest != want:
            forget(part)
            continue
        return digest


def forget(part: Path) -> None:
    """Remove a partial download and its validators."""
    part.unlink(missing_ok=True)
    _meta(part).unlink(missing_ok=True)


def _transfer(
    url: str, part: Path, want: Digest, net: Net, bound: int, tick: Tick | None
) -> tuple[Digest, bool]:
    start = _length(part)
    if start >= bound:
        forget(part)
        start = 0
    headers = {}
    if start:
        headers["Range"] = f"bytes={start}-"
        if validator := _validator(part, url):
            headers["If-Range"] = validator
    import requests

    try:
        response = net.open(url, headers)
    except requests.RequestException as error:
        raise _Dropped(_reason(error)) from error
    with response:
        start = _check_status(response, part, start)
        expected = _expected(response, start)
        if expected is not None and expected > bound:
            raise TooLong(bound)
        if not start:
            _keep_validators(part, url, response)
        digest = _receive(response.raw, part, start, bound, net.stop, tick)
    if expected is None and "chunked" not in response.headers.get("Transfer-Encoding", ""):
        expected = want.size  # only the end of the connection ends such a body
    if expected is not None and digest.size < expected:
        raise _Dropped(f"{digest.size:,} of {expected:,} bytes came")
    return digest, start > 0


def _check_status(response: requests.Response, part: Path, start: int) -> int:
    """Return where the body begins in the file; a status that gives no body raises."""
    status = response.status_code
    if status == 206 and start:
        match = re.match(r"bytes ([0-9]{1,18})-", response.headers.get("Content-Range", ""))
        if match and int(match[1]) == start:
            return start
        forget(part)
        raise _Dropped("the server sent another range than asked for")
    if status == 200:
        return 0
    if status == 416:
        forget(part)
        raise _Dropped("the server has no such range")
    raise Unreachable(f"{host_of(response.url)} answers HTTP {status}")


def _receive(
    raw: Any, part: Path, start: int, bound: int, stop: threading.Event, tick: Tick | None
) -> Digest:
    from urllib3.exceptions import HTTPError

    hasher = hashlib.sha256()
    size = start
    if start:
        with part.open("rb") as file:
            while chunk := file.read(_CHUNK):
                hasher.update(chunk)
    with part.open("ab" if start else "wb", buffering=0) as out:
        while True:
            if stop.is_set():
                raise Stopped
            try:
                chunk = raw.read(_CHUNK, decode_content=False)
            except (HTTPError, OSError) as error:
                raise _Dropped(_reason(error)) from error
            if not chunk:
                break
            size += len(chunk)
            if size > bound:
                raise TooLong(bound)
            hasher.update(chunk)
            write_all(out.fileno(), chunk)
            if tick:
                tick(size)
        os.fsync(out.fileno())
    return Digest(hasher.hexdigest(), size)


def _refuse_redirect(url: str, target: str) -> None:
    """Refuse to be sent from https to anything else, or to where no server is.

    Raises:
        Unreachable: always then.
    """
    try:
        scheme = urlsplit(urljoin(url, target)).scheme
    except ValueError:
        scheme = "nothing"
    if scheme != "https" and (scheme != "http" or url.startswith("https:")):
        raise Unreachable(f"{host_of(url)} sends us on to {scheme}: refused")


def _expected(response: requests.Response, start: int) -> int | None:
    length = response.headers.get("Content-Length", "")
    size = number(length)
    return None if size is None else start + size


def _length(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _meta(part: Path) -> Path:
    return part.with_name(part.name + ".meta")


def _keep_validators(part: Path, url: str, response: requests.Response) -> None:
    part.unlink(missing_ok=True)
    record = {
        "url": url,
        "etag": response.headers.get("ETag", ""),
        "modified": response.headers.get("Last-Modified", ""),
    }
    _meta(part).write_text(json.dumps(record), encoding="utf-8")


def _validator(part: Path, url: str) -> str:
    """Return what If-Range needs; "" when the server gave nothing strong (the hash decides)."""
    try:
        record = untrusted.load(_meta(part), 1 << 20)
        if record["url"] != url:
            return ""
        etag, modified = str(record["etag"]), str(record["modified"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    wanted = etag if etag and not etag.startswith("W/") else modified
    # A server may fold a header; what comes back in ours must be one line.
    return wanted if re.fullmatch(r"[ -~]{0,500}", wanted) else ""


def _reason(error: BaseException) -> str:
    """Return the innermost cause in a few words."""
    seen: BaseException = error
    for _ in range(8):
        inner = getattr(seen, "reason", None) or next(
            (a for a in seen.args if isinstance(a, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            break
        seen = inner
    text = re.sub(
        r"^<?[\w.]*(?:HTTPS?Connection\w*)?[^:]*object at 0x[0-9a-f]+>:\s*", "", str(seen)
    )
    text = re.sub(r"^HTTPS?Connection\w*\([^)]*\):\s*", "", text)
    return text or type(seen).__name__
