"""The only writer of regions, profiles, departments, holidays and code tables; writes make caches reload."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.kernel.actor import Actor
from app.kernel.errors import (
    Finding,
    NotAllowed,
    OutOfScope,
    RuleViolation,
    StaleRow,
    msg,
)
from app.regions import queries
from app.regions.cache import bump
from app.regions.models import (
    CodeItem,
    CodeTable,
    Department,
    Holiday,
    ProvinceProfile,
    Region,
    RegionAlias,
    Town,
)
from app.regions.rules import check_code_item, check_profile

REGION_FIELDS = (
    "name",
    "short_name",
    "pinyin",
    "initials",
    "label_lng",
    "label_lat",
    "seat_lng",
    "seat_lat",
    "active",
)
PROFILE_FIXED = frozenset({"province_code", "version"})


def _require(actor: Actor, action: str, resource: str) -> None:
    if not actor.may(action, resource):
        raise NotAllowed(msg("Your roles do not allow this."))


def _cover(actor: Actor, region_code: str) -> None:
    """A region's account writes inside its region; administrators have none and go by permission."""
    scope = actor.scope
    if scope.kind == "plans" or (scope.kind == "region" and not scope.covers(region_code)):
        raise OutOfScope(f"region {region_code}")


def _refuse(findings: Iterable[Finding]) -> None:
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        raise RuleViolation(errors)


def _text(rule: str, field: str, value: Any) -> str:
    text = str(value or "").strip()
    if not text:
        raise RuleViolation(Finding(rule, "error", field, msg("Must not be empty.")))
    return text


def save_profile(
    session: Session, actor: Actor, province_code: str, version: int, values: Mapping[str, Any]
) -> ProvinceProfile:
    """Change thresholds, wording or policies of a province (rules.md, first sentence).

    Raises: NotAllowed, OutOfScope, StaleRow (with what stands now), RuleViolation.
    """
    _require(actor, "can_edit", "ProvinceProfile")
    _cover(actor, province_code)
    profile = session.get(ProvinceProfile, province_code)
    if profile is None:
        raise OutOfScope(f"profile {province_code}")
    now = profile_values(profile)
    if profile.version != version:
        raise StaleRow(now, profile.version)
    unknown = set(values) - (set(now) - PROFILE_FIXED)
    if unknown:
        raise ValueError(f"not columns of a profile: {sorted(unknown)}")
    _refuse(check_profile({**now, **values}))
    for field, value in values.items():
        if value != now[field]:
            setattr(profile, field, value)
    bump(session)
    return profile


def profile_values(profile: ProvinceProfile) -> dict[str, Any]:
    """All columns of a profile as a mapping."""
    return {column.key: getattr(profile, column.key) for column in ProvinceProfile.__mapper__.column_attrs}


def save_region(session: Session, actor: Actor, code: str, values: Mapping[str, Any]) -> Region:
    """Change names, points or use of a region; its code, level and place in the tree stay.

    Raises: NotAllowed, OutOfScope, RuleViolation.
    """
    _require(actor, "can_edit", "Region")
    _cover(actor, code)
    region = session.get(Region, code)
    if region is None:
        raise OutOfScope(f"region {code}")
    if not set(values) <= set(REGION_FIELDS):
        raise ValueError(f"not editable: {sorted(set(values) - set(REGION_FIELDS))}")
    for field in ("name", "short_name"):
        if field in values:
            _text("G4", field, values[field])
    for field, value in values.items():
        setattr(region, field, value.strip() if isinstance(value, str) else value)
    bump(session)
    return region


def add_zone(session: Session, actor: Actor, county_code: str, name: str, short_name: str) -> Region:
    """A functional zone of a county under the next free internal code (county code and 91 … 99).

    Raises: NotAllowed, OutOfScope, RuleViolation (not a county, no code left).
    """
    _require(actor, "can_add", "Region")
    _cover(actor, county_code)
    county = session.get(Region, county_code)
    if county is None or county.level != "county" or county.kind != "normal":
        raise RuleViolation(Finding("G4", "error", "parent_code", msg("A zone lies in a county.")))
    taken = set(queries.zone_codes(session, county_code))
    code = next((c for c in (f"{county_code}{number}" for number in range(91, 100)) if c not in taken), None)
    if code is None:
        raise RuleViolation(Finding("G4", "error", "parent_code", msg("The county has no zone code left.")))
    zone = Region(
        code=code,
        name=_text("G4", "name", name),
        short_name=_text("G4", "short_name", short_name),
        level="county",
        kind="functional",
        parent_code=county_code,
    )
    session.add(zone)
    bump(session)
    return zone


