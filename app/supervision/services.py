"""The only writer of supervision issues: hand-over from inspections, opening (R22)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.areas.rules import read_fields
from app.attachments import queries as attachments
from app.inspections import queries as inspections
from app.inspections.models import Inspection, InspectionItem
from app.inspections.rules import may_write as may_write_inspection
from app.inspections.services import on_concluded, on_voided
from app.kernel import calendar
from app.kernel.errors import N_, Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.observers import Observers
from app.kernel.text import normalise_input
from app.persistence.context import current_actor
from app.persistence.transitions import advance, log_transition
from app.persistence.types import utcnow
from app.persistence.work import explain_constraint
from app.supervision import queries, rules
from app.supervision.models import SupervisionIssue

on_opened: Observers[[Session, SupervisionIssue], None] = Observers()
"""An issue was opened: the county has something to rectify."""

on_rectified: Observers[[Session, SupervisionIssue], None] = Observers()
"""The county filed how a problem was rectified: nothing waits for it any more."""
on_sent_back: Observers[[Session, SupervisionIssue], None] = Observers()
"""The rectification was not accepted: the county has something to rectify again."""

_ONCE = msg("This problem was handed over already.")
for _name in ("uq_supervision_issue_inspection_item_id", "supervision_issue.inspection_item_id"):
    explain_constraint(_name, "R22", None, _ONCE)


def _require(action: str) -> None:
    if not current_actor().may(f"can_{action}", "SupervisionIssue"):
        raise NotAllowed(msg("You are not permitted to do this."))


def create_from_inspection(session: Session, item_id: int) -> SupervisionIssue:
    """转督办 of a problem: a draft that names content, problem, the plan's supervising unit and the deadline.

    Handed over once: asked again it answers the issue there is.
    Raises: NotAllowed, OutOfScope, RuleViolation where no problem was found or another level's is meant.
    """
    _require("add")
    item = inspections.find_item(session, item_id)
    if item is None:
        raise OutOfScope(f"content of an inspection {item_id}")
    inspection = item.inspection
    actor = current_actor()
    if not actor.is_system and actor.region_level != inspection.level:
        text = N_("Only the level that carried out the inspection hands its problems over.")
        raise RuleViolation(Finding("R22", "error", None, msg(text)))
    if item.finding != "problem" or inspection.state == "void":
        raise RuleViolation(Finding("R22", "error", None, msg("No problem was found here.")))
    return queries.of_item(session, item_id) or _hand_over(session, inspection, item)


def _hand_over(session: Session, inspection: Inspection, item: InspectionItem) -> SupervisionIssue:
    plan = session.get(PlanTask, inspection.plan_task_id)
    if plan is None:
        raise OutOfScope(f"plan task {inspection.plan_task_id}")
    me, now = current_actor().username, utcnow()
    issue = SupervisionIssue(
        plan_task_id=plan.id, county_code=plan.county_code, inspection_item_id=item.id,
        source=rules.SOURCE_OF_LEVEL[inspection.level], level=inspection.level, content=item.content,
        problem=item.problem, responsible_unit=plan.supervision_unit, responsible_person=plan.supervisor_name,
        responsible_phone=plan.supervisor_phone, deadline=item.deadline, created_by=me, updated_by=me,
        created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(issue)
    session.flush()
    log_transition(session, issue, "hand_over", "", issue.state)
    return issue


@on_concluded.register
def hand_over_problems(session: Session, inspection: Inspection) -> None:
    """Problems that were ticked for it become drafts together with the conclusion."""
    if not current_actor().may("can_add", "SupervisionIssue"):
        return
    for item in inspection.items:
        if item.finding == "problem" and item.hand_over and queries.of_item(session, item.id) is None:
            _hand_over(session, inspection, item)


@on_voided.register
def drop_drafts(session: Session, inspection: Inspection) -> None:
    """Drafts of an inspection that counts no more fall with it; what was opened stays with its own life."""
    for issue in queries.of_items(session, [item.id for item in inspection.items]).values():
        if issue.state == "draft":
            log_transition(session, issue, "discard", issue.state, "discarded", inspection.void_reason)
            issue.state = "discarded"
    session.flush()


def save(
    session: Session, issue: SupervisionIssue, typed: Mapping[str, Any], version: int
) -> SupervisionIssue:
    """保存 of a draft. Raises: NotAllowed, StaleRow, RuleViolation at the fields."""
    _require("edit")
    if not rules.may_write(current_actor(), issue.level, issue.state):
        text = N_("The issue is “%(state)s”: only a draft of your own level can be changed.")
        said = msg(text, state=msg(rules.FLOW.states[issue.state]))
        raise RuleViolation(Finding("R22", "error", None, said))
    if issue.version != version:
        raise StaleRow({name: getattr(issue, name) for name in rules.READERS}, issue.version)
    values, found = read_fields(typed, rules.READERS, "R22")
    if found:
        raise RuleViolation(found)
    for name, value in values.items():
        setattr(issue, name, value)
    issue.updated_at, issue.updated_by = utcnow(), current_actor().username
    session.flush()
    return issue


def open_issue(
    session: Session, issue: SupervisionIssue, typed: Mapping[str, Any], version: int
) -> SupervisionIssue:
    """下发: what was typed is saved, then R22 is checked. Raises: as `save`."""
    issue = save(session, issue, typed, version)
    values = {name: getattr(issue, name) for name in rules.READERS}
    subject = rules.Subject(tuple(rules.responsible_findings(values, calendar.today())))
    advance(session, rules.FLOW, issue, "open", subject=subject)
    actor = current_actor()
    issue.opened_at, issue.opened_by_id = utcnow(), actor.user_id
    issue.opened_by = (actor.display_name or actor.username)[:128]
    session.flush()
    on_opened(session, issue)
    return issue


def discard(session: Session, issue: SupervisionIssue, version: int) -> SupervisionIssue:
    """Give a draft up. Raises: NotAllowed, StaleRow, RuleViolation."""
    issue = save(session, issue, {}, version)
    advance(session, rules.FLOW, issue, "discard", subject=rules.Subject())
    session.flush()
    return issue


# --- rectification ---------------------------------------


def _step(
    session: Session, issue: SupervisionIssue, action: str, version: int, text: str = ""
) -> SupervisionIssue:
    issue = queries.get_issue(session, issue.id)
    if issue.version != version:
        raise StaleRow({}, issue.version)
    actor, text = current_actor(), normalise_input(text, multiline=True)[: rules.MOST_TEXT]
    evidence = attachments.present(session, "SupervisionIssue", issue.id).get(rules.EVIDENCE, 0)
    own = actor.is_system or actor.region_level == issue.level
    advance(
        session, rules.FLOW, issue, action, subject=rules.Subject(text=text, evidence=evidence, own=own), note=text
    )
    issue.updated_at, issue.updated_by = utcnow(), actor.username
    return issue


def rectify(session: Session, issue: SupervisionIssue, text: str, version: int) -> SupervisionIssue:
    """整改 filed by the responsible county: in words and with evidence; its notices are done.

    Raises: NotAllowed, OutOfScope, StaleRow, RuleViolation at ``text`` and ``evidence``.
    """
    issue = _step(session, issue, "rectify", version, text)
    issue.rectification, issue.rectified_at = normalise_input(text, multiline=True)[: rules.MOST_TEXT], utcnow()
    session.flush()
    on_rectified(session, issue)
    return issue


def confirm(session: Session, issue: SupervisionIssue, version: int) -> SupervisionIssue:
    """整改 accepted by the level that opened the issue. Raises: as `rectify`."""
    issue = _step(session, issue, "confirm", version)
    issue.confirmed_at = utcnow()
    session.flush()
    return issue


def send_back(session: Session, issue: SupervisionIssue, reason: str, version: int) -> SupervisionIssue:
    """整改 not accepted, with a reason. Raises: as `rectify`."""
    issue = _step(session, issue, "send_back", version, reason)
    issue.rectified_at = None
    session.flush()
    on_sent_back(session, issue)
    return issue


def may_hand_over(inspection: Inspection) -> bool:
    """Whether to offer the hand-over of this inspection's problems."""
    actor = current_actor()
    return (
        actor.may("can_add", "SupervisionIssue")
        and inspection.state != "void"
        and (actor.region_level == inspection.level or may_write_inspection(actor, inspection.level, "draft"))
    )
