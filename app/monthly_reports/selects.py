"""Selects over month reports, their contents and photos; scope and recycle bin come from the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, Table, func, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from app.attachments.models import Attachment
from app.kernel.calendar import Month
from app.kernel.errors import OutOfScope
from app.kernel.scope import Scope
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.monthly_reports.rules import OPEN, PHOTOS
from app.persistence.context import current_scope
from app.persistence.gate import SCOPE_APPLIED, WITH_DELETED, scope_clause
from app.persistence.locks import begin_writing

_report: Table = MonthlyReport.__table__  # type: ignore[assignment]


def get_report(session: Session, report_id: int, *, deleted: bool = False) -> MonthlyReport:
    """A month report of the actor's scope, fresh, with its contents (two statements). Raises: OutOfScope."""
    statement = select(MonthlyReport).where(MonthlyReport.id == report_id)
    statement = statement.options(selectinload(MonthlyReport.items))
    fresh = statement.execution_options(populate_existing=True, **{WITH_DELETED: deleted})
    found = session.scalars(fresh).first()
    if found is None:
        raise OutOfScope(f"month report {report_id}")
    return found


def lock_reports(session: Session, ids: Iterable[int], *, deleted: bool = False) -> dict[int, MonthlyReport]:
    """Month reports of the scope, fresh and held to the transaction's end, always in ascending order."""
    begin_writing(session)
    statement = select(MonthlyReport).where(MonthlyReport.id.in_(sorted(set(ids)))).order_by(MonthlyReport.id)
    statement = statement.options(selectinload(MonthlyReport.items))
    fresh = statement.execution_options(populate_existing=True, **{WITH_DELETED: deleted})
    return {one.id: one for one in session.scalars(fresh.with_for_update())}


def _of_month(project_id: int, month: dt.date, *states: str) -> Any:
    found = select(MonthlyReport).where(
        MonthlyReport.works_project_id == project_id,
        MonthlyReport.month == month,
        MonthlyReport.state.in_(states),
    )
    return found.order_by(MonthlyReport.revision.desc())


def open_report(session: Session, project_id: int, month: dt.date) -> MonthlyReport | None:
    """The draft, waiting or returned report of a works project's month, if there is one."""
    return session.scalars(_of_month(project_id, month, *OPEN)).first()


def approved_report(session: Session, project_id: int, month: dt.date) -> MonthlyReport | None:
    """The approved report of a works project's month, if there is one."""
    return session.scalars(_of_month(project_id, month, "approved")).first()


def around(
    session: Session, report: MonthlyReport, months: int
) -> tuple[list[MonthlyReport], MonthlyReport | None]:
    """(approved reports of earlier months, newest first; the next approved later one) of a report's works project,
    with their contents; three statements."""
    earlier = list(session.scalars(_earlier(report.works_project_id, report.month, months)))
    later = session.scalars(_later(report)).first()
    known = [*earlier, *([later] if later else [])]
    contents: dict[int, list[ReportItem]] = {one.id: [] for one in known}
    found = select(ReportItem).where(ReportItem.report_id.in_(contents)).order_by(ReportItem.order, ReportItem.id)
    for item in session.scalars(found) if known else ():
        contents[item.report_id].append(item)
    for one in known:
        set_committed_value(one, "items", contents[one.id])
    return earlier, later


def history(session: Session, project_id: int, before: dt.date, limit: int = 1) -> list[MonthlyReport]:
    """Approved reports of earlier months with their contents, newest first (two statements)."""
    found = _earlier(project_id, before, limit).options(selectinload(MonthlyReport.items))
    return list(session.scalars(found))


def _earlier(project_id: int, before: dt.date, limit: int) -> Select[MonthlyReport]:
    mine = (MonthlyReport.works_project_id == project_id, MonthlyReport.state == "approved")
    found = select(MonthlyReport).where(*mine, MonthlyReport.month < before)
    return found.order_by(MonthlyReport.month.desc()).limit(limit)


