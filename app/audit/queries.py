"""Every select over the audit trail and the sign-in records; newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, bindparam, func, or_, select

from app.accounts.models import Account
from app.audit.models import AuditChain, AuditEvent
from app.audit.rules import GENESIS, digest
from app.extensions import db
from app.kernel.scope import Scope
from app.persistence.context import current_scope
from app.persistence.gate import SCOPE_APPLIED, execute_applied, scope_clause

_events: Table = AuditEvent.__table__  # type: ignore[assignment]
_chains: Table = AuditChain.__table__  # type: ignore[assignment]
_users: Table = Account.__table__  # type: ignore[assignment]


_RECORDED = (
    select(func.coalesce(func.sum(_chains.c.seq), 0))
    .where(_chains.c.chain >= bindparam("low"), _chains.c.chain < bindparam("high"))
    .execution_options(**{SCOPE_APPLIED: True})
)


def recorded(scope: Scope) -> int:
    """How many events the chains of a region hold: it rises with every change of a record there, and only then."""
    low, high = scope.bounds
    return int(execute_applied(db.session(), _RECORDED, {"low": low, "high": high}).scalar_one())


@dataclass(frozen=True)
class Proof:
    """What the digests say of one event: unchanged, following its predecessor, followed by its successor."""

    unchanged: bool
    follows: bool
    followed: bool

    @property
    def holds(self) -> bool:
        return self.unchanged and self.follows and self.followed


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


def event(number: int) -> Any:
    """One audit event with every column, or None."""
    person = _users.c.first_name.label("person")
    joined = select(_events, person).outerjoin_from(_events, _users, _users.c.id == _events.c.actor_id)
    return db.session.execute(joined.where(_events.c.id == number)).first()


def proof(row: Any) -> Proof:
    """Whether the event still is what was written: its own digest and both neighbours of its chain."""
    e = _events.c
    near = db.session.execute(
        select(e.seq, e.prev_hash, e.hash).where(e.chain == row.chain, e.seq.in_((row.seq - 1, row.seq + 1)))
    )
    neighbours = {found.seq: found for found in near}
    head = db.session.execute(
        select(_chains.c.seq, _chains.c.head).where(_chains.c.chain == row.chain)
    ).first()
    before, after = neighbours.get(row.seq - 1), neighbours.get(row.seq + 1)
    follows = row.prev_hash == (before.hash if before else GENESIS) and (before is not None or row.seq == 1)
    if after is not None:
        followed = after.prev_hash == row.hash
    else:
        followed = head is not None and (head.seq, head.head) == (row.seq, row.hash)
    return Proof(digest(dict(row._mapping), row.prev_hash) == row.hash, follows, followed)
