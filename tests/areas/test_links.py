"""Linking and unlinking, sums and places that follow, and what the database itself refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.annual_plans import services as annual_plans
from app.annual_plans.models import PlanTask
from app.areas import places, queries, sums
from app.areas.link_views import distance
from app.areas.models import CommunityLink
from app.areas.queries import Search
from app.areas.services import held_community
from app.cli.verify import faults
from app.communities.models import Community
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation, StaleRow
from app.persistence.context import acting_as, current_scope
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.reserve import services as reserve
from app.reserve.models import ReserveProject
from tests.areas.helpers import fresh, make_community, make_plan, make_reserve, open_window

AsUser = Callable[[str], Any]


@pytest.fixture
def clerk(app_db: Flask, as_user: AsUser) -> Any:
    """Everything in the test runs as the county editor of 鼎城区, with the year's window open."""
    with app_db.app_context():
        open_window()
        with as_user("dingcheng"):
            yield
        db.session.rollback()


def clean() -> None:
    with acting_as(SYSTEM):
        assert faults(db.session()) == []


def kept(area: Any) -> tuple[Any, ...]:
    return area.community_count, area.building_count, area.household_count, area.floor_area


@pytest.mark.req("M1.5.1", "M1.5.1l", "M1.5.2", "M1.6.1", "M1.6.2", "R07")
@pytest.mark.usefixtures("clerk")
def test_the_manuals_walk() -> None:
    """测试储备项目 with 恒华茗苑住宅楼: 2 buildings, 72 households, 0.5 万㎡; into a plan and out again."""
    with unit_of_work() as session:
        homes = [make_community(session, f"恒华茗苑住宅楼{n}") for n in (1, 2)]
        project, plan = make_reserve(session), make_plan(session)
        ids, project_id, plan_id = [c.id for c in homes], project.id, plan.id
        reserve.link(session, project, ids)
    assert kept(fresh(ReserveProject, project_id)) == (2, 2, 72, Decimal("0.5"))
    assert fresh(Community, ids[0]).place_label == "测试储备项目"
    with unit_of_work() as session:
        report = annual_plans.link(session, annual_plans.get_plan(session, plan_id), reserves=[project_id])
        assert report.reserves == [project_id]
    plan = fresh(PlanTask, plan_id)
    assert (
        kept(plan) == (2, 2, 72, Decimal("0.5")) and plan.community_names == "恒华茗苑住宅楼1;恒华茗苑住宅楼2"
    )
    place = fresh(Community, ids[0])
    assert (place.place_state, place.place_year) == ("plan", plan.year)
    assert place.place_label == "测试储备项目 → 测试计划"
    assert fresh(ReserveProject, project_id).plan_name == "测试计划"
    clean()
    with unit_of_work() as session:
        annual_plans.unlink(session, annual_plans.get_plan(session, plan_id), reserves=None)
    assert kept(fresh(PlanTask, plan_id)) == (0, 0, 0, 0)
    assert (
        fresh(Community, ids[0]).place_state == "reserve" and not fresh(ReserveProject, project_id).plan_name
    )
    with unit_of_work() as session:
        reserve.unlink(session, reserve.get_reserve(session, project_id), ids[:1])
    assert kept(fresh(ReserveProject, project_id)) == (1, 1, 36, Decimal("0.25"))
    assert fresh(Community, ids[0]).place_state == "free"
    clean()


@pytest.mark.req("M1.4.4", "R07")
@pytest.mark.usefixtures("clerk")
def test_an_edit_changes_every_sum_that_holds_the_community_in_its_transaction() -> None:
    with unit_of_work() as session:
        community = make_community(session, "测试小区甲")
        project, plan = make_reserve(session), make_plan(session)
        reserve.link(session, project, [community.id])
        annual_plans.link(session, plan, reserves=[project.id])
        keys = community.id, project.id, plan.id
    with unit_of_work() as session:
        row = session.get(Community, keys[0])
        row.household_count, row.name, row.built_year = 50, "测试小区乙", 2003
    for area in (fresh(ReserveProject, keys[1]), fresh(PlanTask, keys[2])):
        assert (area.household_count, area.community_names, area.built_after_2000) == (50, "测试小区乙", 1)
    row = db.session.get(Community, keys[0])
    row.household_count = 60
    db.session.flush()
    db.session.rollback()
    assert fresh(PlanTask, keys[2]).household_count == 50
    clean()


