"""The life of a month report on both databases: every step, its refusals, figures, photos and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.annual_plans import services as annual_plans
from app.annual_plans.models import PlanTask
from app.attachments.owners import Refused
from app.attachments.services import delete_attachment
from app.cli.verify import faults
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation, StaleRow
from app.kernel.scope import Scope
from app.monthly_reports import queries, services
from app.monthly_reports.contents import contents_of_plan
from app.monthly_reports.models import MonthlyReport
from app.persistence.context import acting_as, current_actor
from app.persistence.transitions import trace
from app.persistence.work import unit_of_work
from app.works.services import delete_projects
from tests.areas.helpers import fresh
from tests.attachments.samples import jpeg
from tests.conftest import actor_named
from tests.monthly_reports.helpers import MAY, attach, fill, make_project, make_world, on

AsUser = Callable[[str], Any]


@pytest.fixture
def world(app_db: Flask) -> Iterator[dict[str, int]]:
    """A filled draft for May 2026 in 鼎城区, on 26 May."""
    with app_db.app_context(), on(2026, 5, 26):
        yield make_world(app_db)
        db.session.rollback()


def step(login: str, action: Callable[..., Any], report_id: int, *args: Any, **more: Any) -> Any:
    """One step of a person in a transaction of its own."""
    with acting_as(actor_named(login)), unit_of_work() as session:
        return action(session, queries.get_report(session, report_id), *args, **more).id


def submit(report_id: int, login: str = "dingcheng") -> int:
    return step(login, services.submit, report_id, declared=True, accept_warnings=True)


def approve(report_id: int, login: str = "dingcheng_review") -> int:
    return step(login, services.approve, report_id, declared=True)


def begin(project_id: int, month: Any) -> int:
    with acting_as(actor_named("dingcheng")), unit_of_work() as session:
        from app.works.queries import get_project

        return services.start_report(session, get_project(session, project_id), month).id


@pytest.mark.req("M1.6.5.2", "M1.6.5.4", "R19", "R25", "R12")
def test_from_draft_to_the_plans_row(app_db: Flask, world: dict[str, int]) -> None:
    report_id = world["report"]
    with pytest.raises(RuleViolation) as refused:
        step("dingcheng", services.submit, report_id, declared=False)
    assert {finding.rule for finding in refused.value.findings} == {"R25"}
    submit(report_id)
    with pytest.raises(RuleViolation, match="current state"):
        submit(report_id)
    with pytest.raises(NotAllowed):
        approve(report_id, "dingcheng")
    with pytest.raises(RuleViolation) as refused:
        step("dingcheng_review", services.give_back, report_id, "  ")
    assert refused.value.findings[0].field == "reason"
    step("dingcheng_review", services.give_back, report_id, "照片不清")
    assert fresh_as_system(report_id).return_reason == "照片不清"
    with acting_as(actor_named("dingcheng")), unit_of_work() as session:
        fill(session, queries.get_report(session, report_id), "45.5")
    submit(report_id)
    step("dingcheng", services.withdraw, report_id)
    submit(report_id)
    approve(report_id)
    with acting_as(SYSTEM):
        plan = fresh(PlanTask, world["plan"])
        assert (plan.approved_month, plan.approved_investment) == (MAY.first, Decimal("45.50"))
        assert (plan.approved_year_investment, plan.funds_completed) == (Decimal("45.50"), Decimal("45.50"))
        report = fresh(MonthlyReport, report_id)
        assert [one["action"] for one in report.declarations] == ["submit", "submit", "submit", "approve"]
        assert report.approved_by_name and report.submitted_by_id != report.approved_by_id
        steps = [one.action for one in trace(db.session(), "MonthlyReport", report_id)]
        assert steps == ["begin", "submit", "return", "submit", "withdraw", "submit", "approve"]
        assert faults(db.session()) == []
    with pytest.raises(RuleViolation, match="current state"):
        step("dingcheng", services.withdraw, report_id)


@pytest.mark.req("R19")
def test_the_database_refuses_the_submitter_as_approver(app_db: Flask, world: dict[str, int]) -> None:
    submit(world["report"])
    change = sa.text("UPDATE monthly_report SET approved_by_id = submitted_by_id WHERE id = :id")
    reviewer = acting_as(actor_named("dingcheng_review"))
    with reviewer, pytest.raises(RuleViolation) as refused, unit_of_work() as session:
        queries.get_report(session, world["report"])
        session.execute(change, {"id": world["report"]})
    assert refused.value.findings[0].rule == "R19"


@pytest.mark.req("M1.6.5.2", "R18")
def test_a_new_month_is_a_copy_and_windows_open_on_the_25th(app_db: Flask, world: dict[str, int]) -> None:
    submit(world["report"])
    approve(world["report"])
    june = MAY + 1
    with on(2026, 6, 24), pytest.raises(RuleViolation) as refused:
        begin(world["project"], june)
    assert refused.value.findings[0].rule == "R18"
    with on(2026, 6, 25):
        report_id = begin(world["project"], june)
        with pytest.raises(RuleViolation, match="begun already"):
            begin(world["project"], june)
        with pytest.raises(RuleViolation, match="approved already"):
            begin(world["project"], MAY)
    with acting_as(SYSTEM):
        report = fresh(MonthlyReport, report_id)
        assert report.cumulative_investment == Decimal(40) and report.progress == "under_way"
        assert [(one.state, one.quantity1) for one in report.items] == [("in_progress", Decimal(10))] * 2
        assert not report.is_makeup
        # photos of the approved May count: nothing is missing
        assert [one for one in services.check(db.session(), report) if one.is_error] == []
    with on(2026, 7, 2):
        submit(report_id)
    assert fresh_as_system(report_id).is_late
    with on(2026, 8, 26):
        assert fresh_as_system(begin(world["project"], MAY + 2)).is_makeup


def fresh_as_system(report_id: int) -> MonthlyReport:
    with acting_as(SYSTEM):
        found: MonthlyReport = fresh(MonthlyReport, report_id)
        return found


@pytest.mark.req("M1.6.5.2", "R12")
def test_correction_replaces_with_a_reason_and_photos(app_db: Flask, world: dict[str, int]) -> None:
    submit(world["report"])
    approve(world["report"])
    with pytest.raises(RuleViolation) as refused:
        step("dingcheng", services.correct, world["report"], " ")
    assert refused.value.findings[0].field == "reason"
    second = step("dingcheng", services.correct, world["report"], "金额填错")
    with pytest.raises(RuleViolation, match="begun already"):
        step("dingcheng", services.correct, world["report"], "再来")
    with acting_as(SYSTEM):
        page = queries.report_page(db.session(), second)
        assert page.report.revision == 2 and page.report.replaces_id == world["report"]
        assert all(page.photos(one, "photo_before") for one in page.report.items)
        assert fresh(PlanTask, world["plan"]).approved_investment == Decimal(40)
    with acting_as(actor_named("dingcheng")), unit_of_work() as session:
        typed = {"cumulative_investment": "30", "year_investment": "30"}
        services.save_report(session, queries.get_report(session, second), typed)
    submit(second)
    approve(second)
    with acting_as(SYSTEM):
        assert fresh(MonthlyReport, world["report"]).state == "superseded"
        assert fresh(PlanTask, world["plan"]).approved_investment == Decimal(30)
        assert faults(db.session()) == []


@pytest.mark.req("M1.6.5.2")
def test_nothing_typed_is_lost(app_db: Flask, world: dict[str, int]) -> None:
    report_id = world["report"]
    with acting_as(actor_named("dingcheng")):
        with unit_of_work() as session:
            report = queries.get_report(session, report_id)
            key = f"quantity1_{report.items[0].id}"
            version = report.version
            typed = {"cumulative_investment": "五十万", key: "3x", "year_investment": "41", "csrf_token": "x"}
            services.save_report(session, report, typed, version)
        report = fresh(MonthlyReport, report_id)
        assert report.unread == {"cumulative_investment": "五十万", key: "3x"}
        assert services.values_of(report, ["cumulative_investment"]) == {"cumulative_investment": "五十万"}
        fields = {one.field for one in services.check(db.session(), report) if one.is_error}
        assert {"cumulative_investment", key} <= fields
        with pytest.raises(StaleRow) as stale, unit_of_work() as session:
            services.save_report(session, queries.get_report(session, report_id), {key: "4"}, version)
        assert stale.value.current == {key: "3x"}
        with unit_of_work() as session:
            services.save_report(
                session, queries.get_report(session, report_id), {key: "4", "cumulative_investment": "50"}
            )
        assert fresh(MonthlyReport, report_id).unread == {}


@pytest.mark.req("R12", "R18")
def test_a_missed_month_lies_between_its_neighbours(app_db: Flask, world: dict[str, int]) -> None:
    submit(world["report"])
    approve(world["report"])
    with on(2026, 7, 26):
        july = begin(world["project"], MAY + 2)
        with acting_as(actor_named("dingcheng")), unit_of_work() as session:
            fill(session, queries.get_report(session, july), "90")
        submit(july)
        approve(july)
        june = begin(world["project"], MAY + 1)
        for amount, wrong in (("39", True), ("91", True), ("60", False)):
            with acting_as(actor_named("dingcheng")), unit_of_work() as session:
                report = fill(session, queries.get_report(session, june), amount)
                found = [one for one in services.check(session, report) if one.is_error]
                assert bool(found) is wrong, amount
        submit(june)
        approve(june)
        with acting_as(SYSTEM):
            assert fresh(PlanTask, world["plan"]).approved_investment == Decimal(90)
            assert faults(db.session()) == []


@pytest.mark.req("M1.6.5.4", "R13")
def test_bulk_approval_takes_only_what_has_no_warning(app_db: Flask, world: dict[str, int]) -> None:
    with acting_as(actor_named("dingcheng")), unit_of_work() as session:
        plan = annual_plans.get_plan(session, world["plan"])
        annual_plans.save_funds(session, plan, {"funds_planned": "50"}, plan.version)
        project = make_project(session, plan, name="第二标段")
        other = fill(session, services.start_report(session, project, MAY), "30")
        other_id = other.id
    submit(world["report"])
    submit(other_id)
    ids = [world["report"], other_id]
    with acting_as(actor_named("dingcheng_review")):
        with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
            services.bulk_approve(session, ids, declared=True)
        assert {one.field for one in refused.value.findings} <= {str(key) for key in ids}
        assert fresh(MonthlyReport, world["report"]).state == "submitted"


@pytest.mark.req("M1.6.5.2", "R25")
def test_evidence_of_a_submitted_report_stays(app_db: Flask, world: dict[str, int]) -> None:
    with acting_as(actor_named("dingcheng")), unit_of_work() as session:
        page = queries.report_page(session, world["report"])
        photo = page.photos(page.report.items[0], "photo_before")[0].photo.id
        stage, item_id = page.files["bid_notice"][0].id, page.report.items[0].id
    submit(world["report"])
    with acting_as(actor_named("dingcheng")):
        for key in (photo, stage):
            with pytest.raises(Refused), unit_of_work() as session:
                delete_attachment(session, current_actor(), key)
        with pytest.raises(Refused), unit_of_work() as session:
            attach(session, "ReportItem", item_id, "photo_during", jpeg(64, 48, seed=7), "x.jpg")
    step("dingcheng", services.withdraw, world["report"])
    with acting_as(actor_named("dingcheng")), unit_of_work() as session:
        delete_attachment(session, current_actor(), stage)
        delete_attachment(session, current_actor(), photo)
    with pytest.raises(RuleViolation) as refused:
        submit(world["report"])
    assert {f"photo_before_{item_id}", "bid_notice"} <= {one.field for one in refused.value.findings}


@pytest.mark.req("M1.6.5.1", "M1.6.4.3")
def test_what_reports_hold_cannot_go(app_db: Flask, world: dict[str, int]) -> None:
    with acting_as(actor_named("dingcheng")):
        with pytest.raises(RuleViolation), unit_of_work() as session:
            delete_projects(session, [world["project"]])
        with pytest.raises(RuleViolation), unit_of_work() as session:
            annual_plans.delete_plans(session, [world["plan"]])
        with unit_of_work() as session:
            services.discard(session, queries.get_report(session, world["report"]))
        with unit_of_work() as session:
            again = services.start_report(session, _project(session, world["project"]), MAY).id
        with pytest.raises(RuleViolation, match="just now"), unit_of_work() as session:
            services.restore(session, world["report"])
        with unit_of_work() as session:
            services.discard(session, queries.get_report(session, again))
        with unit_of_work() as session:
            services.restore(session, world["report"])
        assert fresh(MonthlyReport, world["report"]).deleted_at is None
    with acting_as(actor_named("hanshou")), pytest.raises(Exception, match="Not found"):
        queries.get_report(db.session(), world["report"])


def _project(session: Any, project_id: int) -> Any:
    from app.works.queries import get_project

    return get_project(session, project_id)


@pytest.mark.req("M1.6.5.4")
def test_typed_completed_investment_counts_until_a_report_is_approved(
    app_db: Flask, world: dict[str, int]
) -> None:
    def type_in(amount: str) -> Decimal:
        with acting_as(actor_named("dingcheng")):
            with unit_of_work() as session:
                plan = annual_plans.get_plan(session, world["plan"])
                annual_plans.save_funds(session, plan, {"funds_completed": amount}, plan.version)
            found: Decimal = fresh(PlanTask, world["plan"]).funds_completed
            return found

    assert type_in("7") == Decimal(7)
    submit(world["report"])
    approve(world["report"])
    assert type_in("8") == Decimal(40)


@pytest.mark.req("M1.6.5.4")
def test_page_strip_and_waiting_list_take_few_statements(
    app_db: Flask, world: dict[str, int], query_counter: Callable[[], Any]
) -> None:
    submit(world["report"])
    with acting_as(actor_named("dingcheng_review")):
        session = db.session()
        session.expire_all()
        with query_counter() as sql:
            page = queries.report_page(session, world["report"])
            assert page.change("cumulative_investment") == Decimal(40) and page.missing_files == []
            assert {len(page.photos(one, "photo_before")) for one in page.report.items} == {1}
        assert len(sql) <= 13, sql
        with query_counter() as sql:
            strip = queries.strip(session, [world["plan"]], 2026)[world["plan"]]
        assert len(sql) == 2
        assert [one.state for one in strip.cells[:6]] == ["none"] * 4 + ["submitted", "none"]
        rows = session.execute(queries.waiting()).mappings().all()
        mine = [row for row in rows if row["id"] == world["report"]]
        assert [row["previous_cumulative"] for row in mine] == [None]
        assert queries.count_waiting(session) == len(rows)
        assert queries.next_waiting(session, page.report) == rows[0]["id"] != world["report"]
    with on(2026, 7, 2), acting_as(actor_named("dingcheng_review")):
        strip = queries.strip(db.session(), [world["plan"]], 2026)[world["plan"]]
        assert [one.state for one in strip.cells[4:7]] == ["submitted", "overdue", "none"]


@pytest.mark.req("M1.6.5.3b", "M1.6.5.2")
def test_the_construction_unit_fills_and_submits_its_own(app_db: Flask, world: dict[str, int]) -> None:
    """Contents, photos and files of its plan by the gate of plan tasks alone; another plan's do not exist."""
    yuxia = actor_named("yuxia")
    unit = replace(yuxia, scope=Scope.plans(frozenset({world["plan"]})))
    with acting_as(unit), unit_of_work() as session:
        project = make_project(session, annual_plans.get_plan(session, world["plan"]), name="单位标段")
        report = services.start_report(session, project, MAY)
        contents = [one.scheme_item_id for one in contents_of_plan(session, world["plan"])]
        report = services.add_items(session, report, contents)
        report_id = fill(session, report, "20").id
    with acting_as(unit), unit_of_work() as session:
        services.submit(session, queries.get_report(session, report_id), declared=True, accept_warnings=True)
    with acting_as(unit):
        assert queries.report_page(db.session(), report_id).missing_files == []
        assert len(queries.strip(db.session(), [world["plan"]], 2026)[world["plan"]].project_ids) == 2
        with pytest.raises(NotAllowed), unit_of_work() as session:
            services.approve(session, queries.get_report(session, report_id), declared=True)
    with acting_as(replace(yuxia, scope=Scope.plans(frozenset({0})))):
        with pytest.raises(OutOfScope):
            queries.get_report(db.session(), report_id)
        assert db.session().execute(queries.waiting()).all() == []
    approve(report_id)
