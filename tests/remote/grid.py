"""A remote execution service as others run it: BuildGrid, PostgreSQL, and BuildBox's workers.

BuildGrid comes from the Python package index, BuildBox and what a worker's machine has besides from
Debian testing, unpacked and not installed. Each worker sees only that: a shell, a few tools and
BuildBox, no compiler and nothing of this machine, so that an action which needs more fails there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from debian_testing import unpacked
from filelock import FileLock
from servers import answers, free_port, kill, running, wait_for
from xnnkit import apt, paths
from xnnkit.errors import BadEnvironment

BUILDGRID = "0.4.4"
WORKER_PACKAGES = ("bash", "buildbox", "coreutils", "dash", "findutils", "sed")
PROPERTIES = ("OSFamily=linux", "ISA=x86-64")

_CONFIGURATION = """
description: xnnkit's tests
server:
  - !channel
    address: "127.0.0.1:{port}"
    insecure-mode: true
authorization:
  method: none
connections:
  - !sql-connection &sql
    connection-string: {database}
    pool-size: 20
    max-overflow: 20
storages:
  - !disk-storage &storage
    path: {folder}/cas
caches:
  - !lru-action-cache &actions
    storage: *storage
    max-cached-refs: 100000
    allow-updates: true
    cache-failed-actions: false
schedulers:
  - !sql-scheduler &scheduler
    sql: *sql
    storage: *storage
    action-cache: *actions
    # A worker that says nothing for so long is dead, and its work goes to another.
    bot-session-keepalive-timeout: 20
    property-set:
      !dynamic-property-set
      match-property-keys: [OSFamily, ISA]
      wildcard-property-keys: []
    assigners:
      - !priority-age-assigner
        count: 2
        interval: 0.2
        priority-assignment-percentage: 95
instances:
  - name: ""
    services:
      - !action-cache
        cache: *actions
      - !execution
        scheduler: *scheduler
        operation-stream-keepalive-timeout: 60
      - !cas
        storage: *storage
      - !bytestream
        storage: *storage
# Bazel uploads each input in a call of its own, hundreds at a time; more calls are refused.
thread-pool-size: 500
"""

_WORKER = """
mkdir -p /worker/cas
/usr/bin/buildbox-casd --cas-remote={url} --bind=unix:/worker/casd.sock --quota-high=1500M \
    /worker/cas >/worker/casd.log 2>&1 &
while [ ! -S /worker/casd.sock ]; do sleep 0.2; done
exec /usr/bin/buildbox-worker --bots-remote={url} --cas-remote=unix:/worker/casd.sock \
    --buildbox-run=/usr/bin/buildbox-run-hosttools --runner-arg=--staging-mode=copy-or-link \
    --concurrent-jobs=1 --max-wait-time=5 {platform} {name}
"""


def postgresql() -> Path | None:
    """Return the folder of PostgreSQL's programs, the newest that is installed, or None."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((file.parent for file in found), key=lambda f: int(f.parent.name), default=None)


def buildgrid() -> Path:
    """Return BuildGrid's program; the first call installs it into a venv of its own.

    Raises:
        BadEnvironment: the package index does not have it.
    """
    root = paths.cache_dir() / "tests" / f"buildgrid-{BUILDGRID}"
    program = root / "bin" / "bgd"
    root.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{root}.lock"):
        if not (root / "READY").is_file():
            shutil.rmtree(root, ignore_errors=True)
            apt.run([sys.executable, "-m", "venv", str(root)], "making a venv")
            wanted = [f"buildgrid=={BUILDGRID}", "psycopg2-binary"]
            install = [str(root / "bin/python"), "-m", "pip", "install", "--quiet", *wanted]
            apt.run(install, "installing BuildGrid")
            (root / "READY").touch()
    return program


def worker_root() -> Path:
    """Return a folder with Debian testing's BuildBox, a shell and coreutils, unpacked.

    Raises:
        BadEnvironment: the mirror does not have them.
    """
    return unpacked("buildbox", WORKER_PACKAGES)


