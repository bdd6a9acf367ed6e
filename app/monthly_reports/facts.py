"""From the rows of a month report to what the rules judge and what a declaration signs (R12, R13, R25)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.kernel import calendar
from app.kernel.calendar import Month
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.report_pages import ReportPage
from app.monthly_reports.rules import content_names
from app.monthly_reports.selects import approved_by_others
from app.monthly_reports.submission_rules import Circumstances, ItemFacts, ReportFacts

_ITEM = ("state", "unit1", "unit2", "planned1", "planned2", "quantity1", "quantity2", "method")
_SIGNED = ("month", "revision", "progress", "started_on", "cumulative_investment", "year_investment")
_SIGNED_ITEM = ("catalogue_item_id", "state", "method", "quantity1", "quantity2")


def facts_of(report: MonthlyReport, page: ReportPage | None = None) -> ReportFacts:
    """The report as the rules see it; with its page also the photos of its contents."""
    names = content_names(report.items)
    items = tuple(
        ItemFacts(
            item.id, item.catalogue_item_id, names[item.id], **{name: getattr(item, name) for name in _ITEM},
            photos=page.photo_counts(item) if page else {},
        )
        for item in report.items
    )  # fmt: skip
    return ReportFacts(
        Month(report.month), report.progress, report.started_on, report.cumulative_investment,
        report.year_investment, items, dict(report.unread or {}),
    )  # fmt: skip


def planned_total(plan: PlanTask) -> Decimal:
    """The plan's total (万元): planned funds, the scheme's estimate or the communities' sum; 0: unknown."""
    return plan.funds_planned or plan.scheme_investment or plan.planned_investment or Decimal(0)


def circumstances(session: Session, page: ReportPage) -> Circumstances:
    """What surrounds the report of a page; one statement more where the plan has other works projects."""
    report, profile = page.report, page.profile
    return Circumstances(
        today=calendar.today(),
        history=[facts_of(one) for one in page.history],
        following=facts_of(page.following) if page.following else None,
        is_correction=report.revision > 1,
        others=approved_by_others(session, report.plan_task_id, report.works_project_id)
        if page.shared
        else Decimal(0),
        planned=planned_total(page.plan),
        files={purpose: len(files) for purpose, files in page.files.items()},
        over_plan_share=profile.over_plan_share,
        jump_share=profile.jump_share,
        idle_months=profile.idle_months,
    )


def _exact(value: Any) -> Any:
    """A value as it reads back from either database."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, dt.date) else value


def signed(report: MonthlyReport, files: list[str]) -> dict[str, Any]:
    """R25: what a declaration's digest is taken of; ``files`` are the SHA-256 of photos and stage files."""
    body: dict[str, Any] = {name: _exact(getattr(report, name)) for name in _SIGNED}
    rows = [{name: _exact(getattr(item, name)) for name in _SIGNED_ITEM} for item in report.items]
    body["items"] = sorted(rows, key=lambda row: row["catalogue_item_id"])
    return body | {"files": sorted(files)}


def files_of(page: ReportPage) -> list[str]:
    """SHA-256 of this month's photos and of the stage files that stand on a page."""
    found = {file.sha256 for files in page.files.values() for file in files}
    for by_purpose in page.shots.values():
        found |= {shot.photo.sha256 for shots in by_purpose.values() for shot in shots if not shot.earlier}
    return sorted(found)
