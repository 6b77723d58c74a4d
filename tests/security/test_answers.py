"""What phones, servers and tools answer."""

from __future__ import annotations

import json
import struct
import time
from pathlib import Path

import pytest
import requests
from xnnkit.archives import http
from xnnkit.archives.http import Net, Unreachable
from xnnkit.bench import readers
from xnnkit.bench.readers import file as content
from xnnkit.device import count_file
from xnnkit.device.adb import client, cpu, questions
from xnnkit.device.process import LONGEST_LINE, stream
from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.ndk import manifest

LONG = "9" * 5000
CPU = "/sys/devices/system/cpu/"


@pytest.mark.parametrize("rest", [LONG + ":", "\u0663:", "-1:", "999:", "", "x"])
def test_an_exit_code(rest: str) -> None:
    assert client._code(rest) == 255


def test_a_core_of_any_number() -> None:
    text = (
        f"@cores\n{CPU}cpu99999999999/online:1\n{CPU}cpu1/cpu_capacity:{LONG}\n{CPU}cpu2/online:1"
    )
    found = questions.stays(text)
    assert [core.number for core in found.cores] == [1, 2]
    assert cpu.big(found.cores) == 0


def test_numbers_of_any_length() -> None:
    text = f"@memory\nMemTotal: {LONG} kB\nMemAvailable: {LONG} kB\n@load\n{LONG}.0 1\n"
    text += f"@battery\nlevel: {LONG}\ntemperature: \u00b2\n"
    text += f"@clocks\n{CPU}cpu{LONG}/cpufreq/scaling_cur_freq:1\n"
    text += f"{CPU}cpux/cpufreq/scaling_max_freq:1\n{CPU}cpux/cpufreq/cpuinfo_max_freq:2\n"
    assert questions.stays(text).memory is None
    assert json.dumps(questions.changes(text), allow_nan=False) == "{}"


def test_a_line_without_an_end(tmp_path: Path) -> None:
    heard: list[int] = []
    code = f"print('x' * {3 * LONGEST_LINE}, end='')"
    import sys

    stream([sys.executable, "-c", code], env={}, say=lambda line: heard.append(len(line)))
    assert sum(heard) == 3 * LONGEST_LINE
    assert max(heard) <= LONGEST_LINE


@pytest.mark.parametrize("length", ["\u00b2", LONG, "-5", "1_0", ""])
def test_a_content_length(length: str) -> None:
    class Answer:
        headers = {"Content-Length": length}  # noqa: RUF012 - a stand-in

    assert http._expected(Answer(), 3) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("etag", ['"a\r\n b"', "x" * 9000, '"\u00e9"'])
def test_an_etag_that_is_no_header_line(etag: str, tmp_path: Path) -> None:
    part = tmp_path / "p"
    record = {"url": "https://h.example/", "etag": etag, "modified": ""}
    part.with_name("p.meta").write_text(json.dumps(record))
    assert http._validator(part, "https://h.example/") == ""


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://h.example/a", "http://h.example/a"),
        ("https://h.example/a", "file:///etc/passwd"),
        ("http://h.example/a", "ftp://h.example/a"),
        ("https://h.example/a", "http://[::1/a"),
    ],
)
def test_redirects_that_are_not_followed(url: str, target: str) -> None:
    with pytest.raises(Unreachable, match="sends us on"):
        http._refuse_redirect(url, target)


def redirect(url: str, target: str) -> requests.Response:
    """Return an answer that sends its reader on."""
    answer = requests.Response()
    answer.status_code = 302
    answer.url = url
    answer.headers["Location"] = target
    return answer


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://h.example/a", "/b"),
        ("https://h.example/a", "https://other.example/b"),
        ("http://h.example/a", "https://h.example/b"),
    ],
)
def test_redirects_that_are_followed(url: str, target: str) -> None:
    assert Net()._connected().get_redirect_target(redirect(url, target)) == target


def test_a_session_asks_before_it_follows() -> None:
    session = Net()._connected()
    with pytest.raises(Unreachable):
        session.get_redirect_target(redirect("https://h.example/", "file:///etc/passwd"))
    assert session.max_redirects < 10


def test_no_password_in_a_message() -> None:
    assert http.host_of("https://user:secret@h.example:8/x") == "h.example:8"
    with pytest.raises(Unreachable) as caught:
        Net(attempts=1, connect_timeout=1).probe("http://user:secret@127.0.0.1:1/x")
    assert "secret" not in caught.value.reason


@pytest.mark.parametrize(
    "body",
    [
        "<size>\u00b2</size>",
        f"<size>{LONG}</size>",
        "<size>" + "\n" * 200_000 + "</size>",
    ],
    ids=["superscript", "long", "newlines"],
)
def test_googles_list(body: str) -> None:
    text = (
        f"<a><complete>{body}<checksum type='sha1'>{'0' * 40}</checksum><url>f</url></complete></a>"
    )
    began = time.process_time()
    with pytest.raises(BadEnvironment):
        manifest.find(text.encode(), "f", "list")
    assert time.process_time() - began < 5


def test_counters_that_claim_more_than_there_is(tmp_path: Path) -> None:
    file = tmp_path / "out"
    for blocks in (1 << 62, 1 << 33):
        head = struct.pack("=16s7Q", count_file.MAGIC, blocks, 1, 1, 0, 0, 0, 0)
        file.write_bytes(head.ljust(count_file.HEAD_BYTES, b"\0"))
        with pytest.raises(BadEnvironment, match="damaged"):
            count_file.read(file)


def test_a_window_of_blocks_that_are_not_there(tmp_path: Path) -> None:
    file = tmp_path / "out"
    head = struct.pack("=16s7Q", count_file.MAGIC, 1, 1, 1, 0, 0, 1, 1)
    file.write_bytes(head.ljust(count_file.HEAD_BYTES, b"\0") + struct.pack("=3Q", 4096, 1, 1))
    file.with_name("out.windows").write_bytes(struct.pack("=3Q", 1, 7, 1))
    with pytest.raises(BadEnvironment, match="damaged"):
        count_file.read(file)


def test_damaged_json_is_not_searched_for_hours() -> None:
    """Each of these lines begins an entry that is damaged far behind."""
    text = '{"benchmarks": [' + '{\n"a":' * 200_000
    began = time.process_time()
    with pytest.raises(BadInput):
        readers.read_bytes(text.encode(), "x")
    assert time.process_time() - began < 10
    with pytest.raises(BadInput):
        readers.read_bytes(b'{"benchmarks": [{"a": ' + b"\n" * 1_000_000, "x")
    assert time.process_time() - began < 10


def test_a_file_of_any_length(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    with file.open("wb") as out:
        out.truncate(8 << 30)
    with pytest.raises(BadInput, match="too long"):
        content.load(file)
