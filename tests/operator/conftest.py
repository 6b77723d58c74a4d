"""One workspace a profile for all tests of this room, and the profiles that it tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent))

import rendered

_UPSTREAM = (pytest.mark.upstream, pytest.mark.slow)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for ``operator_workspace`` on both profiles; CI has the first one's sources."""
    if "operator_workspace" in metafunc.fixturenames:
        values = [
            pytest.param("xnnpack-2024-11"),
            pytest.param("gemma-2024-05", marks=_UPSTREAM),
        ]
        metafunc.parametrize("operator_workspace", values, indirect=True, scope="session")


@pytest.fixture(scope="session")
def workspaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rendered.Workspaces]:
    """Workspaces by profile, rendered when first asked for."""
    made = rendered.Workspaces(tmp_path_factory.mktemp("operator").resolve())
    yield made
    made.close()


@pytest.fixture(scope="session")
def operator_workspace(
    request: pytest.FixtureRequest, workspaces: rendered.Workspaces
) -> rendered.Workspace:
    """The workspace of a profile, with operator_check in it."""
    workspace = workspaces.get(request.param)
    workspace.add_sources("operator_check", "BUILD.operator_check.bazel", rendered.HERE / "src")
    return workspace


@pytest.fixture(scope="session")
def gemma(workspaces: rendered.Workspaces) -> rendered.Workspace:
    """The workspace of the profile with llm_test."""
    return workspaces.get("gemma-2024-05")


@pytest.fixture(scope="session")
def gemma_operators(workspaces: rendered.Workspaces) -> rendered.Workspace:
    """The same, with operator_check in it."""
    workspace = workspaces.get("gemma-2024-05")
    workspace.add_sources("operator_check", "BUILD.operator_check.bazel", rendered.HERE / "src")
    return workspace
