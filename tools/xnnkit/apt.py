"""What the machine's own apt knows: which mirrors, and how to reach them.

No mirror's name is written anywhere in xnnkit; ``XNNKIT_DEBIAN_MIRROR`` overrides what apt says.
"""

from __future__ import annotations

import os
import shutil
import subprocess


def configuration(section: str) -> list[str]:
    """Return apt's settings below ``section`` in apt.conf syntax, one a line."""
    if not shutil.which("apt-config"):
        return []
    done = subprocess.run(["apt-config", "dump", section], capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if line.startswith(section + "::")]


def mirrors() -> list[str]:
    """Return the base URLs of the machine's Debian mirrors, each ending in "/", best first.

    A machine without apt, or without Debian sources, has none: the list is empty.
    """
    if given := os.environ.get("XNNKIT_DEBIAN_MIRROR"):
        return [url.rstrip("/") + "/" for url in given.split()]
    if not shutil.which("apt-get"):
        return []
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
    )
    seen = dict.fromkeys(line.strip() for line in done.stdout.splitlines() if line.strip())
    # A security archive holds no whole suite.
    return sorted(seen, key=lambda url: "security" in url)
