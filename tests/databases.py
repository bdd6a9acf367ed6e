"""The tests' databases: one PostgreSQL cluster and one filled template per database.

They are made once for all processes of a run, under a lock, in a folder of the run that is kept in memory where
the machine has room for it: nothing here must outlive a power cut, and waiting for the disk takes half the time.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

BACKENDS = ("sqlite", "postgresql")
MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3
_FOLDER = "PORTAL_TESTS_FOLDER"
_NAME = "portal-tests"
PG_OPTIONS = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c autovacuum=off"
    " -c shared_buffers=256MB -c max_wal_size=4GB"
)


# ── the folder of the run ──
def _alive(pid: str) -> bool:
    return pid.isdigit() and Path("/proc", pid).exists()


def _place() -> Path:
    """Where folders of runs lie; what a killed run left in memory is removed."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM:
        return Path(tempfile.gettempdir())
    for left in MEMORY.glob(f"{_NAME}-*"):
        if not _alive(left.name.split("-")[2]):
            shutil.rmtree(left, ignore_errors=True)
    return MEMORY


def run_folder() -> tuple[Path, bool]:
    """The folder all processes of this run share, and whether this process made it (and removes it)."""
    if given := os.environ.get(_FOLDER):
        return Path(given), False
    folder = Path(tempfile.mkdtemp(prefix=f"{_NAME}-{os.getpid()}-", dir=_place()))
    folder.chmod(0o755)  # the account postgres looks in
    os.environ[_FOLDER] = str(folder)
    return folder, True


FOLDER, MINE = run_folder()
# of this process alone: its copies of the templates, its files, its temporary files
SCRATCH = Path(tempfile.mkdtemp(prefix="process-", dir=FOLDER))


@contextlib.contextmanager
def locked(name: str, *, wait: bool = True) -> Iterator[bool]:
    """Alone among the processes of the run; false when somebody else is and ``wait`` is not asked."""
    with (FOLDER / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def remove_run_folder() -> None:
    """At the end of a process; the one that made the run's folder stops the cluster and takes all away."""
    if not MINE:
        shutil.rmtree(SCRATCH, ignore_errors=True)
        return
    for data in FOLDER.glob("pg*/data"):
        with contextlib.suppress(subprocess.CalledProcessError):
            _as_postgres([str(_pg_bin() / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop"])
    shutil.rmtree(FOLDER, ignore_errors=True)


# ── PostgreSQL: a throw-away cluster of this run ──
def _pg_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    which = shutil.which("initdb")
    if not found and not which:
        pytest.fail("PostgreSQL is not installed: run `make test`, which installs it or says how")
    return found[-1] if found else Path(str(which)).parent


def _as_postgres(command: list[str]) -> None:
    runner = ["su", "postgres", "-s", "/bin/sh", "-c", " ".join(command)] if os.geteuid() == 0 else command
    subprocess.run(runner, check=True, capture_output=True)


def cluster() -> str:
    """Address of the maintenance database of the run's cluster without durability; started when first asked for."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        return given
    folder, data = FOLDER / "pg", FOLDER / "pg" / "data"
    with locked("cluster"):
        if not (folder / "started").exists():
            folder.mkdir(exist_ok=True)
            if os.geteuid() == 0:
                shutil.chown(folder, "postgres")
            initdb = [str(_pg_bin() / "initdb"), "-D", str(data), "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                      "-U", "postgres", "--no-sync"]  # fmt: skip
            _as_postgres(initdb)
            options = f"\"-k {folder} -h '' {PG_OPTIONS}\""
            start = [str(_pg_bin() / "pg_ctl"), "-D", str(data), "-w", "-o", options, "-l", str(folder / "log"), "start"]
            _as_postgres(start)
            (folder / "started").touch()
    return f"postgresql+psycopg://postgres@/postgres?host={folder}"


def _connect() -> psycopg.Connection[tuple[object, ...]]:
    where = sa.make_url(cluster()).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(where, autocommit=True)


def admin(*statements: str) -> None:
    """Run statements in the maintenance database."""
    with _connect() as connection:
        for statement in statements:
            connection.execute(statement)


def named(database: str) -> str:
    """Address of a database of the cluster."""
    return str(sa.make_url(cluster()).set(database=database).render_as_string(hide_password=False))


# ── templates ──
TEMPLATE = "template_portal"


def template_url(backend: str) -> str:
    return f"sqlite:///{FOLDER / 'template.db'}" if backend == "sqlite" else named(TEMPLATE)


def files_of(backend: str) -> Path:
    """The files that belong to the rows of a template."""
    return FOLDER / f"files-{backend}"


def _make(backend: str, fill: Callable[[str, Path], None]) -> None:
    """Fill the template, and the folder of its files, unless that was done."""
    ready = FOLDER / f"{backend}.ready"
    if ready.exists():
        return
    if backend == "postgresql":
        admin(f"DROP DATABASE IF EXISTS {TEMPLATE}", f"CREATE DATABASE {TEMPLATE}")
    files_of(backend).mkdir(exist_ok=True)
    fill(backend, files_of(backend))
    if backend == "postgresql":  # whoever forgets to take a copy is told
        admin(f"ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")
    ready.touch()


def template(backend: str, fill: Callable[[str, Path], None]) -> None:
    """See to it that a template stands; while another process makes it this one makes the other."""
    other = next(name for name in BACKENDS if name != backend)
    for one in (backend, other):
        if (FOLDER / f"{backend}.ready").exists():
            return
        with locked(one, wait=False) as alone:
            if alone:
                _make(one, fill)
    with locked(backend):
        _make(backend, fill)


# ── copies ──
@functools.cache
def _strategy() -> str:
    """Copying files is the quicker way where nothing waits for the disk; before version 15 there is no other."""
    with _connect() as connection:
        return " STRATEGY FILE_COPY" if connection.info.server_version >= 150000 else ""


_counter = iter(range(1, 1_000_000))


def fresh(backend: str) -> str:
    """Address of a new copy of the template."""
    name = f"test{os.getpid()}_{next(_counter)}"
    if backend == "sqlite":
        target = SCRATCH / f"{name}.db"
        shutil.copy(FOLDER / "template.db", target)
        return f"sqlite:///{target}"
    admin(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}{_strategy()}")
    return named(name)


def drop(url: str) -> None:
    """Remove a copy."""
    if url.startswith("sqlite"):
        for path in SCRATCH.glob(Path(url).name + "*"):
            path.unlink()
    else:
        admin(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")