@pytest.mark.req("M1.6.1", "M1.5.1l")
@pytest.mark.usefixtures("clerk")
def test_what_is_elsewhere_cannot_be_linked_and_says_where() -> None:
    with unit_of_work() as session:
        community, other = make_community(session, "小区一"), make_community(session, "小区二")
        first, second, plan, later = (
            make_reserve(session, "储备甲"),
            make_reserve(session, "储备乙"),
            make_plan(session),
            make_plan(session, "计划乙"),
        )
        reserve.link(session, first, [community.id])
        annual_plans.link(session, plan, reserves=[first.id])
    for attempt in (
        lambda s: reserve.link(s, second, [other.id, community.id]),
        lambda s: annual_plans.link(s, plan, communities=[other.id, community.id]),
        lambda s: annual_plans.link(s, later, communities=[other.id, community.id]),
    ):
        with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
            attempt(session)
        values = refused.value.message.values
        assert (values["name"], values["holder"]) == ("小区一", "储备甲") and "鼎城区" in values["who"]
    with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
        annual_plans.link(session, later, reserves=[first.id])
    assert refused.value.message.values["holder"] == "测试计划"
    with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
        annual_plans.unlink(session, plan, communities=[community.id])
    assert refused.value.message.values["holder"] == "储备甲"
    assert fresh(Community, other.id).place_state == "free"
    clean()


@pytest.mark.req("M1.6.1")
@pytest.mark.usefixtures("clerk")
def test_several_of_both_kinds_at_once_and_again() -> None:
    with unit_of_work() as session:
        single, inner = make_community(session, "单个"), make_community(session, "其中")
        project, plan = make_reserve(session), make_plan(session)
        reserve.link(session, project, [inner.id])
        report = annual_plans.link(session, plan, [single.id], [project.id])
    assert (report.communities, report.reserves) == ([single.id], [project.id])
    assert fresh(PlanTask, plan.id).community_count == 2
    with unit_of_work() as session:
        again = annual_plans.link(session, annual_plans.get_plan(session, plan.id), [single.id], [project.id])
    assert not again.communities and not again.reserves
    with unit_of_work() as session:  # a community that joins the reserve project joins the plan
        late = make_community(session, "后来")
        reserve.link(session, reserve.get_reserve(session, project.id), [late.id])
    assert fresh(PlanTask, plan.id).community_count == 3
    with unit_of_work() as session:
        annual_plans.unlink(session, annual_plans.get_plan(session, plan.id), None, None)
    assert fresh(PlanTask, plan.id).community_count == 0
    clean()


@pytest.mark.req("M1.4.3", "M1.5.3", "M1.6")
@pytest.mark.usefixtures("clerk")
def test_nothing_that_is_linked_is_deleted() -> None:
    with unit_of_work() as session:
        community = make_community(session, "留下")
        project, plan = make_reserve(session), make_plan(session)
        reserve.link(session, project, [community.id])
        annual_plans.link(session, plan, reserves=[project.id])
    assert held_community(db.session(), community.id).values["holder"] == "测试储备项目"
    with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
        reserve.delete_reserves(session, [project.id])
    assert refused.value.message.values["holder"] == "测试计划"
    with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
        annual_plans.delete_plans(session, [plan.id])
    assert "测试储备项目" in refused.value.message.values["holder"]
    for model, key in ((Community, community.id), (ReserveProject, project.id), (PlanTask, plan.id)):
        with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
            session.get(model, key).deleted_at = utcnow()
        assert "linked" in str(refused.value.message)
    with unit_of_work() as session:
        annual_plans.unlink(session, annual_plans.get_plan(session, plan.id), reserves=[project.id])
        reserve.delete_reserves(session, [project.id])
        annual_plans.delete_plans(session, [plan.id])
    assert fresh(Community, community.id).place_state == "free"
    clean()
    with unit_of_work() as session:
        assert reserve.restore_reserves(session, [project.id]) == [project.id]
        assert annual_plans.restore_plans(session, [plan.id]) == [plan.id]
    assert fresh(ReserveProject, project.id).community_count == 0
    clean()


@pytest.mark.req("M1.5.3")
@pytest.mark.usefixtures("clerk")
def test_what_was_deleted_cannot_be_linked() -> None:
    with unit_of_work() as session:
        community, project = make_community(session, "已删"), make_reserve(session)
        free, gone = make_community(session, "在用"), make_reserve(session, "已删项目")
        community.deleted_at, gone.deleted_at = utcnow(), utcnow()
    with pytest.raises(OutOfScope), unit_of_work() as session:
        reserve.link(session, reserve.get_reserve(session, project.id), [community.id])
    with pytest.raises(RuleViolation), unit_of_work() as session:
        reserve.link(session, reserve.get_reserve(session, gone.id, deleted=True), [free.id])
    values = {"county_code": "430703", "linked_at": utcnow(), "linked_by": ""}
    for row in ({"community_id": community.id, "reserve_project_id": project.id},
                {"community_id": free.id, "reserve_project_id": project.id, "plan_task_id": 1},
                {"community_id": free.id},
                {"community_id": free.id, "reserve_project_id": project.id,
                 "county_code": "430722"}):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError), acting_as(SYSTEM):
            sums.execute(db.session(), sa.insert(CommunityLink.__table__).values(**{**values, **row}))
        db.session.rollback()


