"""Ask an address whether it is still there: no body is read, permanent redirects are told."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

_HOPS = 6
_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)


def follow(url: str, timeout: float = 15) -> tuple[str, str]:
    """Ask ``url`` with HEAD.

    Args:
        url: http or https.
        timeout: seconds to wait for each answer.

    Returns:
        ``("", "")`` when it answers; ``("moved", TO)`` after a permanent redirect to another
        address; ``("unreachable", WHY)`` when it does not answer with a file.
    """
    import requests

    at, permanent = url, ""
    for _ in range(_HOPS):
        if urlsplit(at).scheme not in ("http", "https"):
            return "unreachable", f"it leads to {at}, which is no web address"
        try:
            answer = requests.head(at, timeout=timeout, allow_redirects=False)
        except requests.RequestException as error:
            return "unreachable", f"{urlsplit(at).netloc}: {type(error).__name__}"
        if answer.status_code in _REDIRECTS and "Location" in answer.headers:
            to = urljoin(at, answer.headers["Location"])
            if answer.status_code in _PERMANENT:
                permanent = to
            at = to
            continue
        if answer.status_code >= 400:
            return "unreachable", f"HTTP {answer.status_code}"
        return ("moved", permanent) if permanent else ("", "")
    return "unreachable", f"more than {_HOPS} redirects"
