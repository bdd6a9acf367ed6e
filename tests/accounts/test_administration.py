"""Accounts, passwords and sessions as the administrators and their owners change them; on both databases."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from flask import Flask

from app.accounts import credentials, services
from app.accounts.models import Account
from app.extensions import db
from app.kernel.errors import NotAllowed, RuleViolation, StaleRow
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from tests.accounts.conftest import try_sign_in
from tests.conftest import PASSWORD, actor_named, csrf_of, sign_in

pytestmark = pytest.mark.req("M1.1")
NEW = "Xin-Mima-2026"


def once(html: str) -> str:
    """The password that the page shows this one time."""
    return re.search(r"data-once>([^<]+)<", html).group(1).replace("&amp;", "&")


def form(**changes: object) -> dict[str, object]:
    values = {
        "username": "taoyuan", "name": "桃源县填报员", "phone": "13800000000", "region_code": "430725",
        "department_id": "", "roles": ["county_editor"],
    }  # fmt: skip
    return {**values, **changes}


# ── what ends a session ──
@pytest.mark.parametrize("deed", ["reset", "stop"])
def test_reset_and_stop_end_every_session_at_once(app_db: Flask, signed_in, user_id, deed: str) -> None:
    first, second = signed_in("hanshou"), signed_in("hanshou")
    admin = signed_in("sysadmin")
    assert first.get("/profile/").status_code == 200
    admin.post(f"/accounts/{user_id('hanshou')}/{deed}")
    for client in (first, second):
        assert client.get("/profile/").status_code == 302
    assert try_sign_in(app_db.test_client(), "hanshou").status_code == 401


def test_change_of_roles_ends_every_session(signed_in, user_id, app_db: Flask, sql) -> None:
    client, number = signed_in("hanshou"), user_id("hanshou")
    with app_db.app_context():
        actor = actor_named("sysadmin")
        account = db.session.get(Account, number)
        values, state = services.values_of(account), services.state_of(account)
        with unit_of_work() as work:
            services.save_account(work, actor, number, state, {**values, "roles": ["county_reviewer"]})
    assert client.get("/profile/").status_code == 302
    assert sign_in(app_db.test_client(), "hanshou").get("/communities/add").status_code == 403
    before, after = sql(
        "SELECT before, after FROM audit_event WHERE action = 'roles' ORDER BY id DESC LIMIT 1"
    )[0]
    assert "county_editor" in str(before)
    assert "county_reviewer" in str(after)


def test_a_new_phone_ends_no_session(signed_in, user_id, app_db: Flask) -> None:
    client, admin, number = signed_in("hanshou"), signed_in("sysadmin"), user_id("hanshou")
    page = admin.get(f"/accounts/edit/{number}").get_data(as_text=True)
    state = re.search(r'name="state" value="(\w+)"', page).group(1)
    department = re.search(r'name="department_id".*?<option value="(\d+)" selected', page, re.DOTALL).group(1)
    data = form(
        name="汉寿县填报员", phone="13900000000", region_code="430722", department_id=department, state=state
    )
    assert admin.post(f"/accounts/edit/{number}", data=data).status_code == 302
    assert client.get("/profile/").status_code == 200
    again = admin.post(f"/accounts/edit/{number}", data={**data, "phone": "13700000000"})
    assert again.status_code == 409
    html = again.get_data(as_text=True)
    assert "13700000000" in html, "what was typed stays"
    assert "139****0000" in html, "what stands now is shown"


def test_the_security_administrator_ends_sessions(signed_in, sql, user_id) -> None:
    client, other, security = signed_in("hanshou"), signed_in("hanshou"), signed_in("secadmin")
    rows = sql(
        "SELECT id FROM user_session WHERE user_id = :u AND ended_at IS NULL ORDER BY id",
        u=user_id("hanshou"),
    )
    page = security.get("/user-sessions/list/?q=hanshou").get_data(as_text=True)
    assert f"/user-sessions/{rows[0][0]}/end" in page
    assert security.post(f"/user-sessions/{rows[0][0]}/end").status_code == 302
    assert client.get("/profile/").status_code == 302
    assert other.get("/profile/").status_code == 200
    assert security.post(f"/user-sessions/of/{user_id('hanshou')}/end").status_code == 302
    assert other.get("/profile/").status_code == 302
    assert signed_in("sysadmin").post(f"/user-sessions/{rows[0][0]}/end").status_code == 403


def test_own_sessions_only(signed_in, sql, user_id) -> None:
    mine, second, other = signed_in("hanshou"), signed_in("hanshou"), signed_in("dingcheng")
    foreign = sql("SELECT max(id) FROM user_session WHERE user_id = :u", u=user_id("dingcheng"))[0][0]
    assert mine.post(f"/profile/sessions/{foreign}/end").status_code == 404
    assert other.get("/profile/").status_code == 200
    assert mine.post("/profile/sessions/end-others").status_code == 302
    assert second.get("/profile/").status_code == 302
    assert mine.get("/profile/").status_code == 200


# ── accounts ──
def test_a_new_account_signs_in_and_must_choose_a_password(signed_in, app_db: Flask, sql) -> None:
    admin = signed_in("sysadmin")
    answer = admin.post("/accounts/add", data=form())
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    first = once(answer.get_data(as_text=True))
    client = app_db.test_client()
    assert try_sign_in(client, "taoyuan", first).status_code == 302
    for path in ("/", "/communities/list/", "/profile/"):
        assert client.get(path).location == "/profile/password/"
    assert client.get("/session/", headers={"X-Requested-With": "fetch"}).status_code == 200
    assert client.get("/communities/list/", headers={"X-Requested-With": "fetch"}).status_code == 403
    page = client.get("/profile/password/").get_data(as_text=True)

    def change(old: str, new: str, again: str) -> int:
        data = {"old": old, "new": new, "again": again, "csrf_token": csrf_of(page)}
        return client.post("/profile/password/", data=data).status_code

    assert change("wrong", NEW, NEW) == 422
    assert change(first, "short1A", "short1A") == 422
    assert change(first, "taoyuan-2026A", "taoyuan-2026A") == 422
    assert change(first, NEW, NEW + "x") == 422
    assert change(first, first, first) == 422, "the present one is used already"
    assert change(first, NEW, NEW) == 302
    assert client.get("/communities/list/").status_code == 200
    assert try_sign_in(app_db.test_client(), "taoyuan", first).status_code == 401
    trail = str(sql("SELECT before, after FROM audit_event"))
    assert first not in trail
    assert "scrypt" not in trail


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"roles": ["system_admin", "audit_admin"], "region_code": ""}, "三员分立"),
        ({"roles": ["security_admin", "county_editor"]}, "三员分立"),
        ({"region_code": "430700"}, "该角色须选择县市区"),
        ({"region_code": "999999"}, "不是可选项"),
        ({"username": "dingcheng"}, "该登录名已被使用"),
        ({"username": "Tao Yuan"}, "3 至 32 位小写字母"),
        ({"roles": []}, "请至少选择一个角色"),
        ({"phone": "12345"}, "11"),
        ({"department_id": "1"}, "该单位不属于所选区划"),
        ({"roles": ["Admin"]}, "不是可选项"),
    ],
)
def test_refused_accounts_keep_what_was_typed(signed_in, sql, changes: dict, field: str) -> None:
    answer = signed_in("sysadmin").post("/accounts/add", data=form(**changes))
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert field in html
    assert "桃源县填报员" in html
    assert sql("SELECT count(*) FROM ab_user")[0][0] == 14


def test_nobody_changes_his_own_rights(signed_in, app_db: Flask, user_id) -> None:
    number = user_id("sysadmin")
    with app_db.app_context():
        actor = actor_named("sysadmin")
        account = db.session.get(Account, number)
        values, state = services.values_of(account), services.state_of(account)
        for roles in (["security_admin"], ["system_admin", "audit_admin"]):
            with pytest.raises(RuleViolation), unit_of_work() as work:
                services.save_account(work, actor, number, state, {**values, "roles": roles})
        for deed in (services.stop_account, services.reset_password, services.start_account):
            with pytest.raises(RuleViolation), unit_of_work() as work:
                deed(work, actor, number)
        with pytest.raises(NotAllowed), unit_of_work() as work:
            services.stop_account(work, actor_named("hunan"), number)
        with pytest.raises(StaleRow), unit_of_work() as work:
            services.save_account(work, actor, number, "0" * 16, values)


def test_accounts_are_the_administrators_business(signed_in, user_id) -> None:
    number = user_id("hanshou")
    for name in ("hunan", "dingcheng", "yuxia", "auditadmin"):
        client = signed_in(name)
        for path in (
            "/accounts/list/",
            f"/accounts/show/{number}",
            "/accounts/add",
            "/roles/list/",
            "/password-policy/",
        ):
            assert client.get(path).status_code == 403, (name, path)
    security = signed_in("secadmin")
    assert security.get("/accounts/list/").status_code == 200
    assert security.get("/accounts/add").status_code == 403
    assert security.post(f"/accounts/{number}/reset").status_code == 403
    assert signed_in("sysadmin").post(f"/accounts/{number}/reset-factor").status_code == 403


def test_the_list_costs_a_fixed_number_of_statements(signed_in, query_counter) -> None:
    for name, path in (
        ("sysadmin", "/accounts/list/"),
        ("secadmin", "/user-sessions/list/"),
        ("secadmin", "/roles/list/"),
    ):
        client = signed_in(name)
        client.get(path)
        with query_counter() as seen:
            assert client.get(path).status_code == 200
        statements = [
            s for s in seen if not s.startswith(("SAVEPOINT", "RELEASE", "PRAGMA", "SELECT set_config"))
        ]
        assert len(statements) <= 8, statements


@pytest.mark.parametrize(
    "path", ["/accounts/show/x", "/accounts/edit/999999", "/roles/show/Admin", "/password-policy/?province=1"]
)
def test_nonsense_addresses_are_404(signed_in, path: str) -> None:
    name = "sysadmin" if path.startswith("/accounts") else "secadmin"
    assert signed_in(name).get(path).status_code == 404


def test_pickers_find_by_pinyin_and_name(signed_in) -> None:
    admin = signed_in("sysadmin")
    assert {"id": "430725", "text": "常德市 · 桃源县"} in admin.get("/accounts/regions?q=taoyuan").get_json()[
        "results"
    ]
    assert admin.get("/accounts/departments?q=%25").get_json()["results"] == []
    assert len(admin.get("/accounts/departments?q=局").get_json()["results"]) == 20


# ── passwords over time ──
def test_earlier_passwords_are_refused(app_db: Flask) -> None:
    with app_db.app_context():
        for number in range(6):
            with unit_of_work() as work:
                account = work.query(Account).filter_by(username="hanshou").one()
                credentials.change_password(work, account, f"{NEW}-{number}", f"{NEW}-{number}")
        for known in (5, 4, 0):
            with pytest.raises(RuleViolation), unit_of_work() as work:
                account = work.query(Account).filter_by(username="hanshou").one()
                credentials.change_password(work, account, f"{NEW}-{known}", f"{NEW}-{known}")
        with unit_of_work() as work:
            account = work.query(Account).filter_by(username="hanshou").one()
            credentials.change_password(work, account, PASSWORD, PASSWORD)


def test_an_old_password_has_to_be_changed(app_db: Flask) -> None:
    with app_db.app_context(), unit_of_work() as work:
        account = work.query(Account).filter_by(username="hanshou").one()
        account.password_changed_at = utcnow() - dt.timedelta(days=91)
    client = app_db.test_client()
    assert try_sign_in(client, "hanshou").status_code == 302
    assert client.get("/").location == "/profile/password/"


@pytest.mark.req("G4")
def test_the_policy_is_a_part_of_the_profile(signed_in, app_db: Flask, sql) -> None:
    security = signed_in("secadmin")
    page = security.get("/password-policy/?province=430000").get_data(as_text=True)
    fields = dict(re.findall(r'<input class="form-control"[^>]* name="(\w+)"[^>]* value="(\d+)"', page))
    version = re.search(r'name="version" value="(\d+)"', page).group(1)
    data = {
        **fields,
        "version": version,
        "lockout_failures": "3",
        "totp_required_roles": ["province_manager"],
    }
    assert security.post("/password-policy/430000", data={**data, "idle_minutes": "1"}).status_code == 422
    assert security.post("/password-policy/430000", data={**data, "idle_minutes": "abc"}).status_code == 422
    assert security.post("/password-policy/430000", data=data).status_code == 302
    assert security.post("/password-policy/430000", data=data).status_code == 409
    for _n in range(3):
        try_sign_in(app_db.test_client(), "hanshou", "wrong")
    assert try_sign_in(app_db.test_client(), "hanshou").status_code == 401
    assert signed_in("sysadmin").get("/password-policy/").status_code == 403


# ── sessions that rest ──
def _rest(sql, name: str) -> None:
    sql(
        "UPDATE user_session SET seen_at = '2020-01-01 00:00:00' WHERE user_id = (SELECT id FROM ab_user WHERE username = :n)",
        n=name,
    )


def test_an_idle_post_keeps_what_was_typed(signed_in, sql, app_db: Flask) -> None:
    client = signed_in("sysadmin")
    _rest(sql, "sysadmin")
    data = {**form(name="桃源县住建局 张某"), "password": "geheim-99"}
    answer = client.post("/accounts/add", data=data, headers={"Referer": "http://localhost/accounts/add"})
    assert answer.status_code == 302
    assert answer.location == "/login/?next=/accounts/add"
    assert sql("SELECT count(*) FROM ab_user WHERE username = 'taoyuan'")[0][0] == 0
    stranger = app_db.test_client()
    assert try_sign_in(stranger, "hanshou").location == "/", "somebody else sees nothing of it"
    answer = try_sign_in(client, "sysadmin", target=answer.location)
    assert answer.location == "/session/kept/?next=/accounts/add"
    page = client.get(answer.location).get_data(as_text=True)
    assert "桃源县住建局 张某" in page
    assert "geheim-99" not in page
    shown = re.findall(r"<dt>([^<]+)</dt>", page)
    assert "姓名" in shown and not [label for label in shown if re.search("[A-Za-z]", label)], shown
    resend = page.split("data-kept")[1]
    fields = re.findall(r'name="([^"]+)" value="([^"]*)"', resend)
    assert client.post("/accounts/add", data=dict(fields)).status_code == 200
    assert sql("SELECT count(*) FROM ab_user WHERE username = 'taoyuan'")[0][0] == 1
    assert sql("SELECT count(*) FROM form_draft")[0][0] == 0, "sent and taken: kept no longer"


def test_a_forged_idle_post_is_not_kept(signed_in, sql) -> None:
    client = signed_in("sysadmin")
    _rest(sql, "sysadmin")
    client.environ_base.pop("HTTP_X_CSRFTOKEN")
    assert client.post("/accounts/add", data=form()).status_code == 302
    assert sql("SELECT count(*) FROM form_draft")[0][0] == 0


def test_idle_time_is_the_profiles(signed_in, sql) -> None:
    client = signed_in("hanshou")
    for minutes, status in ((29, 200), (31, 302)):
        seen = (utcnow() - dt.timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S")
        sql("UPDATE user_session SET seen_at = :s WHERE ended_at IS NULL", s=seen)
        assert client.get("/profile/").status_code == status


# ── why can't I see it? ──
def test_visibility_is_explained_without_business_data(signed_in, sql) -> None:
    number, name = sql("SELECT id, name FROM community WHERE county_code = '430703' ORDER BY id LIMIT 1")[0]
    admin = signed_in("sysadmin")

    def ask(login: str, record: object = number) -> str:
        return admin.get(f"/visibility/?login={login}&entity=Community&id={record}").get_data(as_text=True)

    assert "该账号可以看到此记录" in ask("dingcheng")
    assert "常德市 · 鼎城区不在常德市 · 汉寿县辖区内" in ask("hanshou")
    assert "所有角色都没有查看" in ask("secadmin")
    assert "没有该登录名的账号" in ask("nobody")
    assert "没有该编号的记录" in ask("hanshou", "99999999")
    assert "没有该编号的记录" in ask("hanshou", "abc")
    assert name not in ask("dingcheng") + ask("hanshou")
    assert sql("SELECT count(*) FROM audit_event WHERE action = 'explain'")[0][0] >= 6


def test_language_and_phone_of_ones_own(signed_in, sql) -> None:
    client = signed_in("hanshou")
    assert client.post("/profile/edit", data={"phone": "12", "language": "en"}).status_code == 422
    assert client.post("/profile/edit", data={"phone": "138 0000 0000", "language": "en"}).status_code == 302
    assert sql("SELECT phone, language FROM ab_user WHERE username = 'hanshou'")[0] == ("13800000000", "en")
    assert 'lang="en"' in client.get("/profile/").get_data(as_text=True)
