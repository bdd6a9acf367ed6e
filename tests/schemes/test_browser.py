"""The manual's walk from a reserve project with its scheme to a plan of 2019 and back, as a new user does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from tests.areas.helpers import make_community, open_window
from tests.areas.test_browser import add_reserve, faults, find, sound, sums, told, until, watched

assert faults, "the fixture is used by name"
TAX_OFFICE = {"building_count": 4, "household_count": 130, "floor_area": "1.0000", "built_year": 1999}


def fill_scheme(page: Any) -> None:
    """方案信息 of the record on the page: 投资估算 200, 供水管网 12 米, 楼顶防水 12 平方米."""
    page.click("[role=tab]:has-text('方案信息')")
    page.locator("#scheme form button").click()
    page.wait_for_url("**/schemes/show/*")
    page.fill("[name=investment]", "200")
    for key in ("investment_basic", "investment_improved", "investment_upgraded"):
        page.fill(f"[name={key}]", "0")
    page.fill("[name=funding_local]", "150")
    assert "相差 50.00" in page.inner_text("[data-funding-sum]")
    sound(page)
    page.click("#scheme [data-save]")
    page.locator(".flashes", has_text="方案已").wait_for()
    page.click("text=新增改造内容")
    page.wait_for_url("**/schemes/contents/*")
    for name in ("供水管网", "楼顶防水"):
        page.fill("[data-checklist-filter]", name)
        row = page.locator("tr[data-words]:visible", has_text=name)
        row.locator("[name=item]").check()
        page.keyboard.type("12")
    page.fill("[data-checklist-filter]", "")
    assert page.inner_text("[data-group-sums='1']") == "12 米 · 12 平方米"
    # by keyboard: the same field of the row below, and back
    first = page.locator("tr.picked [data-qty='1']").first
    first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("楼顶防水")
    page.keyboard.press("Shift+Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("供水管网")
    sound(page)
    page.set_viewport_size({"width": 360, "height": 740})
    sound(page)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.click("#checklist [data-save]")
    page.wait_for_url("**/schemes/show/*")
    assert [r.inner_text() for r in page.locator("#contents tbody td:nth-child(4)").all()] == ["供水管网", "楼顶防水"]


def open_dialog(page: Any) -> None:
    page.click(".dos-head a[href*='/link/']")
    page.locator("#link-dialog tr[data-item]").first.wait_for()


def kind(page: Any, word: str) -> None:
    page.click(f"#link-dialog label:has-text('{word}')")


def unlink(page: Any, name: str) -> None:
    page.click("#link-dialog label:has-text('已关联')")
    find(page, name).locator("input").check()
    page.click("#link-dialog .dialog-foot [data-link-do=unlink]")


@pytest.mark.req("M1.5.1", "M1.5.1l", "M1.5.2", "M1.6.1", "M1.6.2", "M1.6.4", "M1.6.4.1")
def test_the_manuals_walk_with_its_scheme(
    app_sqlite: Flask, page_as: Callable[..., Any], faults: list[str]
) -> None:
    with app_sqlite.app_context():
        open_window(2019)
        with acting_as(SYSTEM), unit_of_work() as session:
            make_community(session, "原税务局院落", **TAX_OFFICE)
    page = watched(page_as("dingcheng"), faults)
    add_reserve(page)
    project = page.url
    fill_scheme(page)
    page.goto(project)
    open_dialog(page)
    find(page, "恒华茗苑住宅楼").locator("input").check()
    page.click("text=确认关联 1 个")
    told(page, "已关联 1 个小区")
    held = sums(page)
    assert (held["building_count"], held["household_count"], held["floor_area"]) == ("2", "72", "0.50")

    # 原税务局院落, plan of 2019: 4 buildings, 130 households, 1.00
    page.goto("/plans/add")
    page.fill("[name=name]", "原税务局院落")
    page.fill("[name=year]", "2019")
    page.click("[data-save]")
    page.wait_for_url("**/plans/show/*")
    plan = page.url
    open_dialog(page)
    find(page, "原税务局院落").locator("input").check()
    page.click("text=确认关联 1 个")
    told(page, "已关联 1 个小区")
    alone = {"community_count": "1", "building_count": "4", "household_count": "130", "floor_area": "1.00"}
    assert {key: sums(page)[key] for key in alone} == alone

    # the reserve project joins it and brings its scheme; its community is locked in the list
    kind(page, "储备")
    find(page, "测试储备项目").locator("input").check()
    page.click("text=确认关联 1 个")
    told(page, "已关联 1 个储备项目")
    told(page, "已带入方案，共 2 项改造内容")
    assert sums(page)["household_count"] == "202"
    kind(page, "意向")
    page.fill("#link-dialog [name=q]", "恒华")
    page.press("#link-dialog [name=q]", "Enter")
    locked = page.locator("#link-dialog tr", has_text="随储备项目“测试储备项目”关联")
    locked.wait_for()
    assert locked.locator("input").count() == 0
    sound(page)
    page.locator("#link-dialog .dialog-head [data-link-close]").click()
    until(page, "!document.getElementById('link-dialog')")
    page.click("[role=tab]:has-text('方案信息')")
    scheme = page.locator("[data-scheme-tab]", has_text="供水管网")
    scheme.wait_for()
    carried = scheme.inner_text()
    assert "楼顶防水" in carried and "200.00 万元" in carried and "150.00" in carried

    # cancelled in both directions
    page.goto(plan)
    open_dialog(page)
    kind(page, "储备")
    unlink(page, "测试储备项目")
    page.locator("#link-keep [name=keep]").nth(1).check()
    page.click("#link-keep [value=yes]")
    told(page, "已取消关联 1 个储备项目")
    left = page.request.get(plan.replace("/plans/show/", "/schemes/tab/plan/").split("?")[0])
    assert left.ok and "供水管网" not in left.text()  # what it brought went with it
    assert {key: sums(page)[key] for key in alone} == alone
    kind(page, "意向")
    unlink(page, "原税务局院落")
    told(page, "已取消关联 1 个小区")
    assert sums(page)["community_count"] == "0"
    page.goto(project)
    open_dialog(page)
    unlink(page, "恒华茗苑住宅楼")
    told(page, "已取消关联 1 个小区")
    assert sums(page)["household_count"] == "0"
