"""The life of a month report: 提交审核, 撤回, 审核通过, 退回, 更正 (M1.6.5.2, M1.6.5.4). It never commits.

Every writer checks the state first (`rules.FLOW`, under a lock of the row) and logs last. Filling in lies in
`drafting`; its functions are offered here too: this is the one door for pages, programs and later stages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.kernel import calendar
from app.kernel.calendar import Month
from app.kernel.errors import N_, Finding, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.observers import Observers
from app.monthly_reports import facts, queries, rules
from app.monthly_reports.drafting import (
    add_items,
    begin_correction,
    profile_of,
    remove_items,
    require,
    save_report,
    stamp,
    start_report,
    values_of,
)
from app.monthly_reports.figures import touch
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.report_pages import ReportPage, report_page
from app.monthly_reports.submission_rules import errors, findings, unread, warnings
from app.persistence.context import current_actor
from app.persistence.transitions import log_transition
from app.persistence.types import utcnow

__all__ = [
    "add_items", "approve", "bulk_approve", "check", "correct", "discard", "give_back", "on_approved",
    "on_corrected", "on_returned", "on_submitted", "on_withdrawn", "remove_items", "restore", "save_report",
    "soft_findings", "start_report", "submit", "unread_findings", "values_of", "withdraw",
]  # fmt: skip

on_submitted: Observers[[Session, MonthlyReport], Any] = Observers()
on_withdrawn: Observers[[Session, MonthlyReport], Any] = Observers()
on_approved: Observers[[Session, MonthlyReport], Any] = Observers()
on_returned: Observers[[Session, MonthlyReport], Any] = Observers()
on_corrected: Observers[[Session, MonthlyReport, MonthlyReport], Any] = Observers()
"""Called in the transaction of the step, after its row was written; ``on_corrected(session, old, new)``."""
soft_findings: Observers[[Session, MonthlyReport], Iterable[Finding]] = Observers()
"""Answers further warnings about a report (R20: photos); they are confirmed and stored like those of R13."""

MOST_AT_ONCE = 100


@dataclass(frozen=True)
class Checked:
    """A report's page and everything 提交审核 says about it now."""

    page: ReportPage
    findings: tuple[Finding, ...]


def _checked(session: Session, report: MonthlyReport, *, locked: bool = True) -> Checked:
    page = report_page(session, report.id, traced=False, locked=report if locked else None)
    found = findings(facts.facts_of(page.report, page), facts.circumstances(session, page))
    for more in soft_findings(session, report):
        found += more
    return Checked(page, tuple(found))


def check(session: Session, report: MonthlyReport) -> list[Finding]:
    """Everything that 提交审核 will say about a report now, warnings (R13, R20) included; changes nothing."""
    return list(_checked(session, report, locked=False).findings)


def unread_findings(report: MonthlyReport) -> list[Finding]:
    """What was typed into a draft and cannot be read, with the reason, at its field."""
    return list(unread(facts.facts_of(report)))


def _locked(session: Session, report: MonthlyReport, action: str, version: int | None) -> MonthlyReport:
    """The report under a lock, in a state that knows the action, as the person last saw it.

    Raises: OutOfScope, NotAllowed, RuleViolation (another state meanwhile, in words), StaleRow.
    """
    found = queries.lock_reports(session, [report.id, report.replaces_id or report.id]).get(report.id)
    if found is None:
        raise OutOfScope(f"month report {report.id}")
    free = rules.Subject(declared=True, reason=".")
    rules.FLOW.require(found.state, action, current_actor(), free)
    if version is not None and found.version != version:
        raise StaleRow(values_of(found), found.version)
    return found


def _step(
    session: Session, report: MonthlyReport, action: str, subject: rules.Subject, note: str = ""
) -> None:
    """Set the state and write its row; what the step records of itself was set before by the caller."""
    source = report.state
    report.state = rules.FLOW.require(source, action, current_actor(), subject).target
    stamp(session, report)
    log_transition(session, report, action, source, report.state, note)


def _my_name() -> str:
    actor = current_actor()
    return (actor.display_name or actor.username)[:128]


