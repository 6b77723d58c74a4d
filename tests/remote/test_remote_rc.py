"""What ``xnnkit render --remote`` writes, and what it refuses to write."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from xnnkit.build import prepare
from xnnkit.cli.render import command
from xnnkit.errors import BadInput
from xnnkit.render import remote

NAME = "xnnpack-2024-11"


def lines(*urls: str, **options: object) -> list[str]:
    """Return the lines that count of what is written."""
    found = remote.remote(urls, **options)  # type: ignore[arg-type]
    assert found
    text = remote.rendered(found).decode()
    return [line for line in text.splitlines() if line and line[0] != "#"]


ALWAYS = {
    "build --remote_retries=5",
    "build --remote_timeout=300",
    "build --remote_download_outputs=toplevel",
}


def test_a_web_server_is_a_cache() -> None:
    assert set(lines("https://cache.example:8443/a")) == ALWAYS | {
        "build --remote_cache=https://cache.example:8443/a"
    }


def test_a_grpc_server_runs_actions_unless_it_is_called_a_cache() -> None:
    assert "build --remote_executor=grpcs://grid.example" in lines("grpcs://grid.example")
    cache = lines("cache=grpc://grid.example:9092")
    assert "build --remote_cache=grpc://grid.example:9092" in cache
    assert not [line for line in cache if "executor" in line]
    both = lines("executor=unix:/run/grid.sock", "cache=https://cache.example")
    assert both[:2] == [
        "build --remote_cache=https://cache.example",
        "build --remote_executor=unix:/run/grid.sock",
    ]


def test_every_option_has_its_line() -> None:
    found = lines(
        "grpc://grid.example",
        instance="team/main",
        properties=["OSFamily=linux", "ISA=x86-64"],
        jobs=50,
        upload=False,
        settings="/home/me/mine.bazelrc",
    )
    assert set(found) - ALWAYS == {
        "build --remote_executor=grpc://grid.example",
        "build --remote_instance_name=team/main",
        "build --remote_default_exec_properties=OSFamily=linux",
        "build --remote_default_exec_properties=ISA=x86-64",
        "build --jobs=50",
        "build --noremote_upload_local_results",
        "import /home/me/mine.bazelrc",
    }
    # Last, so that what the user says counts.
    assert found[-1].startswith("import ")


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@cache.example",
        "grpcs://token@grid.example",
        "https://cache.example/?token=secret",
        "https://cache.example/#secret",
        "ftp://user:secret@cache.example/a b",
        "https://user:secret@[::1",
        "cache=https://user:secret@x]",
        "https://[::1/?token=secret",
    ],
)
def test_a_credential_is_never_written(url: str) -> None:
    with pytest.raises(BadInput, match="a credential would be written") as caught:
        remote.remote([url])
    assert "secret" not in str(caught.value)
    assert "--remote-rc" in caught.value.fix


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cache.example",
        "ftp://cache.example",
        "https://",
        "unix:",
        "executor=https://cache.example",
        "worker=grpc://grid.example",
        "https://cache.example\nbuild --spawn_strategy=local",
        "https://cache.example --noremote",
        "https://cache.example/'",
        'https://cache.example/"',
        "https://cache.example/\\",
        "https://cäche.example",
        "http://[",
        "https://[::1",
        "grpcs://[::1",
        "cache=http://x]",
        "executor=grpc://[",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="is no address"):
        remote.remote([url])


@pytest.mark.parametrize(
    "options",
    [
        {"instance": "a b"},
        {"instance": "a\nimport /x"},
        {"instance": "-x"},
        {"properties": ["no value"]},
        {"properties": ["KEY"]},
        {"properties": ["=value"]},
        {"properties": ['A="b"']},
        {"settings": "/with blank"},
        {"settings": "/x\nbuild --x"},
        {"settings": "/x#y"},
    ],
)
def test_what_a_bazelrc_would_read_otherwise_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="cannot be written into") as caught:
        lines("grpc://grid.example", **options)
    assert caught.value.fix.startswith(caught.value.where)


@pytest.mark.parametrize(
    "path", ["%workspace%/../../x", "%workspace%/x", "/x/%workspace%/y", "x.bazelrc", "../x", "~/x"]
)
def test_a_path_that_is_not_absolute_is_refused(path: str) -> None:
    with pytest.raises(BadInput, match="is no absolute path") as caught:
        lines("grpc://grid.example", settings=path)
    assert caught.value.where == "--remote-rc"


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(BadInput, match="two addresses of one cache") as caught:
        remote.remote(["https://a.example", "http://b.example"])
    assert "https://a.example" in caught.value.why
    assert caught.value.fix
    with pytest.raises(BadInput, match="a cache has no workers"):
        remote.remote(["https://a.example"], jobs=4)
    with pytest.raises(BadInput, match="a cache has no workers"):
        remote.remote(["https://a.example"], properties=["OSFamily=linux"])
    for options in ({"instance": "x"}, {"jobs": 2}, {"upload": False}, {"settings": "/x"}):
        with pytest.raises(BadInput, match="what is remote is not named"):
            remote.remote([], **options)  # type: ignore[arg-type]
    assert remote.remote([]) is None


def test_each_line_is_one_option_of_one_word() -> None:
    for line in lines("grpc://grid.example", properties=["a=b"], settings="/x/y.bazelrc"):
        assert re.fullmatch(r"(build --\S+|import \S+)", line)
        assert len(shlex.split(line)) == 2


# ------------------------------------------------------------------------------------ the command


@pytest.fixture
def no_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "fetch", lambda *a, **k: [])
    monkeypatch.setattr(
        prepare,
        "render_patches",
        lambda pins, *a: {
            one.name: [b"" for _ in one.patch_sets] for one in prepare.repositories(pins)
        },
    )


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(a) for a in arguments])


@pytest.mark.usefixtures("no_sources")
def test_the_file_comes_and_goes_with_the_option(tmp_path: Path) -> None:
    out = tmp_path / "ws"
    done = run(NAME, out, "--remote", "https://cache.example")
    assert done.exit_code == 0, done.output
    assert "--remote_cache=https://cache.example" in (out / remote.NAME).read_text()
    # Read before user.bazelrc, which therefore can say otherwise.
    imports = re.findall(r"^try-import %workspace%/(.*)$", (out / ".bazelrc").read_text(), re.M)
    assert imports == ["remote.bazelrc", "user.bazelrc"]
    assert run(NAME, out, "--remote", "https://cache.example", "--check").exit_code == 0
    drifted = run(NAME, out, "--remote", "https://other.example", "--check")
    assert drifted.exit_code == 1
    assert "remote.bazelrc" in drifted.stderr
    assert run(NAME, out).exit_code == 0
    assert not (out / remote.NAME).exists()


@pytest.mark.usefixtures("no_sources")
def test_a_refusal_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "ws"
    assert isinstance(run(NAME, out, "--remote", "nonsense").exception, BadInput)
    assert not out.exists()
