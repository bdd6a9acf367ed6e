"""What every page of one month report hands to its template."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

from app.kernel.errors import Finding
from app.monthly_reports import figure_rows, pages
from app.monthly_reports.report_pages import ReportPage


def common(rows: ReportPage, findings: Sequence[Finding], lines: Sequence[pages.Line]) -> SimpleNamespace:
    """What every page of a report shows."""
    report = rows.report
    return SimpleNamespace(
        report=report, project=rows.project, plan=rows.plan, before=rows.previous, lines=lines,
        title=pages.title_of_report(report), facts=pages.project_facts(rows.project),
        rows=figure_rows.figure_rows(rows, [f for f in findings if not f.is_error]), points=pages.points(findings),
        accepted=pages.warnings_key(findings), confirmed=pages.confirmed_texts(report), events=pages.events(rows),
        contents_text=pages.contents_text(report), was=figure_rows.last_approved(rows),
    )  # fmt: skip
