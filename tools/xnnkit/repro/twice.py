"""Run the two builds, one after the other, and compare what they made."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from xnnkit import paths
from xnnkit.bazel import debian, find
from xnnkit.build.build import chosen
from xnnkit.build.prepare import fetch
from xnnkit.build.request import Options, Sources
from xnnkit.errors import BadEnvironment, BadInput, Finding, Inconclusive, XnnkitError, typed
from xnnkit.profile import Profile, load, path_of
from xnnkit.profile.compiler import choose, needed, refuse_unaccepted
from xnnkit.repro import clock, compare, found
from xnnkit.repro.cause import Traces
from xnnkit.repro.conditions import Condition, Side, obstacles, sides, wanted
from xnnkit.repro.machine import HOST, USER, Machine

_MARK = ".xnnkit-repro"

_ERRORS: dict[str, type[XnnkitError]] = {
    one.kind: one for one in (Finding, BadInput, BadEnvironment, Inconclusive)
}


def repro(
    given: str,
    options: Options,
    sources: Sources,
    machine: Machine,
    *,
    vary: Collection[str] = (),
    objects: bool = False,
    keep: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Build twice under different conditions and compare every artifact.

    Args:
        given: the profile's name, or its path.
        options: what to build; ``out``, an absolute folder, is where report and artifacts go.
        sources: where archives may come from.
        machine: what can be varied here.
        vary: names of conditions; all that can be varied when empty.
        objects: compare every object file, too.
        keep: leave both builds' folders behind.
        say: called with a line for each step.

    Returns:
        JSON-ready: ``identical``, ``conditions``, ``artifacts``, ``builds``.

    Raises:
        BadInput: an unknown condition, flavour or toolchain, or ``out`` holds something else.
        BadEnvironment: a condition that was asked for by name cannot be varied here, or both
            builds found the same and made the same.
        XnnkitError: one of the builds failed.
    """
    profile = load(given)
    names = wanted(vary)
    hindered = {name: why for name, why in obstacles(machine).items() if name in names}
    if vary and hindered:
        name, why = next(iter(hindered.items()))
        raise BadEnvironment(f"{name} cannot be varied here", where="--vary", why=why)
    compiler = choose(
        profile,
        options.toolchain,
        ndk=options.ndk,
        api_level=options.api_level,
        licence_accepted=options.licence_accepted,
    )
    refuse_unaccepted(compiler)
    flavours = chosen(profile, options)
    _claim(options.out)
    say(f"{profile.name}: fetching and verifying")
    fetch(needed(profile, compiler), sources)
    find(profile.bazel)
    varied = [name for name in names if name not in hindered]
    pair = sides(options.out, varied, sources.cache, machine)
    results = []
    for side in pair:
        say(f"{profile.name}: the {side.name} build (log: {_log(options, side)})")
        with _room(side, options.out, keep):
            plan = _plan(side, given, options, objects)
            results.append(_run(side, plan, profile, sources.cache))
    conditions = found.conditions(names, hindered, (results[0], results[1]), machine)
    say(f"{profile.name}: comparing")
    traces = tuple(_traces(side, result) for side, result in zip(pair, results, strict=True))
    artifacts = compare.folders(
        options.out / "first",
        options.out / "second",
        (traces[0], traces[1]),
        [f"bin/{flavour.name}/{profile.benchmark.name}" for flavour in flavours],
    )
    for row in artifacts:
        if all(row["sha256"]) and row["sha256"][0] != row["sha256"][1]:
            _ask_diffoscope(options.out, row)
    proofs = [result["proof"] for result in results if result["proof"]]
    content = {
        "profile": profile.name,
        "toolchain": compiler.name,
        "identical": all(one["identical"] for one in artifacts) and not proofs,
        "varied": sum(one.varied for one in conditions),
        "conditions": [one.to_json() for one in conditions],
        "artifacts": artifacts,
        "proofs": proofs,
        "builds": [
            {
                "name": side.name,
                "seconds": result["seconds"],
                "objects": result["objects"],
                "log": str(_log(options, side)),
            }
            for side, result in zip(pair, results, strict=True)
        ],
    }
    report = options.out / "repro.json"
    report.write_text(json.dumps({"schema_version": 1, **content}, indent=2) + "\n")
    if vary and content["identical"]:
        _refuse_unvaried(conditions, report)
    return content


def _refuse_unvaried(conditions: list[Condition], report: Path) -> None:
    """Refuse to say that what was asked for by name does not matter, where it was not tried."""
    for one in conditions:
        if not one.varied:
            raise BadEnvironment(
                f"{one.name} was not varied: nothing is known of whether it matters",
                where=str(report),
                why=one.why,
            )


def _claim(out: Path) -> None:
    """Make the folder, or take the one of an earlier run: what is in it will be deleted.

    Raises:
        BadInput: it holds something that is none of ours, or is a link to nothing.
    """
    paths.refuse_lost(out)
    if out.is_dir() and any(out.iterdir()) and not (out / _MARK).is_file():
        raise BadInput(
            "the folder is not empty and was not made by xnnkit repro",
            where=str(out),
            why="both builds are made below it, and deleted",
            fix="--out FOLDER, one that does not exist",
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).touch()