@pytest.mark.req("D1", "M1.5.4")
def test_scope_and_permission(app_db: Flask, as_user: AsUser) -> None:
    with app_db.app_context():
        open_window()
        with as_user("hanshou"), unit_of_work() as session:
            foreign = make_community(session, "汉寿小区", "430722")
            theirs, plan = (
                make_reserve(session, "汉寿储备", "430722"),
                make_plan(session, "汉寿计划", "430722"),
            )
            foreign_id, theirs_id, plan_id = foreign.id, theirs.id, plan.id
        with as_user("dingcheng"):
            with unit_of_work() as session:
                mine = make_reserve(session)
            for attempt in (
                lambda s: reserve.get_reserve(s, theirs_id),
                lambda s: annual_plans.get_plan(s, plan_id),
                lambda s: reserve.link(s, mine, [foreign_id]),
                lambda s: make_reserve(s, county="430722"),
                lambda s: make_reserve(s, county="430700"),
            ):
                with pytest.raises(OutOfScope), unit_of_work() as session:
                    attempt(session)
        for reader in ("dingcheng_review", "changde", "hunan"):
            with as_user(reader):
                with pytest.raises(NotAllowed), unit_of_work() as session:
                    make_reserve(session)
                with pytest.raises(NotAllowed), unit_of_work() as session:
                    reserve.link(session, reserve.get_reserve(session, mine.id), [])
        db.session.rollback()


@pytest.mark.req("M1.6.3")
@pytest.mark.usefixtures("clerk")
def test_a_new_name_or_year_shows_wherever_the_plan_is_shown() -> None:
    with unit_of_work() as session:
        direct, inner = make_community(session, "直接"), make_community(session, "经由")
        project, plan = make_reserve(session), make_plan(session)
        reserve.link(session, project, [inner.id])
        annual_plans.link(session, plan, [direct.id], [project.id])
    with unit_of_work() as session:
        row = annual_plans.get_plan(session, plan.id)
        annual_plans.update_plan(session, row, {"name": "改名计划", "year": "2030"}, row.version)
        project = reserve.get_reserve(session, project.id)
        reserve.update_reserve(session, project, {"name": "改名储备"}, project.version)
    assert (fresh(Community, direct.id).place_label, fresh(Community, direct.id).place_year) == (
        "改名计划",
        2030,
    )
    assert fresh(Community, inner.id).place_label == "改名储备 → 改名计划"
    assert fresh(ReserveProject, project.id).plan_name == "改名计划"
    clean()
    row = annual_plans.get_plan(db.session(), plan.id)
    with pytest.raises(StaleRow):
        annual_plans.update_plan(db.session(), row, {"name": "迟到"}, row.version - 1)


@pytest.mark.req("M1.5.1l", "M1.6.1")
@pytest.mark.usefixtures("clerk")
def test_the_dialog_lists_own_and_free_in_one_statement_each(query_counter: Any) -> None:
    with unit_of_work() as session:
        free, own, elsewhere = (make_community(session, f"对话{n}") for n in "甲乙丙")
        project, other, plan = make_reserve(session), make_reserve(session, "另一个"), make_plan(session)
        reserve.link(session, project, [own.id])
        reserve.link(session, other, [elsewhere.id])
    scope, session = current_scope(), db.session()
    with query_counter() as sql:
        rows, total = queries.page(
            session, queries.candidates(scope, "reserve_project", project.id, "430703", Search("对话")), 10
        )
    assert len([s for s in sql if "FROM community" in s]) == 2
    assert total == 2 and [(r.id, bool(r.linked)) for r in rows] == [(free.id, False), (own.id, True)]
    for state, wanted in (("linked", [own.id]), ("free", [free.id])):
        found, _total = queries.page(
            session,
            queries.candidates(scope, "reserve_project", project.id, "430703", Search("对话", state)),
            10,
        )
        assert [r.id for r in found] == wanted
    reserves, _total = queries.page(
        session, queries.reserve_candidates(scope, plan.id, "430703", Search("测试储备")), 10
    )
    assert [r.id for r in reserves] == [project.id] and reserves[0].household_count == 36
    assert queries.preview(session, scope, "430703", [free.id], [project.id]) == {
        "community_count": 2, "building_count": 2, "household_count": 72, "floor_area": Decimal("0.5"),
    }  # fmt: skip


