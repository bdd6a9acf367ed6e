"""Asking for jobs, carrying them out once, and taking up those that a crash interrupted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import and_, event, insert, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from app.extensions import db
from app.jobs.models import Job
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as, current_actor
from app.persistence.types import utcnow
from app.persistence.work import again

log = structlog.get_logger()
MOST_ATTEMPTS = 5
SILENT_AFTER = dt.timedelta(minutes=2)
_job = Job.__table__
_WAKE = "jobs_to_wake"

Work = Callable[..., None]
_works: dict[str, Work] = {}


def job(name: str) -> Callable[[Work], Work]:
    """Register a function as the work of jobs of this name: ``work(progress, **args)``; it must be repeatable."""

    def keep(work: Work) -> Work:
        _works[name] = work
        return work

    return keep


def enqueue(session: Session, name: str, *, total: int = 0, **args: Any) -> int:
    """Ask for a job inside the running transaction; the worker is woken after the commit. Returns its number."""
    if name not in _works:
        raise KeyError(name)
    values = {"name": name, "args": args, "total": total, "user_id": current_actor().user_id}
    number = int(session.execute(insert(_job).values(**values, created_at=utcnow()).returning(_job.c.id)).scalar_one())
    session.info.setdefault(_WAKE, []).append(number)
    return number


@event.listens_for(Session, "after_commit")
def _wake(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for number in session.info.pop(_WAKE, []):
        current_app.extensions["portal_queue"].wake(number)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_WAKE, None)


class Progress:
    """Told by the work how far it is; each report is its own short transaction and a sign of life."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, done: int, total: int | None = None) -> None:
        values: dict[str, Any] = {"progress": done, "beat_at": utcnow()}
        if total is not None:
            values["total"] = total
        with db.engine.begin() as connection:
            connection.execute(update(_job).where(_job.c.id == self.number).values(**values))


def take(number: int) -> dict[str, Any] | None:
    """Claim a waiting job (or one whose worker fell silent): exactly one worker gets it."""
    silent = utcnow() - SILENT_AFTER
    waiting = or_(_job.c.state == "queued", and_(_job.c.state == "running", _job.c.beat_at < silent))
    with db.engine.begin() as connection:
        row = connection.execute(
            update(_job)
            .where(_job.c.id == number, waiting, _job.c.attempts < MOST_ATTEMPTS)
            .values(state="running", attempts=_job.c.attempts + 1, beat_at=utcnow())
            .returning(_job.c.name, _job.c.args, _job.c.user_id)
        ).first()
    return dict(row._mapping) if row else None


def _finish(number: int, state: str, error: str = "") -> None:
    with db.engine.begin() as connection:
        connection.execute(
            update(_job).where(_job.c.id == number).values(state=state, error=error[:2000], finished_at=utcnow())
        )


def carry_out(number: int) -> bool:
    """Do one job as the account that asked for it; returns whether there was anything to do."""
    from app.accounts.principal import actor_of

    claimed = take(number)
    if claimed is None:
        return False
    with acting_as(SYSTEM):
        actor = actor_of(claimed["user_id"]) if claimed["user_id"] else SYSTEM
    try:
        with acting_as(actor):
            again(lambda: _works[claimed["name"]](Progress(number), **claimed["args"]))
        _finish(number, "done")
    except (OperationalError, InterfaceError):  # the database went away: left running, taken up again when silent
        db.session.rollback()
        log.exception("job interrupted", job=number, name=claimed["name"])
    except Exception as error:  # a job's fault is recorded, and must not end the worker
        db.session.rollback()
        log.exception("job failed", job=number, name=claimed["name"])
        _finish(number, "failed", type(error).__name__)
    finally:
        db.session.remove()
    return True


def give_up() -> int:
    """Call failed what took its worker down with every attempt, so that it is seen; returns how many."""
    silent = and_(_job.c.state == "running", _job.c.beat_at < utcnow() - SILENT_AFTER)
    lost = update(_job).where(silent, _job.c.attempts >= MOST_ATTEMPTS)
    with db.engine.begin() as connection:
        found = connection.execute(lost.values(state="failed", error="WorkerLost", finished_at=utcnow()))
    return int(found.rowcount)


def waiting_jobs() -> list[int]:
    """Jobs that no worker holds: asked for but lost by the queue, or left behind by a killed worker."""
    silent = utcnow() - SILENT_AFTER
    with db.engine.connect() as connection:
        rows = connection.execute(
            select(_job.c.id)
            .where(or_(_job.c.state == "queued", and_(_job.c.state == "running", _job.c.beat_at < silent)))
            .where(_job.c.attempts < MOST_ATTEMPTS)
            .order_by(_job.c.id)
            .limit(1000)
        )
        return list(rows.scalars())


def run_waiting() -> int:
    """Carry out everything that waits, here and now; returns how many (worker start, tests)."""
    return sum(carry_out(number) for number in waiting_jobs())
