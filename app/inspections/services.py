"""The only writer of inspections and of the flags that they leave on the plan task (M1.6.7.3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.areas.rules import read_fields
from app.attachments import queries as attachments
from app.audit import services as audit
from app.inspections import files, queries, rules
from app.inspections.models import Inspection, InspectionItem
from app.kernel import calendar
from app.kernel.errors import Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.observers import Observers
from app.persistence.context import current_actor
from app.persistence.transitions import advance, log_transition
from app.persistence.types import utcnow
from app.recognition import queries as recognition
from app.recognition.reported import reported

on_concluded: Observers[[Session, Inspection], None] = Observers()
"""An inspection was concluded: what is to be handed over goes to supervision."""
on_voided: Observers[[Session, Inspection], None] = Observers()
"""Given up as a draft or annulled: it counts for nothing any more."""


def _require(action: str) -> None:
    if not current_actor().may(f"can_{action}", "Inspection"):
        raise NotAllowed(msg("You are not permitted to do this."))


def _stamp(session: Session, inspection: Inspection) -> None:
    inspection.updated_at, inspection.updated_by = utcnow(), current_actor().username
    session.flush()


def begin(session: Session, plan_id: int) -> Inspection:
    """A new inspection at the actor's own level, or the sheet this person is still writing.

    Contents come from the plan's scheme, with what is declared about each (M1.6.7.3).
    Raises: NotAllowed, OutOfScope.
    """
    _require("add")
    actor = current_actor()
    level = rules.level_of(actor)
    if not level:
        raise NotAllowed(msg("You are not permitted to do this."))
    plan = recognition.lock_plan(session, plan_id)
    found = queries.open_draft(session, plan.id, level, actor.user_id)
    if found is not None:
        _add_contents(session, found)
        return found
    now = utcnow()
    inspection = Inspection(
        plan_task_id=plan.id, county_code=plan.county_code, level=level, begun_by_id=actor.user_id,
        inspected_on=calendar.today(), inspectors=(actor.display_name or "")[:80], created_by=actor.username,
        updated_by=actor.username, created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(inspection)
    _add_contents(session, inspection)
    log_transition(session, inspection, "begin", "", inspection.state)
    return inspection


def _add_contents(session: Session, inspection: Inspection) -> None:
    """Contents of the plan's scheme that the sheet does not have yet, with what is declared about each."""
    declared = reported(session, inspection.plan_task_id)
    have = {item.catalogue_item_id for item in inspection.items}
    for row in recognition.contents_of(session, inspection.plan_task_id):
        if row["item_id"] in have:
            continue
        said = declared.get(row["item_id"])
        inspection.items.append(
            InspectionItem(
                county_code=inspection.county_code, **recognition.snapshot(row),
                declared_state=said.state if said else "", declared1=said.quantity1 if said else None,
                declared2=said.quantity2 if said else None,
            )
        )  # fmt: skip
    session.flush()


def _open(inspection: Inspection) -> None:
    _require("edit")
    if refusal := files.closed(inspection):
        raise RuleViolation(Finding("M1.6.7.3", "error", None, refusal))


def save(
    session: Session,
    inspection: Inspection,
    typed: Mapping[str, Any],
    items: Mapping[int, Mapping[str, Any]],
    version: int,
) -> Inspection:
    """保存: what can be read is kept, nothing is required; ``items``: content → what was typed about it.

    A content's ``version`` in ``items`` is its own lock, so that a colleague's phone may fill another one.
    Raises: NotAllowed, StaleRow, RuleViolation at the fields (contents: ``problem_<id>`` …).
    """
    _open(inspection)
    if inspection.version != version:
        raise StaleRow({name: getattr(inspection, name) for name in rules.READERS}, inspection.version)
    values, found = read_fields(typed, rules.READERS, "M1.6.7.3")
    known = {item.id: item for item in inspection.items}
    read: dict[int, dict[str, Any]] = {}
    for key, raw in items.items():
        if key in known:
            read[key], wrong = rules.read_item(key, raw)
            found += wrong
    if found:
        raise RuleViolation(found)
    for name, value in values.items():
        setattr(inspection, name, value)
    for key, given in read.items():
        _set_item(known[key], given, items[key].get("version"))
    _stamp(session, inspection)
    return inspection


def _set_item(item: InspectionItem, values: Mapping[str, Any], version: Any) -> None:
    """What differs is written; a content that somebody else filled meanwhile is not overwritten unseen."""
    given = dict(values)
    if given.get("finding", item.finding) != "problem":
        given["hand_over"] = False
    changed = {name: value for name, value in given.items() if getattr(item, name) != value}
    if changed and version is not None and str(item.version) != str(version):
        raise StaleRow({name: getattr(item, name) for name in rules.ITEM_READERS}, item.version)
    for name, value in changed.items():
        setattr(item, name, value)


