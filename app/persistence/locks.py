"""The lock of a county: whoever writes what its totals follow takes it first; so nobody deadlocks.

Totals of a county are one row for all its communities, written by trigger in the middle of a transaction.
Without a lock taken before, one transaction would hold the totals and want a community that another holds,
which wants the totals. Order of locks in every transaction: counties by code, communities, totals, reserve
projects, plan tasks, audit chains.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Integer, String, Table, event, false, inspect, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.persistence.base import CountyScoped, Model
from app.persistence.gate import SCOPE_APPLIED

_HELD = "counties_locked"


class CountyLock(CountyScoped, Model):
    """One row a county: whoever writes its communities or links writes it first, so they come one by one."""

    __tablename__ = "county_lock"
    county_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    taken: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")


_lock: Table = CountyLock.__table__  # type: ignore[assignment]


def lock_counties(session: Session, codes: Iterable[str]) -> None:
    """Wait for and hold these counties until the transaction ends (also SQLite's write lock).

    A transaction that will write several counties names them all at once: they are taken by ascending code.
    """
    held: set[str] = session.info.setdefault(_HELD, set())
    wanted = sorted(set(codes) - held)
    if not wanted:
        return
    make: Any = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    for some in (wanted[start : start + 200] for start in range(0, len(wanted), 200)):
        taken = make(_lock).values([{"county_code": code, "taken": 1} for code in some])
        counted = {"taken": _lock.c.taken + 1}
        statement = taken.on_conflict_do_update(index_elements=["county_code"], set_=counted)
        session.execute(statement, execution_options={SCOPE_APPLIED: True})
    held.update(wanted)


_WRITE_LOCK = update(_lock).where(false()).values(taken=_lock.c.taken)


def begin_writing(session: Session) -> None:
    """Before rows are read ``FOR UPDATE``: SQLite knows no such lock, so its one write lock is waited for."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(_WRITE_LOCK, execution_options={SCOPE_APPLIED: True})


def _before_flush(session: Session, _context: Any, _instances: Any) -> None:
    """Objects whose class says ``__locks_county__`` are written under the lock of their county."""
    codes = {obj.county_code for obj in (*session.new, *session.deleted) if _follows(obj)}
    for obj in session.dirty:
        if _follows(obj) and session.is_modified(obj):
            codes.update({obj.county_code, *(inspect(obj).attrs.county_code.history.deleted or ())})
    if codes:
        lock_counties(session, codes)


def _follows(obj: Any) -> bool:
    return getattr(type(obj), "__locks_county__", False)


def _forget(session: Session, *_previous: Any) -> None:
    """Locks go with the transaction, and with a savepoint that is rolled back."""
    session.info.pop(_HELD, None)


def install(session_factory: Any) -> None:
    """Put the lock on a session factory or class, behind the gate's own check."""
    event.listen(session_factory, "before_flush", _before_flush)
    event.listen(session_factory, "after_commit", _forget)
    event.listen(session_factory, "after_soft_rollback", _forget)
