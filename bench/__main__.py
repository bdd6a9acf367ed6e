"""``python -m bench [--quick] [--only list,search] [--db sqlite,postgresql] [--write]``: see docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from bench import databases, driver, floor, floor_reports, report
from bench.driver import Result
from bench.subject import OWN_PAGES, PAGES, REPORT_PAGES, SAVES
from bench.throughput import throughput
from bench.workbook import write_workbooks

EVERYTHING = (*PAGES, *REPORT_PAGES, *OWN_PAGES, *SAVES, "export", "plan_export", "import", "http")
ON_REPORTS = {*REPORT_PAGES, *OWN_PAGES, *SAVES}
FULL, QUICK = 220_000, 20_000


def main() -> None:
    asked = _arguments()
    size = QUICK if asked.quick else FULL
    os.environ["BENCH_SIZE"] = str(size)
    databases.prepare_venv()
    server = databases.PostgreSQL()
    results: list[Result] = []
    try:
        if "postgresql" in asked.db:
            server.start()
        for kind in asked.db:
            only = set(asked.only)
            addresses = databases.prepare(kind, size, server, reports=bool(only & ON_REPORTS))
            for result in measure(kind, addresses, size, only):
                print(report._line(result), flush=True)
                results.append(result)
    finally:
        server.stop()
    page = report.markdown(results, size)
    print("\n" + page)
    if asked.write:
        (databases.ROOT / "docs" / "benchmarks.md").write_text(page + "\n", encoding="utf-8")


def measure(kind: str, addresses: dict[str, str], size: int, only: set[str]) -> Iterator[Result]:
    """Everything asked for on one database, each result as soon as it is there."""
    if only & set(PAGES):
        floors = floor.selects(kind, addresses["ours"])
        for result in driver.pages(kind, addresses, size, only):
            result.floor = floors.get((result.role, result.what))
            yield result
    if only & set(REPORT_PAGES):
        floors = floor_reports.selects(addresses["ours"])
        for result in driver.report_pages(kind, addresses, size, only):
            result.floor = floors.get((result.role, result.what))
            yield result
    if only & {*OWN_PAGES, *SAVES}:
        floors = floor_reports.saves(addresses["ours"]) if only & set(SAVES) else {}
        for result in driver.own_pages(kind, addresses, size, only):
            result.floor = floors.get(result.what)
            yield result
    if "export" in only:
        exported = driver.exports(kind, addresses, size, "export")
        exported.floor = sum(floor.export_floor(addresses["ours"]))
        yield exported
    if "plan_export" in only:
        yield driver.exports(kind, addresses, size, "plan_export")
    if "import" in only:
        workbooks = write_workbooks()
        imported = driver.imports(kind, addresses, size, workbooks)
        imported.floor = floor.import_floor(workbooks["ours"])
        yield imported
    if "http" in only:
        yield throughput(kind, addresses, size, databases.SUBJECTS[1:])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    choice = lambda allowed: lambda text: _some_of(text, allowed)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} communities instead of {FULL:,}")
    parser.add_argument("--only", type=choice(EVERYTHING), default=EVERYTHING, help="of " + ",".join(EVERYTHING))
    parser.add_argument("--db", type=choice(("sqlite", "postgresql")), default=("sqlite", "postgresql"))
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    return parser.parse_args()


def _some_of(text: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    wanted = text.split(",")
    if unknown := [word for word in wanted if word not in allowed]:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; choose of {', '.join(allowed)}")
    return tuple(word for word in allowed if word in wanted)


if __name__ == "__main__":
    main()
