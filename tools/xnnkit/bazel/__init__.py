"""Get a Bazel, and start it. The rest of xnnkit calls ``find`` and ``Bazel.run`` and knows no more.

Two ways to a Bazel, tried in this order (``XNNKIT_BAZEL`` names a program and ends the search):

1. ``bazel`` or ``bazelisk`` on PATH, if what it runs is a version the profile allows;
2. Debian's package, unpacked into xnnkit's cache and started in a mount namespace where its
   ``/usr`` stands in place of the host's (``debian.py``), with a local registry (``registry.py``).
"""

from __future__ import annotations

from xnnkit.bazel.find import find
from xnnkit.bazel.launcher import Bazel

__all__ = ["Bazel", "find"]
