"""The reasons a county returns reports with, kept as phrases (screens.md, 实施信息审核)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import CheckConstraint, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.audit.models import BigId
from app.extensions import _, _l
from app.kernel.errors import N_, Finding, NotAllowed, OutOfScope, RuleViolation, msg
from app.kernel.text import normalise_input
from app.persistence.base import CountyScoped, Model
from app.persistence.context import current_actor
from app.persistence.types import UtcDateTime, utcnow
from app.persistence.work import explain_constraint

LONGEST, MOST = 120, 30
USUAL: tuple[str, ...] = (
    N_("Photos are not clear"),
    N_("Photos during renovation are missing"),
    N_("Quantities do not fit the investment"),
    N_("Pages of an attachment are missing"),
)
"""Offered to a county that has kept none of its own."""


class ReturnPhrase(CountyScoped, Model):
    """A phrase of a county, in the order it was kept."""

    __tablename__ = "return_phrase"
    __table_args__ = (
        UniqueConstraint("county_code", "text"),
        CheckConstraint("length(text) BETWEEN 1 AND 120", name="text_length"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    text: Mapped[str] = mapped_column(String(LONGEST), nullable=False, info={"label": _l("Phrase")})
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)
    created_by: Mapped[str] = mapped_column(String(64), nullable=False, default="", server_default="")


@dataclass(frozen=True)
class Offered:
    """A phrase as the review page offers it; ``id`` is None for the usual ones."""

    id: int | None
    text: str


explain_constraint("uq_return_phrase_county_code_text", "M1.6.5.4", "reason", msg("This phrase is kept already."))
explain_constraint(
    "return_phrase.county_code, return_phrase.text", "M1.6.5.4", "reason", msg("This phrase is kept already.")
)


def of_county(session: Session, county_code: str) -> list[Offered]:
    """The county's phrases; the usual ones while it has kept none."""
    found = select(ReturnPhrase).where(ReturnPhrase.county_code == county_code).order_by(ReturnPhrase.id)
    return [Offered(row.id, row.text) for row in session.scalars(found)] or [
        Offered(None, _(text)) for text in USUAL
    ]


def keep(session: Session, county_code: str, raw: str) -> ReturnPhrase | None:
    """Keep a phrase; one that is there already, or the thirty-first, is left alone. Raises: RuleViolation, NotAllowed."""
    _require()
    text = normalise_input(raw)
    if not text:
        return None
    if len(text) > LONGEST:
        raise RuleViolation(
            Finding("M1.6.5.4", "error", "reason", msg("At most %(most)s characters.", most=LONGEST))
        )
    mine = list(session.scalars(select(ReturnPhrase).where(ReturnPhrase.county_code == county_code)))
    if len(mine) >= MOST or any(row.text == text for row in mine):
        return None
    actor = current_actor()
    row = ReturnPhrase(county_code=county_code, text=text, created_by=actor.username)
    session.add(row)
    return row


def drop(session: Session, phrase_id: int) -> None:
    """Remove a phrase of the actor's county. Raises: OutOfScope, NotAllowed."""
    _require()
    row = session.scalars(select(ReturnPhrase).where(ReturnPhrase.id == phrase_id)).first()
    if row is None:
        raise OutOfScope(f"phrase {phrase_id}")
    session.delete(row)


def _require() -> None:
    if not current_actor().may("can_approve", "MonthlyReport"):
        raise NotAllowed(msg("You are not permitted to do this."))
