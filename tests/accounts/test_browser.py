"""Signing in again without leaving the page, in a real browser.

The forced change of the first password is part of the walk in tests/monthly_reports/test_browser.py.
"""

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
