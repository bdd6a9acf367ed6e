"""What the directory counts is kept until a record of the jurisdiction changes, and never longer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.annual_plans import services as annual_plans
from app.extensions import db
from app.kernel import calendar
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from app.web.counts import unchanged
from tests.areas.helpers import make_plan, make_reserve, open_window
from tests.conftest import actor_named

pytestmark = pytest.mark.req("M1.L", "R17")


@pytest.fixture
def counted(app_db: Flask) -> Callable[[str], bool]:
    """``counted("dingcheng")``: whether this person's list has to count anew."""

    def ask(username: str) -> bool:
        calls: list[int] = []
        with app_db.app_context(), acting_as(actor_named(username)):
            unchanged("plans", lambda: calls.append(1) or len(calls))
            db.session.remove()
        return bool(calls)

    return ask


def test_counted_once_and_again_after_a_change_in_the_jurisdiction(
    app_db: Flask, counted: Callable[[str], bool]
) -> None:
    everybody = ("dingcheng", "hanshou", "changde", "hunan", "guizhou")
    with app_db.app_context():
        open_window()
    assert all(map(counted, everybody)) and not any(map(counted, everybody))
    with app_db.app_context(), acting_as(actor_named("dingcheng")), unit_of_work() as session:
        plan = make_plan(session).id
    assert [counted(who) for who in everybody] == [True, False, True, True, False]

    def changed(work: Callable[[Any], Any], username: str = "dingcheng") -> bool:
        with app_db.app_context(), acting_as(actor_named(username)), unit_of_work() as session:
            work(session)
        db.session.remove()
        return counted("hunan")

    def edit(session: Any) -> None:
        found = annual_plans.get_plan(session, plan)
        annual_plans.update_plan(session, found, {"planned_start": "2026-05-01"}, found.version)

    def due(session: Any) -> None:
        found = annual_plans.get_plan(session, plan)
        found.start_due = dt.date(2020, 1, 1)
        session.flush()
        assert annual_plans.refresh_due_dates(session, [found]) == 1

    with app_db.app_context():
        assert changed(edit)
        assert changed(make_reserve)
        assert changed(due)
        assert changed(lambda session: annual_plans.delete_plans(session, [plan]))
        assert changed(lambda session: annual_plans.restore_plans(session, [plan]))
        assert not changed(lambda session: None)


def test_a_new_day_and_another_list_count_anew(
    app_db: Flask, counted: Callable[[str], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert counted("dingcheng") and not counted("dingcheng")
    tomorrow = calendar.today() + dt.timedelta(days=1)
    monkeypatch.setattr(calendar, "today", lambda: tomorrow)
    assert counted("dingcheng") and not counted("dingcheng")
    with app_db.app_context(), acting_as(actor_named("dingcheng")):
        assert unchanged("reserve", lambda: 5)[1] == 5
    with app_db.app_context(), acting_as(SYSTEM):
        answers = iter((1, 2))
        assert [unchanged("plans", lambda: next(answers))[1] for _ in range(2)] == [1, 2]
