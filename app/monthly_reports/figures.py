"""Approved figures on the plan's row (M1.6.5.4): written last when approving, proved by replay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import Table, event, or_, select, update
from sqlalchemy.orm import Session, selectinload

from app.annual_plans.models import PlanTask
from app.areas.sums import execute
from app.monthly_reports import facts
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.rules import digest
from app.monthly_reports.selects import approved_figures
from app.persistence.closing import before_commit
from app.persistence.transitions import Transition

_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_TOUCHED = "reported_plans"
SHOWN = ("approved_month", "approved_investment", "approved_year_investment", "funds_completed")


@dataclass(frozen=True)
class Figures:
    """What approved reports say of a plan: latest month, investment since the start and of that year."""

    month: dt.date
    cumulative: Decimal
    year: Decimal


def replay(rows: Iterable[Any]) -> Iterator[tuple[int, Figures]]:
    """``(plan task, figures)`` from the rows of `approved_figures`; the last month of each project counts.

    The year's figure adds up the projects whose last approved month lies in the year of the plan's.
    """
    for plan_id, of_plan in groupby(rows, key=lambda row: row.plan_task_id):
        last = {row.works_project_id: row for row in of_plan}
        month = max(row.month for row in last.values())
        cumulative = sum((row.cumulative_investment for row in last.values()), Decimal(0))
        this_year = (row.year_investment for row in last.values() if row.month.year == month.year)
        yield plan_id, Figures(month, cumulative, sum(this_year, Decimal(0)))


def touch(session: Session, plan_id: int) -> None:
    """The plan's row is to follow its approved reports before the transaction ends."""
    session.info.setdefault(_TOUCHED, set()).add(plan_id)


@before_commit
def write_figures(session: Session) -> None:
    """Write the approved figures of the touched plans, in the order of locks of plan tasks."""
    ids = sorted(session.info.pop(_TOUCHED, ()))
    if not ids:
        return
    locked = select(_plan.c.id).where(_plan.c.id.in_(ids)).order_by(_plan.c.id)
    execute(session, locked.with_for_update(key_share=True)).all()
    for plan_id, found in replay(approved_figures(session, ids)):
        values = dict(zip(SHOWN, (found.month, found.cumulative, found.year, found.cumulative), strict=True))
        execute(session, update(_plan).where(_plan.c.id == plan_id).values(values))
        held = session.identity_map.get(session.identity_key(PlanTask, plan_id))
        if held is not None:
            session.expire(held, list(SHOWN))


# --- proof -----------------------------------------------


def verify(session: Session) -> list[str]:
    """A sentence for every plan whose figures its approved reports do not give, and every report that differs
    from its log or from what was declared (R25)."""
    return [*_verify_plans(session), *_verify_reports(session)]


def _verify_plans(session: Session) -> list[str]:
    truth = dict(replay(approved_figures(session, None)))
    shown = select(_plan.c.id, *(_plan.c[name] for name in SHOWN)).where(
        or_(_plan.c.approved_month.is_not(None), _plan.c.approved_investment != 0, _plan.c.id.in_(truth))
        if len(truth) < 500
        else _plan.c.id.is_not(None)
    )
    faults = []
    for row in execute(session, shown.order_by(_plan.c.id)):
        known = truth.get(row.id)
        wanted = (
            (known.month, known.cumulative, known.year, known.cumulative) if known else (None, 0, 0, None)
        )
        kept = (row.approved_month, row.approved_investment, row.approved_year_investment,
                row.funds_completed if known else None)  # fmt: skip
        if kept != wanted:
            faults.append(f"plan_task {row.id}: its figures differ from its approved reports")
    return faults


def _verify_reports(session: Session) -> Iterator[str]:
    """The last logged step gives the state; what was declared last is what stands there."""
    last: dict[int, str] = {}
    steps = select(Transition.entity_id, Transition.to_state).where(Transition.entity == "MonthlyReport")
    for row in session.execute(steps.order_by(Transition.id).execution_options(yield_per=2000)):
        last[row.entity_id] = row.to_state
    reports = select(MonthlyReport).options(selectinload(MonthlyReport.items)).order_by(MonthlyReport.id)
    for report in session.scalars(reports.execution_options(yield_per=500)):
        if last.get(report.id) != report.state:
            yield f"monthly_report {report.id}: its state differs from its log"
        if report.state in ("submitted", "approved", "superseded"):
            said = (report.declarations or [{}])[-1]
            if said.get("digest") != digest(facts.signed(report, said.get("files", []))):
                yield f"monthly_report {report.id}: differs from what was declared"


def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_TOUCHED, None)


def install(session_factory: Any) -> None:
    """Put the clean-up on a session factory or class."""
    event.listen(session_factory, "after_rollback", _forget)
