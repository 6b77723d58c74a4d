"""One thing that a build gets from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """One thing that a build gets from elsewhere.

    Attributes:
        name: the repository's, or of the function that downloads.
        kind: the rule that declares it, such as http_archive.
        file: as it was named, or relative to the workspace.
        line: 1-based.
        urls: its addresses, in order; unknown parts are "…".
        pin: the hash or commit as it is written; "" when there is none or an empty one.
        pin_known: False when a hash is given that cannot be read as a constant.
        tag: what it names that can be moved: a tag, or a version; "" for none.
        branch: a git repository's branch; "" for none.
        versions: what is looked up by name and version, such as Maven's artifacts.
        pin_as: the attribute that the pin is given for.
        pinned_by: "hash", "lock" for a file of hashes, "" where something else pins it.
        registries: addresses at which things are looked up by name; they are not asked.
        wants: the attribute that would pin it.
    """

    name: str
    kind: str
    file: str
    line: int
    urls: tuple[str, ...] = ()
    pin: str = ""
    pin_known: bool = True
    tag: str = ""
    branch: str = ""
    versions: tuple[str, ...] = ()
    pin_as: str = "sha256"
    pinned_by: str = "hash"
    registries: tuple[str, ...] = ()
    wants: str = "sha256"