@dataclass
class Worker:
    """One worker: a machine of its own, as far as namespaces can make one."""

    name: str
    folder: Path
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        kill(self.process)


@dataclass
class Grid:
    """The service, and the workers that were started."""

    folder: Path
    port: int
    database: str
    psql: Path
    stack: ExitStack

    @property
    def url(self) -> str:
        """What ``--remote`` takes."""
        return f"grpc://127.0.0.1:{self.port}"

    def query(self, sql: str) -> list[list[str]]:
        """Ask the scheduler's database; rows of columns as text."""
        done = subprocess.run(
            [str(self.psql), "--no-psqlrc", "-AtF", "\t", "-c", sql, self.database],
            capture_output=True,
            text=True,
            check=True,
        )
        return [line.split("\t") for line in done.stdout.splitlines()]

    def worker(self, name: str) -> Worker:
        """Start a worker and wait until the scheduler knows it."""
        folder = self.folder / f"worker-{name}"
        folder.mkdir()
        root = worker_root()
        platform = " ".join(f"--platform {one}" for one in PROPERTIES)
        script = _WORKER.format(url=f"http://127.0.0.1:{self.port}", platform=platform, name=name)
        words = ["bwrap", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", name]
        words += ["--die-with-parent", "--clearenv", "--setenv", "PATH", "/usr/bin"]
        words += ["--setenv", "HOME", "/worker", "--ro-bind", str(root / "usr"), "/usr"]
        for link in ("bin", "lib", "lib64"):
            words += ["--symlink", f"usr/{link}", f"/{link}"]
        words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
        words += ["--bind", str(folder), "/worker", "--chdir", "/worker"]
        log = folder / "worker.log"
        started = running([*words, "--", "/bin/sh", "-c", script], log)
        process = self.stack.enter_context(started)
        known = f"select 1 from bots where bot_id = '{name}'"
        wait_for(lambda: bool(self.query(known)), f"worker {name}: see {log}")
        return Worker(name, folder, process)


@contextmanager
def grid(folder: Path) -> Iterator[Grid]:
    """Run the service with its database on free ports of the loopback interface.

    Raises:
        BadEnvironment: a part of it cannot be had.
    """
    programs = postgresql()
    if programs is None:
        raise BadEnvironment("missing: postgresql", fix="apt-get install -y postgresql")
    bgd = buildgrid()
    worker_root()
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        database_port, port = free_port(), free_port()
        # PostgreSQL refuses to run as root; in the namespace it is nobody, with our rights.
        nobody = ["bwrap", "--unshare-user", "--uid", "65534", "--gid", "65534"]
        nobody += ["--die-with-parent", "--dev-bind", "/", "/", "--"]
        data = str(folder / "database")
        initdb = [str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "bgd", "--no-sync"]
        apt.run([*nobody, *initdb], "making a database")
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        settings += ["-c", f"unix_socket_directories={folder}", "-p", str(database_port)]
        server = [*nobody, str(programs / "postgres"), "-D", data, *settings]
        stack.enter_context(running(server, folder / "postgres.log"))
        # It listens before it takes questions.
        ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(database_port)]
        wait_for(lambda: subprocess.run(ready).returncode == 0, "PostgreSQL")
        place = f"bgd@127.0.0.1:{database_port}/postgres"
        address = f"postgresql+psycopg2://{place}"
        apt.run([str(bgd), "migrate", "apply", address], "making BuildGrid's tables")
        (folder / "cas").mkdir()
        configuration = folder / "buildgrid.yml"
        text = _CONFIGURATION.format(port=port, database=address, folder=folder)
        configuration.write_text(text)
        start: Sequence[str] = [str(bgd), "server", "start", str(configuration)]
        stack.enter_context(running(start, folder / "buildgrid.log"))
        wait_for(lambda: answers(port), "BuildGrid")
        yield Grid(folder, port, f"postgresql://{place}", programs / "psql", stack)
        # Time to write down what it knows, before the workers' connections break.
        time.sleep(0.5)