def _declare(report: MonthlyReport, action: str, page: ReportPage) -> None:
    """R25: the declaration joins the report's earlier ones."""
    files = facts.files_of(page)
    made = rules.declaration(action, current_actor(), utcnow(), facts.signed(report, files))
    report.declarations = [*(report.declarations or []), made | {"files": files}]


# --- the filler's side -----------------------------------


def submit(
    session: Session,
    report: MonthlyReport,
    version: int | None = None,
    *,
    declared: bool,
    accept_warnings: bool = False,
    note: str = "",
) -> MonthlyReport:
    """提交审核: everything is checked; warnings are stored with the confirmation, the declaration too (R25).

    Raises: NotAllowed, StaleRow, RuleViolation with every finding (also when there are only warnings and
    ``accept_warnings`` is not set).
    """
    report = _locked(session, report, "submit", version)
    checked = _checked(session, report)
    subject = rules.Subject(findings=checked.findings, declared=declared)
    rules.FLOW.require(report.state, "submit", current_actor(), subject)
    soft = warnings(checked.findings)
    if soft and not accept_warnings:
        raise RuleViolation(checked.findings)
    now = utcnow()
    with session.no_autoflush:
        report.submitted_at, report.submitted_by_id = now, current_actor().user_id
        report.submitted_by_name = _my_name()
        if report.first_submitted_at is None:
            report.first_submitted_at, report.is_late = now, _is_late(session, report)
        report.confirmed_warnings = [rules.as_stored(one) for one in soft]
        report.warning_count, report.return_reason = len(soft), ""
        _declare(report, "submit", checked.page)
        _step(session, report, "submit", subject, note.strip())
    on_submitted(session, report)
    return report


def _is_late(session: Session, report: MonthlyReport) -> bool:
    """R18: after the day it was due; a correction is marked as such and never late."""
    profile = profile_of(session, report)
    window = calendar.report_window(Month(report.month), profile.report_open_day, profile.report_due_day)
    return report.revision == 1 and window.state(calendar.today()) == "late"


def withdraw(
    session: Session, report: MonthlyReport, version: int | None = None, *, note: str = ""
) -> MonthlyReport:
    """撤回 while it waits for review: a draft again. Raises: NotAllowed, StaleRow, RuleViolation."""
    report = _locked(session, report, "withdraw", version)
    _step(session, report, "withdraw", rules.Subject(), note.strip())
    on_withdrawn(session, report)
    return report


def correct(session: Session, report: MonthlyReport, reason: str) -> MonthlyReport:
    """更正 of an approved report: a further revision as a draft, with its figures, contents and photos.

    The approved one stays in force until the correction is approved. Raises: NotAllowed, RuleViolation.
    """
    report = _locked(session, report, "correct", None)
    reason = reason.strip()
    rules.FLOW.require(report.state, "correct", current_actor(), rules.Subject(reason=reason))
    found = begin_correction(session, report, reason)
    on_corrected(session, report, found)
    log_transition(session, report, "correct", report.state, report.state, reason)
    return found


def discard(session: Session, report: MonthlyReport, version: int | None = None) -> MonthlyReport:
    """A draft that was never submitted goes to the recycle bin. Raises: as `withdraw`."""
    require("delete")
    found = queries.lock_reports(session, [report.id]).get(report.id)
    if found is None:
        raise OutOfScope(f"month report {report.id}")
    report = found
    if version is not None and report.version != version:
        raise StaleRow(values_of(report), report.version)
    if report.state != "draft" or report.first_submitted_at is not None:
        text = N_("Only a draft that was never submitted can be deleted.")
        raise RuleViolation(Finding("M1.6.5.2", "error", None, msg(text)))
    report.deleted_at, report.deleted_by = utcnow(), current_actor().username
    log_transition(session, report, "delete", report.state, report.state)
    return stamp(session, report)


def restore(session: Session, report_id: int) -> MonthlyReport:
    """A draft back from the recycle bin; refused where its month has been begun anew. Raises: OutOfScope."""
    require("restore")
    report = queries.lock_reports(session, [report_id], deleted=True).get(report_id)
    if report is None or report.deleted_at is None:
        raise OutOfScope(f"month report {report_id}")
    report.deleted_at, report.deleted_by = None, ""
    log_transition(session, report, "restore", report.state, report.state)
    return stamp(session, report)


