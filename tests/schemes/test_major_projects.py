"""The file for the library of major projects: its columns, its rows, whose they are."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select

from app.annual_plans import services as annual_plans
from app.audit.models import AuditEvent
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from app.reserve import services as reserve
from app.schemes import queries, services
from tests.areas.helpers import make_community, make_plan, make_reserve, open_window
from tests.schemes.test_services import full_scheme
from tools import make_docs

pytestmark = pytest.mark.req("M1.5.5")
SignedIn = Callable[[str], FlaskClient]


def sheets(answer: Any) -> list[list[tuple[Any, ...]]]:
    assert answer.status_code == 200, answer.get_data(as_text=True)[:500]
    whole = io.BytesIO(answer.data)
    answer.close()
    return [list(sheet.iter_rows(values_only=True)) for sheet in load_workbook(whole).worksheets]


def lines(answer: Any) -> list[dict[str, Any]]:
    """Rows of the first sheet by heading."""
    head, *rows = sheets(answer)[0]
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.fixture
def project(app_db: Flask) -> int:
    """A reserve project of 鼎城 with a community and a scheme with funds, in a plan task; its number."""
    with app_db.app_context():
        open_window()
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        area, plan = make_reserve(session, "国库储备"), make_plan(session, "国库计划")
        reserve.link(session, area, [make_community(session, "国库小区").id])
        scheme = full_scheme(session, area)
        funds = {"funding_local": "80", "funding_residents": "20"}
        services.save_draft(session, scheme, funds, scheme.version)
        annual_plans.link(session, plan, reserves=[area.id])
        return area.id


def test_every_column_of_a_project_is_filled_from_its_scheme(signed_in: SignedIn, project: int) -> None:
    province = signed_in("hunan")
    answer = province.post("/major-projects/reserve", data={"range": "picked", "rowid": [str(project)]})
    [row] = lines(answer)
    assert (row["项目名称"], row["行政区划代码"], row["建设性质"]) == ("国库储备", "430703", "改建")
    assert row["建设规模及主要建设内容"] == (
        "涉及小区 1 个、楼栋 1 栋、居民 36 户、建筑面积 0.25 万㎡；供水管网12米；楼顶防水12平方米"
    )
    assert (row["总投资(万元)"], row["市县资金(万元)"], row["资金来源合计(万元)"]) == (200, 80, 100)
    assert row["建设地点"].startswith("湖南省常德市鼎城区")
    assert row["项目代码"] in (None, "") and row["计划开工日期"] is None
    assert "13800000000" not in str(row) and row["责任单位"] == "测试单位"
    [plan] = lines(province.post("/major-projects/plans?q=国库计划", data={"range": "all"}))
    assert plan["项目阶段"] == "未开工" and plan["小(片)区编码"].startswith("430703")
    assert plan["资金来源合计(万元)"] == 100 and plan["计划完工日期"] is not None
    assert plan["建设规模及主要建设内容"] == row["建设规模及主要建设内容"], "carried over with the scheme"


def test_the_second_sheet_and_the_document_explain_every_column(signed_in: SignedIn) -> None:
    first, second = sheets(signed_in("hunan").post("/major-projects/plans", data={"range": "all"}))
    told = [f"{label}({unit})" if unit else label for _n, label, unit, _source in second[1:]]
    assert told == list(first[0]) and all(row[3] for row in second[1:])
    assert len(first[0]) == len(set(first[0]))
    written = make_docs.MAJOR_TARGET.read_text(encoding="utf-8")
    assert written == make_docs.major_projects(), "run `make docs`"
    documented = [line.split("|")[2].strip() for line in written.splitlines() if line.startswith("| ")][1:]
    assert documented == [row[1] for row in second[1:]]


def test_a_province_gets_its_own_and_others_get_nothing(
    signed_in: SignedIn, project: int, app_db: Flask
) -> None:
    data = {"range": "picked", "rowid": [str(project)]}
    assert lines(signed_in("guizhou").post("/major-projects/reserve", data=data)) == []
    for name in ("dingcheng", "changde", "hunan_fgw", "sysadmin"):
        assert signed_in(name).post("/major-projects/reserve", data=data).status_code == 403
    hunan = signed_in("hunan")
    assert hunan.post("/major-projects/communities", data=data).status_code == 404
    for page, shown in (("/reserve/list/", "reserve"), ("/plans/list/", "plans")):
        assert f'formaction="/major-projects/{shown}"' in hunan.get(page).get_data(as_text=True)
        assert "major-projects" not in signed_in("dingcheng").get(page).get_data(as_text=True)
    assert len(lines(hunan.post("/major-projects/reserve", data=data))) == 1
    with app_db.app_context(), acting_as(SYSTEM):
        exports = select(AuditEvent).where(AuditEvent.action == "export").order_by(AuditEvent.id.desc())
        event = db.session.scalars(exports).first()
        assert event.entity == "ReserveProject" and event.after["rows"] == 1


def test_it_costs_the_same_for_many_rows(signed_in: SignedIn, app_db: Flask, query_counter: Any) -> None:
    hunan, data = signed_in("hunan"), {"range": "all"}
    lines(hunan.post("/major-projects/reserve", data=data))
    with query_counter() as few:
        before = lines(hunan.post("/major-projects/reserve", data=data))
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        for number in range(25):
            scheme = services.ensure_scheme(session, make_reserve(session, f"众多{number}"))
            services.save_draft(session, scheme, {"funding_local": "1"}, scheme.version)
            assert queries.funding_of(scheme)
    with query_counter() as many:
        after = lines(hunan.post("/major-projects/reserve", data=data))
    assert len(after) == len(before) + 25 and len(many) == len(few)
