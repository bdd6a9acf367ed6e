"""Every address × every account × every ownership, over HTTP; refused calls change nothing, answers hold no canary."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest
from flask import Flask, url_for
from sqlalchemy import select

from app.accounts.construction.models import ConstructionAccount
from app.accounts.services import make_account
from app.annual_plans.models import PlanTask
from app.communities.models import Community
from app.communities.services import derived
from app.evidence.models import PhotoFinding
from app.extensions import db
from app.inspections.models import Inspection, InspectionItem
from app.kernel.actor import SYSTEM
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from app.public.models import SchemeComment
from app.recognition.models import Recognition
from app.reserve.models import ReserveProject
from app.schemes.models import CatalogueItem, Scheme
from app.supervision.models import SupervisionIssue
from app.web.setup import _gone
from app.works.models import WorksProject
from tests.guards.matrix import ELSEWHERE, EVERYBODY, MATRIX, SCOPE, Row
from tests.shared import World

pytestmark = pytest.mark.req("M1.0", "M1.1", "D1", "D2")
# county → the sign that may be seen only inside it: own, other county, other city, other province
CANARIES = {"430703": "金丝雀甲院", "430722": "金丝雀乙院", "430102": "金丝雀丙院", "520525": "金丝雀丁院"}
GROUPS = [(name, list(rows)) for name, rows in groupby(MATRIX, key=lambda r: r.endpoint.partition(".")[0])]


def plant(world: World) -> None:
    """One community with a unique name, address, person and draft in each of four counties; a unit's account too."""
    with world.app.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        unit = make_account(session, "u1111", "never used", [], name="金丝雀单位")
        for county, sign in CANARIES.items():
            values = {
                "name": sign, "county_code": county, "address": f"{sign}路1号", "supervisor_name": f"{sign}员",
                "supervision_unit": f"{sign}局", "supervisor_phone": "13800000000", "built_year": 1990,
            }  # fmt: skip
            session.add(Community(**values, **derived(values), created_by="", updated_by=""))
            area = {key: values[key] for key in ("name", "county_code", "address", "supervisor_name",
                                                 "supervision_unit", "supervisor_phone")}  # fmt: skip
            session.add(ReserveProject(**area, created_by="", updated_by=""))
            due = {"start_due": dt.date(2021, 12, 31), "finish_due": dt.date(2022, 12, 31)}
            code = f"{county}20210101999"
            session.add(PlanTask(**area, **due, year=2021, code=code, created_by="", updated_by=""))
            session.flush()
            plan = session.scalars(select(PlanTask).where(PlanTask.code == code)).one()
            facts = {"standard": f"{sign}标准", "filler_name": f"{sign}填", "review_round": 1}
            scheme = Scheme(county_code=county, plan_task_id=plan.id, created_by="", updated_by="", **facts)
            session.add(scheme)
            session.flush()
            session.add(_reported(plan, sign))
            unit_account = {"unit_name": f"{sign}建", "phone": "13800000000", "created_by": "", "updated_by": ""}
            session.add(
                ConstructionAccount(county_code=county, plan_task_id=plan.id, user_id=unit.id, **unit_account)
            )
            plan.account_assigned = True
            session.add(SchemeComment(county_code=county, scheme_id=scheme.id, text=f"{sign}留言"))
            session.add_all(checks_of(session, county, sign, plan.id))
        plans = {plan.county_code: plan.id for plan in session.scalars(select(PlanTask)) if plan.name in CANARIES.values()}
        for (county, sign), other in zip(CANARIES.items(), [*list(CANARIES)[1:], "430703"], strict=True):
            session.add(PhotoFinding(
                county_code=county, plan_task_id=plans[county], mark=sign, kind="same_photo", filler=f"{sign}填",
                reported=True, other_county=other, other_plan_id=plans[other],
            ))  # fmt: skip


