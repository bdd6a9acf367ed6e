"""Two people at the same moment on both databases: one outcome, a clear message to the other, one row."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from app.cli.verify import faults
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.calendar import Month
from app.kernel.errors import PortalError
from app.monthly_reports import queries, services
from app.monthly_reports.models import MonthlyReport
from app.persistence.context import acting_as
from app.persistence.transitions import trace
from app.persistence.work import again, unit_of_work
from app.works.queries import get_project
from tests.areas.helpers import fresh
from tests.conftest import actor_named
from tests.monthly_reports.helpers import MAY, make_world, on

Job = Callable[[Any], Any]
ROUNDS = 3


def at_once(app: Flask, *jobs: tuple[str, Job]) -> list[Any]:
    """Each person's job in a thread and transaction of its own, released together; answers."""
    with app.app_context():
        actors = {login: actor_named(login) for login, _job in jobs}
        db.session.remove()
    gate = threading.Barrier(len(jobs))

    def run(login: str, job: Job) -> Any:
        def attempt() -> Any:
            with unit_of_work() as session:
                return job(session)

        with app.app_context(), acting_as(actors[login]), on(2026, 9, 26):
            gate.wait(30)
            try:
                return again(attempt)
            except PortalError as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(lambda one: run(*one), jobs, timeout=120))


def step(action: Callable[..., Any], report_id: int, *args: Any, **more: Any) -> Job:
    return lambda session: action(session, queries.get_report(session, report_id), *args, **more).state


def begin(project_id: int, month: Month) -> Job:
    return lambda session: services.start_report(session, get_project(session, project_id), month).id


def one_wins(answers: list[Any]) -> Any:
    """The only answer that is no refusal; the refusal has a sentence for people."""
    won = [answer for answer in answers if not isinstance(answer, PortalError)]
    lost = [answer for answer in answers if isinstance(answer, PortalError)]
    assert len(won) == 1 and all(str(error.message) for error in lost), answers
    return won[0]


@pytest.fixture
def world(app_db: Flask) -> dict[str, int]:
    """A filled draft for May 2026."""
    with app_db.app_context(), on(2026, 5, 26):
        found = make_world(app_db)
        db.session.remove()
    return found


def state_of(report_id: int) -> str:
    return str(fresh(MonthlyReport, report_id).state)


@pytest.mark.req("M1.6.5.4", "R19")
def test_steps_that_exclude_each_other(app_db: Flask, world: dict[str, int]) -> None:
    report_id = world["report"]
    submit = ("dingcheng", step(services.submit, report_id, declared=True, accept_warnings=True))
    approve = ("dingcheng_review", step(services.approve, report_id, declared=True))
    back = ("dingcheng_review", step(services.give_back, report_id, "照片不清"))
    withdraw = ("dingcheng", step(services.withdraw, report_id))
    for other in (back, withdraw, back, withdraw):
        one_wins(at_once(app_db, submit, submit))
        state = one_wins(at_once(app_db, approve, other))
        with app_db.app_context(), acting_as(SYSTEM):
            assert state_of(report_id) == state
            steps = [one.to_state for one in trace(db.session(), "MonthlyReport", report_id)]
            assert steps[-1] == state and steps.count("approved") == (state == "approved")
            assert faults(db.session()) == []
            if state == "approved":
                correct = ("dingcheng", step(services.correct, report_id, "改"))
                second = one_wins(at_once(app_db, correct, correct))
                assert second == "draft"
                return


@pytest.mark.req("M1.6.5.2", "R18")
def test_the_same_month_is_begun_once(app_db: Flask, world: dict[str, int]) -> None:
    for number in range(ROUNDS):
        job = ("dingcheng", begin(world["project"], MAY + 1 + number))
        made = one_wins(at_once(app_db, job, job, job))
        with app_db.app_context(), acting_as(SYSTEM):
            reports = queries.reports_of_project(db.session(), world["project"])
            assert [one.id for one in reports if one.month == (MAY + 1 + number).first] == [made]


@pytest.mark.req("M1.6.5.2")
def test_two_people_fill_one_draft_and_nothing_is_lost(app_db: Flask, world: dict[str, int]) -> None:
    """Different fields saved at the same moment both stand; under the lock of a version one is told."""
    report_id = world["report"]
    one = ("dingcheng", step(services.save_report, report_id, {"cumulative_investment": "50"}))
    other = ("dingcheng", step(services.save_report, report_id, {"year_investment": "49"}))
    assert at_once(app_db, one, other) == ["draft", "draft"]
    with app_db.app_context(), acting_as(SYSTEM):
        report = fresh(MonthlyReport, report_id)
        assert (report.cumulative_investment, report.year_investment) == (50, 49)
        version = report.version
    locked = [("dingcheng", step(services.save_report, report_id, {"year_investment": str(n)}, version))
              for n in (41, 42)]  # fmt: skip
    one_wins(at_once(app_db, *locked))
