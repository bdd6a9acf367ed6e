"""Selects for the page of a plan task: its works projects in the recycle bin, its reports, those in the bin."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.monthly_reports.models import MonthlyReport
from app.persistence.gate import WITH_DELETED

MOST = 400


def reports_of_plan(session: Session, plan_id: int) -> list[MonthlyReport]:
    """Every month report of a plan task, newest month and version first; without their contents."""
    found = select(MonthlyReport).where(MonthlyReport.plan_task_id == plan_id)
    return list(
        session.scalars(found.order_by(MonthlyReport.month.desc(), MonthlyReport.revision.desc()).limit(MOST))
    )


def binned_of_plan(session: Session, plan_id: int) -> list[MonthlyReport]:
    """Drafts of a plan task in the recycle bin, the last deleted first."""
    found = select(MonthlyReport).where(
        MonthlyReport.plan_task_id == plan_id, MonthlyReport.deleted_at.is_not(None)
    )
    found = found.order_by(MonthlyReport.deleted_at.desc()).limit(MOST)
    return list(session.scalars(found.execution_options(**{WITH_DELETED: True})))
