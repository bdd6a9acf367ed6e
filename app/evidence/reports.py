"""Connects photo evidence with attachments and month reports: registers what it listens to."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.attachments.changes import on_attached, on_binned, on_hashed
from app.evidence import services
from app.evidence.subjects import Subject, content_of, declare
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.persistence.gate import SCOPE_APPLIED

_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
_item: Table = ReportItem.__table__  # type: ignore[assignment]
_plan: Table = PlanTask.__table__  # type: ignore[assignment]
HANDED_IN = ("submitted", "approved")


def report_items(session: Session, ids: Sequence[int]) -> dict[int, Subject]:
    """Contents of month reports; those of deleted reports and of replaced revisions prove nothing any more."""
    found = (
        select(
            _item.c.id, _item.c.plan_task_id, _item.c.county_code, _item.c.catalogue_item_id,
            _report.c.id.label("report_id"), _report.c.state, _report.c.started_on,
            _plan.c.started_on.label("recognised_on"),
        )
        .join_from(_item, _report, _report.c.id == _item.c.report_id)
        .join(_plan, _plan.c.id == _item.c.plan_task_id)
        .where(_item.c.id.in_(ids), _report.c.deleted_at.is_(None), _report.c.state != "superseded")
    )  # fmt: skip
    return {
        row.id: Subject(
            row.plan_task_id, row.county_code, content_of(row.plan_task_id, row.catalogue_item_id), row.report_id,
            row.state in HANDED_IN, row.started_on or row.recognised_on,
        )
        for row in session.execute(found, execution_options={SCOPE_APPLIED: True})
    }  # fmt: skip


declare("ReportItem", report_items)
on_attached.register(services.photo_arrived)
on_hashed.register(services.hash_known)
on_binned.register(services.photo_gone)
