"""Signing in: lock-out, records, sessions, addresses, tokens; on both databases."""

from __future__ import annotations

import threading
import time

import pyotp
import pytest
from flask import Flask

from app import create_app
from app.accounts import signing
from app.accounts.rules import OUTCOMES
from app.extensions import db
from tests.accounts.conftest import try_sign_in
from tests.conftest import PASSWORD, csrf_of, sign_in

pytestmark = pytest.mark.req("M1.1")


def test_wrong_parts_are_not_told_apart(client, sql) -> None:
    pages = [
        try_sign_in(client, name, password).get_data(as_text=True)
        for name, password in (("hanshou", "wrong"), ("nobody_here", "wrong"), ("hanshou", ""), ("", ""))
    ]
    assert all("账号或密码错误，或者账号已锁定、停用。" in page for page in pages)
    outcomes = [row[0] for row in sql("SELECT outcome FROM sign_in_record ORDER BY id")]
    assert outcomes == ["wrong_password", "unknown", "wrong_password", "unknown"]
    assert set(outcomes) <= set(OUTCOMES)


def test_lockout_after_five_and_its_end(client, sql) -> None:
    for _n in range(5):
        assert try_sign_in(client, "hanshou", "wrong").status_code == 401
    assert try_sign_in(client, "hanshou").status_code == 401
    assert sql("SELECT outcome FROM sign_in_record ORDER BY id DESC LIMIT 1")[0][0] == "locked"
    failed, until = sql("SELECT failed_count, locked_until FROM ab_user WHERE username = 'hanshou'")[0]
    assert failed == 5
    assert until is not None
    sql("UPDATE ab_user SET locked_until = '2020-01-01 00:00:00' WHERE username = 'hanshou'")
    assert try_sign_in(client, "hanshou").status_code == 302
    assert tuple(sql("SELECT failed_count, locked_until FROM ab_user WHERE username = 'hanshou'")[0]) == (
        0,
        None,
    )


def test_a_right_password_forgets_the_wrong_ones(client, sql) -> None:
    for _n in range(4):
        try_sign_in(client, "hanshou", "wrong")
    assert try_sign_in(client, "hanshou").status_code == 302
    assert sql("SELECT failed_count FROM ab_user WHERE username = 'hanshou'")[0][0] == 0


def test_guesses_that_arrive_together_are_counted_each(app_db: Flask, sql, user_id) -> None:
    """Twelve guesses at once: no more than five passwords are looked at, wherever they run."""
    number, judged, faults = user_id("hanshou"), [], []
    barrier = threading.Barrier(12)

    def guess() -> None:
        try:
            with app_db.app_context():
                barrier.wait()
                judged.append(signing.attempt(db.session(), "hanshou", "wrong").outcome)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=guess) for _n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert sorted(judged) == ["locked"] * 7 + ["wrong_password"] * 5
    assert sql("SELECT failed_count FROM ab_user WHERE id = :i", i=number)[0][0] == 5


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_next_leads_nowhere_else(client, target: str) -> None:
    answer = try_sign_in(client, "hanshou", target=f"/login/?next={target}")
    assert answer.status_code == 302
    assert answer.location == "/"


def test_next_leads_back(client) -> None:
    asked = client.get("/communities/list/?page=2")
    assert asked.status_code == 302
    assert asked.location == "/login/?next=/communities/list/%3Fpage%3D2"
    assert try_sign_in(client, "hanshou", target=asked.location).location == "/communities/list/?page=2"


def test_sign_out_is_post_only_and_kills_the_cookie(app_db: Flask) -> None:
    client = sign_in(app_db.test_client(), "hanshou")
    assert client.get("/logout/").status_code == 405
    cookie = client.get_cookie("portal")
    assert client.get("/profile/").status_code == 200
    assert client.post("/logout/").status_code == 302
    thief = app_db.test_client()
    thief.set_cookie("portal", cookie.value)
    assert thief.get("/profile/").status_code == 302
    assert thief.get("/session/", headers={"X-Requested-With": "fetch"}).status_code == 401


def test_signing_in_again_ends_the_former_session(app_db: Flask) -> None:
    client = sign_in(app_db.test_client(), "hanshou")
    former = client.get_cookie("portal").value
    fresh = app_db.test_client()
    fresh.set_cookie("portal", former)
    page = fresh.get("/profile/").get_data(as_text=True)
    answer = fresh.post(
        "/login/", data={"username": "dingcheng", "password": PASSWORD, "csrf_token": csrf_of(page)}
    )
    assert answer.status_code == 302
    assert client.get("/profile/").status_code == 302


