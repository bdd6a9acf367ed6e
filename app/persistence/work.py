"""The unit of work: one transaction per change of state, with database refusals turned into messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.extensions import db
from app.kernel.errors import Finding, Message, RuleViolation, StaleRow, msg

_CONSTRAINTS: dict[str, Finding] = {}


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

    Raises: RuleViolation for a violated constraint, StaleRow when somebody else changed the row meanwhile.
    """
    session: Session = db.session()
    try:
        yield session
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise RuleViolation(finding_of(error)) from error
    except StaleDataError as error:
        session.rollback()
        raise StaleRow() from error
    except DBAPIError as error:
        session.rollback()
        if getattr(error.orig, "sqlstate", "") in {"40001", "40P01"} or "database is locked" in str(error.orig):
            raise StaleRow() from error
        raise
    except BaseException:
        session.rollback()
        raise
