"""What the lists of areas show of a scheme (方案填报, 投资估算), written last with the areas' locks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, event, func, or_, select, update
from sqlalchemy.orm import Session

from app.areas.sums import OWNERS, execute, owner_table
from app.persistence.closing import before_commit
from app.schemes.models import Scheme

_scheme: Table = Scheme.__table__  # type: ignore[assignment]
_TOUCHED = "schemes_touched"
_SHOWN = {"scheme_state": "state", "scheme_investment": "investment"}


def touch(session: Session, scheme: Scheme) -> None:
    """The owner's row is to follow before the transaction ends."""
    kept = session.info.setdefault(_TOUCHED, {owner: set() for owner in OWNERS})
    for owner in OWNERS:
        if key := getattr(scheme, f"{owner}_id"):
            kept[owner].add(key)


@before_commit
def write_summaries(session: Session) -> None:
    """Reserve projects first, then plan tasks: the order in which sums lock them."""
    touched = session.info.pop(_TOUCHED, {})
    for owner in OWNERS:
        ids = sorted(touched.get(owner, ()))
        if not ids:
            continue
        table = owner_table(owner)
        locked = select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id)
        execute(session, locked.with_for_update(key_share=True))
        mine = (_scheme.c[f"{owner}_id"] == table.c.id) & table.c.id.in_(ids)
        execute(
            session, update(table).where(mine).values({name: _scheme.c[of] for name, of in _SHOWN.items()})
        )
        for held in list(session.identity_map.values()):
            row: Any = held
            if getattr(type(row), "__tablename__", "") == owner and row.id in ids:
                session.expire(row, list(_SHOWN))


def verify(session: Session) -> list[str]:
    """A sentence for every area whose shown scheme differs from its scheme."""
    faults: list[str] = []
    for owner in OWNERS:
        table = owner_table(owner)
        joined = table.outerjoin(_scheme, _scheme.c[f"{owner}_id"] == table.c.id)
        differs = or_(
            table.c.scheme_state != func.coalesce(_scheme.c.state, ""),
            table.c.scheme_investment.is_distinct_from(_scheme.c.investment),
        )
        odd = select(table.c.id).select_from(joined).where(differs).order_by(table.c.id)
        faults += [
            f"{owner} {row.id}: what it shows of its scheme differs from it" for row in execute(session, odd)
        ]
    return faults


def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_TOUCHED, None)


def install(session_factory: Any) -> None:
    """Put the clean-up on a session factory or class."""
    event.listen(session_factory, "after_rollback", _forget)
