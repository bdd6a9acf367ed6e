"""The only writer of the outbox inside the transaction that a message tells of. Never commits.

What happens to a message afterwards (claimed, sent, failed) is written by ``outbox``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.audit import services as audit
from app.kernel.actor import Actor
from app.kernel.errors import Finding, NotAllowed, OutOfScope, RuleViolation, msg
from app.kernel.sealing import Seal
from app.kernel.text import mask_phone
from app.notifications.models import SmsMessage
from app.notifications.rules import TEMPLATES, TEXT_KEPT
from app.persistence.sealed import seal_for
from app.persistence.types import utcnow

_messages = SmsMessage.__table__


def seal() -> Seal:
    """What closes and opens the values of messages."""
    return seal_for("sms")


def queue(
    session: Session,
    template: str,
    phone: str,
    values: Mapping[str, str],
    *,
    county_code: str | None = None,
    user_id: int | None = None,
) -> SmsMessage:
    """Write a message into the outbox: it exists when the running transaction commits, or not at all.

    ``template`` is a key of `rules.TEMPLATES`, ``values`` its places. Raises: KeyError (a place is missing).
    """
    kind = TEMPLATES[template]
    places = {name: values[name] for name in kind.fields}
    message = SmsMessage(
        phone=phone, template=template, body=template, county_code=county_code, user_id=user_id,
        sealed=seal().close(json.dumps(places, ensure_ascii=False)),
    )  # fmt: skip
    session.add(message)
    session.flush()
    return message


def supersede(session: Session, user_id: int) -> int:
    """Take back what waits for an account: a newer message makes it wrong. Returns how many were taken
    back."""
    waiting = _messages.c.state.in_(("queued", "failed"))
    gone = session.execute(
        update(_messages)
        .where(_messages.c.user_id == user_id, waiting, _messages.c.sealed != "")
        .values(state="failed", error="superseded", sealed="", next_try_at=None)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def send_again(session: Session, actor: Actor, number: int) -> SmsMessage:
    """Put a failed message back into the queue with all its attempts.

    Raises: NotAllowed, OutOfScope (no such message), RuleViolation (not failed, or its text is gone).
    """
    if not actor.may("can_resend", "SmsMessage"):
        raise NotAllowed(msg("Your roles do not allow this."))
    message = session.get(SmsMessage, number, with_for_update=True, populate_existing=True)
    if message is None:
        raise OutOfScope(f"message {number}")
    if message.state != "failed":
        raise RuleViolation(
            Finding("M1.6.5.3", "error", None, msg("Only a message that failed can be sent again."))
        )
    if not message.sealed:
        raise RuleViolation(
            Finding(
                "M1.6.5.3",
                "error",
                None,
                msg("The text of this message is gone: reset the password instead."),
            )
        )
    message.state, message.attempts, message.next_try_at, message.error = "queued", 0, None, ""
    audit.record(
        session, "resend", entity="SmsMessage", entity_id=message.id, label=mask_phone(message.phone),
        county_code=message.county_code or "", after={"template": message.template},
    )  # fmt: skip
    return message


def forget_texts(session: Session) -> int:
    """Empty what failed messages still hold after their time; returns how many."""
    old = session.execute(
        update(_messages)
        .where(
            _messages.c.state == "failed",
            _messages.c.sealed != "",
            _messages.c.created_at < utcnow() - TEXT_KEPT,
        )
        .values(sealed="")
    )
    return int(old.rowcount)  # type: ignore[attr-defined]
