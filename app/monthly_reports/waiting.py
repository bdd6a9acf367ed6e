"""Reports that wait for review, with the last approved figures beside them (M1.6.5.4)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, Table, func, literal_column, select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.kernel.scope import Scope
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.selects import in_scope
from app.persistence.context import current_scope
from app.persistence.gate import SCOPE_APPLIED, scope_clause
from app.works.models import WorksProject

_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
_project: Table = WorksProject.__table__  # type: ignore[assignment]
_plan: Table = PlanTask.__table__  # type: ignore[assignment]
SUBMITTED: ColumnElement[str] = literal_column("'submitted'")
"""Written into statements: an index of what waits serves those alone that say so themselves (SQLite)."""


def _previous(row: Any, column: str) -> Any:
    """A figure of the last approved report before a row's month, as a scalar subquery served by one index."""
    before = _report.alias(f"before_{column}")
    return (
        select(before.c[column])
        .where(
            before.c.works_project_id == row.c.works_project_id,
            before.c.state == "approved",
            before.c.month < row.c.month,
        )
        .order_by(before.c.month.desc())
        .limit(1)
        .scalar_subquery()
    )


def review_rows() -> Subquery:
    """Reports with plan, works project and the last approved figures beside them: the table of a `Listing`.

    Columns: those of the report that lists show; ``plan_name, plan_code, plan_year, project_name`` (施工 unit
    ``construction_unit``); ``previous_cumulative, previous_year`` (万元; None before the first approval; of
    another year, None for the year's figure); ``deleted_at``.
    """
    row = _report.alias("row")
    shown = (
        "id", "county_code", "plan_task_id", "works_project_id", "month", "revision", "state", "progress",
        "cumulative_investment", "year_investment", "is_makeup", "is_late", "warning_count", "submitted_at",
        "submitted_by_id", "submitted_by_name", "approved_at", "approved_by_name", "version", "deleted_at",
    )  # fmt: skip
    joined = row.join(_project, _project.c.id == row.c.works_project_id).join(
        _plan, _plan.c.id == row.c.plan_task_id
    )
    return (
        select(
            *(row.c[name] for name in shown),
            _plan.c.name.label("plan_name"), _plan.c.code.label("plan_code"), _plan.c.year.label("plan_year"),
            _project.c.name.label("project_name"), _project.c.construction_unit,
            _previous(row, "cumulative_investment").label("previous_cumulative"),
            _previous(row, "year_investment").label("previous_year"),
            _previous(row, "month").label("previous_month"),
        )
        .select_from(joined)
        .subquery("review_row")
    )  # fmt: skip


WAITING = review_rows()
"""The rows of the waiting list; narrow them with `waiting` or use them as the table of a `Listing`."""


def waiting(scope: Scope | None = None) -> Select[Any]:
    """Reports that wait for review in a scope (the actor's), oldest first; the scope is applied."""
    columns = WAITING.c
    mine = scope_clause(scope or current_scope(), columns.county_code, columns.plan_task_id)
    found = select(WAITING).where(mine, columns.state == SUBMITTED, columns.deleted_at.is_(None))
    return found.order_by(columns.submitted_at, columns.id).execution_options(**{SCOPE_APPLIED: True})


def count_waiting(session: Session, scope: Scope | None = None) -> int:
    """How many reports wait for review; answered from an index."""
    mine = (in_scope(_report, scope), _report.c.state == SUBMITTED, _report.c.deleted_at.is_(None))
    found = select(func.count()).select_from(_report).where(*mine)
    return session.execute(found, execution_options={SCOPE_APPLIED: True}).scalar_one()


def next_waiting(session: Session, report: MonthlyReport) -> int | None:
    """The report to open after this one: the next of the waiting list, else its first; or None."""
    others = select(_report.c.id).where(
        in_scope(_report), _report.c.state == SUBMITTED, _report.c.deleted_at.is_(None),
        _report.c.id != report.id,
    ).order_by(_report.c.submitted_at, _report.c.id).limit(1)  # fmt: skip
    later = others
    if report.submitted_at is not None:
        later = others.where(_report.c.submitted_at >= report.submitted_at)
    for statement in (later, others):
        found = session.execute(statement, execution_options={SCOPE_APPLIED: True}).scalar()
        if found is not None:
            return int(found)
    return None
