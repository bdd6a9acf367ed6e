"""Jobs: asked for in a transaction, done once, taken up again after a crash."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.jobs import services
from app.jobs.models import Job
from app.persistence.context import current_actor
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work

pytestmark = pytest.mark.req("D2")
done: list[tuple[str, str]] = []


@services.job("tests.note")
def note(progress, text):
    progress(1, 2)
    done.append((text, current_actor().username))
    if text == "lost":
        raise sa.exc.OperationalError("SELECT 1", {}, Exception("server closed the connection unexpectedly"))
    if text == "fault":
        raise ValueError("no")
    progress(2)


@pytest.fixture(autouse=True)
def _clean(app_db):
    """Nothing waits but what the test asks for: the demo world leaves pictures to be worked on."""
    done.clear()
    with app_db.app_context(), db.engine.begin() as connection:
        connection.execute(sa.delete(Job.__table__))


def test_a_job_runs_once_and_tells_its_progress(session):
    with unit_of_work():
        number = services.enqueue(session, "tests.note", text="one")
    assert services.run_waiting() == 1
    assert not services.carry_out(number)
    job = session.get(Job, number)
    assert (job.state, job.progress, job.total, job.attempts) == ("done", 2, 2, 1)
    assert done == [("one", "system")]


def test_a_rolled_back_transaction_asks_for_nothing(session):
    with pytest.raises(RuntimeError), unit_of_work():
        services.enqueue(session, "tests.note", text="never")
        raise RuntimeError
    assert services.run_waiting() == 0


def test_a_job_acts_as_the_account_that_asked(app_db, as_user):
    with app_db.app_context(), as_user("dingcheng"):
        with unit_of_work() as session:
            services.enqueue(session, "tests.note", text="mine")
        services.run_waiting()
    assert done == [("mine", "dingcheng")]


def test_a_fault_is_recorded_and_ends_only_the_job(session):
    with unit_of_work():
        number = services.enqueue(session, "tests.note", text="fault")
    services.run_waiting()
    assert (session.get(Job, number).state, session.get(Job, number).error) == ("failed", "ValueError")


def test_a_job_whose_database_went_away_is_taken_up_again(session):
    with unit_of_work():
        number = services.enqueue(session, "tests.note", text="lost")
    services.run_waiting()
    assert session.get(Job, number).state == "running"


def test_a_job_left_by_a_killed_worker_is_taken_up_again(session):
    with unit_of_work():
        number = services.enqueue(session, "tests.note", text="again")
    assert services.take(number)
    assert services.waiting_jobs() == []
    silent = utcnow() - services.SILENT_AFTER - dt.timedelta(seconds=1)
    with db.engine.begin() as connection:
        connection.execute(sa.update(Job.__table__).where(Job.__table__.c.id == number).values(beat_at=silent))
    assert services.run_waiting() == 1
    assert done == [("again", "system")]


def test_a_job_that_takes_every_worker_down_is_called_failed(session):
    with unit_of_work():
        number = services.enqueue(session, "tests.note", text="deadly")
    silent = utcnow() - services.SILENT_AFTER - dt.timedelta(seconds=1)
    for _attempt in range(services.MOST_ATTEMPTS):
        assert services.take(number) and services.give_up() == 0
        with db.engine.begin() as connection:
            connection.execute(sa.update(Job.__table__).where(Job.__table__.c.id == number).values(beat_at=silent))
    assert services.run_waiting() == 0 and services.give_up() == 1
    assert (session.get(Job, number).state, session.get(Job, number).error) == ("failed", "WorkerLost")
