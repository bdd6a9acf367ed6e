"""The manual's walk with the linking dialog in a real browser, wide and on a phone; every page passes axe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

import config
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from app.reserve import services as reserve
from app.schemes import queries as schemes_of
from app.schemes import services as schemes
from tests.areas.helpers import make_community, make_plan, make_reserve, open_window
from tests.schemes.test_services import FULL, item

AXE = (config.ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
TAGS = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}"
WAIT = 10_000


def sound(page: Any) -> None:
    """Nothing that axe finds, nothing that scrolls sideways."""
    page.evaluate(f"() => {{ {AXE} }}")
    found = page.evaluate(
        f"() => axe.run(document, {TAGS}).then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
    )
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def until(page: Any, truth: str) -> None:
    """Wait for an expression to be true; the pages' policy forbids polling inside them."""
    for _try in range(WAIT // 50):
        if page.evaluate(truth):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never true: {truth}")


def sums(page: Any) -> dict[str, str]:
    return {
        box.get_attribute("data-sum"): box.query_selector(".fig").inner_text() for box in page.query_selector_all("[data-sum]")
    }  # fmt: skip


def find(page: Any, typed: str) -> Any:
    """Search inside the dialog and return the row found."""
    page.fill("#link-dialog [name=q]", typed)
    page.press("#link-dialog [name=q]", "Enter")
    row = page.locator("#link-dialog tr[data-item]", has_text=typed)
    row.wait_for()
    return row


def told(page: Any, words: str) -> None:
    page.locator("[data-link-told]", has_text=words).wait_for()


@pytest.fixture
def faults() -> Any:
    found: list[str] = []
    yield found
    assert found == []


def watched(page: Any, faults: list[str]) -> Any:
    page.on("pageerror", lambda error: faults.append(str(error)))
    return page


def add_reserve(page: Any) -> None:
    page.goto("/reserve/add")
    page.fill("[name=name]", "测试储备项目")
    page.fill("[name=supervision_unit]", "测试单位")
    page.fill("[name=supervisor_name]", "测试责任人")
    page.fill("[name=supervisor_phone]", "13800000000")
    page.click("[data-save]")
    page.wait_for_url("**/reserve/show/*")


@pytest.mark.req("M1.5.1", "M1.5.1l", "M1.5.2", "M1.6.1", "M1.6.2")
@pytest.mark.parametrize("width", [1440, 360])
def test_the_manuals_walk(
    app_sqlite: Flask, page_as: Callable[..., Any], faults: list[str], width: int
) -> None:
    with app_sqlite.app_context():
        open_window(2019)
    page = watched(page_as("dingcheng", width=width), faults)
    add_reserve(page)
    sound(page)

    # the reserve project takes 恒华茗苑住宅楼: 2 buildings, 72 households, 0.5
    page.goto("/reserve/list/")
    page.click("tr:has-text('测试储备项目') >> text=未关联")
    find(page, "恒华茗苑住宅楼").locator("input").check()
    expected = {
        "community_count": "1",
        "building_count": "2",
        "household_count": "72",
        "floor_area": "0.50",
        "built_after_2000": "0",
    }
    assert sums(page) == expected
    assert page.inner_text("[data-sum=household_count] .delta") == "+72"
    assert page.inner_text("[data-sum=household_count] .was") == "原 0"
    sound(page)
    page.click("text=确认关联 1 个")
    told(page, "已关联 1 个小区")
    assert sums(page) == expected
    page.locator("#link-dialog .dialog-head [data-link-close]").click()
    assert page.locator("tr:has-text('测试储备项目')", has_text="已关联").count() == 1, (
        "without loading the page anew"
    )
    assert page.evaluate("performance.getEntriesByType('navigation')[0].name.includes('/reserve/list/')")

    # a plan task of 2019 takes the reserve project
    page.goto("/plans/add")
    page.fill("[name=name]", "原税务局院落")
    page.fill("[name=year]", "2019")
    page.click("[data-save]")
    page.wait_for_url("**/plans/show/*")
    sound(page)
    page.click(".dos-head a[href*='/link/']")
    page.locator("tr[data-item]").first.wait_for()
    page.click("#link-dialog label:has-text('储备')")
    find(page, "测试储备项目").locator("input").check()
    assert sums(page) == expected
    page.click("text=确认关联 1 个")
    told(page, "已关联 1 个储备项目")

    # and gives it back
    page.click("#link-dialog label:has-text('已关联')")
    find(page, "测试储备项目").locator("input").check()
    assert page.inner_text("[data-sum=household_count] .delta") == "−72"
    page.click("#link-dialog .dialog-foot [data-link-do=unlink]")
    if page.locator("#link-keep[open]").count():
        page.click("#link-keep [value=yes]")
    told(page, "已取消关联 1 个储备项目")
    assert sums(page)["household_count"] == "0"
    page.locator("#link-dialog .dialog-foot [data-link-close]").click()

    # cancel in the other direction: everything of the reserve project
    page.goto("/reserve/list/")
    page.click("tr:has-text('测试储备项目') >> text=已关联")
    page.locator("tr[data-item]").first.wait_for()
    page.click("text=取消全部关联")
    page.locator("dialog[role=alertdialog] .btn-bad").click()
    told(page, "已取消关联 1 个小区")
    page.keyboard.press("Escape")
    until(page, "!document.getElementById('link-dialog')")
    assert page.locator("tr:has-text('测试储备项目')", has_text="未关联").count() == 1


@pytest.mark.req("M1.6.1")
def test_ticks_are_kept_over_pages_searches_and_refusals(
    page_as: Callable[..., Any], faults: list[str]
) -> None:
    page = watched(page_as("dingcheng"), faults)
    add_reserve(page)
    page.click(".dos-head a[href*='/link/']")
    page.locator("tr[data-item]").first.wait_for()
    # by keyboard alone: tick, next page, tick
    page.locator("[data-link-tick]").first.focus()
    page.keyboard.press("Space")
    first = page.locator("tr[data-item]").first.get_attribute("data-item")
    page.locator("#link-dialog .pager [rel=next]").focus()
    page.keyboard.press("Enter")
    until(page, f"document.querySelector('tr[data-item]').dataset.item !== '{first}'")
    page.locator("[data-link-tick]").first.check()
    assert page.inner_text("[data-link-picked]") == "已选 2 个"
    find(page, "恒华茗苑住宅楼")
    page.fill("#link-dialog [name=q]", "")
    page.press("#link-dialog [name=q]", "Enter")
    until(page, f"document.querySelector('tr[data-item]').dataset.item === '{first}'")
    assert page.locator("[data-link-tick]").first.is_checked()
    assert sums(page)["community_count"] == "2"

    # somebody else is faster with the first one
    other = page_as("dingcheng")
    add_reserve(other)
    other.click(".dos-head a[href*='/link/']")
    other.locator("[data-link-tick]").first.check()
    other.click("text=确认关联 1 个")
    told(other, "已关联 1 个小区")
    page.click("text=确认关联 2 个")
    told(page, "请先在那里取消关联")
    told(page, "勾选已保留")
    assert page.locator("tr.bad-row").count() == 1
    assert page.inner_text("[data-link-picked]") == "已选 2 个"
    page.keyboard.press("Escape")
    page.locator("dialog[role=alertdialog]").wait_for()
    page.locator("dialog[role=alertdialog] .btn-bad").click()
    until(page, "!document.getElementById('link-dialog')")


@pytest.mark.req("M1.6.1", "M1.6.2")
def test_a_scheme_is_carried_over_and_given_back(
    app_sqlite: Flask, page_as: Callable[..., Any], faults: list[str]
) -> None:
    """供水管网 12 and 楼顶防水 12 of a reserve project come into the plan task, and leave it when asked to."""
    with app_sqlite.app_context():
        open_window()
        with acting_as(SYSTEM), unit_of_work() as session:
            area = make_reserve(session)
            reserve.link(session, area, [make_community(session, "方案测试小区").id])
            scheme = schemes.ensure_scheme(session, area)
            schemes.save_draft(session, scheme, FULL, scheme.version)
            lines = {item("GN-B01").id: ("12", ""), item("GN-B02").id: ("12", None)}
            schemes.save_items(session, scheme, lines)
            plan_id = make_plan(session).id
    page = watched(page_as("dingcheng"), faults)
    page.goto(f"/plans/show/{plan_id}#link")
    page.locator("tr[data-item]").first.wait_for()
    page.click("#link-dialog label:has-text('储备')")
    find(page, "测试储备项目").locator("input").check()
    page.click("text=确认关联 1 个")
    told(page, "已关联 1 个储备项目")
    assert page.locator("[data-link-told] p").count() >= 2, "it says what was carried over"
    page.click("#link-dialog label:has-text('已关联')")
    find(page, "测试储备项目").locator("input").check()
    page.click("#link-dialog .dialog-foot [data-link-do=unlink]")
    page.locator("#link-keep[open]").wait_for()
    sound(page)
    page.keyboard.press("Escape")
    assert page.inner_text("[data-link-picked]") == "已选 1 个", "cancelled: nothing was done"
    page.click("#link-dialog .dialog-foot [data-link-do=unlink]")
    page.locator("#link-keep [name=keep]").nth(1).check()
    page.click("#link-keep [value=yes]")
    told(page, "已取消关联 1 个储备项目")
    with app_sqlite.app_context(), acting_as(SYSTEM):
        left = schemes_of.scheme_of(db.session(), "plan_task", plan_id)
        assert left is None or not left.items


@pytest.mark.req("M1.6", "M1.6.3", "M1.6.5", "M1.6.6")
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (360, True)])
def test_pages_are_sound(page_as: Callable[..., Any], faults: list[str], width: int, dark: bool) -> None:
    page = watched(page_as("dingcheng", width=width, dark=dark), faults)
    page.goto("/plans/list/")
    number = page.locator("tr[data-row]").first.get_attribute("data-row")
    for path in (
        "list/",
        "add",
        f"edit/{number}",
        f"implementation/{number}",
        f"long-term/{number}",
        "bin/list/",
    ):
        page.goto(f"/plans/{path}")
        sound(page)
    for tab in ("basics", "scheme", "implementation", "long-term", "checks", "history"):
        page.goto(f"/plans/show/{number}?tab={tab}")
        page.wait_for_timeout(200)
        assert page.locator(f"#{tab}").is_visible() or tab == "scheme"
        sound(page)
    page.goto("/reserve/list/")
    sound(page)
    above = watched(page_as("hunan", width=width, dark=dark), faults)
    for path in ("list/", "windows/", "windows/edit/2027", "import/"):
        above.goto(f"/plans/{path}")
        sound(above)
