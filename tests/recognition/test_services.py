"""Recognitions from draft to the plan's state and back, on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.annual_plans.models import PlanTask
from app.attachments.owners import Refused
from app.attachments.services import copy_attachments
from app.audit.models import AuditEvent
from app.extensions import db
from app.inspections import upkeep
from app.kernel import calendar
from app.kernel.actor import SYSTEM
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation, StaleRow
from app.persistence.context import acting_as, current_actor
from app.persistence.engine import ensure_scope
from app.persistence.transitions import trace
from app.persistence.work import unit_of_work
from app.recognition import queries, services
from app.schemes import queries as scheme_queries
from app.schemes import services as schemes
from tests.areas.helpers import fresh, open_window
from tests.areas.test_concurrency import at_once
from tests.recognition.helpers import attach, documents, fill_finish, fill_start, get, plan_with_contents
from tests.schemes.test_services import item

AsUser = Callable[[str], Any]


@pytest.fixture
def folder(app_db: Flask, tmp_path: Path) -> Iterator[Path]:
    before, app_db.config["DATA_DIR"] = app_db.config["DATA_DIR"], str(tmp_path / "data")
    yield tmp_path
    app_db.config["DATA_DIR"] = before


def submitted_start(session: Any, folder: Path, plan_id: int) -> Any:
    start = services.begin(session, plan_id, "start")
    fill_start(session, folder, start, calendar.today().isoformat())
    return services.submit(session, start, start.version, confirmed=True)


def plan_now(plan_id: int) -> Any:
    with acting_as(SYSTEM):
        return fresh(PlanTask, plan_id)


def findings(action: Callable[[], Any]) -> list[str]:
    with pytest.raises(RuleViolation) as caught:
        action()
    return [finding.field or finding.rule for finding in caught.value.findings]


@pytest.mark.req("M1.6.7.1", "M1.6.7.2", "R14", "R15", "R19", "R25")
def test_from_not_started_to_finished_and_back(app_db: Flask, as_user: AsUser, folder: Path) -> None:
    heard: list[str] = []
    watchers = {
        services.on_started: lambda _s, plan: heard.append(f"started {plan.implementation_state}"),
        services.on_finished: lambda _s, plan: heard.append(f"finished {plan.implementation_state}"),
        services.on_reopened: lambda _s, plan: heard.append(f"reopened {plan.implementation_state}"),
    }
    for observers, watcher in watchers.items():
        observers.register(watcher)
    try:
        with app_db.app_context():
            open_window()
            _whole_life(as_user, folder, heard)
            db.session.remove()
    finally:
        for observers, watcher in watchers.items():
            observers.remove(watcher)


def _whole_life(as_user: AsUser, folder: Path, heard: list[str]) -> None:
    today = calendar.today().isoformat()
    with as_user("dingcheng"), unit_of_work() as session:
        plan_id = plan_with_contents(session).id
        start = services.begin(session, plan_id, "start")
        assert findings(lambda: services.begin(session, plan_id, "finish")) == ["R15"]
        start_id, again = start.id, services.begin(session, plan_id, "start").id
    assert start_id == again
    with as_user("dingcheng"), unit_of_work() as session:
        start = get(session, start_id)
        missing = findings(lambda: services.submit(session, start, start.version, confirmed=False))
        assert {"recognised_on", "recogniser_phone", "project_approval", "bid_notice", "construction_contract",
                "start_order", "items", "confirmed"} <= set(missing)  # fmt: skip
    with as_user("dingcheng"), unit_of_work() as session:
        fill_start(session, folder, get(session, start_id), today)
        start = get(session, start_id)
        services.submit(session, start, start.version, confirmed=True)
        with pytest.raises(NotAllowed):
            services.recognise(session, start, start.version, confirmed=True)
        assert session.get_one(PlanTask, plan_id).implementation_state == "not_started"
        with pytest.raises(Refused):
            copy_attachments(session, current_actor(), ("Recognition", start_id), ("Recognition", start_id))
    with as_user("dingcheng_review"), unit_of_work() as session:
        start = get(session, start_id)
        assert findings(lambda: services.recognise(session, start, start.version, confirmed=False)) == [
            "confirmed"
        ]
        services.recognise(session, start, start.version, confirmed=True)
    plan = plan_now(plan_id)
    assert (plan.implementation_state, plan.started_on) == ("started", calendar.today())
    with as_user("dingcheng"), unit_of_work() as session:
        finish = services.begin(session, plan_id, "finish")
        first = finish.items[0]
        assert (first.state, first.quantity1) == ("in_progress", 40)
        assert queries.photos_of(session, [first.id]) == {first.id: {"photo_before", "photo_during"}}
        early = (calendar.today() - dt.timedelta(days=1)).isoformat()
        fill_finish(session, folder, finish, early)
        missing = findings(lambda: services.submit(session, finish, finish.version, confirmed=True))
        assert missing == ["recognised_on"]
        services.save(session, finish, {"recognised_on": today}, {}, finish.version)
        finish_id = services.submit(session, finish, finish.version, confirmed=True).id
    with as_user("dingcheng_review"), unit_of_work() as session:
        finish = get(session, finish_id)
        services.recognise(session, finish, finish.version, confirmed=True)
    plan = plan_now(plan_id)
    assert (plan.implementation_state, plan.finished_on) == ("finished", calendar.today())
    with as_user("dingcheng_review"), unit_of_work() as session:
        start, finish = get(session, start_id), get(session, finish_id)
        assert findings(lambda: services.revoke(session, start, start.version, "认定有误")) == ["M1.6.7"]
        assert findings(lambda: services.revoke(session, finish, finish.version, " ")) == ["reason"]
    with as_user("dingcheng_review"), unit_of_work() as session:
        finish = get(session, finish_id)
        services.revoke(session, finish, finish.version, "竣工验收报告有误")
        start = get(session, start_id)
        assert session.get(PlanTask, plan_id).finished_on is None
        services.revoke(session, start, start.version, "并未开工")
    plan = plan_now(plan_id)
    assert (plan.implementation_state, plan.started_on, plan.finished_on) == ("not_started", None, None)
    assert heard == ["started started", "finished finished", "reopened started"]
    with acting_as(SYSTEM):
        session = db.session()
        steps = [step.action for step in trace(session, "PlanTask", plan_id)]
        assert steps == ["declare", "recognise_start", "recognise_finish", "revoke_finish", "revoke_start"]
        reasons = [step.note for step in trace(session, "PlanTask", plan_id)][-2:]
        assert reasons == ["竣工验收报告有误", "并未开工"]
        events = session.query(AuditEvent).filter_by(entity="Recognition", action="revoke").order_by(AuditEvent.id).all()
        assert [event.after["reason"] for event in events][-2:] == ["竣工验收报告有误", "并未开工"]
        assert upkeep.verify(session) == []
        with unit_of_work() as session:
            row = session.get_one(PlanTask, plan_id)
            row.implementation_state, row.city_inspected = "started", True
        assert len(upkeep.verify(session)) == 2


@pytest.mark.req("M1.6.7.1")
def test_return_mend_withdraw_discard(app_db: Flask, as_user: AsUser, folder: Path) -> None:
    with app_db.app_context():
        open_window()
        with as_user("dingcheng"), unit_of_work() as session:
            plan_id = plan_with_contents(session).id
            key = submitted_start(session, folder, plan_id).id
        with as_user("dingcheng_review"), unit_of_work() as session:
            start = get(session, key)
            services.send_back(session, start, start.version, "开工令看不清")
        with as_user("dingcheng"), unit_of_work() as session:
            start = get(session, key)
            assert (start.state, start.return_reason) == ("returned", "开工令看不清")
            with pytest.raises(StaleRow):
                services.submit(session, start, start.version - 1, confirmed=True)
            services.submit(session, start, start.version, confirmed=True)
            assert start.return_reason == ""
            services.withdraw(session, start, start.version)
            services.discard(session, start, start.version)
            assert services.begin(session, plan_id, "start").id != key
        with as_user("hanshou"), pytest.raises(OutOfScope):
            get(db.session(), key)
        with as_user("changde"), pytest.raises(NotAllowed):
            services.begin(db.session(), plan_id, "start")
        db.session.remove()


@pytest.mark.req("M1.6.7.2")
def test_contents_follow_the_scheme(app_db: Flask, as_user: AsUser, folder: Path) -> None:
    with app_db.app_context(), as_user("dingcheng"):
        open_window()
        with unit_of_work() as session:
            plan = plan_with_contents(session)
            start = services.begin(session, plan.id, "start")
            documents(session, folder, start)
            kept, dropped = start.items
            attach(session, folder, "RecognitionItem", kept.id, "photo_before")
            scheme = scheme_queries.scheme_of(session, "plan_task", plan.id)
            schemes.remove_items(session, scheme, [line.id for line in scheme.items])
            schemes.save_items(session, scheme, {item("GN-B03").id: ("5", "")})
            fields = findings(lambda: services.submit(session, start, start.version, confirmed=True))
            assert fields.count("items") == 2
            assert services.sync_items(session, get(session, start.id)) == [item("GN-B03").content]
            names = {one.content for one in get(session, start.id).items}
            assert names == {kept.content, item("GN-B03").content} and dropped.content not in names
        db.session.remove()


@pytest.mark.req("M1.6.7.1", "R19")
def test_two_reviewers_at_once(app_db: Flask, as_user: AsUser, folder: Path) -> None:
    """One presses 认定, the other 退回: one outcome, a clear message to the other."""
    with app_db.app_context():
        open_window()
        with as_user("dingcheng"), unit_of_work() as session:
            plan_id = plan_with_contents(session).id
            start = submitted_start(session, folder, plan_id)
            key, version = start.id, start.version
        db.session.remove()

    jobs = [
        lambda s: services.recognise(s, get(s, key), version, confirmed=True).state,
        lambda s: services.send_back(s, get(s, key), version, "退回").state,
    ]
    answers = at_once(app_db, "dingcheng_review", jobs)
    assert sorted(type(answer).__name__ for answer in answers) == ["StaleRow", "str"], answers
    with app_db.app_context(), acting_as(SYSTEM):
        state = fresh(PlanTask, plan_id).implementation_state
        steps = [step.action for step in trace(db.session(), "Recognition", key)]
        assert (state, steps[-1]) in [("started", "recognise"), ("not_started", "return")]
        assert len([step for step in steps if step in ("recognise", "return")]) == 1


@pytest.mark.req("R19", "M1.6.7.1")
def test_the_database_itself_refuses(app_db: Flask, as_user: AsUser) -> None:
    with app_db.app_context():
        open_window()
        with as_user("dingcheng"), unit_of_work() as session:
            plan_id = plan_with_contents(session).id
            key = services.begin(session, plan_id, "start").id
        with acting_as(SYSTEM):
            for change in (
                "recognised_by_id = 5, submitted_by_id = 5", "recognised_by_id = prepared_by_id",
                "state = 'recognised'", "state = 'revoked'", "kind = 'x'",
            ):  # fmt: skip
                with pytest.raises(RuleViolation), unit_of_work() as session:
                    ensure_scope(session)
                    session.execute(text(f"UPDATE recognition SET {change} WHERE id = :id"), {"id": key})
            columns = "plan_task_id, kind, county_code, state, created_at, updated_at"
            with pytest.raises(RuleViolation) as caught, unit_of_work() as session:
                ensure_scope(session)
                session.execute(
                    text(
                        f"INSERT INTO recognition ({columns}) SELECT {columns} FROM recognition WHERE id = :id"
                    ),
                    {"id": key},
                )
            assert "under way" in str(caught.value)
