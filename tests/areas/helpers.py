"""Small makers for tests of areas; every one runs in the actor and the session given."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.annual_plans import services as annual_plans
from app.annual_plans.models import DeclarationWindow, PlanTask
from app.communities.models import Community
from app.communities.services import derived
from app.extensions import db
from app.kernel import calendar
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from app.reserve import services as reserve
from app.reserve.models import ReserveProject

SUPERVISION = {"supervision_unit": "测试单位", "supervisor_name": "陈某", "supervisor_phone": "13800000000"}


def make_community(session: Session, name: str, county: str = "430703", **values: Any) -> Community:
    """A complete free community."""
    facts: dict[str, Any] = {
        "county_code": county, "name": name, "built_year": 1995, "place_kind": "city",
        "property_kind": "reform", "address": f"{name}1号", "lng": "111.68", "lat": "29.01",
        "building_count": 1, "household_count": 36,
        "floor_area": "0.2500", "planned_investment": "108.00", "unit_count": 2,
        "unit_without_elevator_count": 2,
        "substandard_household_count": 0, **SUPERVISION, **values,
    }  # fmt: skip
    community = Community(**facts, **derived(facts))
    session.add(community)
    session.flush()
    return community


def open_window(year: int | None = None, province: str = "430000") -> None:
    """Counties of a province may declare from now on, whatever the day of the test."""
    today = calendar.today()
    with acting_as(SYSTEM), unit_of_work() as session:
        session.merge(
            DeclarationWindow(
                province_code=province, year=year or today.year, opens=today, closes=today, version=1
            )
        )


def make_reserve(session: Session, name: str = "测试储备项目", county: str = "430703") -> ReserveProject:
    return reserve.create_reserve(session, county, {"name": name, **SUPERVISION})


def make_plan(session: Session, name: str = "测试计划", county: str = "430703", **values: Any) -> PlanTask:
    facts = {"name": name, "year": calendar.today().year, **SUPERVISION, **values}
    return annual_plans.create_plan(session, county, facts)


def fresh(model: Any, key: int) -> Any:
    """The row as a new transaction reads it."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.execute(
        select(model).where(model.id == key).execution_options(with_deleted=True)
    ).scalar_one()
