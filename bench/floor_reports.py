"""The raw floor below the pages of month reports and below the forms that are saved: the statements alone."""

from __future__ import annotations

from itertools import count

from bench.floor import connect, median
from bench.subject import (
    DIALOG_ROWS,
    PAGE_ROWS,
    REPORT_PAGES,
    ROLES,
    SEARCH,
    STRIP_ROWS,
    due_month,
    strip_page,
)

_REPORT = "id, plan_task_id, works_project_id, month, revision, state, is_makeup, is_late"


def statements(role: str) -> dict[str, tuple[str, ...]]:
    """The selects that a page cannot do without, over the product's tables and indices."""
    _login, low, high = ROLES["county" if role == "reviewer" else role]
    mine = f"county_code >= '{low}' AND county_code < '{high}' AND deleted_at IS NULL"
    plans = "SELECT id, county_code, year, name, implementation_state, funds_planned, approved_investment FROM plan_task"
    due = due_month()
    submitted = f"state = 'submitted' AND {mine}"

    def strips(offset: int) -> tuple[str, ...]:
        page = f"{plans} WHERE {mine} ORDER BY county_code, id LIMIT {STRIP_ROWS} OFFSET {offset}"
        year = f"month BETWEEN '{due.year}-01-01' AND '{due.year}-12-31' AND deleted_at IS NULL"
        of_page = f"plan_task_id IN (SELECT id FROM ({page}) AS page)"
        return page, f"SELECT {_REPORT} FROM monthly_report WHERE {of_page} AND {year}"

    free = (
        "SELECT id, name, town_code, built_year, building_count, household_count, floor_area, planned_investment"
        f" FROM community WHERE {mine} AND place_state = 'free'"
    )
    return {
        "strips": strips(0),
        "strips_deep": strips((strip_page("county" if role == "reviewer" else role) - 1) * STRIP_ROWS),
        "waiting_plans": (
            f"SELECT {_REPORT} FROM monthly_report WHERE {submitted} AND month = '{due}' ORDER BY county_code, id"
            f" LIMIT {STRIP_ROWS}",
        ),
        "waiting": (f"SELECT {_REPORT} FROM monthly_report WHERE {submitted} ORDER BY submitted_at, id LIMIT {PAGE_ROWS}",),
        "dialog": (f"{free} ORDER BY id LIMIT {DIALOG_ROWS}",),
        "dialog_search": (f"{free} AND name LIKE '%{SEARCH}%' ORDER BY id LIMIT {DIALOG_ROWS}",),
    }


def selects(url: str) -> dict[tuple[str, str], float]:
    """Median milliseconds of the selects of each page."""
    run = connect(url)
    found = {}
    for what, roles in REPORT_PAGES.items():
        for role in roles:
            if needed := statements(role).get(what):
                found[role, what] = median(lambda needed=needed: [run(sql) for sql in needed], 15)
    return found


def saves(url: str) -> dict[str, float]:
    """Median milliseconds of writing the same rows in one transaction, with its commit, and nothing else."""
    run = connect(url)

    turns = count(1)

    def transaction(work: list[str]) -> None:
        turn = next(turns)  # what is already there is not written again
        for sql in ("BEGIN", *work, "COMMIT"):
            run(sql.replace("$", str(turn)))

    scheme, plan = run(
        "SELECT id, plan_task_id FROM scheme WHERE county_code = '430703' AND state = 'draft' AND created_by = 'bench'"
        " ORDER BY id LIMIT 1"
    )[0]
    report = run("SELECT id FROM monthly_report WHERE state = 'submitted' AND county_code = '430703' LIMIT 1")[0][0]
    items = [row[0] for row in run(f"SELECT id FROM scheme_item WHERE scheme_id = {scheme}")]
    checklist = [f"UPDATE scheme_item SET quantity1 = 100 * $ WHERE id = {item}" for item in items]
    approval = [
        f"UPDATE monthly_report SET updated_by = 'bench $' WHERE id = {report}",
        f"UPDATE plan_task SET updated_by = 'bench $' WHERE id = {plan}",
    ]
    return {
        "checklist_save": median(lambda: transaction(checklist), 15),
        "approval": median(lambda: transaction(approval), 15),
    }
