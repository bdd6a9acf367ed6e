"""The pages of works projects and month reports: list, project form, report, review (M1.6.5.1, M1.6.5.2, M1.6.5.4)."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import Client

from app.annual_plans.models import PlanTask
from app.attachments import queries as attachments
from app.attachments import services as files
from app.extensions import db
from app.jobs.services import carry_out, waiting_jobs
from app.kernel import calendar
from app.kernel.actor import SYSTEM
from app.kernel.calendar import TZ, Month
from app.monthly_reports import queries, services
from app.monthly_reports.models import MonthlyReport
from app.persistence.context import acting_as, current_actor
from app.persistence.work import unit_of_work
from app.schemes.models import CatalogueItem
from app.web.delivery import VersionedFiles, gzipped
from app.works.models import WorksProject
from tests.areas.helpers import make_plan, open_window
from tests.attachments.samples import jpeg
from tests.conftest import actor_named, sign_in
from tests.monthly_reports import helpers
from tests.schemes.test_services import item

MAY = helpers.MAY
MOST_STATEMENTS, MOST_BYTES = 8, 100 * 1024


@pytest.fixture(autouse=True)
def in_june() -> Iterator[None]:
    """The second of June 2026: the report of May is late by a day."""
    with calendar.use_clock(dt.datetime(2026, 6, 2, 10, tzinfo=TZ)):
        yield


def own(statements: list[str]) -> list[str]:
    """Without what the region cache asks for every few seconds."""
    return [s for s in statements if "set_config" not in s and not s.startswith("SELECT cache_version")]


def text(answer: Any) -> str:
    return answer.get_data(as_text=True)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found.group(1).replace("&#34;", '"').replace("&amp;", "&")


def filled(page: str) -> dict[str, str]:
    """What a browser would send of the report form as it stands."""
    form = page[page.index('id="report"') : page.index("</form>", page.index('id="report"'))]
    data = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        kind, name = attributes.get("type", "text"), attributes.get("name")
        if not name or kind == "file" or (kind in ("radio", "checkbox") and " checked" not in tag):
            continue
        data[name] = attributes.get("value", "").replace("&#34;", '"').replace("&amp;", "&")
    return data


@pytest.fixture
def made(app_db: Flask) -> dict[str, int]:
    """A plan with two contents, a works project and a filled draft of May."""
    with app_db.app_context():
        return helpers.make_world(app_db)


def report_of(app: Flask, number: int) -> MonthlyReport:
    with app.app_context(), acting_as(SYSTEM):
        found = db.session.get(MonthlyReport, number)
        db.session.expunge_all()
        return found


# ── list ──
@pytest.mark.req("M1.6.5.2", "M1.L", "R18")
def test_strips_say_state_and_offer_the_month_that_is_owed(app_db: Flask, made: dict[str, int]) -> None:
    clerk = sign_in(app_db.test_client(), "dingcheng")
    page = text(clerk.get("/reports/list/?q=测试计划"))
    row = page[page.index("<tr data-row=") : page.index("</tr>", page.index("<tr data-row="))]
    assert f'href=/reports/show/{made["report"]} ' in row
    assert "5月：草稿" in row
    assert row.count('class="m ') + row.count("class=m ") + row.count("<b></b>") == 12
    # without a works project: the project is asked for first
    with app_db.app_context(), acting_as(actor_named("dingcheng")), unit_of_work() as session:
        bare = make_plan(session, "无项目计划").id
    page = text(clerk.get("/reports/list/?q=无项目计划"))
    assert f'href="/works/add/{bare}"' in page
    answer = clerk.get(f"/reports/plan/{bare}")
    assert (answer.status_code, answer.location) == (302, f"/works/add/{bare}")
    assert text(clerk.get("/reports/list/?report=draft&q=测试计划")).count("<tr data-row=") == 1
    assert text(clerk.get("/reports/list/?report=approved&q=测试计划")).count("<tr data-row=") == 0
    assert text(clerk.get("/reports/list/?works=no&q=无项目")).count("<tr data-row=") == 1


@pytest.mark.req("M1.6.5.2", "R18")
def test_one_click_begins_the_month_as_a_copy_and_opens_what_is_there(app_db: Flask, made: dict[str, int]) -> None:
    clerk = sign_in(app_db.test_client(), "dingcheng")
    at = {"at": f"{made['project']}.2026-04"}
    first = clerk.post("/reports/begin", data=at)
    again = clerk.post("/reports/begin", data=at)
    assert first.location == again.location
    page = text(clerk.get(first.location))
    assert "补报" in page
    early = clerk.post("/reports/begin", data={"at": f"{made['project']}.2026-06"}, follow_redirects=True)
    assert "2026-06-25" in text(early)
    wrong = clerk.post("/reports/begin", data={"project": made["project"], "month": "昨天"}, follow_redirects=True)
    assert "月份" in text(wrong)


@pytest.mark.req("M1.6.5.3b", "M1.6.5.2")
def test_a_construction_unit_sees_its_own_plans_alone(app_db: Flask, made: dict[str, int], query_counter: Any) -> None:
    unit = sign_in(app_db.test_client(), "yuxia")
    unit.get("/reports/list/")
    with query_counter() as statements:
        answer = unit.get("/reports/list/")
    page = text(answer)
    assert 0 < page.count("<tr data-row=") < 12
    assert "测试计划" not in page
    assert len(own(statements)) <= MOST_STATEMENTS
    for path in ("/reports/plan/{plan}", "/works/add/{plan}", "/works/edit/{project}", "/reports/show/{report}"):
        assert unit.get(path.format(**made)).status_code == 404
    assert unit.post("/reports/begin", data={"at": f"{made['project']}.2026-04"}).status_code == 404


@pytest.fixture
def crowded(app_db: Flask) -> Flask:
    """110 plans of 鼎城区, each with a works project and the reports of four months."""
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        for number in range(110):
            plan = PlanTask(
                county_code="430703", name=f"建设路第二纺织机械厂职工宿舍{number}号楼院落片区", year=2026,
                code=f"43070320260101{number:03d}", start_due=dt.date(2026, 12, 31), finish_due=dt.date(2027, 12, 31),
                created_by="", updated_by="",
            )  # fmt: skip
            session.add(plan)
            session.flush()
            mine = {"county_code": "430703", "plan_task_id": plan.id, "created_by": "", "updated_by": ""}
            project = WorksProject(name=plan.name, **mine)
            session.add(project)
            session.flush()
            for month in range(1, 5):
                session.add(MonthlyReport(
                    works_project_id=project.id, month=dt.date(2026, month, 1), unread={}, confirmed_warnings=[],
                    declarations=[], **mine,
                ))  # fmt: skip
    return app_db


@pytest.mark.req("M1.L", "D4", "M1.6.5.2")
def test_fifty_plans_cost_what_twenty_cost(crowded: Flask, query_counter: Any) -> None:
    clerk, cost = sign_in(crowded.test_client(), "dingcheng"), []
    for path in ("/reports/list/?q=纺织&size=20", "/reports/list/?q=纺织&size=50"):
        clerk.get(path)
        with query_counter() as statements:
            answer = clerk.get(path)
        cost.append(own(statements))
    assert text(answer).count("<tr data-row=") == 50
    assert len(cost[0]) == len(cost[1]) <= MOST_STATEMENTS, "\n".join(cost[1])
    assert len(answer.data) <= MOST_BYTES
    form = {"range": "all", "columns": ["name", "months", "now"]}
    with clerk.post("/reports/export/", data=form, buffered=True) as workbook:
        assert workbook.status_code == 200


# ── works projects ──
@pytest.mark.req("M1.6.5.1", "M1.4.4")
def test_a_works_project_is_entered_mended_and_recycled(app_db: Flask) -> None:
    with app_db.app_context(), acting_as(actor_named("dingcheng")), unit_of_work() as session:
        open_window()
        plan = make_plan(session, "无项目计划")
        plan.supervisor_phone = "13800001234"
        number = plan.id
    clerk = sign_in(app_db.test_client(), "dingcheng")
    page = text(clerk.get(f"/works/add/{number}"))
    assert "138****1234" in page and "13800001234" not in page
    typed = {**helpers.PROJECT, "supervisor_phone": "138****1234", "token": hidden(page, "token")}
    refused = clerk.post(f"/works/add/{number}", data={**typed, "construction_unit": ""})
    assert refused.status_code == 422 and helpers.PROJECT["supervision_unit"] in text(refused)
    saved = clerk.post(f"/works/add/{number}", data=typed)
    assert saved.status_code == 302
    twice = clerk.post(f"/works/add/{number}", data=typed)
    assert twice.location == saved.location
    with app_db.app_context(), acting_as(SYSTEM):
        (project,) = db.session.scalars(sa.select(WorksProject).where(WorksProject.plan_task_id == number))
        assert project.supervisor_phone == "13800001234"
        own_id = project.id
    tab = text(clerk.get(f"/works/tab/{number}"))
    assert helpers.PROJECT["name"] in tab
    # somebody else was faster
    form = text(clerk.get(f"/works/edit/{own_id}"))
    values = {**helpers.PROJECT, "supervisor_phone": "138****1234", "base": hidden(form, "base"), "version": "1"}
    assert clerk.post(f"/works/edit/{own_id}", data={**values, "name": "甲"}).status_code == 302
    conflict = clerk.post(f"/works/edit/{own_id}", data={**values, "name": "乙"})
    assert conflict.status_code == 409 and "甲" in text(conflict) and 'value="乙"' in text(conflict)
    # away and back
    assert "已移入回收站" in text(clerk.post(f"/works/delete/{own_id}", follow_redirects=True))
    assert "已恢复" in text(clerk.post(f"/works/restore/{own_id}", follow_redirects=True))


# ── the report ──
@pytest.mark.req("M1.6.5.2", "R12")
def test_a_draft_is_saved_whatever_is_typed(app_db: Flask, made: dict[str, int]) -> None:
    clerk = sign_in(app_db.test_client(), "dingcheng")
    data = filled(text(clerk.get(f"/reports/show/{made['report']}")))
    data |= {"cumulative_investment": "三百万", "year_investment": "999999"}
    assert clerk.post(f"/reports/edit/{made['report']}", data={**data, "then": ""}).status_code == 302
    page = text(clerk.get(f"/reports/show/{made['report']}"))
    assert 'value="三百万"' in page and 'value="999999.00"' in page
    data = filled(page)
    answer = clerk.post(f"/reports/edit/{made['report']}", data={**data, "then": "submit", "confirmed": "1"})
    assert answer.status_code == 422
    assert 'value="三百万"' in text(answer) and "aria-invalid" in text(answer)
    assert report_of(app_db, made["report"]).state == "draft"


@pytest.mark.req("M1.6.5.2", "R13", "R25")
def test_warnings_are_confirmed_by_ticking_exactly_these(app_db: Flask, made: dict[str, int]) -> None:
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        session.get(PlanTask, made["plan"]).funds_planned = Decimal("30")
    clerk = sign_in(app_db.test_client(), "dingcheng")
    path = f"/reports/edit/{made['report']}"
    page = text(clerk.get(f"/reports/show/{made['report']}"))
    data = {**filled(page), "then": "submit", "confirmed": "1"}
    answer = clerk.post(path, data=data)
    assert answer.status_code == 422
    key = re.search(r'name="accepted" value="([0-9a-f]+)"', text(answer))
    assert key and "待确认" in text(answer)
    again = {**filled(text(answer)), "then": "submit", "confirmed": "1"}
    assert clerk.post(path, data={**again, "accepted": "0" * 24}).status_code == 422
    fresh = {**filled(text(clerk.get(f"/reports/show/{made['report']}"))), "then": "submit", "accepted": key.group(1)}
    undeclared = clerk.post(path, data=fresh)
    assert undeclared.status_code == 422 and "属实" in text(undeclared)
    fresh = {**filled(text(undeclared)), "then": "submit", "accepted": key.group(1), "confirmed": "1"}
    assert clerk.post(path, data=fresh).status_code == 302
    report = report_of(app_db, made["report"])
    assert (report.state, report.warning_count) == ("submitted", 1)
    assert report.confirmed_warnings and report.declarations
    # and back again
    clerk.post(f"/reports/withdraw/{made['report']}")
    assert report_of(app_db, made["report"]).state == "draft"


@pytest.mark.req("M1.6.5.2", "M1.4.4")
def test_two_people_at_once_lose_nothing(app_db: Flask, made: dict[str, int]) -> None:
    first, second = (sign_in(app_db.test_client(), "dingcheng") for _ in range(2))
    path = f"/reports/edit/{made['report']}"
    mine = filled(text(first.get(f"/reports/show/{made['report']}")))
    theirs = filled(text(second.get(f"/reports/show/{made['report']}")))
    assert first.post(path, data={**mine, "cumulative_investment": "50"}).status_code == 302
    answer = second.post(path, data={**theirs, "cumulative_investment": "60"})
    assert answer.status_code == 409
    assert "50.00" in text(answer) and 'value="60"' in text(answer)
    picked = {**filled(text(answer)), "pick-cumulative_investment": "now", "cumulative_investment": "60"}
    assert second.post(path, data=picked).status_code == 302
    assert report_of(app_db, made["report"]).cumulative_investment == Decimal("50")


@pytest.mark.req("M1.6.5.2", "R12", "R13")
def test_the_live_check_judges_what_is_typed_and_saves_nothing(app_db: Flask, made: dict[str, int]) -> None:
    clerk = sign_in(app_db.test_client(), "dingcheng")
    data = filled(text(clerk.get(f"/reports/show/{made['report']}")))
    one = next(key for key in data if key.startswith("state_"))
    data |= {"year_investment": "99", one: "finished", "progress": "completed"}
    found = clerk.post(f"/reports/check/{made['report']}", data=data).json
    assert any(f["field"] == "year_investment" and f["rule"] == "R12" for f in found["findings"])
    assert f"files-reportitem-{one.removeprefix('state_')}-photo_after" in found["missing"]
    assert "须补" in found["side"] and "0 / 2" in found["stages"]["finish"]
    assert report_of(app_db, made["report"]).year_investment == Decimal("40")


@pytest.mark.req("M1.6.5.2")
def test_contents_are_chosen_from_the_scheme(app_db: Flask, made: dict[str, int]) -> None:
    clerk = sign_in(app_db.test_client(), "dingcheng")
    page = text(clerk.get(f"/reports/show/{made['report']}"))
    keys = re.findall(r'name="item" value="(\d+)" checked', page)
    assert len(keys) == 2
    version = hidden(page[page.index('id="contents"') :], "version")
    clerk.post(f"/reports/contents/{made['report']}", data={"item": keys[:1], "version": version})
    with app_db.app_context(), acting_as(SYSTEM):
        assert len(queries.get_report(db.session(), made["report"]).items) == 1
    stale = clerk.post(
        f"/reports/contents/{made['report']}", data={"item": keys, "version": version}, follow_redirects=True
    )
    assert "其他人刚刚修改了" in text(stale)


# ── review ──
@pytest.fixture
def submitted(app_db: Flask) -> dict[str, int]:
    with app_db.app_context():
        return helpers.make_world(app_db, submitted=True)


def decide(client: FlaskClient, number: int, **data: str) -> Any:
    page = text(client.get(f"/reports/review/show/{number}"))
    return client.post(f"/reports/review/decide/{number}", data={"version": hidden(page, "version"), **data})


@pytest.mark.req("M1.6.5.4", "R25")
def test_returned_mended_approved_and_in_the_ledger(app_db: Flask, submitted: dict[str, int]) -> None:
    number = submitted["report"]
    clerk, reviewer = (sign_in(app_db.test_client(), name) for name in ("dingcheng", "dingcheng_review"))
    assert f"/reports/review/show/{number}" in text(reviewer.get("/reports/review/list/"))
    bare = decide(reviewer, number, outcome="return", reason=" ")
    assert bare.status_code == 422 and report_of(app_db, number).state == "submitted"
    decide(reviewer, number, outcome="return", reason="缺改造中照片，请补", keep="1")
    assert report_of(app_db, number).state == "returned"
    page = text(clerk.get(f"/reports/show/{number}"))
    assert "缺改造中照片，请补" in page
    clerk.post(f"/reports/edit/{number}", data={**filled(page), "then": "submit", "confirmed": "1"})
    assert report_of(app_db, number).state == "submitted"
    page = text(reviewer.get(f"/reports/review/show/{number}"))
    assert 'data-phrase="缺改造中照片，请补"' in page
    phrase = re.search(r'name="phrase" value="(\d+)"', page)
    reviewer.post(f"/reports/review/phrase/{number}", data={"phrase": phrase.group(1) if phrase else ""})
    assert "缺改造中照片，请补</button>" not in text(reviewer.get(f"/reports/review/show/{number}"))
    undeclared = decide(reviewer, number, outcome="approve")
    assert undeclared.status_code == 422 and report_of(app_db, number).state == "submitted"
    decide(reviewer, number, outcome="approve", confirmed="1")
    assert report_of(app_db, number).state == "approved"
    assert "40.00" in text(clerk.get("/reports/list/?q=测试计划"))
    # a correction is a new version with a reason, beside the approved one
    answer = clerk.post(f"/reports/correct/{number}", data={"reason": "投资录错"})
    assert answer.location != f"/reports/show/{number}"
    assert "投资录错" in text(clerk.get(answer.location))


@pytest.mark.req("R19", "M1.6.5.4")
def test_nobody_decides_on_what_they_submitted(app_db: Flask, submitted: dict[str, int]) -> None:
    number = submitted["report"]
    reviewer = sign_in(app_db.test_client(), "dingcheng_review")
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        me = actor_named("dingcheng_review").user_id
        session.get(MonthlyReport, number).submitted_by_id = me
    assert f"/reports/review/show/{number}" not in text(reviewer.get("/reports/review/list/"))
    assert 'id="decision"' not in text(reviewer.get(f"/reports/review/show/{number}"))
    version = str(report_of(app_db, number).version)
    answer = reviewer.post(
        f"/reports/review/decide/{number}", data={"outcome": "approve", "confirmed": "1", "version": version}
    )
    assert answer.status_code == 422 and report_of(app_db, number).state == "submitted"


@pytest.mark.req("M1.6.5.4")
def test_several_at_once_only_without_warnings(app_db: Flask, submitted: dict[str, int]) -> None:
    reviewer = sign_in(app_db.test_client(), "dingcheng_review")
    path, data = "/reports/review/action_post", {"action": "approve", "rowid": str(submitted["report"])}
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        session.get(MonthlyReport, submitted["report"]).warning_count = 1
    assert "有提醒" in text(reviewer.get("/reports/review/list/?warnings=yes"))
    told = text(reviewer.post(path, data=data, follow_redirects=True))
    assert "“测试计划”2026-05 月报：该月报有提醒，请打开单独审核" in told
    assert report_of(app_db, submitted["report"]).state == "submitted"
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        session.get(MonthlyReport, submitted["report"]).warning_count = 0
    reviewer.post(path, data=data)
    assert report_of(app_db, submitted["report"]).state == "approved"


@pytest.mark.req("M1.6.5.4", "D4")
def test_twelve_contents_and_36_photos_cost_fifteen_statements(app_db: Flask, query_counter: Any) -> None:
    with app_db.app_context():
        demo = set(waiting_jobs())
        with acting_as(actor_named("dingcheng")), unit_of_work() as session:
            number = big_report(session)
    reviewer = sign_in(app_db.test_client(), "dingcheng_review")
    reviewer.get(f"/reports/review/show/{number}")
    with query_counter() as statements:
        answer = reviewer.get(f"/reports/review/show/{number}")
    page = text(answer)
    assert page.count("data-photo=") == 36
    assert len(own(statements)) <= 15, "\n".join(own(statements))
    with app_db.app_context():
        assert sum(carry_out(job) for job in waiting_jobs() if job not in demo) >= 36
    page = text(reviewer.get(f"/reports/review/show/{number}"))
    assert page.count('loading="lazy"') == len(re.findall(r"<img[^>]*thumbnail", page)) == 36
    assert weight(app_db, reviewer, page) <= 300 * 1024


def weight(app: Flask, reviewer: FlaskClient, page: str) -> int:
    """Bytes of a first view with an empty cache: page, styles, scripts, icons, and the photos of the content shown.

    Those of the others stand in hidden panels: a browser fetches them when their tab is opened (see the walk).
    """
    shown, rest = re.split(r'<div class="card-in content-photos"[^>]*hidden', page, maxsplit=1)
    photos = re.findall(r'<img[^>]*src="(/attachments/thumbnail/\d+)"', shown)
    assert len(photos) == 3 and "/attachments/thumbnail/" in rest
    found = [len(gzipped(page.encode()))] + [len(reviewer.get(one, buffered=True).data) for one in photos]
    files = Client(VersionedFiles(app.wsgi_app, str(app.static_folder)))
    for one in set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page)):
        found.append(len(files.get(one, headers={"Accept-Encoding": "gzip"}, buffered=True).data))
    assert len(found) > 15
    return sum(found)


def real_photo(seed: int) -> bytes:
    """A photo as a phone takes it, of some 3 MB: much detail, hard to compress."""
    size = (2880, 2160)
    shade, noise = Image.radial_gradient("L").resize(size), Image.effect_noise(size, 44)
    turned = noise.rotate(180)
    bands = (Image.blend(shade, noise, 0.4), Image.blend(turned, shade, 0.3 + seed / 10), turned)
    out = io.BytesIO()
    Image.merge("RGB", bands).save(out, "JPEG", quality=88)
    assert 2_000_000 < out.tell() < 5_000_000
    return out.getvalue()


def big_report(session: Any) -> int:
    """A submitted report of May with twelve contents and a photo for each purpose."""
    from app.schemes import services as schemes

    open_window()
    plan = make_plan(session, "大项目计划")
    scheme = schemes.ensure_scheme(session, plan)
    catalogue = item("GN-B01").catalogue_id
    found = sa.select(CatalogueItem).where(CatalogueItem.catalogue_id == catalogue, CatalogueItem.unit1 != "")
    twelve = list(session.scalars(found.order_by(CatalogueItem.order, CatalogueItem.id).limit(12)))
    schemes.save_items(session, scheme, {one.id: ("100", "") for one in twelve})
    report = services.start_report(session, helpers.make_project(session, plan), Month.at(2026, 5))
    report = services.add_items(session, report, [one.id for one in scheme.items])
    report = helpers.fill(session, report, **{f"quantity2_{one.id}": "1" for one in report.items if one.unit2 and one.planned2})
    for one in report.items:
        helpers.attach(session, "ReportItem", one.id, "photo_after", jpeg(64, 48, seed=one.id * 10 + 7), "after.jpg")
    first = report.items[0].id
    for number, old in enumerate(attachments.of_owner(session, "ReportItem", first)):
        files.delete_attachment(session, current_actor(), old.id)
        helpers.attach(session, "ReportItem", first, old.purpose, real_photo(number), f"{number}.jpg")
    services.submit(session, report, declared=True, accept_warnings=True)
    return int(report.id)
