"""A construction unit sees the works projects and month reports of its plan tasks and nothing else, by any
door.

Beside the canaries of four counties there is one of a plan task that the unit was given: it must be seen,
the others
(that of its own county among them) must not: by pages, pickers, counts, files, interface, queries and row policies.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from app.accounts.construction.models import ConstructionAccount
from app.annual_plans.models import PlanTask
from app.attachments.models import Attachment
from app.extensions import db
from app.kernel.actor import SYSTEM, Actor
from app.kernel.errors import OutOfScope
from app.monthly_reports.models import MonthlyReport
from app.persistence import gate
from app.persistence.base import CountyScoped, Model
from app.persistence.context import acting_as
from app.persistence.gate import scope_clause, scoped_tables
from app.persistence.transitions import Transition, log_transition
from app.persistence.work import unit_of_work
from app.works.models import WorksProject
from tests.conftest import actor_named
from tests.guards.matrix import BUILDERS, MATRIX
from tests.guards.test_matrix import CANARIES, _reported, call, canaries, checks_of, numbers, plant
from tests.guards.walk import walk
from tests.shared import World

pytestmark = pytest.mark.req("M1.6.5.3b")
OWN = "金丝雀己院"
NEIGHBOUR = CANARIES["430703"]
# what belongs to a plan task: (model, how many of the unit's own rows there are at least)
MINE = (PlanTask, WorksProject, MonthlyReport, Transition, Attachment)


@pytest.fixture(scope="module")
def unit(world: World) -> Iterator[World]:
    """The world with the canaries; the unit ``yuxia`` has the plan task of its own canary and no other."""
    plant(world)
    with world.app.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        due = {"start_due": dt.date(2021, 12, 31), "finish_due": dt.date(2022, 12, 31)}
        code = "43070320210101998"
        plan = PlanTask(
            name=OWN, county_code="430703", year=2021, code=code, created_by="", account_assigned=True, **due
        )
        session.add(plan)
        session.flush()
        session.add_all([_reported(plan, OWN), *checks_of(session, "430703", OWN, plan.id)])
        session.flush()
        for report in session.scalars(sa.select(MonthlyReport)):
            log_transition(session, report, "create", "", "draft", note=report.submitted_by_name)
        yuxia = actor_named("yuxia").user_id
        for held in session.scalars(
            sa.select(ConstructionAccount).where(ConstructionAccount.user_id == yuxia)
        ):
            held.state = "stopped"
        session.add(
            ConstructionAccount(
                user_id=yuxia,
                plan_task_id=plan.id,
                county_code="430703",
                unit_name="玉霞",
                phone="13800000000",
            )
        )
    for sign, login in ((OWN, "yuxia"), (NEIGHBOUR, "dingcheng")):
        upload(world, login, sign)
    yield world


def project_of(world: World, sign: str) -> int:
    return int(world.rows("SELECT id FROM works_project WHERE name = :n", n=f"{sign}工程")[0].id)


def upload(world: World, login: str, sign: str) -> None:
    """A stage file of the works project of this sign, sent by this account."""
    out, client = BytesIO(), world.client(login)
    Image.new("RGB", (40, 30), "green" if sign == OWN else "red").save(out, "PNG")
    told = {
        "entity": "WorksProject", "owner_id": project_of(world, sign), "purpose": "construction_contract",
        "name": f"{sign}.png", "size": out.tell(),
    }  # fmt: skip
    begun = client.post("/attachments/uploads/", json=told)
    assert begun.status_code == 201, (login, begun.json)
    client.put(f"{begun.json['url']}?offset=0", data=out.getvalue())
    digest = hashlib.sha256(out.getvalue()).hexdigest()
    assert client.post(f"{begun.json['url']}/complete", json={"sha256": digest}).status_code == 200


def actor(world: World) -> Actor:
    with world.app.app_context():
        return actor_named("yuxia")


def file_of(world: World, sign: str) -> int:
    return int(world.rows("SELECT id FROM attachment WHERE name = :n", n=f"{sign}.png")[0].id)


# ── over HTTP ──
def test_the_units_own_is_there(unit: World) -> None:
    (plan_id,) = actor(unit).scope.plan_ids
    assert unit.rows("SELECT name FROM plan_task WHERE id = :i", i=plan_id)[0].name == OWN
    client = unit.client("yuxia")
    for what in ("download", "view"):
        answer = client.get(f"/attachments/{what}/{file_of(unit, OWN)}", buffered=True)
        assert answer.status_code == 200, what
        answer.close()


def strangers(world: World) -> dict[str, dict[str, Any]]:
    """Kind of target → county → number of the canary's row there; never the unit's own."""

    def signed(table: str, column: str) -> dict[str, int]:
        rows = world.rows(f"SELECT county_code, id, {column} AS sign FROM {table}")
        known = tuple(CANARIES.values())
        return {r.county_code: r.id for r in rows if (r.sign or "").startswith(known)}

    return {
        "community": canaries(world, "community"), "reserve": canaries(world, "reserve_project"),
        "plan": canaries(world, "plan_task"), "works": signed("works_project", "name"),
        "report": signed("monthly_report", "submitted_by_name"), "scheme": signed("scheme", "filler_name"),
        "comment": numbers(world, "scheme_comment", "text"), "finding": numbers(world, "photo_finding", "filler"),
        "recognition": signed("recognition", "recognisers"), "inspection": signed("inspection", "inspectors"),
        "inspection_item": signed("inspection_item", "problem"), "issue": signed("supervision_issue", "problem"),
        "unit_account": signed("construction_account", "unit_name"),
        "attachment": {"430703": file_of(world, NEIGHBOUR)}, "county": {county: county for county in CANARIES},
    }  # fmt: skip


@pytest.mark.parametrize("county", ["430703", "430722", "430102"])
def test_every_address_of_a_stranger_is_refused(unit: World, county: str) -> None:
    """Every address that takes a record, with records of the own county's other plan and of other
    counties."""
    if unit.backend == "postgresql" and county != "430703":
        pytest.skip("the roles are the same on both databases; the nearest stranger is tried on both")
    targets = strangers(unit)
    before, faults, tried = unit.print(), [], 0
    for row in MATRIX:
        number = targets.get(row.target, {}).get(county)
        if not row.target or number is None:
            continue
        status, text = call(unit, row, "yuxia", number)
        tried += 1
        wanted = (*row.refused, 403, 404, *(row.foreign if BUILDERS & row.who else ()))
        if status not in wanted:
            faults.append(f"{row} ({number}): {status}, expected {wanted}")
        if seen := [sign for sign in CANARIES.values() if sign in text]:
            faults.append(f"{row} ({number}): shows {seen}")
    assert tried > 30
    assert not faults, "\n".join(faults)
    assert unit.print() == before, "a refused call changed something"


def test_no_page_the_unit_can_reach_shows_a_stranger(unit: World) -> None:
    pages = list(walk(unit, unit.client("yuxia")))
    strangers = [*CANARIES.values(), "政府二院片区二期", "原食杂小区"]
    shown = [f"{page.url}: {sign}" for page in pages for sign in strangers if sign in page.html]
    assert not shown, "\n".join(shown)
    assert {page.status for page in pages} == {200}


@pytest.mark.parametrize(
    "path",
    ["/communities/list/", "/plans/list/", "/reserve/list/", "/schemes/list/", "/communities/count/", "/ops/", "/ops/sms/",
     "/api/v1/communities/", "/api/v1/plan-tasks/", "/api/v1/schemes/", "/api/v1/regions/", "/accounts/list/", "/audit/list/"],
)  # fmt: skip
def test_lists_of_others_do_not_open(unit: World, path: str) -> None:
    assert unit.client("yuxia").get(path).status_code in (403, 404)


# ── queries ──
def scoped_models() -> list[type[Any]]:
    return sorted(
        {m.class_ for m in Model.registry.mappers if issubclass(m.class_, CountyScoped)},
        key=lambda c: c.__name__,
    )


def test_every_kind_of_row_is_narrowed_to_the_plan(unit: World) -> None:
    who = actor(unit)
    with unit.app.app_context(), acting_as(who):
        session, found = db.session(), {}
        for model in scoped_models():
            rows = session.scalars(sa.select(model)).all()
            found[model] = len(rows)
            assert session.scalar(sa.select(sa.func.count()).select_from(model)) == len(rows), model
            if not model.__plan_key__:
                assert not rows, f"{model.__name__} belongs to no plan task and must not exist for a unit"
            assert {getattr(row, model.__plan_key__) for row in rows} <= who.scope.plan_ids, model
        assert all(found[model] >= 1 for model in MINE), {m.__name__: found[m] for m in MINE}
        assert found[ConstructionAccount] == 0


def test_nothing_of_a_stranger_can_be_written(unit: World) -> None:
    who, theirs = actor(unit), canaries(unit, "plan_task")["430703"]
    place = {"county_code": "430703", "plan_task_id": theirs, "created_by": "", "updated_by": ""}
    with unit.app.app_context(), acting_as(who):
        session = db.session()
        session.add(WorksProject(name="混入", **place))
        with pytest.raises(OutOfScope):
            session.flush()
        session.rollback()
        mine = session.scalars(sa.select(WorksProject)).first()
        mine.plan_task_id = theirs
        with pytest.raises(OutOfScope):
            session.flush()
        session.rollback()
        plan = session.scalars(sa.select(PlanTask)).one()
        plan.name = "改名"
        with pytest.raises(OutOfScope):
            session.flush()
        session.rollback()


# ── the second wall ──
def test_row_policies_hold_when_the_python_gate_is_off(unit: World, monkeypatch: pytest.MonkeyPatch) -> None:
    if unit.backend != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")
    monkeypatch.setattr(gate, "_touches_scoped", lambda _statement: False)
    applied, who = {"scope_applied": True}, actor(unit)
    theirs = canaries(unit, "plan_task")["430703"]
    with unit.app.app_context(), acting_as(who):
        session = db.session()
        for model in scoped_models():
            table, key = model.__table__, model.__plan_key__
            if not key:
                count = sa.select(sa.func.count()).select_from(table)
                assert session.execute(count, execution_options=applied).scalar_one() == 0, table.name
                continue
            seen = set(session.execute(sa.select(table.c[key]), execution_options=applied).scalars())
            assert seen <= who.scope.plan_ids, table.name
            if model is Transition:
                continue  # nobody may change a step, whosever it is
            touched = sa.update(table).where(table.c[key] == theirs).values(county_code="430703")
            assert session.execute(touched, execution_options=applied).rowcount == 0, table.name
        seen = set(
            session.execute(sa.select(WorksProject.__table__.c.name), execution_options=applied).scalars()
        )
        assert seen == {f"{OWN}工程"}
        row = sa.insert(WorksProject.__table__).values(
            name="混入",
            county_code="430703",
            plan_task_id=theirs,
            created_at=sa.func.now(),
            updated_at=sa.func.now(),
        )
        with pytest.raises(sa.exc.ProgrammingError):
            session.execute(row, execution_options=applied)
        session.rollback()


def test_reading_the_scope_leaves_nothing_open(unit: World) -> None:
    """After the statement that makes the scope, the same connection sees no scoped row until a scope is
    told."""
    if unit.backend != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")
    from app.accounts.construction.queries import unit_scope

    with unit.app.app_context():
        assert unit_scope(db.session(), actor_named("yuxia").user_id).plan_ids
        connection = db.session.connection()
        for name in scoped_tables():
            assert connection.execute(sa.text(f'SELECT count(*) FROM "{name}"')).scalar_one() == 0, name
        db.session.rollback()


def test_the_clause_for_core_statements(unit: World) -> None:
    who, table = actor(unit), WorksProject.__table__
    with unit.app.app_context(), acting_as(who):
        clause = scope_clause(who.scope, table.c.county_code, table.c.plan_task_id)
        found = db.session.execute(
            sa.select(table.c.name).where(clause), execution_options={"scope_applied": True}
        )
        assert set(found.scalars()) == {f"{OWN}工程"}
        bare = sa.select(table.c.name).where(scope_clause(who.scope, table.c.county_code))
        assert not db.session.execute(bare, execution_options={"scope_applied": True}).all()
