"""The walk of a county clerk in a browser: template, import, export, import again (M1.4.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.communities.import_helpers import dingcheng_rows, row, workbook

pytestmark = [pytest.mark.req("M1.4.2", "D4"), pytest.mark.xdist_group("browser")]
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


def violations(page: Any) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found["violations"]]


def send(page: Any, data: bytes, name: str) -> None:
    page.goto("/communities/import/")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files('input[type="file"]', files=[{"name": name, "mimeType": kind, "buffer": data}])
    page.click(".imp-upload button[type=submit]")
    page.wait_for_selector("#imp-sums")


def words(page: Any) -> str:
    return " ".join(page.inner_text("main").split())


def test_template_import_export_and_import_again(page_as, tmp_path):
    page = page_as("dingcheng")
    page.goto("/communities/import/")
    assert violations(page) == []
    with page.expect_download() as download:
        page.click('a[href$="/import/template"]')
    path = tmp_path / "template.xlsx"
    download.value.save_as(path)
    book = openpyxl.load_workbook(path)
    for number, cells in enumerate(dingcheng_rows(), 2):
        for column, value in enumerate(cells, 1):
            book.worksheets[0].cell(number, column, value)
    book.save(path)

    send(page, path.read_bytes(), "鼎城区小区摸底表.xlsx")
    assert "有提醒，可写入 8 行" in words(page)
    assert violations(page) == []
    page.check('[name="seen"]')
    page.click('button[form="imp-write"]')
    page.wait_for_selector(".imp-result")
    assert "已写入 13 行" in words(page)
    assert violations(page) == []

    page.goto("/communities/list/")
    page.click('[data-open="#export"]')
    page.check('#export [name="range"][value="all"]')
    with page.expect_download() as download:
        page.click('#export button[type="submit"]')
    exported = tmp_path / "export.xlsx"
    download.value.save_as(exported)
    send(page, exported.read_bytes(), "导出.xlsx")
    assert "没有需要写入的行" in words(page)
    assert page.is_disabled('button[form="imp-write"]')
    address = page.url

    other = page_as("hanshou")
    assert other.goto(address).status == 404
    other.goto("/communities/list/?q=司法局院落")
    assert "司法局院落" not in other.inner_text("table, .empty")


def test_cells_are_corrected_in_place(page_as):
    page = page_as("dingcheng")
    rows = [row("改格小区", **{"居民户数(户)": "98户"}), row("晚建小区", **{"小区建成时间(年)": 2012})]
    send(page, workbook(rows), "改格.xlsx")
    assert violations(page) == []
    assert "写入 0 行" in words(page)
    cell = page.locator("#c-0-household_count")
    cell.fill("98")
    cell.press("Tab")
    page.wait_for_selector("text=写入 1 行")
    assert "须为整数" not in words(page)
    page.locator("#c-1-built_year").fill("1998")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=写入 2 行")
    assert "有错误 0 有问题 1" in words(page)
    page.check('[name="seen"]')
    page.click('button[form="imp-write"]')
    page.wait_for_selector(".imp-result")
    assert "已写入 2 行" in words(page)


def test_on_a_phone_nothing_scrolls_sideways_but_the_table(page_as):
    page = page_as("dingcheng", width=360, height=740)
    page.goto("/communities/import/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    send(page, workbook([row("手机小区", **{"居民户数(户)": "98户"})]), "手机.xlsx")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []


def test_dark_theme_passes_too(page_as):
    page = page_as("dingcheng", dark=True)
    send(
        page,
        workbook([row("暗色小区", **{"居民户数(户)": "98户"}), row("暗色二", 单元数=1, 无电梯单元数=1)]),
        "暗.xlsx",
    )
    assert violations(page) == []
