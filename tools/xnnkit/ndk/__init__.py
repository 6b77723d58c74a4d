"""Record a release of the Android NDK: check what Google publishes, compute what a profile pins.

Google publishes a size and a SHA-1; a profile pins a size and a SHA-256. ``lock`` downloads the
release once, checks it against the first pair and then, and only then, says the second.
"""

from __future__ import annotations

from xnnkit.ndk.lock import Lock, lock
from xnnkit.ndk.manifest import Published
from xnnkit.ndk.release import Release

__all__ = ["Lock", "Published", "Release", "lock"]
