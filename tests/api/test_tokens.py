"""The API with a bearer token: the same checks as a session, and dead with the account's credentials."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.extensions import db
from tests.conftest import PASSWORD

pytestmark = pytest.mark.req("M1.1", "M1.4")
LOGIN, LIST = "/api/v1/security/login", "/api/v1/communities/"


def bearer(app: Flask, username: str, password: str = PASSWORD) -> Any:
    answer = app.test_client().post(LOGIN, json={"username": username, "password": password})
    assert answer.status_code == 200, answer.json
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


def test_a_token_reads_and_writes_without_a_csrf_token(app_db: Flask) -> None:
    head, client = bearer(app_db, "hanshou"), app_db.test_client()
    found = client.get(LIST, headers=head).json
    assert {row["county_code"] for row in found["result"]} == {"430722"}
    made = client.post(LIST, json={"name": "令牌小区"}, headers=head)
    assert made.status_code == 201, made.json
    assert made.json["result"]["county_code"] == "430722"
    foreign = client.get(f"{LIST}{made.json['id']}", headers=bearer(app_db, "dingcheng"))
    assert foreign.status_code == 404


@pytest.mark.parametrize("happens", ["active = false", "auth_version = auth_version + 1"])
def test_a_token_dies_with_the_account(app_db: Flask, happens: str) -> None:
    head, client = bearer(app_db, "hanshou"), app_db.test_client()
    assert client.get(LIST, headers=head).status_code == 200
    with app_db.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE ab_user SET {happens} WHERE username = 'hanshou'"))
    answer = client.get(LIST, headers=head)
    assert answer.status_code == 401
    assert answer.json["message"]


@pytest.mark.parametrize(
    "head", ["Bearer x.y.z", "Bearer ", "Bearer", "Basic aGE6aGE=", "Bearer " + "A" * 8000]
)
def test_what_is_no_token_is_nobody(app_sqlite: Flask, head: str) -> None:
    client = app_sqlite.test_client()
    assert client.get(LIST, headers={"Authorization": head}).status_code == 401
    assert client.post(LIST, json={"name": "甲"}, headers={"Authorization": head}).status_code in (400, 401)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        "x",
        {"username": 1, "password": 2},
        {"username": "dingcheng"},
        {"username": "a\x00", "password": "\ud800"},
    ],
)
def test_odd_sign_ins_are_refused(app_sqlite: Flask, payload: Any) -> None:
    answer = app_sqlite.test_client().post(LOGIN, json=payload)
    assert answer.status_code in (400, 401)


def test_wrong_passwords_are_recorded_and_lock(app_db: Flask) -> None:
    """Five wrong ones, and the right one is refused too: the same counting as on the page."""
    client = app_db.test_client()
    for _try in range(5):
        assert client.post(LOGIN, json={"username": "nayong", "password": "wrong"}).status_code == 401
    assert client.post(LOGIN, json={"username": "nayong", "password": PASSWORD}).status_code == 401
