"""Talks to one worker process per product and measures them in turn, so that all of them meet the same machine."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.databases import HOME, ROOT, SUBJECTS, environment, python_of
from bench.subject import OWN_PAGES, PAGES, REPORT_PAGES, ROLES, SAVES

ROUNDS = 7
ROUND_MS = 400


class WorkerProcess:
    """A product in its own process; ``ask`` sends one command and waits for the answer."""

    def __init__(self, name: str, kind: str, url: str, size: int, variant: str = "") -> None:
        self.name = name
        who = "ours" if name == "ours" else "peers"
        env = {**environment(url, kind, who, size), "BENCH_SIZE": str(size), "PORTAL_ENV": "development"}
        self._log = (HOME / f"{name}-{kind}.log").open("w")
        self._process = subprocess.Popen(
            [python_of(name), "-m", "bench.worker", name + variant, "serve"], env=env, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
        )  # fmt: skip
        self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended: see {self._log.name}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {answer['error']}")
        return answer

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
        self._log.close()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


@dataclass
class Cell:
    """What one product took for one thing: milliseconds (all samples), and what its answer was like."""

    ms: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.ms)


@dataclass
class Result:
    """One line of the report: database, role, what, a cell per product, and the floor below it in ms."""

    kind: str
    role: str
    what: str
    cells: dict[str, Cell]
    floor: float | None = None


def pages(kind: str, addresses: dict[str, str], size: int, only: set[str]) -> Iterator[Result]:
    """Every page as both roles: seven rounds in which the products take turns."""
    with _everybody(kind, addresses, size) as workers:
        for role in ROLES:
            for what in PAGES:
                if what in only:
                    yield _page(kind, role, what, workers)


def report_pages(kind: str, addresses: dict[str, str], size: int, only: set[str]) -> Iterator[Result]:
    """Pages of month reports and of the linking dialog; the peers show the same report as the product."""
    with _everybody(kind, addresses, size, "_reports") as workers:
        shown = workers["ours"].ask("shown")["id"]
        for worker in workers.values():
            worker.ask("choose", role="reviewer", row_id=shown)
        for what, roles in REPORT_PAGES.items():
            for role in roles:
                if what in only:
                    yield _page(kind, role, what, workers)


@contextlib.contextmanager
def _everybody(
    kind: str, addresses: dict[str, str], size: int, variant: str = ""
) -> Iterator[dict[str, WorkerProcess]]:
    """A worker process per product."""
    with contextlib.ExitStack() as opened:
        yield {
            name: opened.enter_context(
                WorkerProcess(name, kind, addresses["ours" if name == "ours" else "peers"], size, variant)
            )
            for name in SUBJECTS
        }


def _page(kind: str, role: str, what: str, workers: dict[str, WorkerProcess]) -> Result:
    cells = {name: Cell(facts=worker.ask("look", role=role, what=what)) for name, worker in workers.items()}
    shown = {name: cell.facts["rows"] for name, cell in cells.items()}
    if what not in ("detail", "report") and len(set(shown.values())) > 1:  # a record page lists no rows
        raise RuntimeError(f"the products show different rows for {what} as {role}: {shown}")
    times = {}
    for name, worker in workers.items():
        one = statistics.median(worker.ask("time", role=role, what=what, times=3)["ms"])
        times[name] = max(3, min(40, int(ROUND_MS / one)))
    for _ in range(ROUNDS):
        for name, worker in workers.items():
            answer = worker.ask("time", role=role, what=what, times=times[name])
            cells[name].ms += answer["ms"]
            cells[name].cpu.append(answer["cpu"])
    return Result(kind, role, what, cells)


def own_pages(kind: str, addresses: dict[str, str], size: int, only: set[str]) -> Iterator[Result]:
    """What no peer has: pages as county, and forms that are saved; time, statements and size."""
    with WorkerProcess("ours", kind, addresses["ours"], size, "_reports") as worker:
        for what in OWN_PAGES:
            if what in only:
                facts = worker.ask("look", role="county", what=what)
                answer = worker.ask("time", role="county", what=what, times=60)
                yield Result(kind, "county", what, {"ours": Cell(answer["ms"], [answer["cpu"]], facts)})
        for what, role in SAVES.items():
            if what in only:
                answer = worker.ask("save", what=what, times=20, role=role)
                facts = {"statements": answer["statements"], "bytes": 0, "rows": 0}
                yield Result(kind, role, what, {"ours": Cell(answer["ms"], [answer["cpu"]], facts)})


def exports(kind: str, addresses: dict[str, str], size: int, what: str) -> Result:
    """An export as province, each in a fresh process; the product takes a turn beside every peer."""
    cells: dict[str, Cell] = {name: Cell() for name in SUBJECTS}
    for name in SUBJECTS[1:]:
        for who in ("ours", name):
            with WorkerProcess(who, kind, addresses["ours" if who == "ours" else "peers"], size) as worker:
                answer = worker.ask("export", role="province", what=what)
            cells[who].ms.append(answer["seconds"] * 1000)
            mb = max(answer["mb"], cells[who].facts.get("mb", 0))
            cells[who].facts = {"bytes": answer["bytes"], "mb": mb, "sheet": answer["sheet"]}
    if len({tuple(cell.facts["sheet"]) for cell in cells.values()}) > 1:
        raise RuntimeError(f"the workbooks differ: { {name: cell.facts['sheet'] for name, cell in cells.items()} }")
    return Result(kind, "province", what, cells)


def imports(kind: str, addresses: dict[str, str], size: int, workbooks: dict[str, str]) -> Result:
    """Upload to preview, and confirm: beside Django's bulk mode, the only peer that imports."""
    cells: dict[str, Cell] = {}
    for who in ("ours", "django"):
        with WorkerProcess(who, kind, addresses["ours" if who == "ours" else "peers"], size) as worker:
            answer = worker.ask("load", role="county", workbook=workbooks[who])
        if "missing" in answer:
            continue
        cell = cells.setdefault(who, Cell())
        cell.ms.append(answer["seconds"] * 1000)
        cell.facts = {key: answer[key] for key in ("mb", "preview", "confirm", "rows")}
    return Result(kind, "county", "import", cells)