def answer(session: Session, item_id: int, typed: Mapping[str, Any], version: int) -> InspectionItem:
    """What the phone says about one content, under that content's own lock.

    Raises: OutOfScope, NotAllowed, StaleRow (with what stands now), RuleViolation.
    """
    item = queries.find_item(session, item_id)
    if item is None:
        raise OutOfScope(f"content of an inspection {item_id}")
    _open(item.inspection)
    values, found = rules.read_item(item.id, typed)
    if found:
        raise RuleViolation(found)
    _set_item(item, values, version)
    session.flush()
    return item


def arrive(
    session: Session, inspection: Inspection, at: dt.datetime, lng: Decimal | None, lat: Decimal | None
) -> Inspection:
    """Where the phone found itself first; later positions change nothing."""
    _open(inspection)
    if inspection.arrived_at is None:
        inspection.arrived_at, inspection.arrived_lng, inspection.arrived_lat = at, lng, lat
        session.flush()
    return inspection


def rest_is_fine(session: Session, inspection: Inspection, version: int) -> int:
    """其余均无问题: whatever nobody said anything about yet; returns how many."""
    _open(inspection)
    if inspection.version != version:
        raise StaleRow({}, inspection.version)
    left = [item for item in inspection.items if not item.finding]
    for item in left:
        item.finding = "ok"
    _stamp(session, inspection)
    return len(left)


# --- conclusion ------------------------------------------


def check(session: Session, inspection: Inspection) -> list[Finding]:
    """Everything that concluding will say now."""
    values = {name: getattr(inspection, name) for name in rules.READERS}
    sheets = attachments.present(session, "Inspection", inspection.id).get(rules.SHEET, 0)
    rows = queries.rows_of(inspection)
    problems = [row["id"] for row in rows if row["finding"] == "problem"]
    photos = queries.photo_counts(session, problems)
    return [
        *rules.head_findings(values, calendar.today(), sheets),
        *rules.item_findings(rows, photos, inspection.inspected_on),
    ]


def _fresh(session: Session, inspection: Inspection, version: int) -> tuple[PlanTask, Inspection]:
    plan = recognition.lock_plan(session, inspection.plan_task_id)
    inspection = queries.get_inspection(session, inspection.id)
    if inspection.version != version:
        raise StaleRow({}, inspection.version)
    return plan, inspection


def conclude(session: Session, inspection: Inspection, version: int) -> Inspection:
    """检查结论: checked whole; the plan's flag, what goes to supervision, log and audit in one transaction.

    Raises: NotAllowed, StaleRow, RuleViolation naming everything that is missing.
    """
    plan, inspection = _fresh(session, inspection, version)
    subject = rules.Subject(inspection.level, tuple(check(session, inspection)))
    actor = current_actor()
    advance(session, rules.FLOW, inspection, "conclude", subject=subject)
    inspection.concluded_by_id, inspection.concluded_at = actor.user_id, utcnow()
    inspection.concluded_by = (actor.display_name or actor.username)[:128]
    inspection.problem_count = sum(item.finding == "problem" for item in inspection.items)
    _stamp(session, inspection)
    _set_flags(session, plan)
    log_transition(session, plan, f"inspect_{inspection.level}", plan.implementation_state,
                   plan.implementation_state, "")  # fmt: skip
    on_concluded(session, inspection)
    return inspection


def discard(session: Session, inspection: Inspection, version: int) -> Inspection:
    """Give a sheet up that was never concluded."""
    return _end(session, inspection, version, "discard", "")


def annul(session: Session, inspection: Inspection, version: int, reason: str) -> Inspection:
    """A concluded inspection that was wrong: kept, with its reason, and no longer counted."""
    return _end(session, inspection, version, "annul", reason)


def _end(session: Session, inspection: Inspection, version: int, action: str, reason: str) -> Inspection:
    plan, inspection = _fresh(session, inspection, version)
    subject = rules.Subject(inspection.level, reason=reason)
    advance(session, rules.FLOW, inspection, action, subject=subject, note=reason.strip())
    inspection.void_reason = reason.strip()[:1000]
    _stamp(session, inspection)
    if action == "annul":
        audit.record(
            session, "revoke", entity="Inspection", entity_id=inspection.id, label=plan.name,
            county_code=inspection.county_code, after={"level": inspection.level, "reason": reason.strip()},
        )  # fmt: skip
        _set_flags(session, plan)
    on_voided(session, inspection)
    return inspection


def _set_flags(session: Session, plan: PlanTask) -> None:
    """区县巡查, 市州抽查, 省级抽查 of the ledger follow the inspections that stand."""
    standing = queries.concluded_levels(session, plan.id)
    for level, column in rules.FLAGS.items():
        if getattr(plan, column) != (level in standing):
            setattr(plan, column, level in standing)
    session.flush()
