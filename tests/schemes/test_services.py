"""Schemes from draft to publicity, their contents, and carrying over, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.annual_plans import services as annual_plans
from app.annual_plans.models import PlanTask
from app.audit import services as audit
from app.audit.models import AuditEvent
from app.cli.verify import faults
from app.extensions import db
from app.kernel import calendar
from app.kernel.actor import SYSTEM
from app.kernel.calendar import today
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation, StaleRow
from app.persistence.context import acting_as
from app.persistence.transitions import trace
from app.persistence.work import unit_of_work
from app.reserve import services as reserve
from app.reserve.models import ReserveProject
from app.schemes import catalogues, checklist, queries, services
from app.schemes.rules import ATTACHMENTS, STATUS_FIELDS
from tests.areas.helpers import fresh, make_community, make_plan, make_reserve, open_window

AsUser = Callable[[str], Any]
FULL: dict[str, Any] = {
    "property_management": "professional", "elevator_count": "1", "parking_count": "2", "investment": "200",
    "investment_basic": "0", "investment_improved": "0", "investment_upgraded": "200", "filler_name": "陈某",
    "filler_phone": "13800000000", **dict.fromkeys(STATUS_FIELDS, "否"),
}  # fmt: skip


def item(code: str, key: str = "hunan-2021") -> Any:
    from app.schemes.models import Catalogue, CatalogueItem

    found = select(CatalogueItem).join(Catalogue).where(Catalogue.key == key, CatalogueItem.code == code)
    return db.session.scalars(found).one()


def files(_session: Any, _scheme: Any) -> dict[str, int]:
    return dict.fromkeys(ATTACHMENTS, 1)


@pytest.fixture
def filed() -> Iterator[None]:
    """All four attachments are there."""
    services.attachment_counts.register(files)
    yield
    services.attachment_counts.remove(files)


@pytest.fixture
def clerk(app_db: Flask, as_user: AsUser) -> Iterator[None]:
    with app_db.app_context():
        open_window()
        with as_user("dingcheng"):
            yield
        db.session.rollback()


def full_scheme(session: Any, area: Any) -> Any:
    scheme = services.ensure_scheme(session, area)
    services.save_draft(session, scheme, FULL, scheme.version)
    services.save_items(session, scheme, {item("GN-B01").id: ("12", ""), item("GN-B02").id: ("12", None)})
    return scheme


@pytest.mark.req("G4", "M1.6.4.1")
@pytest.mark.usefixtures("clerk")
def test_catalogues_of_both_provinces() -> None:
    session = db.session()
    today = calendar.today()
    assert len(catalogues.items_in_force(session, "430000", today)) == 55
    guizhou = catalogues.items_in_force(session, "520000", today)
    assert len(guizhou) == 15 and all(row.detail for row in guizhou)
    hunan = catalogues.in_force(session, "430000", today)
    assert {row.code for row in catalogues.matching(session, hunan.id, "消防设施")} == {"GN-B10", "GN-B16"}
    with acting_as(SYSTEM):
        assert catalogues.load_catalogues(session) == 0


@pytest.mark.req("M1.5.1", "M1.6.4", "N2.1", "R10", "R19", "R25")
@pytest.mark.usefixtures("filed")
def test_from_draft_to_publicity(app_db: Flask, as_user: AsUser) -> None:
    with app_db.app_context():
        with as_user("dingcheng"), unit_of_work() as session:
            project = make_reserve(session)
            reserve.link(session, project, [make_community(session, "方案小区").id])
            scheme_id, project_id = full_scheme(session, project).id, project.id
        with as_user("dingcheng"), unit_of_work() as session:
            scheme = queries.get_scheme(session, scheme_id)
            with pytest.raises(RuleViolation):
                services.submit(session, scheme, scheme.version, confirmed=False)
            with pytest.raises(StaleRow):
                services.submit(session, scheme, scheme.version - 1, confirmed=True)
            services.submit(session, scheme, scheme.version, confirmed=True)
            with pytest.raises(RuleViolation):
                services.save_draft(session, scheme, {"parking_count": "3"}, scheme.version)
        with as_user("dingcheng"):
            row = fresh(ReserveProject, project_id)
            assert (row.scheme_state, row.scheme_investment) == ("in_review", Decimal(200))
        for login, department in (
            ("hunan_zj", "housing"),
            ("hunan_fgw", "development"),
            ("hunan_czt", "finance"),
        ):
            with as_user(login):
                with pytest.raises(NotAllowed), unit_of_work() as session:
                    other = "finance" if department != "finance" else "housing"
                    services.review(session, queries.get_scheme(session, scheme_id), other, passed=True)
                with unit_of_work() as session:
                    assert scheme_id in {s.id for s in session.scalars(queries.waiting_for(department))}
                    scheme = services.review(
                        session, queries.get_scheme(session, scheme_id), department, passed=True
                    )
                    state = scheme.state
            assert state == ("reviewed" if department == "finance" else "in_review")
        with as_user("dingcheng"), pytest.raises(NotAllowed), unit_of_work() as session:
            services.approve(session, queries.get_scheme(session, scheme_id))
        with as_user("dingcheng_review"), unit_of_work() as session:
            services.approve(session, queries.get_scheme(session, scheme_id))
        with as_user("dingcheng"), unit_of_work() as session:
            scheme = services.publish(session, queries.get_scheme(session, scheme_id))
            assert (scheme.published_until - scheme.published_on).days == 7
            steps = [(t.action, t.to_state) for t in trace(session, "Scheme", scheme_id)]
        assert steps == [
            ("begin", "draft"), ("submit", "submitted"), ("open_review", "in_review"),
            ("housing_passed", "in_review"),
            ("development_passed", "in_review"), ("finance_passed", "in_review"),
            ("complete_review", "reviewed"),
            ("approve", "approved"), ("publish", "published"),
        ]  # fmt: skip
        with as_user("hanshou"), pytest.raises(OutOfScope):
            queries.get_scheme(db.session(), scheme_id)
        with acting_as(SYSTEM):
            assert faults(db.session()) == []
        db.session.rollback()


@pytest.mark.req("N2.1")
@pytest.mark.usefixtures("filed")
def test_returned_with_reason_and_submitted_again(app_db: Flask, as_user: AsUser) -> None:
    with app_db.app_context():
        with as_user("dingcheng"), unit_of_work() as session:
            project = make_reserve(session)
            reserve.link(session, project, [make_community(session, "退回小区").id])
            scheme = full_scheme(session, project)
            services.submit(session, scheme, scheme.version, confirmed=True)
            scheme_id = scheme.id
        with as_user("hunan_czt"):
            with pytest.raises(RuleViolation), unit_of_work() as session:
                services.review(
                    session, queries.get_scheme(session, scheme_id), "finance", passed=False, reason=" "
                )
            with unit_of_work() as session:
                services.review(
                    session, queries.get_scheme(session, scheme_id), "finance", passed=False, reason="缺资金"
                )
            with pytest.raises(RuleViolation), unit_of_work() as session:
                services.review(session, queries.get_scheme(session, scheme_id), "finance", passed=True)
        with as_user("dingcheng"), unit_of_work() as session:
            scheme = queries.get_scheme(session, scheme_id)
            assert scheme.state == "returned"
            services.save_draft(session, scheme, {"parking_count": "30"}, scheme.version)
            services.submit(session, scheme, scheme.version, confirmed=True)
            assert set(queries.outcomes(session, scheme).values()) == {"pending"} and scheme.review_round == 2
            services.withdraw(session, scheme)
            assert scheme.state == "draft"
        db.session.rollback()


@pytest.mark.req("R10", "M1.6.4", "R08")
@pytest.mark.usefixtures("clerk")
def test_a_submission_names_everything_that_is_missing() -> None:
    with unit_of_work() as session:
        scheme = services.ensure_scheme(session, make_plan(session))
        services.save_draft(session, scheme, {"investment": "200", "elevator_count": ""}, scheme.version)
        version, scheme_id = scheme.version, scheme.id
    with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
        services.submit(session, queries.get_scheme(session, scheme_id), version, confirmed=True)
    fields = {f.field for f in refused.value.findings}
    assert {"communities", "items", "elevator_count", "scheme_document", "piped_gas"} <= fields
    assert "investment" not in fields and queries.get_scheme(db.session(), scheme_id).state == "draft"


@pytest.mark.req("R08", "N2.1")
@pytest.mark.usefixtures("clerk", "filed")
def test_warnings_are_accepted_and_no_programme_needs_no_review() -> None:
    with unit_of_work() as session:
        plan = make_plan(session)
        annual_plans.link(session, plan, [make_community(session, "免审小区").id])
        scheme = full_scheme(session, plan)
        services.save_draft(session, scheme, {"investment_upgraded": "0"}, scheme.version)
        plan_id, scheme_id = plan.id, scheme.id
    with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
        scheme = queries.get_scheme(session, scheme_id)
        services.submit(session, scheme, scheme.version, confirmed=True)
    assert [(f.rule, f.level) for f in refused.value.findings] == [("R08", "warning")]
    with unit_of_work() as session:
        scheme = queries.get_scheme(session, scheme_id)
        services.submit(session, scheme, scheme.version, confirmed=True, accept_warnings=True)
        assert (scheme.state, scheme.confirmed_warnings) == ("approved", "R08")
    assert fresh(PlanTask, plan_id).scheme_state == "approved"


@pytest.mark.req("M1.6.4.1", "M1.6.4.2", "M1.6.4.3", "R09")
@pytest.mark.usefixtures("clerk")
def test_contents() -> None:
    with unit_of_work() as session:
        scheme = services.ensure_scheme(session, make_plan(session))
        services.save_items(
            session, scheme, {item("GN-W02").id: ("1", "20"), item("GN-B01").id: ("１２", "0")}
        )
        scheme_id = scheme.id
    session = db.session()
    rows = queries.rows_of(queries.get_scheme(session, scheme_id))
    assert [(r["code"], r["quantity1"], r["quantity2"]) for r in rows] == [
        ("GN-B01", Decimal(12), None), ("GN-W02", Decimal(1), Decimal(20)),
    ]  # fmt: skip
    for chosen, rule in (
        ({item("GN-B01").id: ("1", "5")}, "R09"),
        ({item("GN-B01").id: ("-1", "")}, "M1.6.4.2"),
        ({item("HN19-01", "hunan-2019").id: ("1", "")}, "M1.6.4.1"),
        ({item("GZ-101", "guizhou-2022").id: ("1", "")}, "M1.6.4.1"),
    ):
        with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
            services.save_items(session, queries.get_scheme(session, scheme_id), chosen)
        assert refused.value.findings[0].rule == rule
    begun = lambda _session, scheme: [scheme.items[0].id]
    services.progressed_items.register(begun)
    try:
        with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
            scheme = queries.get_scheme(session, scheme_id)
            services.remove_items(session, scheme, [line.id for line in scheme.items])
        assert refused.value.findings[0].rule == "M1.6.4.3"
    finally:
        services.progressed_items.remove(begun)
    with unit_of_work() as session:
        scheme = queries.get_scheme(session, scheme_id)
        services.remove_items(session, scheme, [scheme.items[0].id])
    assert len(queries.get_scheme(db.session(), scheme_id).items) == 1


@pytest.mark.req("M1.6.1", "M1.6.2")
@pytest.mark.usefixtures("clerk")
def test_a_reserves_scheme_goes_with_it_and_leaves_again() -> None:
    with unit_of_work() as session:
        first, second, plan = make_reserve(session, "甲"), make_reserve(session, "乙"), make_plan(session)
        for project in (first, second):
            full_scheme(session, project)
        for project, lines in ((first, {"residents": "50"}), (second, {"residents": "20", "local": "30.5"})):
            scheme = queries.scheme_of(session, "reserve_project", project.id)
            typed = {f"funding_{source}": amount for source, amount in lines.items()}
            services.save_draft(session, scheme, typed, scheme.version)
        services.save_items(
            session, queries.scheme_of(session, "reserve_project", second.id), {item("GN-W05").id: ("1", "")}
        )
        first_id, second_id, plan_id = first.id, second.id, plan.id
    with unit_of_work() as session:
        report = annual_plans.link(session, annual_plans.get_plan(session, plan_id), reserves=[first_id])
    assert "copied with 2" in str(report.messages[0])
    with unit_of_work() as session:
        report = annual_plans.link(session, annual_plans.get_plan(session, plan_id), reserves=[second_id])
    assert "1 renovation contents added, 2 quantities increased" in str(report.messages[0])

    def kept() -> tuple[Any, ...]:
        scheme = queries.scheme_of(db.session(), "plan_task", plan_id)
        return (
            scheme.investment,
            scheme.parking_count,
            {r["code"]: r["quantity1"] for r in queries.rows_of(scheme)},
        )

    def funds() -> dict[str, Decimal]:
        return queries.funding_of(queries.scheme_of(db.session(), "plan_task", plan_id))

    db.session.rollback()
    assert funds() == {"local": Decimal("30.50"), "residents": Decimal(70)}
    assert kept() == (Decimal(400), 4, {"GN-B01": 24, "GN-B02": 24, "GN-W05": 1})
    assert fresh(PlanTask, plan_id).scheme_investment == 400
    with unit_of_work() as session:
        plan = annual_plans.get_plan(session, plan_id)
        report = annual_plans.unlink(session, plan, reserves=[second_id], keep_scheme=False)
    assert "1 renovation contents removed" in str(report.messages[0])
    assert funds() == {"residents": Decimal(50)}
    assert kept() == (Decimal(200), 2, {"GN-B01": 12, "GN-B02": 12})
    with unit_of_work() as session:
        annual_plans.unlink(
            session, annual_plans.get_plan(session, plan_id), reserves=[first_id], keep_scheme=True
        )
    assert kept() == (Decimal(200), 2, {"GN-B01": 12, "GN-B02": 12})
    with acting_as(SYSTEM):
        assert faults(db.session()) == []


@pytest.mark.req("M1.6.4.1", "M1.6.4.3", "D3")
@pytest.mark.usefixtures("clerk")
def test_the_whole_checklist_costs_few_statements_and_is_in_the_audit_trail(query_counter: Any) -> None:
    """However many contents come, change and go; every one of them leaves its own event."""
    with unit_of_work() as session:
        scheme_id = services.ensure_scheme(session, make_plan(session)).id
    units = {line.id: bool(line.unit2) for line in catalogues.items_in_force(db.session(), "430000", today())}
    typed = {key: ("3", "2" if second else "") for key, second in units.items()}
    keys = list(typed)
    mixed = dict.fromkeys(keys[:20], ("4", "")) | {key: typed[key] for key in keys[20:25]}
    for chosen, events in (
        ({key: typed[key] for key in keys[:40]}, {"create": 40}),
        ({**mixed, **{key: typed[key] for key in keys[40:]}}, {"create": 15, "update": 20, "erase": 15}),
        ({**mixed, **{key: typed[key] for key in keys[40:]}}, {}),
        ({}, {"erase": 40}),
    ):
        db.session.remove()
        last = last_event()
        with query_counter() as sql, unit_of_work() as session:
            scheme = queries.get_scheme(session, scheme_id)
            assert checklist.save(session, scheme, chosen, scheme.version) == len(chosen)
        asked = "erase" in events  # what goes is looked for in month reports first
        assert len([s for s in sql if "set_config" not in s]) <= 8 + asked, sql
        held = queries.rows_of(queries.get_scheme(db.session(), scheme_id))
        wanted = {key: Decimal(first) for key, (first, _second) in chosen.items()}
        assert {row["item_id"]: row["quantity1"] for row in held} == wanted
        mine = select(AuditEvent).where(AuditEvent.id > last, AuditEvent.entity == "SchemeItem")
        assert Counter(row.action for row in db.session.scalars(mine)) == events
    with acting_as(SYSTEM):
        assert audit.verify(db.session()) == []


@pytest.mark.req("M1.6.2", "D3")
@pytest.mark.usefixtures("clerk")
def test_what_leaves_a_list_that_owns_it_is_in_the_audit_trail() -> None:
    with unit_of_work() as session:
        scheme = services.ensure_scheme(session, make_plan(session))
        services.save_draft(session, scheme, {"funding_residents": "12"}, scheme.version)
        scheme_id = scheme.id
    last = last_event()
    with unit_of_work() as session:
        scheme = queries.get_scheme(session, scheme_id)
        services.save_draft(session, scheme, {"funding_residents": ""}, scheme.version)
    events = select(AuditEvent).where(AuditEvent.id > last, AuditEvent.entity == "SchemeFunding")
    assert [(row.action, row.before["amount"]) for row in db.session.scalars(events)] == [("erase", "12.00")]


def last_event() -> int:
    return db.session.scalar(select(func.max(AuditEvent.id))) or 0
