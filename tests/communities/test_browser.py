"""The form with its map in a real browser, wide and on a phone; every page of a record passes axe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import config
from tests.communities.records import TYPED

AXE = (config.ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
TAGS = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}"
WIDTHS = (1440, 360)
WAIT = 10_000


def _sound(page: Any) -> None:
    """Nothing that axe finds, nothing that scrolls sideways."""
    page.evaluate(f"() => {{ {AXE} }}")
    found = page.evaluate(
        f"() => axe.run(document, {TAGS}).then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
    )
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def _fill(page: Any, **changes: str) -> None:
    for key, value in {**TYPED, **changes}.items():
        if key in ("place_kind", "property_kind"):
            page.select_option(f'#community [name="{key}"]', value)
        elif key not in ("town_code", "lng", "lat"):
            page.fill(f'#community [name="{key}"]', value)


def _value(page: Any, name: str) -> str:
    return str(page.input_value(f'#community [name="{name}"]'))


def _until(page: Any, truth: str, arg: Any = None) -> None:
    """Wait for an expression (or function of ``arg``) to be true; the pages' policy forbids polling inside them."""
    for _try in range(WAIT // 50):
        if page.evaluate(truth, arg):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never true: {truth}")


def _ready(page: Any) -> None:
    """The point was judged by the server and may be confirmed."""
    _until(page, "!document.querySelector('[data-confirm-point]').disabled")


@pytest.mark.req("M1.4.1", "M1.4.1g", "R05")
@pytest.mark.parametrize("width", WIDTHS)
def test_adding_with_the_map(page_as: Callable[..., Any], width: int) -> None:
    page = page_as("dingcheng", width=width)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto("/communities/add")
    _fill(page, address="恒华茗苑住宅楼", built_year="2003")
    page.click("[data-locate]")
    page.wait_for_selector(".hits button[aria-current]", timeout=WAIT)
    assert page.inner_text(".hits li:first-child span").startswith("恒华茗苑住宅楼")
    page.wait_for_selector("[data-neighbours]:not([hidden])", timeout=WAIT)
    assert "附近 50 米内已有 1 个小区" in page.inner_text("[data-neighbours]")
    before = page.inner_text("[data-point]")
    page.focus("[data-map]")
    for _press in range(3):
        page.keyboard.press("Shift+ArrowRight")
    assert page.inner_text("[data-point]") != before
    _ready(page)
    assert "界内" in page.inner_text("[data-inside]")
    page.keyboard.press("Enter")
    assert f"{_value(page, 'lng')}, {_value(page, 'lat')}" == page.inner_text("[data-point]")
    _until(page, "document.querySelector('[data-position-word]').textContent.includes('位于鼎城区界内')")
    _until(page, "document.querySelector('#built_year-hint').textContent.includes('适当纳入')")
    _sound(page)
    _until(page, "document.querySelector('[name=confirmed]').value")
    page.click("[data-save]")
    page.wait_for_url("**/communities/show/*", timeout=WAIT)
    assert "“兰苑新区”已保存" in page.inner_text("#flashes")
    assert "适当纳入" in page.inner_text("#facts"), "the warning was seen, confirmed by saving, and kept"
    _sound(page)
    page.click("[data-reveal] button")
    _until(page, "document.querySelector('[data-phone]').textContent === '13800000017'")
    page.click("#tab-history")
    page.wait_for_selector("#history .trace", timeout=WAIT)
    assert "兰苑新区" in page.inner_text("h1") and page.is_visible("#history .trace")
    page.goto("/communities/add")
    assert _value(page, "name") == "", "no draft is left"
    assert not faults


@pytest.mark.req("M1.4.1g", "R06")
def test_a_point_outside_cannot_be_confirmed(page_as: Callable[..., Any]) -> None:
    page = page_as("dingcheng")
    page.goto("/communities/add")
    _until(page, "!!window.portal.picker")
    page.evaluate("window.portal.picker.put(113.0, 28.2, true)")
    page.wait_for_selector("[data-inside].bad", timeout=WAIT)
    assert "界外" in page.inner_text("[data-inside]") and page.is_disabled("[data-confirm-point]")
    page.focus("[data-map]")
    page.keyboard.press("Enter")
    assert _value(page, "lng") == ""
    page.fill("[data-search-text]", "无此地名某某")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hits button", timeout=WAIT)
    _ready(page)
    box = page.locator("[data-map]").bounding_box()
    before = page.inner_text("[data-point]")
    page.mouse.click(box["x"] + box["width"] / 2 + 30, box["y"] + box["height"] / 2 + 20)
    _until(page, "was => document.querySelector('[data-point]').textContent !== was", arg=before)


@pytest.mark.req("M1.4.1")
def test_typed_text_survives_leaving_the_page(page_as: Callable[..., Any]) -> None:
    page = page_as("dingcheng")
    page.goto("/communities/add")
    page.fill('[name="name"]', "写了一半的小区")
    with page.expect_response("**/drafts/community-new", timeout=WAIT) as kept:
        page.fill('[name="household_count"]', "12")
    assert kept.value.status == 200
    page.evaluate("localStorage.clear()")
    page.goto("/communities/list/")
    page.goto("/communities/add")
    page.wait_for_selector("[data-restored]", timeout=WAIT)
    assert (_value(page, "name"), _value(page, "household_count")) == ("写了一半的小区", "12")


@pytest.mark.req("M1.4.4")
@pytest.mark.parametrize("width", WIDTHS)
def test_comparing_with_the_other_writer(page_as: Callable[..., Any], width: int) -> None:
    mine, other = page_as("dingcheng", width=width, dark=True), page_as("dingcheng")
    for page in (mine, other):
        page.goto("/communities/edit/3")
    other.fill('[name="household_count"]', "80")
    other.fill('[name="unit_count"]', "9")
    _save_confirming(other)
    mine.fill('[name="household_count"]', "90")
    mine.fill('[name="unit_count"]', "12")
    mine.click("[data-save]")
    mine.wait_for_selector("[data-conflict]", timeout=WAIT)
    assert (_value(mine, "household_count"), _value(mine, "unit_count")) == ("90", "12")
    assert "改了 2 处" in mine.inner_text(".notice.warn >> nth=0")
    _sound(mine)
    mine.check('[data-conflict="household_count"] [value="now"]')
    assert _value(mine, "household_count") == "80"
    mine.fill('[name="unit_count"]', "11")
    assert mine.is_checked('[data-conflict="unit_count"] [value="mine"]')
    _save_confirming(mine)
    mine.goto("/communities/edit/3")
    assert (_value(mine, "household_count"), _value(mine, "unit_count")) == ("80", "11")


def _save_confirming(page: Any) -> None:
    """Save; where the live check was slower than the click, confirm the warnings that the page then shows."""
    for _attempt in range(2):
        with page.expect_navigation(timeout=WAIT):
            page.click("[data-save]")
        if "/show/" in page.url:
            return
    pytest.fail(page.inner_text("#community"))


@pytest.mark.req("M1.4", "M1.4.3")
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_pages_are_sound(page_as: Callable[..., Any], width: int, dark: bool) -> None:
    page = page_as("dingcheng", width=width, dark=dark)
    page.goto("/communities/list/")
    page.check("[data-pick] >> nth=0")
    page.click('[data-action="delete"]')
    page.click("dialog[open] .btn-bad, dialog[open] .btn-primary")
    page.wait_for_selector("#flashes .notice", timeout=WAIT)
    assert "1 个小区移入回收站" in page.inner_text("#flashes")
    for address in (
        "/communities/bin/list/",
        "/communities/add",
        "/communities/edit/6",
        "/communities/show/6",
    ):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        _sound(page)
    page.goto("/communities/bin/list/")
    page.check("[data-pick] >> nth=0")
    page.click('[data-action="restore"]')
    page.wait_for_selector("#flashes .notice", timeout=WAIT)
    assert "已恢复 1 个小区" in page.inner_text("#flashes")
