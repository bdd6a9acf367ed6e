"""Every select over the audit trail and the sign-in records; newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, or_, select

from app.accounts.models import Account
from app.audit.models import AuditEvent
from app.extensions import db
from app.persistence.context import current_scope
from app.persistence.gate import scope_clause

_events: Table = AuditEvent.__table__  # type: ignore[assignment]
_users: Table = Account.__table__  # type: ignore[assignment]


def of_record(entity: str, entity_id: object, limit: int, before: int | None = None) -> Sequence[Any]:
    """Events of one record inside the actor's scope, newest first, older than the event ``before`` if given.

    Rows ``(id, at, action, actor_name, person, before, after)``. Events without a county belong to records
    that have none (profiles, code tables): whoever may open the record may read them.
    """
    e = _events.c
    statement = (
        select(e.id, e.at, e.action, e.actor_name, _users.c.first_name.label("person"), e.before, e.after)
        .outerjoin_from(_events, _users, _users.c.id == e.actor_id)
        .where(e.entity == entity, e.entity_id == str(entity_id))
        .where(or_(e.county_code == "", scope_clause(current_scope(), e.county_code)))
        .order_by(e.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(e.id < before)
    return db.session.execute(statement).all()
