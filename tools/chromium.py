"""Drive a headless Chromium over a pipe, as ``--remote-debugging-pipe`` offers it.

For tests of pages and for screenshots. A dozen commands are needed, so no driver is installed.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FIX = "apt-get install -y chromium"
SECONDS = 180.0
"""How long an answer may take: a machine may be busy."""

_START = """
import fcntl, os, sys
for place, pipe in ((3, sys.argv[1]), (4, sys.argv[2])):
    sys.argv[place - 2] = fcntl.fcntl(int(pipe), fcntl.F_DUPFD, 10)
os.dup2(sys.argv[1], 3)
os.dup2(sys.argv[2], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
# Chromium reads commands from 3 and answers on 4. No shell can do this with pipes of any number.


class BrowserError(Exception):
    """The browser cannot be started, has ended, or refuses a command."""


def program() -> str | None:
    """Return the browser's path, None when there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One browser with one page, without a network.

    Raises:
        BrowserError: there is none, or it does not start.
    """

    def __init__(self) -> None:
        found = program()
        if found is None:
            raise BrowserError(f"chromium is not on PATH\n  fix:   {FIX}")
        self.events: list[dict[str, Any]] = []
        self._number = 0
        self._rest = b""
        self._home = tempfile.TemporaryDirectory(prefix="xnnkit-chromium-")
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        command = [
            *(sys.executable, "-c", _START, str(to_read), str(to_write), found, "--headless"),
            *("--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--hide-scrollbars"),
            *("--disable-dev-shm-usage", "--disable-background-networking", "--mute-audio"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={self._home.name}"),
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
        ]
        self._log = open(Path(self._home.name) / "log", "wb")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            pass_fds=(to_read, to_write),
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, "HOME": self._home.name},
        )
        os.close(to_read)
        os.close(to_write)
        try:
            target = self.ask("Target.createTarget", url="about:blank")["targetId"]
            found_session = self.ask("Target.attachToTarget", targetId=target, flatten=True)
            self._session: str = found_session["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.page(f"{domain}.enable")
            offline = {"latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
            self.page("Network.emulateNetworkConditions", offline=True, **offline)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the browser and remove what it left."""
        os.close(self._write)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        self._log.close()
        self._home.cleanup()

    def ask(self, method: str, *, session: str = "", **params: Any) -> dict[str, Any]:
        """Send a command and return its answer; events that come meanwhile go to ``events``.

        Raises:
            BrowserError: it is refused, or nothing comes.
        """
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        try:
            os.write(self._write, json.dumps(message).encode() + b"\0")
        except BrokenPipeError as error:
            raise BrowserError(f"chromium ended\n{self._said()}") from error
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error'].get('message')}")
                return dict(answer["result"])
            self.events.append(answer)

    def page(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command to the page."""
        return self.ask(method, session=self._session, **params)

    def view(self, width: int, *, dark: bool, height: int = 900) -> None:
        """Set the window's width in CSS pixels, and what colours the reader prefers."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.page("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.page("Emulation.setEmulatedMedia", media="", features=[scheme])

    def open(self, url: str) -> None:
        """Load a page and wait until it is there."""
        self.events.clear()
        self.page("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript in the page.

        Raises:
            BrowserError: it throws.
        """
        found = self.page(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise BrowserError(f"{expression}: {found['exceptionDetails'].get('text')}")
        return found["result"].get("value")

    def screenshot(self, *, full: bool = True) -> bytes:
        """Return the page as PNG.

        Args:
            full: all of it, not only what the window shows.
        """
        found = self.page("Page.captureScreenshot", format="png", captureBeyondViewport=full)
        return base64.b64decode(found["data"])

    def pdf(self) -> bytes:
        """Return the page as it is printed."""
        found = self.page("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        return base64.b64decode(found["data"])

    def complaints(self) -> list[str]:
        """Return what was written to the console, and what went wrong, since the last ``open``."""
        found = []
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Log.entryAdded":
                found.append(str(params["entry"].get("text")))
            elif event.get("method") == "Runtime.consoleAPICalled":
                found.append(str(params.get("args")))
            elif event.get("method") == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"].get("text")))
        return found

    def requested(self) -> list[str]:
        """Return the addresses that the page asked for since the last ``open``."""
        return [
            str(event["params"]["request"]["url"])
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + SECONDS
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            data = os.read(self._read, 1 << 16) if ready else b""
            if not data:
                how = "ended" if ready else f"said nothing for {SECONDS:g} seconds"
                raise BrowserError(f"chromium {how}\n{self._said()}")
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))

    def _said(self) -> str:
        log = Path(self._home.name) / "log"
        return log.read_text(errors="replace")[-2000:] if log.is_file() else ""


if __name__ == "__main__":
    sys.exit("this is a module: see tests/report/test_browser.py and tools/example_report.py")
