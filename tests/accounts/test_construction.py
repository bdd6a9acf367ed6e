"""Accounts of construction units: issued by text message, one account for several plans, stopped, reset,
expired."""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.construction import queries, services
from app.accounts.construction.models import ConstructionAccount
from app.annual_plans.models import PlanTask
from app.cli.demo_plans import UNIT_PLANS
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation
from app.kernel.scope import Scope
from app.notifications import outbox
from app.persistence.context import acting_as
from app.persistence.engine import ensure_scope
from app.persistence.work import unit_of_work
from tests.conftest import actor_named, csrf_of, sign_in

pytestmark = pytest.mark.req("M1.6.5.3")
TYPED = {"username": "dc_unit1", "unit_name": "鼎城某建设公司", "phone": "13800000001"}
ADDRESS = "https://portal.example"
FREE_PLAN = "43070320200908528"


class Telephone:
    """A sender that keeps what arrives."""

    name = "tests"

    def __init__(self) -> None:
        self.orders: list = []

    def send(self, order) -> str:
        self.orders.append(order)
        return "receipt"

    @property
    def password(self) -> str:
        return self.orders[-1].values["password"]


_here: list[Flask] = []


def inside(function):
    """Run a helper in a context of its own: requests of a test must not share one."""

    @functools.wraps(function)
    def run(*args, **more):
        with _here[-1].app_context():
            return function(*args, **more)

    return run


@inside
def deliver() -> Telephone:
    telephone = Telephone()
    outbox.send_due(telephone)
    return telephone


class County:
    """The county's editor: ``county(service, …)`` runs a service in a transaction of its own."""

    def __init__(self) -> None:
        with acting_as(SYSTEM):
            found = db.session.execute(
                sa.select(PlanTask.code, PlanTask.id).where(PlanTask.county_code == "430703")
            )
            self.plans: dict[str, int] = {row.code: row.id for row in found}
            self.actor = actor_named("dingcheng")

    def __call__(self, service, *args, actor=None, **more):
        actor = actor or self.actor
        with _here[-1].app_context(), acting_as(actor), unit_of_work() as work:
            return service(work, actor, *args, **more)


@pytest.fixture
def county(app_db: Flask):
    _here.append(app_db)
    with app_db.app_context():
        made = County()
    yield made
    _here.pop()


@inside
def actor_of(login: str):
    return actor_named(login)


@inside
def sql(text: str, **values):
    """Read or change something as the system."""
    with acting_as(SYSTEM), unit_of_work() as work:
        ensure_scope(work)
        found = work.execute(sa.text(text), values)
        return found.scalars().all() if found.returns_rows else None


@inside
def verified() -> list[str]:
    with acting_as(SYSTEM):
        return services.verify(db.session())


@inside
def grant(plan: int, login: str = "yuxia") -> ConstructionAccount:
    with acting_as(SYSTEM):
        user = db.session.execute(
            sa.text("SELECT id FROM ab_user WHERE username = :u"), {"u": login}
        ).scalar_one()
        found = sa.select(ConstructionAccount).where(
            ConstructionAccount.user_id == user, ConstructionAccount.plan_task_id == plan
        )
        return db.session.scalars(found.execution_options(populate_existing=True)).one()


@inside
def marked(plan: int) -> bool:
    with acting_as(SYSTEM):
        statement = sa.select(PlanTask.account_assigned).where(PlanTask.id == plan)
        return bool(db.session.scalar(statement))


@inside
def scope_of(login: str) -> Scope:
    return actor_named(login).scope


@inside
def finish(plan: int, state: str = "finished") -> None:
    """As a recognition does it."""
    with acting_as(SYSTEM), unit_of_work() as work:
        row = work.get_one(PlanTask, plan)
        row.implementation_state = state
        (services.plan_finished if state == "finished" else services.plan_reopened)(work, row)


# ── 下发账号 ──
def test_an_account_is_issued_with_its_message(county, app_db) -> None:
    plan = county.plans[FREE_PLAN]
    assert not marked(plan)
    county(services.issue, plan, TYPED, ADDRESS)
    made = grant(plan, "dc_unit1")
    assert (made.state, made.unit_name, made.county_code) == ("active", "鼎城某建设公司", "430703")
    assert marked(plan)
    telephone = deliver()
    (order,) = telephone.orders
    assert (order.phone, order.template) == ("13800000001", "unit_account")
    assert order.values["login"] == "dc_unit1" and order.values["address"] == ADDRESS
    client = app_db.test_client()
    sign_in(client, "dc_unit1", telephone.password)
    assert client.get("/").location.endswith("/profile/password/"), "the one-time password has to be changed"
    assert scope_of("dc_unit1") == Scope.plans(frozenset({plan}))
    assert verified() == []


