"""Requests per second over HTTP: gunicorn with two processes, kept busy over four connections.

One thread waits for all of them, so that the client takes next to nothing of the two cores from whom it measures.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time
from pathlib import Path

from bench.databases import HOME, ROOT, environment, python_of
from bench.driver import Cell, Result, WorkerProcess

PROCESSES = 2
CONNECTIONS = 4
WARM, SECONDS = 2.0, 6.0


def throughput(kind: str, addresses: dict[str, str], size: int, peers: tuple[str, ...]) -> Result:
    """The first page of 100 rows as province, with the sign-in cookie, beside each of the peers in turn."""
    cells: dict[str, Cell] = {}
    for name in ("ours", *peers):
        url = addresses["ours" if name == "ours" else "peers"]
        with WorkerProcess(name, kind, url, size) as worker:
            asked = worker.ask("cookie", role="province", what="list")
        port = _free_port()
        with _gunicorn(name, kind, url, size, port):
            _fetch_for(port, asked, WARM)
            cells[name] = Cell(facts={"rps": _fetch_for(port, asked, SECONDS) / SECONDS})
    return Result(kind, "province", "http", cells)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _gunicorn(name: str, kind: str, url: str, size: int, port: int):  # type: ignore[no-untyped-def]
    """The product as ``tools/serve.sh`` runs it; the peers with the same kind and number of processes."""
    env = {**environment(url, kind, "ours" if name == "ours" else "peers", size), "BENCH_SUBJECT": name,
           "BENCH_SIZE": str(size)}  # fmt: skip
    gunicorn = str(Path(python_of(name)).parent / "gunicorn")
    command = [gunicorn, "--bind", f"127.0.0.1:{port}", "--workers", str(PROCESSES), "--worker-class", "sync",
               "--log-level", "error"]  # fmt: skip
    command += ["--preload", "--config", "deploy/gunicorn.conf.py", "run:app"] if name == "ours" else ["bench.wsgi:application"]
    with (HOME / f"{name}-{kind}-http.log").open("w") as log:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait(port, process)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"gunicorn ended with {process.returncode}: see {HOME}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError("gunicorn did not start")


def _fetch_for(port: int, asked: dict[str, str], seconds: float) -> int:
    """How many whole pages the connections fetch in that time."""
    head = (
        f"GET {asked['path']} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {asked['cookie']}\r\nAccept: text/html\r\n"
        "Accept-Language: zh-CN,zh;q=0.9\r\nUser-Agent: bench\r\nConnection: close\r\n\r\n"
    ).encode()
    end = time.perf_counter() + seconds
    done = 0
    with selectors.DefaultSelector() as waiting:
        for _ in range(CONNECTIONS):
            _ask(waiting, port, head)
        while waiting.get_map():
            for key, _events in waiting.select():
                connection, pages = key.fileobj, key.data
                part = connection.recv(1 << 20)  # type: ignore[union-attr]
                if part:
                    pages.append(part)
                    continue
                waiting.unregister(connection)
                connection.close()  # type: ignore[union-attr]
                if not pages or not pages[0].startswith(b"HTTP/1.1 200") or sum(map(len, pages)) < 10_000:
                    raise RuntimeError(f"not a page: {b''.join(pages)[:120]!r}")
                done += 1
                if time.perf_counter() < end:
                    _ask(waiting, port, head)
    return done


def _ask(waiting: selectors.BaseSelector, port: int, head: bytes) -> None:
    connection = socket.create_connection(("127.0.0.1", port), 10)
    connection.sendall(head)
    waiting.register(connection, selectors.EVENT_READ, [])
