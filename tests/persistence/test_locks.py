"""One order of locks for whoever writes communities; a victim of the database is carried out anew."""

from __future__ import annotations

import threading

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask, request
from sqlalchemy.exc import OperationalError

from app.communities.models import Community
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.errors import Busy
from app.persistence.context import acting_as
from app.persistence.locks import lock_counties
from app.persistence.work import TryAgain, again, unit_of_work
from app.web import replay

pytestmark = pytest.mark.req("R07", "M1.4.4")


def victim() -> OperationalError:
    return OperationalError("UPDATE", {}, psycopg.errors.DeadlockDetected("deadlock detected"))


def test_writing_communities_takes_their_counties_first_and_in_order(app_db, query_counter):
    with app_db.app_context(), acting_as(SYSTEM), query_counter() as sql, unit_of_work() as session:
        rows = session.scalars(sa.select(Community).order_by(Community.county_code.desc())).all()
        counties = {row.county_code for row in rows}
        for row in rows:
            row.household_count = 77
        session.flush()
        assert session.info["counties_locked"] == counties and len(counties) > 1
    writes = [one for one in sql if one.startswith(("INSERT", "UPDATE"))]
    assert "county_lock" in writes[0] and "UPDATE community" in writes[1]
    with app_db.app_context():
        assert "counties_locked" not in db.session().info


def test_a_lock_lost_with_its_savepoint_is_taken_again(app_db, query_counter):
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        with pytest.raises(LookupError), session.begin_nested():
            lock_counties(session, ["430703"])
            raise LookupError
        with query_counter() as sql:
            lock_counties(session, ["430703", "430722"])
            lock_counties(session, ["430722"])
    assert len([one for one in sql if "county_lock" in one]) == 1


def test_a_second_writer_of_the_county_waits(app_db):
    """Whoever holds the county is waited for, on both databases; nobody is refused."""
    held, release, done = threading.Event(), threading.Event(), []

    def first() -> None:
        with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
            lock_counties(session, ["430703"])
            held.set()
            release.wait(20)
            done.append("first")

    def second() -> None:
        held.wait(20)
        with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
            lock_counties(session, ["430703"])
            done.append("second")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for one in threads:
        one.start()
    held.wait(20)
    threads[1].join(0.3)
    assert threads[1].is_alive() and not done
    release.set()
    for one in threads:
        one.join(20)
    assert done == ["first", "second"]


def test_a_victim_is_carried_out_anew_and_at_last_told(app_sqlite):
    tries: list[int] = []

    def attempt(winning: int) -> str:
        tries.append(1)
        with unit_of_work():
            if len(tries) < winning:
                raise victim()
        return "saved"

    with app_sqlite.app_context(), acting_as(SYSTEM):
        assert again(lambda: attempt(3)) == "saved" and len(tries) == 3
        tries.clear()
        with pytest.raises(Busy, match="Nothing was saved"):
            again(lambda: attempt(99))
        assert len(tries) == 4
        with pytest.raises(Busy):
            attempt(999)


def test_what_was_committed_is_never_repeated(app_sqlite):
    tries: list[int] = []

    def attempt() -> None:
        tries.append(1)
        with unit_of_work():
            pass
        with unit_of_work():
            raise victim()

    with app_sqlite.app_context(), acting_as(SYSTEM), pytest.raises(Busy):
        again(attempt)
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("kind", "tries"), [("application/x-www-form-urlencoded", 2), ("application/octet-stream", 1)]
)
def test_a_request_is_repeated_when_its_body_can_be_read_twice(kind: str, tries: int):
    app, seen = Flask(__name__), []

    @app.post("/save")
    def save() -> str:
        seen.append(request.form.get("name") or request.get_data(as_text=True))
        if len(seen) == 1 and tries == 2:
            raise TryAgain
        return seen[-1]

    replay.install(app)
    answer = app.test_client().post("/save", data="name=x", content_type=kind)
    assert answer.status_code == 200 and len(seen) == tries
    assert seen[-1] in ("x", "name=x")