def test_the_password_stands_nowhere(county, app_db, caplog, signed_in) -> None:
    county(services.issue, county.plans[FREE_PLAN], TYPED, ADDRESS)
    telephone = deliver()
    secret = telephone.password
    with app_db.app_context(), db.engine.connect() as connection:
        if app_db.extensions["test_backend"] == "postgresql":
            connection.execute(sa.text("SET LOCAL ROLE NONE"))
        for table in ("sms_message", "audit_event", "ab_user", "construction_account", "transition"):
            rows = connection.execute(sa.text(f"SELECT * FROM {table}")).mappings().all()
            assert not any(secret in json.dumps(dict(row), default=str) for row in rows), table
        event = connection.execute(
            sa.text(
                "SELECT after FROM audit_event WHERE entity = 'Account' AND action = 'create' AND label = 'dc_unit1'"
            )
        ).scalar_one()
    assert "***" in json.dumps(event)
    assert secret not in caplog.text
    tab = f"/construction-accounts/plan/{county.plans[FREE_PLAN]}"
    for login, page in (("dingcheng", tab), ("sysadmin", "/ops/sms/"), ("auditadmin", "/audit/list/")):
        answer = signed_in(login).get(page)
        assert answer.status_code == 200 and secret not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"username": "yuxia"}, "username"), ({"username": "DC unit"}, "username"), ({"unit_name": " "}, "unit_name"),
     ({"phone": "0736-7700000"}, "phone"), ({"phone": "138"}, "phone")],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_happens(county, change, field) -> None:
    plan = county.plans[FREE_PLAN]
    with pytest.raises(RuleViolation) as refused:
        county(services.issue, plan, {**TYPED, **change}, ADDRESS)
    assert [finding.field for finding in refused.value.findings] == [field]
    assert not marked(plan) and not deliver().orders


