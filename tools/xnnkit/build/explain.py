"""Say which actions ran for which flavour, which were shared, and why the rest were not.

Bazel's trace profile names every action by its output; the folder below ``bazel-out`` is the
configuration, and so the flavour. An action whose time holds a ``subprocess.run`` ran; one without
was a hit in the disk cache, or was taken over from an equal action that ran at the same moment.
"""

from __future__ import annotations

import bisect
import dataclasses
import gzip
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from xnnkit.bazel import Bazel, find
from xnnkit.build import build as library
from xnnkit.build import invoke
from xnnkit.build.request import Options, Sources
from xnnkit.errors import XnnkitError
from xnnkit.profile import Profile

_OUTPUT = re.compile(r"bazel-out/([^/]+)/bin/(.*)")
_INCLUDE = re.compile(
    r"(?:bazel-out/cfg/bin/)?external/(?:[^/]*~)?(XNNPACK\w*)(?:/(?:include|src))?"
)
_HEADERS = "the headers of"
_COMPILES = ("CppCompile",)
_PROFILE_OPTIONS = (
    "--generate_json_trace_profile",
    "--noslim_profile",
    "--experimental_profile_include_target_label",
    "--experimental_profile_include_primary_output",
)


@dataclasses.dataclass(frozen=True)
class Action:
    """One action of a build, as the trace shows it.

    Attributes:
        configuration: the folder below ``bazel-out``.
        output: the primary output below ``bin``, the same for every flavour.
        mnemonic: "CppCompile", ...
        ran: it started a process; otherwise it was shared.
    """

    configuration: str
    output: str
    mnemonic: str
    ran: bool


