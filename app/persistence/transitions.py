"""The transition log: an append-only row for every change of state, written with the state column."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Index, Integer, String, Text, inspect, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.audit.models import BigId
from app.extensions import _l
from app.kernel.actor import Actor
from app.kernel.flow import Flow
from app.kernel.flow import Transition as Step
from app.persistence.base import Model, PlanKeyed, PlanScoped
from app.persistence.context import current_actor
from app.persistence.types import UtcDateTime, utcnow


class Transition(PlanKeyed, Model):
    """One step of a record's life: from which state, which action, to which state, by whom, why and when."""

    __tablename__ = "transition"
    __table_args__ = (
        Index("ix_transition_subject", "entity", "entity_id", "id"),
        Index("ix_transition_county", "county_code", "at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plan_task_id: Mapped[int | None] = mapped_column(BigId)
    entity: Mapped[str] = mapped_column(String(48), nullable=False, info={"label": _l("Kind of record")})
    entity_id: Mapped[int] = mapped_column(BigId, nullable=False, info={"label": _l("Record number")})
    from_state: Mapped[str] = mapped_column(
        String(24), nullable=False, default="", info={"label": _l("From state")}
    )
    action: Mapped[str] = mapped_column(String(32), nullable=False, info={"label": _l("Action")})
    to_state: Mapped[str] = mapped_column(String(24), nullable=False, info={"label": _l("To state")})
    actor_id: Mapped[int | None] = mapped_column(Integer, info={"label": _l("Account number")})
    actor_name: Mapped[str] = mapped_column(
        String(128), nullable=False, default="", info={"label": _l("Account")}
    )
    note: Mapped[str] = mapped_column(Text, nullable=False, default="", info={"label": _l("Note")})
    at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime, nullable=False, default=utcnow, info={"label": _l("Time")}
    )


def log_transition(
    session: Session,
    record: Any,
    action: str,
    source: str,
    target: str,
    note: str = "",
    actor: Actor | None = None,
) -> Transition:
    """Write the row of a step that the caller has checked; ``record`` is flushed and has a county."""
    actor = actor or current_actor()
    row = Transition(
        county_code=record.county_code,
        plan_task_id=record.plan_task_id if isinstance(record, PlanScoped) else None,
        entity=type(record).__name__,
        entity_id=inspect(record).identity[0],
        from_state=source,
        action=action,
        to_state=target,
        actor_id=actor.user_id,
        actor_name=(actor.display_name or actor.username)[:128],
        note=note,
    )
    session.add(row)
    return row


def advance(
    session: Session,
    flow: Flow,
    record: Any,
    action: str,
    *,
    subject: Any = None,
    note: str = "",
    column: str = "state",
    actor: Actor | None = None,
) -> Step:
    """Carry an action of a flow out: check it, set the state column and write its row, all or nothing.

    ``subject`` is what the flow's predicates look at (the record itself when left out).
    Raises: NotAllowed, RuleViolation (see `Flow.require`).
    """
    actor = actor or current_actor()
    source = getattr(record, column)
    step = flow.require(source, action, actor, record if subject is None else subject)
    setattr(record, column, step.target)
    log_transition(session, record, action, source, step.target, note, actor)
    return step


def trace(session: Session, entity: str, entity_id: int) -> list[Transition]:
    """流程追踪: every step of a record, oldest first."""
    found = select(Transition).where(Transition.entity == entity, Transition.entity_id == entity_id)
    return list(session.scalars(found.order_by(Transition.id)))
