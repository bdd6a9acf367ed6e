"""Reminders of the worker: reports that open, are due or overdue, deadlines, incomplete communities (R18, N3.3l).

Run as often as wanted: a person is told of a matter once a day at most (the mark of the notice).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Table, case, func, select
from sqlalchemy.orm import Session

from app.accounts.construction.models import ConstructionAccount
from app.annual_plans.models import PlanTask
from app.annual_plans.queries import light_clause, warn_days_of
from app.communities.models import CommunityRollup
from app.jobs.periodic import periodic
from app.kernel import calendar
from app.kernel.calendar import Month
from app.monthly_reports.models import MonthlyReport
from app.notices import queries, services
from app.notices.rules import REPORT_REMINDERS, Reminder, report_reminders, weekly
from app.persistence.gate import SCOPE_APPLIED
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.works.models import WorksProject

_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_project: Table = WorksProject.__table__  # type: ignore[assignment]
_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
_rollup: Table = CommunityRollup.__table__  # type: ignore[assignment]
_grant: Table = ConstructionAccount.__table__  # type: ignore[assignment]
_OPTIONS = {SCOPE_APPLIED: True}


def owing(session: Session, month: Month) -> dict[str, set[int]]:
    """County → plan tasks that owe the report of a month: works projects entered by then, not completed before, with nothing handed in."""
    mine = (_report.c.works_project_id == _project.c.id, _report.c.deleted_at.is_(None))
    handed_in = select(_report.c.id).where(
        *mine, _report.c.month == month.first, _report.c.state.in_(("submitted", "approved"))
    )
    completed = select(_report.c.id).where(
        *mine, _report.c.month < month.first, _report.c.state == "approved", _report.c.progress == "completed"
    )
    entered = dt.datetime.combine((month + 1).first, dt.time(), calendar.TZ)
    statement = (
        select(_project.c.plan_task_id, _project.c.county_code)
        .join(_plan, _plan.c.id == _project.c.plan_task_id)
        .where(
            _project.c.deleted_at.is_(None), _plan.c.deleted_at.is_(None), _project.c.created_at < entered,
            _plan.c.implementation_state != "finished", ~handed_in.exists(), ~completed.exists(),
        )
        .order_by(_project.c.id)
    )  # fmt: skip
    found: dict[str, set[int]] = {}
    for row in session.execute(statement, execution_options=_OPTIONS):
        found.setdefault(row.county_code, set()).add(row.plan_task_id)
    return found


def units_of(session: Session, plans: set[int]) -> dict[int, set[int]]:
    """Account of a construction unit → those of the plan tasks that it reports on."""
    live = (_grant.c.state == "active", _grant.c.plan_task_id.in_(sorted(plans)))
    statement = select(_grant.c.user_id, _grant.c.plan_task_id).where(*live).order_by(_grant.c.id)
    found: dict[int, set[int]] = {}
    for row in session.execute(statement, execution_options=_OPTIONS):
        found.setdefault(row.user_id, set()).add(row.plan_task_id)
    return found


def remind(session: Session, today: dt.date) -> int:
    """Send what is due today; returns how many people were told. The caller commits."""
    began, told = utcnow(), 0
    editors = queries.editors_by_county(session)
    for province in current(session).provinces():
        told += _reports(session, province.code, today, editors)
        if weekly(today, current(session).holidays):
            told += _deadlines(session, province.prefix, today, editors)
            told += _incomplete(session, province.prefix, today, editors)
    if told:
        _outdate(session, began)
    return told


def _reports(session: Session, province: str, today: dt.date, editors: Mapping[str, list[int]]) -> int:
    snapshot = current(session)
    profile = snapshot.profile(province)
    told = 0
    for reminder in report_reminders(today, profile.report_open_day, profile.report_due_day, snapshot.holidays):
        missing = owing(session, reminder.month)
        for county, plans in sorted(missing.items()):
            if county.startswith(province[:2]):
                told += _tell(session, editors.get(county, []), reminder, len(plans), county, today)
                for user_id, given in units_of(session, plans).items():
                    told += _tell(session, [user_id], reminder, len(given), county, today)
    return told


def _tell(
    session: Session, user_ids: list[int], reminder: Reminder, number: int, county: str, today: dt.date
) -> int:
    values = {"month": str(reminder.month), "due": reminder.due.isoformat(), "number": number}
    mark = f"{reminder.kind}:{reminder.month}:{today.isoformat()}"
    told = services.send(
        session, user_ids, reminder.kind, mark, values, link="/reports/list/", county_code=county,
        due_on=reminder.due,
    )  # fmt: skip
    return len(told)


def _deadlines(session: Session, prefix: str, today: dt.date, editors: Mapping[str, list[int]]) -> int:
    """Plan tasks of each county that are due soon or behind."""
    days = warn_days_of(current(session))
    red, yellow = (light_clause(colour, today, days) for colour in ("red", "yellow"))
    late, soon = func.count(case((red, 1))).label("late"), func.count(case((yellow, 1))).label("soon")
    statement = (
        select(_plan.c.county_code, late, soon)
        .where(_plan.c.deleted_at.is_(None), _plan.c.county_code.startswith(prefix))
        .group_by(_plan.c.county_code)
        .order_by(_plan.c.county_code)
    )
    told = 0
    for row in session.execute(statement, execution_options=_OPTIONS):
        if row.late or row.soon:
            light = "red" if row.late else "yellow"
            sent = services.send(
                session, editors.get(row.county_code, []), "plans_due", f"plans_due:{today.isoformat()}",
                {"soon": row.soon, "late": row.late}, link=f"/plans/list/?light={light}",
                county_code=row.county_code,
            )  # fmt: skip
            told += len(sent)
    return told


def _incomplete(session: Session, prefix: str, today: dt.date, editors: Mapping[str, list[int]]) -> int:
    """Communities of each county that lack required fields."""
    number = func.sum(_rollup.c.communities).label("number")
    statement = (
        select(_rollup.c.county_code, number)
        .where(_rollup.c.is_complete.is_(False), _rollup.c.county_code.startswith(prefix))
        .group_by(_rollup.c.county_code)
        .having(number > 0)
        .order_by(_rollup.c.county_code)
    )
    told = 0
    for row in session.execute(statement, execution_options=_OPTIONS):
        sent = services.send(
            session, editors.get(row.county_code, []), "incomplete", f"incomplete:{today.isoformat()}",
            {"number": int(row.number)}, link="/communities/list/?todo=1", county_code=row.county_code,
        )  # fmt: skip
        told += len(sent)
    return told


def _outdate(session: Session, began: dt.datetime) -> None:
    """Earlier reminders of what was reminded of anew are out of date."""
    services.settle_renewed(session, (*REPORT_REMINDERS, "plans_due", "incomplete"), began)


@periodic("remind", at="08:30")
def run() -> str:
    """Every morning."""
    with unit_of_work() as session:
        return f"{remind(session, calendar.today())} reminders"
