"""Pages of reserve projects and plan tasks through the client: lists, forms, conflict, dialog, bin."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from app.annual_plans.models import PlanTask
from app.annual_plans.rules import LIGHT_RANK
from app.communities.models import Community
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from app.reserve.models import ReserveProject
from tests.areas.helpers import make_community, make_plan, make_reserve, open_window

FACTS = {"supervision_unit": "测试单位", "supervisor_name": "陈某", "supervisor_phone": "13800000000"}
XHR = {"X-Requested-With": "fetch"}
JSON = {"Accept": "application/json"}


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def total(answer: Any) -> int:
    return int(re.search(r'data-total="(\d+)"', text(answer)).group(1))  # type: ignore[union-attr]


def token_of(html: str) -> dict[str, str]:
    found = {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', html) for name in ("version", "token")}
    return {name: match.group(1) for name, match in found.items() if match}


@pytest.fixture
def clerk(signed_in: Any) -> Any:
    return signed_in("dingcheng")


def one(app: Flask, model: Any, name: str) -> Any:
    with app.app_context(), acting_as(SYSTEM):
        return db.session.scalars(select(model).where(model.name == name)).one()


@pytest.fixture
def place(app_db: Flask) -> Any:
    """A reserve project, a plan task of this year and two free communities of 鼎城区."""
    with app_db.app_context():
        open_window()
        with acting_as(SYSTEM), unit_of_work() as session:
            made = {
                "first": make_community(session, "恒华测试楼", building_count=2, household_count=72, floor_area="0.5000"),
                "second": make_community(session, "原税务局院落", building_count=4, household_count=130, floor_area="1.0000"),
                "reserve": make_reserve(session),
                "plan": make_plan(session),
            }  # fmt: skip
            session.flush()
            return {key: row.id for key, row in made.items()}


def order(client: Any, base: str, number: int, **body: Any) -> Any:
    return client.post(f"{base}/link/{number}", json=body, headers=JSON)


# ── lists ──
@pytest.mark.req("M1.6", "M1.L")
def test_the_ledger_has_the_manuals_columns_codes_and_lights(reader: Any) -> None:
    html = text(reader("dingcheng").get("/plans/list/"))
    for word in ("列入计划", "小(片)区编码", "小(片)区名称", "关联的小区名称", "计划关联", "分配账号", "方案填报",
                 "实施状态", "区县巡查", "市州抽查", "省级抽查", "预警情况", "43070320210719807", "开工逾期"):  # fmt: skip
        assert word in html


@pytest.mark.req("M1.5.1", "M1.5.4")
def test_the_reserve_has_the_manuals_columns(reader: Any) -> None:
    html = text(reader("dingcheng").get("/reserve/list/"))
    for word in ("市州", "区县", "小(片)区名称", "建成时间", "居民户数", "楼栋数", "建筑面积", "投资估算", "计划关联",
                 "修改", "查看"):  # fmt: skip
        assert word in html
    above = text(reader("hunan").get("/reserve/list/"))
    assert "储备库" in above
    assert "新增储备项目" not in above
    assert "/reserve/link/" not in above


@pytest.mark.req("M1.L")
@pytest.mark.parametrize("typed", ["政府二院", "zfey", "43070320210719807", "ＺＦＥＹ"])
def test_search_by_name_initials_or_code(reader: Any, typed: str) -> None:
    answer = reader("dingcheng").get("/plans/list/", query_string={"q": typed})
    assert "政府二院片区二期" in text(answer)
    assert total(answer) < total(reader("dingcheng").get("/plans/list/"))


@pytest.mark.req("R17", "M1.6")
def test_lights_filter_and_sort_in_sql(app_db: Flask, signed_in: Any) -> None:
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        plans = session.scalars(
            select(PlanTask).where(PlanTask.county_code == "430703").order_by(PlanTask.id)
        ).all()
        plans[0].implementation_state = "finished"
        done = sum(plan.implementation_state == "finished" for plan in plans)
    client = signed_in("dingcheng")
    every = total(client.get("/plans/list/"))
    counts = {colour: total(client.get(f"/plans/list/?light={colour}")) for colour in LIGHT_RANK}
    assert sum(counts.values()) == every
    assert counts["green"] == done, "every other one of the demo world is overdue"
    shown = re.findall(
        r"light l-(\w+)", text(client.get("/plans/list/?sort=-light&size=100")).partition("<tbody>")[2]
    )
    assert shown[0] == "ok"
    assert shown[-1] == "bad"
    assert total(client.get("/plans/list/?status=finished")) == done
    assert total(client.get("/plans/list/?light=violet&status=x&year=20x1&programme=name&q=%00")) == every


@pytest.mark.req("M1.L")
def test_the_tree_counts_agree_with_the_lists_behind_it(reader: Any) -> None:
    client = reader("changde")
    html = text(client.get("/plans/list/"))
    found = re.findall(
        r'<a href="(/plans/list/\?[^"]+)"><?[^>]*>?<?span class="clip">[^<]*</span><span class="c">([\d,]+)',
        html,
    )
    found += re.findall(r'<a href="(/plans/list/\?region[^"]+)">.*?<span class="c">([\d,]+)', html)
    assert found
    for href, number in found[:8]:
        assert total(client.get(href.replace("&amp;", "&"))) == int(number.replace(",", ""))


@pytest.mark.req("D4", "M1.6")
def test_the_export_names_the_linked_communities(reader: Any) -> None:
    answer = reader("dingcheng").post("/plans/export/?year=2021", data={"range": "all", "columns": ["code", "name", "names", "light"]},
                                      buffered=True)  # fmt: skip
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    answer.close()
    assert any("原卫生局宿舍;商业局宿舍" in row for row in rows)
    assert any("滞后" in str(row[-1]) for row in rows)


@pytest.mark.req("M1.L", "D1")
@pytest.mark.parametrize("base", ["/plans", "/reserve"])
def test_a_list_of_a_hundred_is_light(app_db: Flask, signed_in: Any, query_counter: Any, base: str) -> None:
    """At most 8 statements, as many as for few rows, and 100 KB."""
    client = signed_in("dingcheng")
    client.get(f"{base}/list/?size=100")
    with query_counter() as few:
        client.get(f"{base}/list/?size=100")
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        for number in range(100):
            name = f"政府二院小区{number}期"
            names = "原卫生局宿舍;商业局宿舍"
            values = {"name": name, "county_code": "430703", "community_count": 3, "community_names": names}
            if base == "/reserve":
                session.add(ReserveProject(**values))
            else:
                plan = session.scalars(select(PlanTask).limit(1)).one()
                session.add(PlanTask(**values, year=2021, code=f"43070320210101{number:03d}",
                                     start_due=plan.start_due, finish_due=plan.finish_due))  # fmt: skip
    with query_counter() as counting:  # the first page after a change counts the directory anew
        client.get(f"{base}/list/?size=100")
    with query_counter() as many:
        page = client.get(f"{base}/list/?size=100")
    statements = [s for s in counting if not s.startswith(("SET ", "SELECT set_config"))]
    assert len(many) == len(few)
    assert len(statements) <= 8, statements
    assert len(page.data) <= 100_000


# ── forms ──
@pytest.mark.req("M1.5.1")
def test_a_reserve_project_is_added_and_edited(app_db: Flask, clerk: Any) -> None:
    form = token_of(text(clerk.get("/reserve/add")))
    refused = clerk.post("/reserve/add", data={**FACTS, **form, "name": "", "supervisor_phone": "12"})
    assert refused.status_code == 422
    assert "测试单位" in text(refused)
    assert text(refused).count('aria-invalid="true"') == 2
    done = clerk.post("/reserve/add", data={**FACTS, **form, "name": "测试储备项目"})
    assert done.status_code == 302
    again = clerk.post("/reserve/add", data={**FACTS, **form, "name": "测试储备项目"})
    assert again.headers["Location"] == done.headers["Location"]
    page = text(clerk.get(done.headers["Location"]))
    assert "测试储备项目" in page
    assert "138****0000" in page
    assert "13800000000" not in page
    number = int(done.headers["Location"].rpartition("/")[2])
    form = token_of(text(clerk.get(f"/reserve/edit/{number}")))
    data = {**FACTS, **form, "name": "测试储备二期", "supervisor_phone": "138****0000"}
    clerk.post(f"/reserve/edit/{number}", data=data)
    saved = one(app_db, ReserveProject, "测试储备二期")
    assert (saved.supervisor_phone, saved.initials) == ("13800000000", "cscbeq")
    shown = clerk.post(f"/reserve/reveal/{number}", headers=JSON)
    assert shown.json == {"phone": "13800000000"}


@pytest.mark.req("M1.4.4", "D3")
def test_two_editors_see_both_values(app_db: Flask, place: Any, clerk: Any, signed_in: Any) -> None:
    address = f"/reserve/edit/{place['reserve']}"
    mine = clerk.get(address)
    base = re.search(r'name="base"[^>]*value="([^"]*)"', text(mine)).group(1)  # type: ignore[union-attr]
    base = base.replace("&#34;", '"').replace("&quot;", '"')
    other = signed_in("dingcheng")
    other.post(
        address, data={**FACTS, **token_of(text(other.get(address))), "name": "改名甲", "address": "路1号"}
    )
    typed = {**FACTS, **token_of(text(mine)), "base": base, "name": "改名乙"}
    conflict = clerk.post(address, data=typed)
    assert conflict.status_code == 409
    for word in ("改名甲", "改名乙", "测试单位"):
        assert word in text(conflict)
    form = token_of(text(conflict))
    clerk.post(address, data={**typed, **form, "pick-name": "mine", "address": "路1号"})
    saved = one(app_db, ReserveProject, "改名乙")
    assert saved.address == "路1号"


@pytest.mark.req("M1.6.c")
def test_counties_add_plan_tasks_only_while_the_window_is_open(app_db: Flask, clerk: Any) -> None:
    closed = text(clerk.get("/plans/add"))
    assert "当前不在申报期内" in closed
    facts = {**FACTS, **token_of(closed), "name": "原税务局院落", "year": "2019"}
    refused = clerk.post("/plans/add", data=facts)
    assert refused.status_code == 422
    assert "2019 年计划申报期为 2019-01-01 至 2019-03-31" in text(refused)
    assert "原税务局院落" in text(refused)
    with app_db.app_context():
        open_window(2019)
    done = clerk.post("/plans/add", data=facts)
    assert done.status_code == 302
    plan = one(app_db, PlanTask, "原税务局院落")
    assert plan.year == 2019
    assert re.fullmatch(r"430703\d{11}", plan.code)
    assert plan.code in text(clerk.get(done.headers["Location"]))


@pytest.mark.req("M1.6.3")
def test_the_ledgers_name_stays_once_the_window_is_closed(app_db: Flask, clerk: Any) -> None:
    with app_db.app_context(), acting_as(SYSTEM):
        plan = db.session.scalars(select(PlanTask).where(PlanTask.code == "43070320210719807")).one()
        number, name = plan.id, plan.name
    address = f"/plans/edit/{number}"
    data = {
        **FACTS,
        **token_of(text(clerk.get(address))),
        "name": "别的名字",
        "year": "2026",
        "address": "新路2号",
    }
    assert clerk.post(address, data=data).status_code == 302
    saved = one(app_db, PlanTask, name)
    assert (saved.year, saved.address, saved.household_count) == (2021, "新路2号", 68)


@pytest.mark.req("M1.6.5", "R11")
def test_funds_in_place_are_the_sum(app_db: Flask, clerk: Any) -> None:
    with app_db.app_context(), acting_as(SYSTEM):
        number = db.session.scalars(select(PlanTask.id).where(PlanTask.county_code == "430703")).first()
    address = f"/plans/implementation/{number}"
    data = {**token_of(text(clerk.get(address))), "central_budget": "y", "funds_planned": "216",
            "funds_state_budget": "100.50", "funds_residents": "20", "funds_other": "x"}  # fmt: skip
    assert clerk.post(address, data=data).status_code == 422
    done = clerk.post(address, data={**data, "funds_other": "0"})
    assert done.headers["Location"].endswith("?tab=implementation")
    with app_db.app_context(), acting_as(SYSTEM):
        plan = db.session.get(PlanTask, number)
        assert (str(plan.funds_in_place), plan.central_budget) == ("120.50", True)


@pytest.mark.req("M1.6.6", "R16")
def test_a_part_above_its_whole_is_refused(app_db: Flask, clerk: Any) -> None:
    with app_db.app_context(), acting_as(SYSTEM):
        number = db.session.scalars(select(PlanTask.id).where(PlanTask.code == "43070320210719807")).one()
    address = f"/plans/long-term/{number}"
    data = {**token_of(text(clerk.get(address))), "jobs_created": "5", "party_organisations": "1"}
    refused = clerk.post(address, data={**data, "party_organisations_new": "2"})
    assert refused.status_code == 422
    assert "其中数不得大于总数 1" in text(refused)
    assert clerk.post(address, data={**data, "party_organisations_new": "1"}).status_code == 302


# ── the linking dialog ──
@pytest.mark.req("M1.5.1l", "M1.5.2")
def test_linking_answers_with_sums_and_row(place: Any, clerk: Any, query_counter: Any) -> None:
    dialog = text(clerk.get(f"/reserve/link/{place['reserve']}", headers=XHR))
    assert "储备项目关联小区" in dialog
    assert 'data-sum="household_count" data-was="0"' in dialog
    assert clerk.get(f"/reserve/link/{place['reserve']}").headers["Location"].endswith("#link")
    with query_counter() as sql:
        rows = text(clerk.get(f"/reserve/link/{place['reserve']}/rows?q=恒华测试"))
    assert "恒华测试楼" in rows
    assert len([s for s in sql if "FROM community" in s]) == 2, "one for the list, one for the count"
    assert "原税务局院落" in text(clerk.get(f"/reserve/link/{place['reserve']}/rows?q=yswj"))
    done = order(clerk, "/reserve", place["reserve"], action="link", communities=[place["first"]])
    assert done.json["sums"] == {"community_count": "1", "building_count": "2", "household_count": "72",
                                 "floor_area": "0.5000", "built_after_2000": "0"}  # fmt: skip
    assert done.json["done"] == [f"community-{place['first']}"]
    assert "已关联" in done.json["row"]
    linked = text(clerk.get(f"/reserve/link/{place['reserve']}/rows?state=linked"))
    assert "data-number=" in linked and linked.count("data-item") == 1
    gone = order(clerk, "/reserve", place["reserve"], action="unlink", all=True)
    assert gone.json["sums"]["household_count"] == "0"


@pytest.mark.req("M1.6.1", "M1.6.3")
def test_the_manuals_plan_of_2019(app_db: Flask, place: Any, clerk: Any) -> None:
    """原税务局院落: 4 buildings, 130 households, 1.00 × 10k ㎡."""
    with app_db.app_context():
        open_window(2019)
    form = token_of(text(clerk.get("/plans/add")))
    clerk.post("/plans/add", data={**FACTS, **form, "name": "原税务局院落", "year": "2019"})
    plan = one(app_db, PlanTask, "原税务局院落")
    order(clerk, "/plans", plan.id, action="link", communities=[place["second"]])
    saved = one(app_db, PlanTask, "原税务局院落")
    assert (saved.building_count, saved.household_count, str(saved.floor_area)) == (4, 130, "1.0000")
    assert "1.0000" in text(clerk.get(f"/plans/show/{plan.id}"))
    listed = text(clerk.get("/plans/list/?year=2019&q=原税务局"))
    assert f'<a href="/plans/link/{plan.id}">已关联</a>' in listed


@pytest.mark.req("M1.6.1", "M1.6.2")
def test_a_plan_takes_communities_and_reserves_at_once(place: Any, clerk: Any) -> None:
    order(clerk, "/reserve", place["reserve"], action="link", communities=[place["first"]])
    body = {"communities": [place["second"]], "reserves": [place["reserve"]]}
    done = order(clerk, "/plans", place["plan"], action="link", **body)
    assert (done.json["sums"]["building_count"], done.json["sums"]["household_count"]) == ("6", "202")
    page = text(clerk.get(f"/plans/show/{place['plan']}"))
    assert "恒华测试楼" in page
    assert "随储备项目" in page
    single = order(clerk, "/plans", place["plan"], action="unlink", communities=[place["first"]])
    assert single.status_code == 422
    assert single.json["findings"][0]["rule"] == "M1.6.2"
    assert "请取消关联该储备项目" in single.json["findings"][0]["message"]
    back = order(clerk, "/plans", place["plan"], action="unlink", **body, keep=False)
    assert back.json["sums"]["community_count"] == "0"


@pytest.mark.req("M1.5.1l", "M1.5.3")
def test_a_refusal_names_rule_row_and_what_to_do(place: Any, clerk: Any) -> None:
    order(clerk, "/reserve", place["reserve"], action="link", communities=[place["first"]])
    refused = order(
        clerk, "/plans", place["plan"], action="link", communities=[place["first"], place["second"]]
    )
    assert refused.status_code == 422
    found = refused.json["findings"][0]
    assert found["field"] == str(place["first"])
    assert "“恒华测试楼”已由" in found["message"]
    assert "测试储备项目" in found["message"]
    assert "请先在那里取消关联" in found["message"]
    order(clerk, "/plans", place["plan"], action="link", reserves=[place["reserve"]])
    clerk.post("/reserve/action_post", data={"action": "delete", "rowid": [place["reserve"]]})
    assert "请先取消关联" in text(clerk.get("/reserve/list/"))
    for body in ({}, {"action": "link"}, {"action": "link", "communities": ["1"]}, {"action": "drop", "reserves": [1]},
                 {"action": "link", "communities": [True]}):  # fmt: skip
        assert order(clerk, "/plans", place["plan"], **body).status_code == 400


@pytest.mark.req("D1")
def test_another_county_gets_nothing(app_db: Flask, place: Any, signed_in: Any) -> None:
    other = signed_in("hanshou")
    for base, number in (("/plans", place["plan"]), ("/reserve", place["reserve"])):
        for path in (
            f"{base}/show/{number}",
            f"{base}/edit/{number}",
            f"{base}/link/{number}",
            f"{base}/link/{number}/rows",
        ):
            assert other.get(path, headers=XHR).status_code == 404
        assert order(other, base, number, action="link", communities=[place["first"]]).status_code == 404
    own = signed_in("dingcheng")
    foreign = one_community(app_db, "430722")
    assert order(own, "/plans", place["plan"], action="link", communities=[foreign]).status_code == 404


def one_community(app: Flask, county: str) -> int:
    with app.app_context(), acting_as(SYSTEM):
        return int(db.session.scalars(select(Community.id).where(Community.county_code == county)).first())


@pytest.mark.req("M1.5.3")
def test_deleting_frees_and_restoring_brings_back(place: Any, clerk: Any) -> None:
    order(clerk, "/reserve", place["reserve"], action="link", communities=[place["first"]])
    clerk.post("/reserve/action_post", data={"action": "delete", "rowid": [place["reserve"]]})
    assert clerk.get(f"/reserve/show/{place['reserve']}").status_code == 404
    assert "测试储备项目" in text(clerk.get("/reserve/bin/list/"))
    done = order(clerk, "/plans", place["plan"], action="link", communities=[place["first"]])
    assert done.status_code == 200
    clerk.post("/reserve/bin/action_post", data={"action": "restore", "rowid": [place["reserve"]]})
    page = text(clerk.get(f"/reserve/show/{place['reserve']}"))
    assert "尚未关联小区" in page


@pytest.mark.req("M1.6.3", "M1.4.4")
def test_a_community_edited_from_the_dossier_leads_back(place: Any, clerk: Any) -> None:
    order(clerk, "/plans", place["plan"], action="link", communities=[place["first"]])
    back = f"/plans/show/{place['plan']}"
    page = text(clerk.get(back))
    link = re.search(rf'href="(/communities/edit/{place["first"]}\?back=[^"]+)"', page).group(1)  # type: ignore[union-attr]
    assert clerk.get(link).status_code == 200
    form = text(clerk.get(link))
    fields = dict(re.findall(r'<input[^>]*?name="(\w+)"[^>]*?value="([^"]*)"', form))
    fields = {k: v for k, v in fields.items() if not k.startswith(("csrf", "city", "county", "q"))}
    for name, value in (("household_count", "80"), ("place_kind", "city"), ("property_kind", "reform")):
        fields[name] = value
    answer = clerk.post(link, data=fields)
    if answer.status_code == 422:  # warnings are confirmed by sending the form once more
        confirmed = re.search(r'name="confirmed"[^>]*value="([^"]*)"', text(answer)).group(1)  # type: ignore[union-attr]
        answer = clerk.post(link, data={**fields, "confirmed": confirmed})
    if answer.status_code == 302:
        assert answer.headers["Location"] == back
        assert "80" in text(clerk.get(back))
    else:
        pytest.fail(text(answer)[:2000])
    assert clerk.get(link.replace("/plans", "//evil.example")).status_code == 200


@pytest.mark.req("M2.1.4", "M1.0")
def test_the_libraries_of_city_and_province(app_db: Flask, signed_in: Any) -> None:
    """意向库·储备库·实施库·完工库·计划台账: what is finished leaves the works library by itself."""
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        plan = session.scalars(select(PlanTask).where(PlanTask.code == "43070320210719807")).one()
        plan.implementation_state = "finished"
        session.flush()
        city = select(PlanTask.id).where(PlanTask.county_code.startswith("4307"))
        finished = len(session.scalars(city.where(PlanTask.implementation_state == "finished")).all())
    client = signed_in("changde")
    every = total(client.get("/plans/list/"))
    done, works = client.get("/plans/list/?library=done"), client.get("/plans/list/?library=works")
    assert (total(done), total(works)) == (finished, every - finished)
    top = text(done).partition('class="p-nav')[2].partition("</nav>")[0]
    assert top.index("项目库管理") < top.index("意向库") < top.index("完工库") < top.index("计划台账")
    menu = re.findall(r'<a(?: role="menuitem")? href="([^"]+)"( aria-current="page")?><svg', top)
    paths = [path.replace("&amp;", "&") for path, _current in menu]
    assert paths[:6] == ["/home/", "/communities/list/", "/reserve/list/", "/plans/list/?library=works",
                         "/plans/list/?library=done", "/plans/list/"]  # fmt: skip
    assert [path for path, current in menu if current] == ["/plans/list/?library=done"]
    assert "完工库" not in text(signed_in("dingcheng").get("/plans/list/"))
