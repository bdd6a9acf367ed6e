"""The forced change of the first password and signing in again without leaving the page, in a real browser."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.extensions import db
from tests.conftest import PASSWORD

pytestmark = pytest.mark.req("M1.1")


def _sql(app, statement: str, **values: object) -> list:
    with db._app_engines[app][None].begin() as connection:
        result = connection.execute(sa.text(statement), values)
        return list(result.all()) if result.returns_rows else []


def test_first_password_then_the_work(page_as, app_sqlite) -> None:
    _sql(app_sqlite, "UPDATE ab_user SET must_change_password = 1 WHERE username = 'hanshou'")
    page = page_as("hanshou", width=360)
    page.wait_for_url("**/profile/password/")
    assert page.locator("h1").inner_text() == "请设置新密码"
    page.goto("/communities/list/")
    page.wait_for_url("**/profile/password/")
    page.fill("#f-old", PASSWORD)
    page.fill("#f-new", "short")
    page.fill("#f-again", "short")
    page.click(".actbar [type=submit]")
    page.wait_for_selector("#f-new[aria-invalid=true]")
    assert "至少 10 个字符" in page.locator("#f-new-hint").inner_text()
    for field, value in (("#f-old", PASSWORD), ("#f-new", "Xin-Mima-2026"), ("#f-again", "Xin-Mima-2026")):
        page.fill(field, value)
    page.click(".actbar [type=submit]")
    page.wait_for_url(lambda url: "/profile/password" not in url)
    page.goto("/communities/list/")
    assert page.locator("h1").is_visible()


def test_signing_in_again_keeps_the_page_and_sends_the_form(page_as, app_sqlite) -> None:
    page = page_as("sysadmin")
    page.goto("/accounts/add")
    page.fill("#f-username", "taoyuan")
    page.fill("#f-name", "桃源县填报员")
    page.check("[name=roles][value=county_editor]")
    page.locator("#f-region_code-ts-control").fill("taoyuan")
    page.locator(".ts-dropdown [data-value='430725']").click()
    _sql(app_sqlite, "UPDATE user_session SET seen_at = '2020-01-01 00:00:00'")
    page.click(".actbar [type=submit]")
    dialog = page.locator("dialog[open] form[data-login]")
    dialog.wait_for()
    assert dialog.locator("[name=username]").input_value() == "sysadmin"
    dialog.locator("[name=password]").fill("wrong")
    dialog.locator("[type=submit]").click()
    page.locator("dialog[open] .notice.bad").wait_for()
    page.locator("dialog[open] [name=password]").fill(PASSWORD)
    page.locator("dialog[open] form[data-login] [type=submit]").click()
    page.locator("[data-once]").wait_for()
    assert _sql(app_sqlite, "SELECT region_code FROM ab_user WHERE username = 'taoyuan'") == [("430725",)]
    assert page.url.endswith("/accounts/add")
