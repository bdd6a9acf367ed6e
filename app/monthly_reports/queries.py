"""Every select over month reports for pages, services and later stages; written in modules by purpose."""

from __future__ import annotations

from app.monthly_reports.report_pages import ReportPage, Shot, report_page
from app.monthly_reports.selects import (
    approved_by_others,
    approved_figures,
    approved_report,
    get_report,
    history,
    last_revision,
    lock_reports,
    month_of,
    open_report,
    photos,
    previous_approved,
    reports_of_project,
)
from app.monthly_reports.strips import Strip, strip
from app.monthly_reports.waiting import WAITING, count_waiting, next_waiting, review_rows, waiting

__all__ = [
    "WAITING", "ReportPage", "Shot", "Strip", "approved_by_others", "approved_figures", "approved_report",
    "count_waiting", "get_report", "history", "last_revision", "lock_reports",
    "month_of", "next_waiting", "open_report", "photos", "previous_approved", "report_page",
    "reports_of_project", "review_rows", "strip", "waiting",
]  # fmt: skip