def save_town(session: Session, actor: Actor, code: str, *, name: str, zone_code: str | None) -> Town:
    """Rename a town, or put it into a functional zone of its county (None: into none).

    Raises: NotAllowed, OutOfScope, RuleViolation (empty name, zone of another county).
    """
    _require(actor, "can_edit", "Town")
    town = session.get(Town, code)
    if town is None:
        raise OutOfScope(f"town {code}")
    _cover(actor, town.county_code)
    if zone_code and zone_code not in queries.zone_codes(session, town.county_code):
        raise RuleViolation(
            Finding("G4", "error", "zone_code", msg("The zone must lie in the county of the town."))
        )
    town.name, town.zone_code = _text("G4", "name", name), zone_code or None
    bump(session)
    return town


def save_alias(session: Session, actor: Actor, old_code: str, code: str, note: str = "") -> RegionAlias:
    """Say which region took the place of a withdrawn code.

    Raises: NotAllowed, RuleViolation (not six digits, a code still in use, an unknown successor).
    """
    _require(actor, "can_edit", "RegionAlias")
    if not (len(old_code) == 6 and old_code.isascii() and old_code.isdigit()):
        raise RuleViolation(Finding("G4", "error", "old_code", msg("A region code has six digits.")))
    if session.get(Region, old_code) is not None:
        raise RuleViolation(Finding("G4", "error", "old_code", msg("This code is in use and not withdrawn.")))
    if session.get(Region, code) is None:
        raise RuleViolation(
            Finding("G4", "error", "code", msg("Unknown region code %(code)s.", code=code))
        )
    alias = session.get(RegionAlias, old_code)
    if alias is None:
        alias = RegionAlias(old_code=old_code)
        session.add(alias)
    alias.code, alias.note = code, note.strip()
    bump(session)
    return alias


def set_holiday(
    session: Session, actor: Actor, date: dt.date, *, is_working: bool, note: str = ""
) -> Holiday:
    """Declare a day a working day or a holiday, against the built-in calendar (N3.3r). Raises: NotAllowed."""
    _require(actor, "can_edit", "Holiday")
    holiday = session.get(Holiday, date)
    if holiday is None:
        holiday = Holiday(date=date)
        session.add(holiday)
    holiday.is_working, holiday.note = is_working, note.strip()
    bump(session)
    return holiday


def clear_holiday(session: Session, actor: Actor, date: dt.date) -> None:
    """Go back to the built-in calendar for a day. Raises: NotAllowed, OutOfScope."""
    _require(actor, "can_delete", "Holiday")
    holiday = session.get(Holiday, date)
    if holiday is None:
        raise OutOfScope(f"holiday {date}")
    session.delete(holiday)
    bump(session)


def save_department(
    session: Session,
    actor: Actor,
    *,
    name: str,
    region_code: str,
    kind: str,
    active: bool = True,
    department: Department | None = None,
) -> Department:
    """Add a department, or change the one given.

    Raises: NotAllowed, OutOfScope, RuleViolation (empty, unknown region or kind, name taken in the region).
    """
    _require(actor, "can_edit" if department else "can_add", "Department")
    for code in {region_code, department.region_code if department else region_code}:
        _cover(actor, code)
    name = _text("M1.1", "name", name)
    if session.get(Region, region_code) is None:
        raise RuleViolation(
            Finding("M1.1", "error", "region_code", msg("Unknown region code %(code)s.", code=region_code))
        )
    if kind not in queries.codes_of(session, "department_kind"):
        raise RuleViolation(Finding("M1.1", "error", "kind", msg("Not one of the choices.")))
    twin = queries.find_department(session, name, region_code)
    if twin is not None and twin is not department:
        raise RuleViolation(
            Finding("M1.1", "error", "name", msg("This region has a department of that name."))
        )
    if department is None:
        department = Department()
        session.add(department)
    department.name, department.region_code, department.kind, department.active = (
        name,
        region_code,
        kind,
        active,
    )
    session.flush()
    return department


def save_code_item(session: Session, actor: Actor, table_key: str, values: Mapping[str, Any]) -> CodeItem:
    """Add an entry to a code table, or change label, order and use of the entry of that code (D2).

    Raises: NotAllowed, OutOfScope (no such table), RuleViolation.
    """
    _require(actor, "can_edit", "CodeItem")
    table = session.get(CodeTable, table_key)
    if table is None:
        raise OutOfScope(f"code table {table_key}")
    _refuse(check_code_item(values))
    item = queries.find_code_item(session, table_key, values["code"])
    if item is None:
        if table.fixed:
            raise RuleViolation(Finding("D2", "error", "code", msg("The codes of this table are fixed.")))
        item = CodeItem(table_key=table_key, code=values["code"])
        session.add(item)
    item.label = str(values["label"]).strip()
    item.order, item.active = int(values.get("order", 0)), bool(values.get("active", True))
    bump(session)
    return item
