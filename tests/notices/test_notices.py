"""Notices are sent once, settle by themselves, and are nobody else's business; reminders repeat without harm."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from flask import current_app

from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.errors import OutOfScope
from app.notices import queries, reminders, services, todo, watching
from app.notices.models import Notice
from app.notifications.models import SmsMessage
from app.persistence.context import acting_as
from app.regions.models import ProvinceProfile
from tests.conftest import actor_named
from tests.evidence.helpers import make_report, plans_of

pytestmark = pytest.mark.req("N3.3l", "M1.6.5.4")


@pytest.fixture
def opened(reading_app: Any) -> Any:
    with reading_app.app_context(), acting_as(SYSTEM):
        session = db.session()
        session.execute(sa.text("DELETE FROM notice"))
        yield session
        session.rollback()


def mine(session: Any, username: str) -> list[Notice]:
    who = actor_named(username).user_id
    return list(session.scalars(sa.select(Notice).where(Notice.user_id == who).order_by(Notice.id)))


def hand_in(session: Any, report: Any) -> None:
    report.state, report.progress = "submitted", "under_way"
    report.cumulative_investment = report.year_investment = 1
    report.submitted_at, report.submitted_by_id = dt.datetime.now(dt.UTC), actor_named("dingcheng").user_id
    session.flush()
    watching.report_submitted(session, report)


def test_a_report_tells_the_reviewer_and_its_return_the_filler(opened: Any) -> None:
    report = make_report(opened, plans_of(opened, "430703")[0], dt.date(2020, 6, 1))
    hand_in(opened, report)
    (waiting,) = mine(opened, "dingcheng_review")
    assert waiting.kind == "report_waiting" and waiting.link == f"/reports/review/show/{report.id}"
    assert not mine(opened, "hanshou")
    report.state, report.return_reason = "returned", "缺照片"
    opened.flush()
    watching.report_returned(opened, report)
    opened.expire_all()
    assert waiting.done_at is not None
    (returned,) = mine(opened, "dingcheng")
    assert returned.kind == "report_returned" and returned.values["reason"] == "缺照片" and returned.done_at is None
    hand_in(opened, report)
    opened.expire_all()
    assert returned.done_at is not None
    assert [row.done_at is None for row in mine(opened, "dingcheng_review")] == [False, True]
    watching.report_withdrawn(opened, report)
    opened.expire_all()
    assert all(row.done_at for row in mine(opened, "dingcheng_review"))


def test_a_mark_is_told_once_and_never_to_who_acts(opened: Any) -> None:
    editor, reviewer = actor_named("dingcheng"), actor_named("dingcheng_review")
    with acting_as(editor):
        for _again in range(2):
            services.send(opened, [editor.user_id, reviewer.user_id, None], "incomplete", "x", {"number": 1})
    assert len(mine(opened, "dingcheng_review")) == 1 and not mine(opened, "dingcheng")
    (notice,) = mine(opened, "dingcheng_review")
    with acting_as(editor), pytest.raises(OutOfScope):
        services.read(opened, notice.id)
    unread = sa.select(queries.unread_of(reviewer.user_id))
    assert opened.scalar(unread) == 1
    with acting_as(reviewer):
        assert services.read(opened, notice.id).read_at is not None
        assert services.read_all(opened) == 0
    assert opened.scalar(unread) == 0


def test_urgent_ones_go_out_by_sms_where_the_province_wants_it(opened: Any) -> None:
    editor = actor_named("dingcheng")
    opened.execute(sa.text("UPDATE ab_user SET phone = '13800000000' WHERE username = 'dingcheng'"))

    def queued() -> int:
        return opened.scalar(sa.select(sa.func.count()).select_from(SmsMessage))

    values = {"month": "2026-06", "due": "2026-07-01", "number": 1}
    services.send(opened, [editor.user_id], "report_due", "a", values, county_code="430703")
    assert queued() == 0
    opened.get(ProvinceProfile, "430000").notify_by_sms = True
    opened.flush()
    current_app.extensions.pop("portal_regions")
    services.send(opened, [editor.user_id], "report_due", "b", values, county_code="430703")
    services.send(opened, [editor.user_id], "report_due", "b", values, county_code="430703")
    services.send(opened, [editor.user_id], "report_fill", "c", values, county_code="430703")
    assert queued() == 1
    current_app.extensions.pop("portal_regions")


def test_reminders_may_be_sent_as_often_as_wanted(opened: Any) -> None:
    plan = plans_of(opened, "430703")[0]
    report = make_report(opened, plan, dt.date(2020, 6, 1))
    entered = sa.text("UPDATE works_project SET created_at = '2020-05-02' WHERE id = :id")
    opened.execute(entered, {"id": report.works_project_id})
    month, due, late = reminders.Month.at(2020, 6), dt.date(2020, 7, 1), dt.date(2020, 7, 2)
    assert reminders.owing(opened, month) == {"430703": {plan.id}}
    units = reminders.units_of(opened, {plan.id})
    assert list(units.values()) == [{plan.id}] and list(units) == [actor_named("yuxia").user_id]
    assert reminders.remind(opened, due) == 2
    assert reminders.remind(opened, due) == 0
    assert reminders.remind(opened, late) == 2
    opened.expire_all()
    first, second = mine(opened, "dingcheng")
    assert (first.kind, second.kind) == ("report_due", "report_overdue")
    assert first.done_at is not None and second.done_at is None
    hand_in(opened, report)
    assert reminders.owing(opened, month) == {}
    assert reminders.remind(opened, dt.date(2020, 7, 3)) == 0


def test_deadlines_and_incomplete_communities_are_reminded_of_weekly(opened: Any) -> None:
    assert reminders.remind(opened, dt.date(2026, 6, 22)) > 0
    assert {"plans_due"} <= {row.kind for row in mine(opened, "dingcheng")}
    assert reminders.remind(opened, dt.date(2026, 6, 23)) == 0


def test_todo_is_counted_in_one_statement(opened: Any, query_counter: Any) -> None:
    with acting_as(actor_named("dingcheng_review")), current_app.test_request_context():
        before = {item.key: item.number for item in todo.of_actor(opened)}
    report = make_report(opened, plans_of(opened, "430703")[0], dt.date(2020, 6, 1))
    hand_in(opened, report)
    with current_app.test_request_context():
        for name in ("dingcheng", "dingcheng_review", "changde", "hunan"):
            with acting_as(actor_named(name)), query_counter() as sql:
                found = {item.key: item.number for item in todo.of_actor(opened)}
            assert len([text for text in sql if "monthly_report" in text or "plan_task" in text]) == 1, name
            assert (found.get("waiting") == before["waiting"] + 1) is (name == "dingcheng_review"), name
        with acting_as(actor_named("sysadmin")):
            assert todo.of_actor(opened) == []
