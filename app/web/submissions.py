"""Forms that are sent twice: every form carries a token that the database takes once."""

from __future__ import annotations

import datetime as dt
import re
import uuid

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from app.kernel.actor import Actor
from app.kernel.errors import msg
from app.persistence.types import utcnow
from app.persistence.work import explain_constraint
from app.web.models import FormSubmission

KEPT = dt.timedelta(days=7)
_TOKEN = re.compile(r"[0-9a-f]{32}\Z")
_table = FormSubmission.__table__

explain_constraint("form_submission", "double", None, msg("This form was sent already."))


def new_token() -> str:
    """The token of a form that is about to be shown."""
    return uuid.uuid4().hex


def is_token(text: str | None) -> bool:
    return bool(text and _TOKEN.match(text))


def outcome(session: Session, actor: Actor, token: str | None) -> str | None:
    """Where the form with this token led when it was carried out, or None when it was not yet."""
    if not is_token(token):
        return None
    found = select(_table.c.outcome).where(_table.c.token == token, _table.c.user_id == actor.user_id)
    return session.scalar(found)


def record(session: Session, actor: Actor, token: str | None, result: str) -> None:
    """Note in the running transaction that the form was carried out and where it led.

    A second transaction with the same token fails at its commit or here (RuleViolation from `unit_of_work`).
    """
    if is_token(token):
        row = {"token": token, "user_id": actor.user_id, "outcome": result, "received_at": utcnow()}
        session.execute(insert(_table).values(row))


def forget_old(session: Session) -> int:
    """Remove tokens older than a week; returns how many (the caller commits)."""
    gone = session.execute(delete(_table).where(_table.c.received_at < utcnow() - KEPT))
    return int(gone.rowcount)  # type: ignore[attr-defined]
