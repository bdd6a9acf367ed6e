"""The twelve months of plan tasks: what is reported, waiting, returned, overdue (M1.6.5.2, R18)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select, text
from sqlalchemy.orm import Session

from app.kernel import calendar
from app.kernel.calendar import Month
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.rules import Cell, cell, worst
from app.persistence.context import current_scope
from app.persistence.gate import SCOPE_APPLIED, scope_clause
from app.regions import cache as regions
from app.regions.rules import Profile
from app.works.models import WorksProject

_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
_project: Table = WorksProject.__table__  # type: ignore[assignment]
_READ = ("id", "works_project_id", "month", "revision", "state", "is_makeup", "is_late")
COMPLETED = text("monthly_report.state = 'approved' AND monthly_report.progress = 'completed'")
"""In the words of its index, which holds a report or none for a works project (SQLite compares them)."""
_COUNTY: dict[str, ColumnElement[str]] = {table.name: table.c.county_code.concat("") for table in (_report, _project)}


@dataclass(frozen=True)
class Strip:
    """A plan's year: twelve cells from January on, its works projects (none: ask for one first)
    and the months of each of them."""

    plan_id: int
    cells: tuple[Cell, ...] = ()
    project_ids: tuple[int, ...] = ()
    of_projects: dict[int, tuple[Cell, ...]] = field(default_factory=dict)


@dataclass
class _Project:
    """What a works project's cells follow from."""

    id: int
    first: Month
    profile: Profile
    completed: Month | None = None
    reports: dict[dt.date, Any] = field(default_factory=dict)

    def cells(self, year: Sequence[_Month]) -> tuple[Cell, ...]:
        """R18: expected from the first report or the project's entry on, until everything was completed."""
        first, last = self.first.first, self.completed.first if self.completed else dt.date.max
        return tuple(
            cell(
                one.month, self.reports.get(one.month.first),
                expected=one.opened and first <= one.month.first <= last, overdue=one.overdue,
            )
            for one in year
        )  # fmt: skip


@dataclass(frozen=True)
class _Month:
    """A month as a profile's days make it today: whether it may be filled in, whether it is overdue."""

    month: Month
    opened: bool
    overdue: bool


def _year(year: int, profile: Profile, today: dt.date) -> list[_Month]:
    """R18: the months of a year, the same for every works project of a profile."""
    latest = calendar.report_month(today, profile.report_open_day)
    found = []
    for number in range(1, 13):
        month = Month.at(year, number)
        window = calendar.report_window(month, profile.report_open_day, profile.report_due_day)
        found.append(_Month(month, month <= latest, window.state(today) == "late"))
    return found


def strip(session: Session, plan_ids: Sequence[int], year: int) -> dict[int, Strip]:
    """Plan task → its strip of a year, for plan tasks of the scope; two statements for any number."""
    today = calendar.today()
    projects = _projects(session, plan_ids)
    if projects:
        _read_year(session, plan_ids, year, projects)
    years: dict[tuple[int, int], list[_Month]] = {}
    by_plan: dict[int, dict[int, tuple[Cell, ...]]] = defaultdict(dict)
    for plan_id, project in projects.values():
        days = project.profile.report_open_day, project.profile.report_due_day
        if days not in years:
            years[days] = _year(year, project.profile, today)
        by_plan[plan_id][project.id] = project.cells(years[days])
    empty = tuple(Cell(dt.date(year, number, 1)) for number in range(1, 13))
    return {plan_id: _strip(plan_id, by_plan.get(plan_id, {}), empty) for plan_id in plan_ids}


def _strip(plan_id: int, own: dict[int, tuple[Cell, ...]], empty: tuple[Cell, ...]) -> Strip:
    """Of several works projects each month shows the most urgent one."""
    cells = next(iter(own.values()), empty)
    if len(own) > 1:
        cells = tuple(worst(of_month) for of_month in zip(*own.values(), strict=True))
    return Strip(plan_id, cells, tuple(own), own)


def _projects(session: Session, plan_ids: Sequence[int]) -> dict[int, tuple[int, _Project]]:
    """Works projects with their first reported month and the first month whose approved report says completed."""
    names = ("id", "plan_task_id", "county_code", "created_at")
    mine = (_report.c.works_project_id == _project.c.id) & _report.c.deleted_at.is_(None)
    first = select(func.min(_report.c.month)).where(mine)
    done = first.where(COMPLETED)
    bounds = first.scalar_subquery().label("first"), done.scalar_subquery().label("completed")
    found = select(*(_project.c[name] for name in names), *bounds).where(
        _project.c.plan_task_id.in_(plan_ids), _project.c.deleted_at.is_(None), _held(_project)
    )
    rows = session.execute(found.order_by(_project.c.id), execution_options={SCOPE_APPLIED: True})
    snapshot, projects = regions.current(session), {}
    for row in rows:
        entered = Month.of(row.created_at.astimezone(calendar.TZ))
        begun = min(entered, Month(row.first)) if row.first else entered
        completed = Month(row.completed) if row.completed else None
        projects[row.id] = row.plan_task_id, _Project(row.id, begun, snapshot.profile(row.county_code), completed)
    return projects


def _held(table: Table) -> Any:
    """The scope as a condition that no index serves: the way to the rows of some plan tasks is by these, and not
    through every row of a province."""
    return scope_clause(current_scope(), _COUNTY[table.name], table.c.plan_task_id)


def _of_plans(plan_ids: Sequence[int]) -> tuple[Any, ...]:
    return _report.c.plan_task_id.in_(plan_ids), _report.c.deleted_at.is_(None), _held(_report)


def _read_year(
    session: Session, plan_ids: Sequence[int], year: int, projects: dict[int, tuple[int, _Project]]
) -> None:
    found = select(*(_report.c[name] for name in _READ)).where(
        *_of_plans(plan_ids),
        _report.c.month.between(dt.date(year, 1, 1), dt.date(year, 12, 31)),
        _report.c.state != "superseded",
    )
    rows = session.execute(
        found.order_by(_report.c.works_project_id, _report.c.month, _report.c.revision),
        execution_options={SCOPE_APPLIED: True},
    )
    for row in rows:
        values = dict(zip(_READ, row, strict=True))
        if (known := projects.get(values["works_project_id"])) is not None:
            known[1].reports[values["month"]] = values
