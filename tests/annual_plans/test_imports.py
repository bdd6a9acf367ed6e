"""Importing a year's plan tasks through the pages, on both databases (M1.6.c)."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from app.annual_plans.models import PlanTask
from app.audit.models import AuditEvent
from app.exchange.columns import Column, Sheet
from app.exchange.writer import write_workbook
from app.extensions import db
from app.kernel import calendar
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.transitions import trace
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from tests.communities.import_helpers import confirm, plain

pytestmark = pytest.mark.req("M1.6.c")
TABLE = PlanTask.__table__
HEAD = ("市州", "区县", "列入计划年度", "小(片)区名称", "小(片)区编码", "详细地址", "计划开工时间",
        "计划完工时间", "民生实事", "专项债", "计划总投资(万元)", "国家预算资金(万元)")  # fmt: skip
YEAR = calendar.today().year


def line(name: str, **changes: Any) -> list[Any]:
    values = dict(zip(HEAD, ["常德市", "鼎城区", YEAR, name, "", f"{name}路1号", f"{YEAR}-05-01",
                             f"{YEAR}年12月1日", "是", "", "225.50", 100], strict=True))  # fmt: skip
    assert not set(changes) - set(values)
    return list({**values, **changes}.values())


def send(client: Any, rows: list[list[Any]], head: tuple[str, ...] = HEAD) -> Any:
    out = io.BytesIO()
    write_workbook(
        out, [Sheet("计划", [Column(str(i), label, "decimal") for i, label in enumerate(head)], rows)]
    )
    start = '--cut\r\nContent-Disposition: form-data; name="file"; filename="计划.xlsx"\r\n\r\n'
    body = start.encode() + out.getvalue() + b"\r\n--cut--\r\n"
    return client.post("/plans/import/", data=body, content_type="multipart/form-data; boundary=cut")


def staged(client: Any, rows: list[list[Any]], head: tuple[str, ...] = HEAD) -> str:
    answer = send(client, rows, head)
    assert answer.status_code == 303, plain(answer)
    return str(answer.headers["Location"])


def page_of(client: Any, address: str) -> str:
    return plain(client.get(address + "?show=all"))


@pytest.fixture
def plans(app_db):
    """``plans("name")`` gives the plan tasks of a name; ``plans()`` the number of all."""

    def look(name: str | None = None) -> Any:
        with app_db.app_context(), acting_as(SYSTEM):
            statement = sa.select(TABLE).order_by(TABLE.c.id)
            if name is None:
                return len(db.session.execute(statement).all())
            return db.session.execute(statement.where(TABLE.c.name == name)).all()

    return look


def sound(app) -> None:
    from app.cli.verify import faults

    with app.app_context(), acting_as(SYSTEM):
        assert faults(db.session()) == []


@pytest.mark.req("R11", "R17")
def test_the_province_imports_and_the_same_file_changes_nothing(app_db, signed_in, plans):
    hunan, before = signed_in("hunan"), plans()
    told = f"430703{YEAR}0103777"
    rows = [
        line("导入甲片区"),
        line("导入乙片区", 区县="汉寿县"),
        line("导入丙片区", **{"小(片)区编码": told}),
    ]
    address = staged(hunan, rows)
    assert plans() == before
    done = plain(confirm(hunan, address))
    assert "已写入 3 行：新增 3 行，更新 0 行。" in done
    found = plans("导入甲片区")[0]
    assert (found.county_code, found.year, found.planned_start) == ("430703", YEAR, dt.date(YEAR, 5, 1))
    assert (found.start_due, found.finish_due) == (dt.date(YEAR, 5, 1), dt.date(YEAR, 12, 1))
    assert (found.livelihood, found.special_bond, found.funds_planned) == (True, False, Decimal("225.50"))
    assert found.funds_in_place == found.funds_state_budget == Decimal("100.00")
    assert found.code.startswith(f"430703{calendar.today():%Y%m%d}")
    assert found.implementation_state == "not_started"
    assert plans("导入乙片区")[0].county_code == "430722"
    assert plans("导入丙片区")[0].code == told
    with app_db.app_context(), acting_as(SYSTEM):
        assert [step.action for step in trace(db.session(), "PlanTask", found.id)] == ["declare"]
        event = db.session.scalars(
            sa.select(AuditEvent).where(AuditEvent.action == "import", AuditEvent.entity == "PlanTask")
        ).one()
        assert (event.after["added"], event.after["changed"]) == (3, 0)
    again = staged(hunan, rows)
    assert "另有 3 行与库中一致" in page_of(hunan, again)
    assert "没有可写入的行" in plain(confirm(hunan, again))
    assert plans() == before + 3
    sound(app_db)


def test_a_row_of_a_known_code_or_name_changes_what_it_says_and_nothing_else(app_db, signed_in, plans):
    city = signed_in("changde")
    confirm(city, staged(city, [line("改前片区"), line("同名片区")]))
    first, second = plans("改前片区")[0], plans("同名片区")[0]
    renamed = line("改后片区", **{"小(片)区编码": first.code, "详细地址": "", "计划总投资(万元)": ""})
    dated = line("同名片区", 计划完工时间=f"{YEAR + 1}/3/31", 专项债="是")
    address = staged(city, [renamed, dated])
    done = plain(confirm(city, address))
    assert "新增 0 行，更新 2 行" in done
    assert plans("改前片区") == []
    now = plans("改后片区")[0]
    assert (now.id, now.code, now.address, now.funds_planned) == (
        first.id, first.code, first.address, first.funds_planned,
    )  # fmt: skip
    now = plans("同名片区")[0]
    assert (now.id, now.finish_due, now.special_bond) == (second.id, dt.date(YEAR + 1, 3, 31), True)
    with app_db.app_context():
        events = sa.select(AuditEvent).where(
            AuditEvent.entity_id == str(second.id), AuditEvent.action == "update"
        )
        event = db.session.scalars(events.where(AuditEvent.entity == "PlanTask")).one()
        assert event.after["special_bond"] is True
        assert "address" not in event.after
    sound(app_db)


def test_every_wrong_cell_is_named_and_nothing_of_its_row_is_written(signed_in, plans):
    city, before = signed_in("changde"), plans()
    address = staged(city, [
        line("外省片区", 市州="毕节市", 区县="纳雍县"),
        line("无县片区", 区县="不存在县"),
        line("错年片区", 列入计划年度="明年"),
        line("倒期片区", 计划完工时间=f"{YEAR}-01-01"),
        line("错日片区", 计划开工时间="五一"),
        line("错码片区", **{"小(片)区编码": "12"}),
        line("他县码片区", **{"小(片)区编码": f"430722{YEAR}0101001"}),
        line("错额片区", **{"计划总投资(万元)": "很多"}),
        line("错标片区", 民生实事="也许"),
        line(""),
        line("好片区"),
    ])  # fmt: skip
    page = page_of(city, address)
    for words in (
        "纳雍县不属于常德市，不能在此导入", "这个区县", "须为整数", "不得早于计划开工日期", "须为日期",
        "编码须为6位区县代码", "该编码属于汉寿县", "须为数字", "须为是或否", "必填",
    ):  # fmt: skip
        assert words in page, words
    confirm(city, address)
    assert plans() == before + 1
    assert len(plans("好片区")) == 1
    book = openpyxl.load_workbook(io.BytesIO(city.get(address + "/errors", buffered=True).data))
    assert book.worksheets[0].max_row > 10


def test_rows_beside_each_other_and_the_bin(app_db, signed_in, plans):
    city = signed_in("changde")
    confirm(city, staged(city, [line("回收片区")]))
    binned = plans("回收片区")[0]
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        session.get(PlanTask, binned.id).deleted_at = utcnow()
    rows = [
        line("重复片区"), line("重复片区"), line("矛盾片区"), line("矛盾片区", 详细地址="别处"),
        line("回收片区", **{"小(片)区编码": binned.code}),
    ]  # fmt: skip
    address = staged(city, rows)
    page = page_of(city, address)
    assert "1 行与文件中前面的行完全相同" in page
    assert "同一计划任务" in page
    assert "回收站" in page
    assert "新增 2 行" in plain(confirm(city, address))


@pytest.mark.req("R11")
def test_a_total_must_be_the_sum_and_a_far_year_is_asked_about(signed_in, plans):
    hunan = signed_in("hunan")
    head = (*HEAD, "到位资金(万元)")
    rows = [
        [*line("合计错片区"), "99"],
        [*line("合计对片区"), "100.00"],
        [*line("远年片区", 列入计划年度=2035), ""],
    ]
    address = staged(hunan, rows, head)
    page = page_of(hunan, address)
    assert "100.00" in page
    assert "2035 年距今较远" in page
    refused = confirm(hunan, address, seen="")
    assert "请先勾选" in plain(refused)
    confirm(hunan, address)
    assert (len(plans("合计错片区")), len(plans("合计对片区")), len(plans("远年片区"))) == (0, 1, 1)


def test_somebody_elses_change_since_the_preview_stops_the_import(app_db, signed_in, plans):
    city = signed_in("changde")
    confirm(city, staged(city, [line("并发片区")]))
    address = staged(city, [line("并发片区", 详细地址="新址"), line("并发新片区")])
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        session.get(PlanTask, plans("并发片区")[0].id).address = "别人改的"
    assert "核对期间他人改动了文件涉及的记录" in plain(confirm(city, address))
    assert plans("并发片区")[0].address == "别人改的"
    assert plans("并发新片区") == []


def test_who_may_import_and_where_the_buttons_stand(signed_in):
    for name, may in (("hunan", True), ("changde", True), ("dingcheng", False), ("hunan_zj", False)):
        client = signed_in(name)
        assert client.get("/plans/import/").status_code == (200 if may else 403), name
        listed = client.get("/plans/list/").get_data(as_text=True)
        assert ("/plans/import/template" in listed) is may, name
    book = openpyxl.load_workbook(
        io.BytesIO(signed_in("changde").get("/plans/import/template", buffered=True).data)
    )
    heads = [str(cell.value) for row in book.worksheets[0].iter_rows(max_row=4) for cell in row if cell.value]
    assert any("列入计划年度" in head for head in heads)
    assert any("小(片)区编码" in head for head in heads)


def test_one_province_never_sees_the_import_of_another(signed_in):
    address = staged(signed_in("hunan"), [line("外省不见")])
    assert signed_in("guizhou").get(address).status_code == 404
    assert signed_in("changde").get(address).status_code == 404


def test_codes_of_one_day_run_out_with_a_sentence_and_without_a_row(signed_in, plans):
    city, before = signed_in("changde"), plans()
    address = staged(city, [line(f"千号片区{number}") for number in range(1000)])
    assert "999 个编码已用完" in plain(confirm(city, address))
    assert plans() == before


def test_an_export_of_the_ledger_is_an_import_that_changes_nothing(app_db, signed_in, plans):
    city = signed_in("changde")
    confirm(city, staged(city, [line("导出片区甲"), line("导出片区乙", 区县="汉寿县")]))
    before = plans()
    book = city.post("/plans/export/", data={"range": "all"}, buffered=True).data
    start = '--cut\r\nContent-Disposition: form-data; name="file"; filename="台账.xlsx"\r\n\r\n'
    body = start.encode() + book + b"\r\n--cut--\r\n"
    answer = city.post("/plans/import/", data=body, content_type="multipart/form-data; boundary=cut")
    assert answer.status_code == 303, plain(answer)
    page = page_of(city, answer.headers["Location"])
    living = sum(1 for row in sheet_rows(book) if row[0])
    assert f"另有 {living} 行与库中一致" in page
    assert plans() == before


def sheet_rows(book: bytes) -> list[Any]:
    rows = list(openpyxl.load_workbook(io.BytesIO(book)).worksheets[0].iter_rows(values_only=True))
    head = next(i for i, row in enumerate(rows) if "小(片)区编码" in [str(cell) for cell in row])
    at = [str(cell) for cell in rows[head]].index("小(片)区编码")
    return [(row[at],) for row in rows[head + 1 :]]
