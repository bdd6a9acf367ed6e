"""Tells later stages which communities changed in a transaction, so that their sums follow (M1.4.4).

Changes through the session are noticed by themselves; who writes with Core statements calls `touched`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from app.communities.models import Community
from app.kernel.observers import Observers
from app.persistence.closing import before_commit

WATCHED = (
    "name", "building_count", "household_count", "floor_area", "unit_count", "unit_without_elevator_count",
    "substandard_household_count", "built_year", "planned_investment", "deleted_at",
)  # fmt: skip
_TOUCHED = "communities_touched"

on_change: Observers[[Session, list[int]], None] = Observers()
"""Called as ``function(session, ids)`` before the transaction ends; ids ascending, rows already written."""


def touched(session: Session, ids: Iterable[int]) -> None:
    """Note communities that were changed past the session's objects (bulk statements, imports)."""
    session.info.setdefault(_TOUCHED, set()).update(ids)


def _notice(session: Session, _context: Any) -> None:
    for obj in session.dirty:
        if isinstance(obj, Community) and any(
            inspect(obj).attrs[key].history.has_changes() for key in WATCHED
        ):
            touched(session, (obj.id,))


@before_commit
def dispatch(session: Session) -> None:
    """Call the observers with what was noted since the last call."""
    ids = session.info.pop(_TOUCHED, None)
    if ids:
        on_change(session, sorted(ids))


def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_TOUCHED, None)


def install(session_factory: Any) -> None:
    """Put the watch on a session factory or class."""
    event.listen(session_factory, "after_flush", _notice)
    event.listen(session_factory, "after_rollback", _forget)
