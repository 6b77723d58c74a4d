"""A fake ``adb`` for faults that no real one shows on demand: it runs everything on this machine.

It is put on PATH by ``FakeAdb``. Each of its calls reads ``script.json``:

    devices   what ``adb devices -l`` prints after its first line
    state     what ``get-state`` prints (``device``)
    rules     list of {"verb", "match", "skip", "times", "do"}: the first rule whose verb and text
              fit is used, after ``skip`` fitting calls, ``times`` times (0: always)

``do`` is one of: "hang" (never answers), "gone" (an error of adb and exit code 1), "cut" (runs the
command, drops the last line), "zero" (exit code 0 whatever happened), "crlf" (line ends of a
terminal), "echo" (prints the command first), "corrupt" (copies other bytes), "no space", "refuse"
(any other error), {"print": TEXT}.
"""

from __future__ import annotations

import json
import os
import sys
import time

TYPE_CHECKING = False  # the module typing takes longer to load than all that a call does
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    import pytest


class FakeAdb:
    """The fake on PATH, and what it is told to do."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        bins = folder / "bin"
        bins.mkdir(parents=True)
        program = bins / "adb"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -S {__file__} "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{bins}:{os.environ['PATH']}")
        monkeypatch.setenv("ADB_FAKE_FOLDER", str(folder))
        monkeypatch.delenv("ANDROID_SERIAL", raising=False)
        self.script: dict[str, Any] = {"devices": ["F1 device model:Fake_1"], "rules": []}
        self.write()

    def write(self) -> None:
        """Let the next calls see the script."""
        (self.folder / "script.json").write_text(json.dumps(self.script))

    def rule(self, verb: str, do: Any, *, match: str = "", skip: int = 0, times: int = 1) -> None:
        """Add one rule."""
        rule = {"verb": verb, "match": match, "skip": skip, "times": times, "do": do}
        self.script["rules"].append(rule)
        self.write()

    def calls(self, verb: str) -> int:
        """Return how often a command was given."""
        log = self.folder / "log"
        return log.read_text().split("\n").count(verb) if log.exists() else 0


def main() -> int:
    """Be adb once."""
    folder = os.environ["ADB_FAKE_FOLDER"]
    with open(f"{folder}/script.json", encoding="utf-8") as file:
        script = json.load(file)
    words = sys.argv[1:]
    if words[:1] == ["-s"]:
        words = words[2:]
    verb, text = words[0], " ".join(words[1:])
    with open(f"{folder}/log", "a", encoding="utf-8") as log:
        log.write(f"{verb}\n")
    do = _what(folder, script["rules"], verb, text)
    if do == "hang":
        time.sleep(600)
    if do == "gone":
        print("error: device 'F1' not found", file=sys.stderr)
        return 1
    if do in ("no space", "refuse"):
        why = {"no space": "No space left on device", "refuse": "Operation not permitted"}[do]
        print(f"adb: error: failed to copy: remote {why}")
        return 1
    if isinstance(do, dict):
        print(do["print"], end="")
        return 0
    return _obey(script, verb, words[1:], do)


def _obey(script: dict[str, Any], verb: str, words: list[str], do: str) -> int:
    if verb == "devices":
        print("List of devices attached\n" + "\n".join(script["devices"]) + "\n")
    elif verb == "get-state":
        print(script.get("state", "device"))
    elif verb in ("push", "pull"):
        try:
            with open(words[0], "rb") as file:
                data = file.read()
        except FileNotFoundError:
            print(f"adb: error: remote object '{words[0]}' does not exist")
            return 1
        with open(words[1], "wb") as file:
            file.write(b"other" if do == "corrupt" else data)
    elif verb == "shell":
        return _shell(words[0], do)
    return 0


def _shell(command: str, do: str) -> int:
    if not do:
        os.execvp("sh", ["sh", "-c", command])
    import subprocess

    done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = done.stdout
    if do == "cut":
        output = output[: output.rstrip(b"\n").rfind(b"\n") + 1]
    if do == "echo":
        output = command.encode() + b"\n" + output
    if do == "crlf":
        output = output.replace(b"\n", b"\r\n")
    sys.stdout.buffer.write(output)
    return 0 if do in ("zero", "crlf", "cut") else done.returncode


def _what(folder: str, rules: list[dict[str, Any]], verb: str, text: str) -> Any:
    for number, rule in enumerate(rules):
        if rule["verb"] != verb or rule["match"] not in text:
            continue
        counter, seen = f"{folder}/rule-{number}", 0
        if os.path.exists(counter):
            with open(counter, encoding="utf-8") as file:
                seen = int(file.read())
        with open(counter, "w", encoding="utf-8") as file:
            file.write(str(seen + 1))
        if seen >= rule["skip"] and (not rule["times"] or seen < rule["skip"] + rule["times"]):
            return rule["do"]
    return ""


if __name__ == "__main__":
    sys.exit(main())
