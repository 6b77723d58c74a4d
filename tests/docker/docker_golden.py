"""What the golden tests of the Docker context compare: each profile, and the NDK's form."""

from __future__ import annotations

import re
from pathlib import Path

from xnnkit import profile
from xnnkit.docker import context, image
from xnnkit.render.workspace import Plan

FIRST = "xnnpack-2024-11"
ROOT = Path(__file__).parent / "golden"
UPDATE = "python tests/docker/update_golden.py"
DIGEST = "sha256:" + "0123456789abcdef" * 4
KEY = re.compile(rb"(,id=xnnkit-[a-z0-9-]+-)[0-9a-f]{16}(-apt|-build)\b")
BASE = f"debian:testing-slim@{DIGEST}"


def cases() -> list[tuple[str, str]]:
    """Return every (profile, form) that there is."""
    return [(name, form) for name in profile.names() for form in ("zig", "ndk")]


def plan(name: str, form: str = "zig", base: str = BASE) -> Plan:
    """Return the context of a profile, in one of its forms."""
    pins = profile.load(name)
    wanted = image.image(pins, base=base, toolchain=form, binaries_only=form == "ndk")
    return context.plan(pins, wanted, name)


def own(planned: Plan) -> Plan:
    """Return the files that templates make, and that are the same whatever xnnkit itself is.

    The Dockerfile's key is a hash of xnnkit, too; it is left out.
    """
    files = {name: data for name, data in planned.items() if "/" not in name}
    del files[".dockerignore"]
    files["Dockerfile"] = KEY.sub(rb"\1KEY\2", files["Dockerfile"])
    return files


def golden_files(name: str, form: str) -> dict[str, Path]:
    """Return where the expected bytes of each file stand."""
    names = ["Dockerfile", "README.md", "build"]
    names += ["bench"] if form == "zig" else []
    return {one: ROOT / name / form / f"{one}.golden" for one in sorted(names)}
