"""The databases of the benchmark: made once under var/bench, kept, and made anew when the generator changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = Path(os.environ.get("BENCH_HOME") or ROOT / "var" / "bench")
VENV = HOME / "venv"
PEER_PYTHON = VENV / "bin" / "python"
SUBJECTS = ("ours", "fab", "flask_admin", "django")
_PG_PORT = int(os.environ.get("BENCH_PG_PORT", "5599"))


def python_of(subject: str) -> str:
    """The interpreter of a subject: ours the product's, the peers their own."""
    return sys.executable if subject == "ours" else str(PEER_PYTHON)


def prepare_venv() -> None:
    """Install the peers into var/bench/venv when their list changed."""
    wanted = ROOT / "bench" / "requirements.txt"
    stamp = VENV / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == wanted.read_bytes():
        return
    print("installing the peers …", flush=True)
    if not PEER_PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [str(PEER_PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", str(wanted), "-c", str(ROOT / "constraints.txt")], check=True)
    stamp.write_bytes(wanted.read_bytes())


class PostgreSQL:
    """A server of its own for the length of a run, or the one that ``BENCH_PG_URL`` names (without database)."""

    def __init__(self) -> None:
        self.url = os.environ.get("BENCH_PG_URL", "").rstrip("/")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self.url:
            return
        binaries = _pg_binaries()
        data = HOME / "pg"
        user = _other_user()
        if not (data / "PG_VERSION").exists():
            data.mkdir(parents=True, exist_ok=True)
            if user:
                shutil.chown(data, "postgres", "postgres")
            subprocess.run(
                [*user, str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                 "--no-locale"], check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
        settings = {"port": _PG_PORT, "listen_addresses": "127.0.0.1", "unix_socket_directories": "/tmp",
                    "shared_buffers": "512MB", "max_connections": 60, "logging_collector": "off"}  # fmt: skip
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        log = (HOME / "pg.log").open("ab")
        self._process = subprocess.Popen(
            [*user, str(binaries / "postgres"), "-D", str(data), *options], stdout=log, stderr=log
        )
        self.url = f"postgresql://postgres@127.0.0.1:{_PG_PORT}"
        for _ in range(100):
            if subprocess.run([str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(_PG_PORT)], check=False).returncode == 0:
                return
            time.sleep(0.2)
        raise RuntimeError(f"PostgreSQL did not start: see {HOME / 'pg.log'}")

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(30)
            self._process = None


def _pg_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) if not shutil.which("postgres") else []
    path = found[-1] if found else Path(shutil.which("postgres") or "")
    if not path.is_file():
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql, or set BENCH_PG_URL")
    return path.resolve().parent


def _other_user() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def _digest(size: int) -> str:
    """Changes with whatever the stored rows depend on."""
    watched = [ROOT / "bench" / f"{name}.py" for name in ("communities", "plans", "load", "load_peers")]
    watched += [ROOT / "app" / "kernel" / "text.py", *sorted((ROOT / "bench" / "peers").glob("*.py"))]
    return _hash(watched, str(size))


def _hash(watched: list[Path], more: str) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in watched) + more.encode()).hexdigest()[:16]


def _reports_digest(size: int) -> str:
    """The same of the month reports, which lie on top of the other rows."""
    watched = [ROOT / "bench" / f"{name}.py" for name in ("reports", "report_evidence", "load_peer_reports")]
    watched += sorted((ROOT / "bench" / "peers" / "reports").glob("*.py"))
    return _hash(watched, _digest(size))


def urls(kind: str, size: int, server: PostgreSQL) -> dict[str, str]:
    """Address of the database of the product and of the one that the peers share."""
    if kind == "sqlite":
        return {who: f"sqlite:///{HOME / f'{who}-{size}' / 'portal.db'}" for who in ("ours", "peers")}
    return {who: f"{server.url}/bench_{who}_{size}" for who in ("ours", "peers")}


def environment(url: str, kind: str, who: str, size: int) -> dict[str, str]:
    """Environment of a process that works on one database."""
    folder = HOME / f"{who}-{size}" / kind
    folder.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ, "DATABASE_URL": url, "DATA_DIR": str(folder), "FLASK_APP": "run", "PYTHONPATH": str(ROOT),
        "SECRET_KEY": "only-for-the-benchmark-0123456789abcdef", "AUTH_RATE_LIMIT": "10000 per minute",
        "PORTAL_HTTPS": "0", "PYTHONHASHSEED": "0",
    }  # fmt: skip


def prepare(kind: str, size: int, server: PostgreSQL, *, reports: bool = False) -> dict[str, str]:
    """Make both databases unless they stand already, with month reports if asked; returns their addresses."""
    stamp = HOME / f"{kind}-{size}-reports.made"
    wanted = _reports_digest(size)
    if reports and stamp.exists() and stamp.read_text() != wanted:
        (HOME / f"{kind}-{size}.made").unlink(missing_ok=True)  # they hold reports that are no longer wanted
        stamp.unlink()
    addresses = _prepare(kind, size, server)
    if reports and not stamp.exists():
        _add_reports(kind, size, addresses, stamp)
        stamp.write_text(wanted)
    return addresses


def _run(*command: str, env: dict[str, str]) -> None:
    subprocess.run(command, check=True, env=env, cwd=ROOT, stdout=subprocess.DEVNULL)


def _add_reports(kind: str, size: int, addresses: dict[str, str], stamp: Path) -> None:
    """Works projects and month reports, for the product and for its peers."""
    print(f"adding month reports to {size:,} communities on {kind} …", flush=True)
    stamp.write_text("begun")
    ours, peers = (environment(addresses[who], kind, who, size) for who in ("ours", "peers"))
    _run(sys.executable, "-m", "bench.reports", env=ours)
    _run(sys.executable, "-m", "bench.load_peer_reports", addresses["peers"], env=ours)
    for peer in SUBJECTS[1:]:
        _run(python_of(peer), "-m", "bench.worker", f"{peer}_reports", "setup", env=peers)
    _run(sys.executable, "-m", "bench.load_peers", addresses["peers"], "analyze", env=ours)


def _prepare(kind: str, size: int, server: PostgreSQL) -> dict[str, str]:
    addresses = urls(kind, size, server)
    stamp = HOME / f"{kind}-{size}.made"
    ours = environment(addresses["ours"], kind, "ours", size)
    peers = environment(addresses["peers"], kind, "peers", size)
    if stamp.exists() and stamp.read_text() == _digest(size):
        _run(sys.executable, "-m", "flask", "portal", "demo", env=ours)  # migrations that came since
        return addresses
    print(f"making {size:,} communities on {kind} …", flush=True)
    (HOME / f"{kind}-{size}-reports.made").unlink(missing_ok=True)
    for who, url in addresses.items():
        _empty(kind, url, HOME / f"{who}-{size}")
    _run(sys.executable, "-m", "flask", "portal", "demo", env=ours)
    _run(sys.executable, "-m", "bench.load", str(size), env=ours)
    _run(sys.executable, "-m", "bench.worker", "ours", "setup", env=ours)
    _run(sys.executable, "-m", "bench.load_peers", addresses["peers"], env=ours)
    for peer in SUBJECTS[1:]:
        _run(python_of(peer), "-m", "bench.worker", peer, "setup", env=peers)
    _run(sys.executable, "-m", "bench.load_peers", addresses["peers"], "analyze", env=ours)
    stamp.write_text(_digest(size))
    return addresses


def _empty(kind: str, url: str, folder: Path) -> None:
    if kind == "sqlite":
        for path in folder.glob("portal.db*"):
            path.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        return
    import psycopg

    server, _slash, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
