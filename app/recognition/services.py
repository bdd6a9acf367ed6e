"""The only writer of recognitions and, through them, of 实施状态 (M1.6.7.1, M1.6.7.2, R14, R15, R19)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.areas.rules import read_fields
from app.attachments import queries as attachments
from app.audit import services as audit
from app.extensions import _
from app.kernel import calendar
from app.kernel.errors import Finding, NotAllowed, RuleViolation, StaleRow, msg
from app.kernel.observers import Observers
from app.persistence.context import current_actor
from app.persistence.transitions import advance, log_transition
from app.persistence.types import utcnow
from app.persistence.work import explain_constraint
from app.recognition import files, queries, rules
from app.recognition.models import Recognition, RecognitionItem

on_submitted: Observers[[Session, Recognition], None] = Observers()
"""A recognition waits for the reviewer."""
on_decided: Observers[[Session, Recognition], None] = Observers()
"""It waits no longer: recognised, returned or withdrawn."""
on_dropped: Observers[[Session, Recognition], None] = Observers()
"""It was discarded or revoked: its photos prove nothing any more."""
on_started: Observers[[Session, PlanTask], None] = Observers()
"""The start of works was recognised."""
on_finished: Observers[[Session, PlanTask], None] = Observers()
"""The finish of works was recognised: accounts of construction units end."""
on_reopened: Observers[[Session, PlanTask], None] = Observers()
"""A recognised finish was revoked: they go on."""

_LIVE = msg("A recognition of this kind is under way already.")
for _name in ("uq_recognition_live", "recognition.plan_task_id, recognition.kind"):
    explain_constraint(_name, "M1.6.7", None, _LIVE)
explain_constraint(
    "ck_recognition_another_person", "R19", None, msg("Whoever prepared or submitted it cannot recognise it.")
)


def _require(action: str) -> None:
    if not current_actor().may(f"can_{action}", "Recognition"):
        raise NotAllowed(msg("You are not permitted to do this."))


def _me() -> str:
    actor = current_actor()
    return (actor.display_name or actor.username)[:128]


def _stamp(session: Session, recognition: Recognition) -> None:
    recognition.updated_at, recognition.updated_by = utcnow(), current_actor().username
    session.flush()


# --- preparing -------------------------------------------


def begin(session: Session, plan_id: int, kind: str) -> Recognition:
    """The recognition of this kind that is under way for a plan, begun as a draft where there is none.

    Contents come from the plan's scheme; a finish goes on from the start: states, quantities and photos.
    Raises: NotAllowed, OutOfScope, RuleViolation where the plan's state does not allow it.
    """
    _require("add")
    plan = queries.lock_plan(session, plan_id)
    found = queries.live(session, plan.id, kind)
    if found is not None:
        if found.state in rules.EDITABLE:
            sync_items(session, found)
        return found
    if wrong := rules.plan_findings(kind, plan.implementation_state):
        raise RuleViolation(wrong)
    actor, now = current_actor(), utcnow()
    recognition = Recognition(
        plan_task_id=plan.id, county_code=plan.county_code, kind=kind, prepared_by_id=actor.user_id,
        recognisers=(actor.display_name or "")[:80], created_by=actor.username, updated_by=actor.username,
        created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(recognition)
    session.flush()
    log_transition(session, recognition, "begin", "", recognition.state)
    sync_items(session, recognition)
    start = queries.live(session, plan.id, "start") if kind == "finish" else None
    if start is not None:
        _go_on_from(session, start, recognition)
    return recognition


def _go_on_from(session: Session, start: Recognition, finish: Recognition) -> None:
    """What the recognition of the start says about each content, with its photos (M1.6.7.2)."""
    earlier = {item.catalogue_item_id: item for item in start.items}
    for item in finish.items:
        known = earlier.get(item.catalogue_item_id)
        if known is not None:
            item.state, item.quantity1, item.quantity2 = known.state, known.quantity1, known.quantity2
            files.carry_photos(session, known.id, item.id)
    session.flush()


def sync_items(session: Session, recognition: Recognition) -> list[str]:
    """Bring the contents in line with the plan's scheme; returns the names of those that came new.

    What the scheme no longer has is taken out unless it carries photos; words and planned quantities follow.
    """
    rows = {row["item_id"]: row for row in queries.contents_of(session, recognition.plan_task_id)}
    have = {item.catalogue_item_id: item for item in recognition.items}
    added = []
    for key, row in rows.items():
        values = queries.snapshot(row)
        if key in have:
            for name, value in values.items():
                setattr(have[key], name, value)
        else:
            recognition.items.append(RecognitionItem(county_code=recognition.county_code, **values))
            added.append(row["content"])
    gone = [item for key, item in have.items() if key not in rows]
    kept = queries.photos_of(session, [item.id for item in gone])
    for item in gone:
        if item.id not in kept:
            recognition.items.remove(item)
    session.flush()
    return added


def save(
    session: Session,
    recognition: Recognition,
    typed: Mapping[str, Any],
    items: Mapping[int, Mapping[str, Any]],
    version: int,
) -> Recognition:
    """保存: what can be read is kept, nothing is required; ``items``: content → typed state and quantities.

    Raises: NotAllowed, StaleRow, RuleViolation at the fields (contents: ``state_<id>`` …).
    """
    _require("edit")
    _open(recognition, version)
    values, found = read_fields(typed, rules.READERS, "M1.6.7")
    read: dict[int, dict[str, Any]] = {}
    rows = {row["id"]: row for row in queries.rows_of(recognition)}
    for key, raw in items.items():
        if key in rows:
            read[key], wrong = rules.read_item(rows[key], raw)
            found += wrong
    if found:
        raise RuleViolation(found)
    for name, value in values.items():
        setattr(recognition, name, value)
    for item in recognition.items:
        for name, value in read.get(item.id, {}).items():
            setattr(item, name, value)
    sync_items(session, recognition)
    _stamp(session, recognition)
    return recognition


def _open(recognition: Recognition, version: int) -> None:
    if refusal := files.closed(recognition):
        raise RuleViolation(Finding("M1.6.7", "error", None, refusal))
    if recognition.version != version:
        raise StaleRow({name: getattr(recognition, name) for name in rules.READERS}, recognition.version)


# --- submission and decision -----------------------------


def check(session: Session, recognition: Recognition, plan: PlanTask) -> list[Finding]:
    """Everything that submitting or recognising will say now (R14, R15), warnings included."""
    kind, rows = recognition.kind, queries.rows_of(recognition)
    photos = queries.photos_of(session, [row["id"] for row in rows])
    present = attachments.present(session, "Recognition", recognition.id)
    judge = rules.start_findings if kind == "start" else rules.finish_findings
    known = {item.catalogue_item_id for item in recognition.items}
    contents = queries.contents_of(session, plan.id)
    missing = [row["content"] for row in contents if row["item_id"] not in known]
    values = {name: getattr(recognition, name) for name in rules.READERS}
    return [
        *rules.plan_findings(kind, plan.implementation_state),
        *rules.date_findings(kind, recognition.recognised_on, plan.started_on, calendar.today()),
        *rules.staff_findings(values, kind),
        *rules.contents_findings(kind, missing),
        *judge(rows, photos, present),
        *rules.quantity_warnings(rows),
    ]


def _fresh(session: Session, recognition: Recognition, version: int) -> tuple[PlanTask, Recognition]:
    """Plan (locked first) and recognition as they stand now. Raises: StaleRow for another version."""
    plan = queries.lock_plan(session, recognition.plan_task_id)
    recognition = queries.get_recognition(session, recognition.id)
    if recognition.version != version:
        raise StaleRow({}, recognition.version)
    return plan, recognition


def submit(session: Session, recognition: Recognition, version: int, *, confirmed: bool) -> Recognition:
    """提交: everything is checked (R14, R15), then it waits for a reviewer of the county.

    Raises: NotAllowed, StaleRow, RuleViolation naming everything that is missing.
    """
    plan, recognition = _fresh(session, recognition, version)
    subject = rules.Subject(
        recognition.kind,
        tuple(check(session, recognition, plan)),
        confirmed,
        plan_state=plan.implementation_state,
    )
    advance(session, rules.FLOW, recognition, "submit", subject=subject)
    recognition.submitted_by_id, recognition.submitted_by = current_actor().user_id, _me()
    recognition.submitted_at, recognition.return_reason = utcnow(), ""
    _confirm(session, recognition)
    _stamp(session, recognition)
    on_submitted(session, recognition)
    return recognition


def _confirm(session: Session, recognition: Recognition) -> None:
    """R25: what was confirmed, in words and as a digest."""
    values = {name: getattr(recognition, name) for name in rules.READERS}
    digest = rules.confirmation_digest(values, queries.rows_of(recognition))
    audit.record(
        session, "confirm", entity="Recognition", entity_id=recognition.id,
        county_code=recognition.county_code, after={"text": rules.CONFIRMATION, "digest": digest},
    )  # fmt: skip


def withdraw(session: Session, recognition: Recognition, version: int) -> Recognition:
    """Back to draft while nobody has decided."""
    return _step(session, recognition, version, "withdraw", "")


def discard(session: Session, recognition: Recognition, version: int) -> Recognition:
    """Give a draft up; a new one may be begun."""
    return _step(session, recognition, version, "discard", "")


def send_back(session: Session, recognition: Recognition, version: int, reason: str) -> Recognition:
    """退回 with a reason."""
    return _step(session, recognition, version, "return", reason)


def _step(session: Session, recognition: Recognition, version: int, action: str, reason: str) -> Recognition:
    _plan, recognition = _fresh(session, recognition, version)
    waited = recognition.state == "submitted"
    subject = rules.Subject(recognition.kind, reason=reason)
    advance(session, rules.FLOW, recognition, action, subject=subject, note=reason.strip())
    if action == "return":
        recognition.return_reason = reason.strip()
    _stamp(session, recognition)
    if waited:
        on_decided(session, recognition)
    if action == "discard":
        on_dropped(session, recognition)
    return recognition


def recognise(session: Session, recognition: Recognition, version: int, *, confirmed: bool) -> Recognition:
    """认定 by a reviewer who neither prepared nor submitted it (R19): sets the plan's 实施状态 with it.

    Raises: NotAllowed, StaleRow, RuleViolation (everything is checked again as it stands now).
    """
    plan, recognition = _fresh(session, recognition, version)
    people = {recognition.prepared_by_id, recognition.submitted_by_id} - {None}
    subject = rules.Subject(
        recognition.kind, tuple(check(session, recognition, plan)), confirmed,
        frozenset(key for key in people if key is not None), plan_state=plan.implementation_state,
    )  # fmt: skip
    advance(session, rules.FLOW, recognition, "recognise", subject=subject)
    recognition.recognised_by_id, recognition.recognised_by = current_actor().user_id, _me()
    recognition.recognised_at = utcnow()
    _confirm(session, recognition)
    _stamp(session, recognition)
    _set_plan(session, plan, recognition, standing=True)
    on_decided(session, recognition)
    (on_started if recognition.kind == "start" else on_finished)(session, plan)
    return recognition


def revoke(session: Session, recognition: Recognition, version: int, reason: str) -> Recognition:
    """撤销 with a reason: the plan's state goes back; a start not while a finish stands.

    Raises: NotAllowed, StaleRow, RuleViolation.
    """
    plan, recognition = _fresh(session, recognition, version)
    subject = rules.Subject(recognition.kind, reason=reason, plan_state=plan.implementation_state)
    # the reason stands before the state does: the database refuses one without the other
    recognition.revoke_reason = reason.strip()[:1000]
    with session.no_autoflush:
        advance(session, rules.FLOW, recognition, "revoke", subject=subject, note=reason.strip())
    audit.record(
        session, "revoke", entity="Recognition", entity_id=recognition.id, label=plan.name,
        county_code=recognition.county_code, after={"kind": recognition.kind, "reason": reason.strip()},
    )  # fmt: skip
    _stamp(session, recognition)
    on_dropped(session, recognition)
    _set_plan(session, plan, recognition, standing=False, note=reason.strip())
    if recognition.kind == "start":
        _give_up_finish(session, plan)
    else:
        on_reopened(session, plan)
    return recognition


def _set_plan(
    session: Session, plan: PlanTask, recognition: Recognition, *, standing: bool, note: str = ""
) -> None:
    """实施状态 and its date follow the recognition; nothing else in the product writes them."""
    kind = recognition.kind
    source, target = rules.BEFORE[kind], rules.AFTER[kind]
    if not standing:
        source, target = target, source
    plan.implementation_state = target
    on = recognition.recognised_on if standing else None
    if kind == "start":
        plan.started_on = on
    else:
        plan.finished_on = on
    log_transition(session, plan, f"{'recognise' if standing else 'revoke'}_{kind}", source, target, note)
    session.flush()


def _give_up_finish(session: Session, plan: PlanTask) -> None:
    """A finish under way has nothing to stand on once the start is revoked: it goes back."""
    finish = queries.live(session, plan.id, "finish")
    if finish is not None and finish.state == "submitted":
        reason = str(_("The recognition of the start was revoked."))
        log_transition(session, finish, "return", finish.state, "returned", reason)
        finish.state, finish.return_reason = "returned", reason
        _stamp(session, finish)
        on_decided(session, finish)
