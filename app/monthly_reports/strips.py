"""The twelve months of plan tasks: what is reported, waiting, returned, overdue (M1.6.5.2, R18)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from app.kernel import calendar
from app.kernel.calendar import Month
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.rules import Cell, cell, latest_month, window_of, worst
from app.monthly_reports.selects import in_scope
from app.persistence.gate import SCOPE_APPLIED
from app.regions import cache as regions
from app.regions.rules import Profile
from app.works.models import WorksProject

_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
_project: Table = WorksProject.__table__  # type: ignore[assignment]


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
    reports: dict[Month, Any] = field(default_factory=dict)

    def cell(self, month: Month, today: dt.date) -> Cell:
        """R18: expected from the first report or the project's entry on, until everything was completed."""
        window = window_of(month, self.profile.report_open_day, self.profile.report_due_day)
        expected = self.first <= month and (self.completed is None or month <= self.completed)
        expected = expected and month <= latest_month(today, self.profile.report_open_day)
        found = self.reports.get(month)
        return cell(month, found, expected=expected, overdue=window.state(today) == "late")


def strip(session: Session, plan_ids: Sequence[int], year: int) -> dict[int, Strip]:
    """Plan task → its strip of a year, for plan tasks of the scope; two statements for any number."""
    today = calendar.today()
    projects = _projects(session, plan_ids)
    if projects:
        _read_year(session, plan_ids, year, projects)
    months = [Month.at(year, number) for number in range(1, 13)]
    by_plan: dict[int, list[_Project]] = defaultdict(list)
    for plan_id, project in projects.values():
        by_plan[plan_id].append(project)
    return {plan_id: _strip(plan_id, by_plan[plan_id], months, today) for plan_id in plan_ids}


def _strip(plan_id: int, projects: Sequence[_Project], months: Sequence[Month], today: dt.date) -> Strip:
    """Of several works projects each month shows the most urgent one."""
    own = {one.id: tuple(one.cell(month, today) for month in months) for one in projects}
    cells = [worst(of_month) for of_month in zip(*own.values(), strict=True)] if own else map(_empty, months)
    return Strip(plan_id, tuple(cells), tuple(own), own)


def _empty(month: Month) -> Cell:
    return Cell(month.first)


def _projects(session: Session, plan_ids: Sequence[int]) -> dict[int, tuple[int, _Project]]:
    """Works projects with their first reported month and the first month whose approved report says completed."""
    names = ("id", "plan_task_id", "county_code", "created_at")
    mine = (_report.c.works_project_id == _project.c.id) & _report.c.deleted_at.is_(None)
    first = select(func.min(_report.c.month)).where(mine)
    done = first.where(_report.c.state == "approved", _report.c.progress == "completed")
    bounds = first.scalar_subquery().label("first"), done.scalar_subquery().label("completed")
    found = select(*(_project.c[name] for name in names), *bounds).where(
        _project.c.plan_task_id.in_(plan_ids), _project.c.deleted_at.is_(None), in_scope(_project)
    )
    rows = session.execute(found.order_by(_project.c.id), execution_options={SCOPE_APPLIED: True})
    snapshot, projects = regions.current(session), {}
    for row in rows:
        entered = Month.of(row.created_at.astimezone(calendar.TZ))
        begun = min(entered, Month(row.first)) if row.first else entered
        completed = Month(row.completed) if row.completed else None
        projects[row.id] = row.plan_task_id, _Project(row.id, begun, snapshot.profile(row.county_code), completed)
    return projects


def _of_plans(plan_ids: Sequence[int]) -> tuple[Any, ...]:
    return _report.c.plan_task_id.in_(plan_ids), _report.c.deleted_at.is_(None), in_scope(_report)


def _read_year(
    session: Session, plan_ids: Sequence[int], year: int, projects: dict[int, tuple[int, _Project]]
) -> None:
    names = ("id", "works_project_id", "month", "revision", "state", "is_makeup", "is_late")
    found = select(*(_report.c[name] for name in names)).where(
        *_of_plans(plan_ids),
        _report.c.month.between(dt.date(year, 1, 1), dt.date(year, 12, 31)),
        _report.c.state != "superseded",
    )
    rows = session.execute(
        found.order_by(_report.c.works_project_id, _report.c.month, _report.c.revision),
        execution_options={SCOPE_APPLIED: True},
    )
    for row in rows:
        if row.works_project_id in projects:
            projects[row.works_project_id][1].reports[Month(row.month)] = row._mapping
