"""The import of a year's plan tasks by city and province: template, preview, all or none (M1.6.c)."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from app.annual_plans.models import PlanTask
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as

pytestmark = pytest.mark.req("M1.6.c")
HEAD = ("列入计划年度", "市州", "区县", "小(片)区编码", "小(片)区名称", "计划开工日期", "计划完工日期", "民生实事",
        "计划总投资(万元)")  # fmt: skip
GOOD = (
    (2027, "常德市", "鼎城区", None, "导入片区一", "2027-03-01", "2028-06-30", "是", 216),
    (2027, "常德市", "汉寿县", "43072220210719001", "导入片区二", None, None, "否", "108.50"),
)


def upload(client: Any, *lines: tuple[Any, ...]) -> str:
    """Stage a workbook; returns the address of its preview."""
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for line in (HEAD, *lines):
        book.active.append(line)
    book.save(stream)
    stream.seek(0)
    form = {"file": (stream, "计划.xlsx")}
    answer = client.post("/plans/import/", data=form, content_type="multipart/form-data")
    assert answer.status_code in (302, 303), answer.get_data(as_text=True)[:3000]
    return str(answer.headers["Location"])


def counts(client: Any, where: str) -> tuple[int, ...]:
    from app.exchange.models import ImportBatch

    number = int(re.search(r"(\d+)", where).group(1))  # type: ignore[union-attr]
    with client.application.app_context(), acting_as(SYSTEM):
        batch = db.session.get(ImportBatch, number)
        return (batch.new_count, batch.changed_count, batch.unchanged_count, batch.duplicate_count,
                batch.bad_count)  # fmt: skip


def write(client: Any, where: str) -> Any:
    page = client.get(where).get_data(as_text=True)
    form = re.search(r'action="([^"]*/write[^"]*)"(.*?)</form>', page, re.DOTALL)
    assert form, "the preview offers no writing"
    fields = dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', form.group(2)))
    return client.post(form.group(1).replace("&amp;", "&"), data=fields, follow_redirects=True)


def plans(app: Flask, *names: str) -> dict[str, PlanTask]:
    with app.app_context(), acting_as(SYSTEM):
        return {p.name: p for p in db.session.scalars(select(PlanTask).where(PlanTask.name.in_(names)))}


def test_a_city_imports_its_counties_tasks_whatever_the_window(app_db: Flask, signed_in: Any) -> None:
    city = signed_in("changde")
    template = city.get("/plans/import/template", buffered=True)
    sheet = openpyxl.load_workbook(io.BytesIO(template.data)).worksheets[0]
    template.close()
    heads = {
        str(cell.value).lstrip("*").split("(")[0]
        for row in sheet.iter_rows(max_row=4)
        for cell in row
        if cell.value
    }
    assert {"列入计划年度", "区县", "计划总投资"} <= heads
    where = upload(city, *GOOD)
    assert counts(city, where) == (2, 0, 0, 0, 0)
    assert plans(app_db, "导入片区一") == {}, "nothing is written before the preview is confirmed"
    write(city, where)
    made = plans(app_db, "导入片区一", "导入片区二")
    first, second = made["导入片区一"], made["导入片区二"]
    assert re.fullmatch(r"430703\d{11}", first.code)
    assert (second.code, second.county_code) == ("43072220210719001", "430722")
    assert (first.livelihood, str(first.funds_planned), str(first.start_due)) == (
        True,
        "216.00",
        "2027-03-01",
    )
    assert "导入片区二" in signed_in("hanshou").get("/plans/list/?year=2027").get_data(as_text=True)


def test_the_same_file_again_changes_nothing_and_a_new_cell_one_task(app_db: Flask, signed_in: Any) -> None:
    city = signed_in("changde")
    write(city, upload(city, *GOOD))
    assert counts(city, upload(city, *GOOD)) == (0, 0, 2, 0, 0)
    where = upload(city, (*GOOD[0][:7], "否", None), GOOD[1])
    assert counts(city, where) == (0, 1, 1, 0, 0)
    write(city, where)
    changed = plans(app_db, "导入片区一")["导入片区一"]
    assert (changed.livelihood, str(changed.funds_planned)) == (False, "216.00")


def test_bad_rows_are_named(app_db: Flask, signed_in: Any) -> None:
    city = signed_in("changde")
    where = upload(
        city,
        (2027, "长沙市", "天心区", None, "别人的片区", None, None, None, None),
        (1899, "常德市", "鼎城区", None, "年份不对", None, None, None, None),
        (2027, "常德市", "鼎城区", "43070320210719807", "政府二院片区二期(含原卫生局)", "2027-05-01", "2026-05-01", "", None),
        (2027, "常德市", "汉寿县", "43070320210719807", "编码属于别县", None, None, None, None),
        (2027, "常德市", "鼎城区", "123", "编码不对", None, None, None, None),
        (2027, "常德市", "鼎城区", None, "", None, None, "也许", "很多"),
        GOOD[0], GOOD[0], (*GOOD[0][:7], "否", 1),
    )  # fmt: skip
    assert counts(city, where) == (1, 0, 0, 1, 7)
    page = city.get(where).get_data(as_text=True)
    for words in (
        "不属于常德市",
        "该编码已被其他计划任务使用",
        "编码须为6位区县代码",
        "不得早于计划开工日期",
        "行为同一计划任务",
    ):
        assert words in page, words


def test_counties_do_not_import_and_strangers_see_no_batch(signed_in: Any) -> None:
    where = upload(signed_in("changde"), *GOOD)
    assert signed_in("dingcheng").get("/plans/import/").status_code == 403
    assert signed_in("guizhou").get(where).status_code == 404
