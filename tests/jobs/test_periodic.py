"""Periodic work: once a day by one worker of all, made up for, and no fault ends the worker."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa

import config
from app.extensions import db
from app.jobs import periodic
from app.jobs.models import PeriodicRun
from app.jobs.periodic import Periodic, attempt
from app.jobs.rules import TZ, Daily, Every
from app.persistence.context import current_actor

pytestmark = pytest.mark.req("D2")
AT = Daily.at("02:30")


def china(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 3, day, hour, minute, tzinfo=TZ)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (china(5, 2, 30), china(5, 2, 30)),
        (china(5, 2, 29), china(4, 2, 30)),
        (china(5, 23, 59), china(5, 2, 30)),
        (china(1, 0, 1), dt.datetime(2026, 2, 28, 2, 30, tzinfo=TZ)),
    ],
)
def test_the_slot_is_the_last_time_it_was_due(now, due) -> None:
    assert AT.slot(now.astimezone(dt.UTC)) == due


def test_only_one_kind_of_schedule() -> None:
    with pytest.raises(ValueError):
        periodic.periodic("tests.none")
    with pytest.raises(ValueError):
        periodic.periodic("tests.both", seconds=1, at="02:30")
    with pytest.raises(ValueError):
        Daily.at("half past two")


def test_what_the_worker_does_by_itself_is_registered() -> None:
    """Asked of a process of its own: what other tests import must not count."""
    ask = "import run; from app.jobs.periodic import registered; print(*[e.name for e in registered()])"
    told = subprocess.run(
        [sys.executable, "-c", ask], cwd=config.ROOT, capture_output=True, text=True, check=True
    )
    assert {"verify", "tidy", "purge-imports", "sms"} <= set(told.stdout.split())


def test_a_daily_work_is_done_once_a_day_and_made_up_for(app_db) -> None:
    seen: list[str] = []
    entry = Periodic("tests.daily", AT, lambda: seen.append(current_actor().username) or f"{len(seen)} done")
    with app_db.app_context():
        assert not attempt(entry, china(5, 12)), "never seen before: waits for its next day"
        assert not attempt(entry, china(6, 2, 29))
        assert attempt(entry, china(6, 2, 30))
        assert not attempt(entry, china(6, 20))
        assert attempt(entry, china(9, 15)), "made up for once"
        assert not attempt(entry, china(9, 16))
        row = db.session.get(PeriodicRun, "tests.daily")
        assert (row.state, row.note, row.slot) == ("done", "2 done", china(9, 2, 30))
    assert seen == ["system", "system"]


def test_of_many_workers_one_takes_the_day(app_db) -> None:
    seen: list[int] = []
    entry = Periodic("tests.crowd", AT, lambda: seen.append(1))
    with app_db.app_context():
        attempt(entry, china(5, 12))

    def work() -> None:
        with app_db.app_context():
            attempt(entry, china(6, 12))

    crowd = [threading.Thread(target=work) for _ in range(6)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert seen == [1]


def test_a_fault_is_noted_and_the_next_day_comes(app_db) -> None:
    def fault() -> None:
        raise KeyError("nothing of this is noted")

    entry = Periodic("tests.fault", AT, fault)
    with app_db.app_context():
        attempt(entry, china(5, 12))
        assert attempt(entry, china(6, 12))
        row = db.session.get(PeriodicRun, "tests.fault")
        assert (row.state, row.note) == ("failed", "KeyError")
        db.session.remove()
        assert attempt(entry, china(7, 12))


def test_threads_go_on_after_a_fault_and_end_when_told(app_sqlite, monkeypatch) -> None:
    seen: list[int] = []

    def work() -> None:
        seen.append(1)
        raise ValueError

    monkeypatch.setattr(periodic, "_registry", {"tests.often": Periodic("tests.often", Every(0.01), work)})
    stop = threading.Event()
    threads = periodic.start(app_sqlite, stop)
    deadline = time.monotonic() + 10
    while len(seen) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join(5)
    assert len(seen) >= 3
    assert not any(thread.is_alive() for thread in threads)


def test_nightly_verification_says_what_differs(app_db) -> None:
    from app.cli import nightly
    from app.kernel.actor import SYSTEM
    from app.persistence.context import acting_as

    with app_db.app_context(), acting_as(SYSTEM):
        assert nightly.verify() == "0 fault(s)"
        with db.engine.begin() as connection:
            if app_db.extensions["test_backend"] == "postgresql":
                connection.execute(sa.text("SET LOCAL ROLE NONE"))
            connection.execute(sa.text("UPDATE plan_task SET household_count = household_count + 1"))
        assert nightly.verify() != "0 fault(s)"
        assert "forgotten" in nightly.tidy()
        assert nightly.purge_imports().startswith("0 ")
