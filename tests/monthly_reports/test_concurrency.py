"""Two people at the same moment on both databases: one outcome, a clear message to the other, one row."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.services import make_account
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
from tests.conftest import PASSWORD, actor_named, sign_in
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


# ── the same through the pages ──
Post = tuple[FlaskClient, str, dict[str, str]]


def notices(page: str) -> list[tuple[str, str]]:
    """(kind, words) of what a page says at its top."""
    found = re.findall(r'class="notice (\w+)[^"]*"[^>]*>(.*?)</div>', page, re.S)
    return [(kind, re.sub(r"<[^>]+>|\s+", "", words)) for kind, words in found]


def posted_at_once(app: Flask, *posts: Post) -> list[list[tuple[str, str]]]:
    """Each form sent in a thread of its own, released together; what the page says that each person ends on."""
    gate = threading.Barrier(len(posts))

    def run(client: FlaskClient, path: str, data: dict[str, str]) -> list[tuple[str, str]]:
        with on(2026, 9, 26):
            gate.wait(30)
            answer = client.post(path, data=data, follow_redirects=True)
            assert answer.status_code in (200, 422), answer.get_data(as_text=True)[:2000]
            return notices(answer.get_data(as_text=True))

    with ThreadPoolExecutor(len(posts)) as pool:
        return list(pool.map(lambda one: run(*one), posts, timeout=120))


@pytest.fixture
def reviewers(app_db: Flask) -> list[FlaskClient]:
    """Two reviewers of the county."""
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        make_account(session, "second", PASSWORD, ["county_reviewer"], name="审核员二", region_code="430703", must_change=False)
    return [sign_in(app_db.test_client(), name) for name in ("dingcheng_review", "second")]


@pytest.mark.req("M1.6.5.4", "R19", "R18")
def test_pages_tell_the_one_who_came_second(
    app_db: Flask, world: dict[str, int], reviewers: list[FlaskClient]
) -> None:
    """通过 and 退回 at once, 撤回 and 通过 at once, one month begun twice: one outcome, and the other reads it."""
    report_id = world["report"]
    clerk, decide = sign_in(app_db.test_client(), "dingcheng"), f"/reports/review/decide/{report_id}"

    def submitted() -> dict[str, str]:
        at_once(app_db, ("dingcheng", step(services.submit, report_id, declared=True, accept_warnings=True)))
        with app_db.app_context(), acting_as(SYSTEM):
            return {"version": str(fresh(MonthlyReport, report_id).version)}

    approve = {"outcome": "approve", "confirmed": "1"}
    back = (reviewers[1], decide, {"outcome": "return", "reason": "照片不清"})
    withdraw = (clerk, f"/reports/withdraw/{report_id}", {})
    for person, path, data in (back, withdraw, back, withdraw):
        form = submitted()
        told = posted_at_once(app_db, (reviewers[0], decide, {**form, **approve}), (person, path, {**form, **data}))
        with app_db.app_context(), acting_as(SYSTEM):
            state = state_of(report_id)
        assert state in ("approved", "returned", "draft")
        won, lost = told if state == "approved" else reversed(told)
        assert [kind for kind, _words in won if kind in ("ok", "bad")] == ["ok"], told
        assert any(kind == "bad" and len(words) > 12 for kind, words in lost), told
        if state == "approved":
            break
    month = {"at": f"{world['project']}.2026-08"}
    unit_and_county = [sign_in(app_db.test_client(), name) for name in ("dingcheng", "dingcheng")]
    told = posted_at_once(app_db, *((one, "/reports/begin", month) for one in unit_and_county))
    assert sorted(any("已由" in words for _kind, words in one) for one in told) == [False, True], told
    with app_db.app_context(), acting_as(SYSTEM):
        begun = [one for one in queries.reports_of_project(db.session(), world["project"]) if one.month.month == 8]
        assert len(begun) == 1
        assert faults(db.session()) == []
