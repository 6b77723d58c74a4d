"""What Bazel itself says of a build: the stream of events that it writes beside its output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OPTION = "--build_event_json_file="
"""Makes Bazel write the stream; the file follows."""

_FROM_DISK = "disk cache hit"


def read(file: Path) -> dict[str, Any]:
    """Return what Bazel said, JSON-ready; what it did not say is "", 0 or empty.

    Args:
        file: the stream of one command.

    Returns:
        ``workspace`` and ``execution_root``, absolute folders; ``jobs``, as Bazel understood it;
        ``options``, those of the command line; ``from_disk_cache``, a number of actions;
        ``finished``, seconds since 1970 by Bazel's clock.
    """
    found: dict[str, Any] = {
        "workspace": "",
        "execution_root": "",
        "jobs": "",
        "options": [],
        "from_disk_cache": 0,
        "finished": 0.0,
    }
    for event in _events(file):
        if "started" in event:
            found["workspace"] = event["started"].get("workspaceDirectory", "")
        elif "workspaceInfo" in event:
            found["execution_root"] = event["workspaceInfo"].get("localExecRoot", "")
        elif "optionsParsed" in event:
            every = event["optionsParsed"].get("cmdLine", [])
            jobs = [word.partition("=")[2] for word in every if word.startswith("--jobs=")]
            found["jobs"] = jobs[-1] if jobs else ""
            found["options"] = event["optionsParsed"].get("explicitCmdLine", [])
        elif "finished" in event:
            found["finished"] = int(event["finished"].get("finishTimeMillis", 0)) / 1000
        elif "buildMetrics" in event:
            runners = event["buildMetrics"].get("actionSummary", {}).get("runnerCount", [])
            counts = {one.get("name"): int(one.get("count", 0)) for one in runners}
            found["from_disk_cache"] = counts.get(_FROM_DISK, 0)
    return found


def _events(file: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # a last line that Bazel did not end
        if isinstance(event, dict):
            yield event
