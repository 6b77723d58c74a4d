"""Profiles: load ``profiles/NAME.toml`` into typed objects, and refuse what cannot be meant.

A profile is a named, complete set of pins (docs/reference/profile.md). It is the only place where
a URL, a version or a hash is written; everything else is rendered from it.

Belongs here: the shape of a profile (``model``), reading one (``load``), finding the line of a key
(``position``) and the checks that need more than one table (``references``). Nothing here touches
the network or an archive.
"""

from __future__ import annotations

from xnnkit.profile.load import carried, check, directory, load, names, path_of
from xnnkit.profile.model import (
    MAX_ARCHIVE_BYTES,
    SCHEMA_VERSION,
    Archive,
    Bazel,
    Benchmark,
    DebianBazel,
    DebianOrigin,
    Flavour,
    Format,
    GitOrigin,
    HttpOrigin,
    Origin,
    Profile,
    Proof,
    PypiOrigin,
    Toolchain,
)
from xnnkit.profile.problem import Problem, ProfileError
from xnnkit.profile.schema import json_schema

__all__ = [
    "MAX_ARCHIVE_BYTES",
    "SCHEMA_VERSION",
    "Archive",
    "Bazel",
    "Benchmark",
    "DebianBazel",
    "DebianOrigin",
    "Flavour",
    "Format",
    "GitOrigin",
    "HttpOrigin",
    "Origin",
    "Problem",
    "Profile",
    "ProfileError",
    "Proof",
    "PypiOrigin",
    "Toolchain",
    "carried",
    "check",
    "directory",
    "json_schema",
    "load",
    "names",
    "path_of",
]
