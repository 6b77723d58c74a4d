"""Downloads from a server that misbehaves."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from xnnkit.archives import http
from xnnkit.archives.http import Net, Unreachable, download
from xnnkit.archives.stream import Digest, TooLong

BODY = hashlib.shake_256(b"body").digest(600_000)
WANT = Digest(hashlib.sha256(BODY).hexdigest(), len(BODY))


def get(server: Any, net: Net, part: Path, *faults: dict[str, Any], bound: int = 1 << 20) -> Digest:
    server.files.setdefault("/f", BODY)
    server.faults["/f"] = [server.fault(**fault) for fault in faults]
    return download(server.url + "f", part, WANT, net, bound=bound)


def test_plain(server: Any, net: Net, tmp_path: Path) -> None:
    assert get(server, net, tmp_path / "p") == WANT
    assert (tmp_path / "p").read_bytes() == BODY


def test_a_broken_connection_is_resumed_not_restarted(
    server: Any, net: Net, tmp_path: Path
) -> None:
    assert get(server, net, tmp_path / "p", {"cut": 200_000}, {"cut": 200_000}) == WANT
    ranges = [headers.get("Range") for _, headers in server.requests]
    assert ranges[0] is None
    assert all(r for r in ranges[1:]), ranges
    assert all("If-Range" in headers for _, headers in server.requests[1:])
    assert server.sent < 1.3 * len(BODY)


def test_what_an_earlier_process_left_is_continued(server: Any, net: Net, tmp_path: Path) -> None:
    part = tmp_path / "p"
    part.write_bytes(BODY[:300_000])
    assert get(server, net, part) == WANT
    assert server.sent == len(BODY) - 300_000


def test_a_server_that_ignores_range(server: Any, net: Net, tmp_path: Path) -> None:
    faults = ({"cut": 200_000}, {"ignore_range": True})
    assert get(server, net, tmp_path / "p", *faults) == WANT
    assert (tmp_path / "p").read_bytes() == BODY


def test_a_changed_file_is_not_glued_together(server: Any, net: Net, tmp_path: Path) -> None:
    """The first half is of another file; If-Range makes the server send the whole again."""
    server.files["/f"] = b"old" * 200_000
    server.etags["/f"] = '"old"'
    with pytest.raises(Unreachable):
        get(server, net, tmp_path / "p", *[{"cut": 0}] * 2, {"cut": 100_000}, *[{"cut": 0}] * 3)
    assert (tmp_path / "p").stat().st_size == 100_000
    server.files["/f"], server.etags["/f"] = BODY, '"new"'
    assert get(server, net, tmp_path / "p") == WANT


def test_a_left_over_that_is_wrong_is_thrown_away(server: Any, net: Net, tmp_path: Path) -> None:
    """Without validators only the hash can tell, and it does."""
    part = tmp_path / "p"
    part.write_bytes(b"x" * 300_000)
    assert get(server, net, part) == WANT
    assert server.hits["/f"] == 2


def test_a_complete_left_over_needs_no_request(server: Any, net: Net, tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(BODY)
    assert get(server, net, tmp_path / "p") == WANT
    assert not server.requests


def test_no_content_length_and_cut_short(server: Any, net: Net, tmp_path: Path) -> None:
    faults = ({"cut": 200_000, "no_length": True},)
    assert get(server, net, tmp_path / "p", *faults) == WANT


@pytest.mark.parametrize("no_length", [False, True])
def test_a_longer_body_is_not_read_to_its_end(
    no_length: bool, server: Any, net: Net, tmp_path: Path
) -> None:
    server.pause = 0.001
    server.files["/f"] = BODY
    server.faults["/f"] = [server.fault(extra=bytes(20 << 20), no_length=no_length)]
    told: list[int] = []
    with pytest.raises(TooLong):
        download(server.url + "f", tmp_path / "p", WANT, net, bound=len(BODY), tick=told.append)
    assert server.sent < 8 << 20
    assert bool(told) == no_length, "a length that says it is enough"
    assert list(tmp_path.glob("p*")) == []


def test_not_there(server: Any, net: Net, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="HTTP 404"):
        get(server, net, tmp_path / "p", {"status": 404})
    assert server.hits["/f"] == 1


def test_a_busy_server_is_asked_again(server: Any, net: Net, tmp_path: Path) -> None:
    assert get(server, net, tmp_path / "p", {"status": 503}, {"status": 502}) == WANT
    assert server.hits["/f"] == 3


def test_a_server_that_stays_busy(server: Any, net: Net, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="HTTP 503"):
        get(server, net, tmp_path / "p", *[{"status": 503}] * 9)
    assert server.hits["/f"] == 3


def test_it_gives_up_when_nothing_more_comes(server: Any, net: Net, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="broke 3 times"):
        get(server, net, tmp_path / "p", *[{"cut": 0}] * 9)


def test_a_dead_host_is_asked_once_by_all_threads(tmp_path: Path) -> None:
    """It accepts nothing, so each try would wait for the whole timeout."""
    sleeper = socket.socket()
    sleeper.bind(("127.0.0.1", 0))
    sleeper.listen(0)
    fillers = []
    for _ in range(4):  # fill the backlog, so that a further connection hangs
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(sleeper.getsockname())
        fillers.append(filler)
    time.sleep(0.05)
    net = Net(connect_timeout=0.7, read_timeout=0.7, attempts=1)
    reasons: list[str] = []

    def work(number: int) -> None:
        url = f"http://127.0.0.1:{sleeper.getsockname()[1]}/f"
        try:
            download(url, tmp_path / str(number), WANT, net, bound=1)
        except Unreachable as error:
            reasons.append(error.reason)

    start = time.monotonic()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - start
    for open_socket in (*fillers, sleeper):
        open_socket.close()
    assert len(reasons) == 8
    assert all("cannot be reached" in reason for reason in reasons)
    assert took < 3 * 0.7, "eight files of one dead host waited one after the other"


def test_the_reason_is_short() -> None:
    with pytest.raises(Unreachable) as caught:
        download("http://127.0.0.1:9/f", Path("/nowhere/p"), WANT, Net(), bound=1)
    assert "127.0.0.1:9 cannot be reached" in caught.value.reason
    assert "object at" not in caught.value.reason


def test_stop_ends_a_download(server: Any, net: Net, tmp_path: Path) -> None:
    server.pause = 0.05
    threading.Timer(0.2, net.stop.set).start()
    with pytest.raises(http.Stopped):
        get(server, net, tmp_path / "p")