def test_scripts_get_401_with_the_header(client) -> None:
    for headers in ({"X-Requested-With": "fetch"}, {"HX-Request": "true"}, {"Accept": "application/json"}):
        answer = client.get("/communities/list/", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["X-Login-Required"] == "1"
    with client.get("/static/js/portal.js") as script:
        assert script.status_code == 200


def test_sign_in_records_cannot_be_changed(client, app_db: Flask, sql) -> None:
    try_sign_in(client, "hanshou", "wrong")
    for statement in ("UPDATE sign_in_record SET outcome = 'success'", "DELETE FROM sign_in_record"):
        with pytest.raises(Exception, match=r"append-only|permission denied"):
            sql(statement)
    assert sql("SELECT outcome FROM sign_in_record")[0][0] == "wrong_password"


def test_records_belong_to_the_audit_administrator(client, signed_in) -> None:
    try_sign_in(client, "hanshou", "wrong")
    auditor = signed_in("auditadmin")
    page = auditor.get("/sign-in-records/list/?outcome=wrong_password").get_data(as_text=True)
    assert "hanshou" in page
    assert "密码错误" in page
    with auditor.post("/sign-in-records/export/", data={"range": "all"}) as book:
        assert book.status_code == 200
        assert book.data[:2] == b"PK"
    for other in ("sysadmin", "secadmin", "hunan"):
        assert signed_in(other).get("/sign-in-records/list/").status_code == 403


def test_the_rate_limit_answers_429(app_sqlite: Flask) -> None:
    app = create_app(
        {
            "SQLALCHEMY_DATABASE_URI": app_sqlite.config["SQLALCHEMY_DATABASE_URI"],
            "TESTING": True,
            "AUTH_RATE_LIMIT": "3 per minute",
        }
    )
    client = app.test_client()
    answers = [try_sign_in(client, "nobody_here", "x").status_code for _n in range(4)]
    assert answers == [401, 401, 401, 429]
    assert try_sign_in(client, "somebody_else", "x").status_code == 401
    api = [
        client.post("/api/v1/security/login", json={"username": "nobody_there", "password": "x"}).status_code
        for _n in range(4)
    ]
    assert api == [401, 401, 401, 429]


# ── second factor ──
def _with_factor(app: Flask, name: str) -> tuple[object, str, list[str]]:
    client = sign_in(app.test_client(), name)
    page = client.get("/profile/second-factor/").get_data(as_text=True)
    secret = page.split("data-secret>")[1].split("<")[0].replace(" ", "")
    assert "data:image/svg+xml" in page
    answer = client.post("/profile/second-factor/", data={"otp": "000000"})
    assert answer.status_code == 422
    answer = client.post("/profile/second-factor/", data={"otp": pyotp.TOTP(secret).at(time.time() - 30)})
    assert answer.status_code == 200
    html = answer.get_data(as_text=True)
    return client, secret, [part.split("<")[0] for part in html.split("<li><code>")[1:]]


def test_second_factor_replay_and_recovery(app_db: Flask, sql) -> None:
    _client, secret, codes = _with_factor(app_db, "hunan")
    assert len(codes) == 10
    stored = sql("SELECT recovery_codes FROM ab_user WHERE username = 'hunan'")[0][0]
    assert codes[0] not in str(stored)
    code = pyotp.TOTP(secret).now()

    def sign(otp: str) -> int:
        client = app_db.test_client()
        page = try_sign_in(client, "hunan")
        assert page.status_code == 200
        assert client.get("/profile/").status_code == 302, "half signed in is not signed in"
        page = try_sign_in(client, "hunan")
        token = csrf_of(page.get_data(as_text=True))
        return client.post("/login/", data={"otp": otp, "csrf_token": token}).status_code

    assert sign(code) == 302
    assert sign(code) == 401, "a code works once"
    assert sign(codes[0]) == 302
    assert sign(codes[0]) == 401, "a recovery code works once"
    outcomes = {row[0] for row in sql("SELECT outcome FROM sign_in_record WHERE username = 'hunan'")}
    assert {"second_step", "success", "wrong_code"} <= outcomes
    audit = sql("SELECT before, after FROM audit_event WHERE entity = 'Account'")
    assert secret not in str(audit)


def test_wrong_codes_lock_the_account(app_db: Flask, sql) -> None:
    _with_factor(app_db, "hunan")
    for _n in range(5):
        client = app_db.test_client()
        token = csrf_of(try_sign_in(client, "hunan").get_data(as_text=True))
        assert client.post("/login/", data={"otp": "000000", "csrf_token": token}).status_code == 401
    assert try_sign_in(app_db.test_client(), "hunan").status_code == 401
    assert sql("SELECT failed_count FROM ab_user WHERE username = 'hunan'")[0][0] == 5


def test_production_asks_for_the_second_factor(app_db: Flask) -> None:
    app_db.config["PRODUCTION"] = True
    try:
        client = app_db.test_client()
        assert try_sign_in(client, "sysadmin").status_code == 302
        assert client.get("/accounts/list/").location == "/profile/second-factor/"
        assert client.get("/profile/second-factor/").status_code == 200
        county = app_db.test_client()
        try_sign_in(county, "hanshou")
        assert county.get("/communities/list/").status_code == 200
    finally:
        app_db.config["PRODUCTION"] = False


# ── tokens of the API ──
def _token(app: Flask, name: str, **more: object) -> dict[str, str]:
    answer = app.test_client().post(
        "/api/v1/security/login", json={"username": name, "password": PASSWORD, **more}
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def test_tokens_die_with_the_version_of_the_account(app_db: Flask, sql) -> None:
    tokens = _token(app_db, "hanshou", refresh=True)

    def reach(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return app_db.test_client().post("/api/v1/nothing", headers=headers).status_code

    def fresh() -> int:
        head = {"Authorization": f"Bearer {tokens['refresh_token']}"}
        return app_db.test_client().post("/api/v1/security/refresh", headers=head).status_code

    assert fresh() == 200
    with app_db.test_request_context(
        "/api/v1/x", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    ):
        app_db.preprocess_request()
        from app.persistence.context import current_actor

        assert current_actor().username == "hanshou"
    sql("UPDATE ab_user SET auth_version = auth_version + 1 WHERE username = 'hanshou'")
    with app_db.test_request_context(
        "/api/v1/x", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    ):
        app_db.preprocess_request()
        assert not current_actor().is_authenticated
    assert fresh() == 401
    assert reach("garbage") == 404


def test_a_bearer_head_does_not_open_the_door_for_a_forged_cookie_request(app_db: Flask) -> None:
    client = sign_in(app_db.test_client(), "hanshou")
    with app_db.test_request_context(
        "/api/v1/x",
        method="POST",
        headers={"Authorization": "Bearer x", "Cookie": f"portal={client.get_cookie('portal').value}"},
    ):
        from app.persistence.context import current_actor

        app_db.preprocess_request()
        assert not current_actor().is_authenticated
