"""Cache: no statement while fresh, new data at once after an own commit, none that was rolled back."""

from __future__ import annotations

from flask import Flask
from sqlalchemy.orm import Session

from app.kernel.actor import SYSTEM
from app.regions import services
from app.regions.cache import CHECK_SECONDS, RegionCache, current


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_no_statement_while_fresh(session: Session, statements: list[str]) -> None:
    clock = Clock()
    cache = RegionCache(clock=clock)
    first = cache.get(session)
    assert len(statements) == 7
    assert cache.get(session) is first and len(statements) == 7
    clock.now += CHECK_SECONDS + 1
    assert cache.get(session) is first and len(statements) == 8


def test_own_commit_is_seen_at_once(session: Session) -> None:
    cache = RegionCache(clock=Clock())
    assert cache.get(session).name("430703") == "鼎城区"
    services.save_region(session, SYSTEM, "430703", {"name": "鼎城新区"})
    assert cache.get(session).name("430703") == "鼎城区"
    session.commit()
    assert cache.get(session).name("430703") == "鼎城新区"


def test_a_write_elsewhere_is_seen_after_the_interval(session: Session) -> None:
    clock = Clock()
    cache = RegionCache(clock=clock)
    cache.get(session)
    services.save_region(session, SYSTEM, "430703", {"name": "鼎城新区"})
    session.info.clear()
    session.commit()
    assert cache.get(session).name("430703") == "鼎城区"
    clock.now += CHECK_SECONDS + 1
    assert cache.get(session).name("430703") == "鼎城新区"


def test_data_that_was_rolled_back_does_not_stay(session: Session) -> None:
    clock = Clock()
    cache = RegionCache(clock=clock)
    services.save_region(session, SYSTEM, "430703", {"name": "鼎城新区"})
    session.flush()
    assert cache.get(session).name("430703") == "鼎城新区"
    session.rollback()
    clock.now += CHECK_SECONDS + 1
    assert cache.get(session).name("430703") == "鼎城区"


def test_each_application_keeps_its_own_snapshot(session: Session) -> None:
    held = []
    for name in ("one", "two"):
        with Flask(name).app_context():
            held.append(current(session))
            assert current(session) is held[-1]
    assert held[0] is not held[1] and held[0].version == held[1].version
