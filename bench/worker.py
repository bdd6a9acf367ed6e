"""One product in a process of its own: ``python -m bench.worker SUBJECT setup|serve``.

``serve`` reads one JSON command a line on standard input and answers one JSON line each.
"""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import re
import statistics
import sys
import time
import traceback
import zipfile
from pathlib import Path
from typing import Any

from bench.http import Client
from bench.subject import ROLES, Subject

CLASSES = {
    "ours": ("bench.ours", "Ours"),
    "fab": ("bench.peers.fab_stock", "FabStock"),
    "flask_admin": ("bench.peers.flask_admin_stock", "FlaskAdminStock"),
    "django": ("bench.peers.django_admin", "DjangoAdmin"),
    "ours_reports": ("bench.ours_reports", "OursReports"),
    "fab_reports": ("bench.peers.reports.fab", "FabReports"),
    "flask_admin_reports": ("bench.peers.reports.flask_admin", "FlaskAdminReports"),
    "django_reports": ("bench.peers.reports.django_admin", "DjangoReports"),
}


def subject(name: str) -> Subject:
    module, cls = CLASSES[name]
    return getattr(importlib.import_module(module), cls)()  # type: ignore[no-any-return]


class Worker:
    """Answers the commands of the driver with one signed-in client per role."""

    def __init__(self, product: Subject) -> None:
        self.product = product
        self.application = product.application()
        self.seen = product.statements()
        self.clients: dict[str, Client] = {}
        self.row_ids: dict[str, int] = {}
        for role in ROLES:
            found = product.row.search(self._get(role, "list").body)
            if not found:
                raise RuntimeError(f"{product.name}: no row on the first page of {role}")
            self.row_ids[role] = int(next(group for group in found.groups() if group))

    def client(self, role: str) -> Client:
        """The client of a role, signed in when it is first asked for."""
        if role not in self.clients:
            client = Client(self.application)
            self.product.sign_in(client, self.product.login(role))
            self.clients[role] = client
        return self.clients[role]

    def _path(self, role: str, what: str) -> str:
        return self.product.page(what, role, self.row_ids.get(role, 0))

    def _get(self, role: str, what: str) -> Any:
        answer = self.client(role).get(self._path(role, what))
        if answer.status != 200:
            raise RuntimeError(f"{self.product.name}: {what} answered {answer.status} {answer.header('location')}")
        return answer

    def shown(self) -> dict[str, Any]:
        """The report whose page is measured (the product knows which)."""
        return {"id": self.product.shown()}

    def choose(self, role: str, row_id: int) -> dict[str, Any]:
        """The record whose page this role looks at."""
        self.row_ids[role] = row_id
        return {}

    def look(self, role: str, what: str) -> dict[str, Any]:
        """Warm a page and tell its size, its rows and its statements."""
        for _ in range(4):
            self._get(role, what)
        del self.seen[:]
        answer = self._get(role, what)
        result = {"bytes": len(answer.body), "rows": self.product.rows(answer.body), "statements": len(self.seen)}
        gc.collect()
        gc.freeze()
        return result

    def time(self, role: str, what: str, times: int) -> dict[str, Any]:
        """Milliseconds of each of some requests, and of processor time that one of them took."""
        client, path, taken = self.client(role), self._path(role, what), []
        cpu = time.process_time()
        for _ in range(times):
            started = time.perf_counter()
            client.get(path)
            taken.append((time.perf_counter() - started) * 1000)
            del self.seen[:]
        return {"ms": taken, "cpu": (time.process_time() - cpu) * 1000 / times}

    def save(self, what: str, times: int, role: str = "county") -> dict[str, Any]:
        """Milliseconds of saving a form some times, and the statements of one of them."""
        client = self.client(role)
        self.product.save(client, what)
        saved = [self.product.save(client, what) for _ in range(times)]
        ms, cpu, statements = zip(*saved, strict=True)
        return {"ms": ms, "cpu": statistics.median(cpu), "statements": max(statements)}

    def export(self, role: str, what: str = "export", keep: str = "") -> dict[str, Any]:
        """Seconds, bytes and memory above idle of the export."""
        body = b""

        def work() -> dict[str, Any]:
            nonlocal body
            body = self.product.export(self.client(role), role, what)
            return {"bytes": len(body)}

        result = self._weighed(work)
        if keep:
            Path(keep).write_bytes(body)
        return {**result, "sheet": extent(body)}

    def load(self, role: str, workbook: str) -> dict[str, Any]:
        """Seconds and memory of the import with its preview; what it wrote is taken back."""
        content = Path(workbook).read_bytes()
        try:
            return self._weighed(lambda: self.product.load(self.client(role), role, content))
        finally:
            self.product.unload()

    def _weighed(self, work: Any) -> dict[str, Any]:
        gc.collect()
        idle = memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        started = time.perf_counter()
        result = work()
        return {"seconds": time.perf_counter() - started, "mb": (memory("VmHWM") - idle) / 1024, **result}

    def cookie(self, role: str, what: str) -> dict[str, Any]:
        """What an HTTP client needs to fetch a page as this role."""
        return {"path": self._path(role, what), "cookie": self.client(role).cookie_header()}


def extent(workbook: bytes) -> tuple[int, int]:
    """Rows and columns of the first worksheet."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as package:
        name = next(n for n in sorted(package.namelist()) if n.startswith("xl/worksheets/sheet"))
        xml = package.read(name)
    rows = xml.split(b"<row ")[1:]
    return len(rows), len(re.findall(rb"<c[ />]", rows[0]))


def memory(key: str) -> int:
    """A figure of /proc/self/status in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    raise KeyError(key)


def serve(name: str) -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(subject(name))
    print(json.dumps({"ready": name}), file=out, flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(worker, command.pop("do"))(**command)
        except NotImplementedError as error:
            answer = {"missing": str(error)}
        except Exception:  # the driver shows it and stops
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    if sys.argv[2] == "setup":
        subject(sys.argv[1]).setup()
    else:
        serve(sys.argv[1])
