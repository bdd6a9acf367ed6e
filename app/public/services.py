"""The only writer of residents' comments (N2.1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.errors import Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.observers import Observers
from app.persistence.context import current_actor, unscoped
from app.persistence.types import utcnow
from app.public import queries, rules
from app.public.models import SchemeComment

on_commented: Observers[[Session, SchemeComment], None] = Observers()
on_handled: Observers[[Session, SchemeComment], None] = Observers()
"""Called with a new comment, and with one that was answered or closed, in that transaction."""
MOST_WAITING = 200
"""Comments of one scheme that may wait at the same time: who floods it meets a refusal, not the clerk."""


def add_comment(session: Session, scheme_id: int, text: Any, today: dt.date) -> SchemeComment:
    """A comment of anybody on a scheme that is in publicity.

    Raises: OutOfScope when the scheme is not in publicity, RuleViolation at ``text``.
    """
    words, found = rules.read_text(text, "text")
    with unscoped("residents comment on schemes of any county while they are in publicity"):
        scheme = queries.find(session, scheme_id, today)
        if scheme is None or scheme.published_until < today:
            raise OutOfScope(f"publicity of scheme {scheme_id}")
        if not found and queries.waiting(session, scheme_id) >= MOST_WAITING:
            text_ = msg("Too many comments are waiting to be read; please come back later.")
            found = [Finding("N2.1", "error", "text", text_)]
        if found:
            raise RuleViolation(found)
        comment = SchemeComment(county_code=scheme.county_code, scheme_id=scheme_id, text=words)
        session.add(comment)
        session.flush()
        on_commented(session, comment)
    return comment


def get_comment(session: Session, comment_id: int) -> SchemeComment:
    """A comment of the actor's scope. Raises: OutOfScope."""
    found = session.scalars(select(SchemeComment).where(SchemeComment.id == comment_id)).first()
    if found is None:
        raise OutOfScope(f"comment {comment_id}")
    return found


def handle(session: Session, comment: SchemeComment, state: str, answer: Any, version: int) -> SchemeComment:
    """Answer a comment in public (``answered``), or keep it from being shown (``closed``).

    Raises: NotAllowed, StaleRow, RuleViolation at ``answer`` or ``state``.
    """
    actor = current_actor()
    if not actor.may("can_edit", "SchemeComment"):
        raise NotAllowed(msg("You are not permitted to do this."))
    if comment.version != version:
        raise StaleRow({"state": comment.state, "answer": comment.answer}, comment.version)
    if state not in ("answered", "closed"):
        raise RuleViolation(Finding("N2.1", "error", "state", msg("Not one of the choices.")))
    words = ""
    if state == "answered" or str(answer or "").strip():
        words, found = rules.read_text(answer, "answer")
        if found:
            raise RuleViolation(found)
    comment.state, comment.answer = state, words
    comment.handled_by_id, comment.handled_at = actor.user_id, utcnow()
    comment.handled_by = (actor.display_name or actor.username)[:128]
    session.flush()
    on_handled(session, comment)
    return comment