@pytest.mark.req("R07", "M1.5.1l")
@pytest.mark.usefixtures("clerk")
def test_verify_finds_a_tampered_sum_and_place() -> None:
    with unit_of_work() as session:
        community, project, plan = make_community(session, "被改"), make_reserve(session), make_plan(session)
        reserve.link(session, project, [community.id])
        annual_plans.link(session, plan, reserves=[project.id])
    with acting_as(SYSTEM):
        plans = PlanTask.__table__
        sums.execute(
            db.session(),
            sa.update(plans).where(plans.c.id == plan.id).values(household_count=35, community_names="x"),
        )
        db.session.commit()
        found = sums.verify(db.session())
        assert found == [f"plan_task {plan.id} household_count: kept 35, counted 36",
                         f"plan_task {plan.id} community_names: kept x, counted 被改"]  # fmt: skip
        sums.recompute(db.session(), "plan_task", [plan.id])
        communities, reserves = Community.__table__, ReserveProject.__table__
        sums.execute(
            db.session(),
            sa.update(communities).where(communities.c.id == community.id).values(place_year=1999),
        )
        sums.execute(
            db.session(), sa.update(reserves).where(reserves.c.id == project.id).values(plan_name="")
        )
        db.session.commit()
        assert not sums.verify(db.session())
        assert [line.split(":")[0] for line in places.verify(db.session())] == [
            f"community {community.id} place", f"reserve_project {project.id}",
        ]  # fmt: skip


@pytest.mark.req("M1.6.1", "M1.6.2")
@pytest.mark.usefixtures("clerk")
def test_the_dialog_of_a_plan_locks_what_came_with_a_reserve_and_knows_distances(query_counter: Any) -> None:
    """Two statements, whatever is asked; by sub-district, nearest to the middle of what is linked first."""
    with unit_of_work() as session:
        town = current(session).towns("430703")[0].code
        far = make_community(session, "距离远", lng="111.80", lat="29.01", town_code=town)
        near = make_community(session, "距离近", lng="111.69", lat="29.02")
        nowhere = make_community(session, "距离未知", lng=None, lat=None, town_code=town)
        inner = make_community(session, "距离中", lng="111.68", lat="29.00")
        own = make_community(session, "距离己", lng="111.70", lat="29.02")
        project, plan = make_reserve(session), make_plan(session)
        reserve.link(session, project, [inner.id])
        annual_plans.link(session, plan, [own.id], [project.id])
        plan_id, name = plan.id, project.name
        far_id, near_id, nowhere_id, inner_id, own_id = (c.id for c in (far, near, nowhere, inner, own))
    scope, session = current_scope(), db.session()

    def listed(**asked: Any) -> list[Any]:
        search = Search("距离", **asked)
        with query_counter() as sql:
            everything = queries.candidates(scope, "plan_task", plan_id, "430703", replace(search, state=""))
            number, linked = queries.linked_count(session, everything)
            found = queries.candidates(scope, "plan_task", plan_id, "430703", search)
            rows = queries.rows(session, found, 10, 1)
        assert len([s for s in sql if "set_config" not in s]) == 2
        assert {"linked": linked, "free": number - linked}.get(search.state, number) == len(rows)
        return rows

    assert {r.name: (bool(r.linked), r.through) for r in listed()} == {
        "距离远": (False, None), "距离近": (False, None), "距离未知": (False, None),
        "距离中": (True, name), "距离己": (True, None),
    }  # fmt: skip
    assert [r.name for r in listed(state="free", near=True)] == ["距离近", "距离远", "距离未知"]
    assert [r.id for r in listed(state="linked")] == [inner_id, own_id]
    assert {r.id for r in listed(town=town)} == {far_id, nowhere_id}
    assert {r.id for r in listed(town="none", state="free")} == {near_id}
    found = {r.name: distance(r) for r in listed(near=True)}
    assert (found["距离未知"], found["距离己"], found["距离中"]) == (None, None, None)
    assert 1100 < found["距离近"] < 1120 and 10_600 < found["距离远"] < 10_800
    with pytest.raises(RuleViolation) as refused, unit_of_work() as session:
        annual_plans.unlink(session, annual_plans.get_plan(session, plan_id), [inner_id])
    assert name in str(refused.value.findings[0].message)
