"""Many at once on both databases: no lost update, one winner, no deadlock, unique codes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from app.annual_plans import services as annual_plans
from app.annual_plans.models import PlanTask
from app.cli.verify import faults
from app.communities.models import Community
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.errors import RuleViolation, StaleRow
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from app.reserve import services as reserve
from tests.areas.helpers import fresh, make_community, make_plan, make_reserve, open_window
from tests.conftest import actor_named

EDITORS = 20


def at_once(app: Flask, username: str, jobs: list[Callable[[Any], Any]]) -> list[Any]:
    """Every job in a thread and transaction of its own, all released together; answers or refusals."""
    with app.app_context():
        actor = actor_named(username)
        db.session.remove()
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[Any], Any]) -> Any:
        with app.app_context(), acting_as(actor):
            gate.wait(30)
            try:
                with unit_of_work() as session:
                    return job(session)
            except (RuleViolation, StaleRow) as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs, timeout=120))


@pytest.fixture
def world(app_db: Flask, as_user: Callable[[str], Any]) -> dict[str, Any]:
    """A plan task that holds a reserve project of ten communities and ten of its own."""
    with app_db.app_context():
        open_window()
        with as_user("dingcheng"), unit_of_work() as session:
            ids = [make_community(session, f"并发{n:02d}").id for n in range(EDITORS)]
            project, plan, other = make_reserve(session), make_plan(session), make_plan(session, "另一计划")
            reserve.link(session, project, ids[::2])
            annual_plans.link(session, plan, ids[1::2], [project.id])
            found = {"communities": ids, "reserve": project.id, "plan": plan.id, "other": other.id}
        db.session.remove()
    return found


def _edit(community_id: int, households: int) -> Callable[[Any], Any]:
    def job(session: Any) -> None:
        session.get(Community, community_id).household_count = households

    return job


@pytest.mark.req("R07", "M1.4.4")
def test_twenty_editors_lose_no_update(app_db: Flask, world: dict[str, Any]) -> None:
    jobs = [_edit(key, 100 + n) for n, key in enumerate(world["communities"])]
    assert at_once(app_db, "dingcheng", jobs) == [None] * EDITORS
    with app_db.app_context(), acting_as(SYSTEM):
        assert fresh(PlanTask, world["plan"]).household_count == sum(100 + n for n in range(EDITORS))
        assert faults(db.session()) == []


@pytest.mark.req("R07", "M1.6.1", "M1.6.2")
def test_editors_and_linkers_never_deadlock(app_db: Flask, world: dict[str, Any]) -> None:
    """Edits, unlinking, linking elsewhere and renaming of the same rows, all at the same moment."""
    ids = world["communities"]

    def relink(session: Any) -> None:
        plan = annual_plans.get_plan(session, world["plan"])
        annual_plans.unlink(session, plan, communities=None, reserves=[world["reserve"]])
        annual_plans.link(
            session, annual_plans.get_plan(session, world["other"]), ids[1::2], [world["reserve"]]
        )

    def rename(session: Any) -> None:
        plan = annual_plans.get_plan(session, world["other"])
        annual_plans.update_plan(session, plan, {"name": "新名"}, plan.version)

    def shrink(session: Any) -> None:
        reserve.unlink(session, reserve.get_reserve(session, world["reserve"]), ids[:6:2])

    jobs = [*(_edit(key, 50 + n) for n, key in enumerate(ids)), relink, rename, shrink]
    answers = at_once(app_db, "dingcheng", jobs)
    assert not any(isinstance(answer, Exception) for answer in answers)
    with app_db.app_context(), acting_as(SYSTEM):
        moved = [n for n in range(EDITORS) if n % 2 or n > 5]
        assert fresh(PlanTask, world["other"]).household_count == sum(50 + n for n in moved)
        assert fresh(PlanTask, world["plan"]).household_count == 0
        assert fresh(Community, ids[1]).place_label == "新名"
        assert faults(db.session()) == []


@pytest.mark.req("M1.5.1l", "M1.6.1")
def test_two_clerks_link_one_community_and_one_wins(app_db: Flask, world: dict[str, Any]) -> None:
    with app_db.app_context(), acting_as(actor_named("dingcheng")):
        with unit_of_work() as session:
            wanted = make_community(session, "争抢").id
        db.session.remove()

    def to_plan(session: Any) -> str:
        annual_plans.link(session, annual_plans.get_plan(session, world["other"]), [wanted])
        return "plan"

    def to_reserve(session: Any) -> str:
        reserve.link(session, reserve.get_reserve(session, world["reserve"]), [wanted])
        return "reserve"

    answers = at_once(app_db, "dingcheng", [to_plan, to_reserve, to_plan, to_reserve])
    winners = {answer for answer in answers if isinstance(answer, str)}
    refused = [answer for answer in answers if isinstance(answer, RuleViolation)]
    assert len(winners) == 1 and len(refused) == 2
    holder = {"plan": "另一计划", "reserve": "测试储备项目"}[winners.pop()]
    assert {r.message.values["holder"] for r in refused} == {holder}
    assert all("鼎城区" in r.message.values["who"] for r in refused)


@pytest.mark.req("M1.6.c")
def test_codes_are_unique_under_concurrency(app_db: Flask, world: dict[str, Any]) -> None:
    codes = at_once(app_db, "dingcheng", [lambda s: make_plan(s, "抢号").code] * EDITORS)
    assert len(set(codes)) == EDITORS
    assert {code[:6] for code in codes} == {"430703"} and {len(code) for code in codes} == {17}
