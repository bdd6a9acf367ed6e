"""What notices listen to: each step of a report, a comment, an issue tells whom it concerns, in its transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.monthly_reports import services as reports
from app.monthly_reports.models import MonthlyReport
from app.notices import queries, services
from app.public.models import SchemeComment
from app.public.services import on_commented, on_handled
from app.reserve.models import ReserveProject
from app.schemes.models import Scheme
from app.supervision import services as supervision
from app.supervision.models import SupervisionIssue

REPORT, ISSUE, COMMENT = "MonthlyReport", "SupervisionIssue", "SchemeComment"


def _plan_name(session: Session, plan_task_id: int) -> str:
    plan = session.get(PlanTask, plan_task_id)
    return plan.name if plan is not None else ""


def _values(session: Session, report: MonthlyReport) -> dict[str, str]:
    return {"plan": _plan_name(session, report.plan_task_id), "month": f"{report.month:%Y-%m}"}


def _mark(kind: str, report: MonthlyReport) -> str:
    """The same report may be returned or submitted again: each time is a notice of its own."""
    return f"{kind}:{report.id}:{report.version}"


def report_submitted(session: Session, report: MonthlyReport) -> None:
    """The county's reviewers are told; what its return asked for is done."""
    services.settle(session, REPORT, [report.id], ("report_returned",))
    services.send(
        session, queries.recipients(session, report.county_code, ["county_reviewer"]), "report_waiting",
        _mark("report_waiting", report), _values(session, report), link=f"/reports/review/show/{report.id}",
        matter=(REPORT, report.id), county_code=report.county_code,
    )  # fmt: skip


def report_withdrawn(session: Session, report: MonthlyReport) -> None:
    services.settle(session, REPORT, [report.id], ("report_waiting",))


def report_returned(session: Session, report: MonthlyReport) -> None:
    """Whoever submitted it is told why."""
    services.settle(session, REPORT, [report.id])
    values = {**_values(session, report), "reason": report.return_reason[:120]}
    services.send(
        session, [report.submitted_by_id], "report_returned", _mark("report_returned", report), values,
        link=f"/reports/edit/{report.id}", matter=(REPORT, report.id), county_code=report.county_code,
    )  # fmt: skip


def report_approved(session: Session, report: MonthlyReport) -> None:
    services.settle(session, REPORT, [report.id])
    services.send(
        session, [report.submitted_by_id], "report_approved", _mark("report_approved", report),
        _values(session, report), link=f"/reports/show/{report.id}", county_code=report.county_code,
    )  # fmt: skip


def commented(session: Session, comment: SchemeComment) -> None:
    """The county's editors and reviewers are told of a resident's comment."""
    roles = ["county_editor", "county_reviewer"]
    scheme = session.get_one(Scheme, comment.scheme_id)
    owner: Any = (
        session.get(PlanTask, scheme.plan_task_id)
        if scheme.plan_task_id
        else session.get(ReserveProject, scheme.reserve_project_id)
    )
    services.send(
        session, queries.recipients(session, comment.county_code, roles), "comment", f"comment:{comment.id}",
        {"plan": owner.name if owner is not None else ""}, link=f"/scheme-comments/show/{comment.id}",
        matter=(COMMENT, comment.id), county_code=comment.county_code,
    )  # fmt: skip


def comment_handled(session: Session, comment: SchemeComment) -> None:
    services.settle(session, COMMENT, [comment.id])


def issue_opened(session: Session, issue: SupervisionIssue) -> None:
    """The responsible county's editors are told of a problem, new or sent back, and its deadline."""
    due = issue.deadline.isoformat() if issue.deadline else ""
    values = {"plan": _plan_name(session, issue.plan_task_id), "due": due}
    services.send(
        session, queries.recipients(session, issue.county_code, ["county_editor"]), "rectification",
        f"rectification:{issue.id}:{issue.version}", values, link=f"/supervision/show/{issue.id}",
        matter=(ISSUE, issue.id), county_code=issue.county_code, due_on=issue.deadline,
    )  # fmt: skip


def issue_rectified(session: Session, issue: SupervisionIssue) -> None:
    services.settle(session, ISSUE, [issue.id])


reports.on_submitted.register(report_submitted)
reports.on_withdrawn.register(report_withdrawn)
reports.on_returned.register(report_returned)
reports.on_approved.register(report_approved)
on_commented.register(commented)
on_handled.register(comment_handled)
supervision.on_opened.register(issue_opened)
supervision.on_sent_back.register(issue_opened)
supervision.on_rectified.register(issue_rectified)
