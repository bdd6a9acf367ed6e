"""What is settled once, just before a transaction ends: sums that follow from the rows written in it.

Steps run before the audit trail is chained. Doing them last keeps one order of locks in every transaction:
the county, rows of communities, rows of areas, the county's audit chain; so writers wait but never deadlock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

Step = Callable[[Session], None]
_steps: list[Step] = []


def before_commit(step: Step) -> Step:
    """Register a step (usable as a decorator); steps run in the order of registration."""
    if step not in _steps:
        _steps.append(step)
    return step


def settle(session: Session) -> None:
    """Flush and run every step now; called by itself at commit."""
    session.flush()
    for step in _steps:
        step(session)


def _at_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        settle(session)


def install(session_factory: Any) -> None:
    """Put the hook on a session factory or class, ahead of the audit hook."""
    event.listen(session_factory, "before_commit", _at_commit, insert=True)
