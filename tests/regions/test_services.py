"""Writing regions, profiles, holidays, departments and code tables: who may, what is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import AuditEvent
from app.kernel.actor import SYSTEM, Actor
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation, StaleRow
from app.kernel.scope import Scope
from app.regions import services
from app.regions.models import (
    CacheVersion,
    Department,
    Holiday,
    ProvinceProfile,
    Region,
)

EDITS = frozenset(
    {
        ("can_edit", "ProvinceProfile"),
        ("can_edit", "Region"),
        ("can_add", "Region"),
        ("can_add", "Department"),
        ("can_edit", "Department"),
        ("can_edit", "Holiday"),
        ("can_delete", "Holiday"),
        ("can_edit", "CodeItem"),
    }
)
HUNAN = Actor(user_id=1, username="hunan", scope=Scope.region("430000"), permissions=EDITS)
ADMIN = Actor(user_id=2, username="sysadmin", scope=Scope.nothing(), permissions=EDITS)
COUNTY = Actor(user_id=3, username="dingcheng", scope=Scope.region("430703"))


def version(session: Session) -> int:
    return session.get(CacheVersion, "regions").version


@pytest.mark.req("G4", "D2")
def test_profile_is_changed_audited_and_announced(session: Session) -> None:
    before, profile = version(session), session.get(ProvinceProfile, "430000")
    services.save_profile(
        session, HUNAN, "430000", profile.version, {"warn_days": 60, "late_share_limit": Decimal("0.2")}
    )
    session.commit()
    session.expire_all()
    assert profile.warn_days == 60 and profile.late_share_limit == Decimal("0.2000") and profile.version == 2
    assert version(session) > before
    events = session.scalars(select(AuditEvent).where(AuditEvent.entity == "ProvinceProfile")).all()
    assert [event.after["warn_days"] for event in events] == [60]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"built_year_last": 1999}, "built_year_last"),
        ({"warn_days": 0}, "warn_days"),
        ({"warn_days": True}, "warn_days"),
        ({"password_min_length": 4}, "password_min_length"),
        ({"jump_share": Decimal("1.5")}, "jump_share"),
        ({"jump_share": "many"}, "jump_share"),
        ({"border_km": Decimal(-1)}, "border_km"),
        ({"late_share_limit": Decimal(2)}, "late_share_limit"),
        ({"area_per_household_min": Decimal(400)}, "area_per_household_max"),
        ({"declaration_close_month": 1, "declaration_open_month": 2}, "declaration_close_day"),
        ({"declaration_close_month": 6, "declaration_close_day": 31}, "declaration_close_day"),
        ({"title": " "}, "title"),
        ({"programme_names": {"pilot": "省级试点"}}, "programme_names"),
        ({"requires_review": ["housing", "police"]}, "requires_review"),
        ({"ranking_formula": {"start_rate": "0.5"}}, "ranking_formula"),
        (
            {
                "milestones": [
                    {"programme": "pilot", "measure": "start_rate", "month": 13, "day": 1, "share": "1"}
                ]
            },
            "milestones",
        ),
    ],
)
def test_implausible_profiles_are_refused(session: Session, values: dict[str, object], field: str) -> None:
    profile = session.get(ProvinceProfile, "430000")
    with pytest.raises(RuleViolation) as refused:
        services.save_profile(session, SYSTEM, "430000", profile.version, values)
    assert field in [finding.field for finding in refused.value.findings]
    assert not session.dirty


def test_stale_profile_is_refused_with_what_stands_now(session: Session) -> None:
    with pytest.raises(StaleRow) as stale:
        services.save_profile(session, SYSTEM, "430000", 99, {"warn_days": 60})
    assert stale.value.current["warn_days"] == 90 and stale.value.version == 1


def test_who_may_change_a_profile(session: Session) -> None:
    with pytest.raises(NotAllowed):
        services.save_profile(session, COUNTY, "430000", 1, {"warn_days": 60})
    with pytest.raises(OutOfScope):
        services.save_profile(session, HUNAN, "520000", 1, {"warn_days": 60})
    city = Actor(user_id=4, scope=Scope.region("430700"), permissions=EDITS)
    with pytest.raises(OutOfScope):
        services.save_profile(session, city, "430000", 1, {"warn_days": 60})
    assert services.save_profile(session, ADMIN, "520000", 1, {"warn_days": 60}).warn_days == 60
    with pytest.raises(ValueError, match="not columns"):
        services.save_profile(session, ADMIN, "430000", 1, {"province_code": "520000"})


def test_region_and_zone(session: Session) -> None:
    assert services.save_region(session, HUNAN, "430703", {"seat_lng": Decimal("111.7")}).seat_lng == Decimal(
        "111.7"
    )
    with pytest.raises(RuleViolation):
        services.save_region(session, HUNAN, "430703", {"name": " "})
    with pytest.raises(OutOfScope):
        services.save_region(session, HUNAN, "520525", {"name": "x"})
    zone = services.add_zone(session, HUNAN, "430703", "鼎城高新技术产业开发区", "鼎城高新区")
    assert zone.code == "43070392"
    with pytest.raises(RuleViolation):
        services.add_zone(session, HUNAN, "43070392", "区中区", "区中区")
    for _ in range(7):
        services.add_zone(session, HUNAN, "430703", "新区", "新区")
    with pytest.raises(RuleViolation):
        services.add_zone(session, HUNAN, "430703", "新区", "新区")
    session.flush()
    assert session.get(Region, "43070399") is not None


@pytest.mark.req("N3.3r")
def test_holidays(session: Session) -> None:
    day = dt.date(2026, 11, 23)
    services.set_holiday(session, ADMIN, day, is_working=False, note=" 临时放假 ")
    session.flush()
    assert session.get(Holiday, day).note == "临时放假"
    services.set_holiday(session, ADMIN, day, is_working=True)
    services.clear_holiday(session, ADMIN, day)
    session.flush()
    assert session.get(Holiday, day) is None
    with pytest.raises(OutOfScope):
        services.clear_holiday(session, ADMIN, day)
    with pytest.raises(NotAllowed):
        services.set_holiday(session, COUNTY, day, is_working=False)


def test_departments(session: Session) -> None:
    made = services.save_department(
        session, HUNAN, name=" 鼎城区某公司 ", region_code="430703", kind="construction"
    )
    assert made.id and made.name == "鼎城区某公司"
    changed = services.save_department(
        session,
        HUNAN,
        name="鼎城区某公司",
        region_code="430703",
        kind="platform",
        active=False,
        department=made,
    )
    assert changed is made and not made.active
    for bad in (
        {"name": "鼎城区财政局", "region_code": "430703", "kind": "finance"},
        {"name": " ", "region_code": "430703", "kind": "finance"},
        {"name": "x", "region_code": "430703", "kind": "nonsense"},
        {"name": "x", "region_code": "430799", "kind": "finance"},
    ):
        with pytest.raises(RuleViolation):
            services.save_department(session, HUNAN, **bad)
    with pytest.raises(OutOfScope):
        services.save_department(session, HUNAN, name="x", region_code="520525", kind="finance")
    assert session.scalar(select(Department.id).where(Department.name == "x")) is None


@pytest.mark.req("D2")
def test_code_tables(session: Session) -> None:
    item = services.save_code_item(
        session, ADMIN, "department_kind", {"code": "water", "label": "供水", "order": 10}
    )
    session.flush()
    assert item.active
    again = services.save_code_item(
        session, ADMIN, "department_kind", {"code": "water", "label": "水务", "active": False}
    )
    assert again is item and item.label == "水务" and not item.active
    for bad in ({"code": "Wasser!", "label": "水"}, {"code": "gas", "label": " "}):
        with pytest.raises(RuleViolation):
            services.save_code_item(session, ADMIN, "department_kind", bad)
    with pytest.raises(OutOfScope):
        services.save_code_item(session, ADMIN, "nonsense", {"code": "a", "label": "b"})
