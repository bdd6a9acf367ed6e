"""Filling in a month report: begun as a copy of the last approved one, saved piece by piece (M1.6.5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.attachments.services import copy_to_successors
from app.kernel import calendar
from app.kernel.calendar import Month
from app.kernel.errors import N_, Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.text import BadInput
from app.monthly_reports import queries, rules
from app.monthly_reports.contents import contents_of_plan
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.persistence.context import current_actor
from app.persistence.transitions import log_transition
from app.persistence.types import utcnow
from app.persistence.work import explain_constraint
from app.regions import cache as regions
from app.regions.rules import Profile
from app.works.models import WorksProject
from app.works.queries import get_project

_RULE = "M1.6.5.2"
_KEPT = 200
_TWICE = msg("Someone else has begun the report of this month just now: open it from the list.")
for _name in (
    "uq_monthly_report_open", "uq_monthly_report_revision",
    "monthly_report.works_project_id, monthly_report.month",
):  # fmt: skip
    explain_constraint(_name, _RULE, "month", _TWICE)
explain_constraint(
    "uq_monthly_report_approved", "M1.6.5.4", None, msg("A report of this month is approved already.")
)
explain_constraint(
    "ck_monthly_report_another_approves", "R19", None, msg("Whoever submitted it cannot approve it.")
)
explain_constraint(
    "ck_monthly_report_figures_given", "R12", "year_investment",
    msg("The investment of this year must not exceed the one since the start."),
)  # fmt: skip
for _name in ("uq_report_item_report_id", "report_item.report_id, report_item.catalogue_item_id"):
    explain_constraint(_name, _RULE, "items", msg("This content is in the report already."))
_COPIED = ("progress", "started_on", "cumulative_investment", "year_investment")
_ITEM_COPIED = (
    "scheme_item_id", "catalogue_item_id", "code", "category", "content", "detail", "unit1", "unit2", "order",
    "planned1", "planned2", "state", "method", "quantity1", "quantity2",
)  # fmt: skip


def require(action: str) -> None:
    """Raises: NotAllowed unless the actor may do this with month reports."""
    if not current_actor().may(f"can_{action}", "MonthlyReport"):
        raise NotAllowed(msg("You are not permitted to do this."))


def profile_of(session: Session, row: MonthlyReport | WorksProject) -> Profile:
    """The profile of the province that a row lies in."""
    return regions.current(session).profile(row.county_code)


# --- beginning -------------------------------------------


def start_report(session: Session, project: WorksProject, month: Month) -> MonthlyReport:
    """A draft for a month: figures and contents as last approved, 补报 when the month's turn is over (R18).

    Raises: NotAllowed, RuleViolation at ``month``: too early, begun already, approved already.
    """
    require("add")
    project = get_project(session, project.id, lock=True)
    profile, today = profile_of(session, project), calendar.today()
    found = rules.month_findings(month, today, profile.report_open_day) or _taken(session, project, month)
    if found:
        raise RuleViolation(found)
    makeup = month < calendar.report_month(today, profile.report_open_day)
    report = _new(project, month, is_makeup=makeup)
    before = next(iter(queries.history(session, project.id, month.first)), None)
    if before is not None:
        _copy(before, report, month)
        _refresh_plan(session, report)
    return _begin(session, report)


def _taken(session: Session, project: WorksProject, month: Month) -> list[Finding]:
    if queries.open_report(session, project.id, month.first):
        text = N_("The report of %(month)s has been begun already: open it from the list.")
    elif queries.approved_report(session, project.id, month.first):
        text = N_("The report of %(month)s is approved already: correct it, giving a reason.")
    else:
        return []
    return [Finding(_RULE, "error", "month", msg(text, month=str(month)))]


def _new(project: WorksProject, month: Month, **more: Any) -> MonthlyReport:
    me, now = current_actor().username, utcnow()
    return MonthlyReport(
        county_code=project.county_code, plan_task_id=project.plan_task_id, works_project_id=project.id,
        month=month.first, state=rules.FLOW.initial, unread={}, confirmed_warnings=[], declarations=[],
        created_by=me, updated_by=me, created_at=now, updated_at=now, **more,
    )  # fmt: skip


def _copy(source: MonthlyReport, target: MonthlyReport, month: Month) -> None:
    for name in _COPIED:
        setattr(target, name, getattr(source, name))
    if source.month.year != month.year:
        target.year_investment = None
    for item in source.items:
        values = {name: getattr(item, name) for name in _ITEM_COPIED}
        target.items.append(_item(target, **values))


def _item(report: MonthlyReport, **values: Any) -> ReportItem:
    return ReportItem(county_code=report.county_code, plan_task_id=report.plan_task_id, **values)


def _refresh_plan(session: Session, report: MonthlyReport) -> None:
    """Planned quantities follow the scheme as it is now."""
    known = {one.catalogue_item_id: one for one in contents_of_plan(session, report.plan_task_id)}
    for item in report.items:
        if now := known.get(item.catalogue_item_id):
            item.scheme_item_id, item.planned1, item.planned2 = now.scheme_item_id, now.planned1, now.planned2


def _begin(session: Session, report: MonthlyReport, note: str = "") -> MonthlyReport:
    session.add(report)
    session.flush()
    log_transition(session, report, "begin", "", report.state, note)
    return report


def begin_correction(session: Session, approved: MonthlyReport, reason: str) -> MonthlyReport:
    """The further revision of an approved report (checked by `services.correct`), its photos included."""
    project = get_project(session, approved.works_project_id, lock=True)
    month = Month(approved.month)
    if queries.open_report(session, project.id, month.first):
        raise RuleViolation(_taken(session, project, month))
    revision = queries.last_revision(session, project.id, month.first) + 1
    report = _new(
        project, month, is_makeup=approved.is_makeup, revision=revision, replaces_id=approved.id,
        correction_reason=reason,
    )  # fmt: skip
    _copy(approved, report, month)
    report = _begin(session, report, reason)
    by_content = {item.catalogue_item_id: item for item in report.items}
    copy_to_successors(
        session, "ReportItem", {item.id: by_content[item.catalogue_item_id] for item in approved.items}
    )
    return report


# --- saving ----------------------------------------------


def editable(report: MonthlyReport, version: int | None, typed: Iterable[str] = ()) -> None:
    """Raises: NotAllowed, RuleViolation unless draft or returned, StaleRow with what stands now."""
    require("edit")
    if report.state not in rules.EDITABLE:
        text = N_("The report is “%(state)s”: it can be changed only as a draft or after it was returned.")
        state = msg(rules.FLOW.states[report.state])
        raise RuleViolation(Finding(_RULE, "error", None, msg(text, state=state)))
    if version is not None and report.version != version:
        raise StaleRow(values_of(report, typed), report.version)


def values_of(report: MonthlyReport, keys: Iterable[str] | None = None) -> dict[str, Any]:
    """Field key → value as it stands (a text that could not be read stands as typed); of some keys or all.

    Keys are those of forms: ``progress``, ``started_on`` …, and ``state_17``, ``quantity1_17`` for contents.
    """
    found: dict[str, Any] = {name: getattr(report, name) for name in rules.READERS}
    for item in report.items:
        found |= {rules.item_key(name, item.id): getattr(item, name) for name in rules.ITEM_READERS}
    found |= report.unread or {}
    return found if keys is None else {key: found[key] for key in keys if key in found}


def save_report(
    session: Session, report: MonthlyReport, typed: Mapping[str, Any], version: int | None = None
) -> MonthlyReport:
    """保存: any part of the fields of `values_of`, as typed; nothing is required and nothing typed is lost.

    What cannot be read is kept in ``report.unread`` and stands in the way of the submission only. Keys that
    are no field are left alone. Without ``version`` the last one to save a field wins.
    Raises: NotAllowed, StaleRow, RuleViolation (submitted or approved; quantity 2 without a unit 2).
    """
    report = queries.lock_reports(session, [report.id]).get(report.id) or report
    editable(report, version, typed)
    items = {item.id: item for item in report.items}
    unread = dict(report.unread or {})
    for key, raw in typed.items():
        split = rules.split_key(key)
        if key in rules.READERS:
            _put(report, key, rules.READERS[key], key, raw, unread)
        elif split and split[1] in items:
            item = items[split[1]]
            if split[0] == "quantity2" and not item.unit2 and str(raw or "").strip():
                text = N_("“%(content)s” has no second unit: leave quantity 2 empty.")
                raise RuleViolation(Finding("R09", "error", key, msg(text, content=item.content)))
            _put(item, split[0], rules.ITEM_READERS[split[0]], key, raw, unread)
        elif split:
            raise StaleRow(values_of(report), report.version)
    if unread != (report.unread or {}):
        report.unread = unread
    return stamp(session, report)


def _put(row: Any, field: str, reader: Any, key: str, raw: Any, unread: dict[str, str]) -> None:
    try:
        value = reader(raw)
    except BadInput:
        unread[key] = str(raw)[:_KEPT]
        if field not in ("state", "method"):
            setattr(row, field, None)
        return
    unread.pop(key, None)
    if getattr(row, field) != value:
        setattr(row, field, value)


def stamp(session: Session, report: MonthlyReport) -> MonthlyReport:
    """Who changed the report last, and when; counts its version up."""
    report.updated_at, report.updated_by = utcnow(), current_actor().username
    session.flush()
    return report


# --- contents --------------------------------------------


def add_items(
    session: Session, report: MonthlyReport, scheme_item_ids: Sequence[int], version: int | None = None
) -> MonthlyReport:
    """添加改造内容: contents of the plan's scheme; those that the report has already stay as they are.

    Raises: NotAllowed, StaleRow, RuleViolation; OutOfScope for a content of another scheme.
    """
    report = queries.lock_reports(session, [report.id]).get(report.id) or report
    editable(report, version)
    known = {one.scheme_item_id: one for one in contents_of_plan(session, report.plan_task_id)}
    have = {item.catalogue_item_id for item in report.items}
    if odd := set(scheme_item_ids) - set(known):
        raise OutOfScope(f"scheme items {sorted(odd)}")
    names = ("scheme_item_id", "catalogue_item_id", "code", "category", "content", "detail", "unit1", "unit2",
             "planned1", "planned2", "order")  # fmt: skip
    for one in sorted((known[key] for key in set(scheme_item_ids)), key=lambda row: (row.order, row.code)):
        if one.catalogue_item_id not in have:
            report.items.append(_item(report, **{name: getattr(one, name) for name in names}))
    return stamp(session, report)


def remove_items(
    session: Session, report: MonthlyReport, item_ids: Sequence[int], version: int | None = None
) -> MonthlyReport:
    """删除改造内容 from a draft; what was reported before has to come back before the submission (R12)."""
    report = queries.lock_reports(session, [report.id]).get(report.id) or report
    editable(report, version)
    items = {item.id: item for item in report.items}
    if odd := set(item_ids) - set(items):
        raise OutOfScope(f"report items {sorted(odd)}")
    unread = dict(report.unread or {})
    for key in set(item_ids):
        report.items.remove(items[key])
        for field in rules.ITEM_READERS:
            unread.pop(rules.item_key(field, key), None)
    report.unread = unread
    return stamp(session, report)
