"""The raw floor below the products: the statement alone, XlsxWriter alone, calamine alone."""

from __future__ import annotations

import io
import sqlite3
import statistics
import time
from collections.abc import Callable
from typing import Any

from bench.subject import EXPORT_KIND, PAGE_ROWS, ROLES, SEARCH, deep_page

COLUMNS = (
    "id, county_code, name, town_code, built_year, building_count, household_count, floor_area, planned_investment,"
    " place_state"
)


def connect(url: str) -> Callable[[str], list[Any]]:
    """A function that runs a statement on the product's database with the bare driver."""
    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute("PRAGMA mmap_size=1073741824")
    else:
        import psycopg

        connection = psycopg.connect(url, autocommit=True)

    def run(sql: str) -> list[Any]:
        answer = connection.execute(sql)
        return answer.fetchall() if answer.description else []

    return run


def statements(kind: str, role: str, row_id: int = 1) -> dict[str, str]:
    """The one select below each page, over the product's tables and indices."""
    _login, low, high = ROLES[role]
    mine = f"county_code >= '{low}' AND county_code < '{high}' AND deleted_at IS NULL"
    tail = f"ORDER BY county_code, id LIMIT {PAGE_ROWS}"
    if kind == "sqlite":
        narrowed = f'"{low[:2]}{SEARCH}"' + (f' AND "c{low}"' if role == "county" else "")
        found = f"id IN (SELECT rowid FROM community_fts WHERE community_fts MATCH '{narrowed}')"
    else:
        found = (
            f"id = ANY (ARRAY(SELECT i FROM community_posting p, unnest(p.ids) AS i WHERE p.token = '{SEARCH}'"
            f" AND p.county_code >= '{low}' AND p.county_code < '{high}'))"
        )
    return {
        "list": f"SELECT {COLUMNS} FROM community WHERE {mine} {tail}",
        "filtered": f"SELECT {COLUMNS} FROM community WHERE {mine} AND built_year BETWEEN 1980 AND 1990 {tail}",
        "deep": f"SELECT {COLUMNS} FROM community WHERE {mine} {tail} OFFSET {(deep_page(role) - 1) * PAGE_ROWS}",
        "search": f"SELECT {COLUMNS} FROM community WHERE {found} AND deleted_at IS NULL ORDER BY id LIMIT {PAGE_ROWS}",
        "detail": f"SELECT * FROM community WHERE id = {row_id}",
    }


def selects(kind: str, url: str) -> dict[tuple[str, str], float]:
    """Median milliseconds of each select."""
    run = connect(url)
    return {
        (role, what): median(lambda sql=sql: run(sql), 15)
        for role in ROLES
        for what, sql in statements(kind, role).items()
    }


def export_floor(url: str) -> tuple[float, float]:
    """Milliseconds of the select of the exported rows, and of XlsxWriter (constant_memory) writing 20 columns of them."""
    import xlsxwriter

    run = connect(url)
    sql = (
        "SELECT name, county_code, town_code, address, built_year, place_kind, building_count, unit_count,"
        " unit_without_elevator_count, household_count, substandard_household_count, floor_area, property_kind,"
        " planned_investment, supervision_unit, supervisor_name, implementer_unit, implementer_name, original_owners,"
        " intended_contents FROM community WHERE county_code >= '430000' AND county_code < '440000'"
        f" AND property_kind = '{EXPORT_KIND}' AND deleted_at IS NULL"
    )
    started = time.perf_counter()
    rows = run(sql)
    selected = time.perf_counter()
    book = xlsxwriter.Workbook(io.BytesIO(), {"constant_memory": True, "in_memory": False})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, [float(v) if hasattr(v, "quantize") else v for v in row])
    book.close()
    return (selected - started) * 1000, (time.perf_counter() - selected) * 1000


def import_floor(path: str) -> float:
    """Milliseconds that calamine takes to read the workbook."""
    from python_calamine import CalamineWorkbook

    started = time.perf_counter()
    CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return (time.perf_counter() - started) * 1000


def median(work: Callable[[], Any], times: int) -> float:
    """Milliseconds of one run, after one to warm up."""
    work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)
