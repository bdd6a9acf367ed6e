"""Drafts: one a person and form, limited in size, gone when old."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.web import drafts, submissions
from app.web.models import FormDraft, FormSubmission

VALUES = {"name": "兰苑新区", "kinds": ["a", "b"]}


@pytest.mark.req("M1.4.1", "D1")
def test_drafts_belong_to_a_person(signed_in: Callable[[str], FlaskClient]) -> None:
    mine, other = signed_in("dingcheng"), signed_in("hanshou")
    assert mine.post("/drafts/community-new", json={"values": VALUES}).status_code == 200
    assert mine.post("/drafts/community-new", json={"values": {"name": "改了"}}).status_code == 200
    kept = mine.get("/drafts/community-new")
    assert kept.get_json()["values"] == {"name": "改了"} and kept.get_json()["saved_at"].endswith("+00:00")
    assert other.get("/drafts/community-new").status_code == 204
    assert other.delete("/drafts/community-new").status_code == 204
    assert mine.get("/drafts/community-new").status_code == 200
    assert mine.delete("/drafts/community-new").status_code == 204
    assert mine.get("/drafts/community-new").status_code == 204


@pytest.mark.req("D1")
@pytest.mark.parametrize(
    ("key", "body", "status"),
    [
        ("community-new", [1], 400),
        ("community-new", {"values": "x"}, 400),
        ("community-new", {"values": {"a": 1}}, 400),
        ("community-new", {"values": {"a": ["x", 1]}}, 400),
        ("community-new", {"values": {"a": "\x00"}}, 400),
        ("community-new", {"values": {"a": "x" * 70_000}}, 413),
        ("community-new", {"values": {f"f{n}": "" for n in range(601)}}, 400),
        ("Community", {"values": VALUES}, 404),
        ("a" * 121, {"values": VALUES}, 404),
    ],
)
def test_what_is_no_draft_is_refused(
    signed_in: Callable[[str], FlaskClient], key: str, body: object, status: int
) -> None:
    client = signed_in("dingcheng")
    assert client.post(f"/drafts/{key}", json=body).status_code == status
    assert client.get("/drafts/community-new").status_code == 204


@pytest.mark.req("D1")
def test_without_a_session_or_token_nothing_is_kept(
    client: FlaskClient, signed_in: Callable[[str], FlaskClient]
) -> None:
    assert client.get("/drafts/community-new").status_code in (302, 401)
    assert client.post("/drafts/community-new", json={"values": VALUES}).status_code in (302, 400, 401)
    mine = signed_in("dingcheng")
    mine.environ_base.pop("HTTP_X_CSRFTOKEN")
    assert mine.post("/drafts/community-new", json={"values": VALUES}).status_code == 400


@pytest.mark.req("D1")
def test_old_drafts_and_surplus_ones_go(app_db: Flask, as_user: Callable[[str], object]) -> None:
    with app_db.app_context(), acting_as(SYSTEM):
        user_id = db.session.query(FormDraft).count() + 3
        with unit_of_work() as session:
            for number in range(drafts.MOST_DRAFTS + 5):
                drafts.keep(session, user_id, f"form-{number}", VALUES)
        assert db.session.query(FormDraft).count() == drafts.MOST_DRAFTS
        assert drafts.get(db.session(), user_id, "form-0") is None
        with unit_of_work() as session:
            session.add(
                FormDraft(
                    user_id=user_id, form_key="ancient", data={}, saved_at=utcnow() - dt.timedelta(days=91)
                )
            )
            old = utcnow() - dt.timedelta(days=8)
            session.add(FormSubmission(token="0" * 32, user_id=user_id, outcome="/", received_at=old))
            session.add(FormSubmission(token="1" * 32, user_id=user_id, outcome="/", received_at=utcnow()))
        with unit_of_work() as session:
            assert (drafts.forget_old(session), submissions.forget_old(session)) == (1, 1)
        db.session.remove()


@pytest.mark.req("M1.4.3")
def test_the_daily_command(app_sqlite: Flask) -> None:
    answer = app_sqlite.test_cli_runner().invoke(args=["portal", "tidy"])
    assert answer.exit_code == 0 and "0 communities erased" in answer.output
