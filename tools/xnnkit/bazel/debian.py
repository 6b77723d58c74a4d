"""Debian's Bazel, without installing it: packages unpacked into the cache, run under bubblewrap.

Debian testing's Bazel does not run on Debian stable (newer libraries), so it is started in a mount
namespace where the unpacked ``/usr`` stands in place of the host's; every path is the same inside
and outside. apt verifies the packages by the archive's signature. No root is needed, and no
maintainer script runs: of their work only Java's configuration matters, and that is moved below
``/usr`` here.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from filelock import FileLock

from xnnkit import apt, paths
from xnnkit.bazel import registry
from xnnkit.bazel.launcher import Bazel
from xnnkit.errors import BadEnvironment, typed
from xnnkit.profile import Bazel as Requirement

READY = "READY"

# What Bazel's actions and tests start from /bin and /usr/bin; none of it is in Bazel's closure.
_HOST_TOOLS = """
    bash coreutils dash diffutils findutils grep gzip patch python3-minimal sed tar unzip xz-utils
""".split()  # noqa: SIM905 - a list of words


def location(requirement: Requirement) -> Path:
    """Return where Debian's Bazel for this requirement is, or will be."""
    assert requirement.debian is not None
    name = f"debian-{requirement.debian.suite}-{requirement.version}"
    return paths.cache_dir() / "bazel" / name


def missing_tools() -> list[str]:
    """Return the Debian packages that the set-up itself needs and the host lacks."""
    needed = {"apt-get": "apt", "dpkg-deb": "dpkg", "bwrap": "bubblewrap"}
    return [package for program, package in needed.items() if not shutil.which(program)]


def namespaces_work() -> bool:
    """Return whether bubblewrap may make the mount namespace it needs."""
    if not shutil.which("bwrap"):
        return False
    probe = ["bwrap", "--dev-bind", "/", "/", "--", "/bin/true"]
    return subprocess.run(probe, capture_output=True).returncode == 0


def set_up(requirement: Requirement) -> Bazel:
    """Return Debian's Bazel, unpacked and ready; a second call finds it there.

    Raises:
        BadEnvironment: a tool, the mirror, the version or namespaces are not to be had.
    """
    assert requirement.debian is not None
    root = location(requirement)
    if not (root / READY).is_file():
        _refuse_early()
        root.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{root}.lock"):
            if not (root / READY).is_file():
                # Half a set-up is never used: READY is written last.
                shutil.rmtree(root, ignore_errors=True)
                _unpack(root, requirement)
    _refresh(root)
    java = next((root / "usr/lib/jvm").glob("java-*-openjdk-*"), None)
    if java is None:
        raise BadEnvironment(
            "Debian's Bazel came without Java", where=str(root), fix=f"rm -r {typed(root)}"
        )
    return Bazel(
        kind="debian",
        version=(root / READY).read_text().strip(),
        program=(
            "bwrap",
            "--dev-bind",
            "/",
            "/",
            "--ro-bind",
            str(root / "usr"),
            "/usr",
            "--",
            "/usr/bin/bazel",
        ),
        startup=(
            "--nosystem_rc",
            "--install_base=/usr/share/bazel",
            "--trust_install_base",
            f"--server_javabase=/usr/lib/jvm/{java.name}",
            f"--bazelrc={root / 'debian.bazelrc'}",
        ),
        usr=root / "usr",
    )


def _refresh(root: Path) -> None:
    """Bring the registry and rc file that an older xnnkit made to what this one says."""
    if not (root / "registry" / registry.STAND_INS).is_dir():
        registry.write(root / "registry", root / "usr/share/bazel")
    file = root / "debian.bazelrc"
    text = registry.bazelrc(root / "registry")
    if not file.is_file() or file.read_text() != text:
        partial = file.with_name(f".{file.name}.{os.getpid()}")
        partial.write_text(text)
        os.replace(partial, file)


def _refuse_early() -> None:
    if missing := missing_tools():
        raise BadEnvironment(
            f"missing: {', '.join(missing)}", fix=f"apt-get install -y {' '.join(missing)}"
        )
    if not apt.KEYRING.is_file():
        raise BadEnvironment(
            "this host does not know Debian's signing keys",
            where=str(apt.KEYRING),
            fix="apt-get install -y debian-archive-keyring",
        )
    if not namespaces_work():
        raise BadEnvironment(
            "bubblewrap may not make a namespace here",
            why="unprivileged user namespaces are off, or this is a container without them",
            fix="sysctl -w kernel.unprivileged_userns_clone=1",
        )


def _unpack(root: Path, requirement: Requirement) -> None:
    assert requirement.debian is not None
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine())
    if architecture is None:
        raise BadEnvironment(f"Debian has no Bazel for {platform.machine()}")
    state = root / "apt"
    private = apt.PrivateApt(state, requirement.debian.suite, architecture)
    package = requirement.debian.package
    upstream = [v.split("-")[0].split("+")[0] for v in private.versions(package)]
    if requirement.version not in upstream:
        raise BadEnvironment(
            f"the mirror's {package} is {', '.join(upstream) or 'absent'}",
            where=f"suite {requirement.debian.suite}",
            why=f"wanted: {requirement.version}",
        )
    private.unpack([package, *_HOST_TOOLS], root)
    shutil.rmtree(state)
    _move_configuration(root)
    registry.write(root / "registry", root / "usr/share/bazel")
    (root / "debian.bazelrc").write_text(registry.bazelrc(root / "registry"))
    (root / READY).write_text(f"{requirement.version}\n")


def _move_configuration(root: Path) -> None:
    """Move Java's /etc below /usr, the only directory that the namespace replaces."""
    for java in (root / "etc").glob("java-*-openjdk"):
        moved = root / "usr/share/xnnkit-etc" / java.name
        moved.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(java, moved)
        for link in (root / "usr/lib/jvm").rglob("*"):
            if not link.is_symlink():
                continue
            target = os.readlink(link)
            if target.startswith(f"/etc/{java.name}"):
                link.unlink()
                link.symlink_to("/usr/share/xnnkit-etc/" + target.removeprefix("/etc/"))
