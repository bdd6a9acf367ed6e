"""The whole walk of a plan task's works in a real browser, as new users do it: from the account of the construction
unit and its text message to the recognition of the start and the ledger (M1.6.5 – M1.6.7)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.annual_plans import services as annual_plans
from app.jobs.services import run_waiting
from app.kernel.calendar import TZ
from app.notifications import outbox
from app.notifications.models import SmsMessage
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from app.schemes import services as schemes
from tests.areas.helpers import make_community, make_plan, open_window
from tests.areas.test_browser import sound, until
from tests.attachments.samples import jpeg, pdf
from tests.conftest import actor_named, serving
from tests.monthly_reports.helpers import on
from tests.schemes.test_services import item

JUNE = dt.datetime(2021, 6, 26, 10, tzinfo=TZ)
NAME, LOGIN, UNIT, PHONE = "育才路小区", "yucai_unit", "鼎城某建设公司", "13800000044"
NEW_PASSWORD = "Xin-Mima-2021"
CONTENTS = {"HN19-02": "40", "HN19-03": "1200", "HN19-04": "600"}
STAGE_FILES = ("project_approval", "bid_notice", "construction_contract", "start_order", "bill_of_quantities")
# the reason is written out by the reviewer; the others come by a click
REASON = "道路设施缺改造中近景照片，请补拍"


@pytest.fixture
def server(app_sqlite: Flask) -> Iterator[str]:
    """The portal while June 2021 is being reported."""
    with serving(app_sqlite, JUNE) as address:
        yield address


@pytest.fixture
def faults() -> Iterator[list[str]]:
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def plan(app_sqlite: Flask) -> int:
    """A plan task of 2021 with a linked community and three contents in its scheme."""
    with (
        app_sqlite.app_context(), on(JUNE.year, JUNE.month, JUNE.day), acting_as(actor_named("dingcheng")),
        unit_of_work() as session,
    ):  # fmt: skip
        open_window(2021)
        made = make_plan(session, NAME, planned_start="2021-05-31")
        place = make_community(session, NAME, building_count=6, household_count=212)
        annual_plans.link(session, made, [place.id])
        scheme = schemes.ensure_scheme(session, made)
        chosen = {item(code, "hunan-2019").id: (total, "") for code, total in CONTENTS.items()}
        schemes.save_items(session, scheme, chosen)
        return int(made.id)


@pytest.fixture
def people(page_as: Callable[..., Any], faults: list[str]) -> Callable[..., Any]:
    """A signed-in page whose script errors fail the test."""

    def opened(login: str | None, width: int = 1440) -> Any:
        page = page_as(login, width=width)
        page.on("pageerror", lambda error: faults.append(str(error)))
        return page

    return opened


def told(page: Any, words: str, kind: str = "ok") -> None:
    page.locator(f".notice.{kind}", has_text=words).first.wait_for()


# ── the account ──
def issue_account(clerk: Any, plan: int) -> None:
    """下发账号 in the dossier; what is wrong is said at the field while it is typed."""
    clerk.goto(f"/plans/list/?q={NAME}")
    clerk.click("td.nm a")
    clerk.wait_for_url(f"**/plans/show/{plan}*")
    clerk.click("#tab-accounts")
    clerk.locator("[data-unit-accounts]").wait_for()
    clerk.fill("#f-username", "yuxia")
    clerk.locator("#f-username-hint", has_text="已被使用").wait_for()
    for field, value in (("username", LOGIN), ("unit_name", UNIT), ("phone", PHONE)):
        clerk.fill(f"#f-{field}", value)
    clerk.click("button:has-text('下发账号')")
    told(clerk, "账号已下发")
    assert LOGIN in clerk.inner_text("[data-unit-accounts] table")


def text_message(app: Flask, console: Any) -> str:
    """The outbox as the console shows it before and after the worker; the one-time password as the phone shows it."""
    console.goto("/ops/sms/")
    row = console.locator("tbody tr", has_text="138****0044")
    assert "待发送" in row.inner_text()
    with app.app_context():
        assert outbox.send_due().sent == 1
        with unit_of_work() as session:
            message = session.scalars(sa.select(SmsMessage).where(SmsMessage.phone == PHONE)).one()
            key, left = message.key, message.sealed
    console.reload()
    shown = row.inner_text()
    assert "已发送" in shown and LOGIN not in shown and left == ""
    phone = (Path(app.config["DATA_DIR"]) / "sms" / f"{key}.txt").read_text(encoding="utf-8")
    found = re.search(rf"{LOGIN}，一次性密码：?(\S+?)，", phone)
    assert found and "http://127.0.0.1" in phone, phone
    return found[1]


def first_sign_in(unit: Any, password: str) -> None:
    """With the one-time password: nothing opens before it is replaced by a strong one; then there is one plan."""
    unit.goto("/login/")
    unit.fill("[name=username]", LOGIN)
    unit.fill("[name=password]", password)
    unit.click("form [type=submit]:visible")
    unit.wait_for_url("**/profile/password/")
    assert unit.locator("h1").inner_text() == "请设置新密码"
    unit.goto("/reports/list/")
    unit.wait_for_url("**/profile/password/")
    for typed in ("short", NEW_PASSWORD):
        for field, value in (("old", password), ("new", typed), ("again", typed)):
            unit.fill(f"#f-{field}", value)
        unit.click(".actbar [type=submit]")
        if typed == "short":
            unit.wait_for_selector("#f-new[aria-invalid=true]")
            assert "至少 10 个字符" in unit.inner_text("#f-new-hint")
    unit.wait_for_url(lambda url: "/profile/password" not in url)
    unit.goto("/reports/list/")
    assert [name.inner_text() for name in unit.locator("tbody td.nm").all()] == [NAME]
    assert unit.request.get("/plans/list/").status in (403, 404)


# ── the report ──
def enter_project(unit: Any) -> None:
    unit.click("text=填写项目信息")
    unit.wait_for_url("**/works/add/*")
    for name, value in (("construction_unit", "测试街道办"), ("supervisor_name", "陈某"), ("supervision_unit", "测试局"),
                        ("supervisor_phone", "13800000000"), ("contract_amount", "108")):  # fmt: skip
        unit.fill(f"[name={name}]", value)
    unit.select_option("[name=construction_unit_kind]", "street")
    unit.click("[data-save]")
    unit.wait_for_url("**/reports/plan/*")


def upload(page: Any, box: str, path: Path) -> None:
    """Choose a file for a panel and wait until it stands in its list."""
    page.set_input_files(f"#{box}-in", str(path))
    page.locator(f"#{box} .files[data-gallery] .file").first.wait_for(timeout=15_000)


def picture(folder: Path, name: str, seed: int) -> Path:
    path = folder / f"{name}.jpg"
    path.write_bytes(jpeg(64, 48, seed=seed))
    return path


def fill_in(unit: Any, folder: Path) -> None:
    """Progress, three contents with state, quantity and photos, investment; one photo is forgotten."""
    unit.locator("[data-open='#contents']").first.click()
    for box in unit.locator("#contents [name=item]").all():
        box.check()
    unit.click("#contents [type=submit]")
    unit.wait_for_selector("#contents-table tr[data-item]")
    unit.locator(".stage label").nth(2).click()
    unit.fill("[name=started_on]", "2021-06-08")
    unit.fill("[name=cumulative_investment]", "40")
    unit.fill("[name=year_investment]", "40")
    rows = unit.locator("tr[data-item]").all()
    assert len(rows) == len(CONTENTS)
    for number, row in enumerate(rows):
        key = row.get_attribute("data-item")
        row.locator(".seg label").nth(1).click()
        unit.fill(f"[name=quantity1_{key}]", "10")
        for place, purpose in enumerate(("photo_before", "photo_during") if number else ("photo_before",)):
            upload(unit, f"files-reportitem-{key}-{purpose}", picture(folder, purpose, number * 2 + place))


def survive_a_crash(unit: Any) -> None:
    """What is typed comes back after a reload: it is kept on the server."""
    unit.locator("[data-saved-text]").wait_for()
    unit.evaluate("document.querySelector('[name=cumulative_investment]').dispatchEvent(new Event('change', {bubbles: true}))")
    unit.wait_for_timeout(2000)
    unit.evaluate("localStorage.clear()")
    unit.reload()
    unit.locator("[data-restored]").wait_for()
    assert unit.input_value("[name=cumulative_investment]") == "40"


def mend_what_is_missing(unit: Any, folder: Path) -> None:
    """What is missing is said beside the form, and goes away with each upload."""
    until(unit, f"document.querySelectorAll('#checks li').length > {len(STAGE_FILES)}")
    number = unit.locator("#checks li").count()
    project = unit.get_attribute("#stages [data-uploads]", "data-owner")
    for purpose in STAGE_FILES:
        paper = folder / f"{purpose}.pdf"
        paper.write_bytes(pdf(purpose))
        upload(unit, f"files-worksproject-{project}-{purpose}", paper)
    until(unit, f"document.querySelectorAll('#checks li').length === {number - len(STAGE_FILES)}")
    first = unit.locator("tr[data-item]").first.get_attribute("data-item")
    need = f"[data-shot-need=files-reportitem-{first}-photo_during]"
    assert "need" in unit.get_attribute(need, "class")
    upload(unit, f"files-reportitem-{first}-photo_during", picture(folder, "late", 4711))
    until(unit, f"!document.querySelector('{need}').matches('.need')")
    sound(unit)


def submit(unit: Any) -> None:
    """Confirm warnings if there are any, declare, submit."""
    if unit.locator("[data-take-warnings]").count():
        unit.check("[data-take-warnings]")
    unit.check("[name=confirmed]")
    unit.click("[name=then][value=submit]")
    told(unit, "已提交审核")


# ── review and recognition ──
def open_waiting(reviewer: Any) -> None:
    reviewer.goto(f"/reports/review/list/?q={NAME}")
    reviewer.click("td.nm a")
    reviewer.wait_for_url("**/reports/review/show/*")


def give_back(reviewer: Any) -> None:
    open_waiting(reviewer)
    sound(reviewer)
    until(reviewer, "[...document.querySelectorAll('.big-shots img')].filter(i => i.naturalWidth > 0).length >= 2")
    loaded = "performance.getEntriesByType('resource').filter(r => r.name.includes('/thumbnail/')).length"
    assert reviewer.evaluate(loaded) == 2, "photos of contents that are not shown are not fetched"
    reviewer.click("[data-return]")
    reviewer.locator("#decision .hint.bad").first.wait_for()
    reviewer.wait_for_load_state()
    reviewer.keyboard.press("Alt+r")
    assert reviewer.evaluate("document.activeElement.id") == "reason"
    reviewer.keyboard.type(REASON)
    reviewer.click("[data-phrase]")
    reviewer.click("[data-return]")
    told(reviewer, "月报已退回")


def approve(reviewer: Any) -> None:
    open_waiting(reviewer)
    reviewer.wait_for_load_state()
    reviewer.check("[data-declare]")
    reviewer.keyboard.press("Alt+a")
    told(reviewer, "月报已审核通过")


def recognise_start(clerk: Any, reviewer: Any, plan: int) -> None:
    """开工认定: what the portal holds already is taken over; a reviewer recognises it."""
    clerk.goto(f"/plans/show/{plan}")
    clerk.click("#tab-checks")
    clerk.click("text=新增开工认定")
    clerk.wait_for_selector("#recognition")
    clerk.click("button:has-text('确认并提交')")
    clerk.wait_for_selector("text=已保存为草稿，尚未提交：")
    shown = clerk.inner_text("#recognition")
    assert "缺少文件：立项批复文件。" in shown and "至少应有一项改造内容已开工。" in shown
    for number in range(clerk.locator(".take-list li").count()):
        clerk.locator(".take-list li button").nth(number).click()
        told(clerk, "已沿用。")
    clerk.fill("[name=recognised_on]", "2021-06-20")
    clerk.fill("[name=recogniser_phone]", "13800000031")
    clerk.check("[name=confirmed]")
    clerk.click("button:has-text('确认并提交')")
    clerk.wait_for_selector("text=已提交，等待本区县审核员认定。")
    reviewer.goto(clerk.url)
    reviewer.check("form[action*='/recognise/'] [name=confirmed]")
    reviewer.click("form[action*='/recognise/'] button")
    reviewer.wait_for_selector("text=已认定，计划任务的实施状态已随之更新。")


def ledger_row(clerk: Any) -> str:
    clerk.goto(f"/plans/list/?q={NAME}")
    return str(clerk.inner_text("table.dtable tbody tr"))


@pytest.mark.req("M1.6.5.1", "M1.6.5.2", "M1.6.5.3", "M1.6.5.4", "M1.6.7.1", "M1.1", "R14", "R17", "R19", "R25")
def test_from_the_account_to_the_ledger(
    app_sqlite: Flask, people: Callable[..., Any], plan: int, tmp_path: Path
) -> None:
    clerk, console = people("dingcheng"), people("sysadmin")
    before = ledger_row(clerk)
    assert "未开工" in before and "开工逾期 26 天" in before
    issue_account(clerk, plan)
    unit = people(None, 1280)
    first_sign_in(unit, text_message(app_sqlite, console))
    enter_project(unit)
    unit.click("button[form=begin-report].btn-primary")
    unit.wait_for_url("**/reports/show/*")
    assert "2021 年 6 月" in unit.inner_text("h1")
    fill_in(unit, tmp_path)
    survive_a_crash(unit)
    mend_what_is_missing(unit, tmp_path)
    submit(unit)
    with app_sqlite.app_context():
        assert run_waiting() >= 2 * len(CONTENTS)  # the small pictures

    reviewer = people("dingcheng_review", 1280)
    give_back(reviewer)
    unit.reload()
    told(unit, REASON, "warn")
    unit.fill("[name=cumulative_investment]", "41")
    submit(unit)
    approve(reviewer)
    recognise_start(clerk, reviewer, plan)

    after = ledger_row(clerk)
    assert "已开工" in after and "距完工期限" in after and "开工逾期" not in after
    clerk.set_viewport_size({"width": 360, "height": 740})
    clerk.goto(f"/plans/show/{plan}?tab=implementation")
    clerk.locator("[data-works-tab]", has_text=NAME).wait_for()
    assert "41.00" in clerk.inner_text("#facts")
    assert "开工认定" in clerk.locator("aside .trace").inner_text()
    sound(clerk)
    unit.goto("/reports/list/")
    assert unit.locator('.strip-x :is(.m-ok, [class="m"])').count() >= 1  # approved, also where it is the month due
