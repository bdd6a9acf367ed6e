"""Delivery of the outbox by the worker: each message is claimed, sent and settled in short transactions of
its own.

Between claim and answer a worker may be killed: then nobody knows whether the message went out. It is sent
again after a silence, with the same key for the gateway, and the row says so (``unanswered``): once for
certain, rarely twice.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import and_, case, or_, select, update

from app.extensions import db
from app.jobs.periodic import periodic
from app.kernel.sealing import Unreadable
from app.kernel.text import mask_phone
from app.notifications.models import SmsMessage
from app.notifications.rules import MOST_ATTEMPTS, SILENT_AFTER, TEMPLATES, pause_after
from app.notifications.senders import Order, Refused, SmsSender, Unanswered, sender
from app.notifications.services import seal
from app.persistence.types import utcnow
from app.web.wording import in_default_language

log = structlog.get_logger()
_messages = SmsMessage.__table__


@dataclass
class Tally:
    """What a round came to."""

    sent: int = 0
    later: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"{self.sent} sent, {self.later} to be tried again, {self.failed} failed"


def claim(now: dt.datetime) -> Any | None:
    """Take the next due message, alone: a row (id, phone, template, sealed, key, attempts) or None."""
    table = _messages.c
    waiting = and_(table.state == "queued", or_(table.next_try_at.is_(None), table.next_try_at <= now))
    silent = and_(table.state == "sending", table.claimed_at < now - SILENT_AFTER)
    due = or_(waiting, silent)
    with db.engine.begin() as connection:
        first = select(table.id).where(due).order_by(table.id).limit(1).with_for_update(skip_locked=True)
        return connection.execute(
            update(_messages)
            .where(table.id == first.scalar_subquery(), due)
            .values(
                state="sending",
                attempts=table.attempts + 1,
                unanswered=table.unanswered + case((table.state == "sending", 1), else_=0),
                claimed_at=now,
            )
            .returning(table.id, table.phone, table.template, table.sealed, table.key, table.attempts)
        ).first()


def _settle(claimed: Any, **values: Any) -> None:
    """Write the outcome, unless another worker has taken the message over meanwhile."""
    table = _messages.c
    with db.engine.begin() as connection:
        connection.execute(
            update(_messages)
            .where(table.id == claimed.id, table.state == "sending", table.attempts == claimed.attempts)
            .values(**values)
        )


def _fail(claimed: Any, fault: str) -> None:
    _settle(claimed, state="failed", error=fault[:300], next_try_at=None)
    log.error("sms failed", message=claimed.id, template=claimed.template, fault=fault)


def _later(claimed: Any, fault: str, now: dt.datetime, unanswered: bool) -> bool:
    """Try again after a pause, or give up when every attempt is used; returns whether it is tried again."""
    if claimed.attempts >= MOST_ATTEMPTS:
        _fail(claimed, fault)
        return False
    more = {"unanswered": _messages.c.unanswered + 1} if unanswered else {}
    _settle(
        claimed, state="queued", error=fault[:300], next_try_at=now + pause_after(claimed.attempts), **more
    )
    log.warning("sms to be tried again", message=claimed.id, attempts=claimed.attempts, fault=fault)
    return True


def _order(claimed: Any) -> Order:
    """What the sender is given. Raises: Unreadable."""
    values = json.loads(seal().open(claimed.sealed))
    template = TEMPLATES[claimed.template]
    text = in_default_language(template.message(values))
    fields = {name: values[name] for name in template.fields}
    return Order(claimed.key, claimed.phone, claimed.template, fields, text)


def deliver(by: SmsSender, claimed: Any, now: dt.datetime) -> str:
    """Send one claimed message and write down what came of it: ``sent``, ``later`` or ``failed``."""
    if claimed.attempts > MOST_ATTEMPTS:
        _fail(claimed, "unanswered")
        return "failed"
    try:
        receipt = by.send(_order(claimed))
    except Unreadable:
        _fail(claimed, "unreadable")
        return "failed"
    except Refused as refusal:
        if refusal.final:
            _fail(claimed, refusal.fault)
            return "failed"
        return "later" if _later(claimed, refusal.fault, now, False) else "failed"
    except Unanswered as silence:
        return "later" if _later(claimed, silence.fault, now, silence.perhaps_sent) else "failed"
    _settle(
        claimed, state="sent", sent_at=utcnow(), sender=by.name, receipt=receipt[:64], sealed="", error="",
        next_try_at=None,
    )  # fmt: skip
    log.info(
        "sms sent", message=claimed.id, template=claimed.template, to=mask_phone(claimed.phone), by=by.name
    )
    return "sent"


def send_due(by: SmsSender | None = None, *, now: dt.datetime | None = None, most: int = 500) -> Tally:
    """Send what is due, one after the other; any number of workers may do so at once."""
    by, tally = by or sender(), Tally()
    for _number in range(most):
        moment = now or utcnow()
        claimed = claim(moment)
        if claimed is None:
            break
        outcome = deliver(by, claimed, moment)
        setattr(tally, outcome, getattr(tally, outcome) + 1)
    return tally


@periodic("sms", seconds=15)
def send() -> str:
    """Send what is due."""
    return str(send_due())