# --- the reviewer's side ---------------------------------


def approve(
    session: Session, report: MonthlyReport, version: int | None = None, *, declared: bool, note: str = ""
) -> MonthlyReport:
    """审核通过: the figures reach the plan's row with it; a correction replaces the report it corrects.

    Never by whoever submitted it (R19, also a CHECK). What has become impossible since the submission
    (R12) is refused: it has to be returned. Raises: NotAllowed, StaleRow, RuleViolation.
    """
    report = _locked(session, report, "approve", version)
    return _approve(session, report, _checked(session, report), declared, note)


def _approve(
    session: Session, report: MonthlyReport, checked: Checked, declared: bool, note: str
) -> MonthlyReport:
    subject = rules.Subject(
        findings=tuple(errors(checked.findings)), declared=declared, submitted_by_id=report.submitted_by_id
    )
    rules.FLOW.require(report.state, "approve", current_actor(), subject)
    if report.replaces_id:
        _supersede(session, report.replaces_id, report)
    with session.no_autoflush:
        report.approved_at, report.approved_by_id = utcnow(), current_actor().user_id
        report.approved_by_name = _my_name()
        _declare(report, "approve", checked.page)
        _step(session, report, "approve", subject, note.strip())
    touch(session, report.plan_task_id)
    on_approved(session, report)
    return report


def _supersede(session: Session, replaced_id: int, report: MonthlyReport) -> None:
    """Before the correction is approved: one approved report a month at any time (also a unique index)."""
    old = queries.get_report(session, replaced_id)
    _step(session, old, "supersede", rules.Subject(), report.correction_reason)


def give_back(
    session: Session, report: MonthlyReport, reason: str, version: int | None = None
) -> MonthlyReport:
    """退回 with a reason. Raises: NotAllowed, StaleRow, RuleViolation at ``reason``."""
    report = _locked(session, report, "return", version)
    reason = reason.strip()
    subject = rules.Subject(reason=reason)
    rules.FLOW.require(report.state, "return", current_actor(), subject)
    with session.no_autoflush:
        report.return_reason = reason
        _step(session, report, "return", subject, reason)
    on_returned(session, report)
    return report


def bulk_approve(session: Session, ids: Sequence[int], *, declared: bool) -> list[MonthlyReport]:
    """审核通过 of several reports without any warning, all or none; findings stand at the report's number.

    Raises: NotAllowed, OutOfScope, RuleViolation.
    """
    require("approve")
    wanted = sorted(set(ids))
    if not 0 < len(wanted) <= MOST_AT_ONCE:
        text = msg("Choose between 1 and %(most)s reports.", most=MOST_AT_ONCE)
        raise RuleViolation(Finding("M1.6.5.4", "error", None, text))
    reports = queries.lock_reports(session, wanted)
    if missing := set(wanted) - set(reports):
        raise OutOfScope(f"month reports {sorted(missing)}")
    refused: list[Finding] = []
    for report_id in wanted:
        refused += _approve_plain(session, reports[report_id], declared)
    if refused:
        raise RuleViolation(refused)
    return [reports[report_id] for report_id in wanted]


def _approve_plain(session: Session, report: MonthlyReport, declared: bool) -> list[Finding]:
    """Approve a report that has no warning, or say at its number why not."""
    try:
        report = _locked(session, report, "approve", None)
        checked = _checked(session, report)
        if report.warning_count or warnings(checked.findings):
            raise RuleViolation(Finding("R13", "error", None, msg("It has warnings: review it on its own.")))
        _approve(session, report, checked, declared, "")
    except RuleViolation as error:
        plan = session.get_one(PlanTask, report.plan_task_id)
        named = {"plan": plan.name, "month": str(Month(report.month))}
        text = N_("“%(plan)s”, report of %(month)s: %(why)s")
        return [
            Finding(one.rule, one.level, str(report.id), msg(text, why=one.message, **named))
            for one in error.findings
        ]
    return []