def previous_approved(session: Session, report: MonthlyReport) -> MonthlyReport | None:
    """The last approved report before a report's month, with its contents; None for the first one."""
    return next(iter(history(session, report.works_project_id, report.month)), None)


def _later(report: MonthlyReport) -> Select[MonthlyReport]:
    mine = (MonthlyReport.works_project_id == report.works_project_id, MonthlyReport.state == "approved")
    found = select(MonthlyReport).where(*mine, MonthlyReport.month > report.month)
    return found.order_by(MonthlyReport.month).limit(1)


def reports_of_project(session: Session, project_id: int) -> list[MonthlyReport]:
    """Every month report of a works project that stands, newest month and revision first; no contents."""
    found = select(MonthlyReport).where(MonthlyReport.works_project_id == project_id)
    return list(session.scalars(found.order_by(MonthlyReport.month.desc(), MonthlyReport.revision.desc())))


def last_revision(session: Session, project_id: int, month: dt.date) -> int:
    """The highest revision of a month, 0 where there is none."""
    found = select(func.max(MonthlyReport.revision)).where(
        MonthlyReport.works_project_id == project_id, MonthlyReport.month == month
    )
    return session.scalar(found) or 0


# --- photos ----------------------------------------------


def photos(session: Session, report: MonthlyReport) -> list[tuple[Attachment, int, dt.date]]:
    """``(photo, catalogue item, month)`` of its contents and of earlier approved months; one statement.

    Oldest first; a photo is an earlier one when its month is not the report's.
    """
    found = (
        select(Attachment, ReportItem.catalogue_item_id, MonthlyReport.month)
        .join(ReportItem, ReportItem.id == Attachment.owner_id)
        .join(MonthlyReport, MonthlyReport.id == ReportItem.report_id)
        .where(
            Attachment.owner_entity == "ReportItem",
            Attachment.purpose.in_(PHOTOS),
            MonthlyReport.works_project_id == report.works_project_id,
            (MonthlyReport.id == report.id)
            | ((MonthlyReport.state == "approved") & (MonthlyReport.month < report.month)),
        )
        .order_by(MonthlyReport.month, Attachment.id)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(found)]


# --- approved figures ------------------------------------


def approved_figures(session: Session, plan_ids: Sequence[int] | None) -> Iterable[Any]:
    """``plan_task_id, works_project_id, month, cumulative_investment, year_investment`` of approved reports.

    By plan task, works project and month; of some plan tasks of the scope, or (None) of all, streamed.
    """
    columns = ("plan_task_id", "works_project_id", "month", "cumulative_investment", "year_investment")
    found = select(*(_report.c[name] for name in columns)).where(_report.c.state == "approved")
    found = found.where(_report.c.deleted_at.is_(None), in_scope(_report))
    if plan_ids is not None:
        found = found.where(_report.c.plan_task_id.in_(plan_ids))
    found = found.order_by(_report.c.plan_task_id, _report.c.works_project_id, _report.c.month)
    return session.execute(found, execution_options={SCOPE_APPLIED: True, "yield_per": 2000})


def in_scope(table: Any, scope: Scope | None = None) -> Any:
    """The scope (the actor's) as a condition on a table of plan-scoped rows, for Core statements."""
    columns = getattr(table, "c", table)
    return scope_clause(scope or current_scope(), columns.county_code, columns.plan_task_id)


def approved_by_others(session: Session, plan_id: int, project_id: int) -> Decimal:
    """Approved cumulative investment of the plan's other works projects: the last month of each (万元)."""
    latest: dict[int, Decimal] = {}
    for row in approved_figures(session, [plan_id]):
        if row.works_project_id != project_id:
            latest[row.works_project_id] = row.cumulative_investment
    return sum(latest.values(), Decimal(0))


def month_of(report: MonthlyReport) -> Month:
    """The month of a report as a value to calculate with."""
    return Month(report.month)
