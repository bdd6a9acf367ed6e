"""A month report in a real browser: the unit fills and submits, the county returns, the unit mends, the county approves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.accounts.construction import services as accounts
from app.kernel import calendar
from app.persistence.context import acting_as, current_actor
from app.persistence.work import unit_of_work
from tests.areas.helpers import open_window
from tests.areas.test_browser import sound, until
from tests.attachments.samples import jpeg, pdf
from tests.conftest import actor_named
from tests.monthly_reports.helpers import make_plan_with_contents

STAGE_FILES = ("project_approval", "bid_notice", "construction_contract", "start_order", "bill_of_quantities")


@pytest.fixture
def faults() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def plan(app_sqlite: Flask) -> int:
    """A plan of this year with two contents, given to the unit."""
    with app_sqlite.app_context():
        unit = actor_named("yuxia").user_id
        with acting_as(actor_named("dingcheng")), unit_of_work() as session:
            open_window(calendar.today().year)
            made = make_plan_with_contents(session, "浏览器计划", year=str(calendar.today().year))
            accounts.assign(session, current_actor(), made.id, unit)
            return int(made.id)


def watched(page: Any, faults: list[str]) -> Any:
    page.on("pageerror", lambda error: faults.append(str(error)))
    return page


def upload(page: Any, box: str, path: Path) -> None:
    """Choose a file for a panel and wait until it stands in its list."""
    page.set_input_files(f"#{box}-in", str(path))
    page.locator(f"#{box} .files[data-gallery] .file").first.wait_for(timeout=15_000)


def fill_in(page: Any, tmp_path: Path) -> None:
    """Progress, contents with state, quantity and photos, stage files, investment."""
    page.locator("[data-open='#contents']").first.click()
    for box in page.query_selector_all("#contents [name=item]"):
        box.check()
    page.click("#contents [type=submit]")
    page.wait_for_selector("#contents-table tr[data-item]")
    page.locator(".stage label").nth(2).click()
    page.fill("[name=started_on]", calendar.report_month(calendar.today()).first.isoformat())
    page.fill("[name=cumulative_investment]", "40")
    page.fill("[name=year_investment]", "40")
    for number, row in enumerate(page.query_selector_all("tr[data-item]")):
        key = row.get_attribute("data-item")
        page.locator(f"tr[data-item='{key}'] .seg label").nth(1).click()
        page.fill(f"[name=quantity1_{key}]", "10")
        for purpose in ("photo_before", "photo_during") if number else ("photo_before",):
            picture = tmp_path / f"{key}{purpose}.jpg"
            picture.write_bytes(jpeg(64, 48, seed=hash((key, purpose)) % 1000))
            upload(page, f"files-reportitem-{key}-{purpose}", picture)


@pytest.mark.req("M1.6.5.1", "M1.6.5.2", "M1.6.5.4", "R25")
def test_from_the_project_to_the_approved_figures(
    page_as: Callable[..., Any], plan: int, faults: list[str], tmp_path: Path
) -> None:
    unit = watched(page_as("yuxia", width=1280), faults)
    unit.goto("/reports/list/?q=浏览器计划")
    unit.click("text=填写项目信息")
    for name, value in (("construction_unit", "测试街道办"), ("supervisor_name", "陈某"), ("supervision_unit", "测试局"),
                        ("supervisor_phone", "13800000000"), ("name", "浏览器工程")):  # fmt: skip
        unit.fill(f"[name={name}]", value)
    unit.select_option("[name=construction_unit_kind]", "street")
    unit.click("[data-save]")
    unit.wait_for_url("**/reports/plan/*")
    unit.click("button[form=begin-report].btn-primary")
    unit.wait_for_url("**/reports/show/*")
    fill_in(unit, tmp_path)
    # what is typed survives a reload: it is kept on the server
    unit.locator("[data-saved-text]").wait_for()
    unit.wait_for_timeout(2500)
    unit.evaluate("localStorage.clear()")
    unit.reload()
    unit.locator("[data-restored]").wait_for()
    assert unit.input_value("[name=cumulative_investment]") == "40"
    # what is missing is said beside the form, and goes away with each upload
    until(unit, f"document.querySelectorAll('#checks li').length > {len(STAGE_FILES)}")
    number = len(unit.query_selector_all("#checks li"))
    project = unit.get_attribute("#stages [data-uploads]", "data-owner")
    for purpose in STAGE_FILES:
        paper = tmp_path / f"{purpose}.pdf"
        paper.write_bytes(pdf(purpose))
        upload(unit, f"files-worksproject-{project}-{purpose}", paper)
    until(unit, f"document.querySelectorAll('#checks li').length === {number - len(STAGE_FILES)}")
    sound(unit)
    first = unit.query_selector("tr[data-item]").get_attribute("data-item")
    assert "need" in unit.get_attribute(f"[data-shot-need=files-reportitem-{first}-photo_during]", "class")
    picture = tmp_path / "late.jpg"
    picture.write_bytes(jpeg(64, 48, seed=4711))
    upload(unit, f"files-reportitem-{first}-photo_during", picture)
    until(unit, f"!document.querySelector('[data-shot-need=files-reportitem-{first}-photo_during]').matches('.need')")
    submit(unit)

    reviewer = watched(page_as("dingcheng_review", width=1280), faults)
    reviewer.goto("/reports/review/list/?q=浏览器计划")
    reviewer.click("td.nm a")
    sound(reviewer)
    reviewer.keyboard.press("Alt+r")
    assert reviewer.evaluate("document.activeElement.id") == "reason"
    reviewer.click("[data-phrase]")
    reviewer.click("[data-return]")
    reviewer.locator(".notice.ok", has_text="月报已退回").wait_for()

    unit.reload()
    unit.locator(".notice.warn", has_text="照片不清").wait_for()
    unit.fill("[name=cumulative_investment]", "41")
    submit(unit)

    reviewer.goto("/reports/review/list/?q=浏览器计划")
    reviewer.click("td.nm a")
    reviewer.wait_for_url("**/reports/review/show/*")
    reviewer.check("[data-declare]")
    reviewer.keyboard.press("Alt+a")
    reviewer.locator(".notice.ok", has_text="月报已审核通过").wait_for()

    clerk = watched(page_as("dingcheng", width=360), faults)
    clerk.goto("/reports/list/?q=浏览器计划")
    assert clerk.locator(".m-ok").count() >= 1
    sound(clerk)
    clerk.goto(f"/plans/show/{plan}?tab=implementation")
    clerk.locator("[data-works-tab]", has_text="浏览器工程").wait_for()
    assert "41.00" in clerk.inner_text("#facts")


def submit(page: Any) -> None:
    """Confirm warnings if there are any, declare, submit."""
    if page.locator("[data-take-warnings]").count():
        page.check("[data-take-warnings]")
    page.check("[name=confirmed]")
    page.click("[name=then][value=submit]")
    page.locator(".notice.ok", has_text="已提交审核").wait_for()
