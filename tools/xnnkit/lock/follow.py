"""Ask an address whether it is still there: no body is read, permanent redirects are told.

The addresses are those of a file that somebody else wrote, and this machine may stand in a network
that nobody else can reach. So only hosts of the public internet are asked, redirects included, and
no password of the user is sent to them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from xnnkit.lock import public

if TYPE_CHECKING:
    import requests

_HOPS = 6
_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)

Allowed = Callable[[str], bool]
"""Tells whether an IP address may be asked."""


class _Refused(Exception):
    """A host that is not asked."""


def follow(url: str, timeout: float = 15, allowed: Allowed = public.address) -> tuple[str, str]:
    """Ask ``url`` with HEAD.

    Args:
        url: http or https.
        timeout: seconds to wait for each answer.
        allowed: which IP addresses may be asked.

    Returns:
        ``("", "")`` when it answers; ``("moved", TO)`` after a permanent redirect to another
        address; ``("unreachable", WHY)`` when it does not answer with a file, or is not asked.
    """
    import requests

    at, permanent = url, ""
    for _ in range(_HOPS):
        try:
            if urlsplit(at).scheme not in ("http", "https"):
                return "unreachable", f"it leads to {at}, which is no web address"
            answer = _head(at, timeout, allowed)
            to = urljoin(at, answer.headers.get("Location", ""))
        except _Refused as error:
            return "unreachable", str(error)
        except requests.RequestException as error:
            return "unreachable", f"{urlsplit(at).netloc}: {type(error).__name__}"
        except ValueError as error:  # no address at all
            return "unreachable", f"{at}: {error}"
        if answer.status_code in _REDIRECTS and "Location" in answer.headers:
            if answer.status_code in _PERMANENT:
                permanent = to
            at = to
            continue
        if answer.status_code >= 400:
            return "unreachable", f"HTTP {answer.status_code}"
        return ("moved", permanent) if permanent else ("", "")
    return "unreachable", f"more than {_HOPS} redirects"


def _head(url: str, timeout: float, allowed: Allowed) -> requests.Response:
    """Send one HEAD.

    Raises:
        _Refused: the host is not public.
        requests.RequestException: it cannot be reached.
        ValueError: the address is none.
    """
    import requests
    from requests.utils import get_environ_proxies, select_proxy

    url = requests.Request("HEAD", url).prepare().url or ""  # as it is read where it is asked
    parts = urlsplit(url)
    host = parts.hostname or ""
    found = public.resolved(host, parts.port or (443 if parts.scheme == "https" else 80))
    proxied = select_proxy(url, get_environ_proxies(url, no_proxy=None)) is not None
    if not found and not proxied:
        raise _Refused(f"{host} has no address")
    if any(not allowed(one) for one in found):
        raise _Refused(f"{host} is not asked: it is no host of the public internet")
    with requests.Session() as session:
        if not proxied:
            for scheme in ("http://", "https://"):
                session.mount(scheme, _adapter(allowed))
        # `auth` that adds nothing: else requests takes a password from ~/.netrc for the host.
        return session.head(url, timeout=timeout, allow_redirects=False, auth=lambda asked: asked)


def _adapter(allowed: Allowed) -> requests.adapters.HTTPAdapter:
    """Return what connects, and hangs up on a host whose name now leads somewhere else."""
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    def check(connection: HTTPConnection) -> None:
        peer = connection.sock.getpeername()[0] if connection.sock else ""
        if not allowed(peer):
            connection.close()
            raise _Refused(f"{connection.host} is not asked: it leads to {peer}")

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            check(self)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            check(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *given: Any, **options: Any) -> None:
            super().init_poolmanager(*given, **options)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    return Adapter()