def read_trace(path: Path) -> list[Action]:
    """Return the actions of a trace profile, gzipped or not.

    Raises:
        XnnkitError: the file is not a trace.
    """
    try:
        data = path.read_bytes()
        text = gzip.decompress(data) if path.suffix == ".gz" else data
        events = json.loads(text)["traceEvents"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise XnnkitError(f"not a Bazel profile: {error}", where=str(path)) from error
    started: dict[int, list[float]] = defaultdict(list)
    for event in events:
        if event.get("name") == "subprocess.run" or event.get("cat") == "local action execution":
            started[event["tid"]].append(event["ts"])
    for times in started.values():
        times.sort()
    actions = []
    for event in events:
        if event.get("cat") != "action processing" or "out" not in event:
            continue
        match = _OUTPUT.match(event["out"])
        if not match:
            continue
        times = started[event["tid"]]
        first = bisect.bisect_left(times, event["ts"])
        ran = first < len(times) and times[first] <= event["ts"] + event["dur"]
        mnemonic = event.get("args", {}).get("mnemonic", "")
        actions.append(Action(match.group(1), match.group(2), mnemonic, ran))
    return actions


def account(
    actions: Iterable[Action],
    flavour_of: Mapping[str, str],
    commands: Mapping[tuple[str, str], list[str]],
) -> dict[str, Any]:
    """Count actions by flavour, and name the compilations that ran for more than one.

    Args:
        actions: as ``read_trace`` returns them.
        flavour_of: configuration -> flavour.
        commands: (configuration, output) -> the command line's words, as far as known.

    Returns:
        JSON-ready: ``flavours`` {name: {actions, ran, shared}}, ``repeated`` [{output, flavours,
        touches_xnnpack, why}], ``text`` [lines]. ``touches_xnnpack``: the source is XNNPACK's or
        the benchmark's own, or is compiled against the headers of another XNNPACK.
    """
    compiles = [a for a in actions if a.mnemonic in _COMPILES and a.configuration in flavour_of]
    counts: dict[str, dict[str, int]] = {
        name: {"actions": 0, "ran": 0, "shared": 0} for name in flavour_of.values()
    }
    runs: dict[str, list[Action]] = defaultdict(list)
    for action in compiles:
        row = counts[flavour_of[action.configuration]]
        row["actions"] += 1
        row["ran" if action.ran else "shared"] += 1
        if action.ran:
            runs[action.output].append(action)
    repeated: list[dict[str, Any]] = [
        {
            "output": output,
            "flavours": [flavour_of[a.configuration] for a in several],
            "why": _why([commands.get((a.configuration, a.output), []) for a in several]),
        }
        for output, several in sorted(runs.items())
        if len(several) > 1
    ]
    for again in repeated:
        of_xnnpack = "XNNPACK" in again["output"] or _HEADERS in again["why"]
        again["touches_xnnpack"] = of_xnnpack or not again["output"].startswith("external/")
    outside = [r for r in repeated if not r["touches_xnnpack"]]
    text = ["compilations (ran: a process was started; shared: an equal action's result was taken)"]
    width = max([len(name) for name in counts] or [0])
    for name, count in counts.items():
        total, ran, shared = count["actions"], count["ran"], count["shared"]
        text.append(f"  {name:{width}}  {total:5} actions  {ran:5} ran  {shared:5} shared")
    text.append(
        f"{len(repeated)} compilations ran for more than one flavour,"
        f" {len(outside)} of them without anything of XNNPACK"
    )
    for again in repeated:
        names = ", ".join(again["flavours"])
        text.append(f"  {Path(again['output']).name}: {names}: {again['why']}")
    return {"flavours": counts, "repeated": repeated, "text": text}


def _why(commands: list[list[str]]) -> str:
    if not all(commands):
        return "command line not known"
    anywhere = re.compile(r"bazel-out/[^/]+/")
    stripped = [[anywhere.sub("bazel-out/cfg/", word) for word in words] for words in commands]
    common = set(stripped[0]).intersection(*stripped[1:])
    differing = [
        " ".join(dict.fromkeys(_shorter(word) for word in words if word not in common))
        for words in stripped
    ]
    if any(differing):
        return " | ".join(text or "(nothing more)" for text in differing)
    if all(words == stripped[0] for words in stripped):
        return "same command line, other inputs"
    return "same flags in another order"


def _shorter(word: str) -> str:
    """Name XNNPACK's many include directories by their repository alone."""
    found = _INCLUDE.fullmatch(word)
    return f"{_HEADERS} {found[1]}" if found else word


def build_explained(
    profile: Profile, options: Options, sources: Sources, say: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Build, and account for every compilation of this invocation.

    Returns:
        (the manifest's content, the account).

    Raises:
        Finding, BadInput, BadEnvironment, XnnkitError: as ``build.build`` does.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    trace = options.out / "trace.json.gz"
    traced = dataclasses.replace(
        options, bazel_options=[*options.bazel_options, *_PROFILE_OPTIONS, f"--profile={trace}"]
    )
    content = library.build(profile, traced, sources, say=say)
    workspace = options.out / "workspace"
    flavours = library.chosen(profile, options)
    flavour_of: dict[str, str] = {}
    for flavour in flavours:
        link = workspace / "bazel-bin" / library.target(profile, flavour).removeprefix("//:")
        match = re.search(r"/bazel-out/([^/]+)/bin/", str(link.resolve()))
        if match:
            flavour_of[match.group(1)] = flavour.name
    actions = read_trace(trace)
    labels = [library.target(profile, flavour) for flavour in flavours]
    selected = {archive["name"]: archive["sha256"] for archive in content["archives"]}
    request = invoke.Request(targets=labels, cache=sources.cache, selected=selected)
    commands = _commands(find(profile.bazel).alone(), workspace, labels, request)
    return content, account(actions, flavour_of, commands)


def _commands(
    bazel: Bazel, workspace: Path, labels: list[str], request: invoke.Request
) -> dict[tuple[str, str], list[str]]:
    """Return (configuration, output) -> command line of every compilation below the targets."""
    query = " + ".join(f"deps({label})" for label in labels)
    options = [*request.repository_options(), "--output=jsonproto"]
    text = bazel.output(["aquery", *options, f"mnemonic('CppCompile', {query})"], cwd=workspace)
    found: dict[tuple[str, str], list[str]] = {}
    for action in json.loads(text).get("actions", []):
        words = action.get("arguments", [])
        for flag, value in itertools.pairwise(words):
            match = _OUTPUT.match(value) if flag == "-o" else None
            if match:
                found[match.group(1), match.group(2)] = words
    return found
