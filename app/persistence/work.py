"""The unit of work: one transaction per change of state, with database refusals turned into messages."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.extensions import db
from app.kernel.errors import Busy, Finding, Message, RuleViolation, StaleRow, msg

_CONSTRAINTS: dict[str, Finding] = {}
_VICTIM = frozenset({"40001", "40P01", "55P03"})
_ATTEMPTS = 4
_left: ContextVar[int] = ContextVar("attempts_left", default=0)
T = TypeVar("T")


class TryAgain(Exception):
    """The database gave this transaction up for another one; it is about to be run anew."""


def contended(error: DBAPIError) -> bool:
    """Whether the database refused a statement for another transaction's sake (deadlock, serialisation)."""
    return getattr(error.orig, "sqlstate", "") in _VICTIM or "database is locked" in str(error.orig)


def again(attempt: Callable[[], T]) -> T:
    """Run ``attempt``; when its unit of work fell victim to another one, wait a moment and run it anew.

    At most four times, and never after one of its units was committed: the last refusal is ``Busy``.
    ``attempt`` must not keep anything outside its transaction.
    """
    for left in range(_ATTEMPTS - 1, 0, -1):
        token = _left.set(left)
        try:
            return attempt()
        except TryAgain:
            time.sleep(random.uniform(0.01, 0.05) * (_ATTEMPTS - left))
        finally:
            _left.reset(token)
    return attempt()


def explain_constraint(name: str, rule: str, field: str | None, message: Message) -> None:
    """Register what a violated constraint means to the user (by constraint name, or SQLite's column list)."""
    _CONSTRAINTS[name] = Finding(rule, "error", field, message)


def finding_of(error: IntegrityError) -> Finding:
    """The message for a violated constraint; never any SQL text."""
    diag = getattr(error.orig, "diag", None)
    name = getattr(diag, "constraint_name", None) or ""
    text = f"{name} {error.orig}"
    for known, finding in _CONSTRAINTS.items():
        if known in text:
            return finding
    if "UNIQUE" in text or "uq_" in text or "unique" in text:
        return Finding("unique", "error", None, msg("A record with the same unique value exists already."))
    if "FOREIGN" in text or "fk_" in text:
        return Finding("reference", "error", None, msg("Another record is linked to this one, or a linked one is gone."))
    return Finding("constraint", "error", None, msg("The values contradict a rule of the database; nothing was saved."))


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """Commit what the block did, or nothing of it.

    Raises: RuleViolation for a violated constraint, StaleRow when somebody else changed the row meanwhile,
    Busy when the database gave it up for another transaction (inside `again` first TryAgain).
    """
    session: Session = db.session()
    try:
        yield session
        session.commit()
        _left.set(0)
    except IntegrityError as error:
        session.rollback()
        raise RuleViolation(finding_of(error)) from error
    except StaleDataError as error:
        session.rollback()
        raise StaleRow() from error
    except DBAPIError as error:
        session.rollback()
        if contended(error):
            raise (TryAgain() if _left.get() else Busy()) from error
        raise
    except BaseException:
        session.rollback()
        raise
