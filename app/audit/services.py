"""Writing the audit trail inside the transaction it tells of, and proving that nobody has changed it since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from flask import g, has_request_context, request
from sqlalchemy import Table, event, insert, inspect, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.audit.models import AuditChain, AuditEvent
from app.audit.rules import GENESIS, SECRET_FIELDS, digest, plain
from app.persistence.base import Audited, CountyScoped
from app.persistence.context import current_actor
from app.persistence.types import utcnow

_PENDING = "audit_pending"
_events: Table = AuditEvent.__table__  # type: ignore[assignment]
_chains: Table = AuditChain.__table__  # type: ignore[assignment]


def record(
    session: Session,
    action: str,
    *,
    entity: str = "",
    entity_id: object = "",
    label: str = "",
    county_code: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    actor_id: int | None = None,
    actor_name: str = "",
) -> None:
    """Add an event to the running transaction; it is written at commit, or not at all."""
    actor = current_actor()
    session.info.setdefault(_PENDING, []).append(
        {
            "at": utcnow(),
            "actor_id": actor_id or actor.user_id,
            "actor_name": (actor_name or actor.username)[:128],
            "address": (request.remote_addr or "")[:45] if has_request_context() else "",
            "request_id": getattr(g, "request_id", "") if has_request_context() else "",
            "action": action,
            "entity": entity,
            "entity_id": entity_id,
            "label": label[:200],
            "county_code": county_code or "",
            "before": plain(before),
            "after": plain(after),
        }
    )


def _columns(obj: Any) -> list[str]:
    skip = obj.__audit_skip__
    return [attr.key for attr in inspect(type(obj)).column_attrs if attr.key not in skip]


def _masked(key: str, value: Any) -> Any:
    return "***" if key in SECRET_FIELDS and value else plain(value)


def _changes(obj: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = {}, {}
    state = inspect(obj)
    for key in _columns(obj):
        history = state.attrs[key].history
        if history.has_changes() and (history.deleted or [None])[0] != (history.added or [None])[0]:
            before[key] = _masked(key, (history.deleted or [None])[0])
            after[key] = _masked(key, (history.added or [None])[0])
    return before, after


def _note(session: Session, action: str, obj: Any, before: Any, after: Any) -> None:
    record(
        session,
        action,
        entity=obj.__audit_name__ or type(obj).__name__,
        entity_id=obj,
        label=str(getattr(obj, "name", "") or getattr(obj, "username", "") or getattr(obj, "code", "") or ""),
        county_code=obj.county_code if isinstance(obj, CountyScoped) else "",
        before=before,
        after=after,
    )


def _before_flush(session: Session, _context: Any, _instances: Any) -> None:
    for obj in session.new:
        if isinstance(obj, Audited):
            values = {key: _masked(key, getattr(obj, key)) for key in _columns(obj)}
            _note(session, "create", obj, None, {k: v for k, v in values.items() if v not in (None, "")})
    for obj in session.dirty:
        if isinstance(obj, Audited) and session.is_modified(obj):
            before, after = _changes(obj)
            if not after:
                continue
            action = "update"
            if "deleted_at" in after:
                action = "restore" if after["deleted_at"] is None else "delete"
            _note(session, action, obj, before, after)
    for obj in [*session.deleted, *_orphans(session)]:
        if isinstance(obj, Audited):
            _note(session, "erase", obj, {key: _masked(key, getattr(obj, key)) for key in _columns(obj)}, None)


def _orphans(session: Session) -> list[Any]:
    """Rows taken out of a list that owns them: the flush erases them without naming them beforehand."""
    found = []
    for obj in session.dirty:
        state = inspect(obj)
        for relation in state.mapper.relationships:
            if relation.cascade.delete_orphan:
                gone = state.attrs[relation.key].history.deleted
                found += [c for c in gone if inspect(c).persistent and c not in session.deleted]
    return found


def _before_commit(session: Session) -> None:
    if session.in_nested_transaction():
        return
    if session.new or session.dirty or session.deleted:
        session.flush()
    pending = session.info.pop(_PENDING, None)
    if pending:
        write(session, pending)


def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_PENDING, None)


def write(session: Session, pending: Iterable[dict[str, Any]]) -> None:
    """Chain and insert events; the chain heads are locked in one order, so writers cannot deadlock."""
    chains: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in pending:
        if not isinstance(item["entity_id"], str | int):
            item["entity_id"] = "-".join(str(part) for part in inspect(item["entity_id"]).identity or ())
        item["entity_id"] = str(item["entity_id"])[:48]
        chains[item["county_code"] or "system"].append(item)
    for chain in sorted(chains):
        seq, head = _take(session, chain, len(chains[chain]))
        for number, item in enumerate(chains[chain], start=seq + 1):
            item.update(chain=chain, seq=number)
            item["prev_hash"], head = head, digest(item, head)
            item["hash"] = head
        session.execute(insert(_events), chains[chain])
        session.execute(update(_chains).where(_chains.c.chain == chain).values(head=head))


def _take(session: Session, chain: str, count: int) -> tuple[int, str]:
    """Reserve ``count`` numbers of a chain: (last number before, last digest before)."""
    bump = (
        update(_chains)
        .where(_chains.c.chain == chain)
        .values(seq=_chains.c.seq + count)
        .returning(_chains.c.seq, _chains.c.head)
    )
    row = session.execute(bump).first()
    if row is None:
        make = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
        session.execute(make(_chains).values(chain=chain, seq=0, head=GENESIS).on_conflict_do_nothing())
        row = session.execute(bump).one()
    return row.seq - count, row.head


def verify(session: Session) -> list[str]:
    """Walk every chain; a sentence for each event that was changed, removed or slipped in."""
    faults: list[str] = []
    heads = {row.chain: row for row in session.execute(select(_chains))}
    last: dict[str, tuple[int, str]] = dict.fromkeys(heads, (0, GENESIS))
    rows = session.execute(
        select(_events).order_by(_events.c.chain, _events.c.seq).execution_options(yield_per=2000)
    )
    for row in rows.mappings():
        chain = row["chain"]
        seq, head = last.get(chain, (0, GENESIS))
        if row["seq"] != seq + 1:
            faults.append(f"audit {chain}: events {seq + 1}–{row['seq'] - 1} are missing")
        elif row["prev_hash"] != head:
            faults.append(f"audit {chain}/{row['seq']}: does not follow its predecessor")
        if digest(dict(row), row["prev_hash"]) != row["hash"]:
            faults.append(f"audit {chain}/{row['seq']}: was changed after it was written")
        last[chain] = (row["seq"], row["hash"])
    for chain, (seq, head) in last.items():
        if chain not in heads or (heads[chain].seq, heads[chain].head) != (seq, head):
            faults.append(f"audit {chain}: its end was cut off or its head changed")
    return faults


def install(session_factory: Any) -> None:
    """Put the audit hook on a session factory or class."""
    event.listen(session_factory, "before_flush", _before_flush)
    event.listen(session_factory, "before_commit", _before_commit)
    event.listen(session_factory, "after_rollback", _forget)
