"""One of the two builds, in a process of its own: ``python -m xnnkit.repro.side PLAN RESULT``.

It builds as ``xnnkit build`` does, writes down what it found its surroundings to be, and keeps the
artifacts. Nothing of a build is left running.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import Any

from xnnkit.errors import Finding, XnnkitError
from xnnkit.repro import actions, clock, events, kept, machine

_FILES = 40


def surroundings(home: Path) -> dict[str, Any]:
    """Return what this process sees of its machine, JSON-ready; by the names of CONDITIONS.

    ``clock`` is when the machine started, by this process's clock.
    """
    mask = os.umask(0)
    os.umask(mask)
    return {
        "user": f"{os.environ.get('USER', '')} ({os.getuid()})",
        "home": os.environ.get("HOME", ""),
        "umask": f"{mask:03o}",
        "clock": clock.start(),
        "timezone": f"{time.tzname[0]} {time.strftime('%z')}",
        "locale": f"{os.environ.get('LC_ALL', '')}, {os.environ.get('LANGUAGE', '')}",
        "file-order": _listing(home),
        "hostname": socket.gethostname(),
        "network": ", ".join(machine.interfaces()) or "none",
    }


def _listing(folder: Path) -> list[str]:
    """Return how this file system lists files that were made in the order of their names."""
    probe = folder / "order"
    probe.mkdir(parents=True)
    for number in range(_FILES):
        (probe / f"{number:02}").touch()
    listed = os.listdir(probe)
    shutil.rmtree(probe)
    return listed


def build(plan: dict[str, Any]) -> dict[str, Any]:
    """Build as planned.

    Returns:
        JSON-ready: ``binaries``, as the manifest has them; ``objects``, how many were kept;
        ``proof``, what a proof that failed said; ``bazel``, as ``events.read`` returns it;
        ``clocks``, as ``actions.look`` returns them, and ``bazel`` likewise; ``kept``, the caches
        before and after.

    Raises:
        XnnkitError: the build failed before there was a binary.
    """
    from xnnkit import profile
    from xnnkit.build import build as library
    from xnnkit.build import manifest
    from xnnkit.build.request import Options, Sources

    out = Path(plan["out"])
    loaded = profile.load(plan["profile"])
    cache = Path(plan["cache"])
    disk_cache = Path(plan["disk_cache"]) if plan["disk_cache"] else None
    stream = Path(plan["events"])
    options = Options(
        out=out,
        profile=plan["profile"],
        flavours=plan["flavours"],
        toolchain=plan["toolchain"],
        ndk=plan["ndk"],
        api_level=plan["api_level"],
        licence_accepted=plan["licence_accepted"],
        log=Path(plan["log"]),
        bazel_options=[*plan["bazel_options"], events.OPTION + str(stream)],
        disk_cache=disk_cache,
    )
    proof = ""
    places = cache, disk_cache or cache / "bazel" / "disk"
    caches = [kept.state(*places)]
    try:
        try:
            library.build(loaded, options, Sources(cache=cache))
        except Finding as finding:
            # A binary that fails its proof is compared, too: the comparison says why it fails.
            if not (out / manifest.NAME).is_file():
                raise
            proof = finding.why
        caches.append(kept.state(*places))
        # Before Bazel is asked for the clock: what it builds to tell has another date.
        objects = keep_objects(out) if plan["objects"] else 0
        said = events.read(stream)
        clocks = {"bazel": clock.start(said["finished"]) if said["finished"] else None}
        clocks |= _clocks_of_actions(loaded, out / "workspace", said["options"], stream)
    finally:
        _end(loaded, out / "workspace")
    return {
        "binaries": manifest.read(out)["binaries"],
        "objects": objects,
        "proof": proof,
        "bazel": said,
        "clocks": clocks,
        "kept": caches,
    }


def _clocks_of_actions(
    loaded: Any, workspace: Path, given: list[str], stream: Path
) -> dict[str, Any]:
    from xnnkit.bazel import find

    options = [word for word in given if not word.startswith(events.OPTION)]
    bazel = find(loaded.bazel).alone()
    return actions.look(bazel, workspace, options, stream.with_name("clocks.log"))


def _end(loaded: Any, workspace: Path) -> None:
    from xnnkit.bazel import find

    if workspace.is_dir():
        find(loaded.bazel).run(["shutdown"], cwd=workspace, quiet=True)


def keep_objects(out: Path) -> int:
    """Copy every object file of the build, with its permissions, to ``out/objects``.

    Returns:
        How many there are.

    Raises:
        XnnkitError: there is none, so that comparing them would say nothing.
    """
    outputs = (out / "workspace" / "bazel-out").resolve()
    found = [path for path in outputs.rglob("*.o") if path.is_file()] if outputs.is_dir() else []
    if not found:
        raise XnnkitError(
            "the build left no object file to compare",
            where=str(outputs),
            why="Bazel wrote none, or not there",
            fix="xnnkit repro PROFILE    (without --objects: the binaries alone)",
        )
    for source in found:
        target = out / "objects" / source.relative_to(outputs)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return len(found)


def main(plan_file: str, result_file: str) -> int:
    """Do what the plan says and write the result; return an exit code."""
    plan = json.loads(Path(plan_file).read_text())
    result: dict[str, Any] = {"surroundings": surroundings(Path(plan["home"]))}
    begin = time.monotonic()
    try:
        result |= build(plan)
    except XnnkitError as error:
        result["error"] = error.to_json()
    result["seconds"] = round(time.monotonic() - begin, 1)
    Path(result_file).write_text(json.dumps(result))
    return 1 if "error" in result else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
