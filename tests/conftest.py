"""What every test shares: a clean environment, and the marked tests that run only when asked.

* ``upstream`` needs clones of the real sources: set XNNKIT_GIT_ROOT.
* ``bazel`` runs a real Bazel: pass ``--bazel`` or set XNNKIT_TEST_BAZEL=1.
* ``slow`` takes more than a few seconds or the network: ``--slow`` or XNNKIT_TEST_SLOW=1.
* ``image`` builds a whole image: ``--image`` or XNNKIT_TEST_IMAGE=1, as ``.ci/run`` sets.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# A machine busy with a build must not fail a test by being slow.
settings.register_profile("xnnkit", deadline=None)
settings.load_profile("xnnkit")

KEPT = {"XNNKIT_GIT_ROOT", "XNNKIT_TEST_BAZEL", "XNNKIT_TEST_IMAGE", "XNNKIT_TEST_SLOW"}
REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.append(str(REPOSITORY / "tests"))  # helpers that several rooms share


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bazel", action="store_true", help="run the tests that start a real Bazel")
    parser.addoption("--image", action="store_true", help="build and test a whole image")
    parser.addoption("--slow", action="store_true", help="run the slow tests too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = {
        "upstream": (bool(os.environ.get("XNNKIT_GIT_ROOT")), "XNNKIT_GIT_ROOT is not set"),
        "bazel": (_asked(config, "bazel"), "needs --bazel or XNNKIT_TEST_BAZEL=1"),
        "image": (_asked(config, "image"), "needs --image or XNNKIT_TEST_IMAGE=1"),
        "slow": (_asked(config, "slow"), "needs --slow or XNNKIT_TEST_SLOW=1"),
    }
    for item in items:
        for marker, (run, reason) in wanted.items():
            if not run and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def _asked(config: pytest.Config, name: str) -> bool:
    variable = os.environ.get(f"XNNKIT_TEST_{name.upper()}", "")
    return bool(config.getoption(f"--{name}")) or variable not in ("", "0")


@pytest.fixture(autouse=True)
def clean_env(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Take the user's settings away and point home and caches at this test's own directory.

    Tests of a real Bazel keep the cache, which holds Bazel itself and what it has fetched.
    """
    keep_cache = request.node.get_closest_marker("bazel") is not None
    kept = KEPT | ({"XNNKIT_CACHE"} if keep_cache else set())
    for name in [n for n in os.environ if n.startswith("XNNKIT_") and n not in kept]:
        monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    if not keep_cache:
        home = tmp_path / "home"
        home.mkdir()
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
        monkeypatch.setenv("XNNKIT_CACHE", str(home / ".cache" / "xnnkit"))


@pytest.fixture
def repository() -> Path:
    """The checkout that the tests stand in."""
    return REPOSITORY
