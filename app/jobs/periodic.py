"""Work that comes round by itself in the worker process: nobody has to set up a timer of the system.

``@periodic("sms", seconds=15)`` is done by every worker and must bear company; ``@periodic("verify",
at="02:30")`` is
done once a day by whichever worker takes the day first, and made up for when none was running at that time.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.extensions import db
from app.jobs.models import PeriodicRun
from app.jobs.rules import Daily, Every, Schedule
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.types import utcnow

log = structlog.get_logger()
_runs = PeriodicRun.__table__
# what a run has to say of itself, in a few words; nothing said, nothing noted
Work = Callable[[], "str | None"]


@dataclass(frozen=True)
class Periodic:
    """One registered work."""

    name: str
    schedule: Schedule
    work: Work


_registry: dict[str, Periodic] = {}


def periodic(name: str, *, seconds: float | None = None, at: str | None = None) -> Callable[[Work], Work]:
    """Register a function without arguments as periodic work, done as the system; it must be repeatable.

    Give either ``seconds`` between two runs or ``at`` (``HH:MM`` in China). Raises ValueError.
    """
    if (seconds is None) == (at is None):
        raise ValueError("either seconds or at")
    schedule: Schedule = Every(seconds) if seconds is not None else Daily.at(str(at))

    def keep(work: Work) -> Work:
        _registry[name] = Periodic(name, schedule, work)
        return work

    return keep


def registered() -> Iterator[Periodic]:
    """Every registered work by name."""
    return iter([_registry[name] for name in sorted(_registry)])


def attempt(entry: Periodic, now: dt.datetime | None = None) -> bool:
    """Do the work if it is due (needs an application context); returns whether it was done.

    A fault is logged and noted, and never ends the worker.
    """
    if isinstance(entry.schedule, Every):
        _carry_out(entry)
        return True
    moment = now or utcnow()
    if not _take(entry.name, entry.schedule.slot(moment), moment):
        return False
    outcome, note = _carry_out(entry)
    with db.engine.begin() as connection:
        connection.execute(
            update(_runs)
            .where(_runs.c.name == entry.name)
            .values(state=outcome, note=note[:300], finished_at=utcnow())
        )
    return True


def _carry_out(entry: Periodic) -> tuple[str, str]:
    try:
        with acting_as(SYSTEM):
            return "done", entry.work() or ""
    except Exception as error:  # as with jobs: recorded, and the worker goes on
        db.session.rollback()
        log.exception("periodic work failed", name=entry.name)
        return "failed", type(error).__name__
    finally:
        db.session.remove()


def _take(name: str, slot: dt.datetime, now: dt.datetime) -> bool:
    """Whether this worker is the one to do the work of that day; a work never seen before waits for its
    next day."""
    values = {"slot": slot, "started_at": now, "finished_at": None, "state": "running", "note": ""}
    with db.engine.begin() as connection:
        mine = update(_runs).where(_runs.c.name == name, _runs.c.slot < slot).values(**values)
        if connection.execute(mine).rowcount:
            return True
        make: Any = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
        first = make(_runs).values(name=name, slot=slot, state="waiting", note="")
        connection.execute(first.on_conflict_do_nothing())
    return False


def _loop(app: Flask, entry: Periodic, stop: threading.Event) -> None:
    while not stop.wait(entry.schedule.pause):
        try:
            with app.app_context():
                attempt(entry)
        except Exception:  # the database does not answer: the next round tries again
            log.exception("periodic work could not be taken", name=entry.name)


def start(app: Flask, stop: threading.Event) -> list[threading.Thread]:
    """Start a thread for each work: a long one never keeps a short one waiting. They end with ``stop``."""
    threads = [
        threading.Thread(target=_loop, args=(app, entry, stop), name=f"periodic-{entry.name}", daemon=True)
        for entry in registered()
    ]
    for thread in threads:
        thread.start()
    return threads