def test_the_same_login_twice_at_once(county, app_db) -> None:
    plan, outcomes = county.plans[FREE_PLAN], []
    gate = threading.Barrier(2)

    def work() -> None:
        with app_db.app_context(), acting_as(county.actor):
            gate.wait(20)
            try:
                with unit_of_work() as session:
                    services.issue(session, county.actor, plan, TYPED, ADDRESS)
                outcomes.append("issued")
            except Exception as error:
                outcomes.append(type(error).__name__)

    both = [threading.Thread(target=work) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert outcomes.count("issued") == 1 and set(outcomes) <= {"issued", "RuleViolation", "StaleRow"}
    assert len(deliver().orders) == 1


def test_only_the_county_and_only_its_plans(county, app_db) -> None:
    (others, *_rest) = sql("SELECT id FROM plan_task WHERE county_code <> '430703'")
    held = grant(county.plans[UNIT_PLANS[0]])
    for service, args in (
        (services.issue, (others, TYPED, ADDRESS)),
        (services.assign, (others, held.user_id)),
    ):
        with pytest.raises(OutOfScope):
            county(service, *args)
    reviewer, unit, neighbour = (actor_of(name) for name in ("dingcheng_review", "yuxia", "hanshou"))
    for actor in (reviewer, unit):
        with pytest.raises(NotAllowed):
            county(services.issue, county.plans[FREE_PLAN], TYPED, ADDRESS, actor=actor)
    for service, more in ((services.stop, ()), (services.reset, (ADDRESS,))):
        with pytest.raises(NotAllowed):
            county(service, held.id, *more, actor=reviewer)
        for actor in (neighbour, unit):
            with pytest.raises(OutOfScope):
                county(service, held.id, *more, actor=actor)


# ── one account, several plans ──
def test_an_account_serves_several_plans(county) -> None:
    plan, user = county.plans[FREE_PLAN], grant(county.plans[UNIT_PLANS[0]]).user_id
    county(services.assign, plan, user)
    assert marked(plan) and not deliver().orders, "the unit keeps its password"
    assert scope_of("yuxia").plan_ids == {county.plans[code] for code in (*UNIT_PLANS, FREE_PLAN)}
    with pytest.raises(RuleViolation):
        county(services.assign, plan, user)
    stranger = actor_of("dingcheng").user_id
    with pytest.raises(RuleViolation, match="Choose a unit of this county"):
        county(services.assign, plan, stranger)


def test_stop_takes_one_plan_and_the_last_one_the_sign_in(county, app_db, signed_in) -> None:
    first, second = (county.plans[code] for code in UNIT_PLANS)
    client = signed_in("yuxia")
    county(services.stop, grant(first).id)
    assert scope_of("yuxia") == Scope.plans(frozenset({second})) and not marked(first)
    assert client.get("/profile/").status_code == 200
    with pytest.raises(RuleViolation):
        county(services.stop, grant(first).id)
    county(services.stop, grant(second).id)
    assert client.get("/profile/").status_code == 302, "its sessions have ended"
    page = app_db.test_client()
    token = csrf_of(page.get("/login/").get_data(as_text=True))
    form = {"username": "yuxia", "password": "Demo@2026!", "csrf_token": token}
    assert page.post("/login/", data=form).status_code == 401
    county(services.start, grant(second).id)
    assert marked(second) and sign_in(app_db.test_client(), "yuxia")
    county(services.assign, first, grant(first).user_id)
    assert grant(first).state == "active" and grant(first).stopped_at is None


def test_a_stop_of_the_system_administrator_stays(county, app_db) -> None:
    plan = county.plans[UNIT_PLANS[0]]
    sql("UPDATE ab_user SET active = :no WHERE username = 'yuxia'", no=False)
    with pytest.raises(RuleViolation, match="stopped by the system administrator"):
        county(services.reset, grant(plan).id, ADDRESS)
    county(services.stop, grant(plan).id)
    county(services.start, grant(plan).id)
    assert sql("SELECT active FROM ab_user WHERE username = 'yuxia'")[0] in (0, False)


# ── reset ──
def test_a_reset_ends_sessions_and_sends_the_password(county, app_db, signed_in) -> None:
    plan, client = county.plans[UNIT_PLANS[0]], signed_in("yuxia")
    county(services.reset, grant(plan).id, ADDRESS)
    county(services.reset, grant(plan).id, ADDRESS, "139 0000 0000")
    assert client.get("/profile/").status_code == 302
    telephone = deliver()
    (order,) = telephone.orders
    assert (order.phone, order.template) == ("13900000000", "unit_password"), (
        "the first message was taken back"
    )
    phones = set(sql("SELECT phone FROM construction_account"))
    assert phones == {"13900000000"}
    answer = sign_in(app_db.test_client(), "yuxia", telephone.password).get("/")
    assert answer.location.endswith("/profile/password/")
    with pytest.raises(RuleViolation):
        county(services.reset, grant(plan).id, ADDRESS, "0736-7700000")


# ── with the works ──
def test_accounts_expire_with_the_last_of_their_plans(county, app_db) -> None:
    first, second = (county.plans[code] for code in UNIT_PLANS)
    finish(first)
    assert {grant(first).state, grant(second).state} == {"active"}, "one plan is still under way"
    finish(second)
    assert {grant(first).state, grant(second).state} == {"ended"} and grant(first).ended_at
    assert marked(first) and marked(second), "they had an account to the end"
    assert scope_of("yuxia") == Scope.plans(frozenset())
    with pytest.raises(RuleViolation, match="finished"):
        county(services.issue, first, TYPED, ADDRESS)
    with pytest.raises(RuleViolation):
        county(services.start, grant(first).id)
    finish(second, "started")
    assert {grant(first).state, grant(second).state} == {"active"}
    assert scope_of("yuxia").plan_ids == {first, second}
    assert verified() == []


def test_a_deleted_plan_is_nobodys(county, app_db) -> None:
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as work:
        due = {"start_due": dt.date(2021, 12, 31), "finish_due": dt.date(2022, 12, 31)}
        plan = PlanTask(
            name="空计划", county_code="430703", year=2021, code="43070320210101999", created_by="", **due
        )
        work.add(plan)
        work.flush()
        number = plan.id
    county(services.assign, number, grant(county.plans[UNIT_PLANS[0]]).user_id)
    assert number in scope_of("yuxia").plan_ids
    sql("UPDATE plan_task SET deleted_at = '2026-01-01 00:00:00.000000' WHERE id = :i", i=number)
    assert scope_of("yuxia").plan_ids == {county.plans[code] for code in UNIT_PLANS}
    sql("DELETE FROM plan_task WHERE id = :i", i=number)
    assert number not in set(sql("SELECT plan_task_id FROM construction_account"))


def test_verification_finds_a_wrong_mark(county) -> None:
    plan = county.plans[UNIT_PLANS[0]]
    sql("UPDATE plan_task SET account_assigned = :no WHERE id = :i", no=False, i=plan)
    assert verified() == [f"plan task {UNIT_PLANS[0]}: account_assigned differs"]


def test_the_trail_tells_every_step(county) -> None:
    plan = county.plans[FREE_PLAN]
    county(services.issue, plan, TYPED, ADDRESS)
    number = grant(plan, "dc_unit1").id
    for service, more in ((services.reset, (ADDRESS,)), (services.stop, ()), (services.start, ())):
        county(service, number, *more)
    finish(plan)
    found = sql(
        "SELECT action FROM audit_event WHERE entity = 'PlanTask' AND entity_id = :i ORDER BY id", i=str(plan)
    )
    actions = [action for action in found if action not in ("create", "link", "update")]
    assert actions == ["issue", "password_reset", "stop", "start", "expire"]


# ── pages ──
def test_the_tab_and_its_forms(county, signed_in) -> None:
    plan, client = county.plans[FREE_PLAN], signed_in("dingcheng")
    dossier = client.get(f"/plans/show/{plan}?tab=accounts").get_data(as_text=True)
    assert f"/construction-accounts/plan/{plan}" in dossier and "建设单位账号分配" in dossier
    inside = client.get(f"/construction-accounts/plan/{plan}", headers={"HX-Request": "true"}).get_data(
        as_text=True
    )
    assert "<html" not in inside and "尚未分配账号" in inside and "玉霞建设单位" in inside
    checked = client.post(f"/construction-accounts/plan/{plan}/check", data={"username": "yuxia"}).json[
        "findings"
    ]
    assert ("username", "error") in {(f["field"], f["level"]) for f in checked}
    checked = client.post(f"/construction-accounts/plan/{plan}/check", data=TYPED).json["findings"]
    assert [(f["field"], f["level"]) for f in checked] == [("username", "ok")]
    wrong = client.post(f"/construction-accounts/plan/{plan}/issue", data={**TYPED, "phone": "12"})
    text = wrong.get_data(as_text=True)
    assert wrong.status_code == 422 and "11 位手机号" in text and 'value="dc_unit1"' in text
    assert client.post(f"/construction-accounts/plan/{plan}/issue", data=TYPED).status_code == 302
    page = client.get(f"/construction-accounts/plan/{plan}").get_data(as_text=True)
    assert "138****0001" in page and "13800000001" not in page
    assert "待发送" in page and "从未登录" in page
    number = re.search(r"/construction-accounts/(\d+)/stop", page).group(1)
    for deed, state in (("reset", "使用中"), ("stop", "停用"), ("start", "使用中")):
        answer = client.post(f"/construction-accounts/{number}/{deed}")
        assert answer.status_code == 302 and answer.location.endswith(f"/plans/show/{plan}?tab=accounts")
        assert state in client.get(f"/construction-accounts/plan/{plan}").get_data(as_text=True)
    answer = client.post(f"/construction-accounts/plan/{plan}/assign", data={"account": "x"})
    assert answer.status_code == 422 and "请选择本区县" in answer.get_data(as_text=True)


def test_the_ledger_filters_by_account(county, signed_in) -> None:
    client = signed_in("dingcheng")
    with_account = client.get("/plans/list/?account=yes").get_data(as_text=True)
    without = client.get("/plans/list/?account=no").get_data(as_text=True)
    assert "政府二院片区二期" in with_account and "原食杂小区" not in with_account
    assert "原食杂小区" in without


def test_the_scope_costs_one_statement_more(app_db, signed_in, query_counter) -> None:
    unit, editor = signed_in("yuxia"), signed_in("dingcheng")
    counts = {}
    for name, client in (("unit", unit), ("editor", editor)):
        client.get("/session/")
        with query_counter() as sql:
            client.get("/session/")
        counts[name] = len([s for s in sql if "set_config" not in s])
    assert counts["unit"] == counts["editor"] + 1


def test_units_are_found_by_their_role(county, app_db) -> None:
    people = [actor_of(name).user_id for name in ("dingcheng", "yuxia")]
    with app_db.app_context():
        assert [queries.has_expired(db.session(), number) for number in people] == [False, False]