def _reported(plan: PlanTask, sign: str) -> MonthlyReport:
    """The draft of a month report of a works project of a plan, both named by the sign."""
    session = db.session()
    stamp = {"county_code": plan.county_code, "plan_task_id": plan.id, "created_by": "", "updated_by": ""}
    project = WorksProject(name=f"{sign}工程", construction_unit=f"{sign}建设", **stamp)
    session.add(project)
    session.flush()
    report = MonthlyReport(works_project_id=project.id, month=dt.date(2021, 6, 1), unread={}, confirmed_warnings=[],
                           declarations=[], submitted_by_name=f"{sign}报", **stamp)  # fmt: skip
    item = session.scalars(select(CatalogueItem).order_by(CatalogueItem.id).limit(1)).one()
    report.items.append(ReportItem(county_code=plan.county_code, plan_task_id=plan.id, catalogue_item_id=item.id,
                                   content=f"{sign}内容"))  # fmt: skip
    return report


def checks_of(session: Any, county: str, sign: str, plan: int) -> list[Any]:
    """A recognition that waits, a concluded inspection with a problem and an open issue of a plan task."""
    content = session.scalars(select(CatalogueItem.id).order_by(CatalogueItem.id)).first()
    mine = {"county_code": county, "plan_task_id": plan, "created_by": "", "updated_by": ""}
    day = dt.date(2021, 9, 16)
    inspection = Inspection(
        **mine, level="county", state="concluded", conclusion="consistent", inspected_on=day,
        inspectors=f"{sign}查", concluded_at=dt.datetime(2021, 9, 16, tzinfo=dt.UTC),
    )  # fmt: skip
    inspection.items.append(
        InspectionItem(county_code=county, catalogue_item_id=content, content=f"{sign}内容", finding="problem",
                       problem=f"{sign}问题")
    )  # fmt: skip
    return [
        Recognition(**mine, kind="start", state="submitted", recognised_on=day, recognisers=f"{sign}认"),
        inspection,
        SupervisionIssue(**mine, source="other", level="county", state="open", problem=f"{sign}督办", deadline=day,
                         responsible_unit=f"{sign}局", responsible_person=f"{sign}员"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def aviary(world: World) -> Iterator[tuple[World, dict[str, dict[str, int]]]]:
    """The world with canaries, and the targets of the addresses: kind → county → number."""
    plant(world)
    found = world.rows("SELECT county_code, id, name FROM community")
    targets: dict[str, dict[str, Any]] = {
        "community": {row.county_code: row.id for row in found if row.name in CANARIES.values()},
        "reserve": canaries(world, "reserve_project"),
        "plan": canaries(world, "plan_task"),
        # such as have come to the joint review: others do not exist for its departments
        "scheme": {
            row.county_code: row.id
            for row in world.rows("SELECT county_code, id FROM scheme WHERE review_round > 0 ORDER BY id")
        },
        "finding": {r.county_code: r.id for r in world.rows("SELECT county_code, id FROM photo_finding WHERE mark LIKE '金丝雀%'")},
        "comment": {r.county_code: r.id for r in world.rows("SELECT county_code, id FROM scheme_comment")},
        "recognition": numbers(world, "recognition", "recognisers"),
        "inspection": numbers(world, "inspection", "inspectors"),
        "inspection_item": numbers(world, "inspection_item", "problem"),
        "issue": numbers(world, "supervision_issue", "problem"),
        "unit_account": {
            r.county_code: r.id
            for r in world.rows("SELECT county_code, id, unit_name FROM construction_account")
            if r.unit_name.startswith("金丝雀")
        },
        "works": canaries(world, "works_project", "工程"),
        "report": {
            r.county_code: r.id
            for r in world.rows("SELECT county_code, id, submitted_by_name AS name FROM monthly_report")
            if r.name.startswith("金丝雀")
        },
        "county": {county: county for county in CANARIES},
        "region": {county: county for county in CANARIES},
        "batch": {"430722": upload(world)},
        "plan_batch": {"4307": upload_plans(world)},
    }
    targets["attachment"] = {"430722": attach(world, targets["community"]["430722"])}
    world.client("nayong")
    last = world.rows("SELECT max(id) AS id FROM user_session WHERE ended_at IS NULL")[0].id
    targets["others_session"] = {"": last}
    for name in sorted(EVERYBODY):
        world.client(name)
    yield world, targets


def canaries(world: World, table: str, tail: str = "") -> dict[str, int]:
    """County → number of its canary among reserve projects, plan tasks or works projects."""
    found = world.rows(f"SELECT county_code, id, name FROM {table}")
    return {row.county_code: row.id for row in found if row.name.removesuffix(tail) in CANARIES.values()}


def numbers(world: World, table: str, column: str) -> dict[str, int]:
    """County → number of the row whose column bears a canary's sign."""
    found = world.rows(f"SELECT county_code, id, {column} AS sign FROM {table}")
    return {row.county_code: row.id for row in found if row.sign.startswith("金丝雀")}


def upload_plans(world: World) -> int:
    """A staged import of plan tasks by changde; returns its number."""
    from io import BytesIO

    from openpyxl import Workbook

    book, stream = Workbook(), BytesIO()
    for line in (("列入计划年度", "市州", "区县", "小(片)区名称"), (2027, "常德市", "鼎城区", "导入片区")):
        book.active.append(line)
    book.save(stream)
    stream.seek(0)
    form = {"file": (stream, "计划.xlsx")}
    world.client("changde").post("/plans/import/", data=form, content_type="multipart/form-data")
    rows = world.rows("SELECT max(id) AS id FROM import_batch WHERE county_code = '430700'")
    assert rows[0].id, "the import was not staged"
    return int(rows[0].id)


def upload(world: World) -> int:
    """A staged import of hanshou's; returns its number."""
    from io import BytesIO

    client = world.client("hanshou")
    workbook = client.post("/communities/export/", data={"range": "all"}, buffered=True)
    with BytesIO(workbook.data) as upload:
        client.post(
            "/communities/import/", data={"file": (upload, "甲.xlsx")}, content_type="multipart/form-data"
        )
    workbook.close()
    rows = world.rows("SELECT max(id) AS id FROM import_batch WHERE county_code = '430722'")
    assert rows[0].id, "the import was not staged"
    return int(rows[0].id)


def attach(world: World, community: int) -> int:
    """A picture that hanshou keeps with its community; returns the attachment's number."""
    from io import BytesIO

    from PIL import Image

    out, client = BytesIO(), world.client("hanshou")
    Image.new("RGB", (40, 30), "green").save(out, "PNG")
    told = {
        "entity": "Community",
        "owner_id": community,
        "purpose": "evidence",
        "name": "甲.png",
        "size": out.tell(),
    }
    begun = client.post("/attachments/uploads/", json=told)
    assert begun.status_code == 201, begun.json
    client.put(f"{begun.json['url']}?offset=0", data=out.getvalue())
    digest = hashlib.sha256(out.getvalue()).hexdigest()
    done = client.post(f"{begun.json['url']}/complete", json={"sha256": digest})
    assert done.status_code == 200, done.json
    return int(done.json["id"])


def of_interest(world: World, rows: list[Row]) -> list[Row]:
    """Roles are the same on both databases; what is narrowed to a jurisdiction is tried on both."""
    narrowed = ("list", "get_list", "count", "export")
    return [
        r for r in rows if world.backend == "sqlite" or r.target or r.endpoint.rpartition(".")[2] in narrowed
    ]


def not_for(row: Row, username: str) -> bool:
    """The session that stands for somebody else's is this account's own."""
    return row.target == "others_session" and username == "nayong"


def address(app: Flask, row: Row, number: Any) -> str:
    rule = next(
        r for r in app.url_map.iter_rules() if r.endpoint == row.endpoint and row.method in (r.methods or ())
    )
    args = dict(row.args)
    if row.target and not row.query:
        (name,) = rule.arguments - set(args)
        args[name] = number
    with app.test_request_context("/"):
        path = url_for(row.endpoint, **args)
    return f"{path}?{row.query.format(**{row.target: number})}" if row.query else path


def call(world: World, row: Row, username: str, number: Any = None) -> tuple[int, str]:
    path = address(world.app, row, number)
    answer = world.client(username).open(path, method=row.method, data=row.data or None, buffered=True)
    shown = answer.mimetype in ("text/html", "application/json", "text/plain")
    status, text = answer.status_code, answer.get_data(as_text=True) if shown else ""
    answer.close()
    return status, text


def strange(row: Row, username: str, text: str) -> list[str]:
    """Signs of other jurisdictions in an answer."""
    if row.everywhere and username in row.who:
        return []
    mine = SCOPE.get(username, "-")
    return [sign for county, sign in CANARIES.items() if not county.startswith(mine) and sign in text]


# ── the guard itself ──
def test_every_route_has_a_row(sqlite_app: Flask) -> None:
    gone = {name for name, view in sqlite_app.view_functions.items() if view is _gone}
    real = {
        (rule.endpoint, method)
        for rule in sqlite_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in gone
    }
    listed = {row.key for row in MATRIX} | ELSEWHERE
    assert not real - listed, f"add to tests/guards/matrix.py: {sorted(real - listed)}"
    assert not {key for key in listed - real if key[0] != "metrics"}, "rows without a route"


def test_rows_agree_with_the_roles() -> None:
    assert {name for row in MATRIX for name in row.who} <= EVERYBODY
    assert all(row.own for row in MATRIX)


@pytest.mark.parametrize(("view", "rows"), GROUPS, ids=[name for name, _rows in GROUPS])
def test_refused_calls(aviary: Any, view: str, rows: list[Row]) -> None:
    """Whoever may not, nobody, and foreign records: the expected refusal, no canary, nothing changed."""
    world, targets = aviary
    before, faults = world.print(), []

    def expect(row: Row, username: str, number: Any, wanted: tuple[int, ...], why: str) -> None:
        status, text = call(world, row, username, number)
        if status not in wanted:
            faults.append(f"{row} by {username or 'nobody'} ({why} {number}): {status}, expected {wanted}")
        if seen := strange(row, username, text):
            faults.append(f"{row} by {username or 'nobody'} ({why} {number}): shows {seen}")

    for row in of_interest(world, rows):
        reach = targets.get(row.target, {"": None})
        first = next(iter(reach.values()))
        expect(row, "", first, row.nobody, "not signed in")
        strangers = sorted(EVERYBODY - row.who)
        # a role is refused before the database is asked: all of them on one database, one of them on the other
        for username in strangers if world.backend == "sqlite" else strangers[:1]:
            expect(row, username, first, row.refused, "not the role")
        for username in sorted(row.who) if row.target not in ("", "others_session") else ():
            for county, number in reach.items():
                if not county.startswith(SCOPE.get(username, "-")) and not _above(row, county, username):
                    expect(row, username, number, row.foreign, "foreign")
    assert not faults, "\n".join(faults)
    assert world.print() == before, "a refused call changed something"


def _above(row: Row, county: str, username: str) -> bool:
    return row.target == "region" and SCOPE.get(username, "").startswith(county.rstrip("0"))


@pytest.mark.parametrize(("view", "rows"), GROUPS, ids=[name for name, _rows in GROUPS])
def test_allowed_calls(aviary: Any, view: str, rows: list[Row]) -> None:
    """Who may gets the page (or the rules' refusal of an empty form), and nothing of other jurisdictions on it."""
    world, targets = aviary
    faults = []
    for row in of_interest(world, rows):
        if row.endpoint in (
            "ProfileView.end_others",
            "CommunityImportView.abandon",
            "PlanImportView.abandon",
            "CommunityView.delete",
            "ReserveView.delete",
            "PlanView.delete",
        ):
            continue  # would take the others' ground away; their own tests carry them out
        reach = targets.get(row.target, {"": None})
        for username in sorted(row.who):
            for county, number in reach.items():
                if row.target not in ("", "others_session") and not county.startswith(
                    SCOPE.get(username, "-")
                ):
                    continue
                if (row.target.endswith("batch") and SCOPE[username] != county) or not_for(row, username):
                    continue
                status, text = call(world, row, username, number)
                if status not in row.own:
                    faults.append(f"{row} by {username} ({number}): {status}, expected {row.own}")
                if seen := strange(row, username, text):
                    faults.append(f"{row} by {username}: shows {seen}")
    assert not faults, "\n".join(faults)