def _ask_diffoscope(out: Path, row: dict[str, Any]) -> None:
    said = compare.diffoscope(out / "first" / row["name"], out / "second" / row["name"])
    if said:
        file = out / "diffoscope" / (row["name"].replace("/", "-") + ".txt")
        file.parent.mkdir(exist_ok=True)
        file.write_text(said)
        row["diffoscope"] = str(file)


def _log(options: Options, side: Side) -> Path:
    return options.out / f"{side.name}.log"


@contextlib.contextmanager
def _room(side: Side, out: Path, keep: bool) -> Iterator[None]:
    """Make a side's folder, and take it away afterwards: a build needs gigabytes."""
    top = out / side.root.relative_to(out).parts[0]
    _remove(top)
    _remove(out / side.name)
    side.home.mkdir(parents=True)
    try:
        yield
    finally:
        if keep:
            # Where the next build is in the same folder, this one makes way for it.
            kept = out / f"kept-{side.name}"
            _remove(kept)
            side.root.rename(kept)
        _remove(top)


def _remove(folder: Path) -> None:
    for inner, _, _ in os.walk(folder):
        os.chmod(inner, stat.S_IRWXU)  # Bazel takes the write bits away
    shutil.rmtree(folder, ignore_errors=True)


def _plan(side: Side, given: str, options: Options, objects: bool) -> dict[str, Any]:
    extra = [*options.bazel_options, f"--jobs={side.jobs}", *side.bazel_options]
    if objects:
        # What comes from the disk cache is otherwise only named, not written.
        extra.append("--remote_download_outputs=all")
    disk_cache = side.root / "disk-cache" if side.empty_disk_cache else options.disk_cache
    return {
        "profile": str(path_of(given).absolute()),
        "out": str(side.root / "build"),
        "home": str(side.home),
        "log": str(_log(options, side)),
        "events": str(side.root / "events.json"),
        "disk_cache": str(disk_cache or ""),
        "flavours": list(options.flavours),
        "toolchain": options.toolchain,
        "ndk": options.ndk,
        "api_level": options.api_level,
        "licence_accepted": options.licence_accepted,
        "bazel_options": extra,
        "objects": objects,
    }


def _run(side: Side, plan: dict[str, Any], profile: Profile, shared: Path) -> dict[str, Any]:
    """Run one build and move its artifacts to where the next one does not delete them."""
    cache = side.cache or _bare_cache(side.root / "cache", shared, profile)
    for source, target in side.copies.items():
        shutil.copyfile(source, target)
    files = side.root / "plan.json", side.root / "result.json"
    files[0].write_text(json.dumps({**plan, "cache": str(cache)}))
    command = [*side.wrapper, sys.executable, "-m", "xnnkit.repro.side", *map(str, files)]
    log = Path(plan["log"])
    real = clock.start()
    # A file, not a pipe: Bazel's server would hold a pipe open.
    with open(log.with_suffix(".out"), "w+", errors="replace") as said:
        code = subprocess.run(
            command,
            cwd=side.root,
            env={**side.environment, "XNNKIT_CACHE": str(cache)},
            umask=side.umask,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        ).returncode
        said.seek(0)
        tail = said.read().splitlines()[-5:]
    if not files[1].is_file():
        raise XnnkitError(
            f"the {side.name} build ended with exit code {code} and no result",
            where=" ".join(command[:4]),
            why="\n".join(tail),
        )
    result: dict[str, Any] = json.loads(files[1].read_text())
    if error := result.get("error"):
        raise _ERRORS.get(error["error"], XnnkitError)(
            f"the {side.name} build: {error['what']}",
            where=error["where"],
            why=error["why"],
            fix=f"the log is {typed(log)}",
        )
    result["real"] = real
    build = side.root / "build"
    kept = log.parent / side.name
    for name in ("bin", "objects"):
        if (build / name).is_dir():
            kept.mkdir(exist_ok=True)
            shutil.move(build / name, kept / name)
    return result


def _bare_cache(root: Path, shared: Path, profile: Profile) -> Path:
    """Make a cache that has the verified downloads and Debian's Bazel, and nothing built."""
    root.mkdir()
    for name in ("sha256", "accepted"):
        if (shared / name).is_dir():
            (root / name).symlink_to(shared / name)
    if profile.bazel.debian is None:
        return root
    source = debian.location(profile.bazel)
    if (source / debian.READY).is_file():
        target = root / source.relative_to(shared)
        target.mkdir(parents=True)
        (target / "usr").symlink_to(source / "usr")
        shutil.copyfile(source / debian.READY, target / debian.READY)
    return root


def _traces(side: Side, result: dict[str, Any]) -> Traces:
    seen = result["surroundings"]
    user = side.environment["USER"]
    # "root" and a machine called "build" stand in many a text.
    return Traces(
        places=[str(side.root)],
        user=user if user == USER else "",
        host=seen["hostname"] if seen["hostname"] == HOST or len(seen["hostname"]) > 5 else "",
    )
