"""Every select over regions and organisations; lists are ordered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Executable, Select, select
from sqlalchemy.orm import Session

from app.kernel.scope import Scope
from app.persistence.gate import scope_clause
from app.regions.models import (
    CacheVersion,
    CodeItem,
    CodeTable,
    Department,
    Holiday,
    ProvinceProfile,
    Region,
    RegionAlias,
    Town,
)
from app.regions.rules import Profile, RegionInfo, TownInfo
from app.regions.snapshot import Snapshot


def _point(lng: Any, lat: Any) -> tuple[float, float] | None:
    return (float(lng), float(lat)) if lng is not None and lat is not None else None


def _regions(session: Session) -> list[RegionInfo]:
    rows = session.execute(select(Region.__table__).order_by(Region.code)).mappings()
    return [
        RegionInfo(
            code=r["code"],
            name=r["name"],
            short_name=r["short_name"],
            level=r["level"],
            kind=r["kind"],
            parent_code=r["parent_code"],
            pinyin=r["pinyin"],
            initials=r["initials"],
            label=_point(r["label_lng"], r["label_lat"]),
            seat=_point(r["seat_lng"], r["seat_lat"]),
            active=r["active"],
        )
        for r in rows
    ]


def _towns(session: Session) -> list[TownInfo]:
    t = Town
    columns = (t.code, t.name, t.kind, t.county_code, t.zone_code, t.pinyin, t.initials, t.lng, t.lat)
    rows = session.execute(select(*columns).order_by(t.code))
    return [TownInfo(*row[:7], point=_point(row.lng, row.lat)) for row in rows]


def _profiles(session: Session) -> list[Profile]:
    rows = session.execute(
        select(ProvinceProfile.__table__).order_by(ProvinceProfile.province_code)
    ).mappings()
    return [_profile(dict(row)) for row in rows]


def _profile(row: Mapping[str, Any]) -> Profile:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return Profile(**values)


def _pairs(session: Session, query: Executable) -> dict[Any, Any]:
    return {row[0]: row[1] for row in session.execute(query)}


def cache_version(session: Session, key: str) -> int:
    """The version of a cached source; 0 before its first write."""
    return session.scalar(select(CacheVersion.version).where(CacheVersion.key == key)) or 0


def load_snapshot(session: Session, version: int) -> Snapshot:
    """Read everything that the cache holds: six statements, about 20 ms."""
    codes = select(CodeItem.table_key, CodeItem.code, CodeItem.label, CodeItem.active)
    return Snapshot(
        version=version,
        regions=_regions(session),
        towns=_towns(session),
        aliases=_pairs(session, select(RegionAlias.old_code, RegionAlias.code)),
        profiles=_profiles(session),
        holidays=_pairs(session, select(Holiday.date, Holiday.is_working)),
        codes=session.execute(codes.order_by(CodeItem.table_key, CodeItem.order, CodeItem.code)).all(),
    )


def departments(
    scope: Scope, *, kind: str | None = None, active_only: bool = True
) -> Select[Department]:
    """Departments inside a scope, by region and name."""
    query = select(Department).where(scope_clause(scope, Department.region_code))
    if kind:
        query = query.where(Department.kind == kind)
    if active_only:
        query = query.where(Department.active)
    return query.order_by(Department.region_code, Department.name)


def department_names(
    session: Session, region_code: str, kinds: tuple[str, ...] = ()
) -> list[tuple[int, str]]:
    """(id, name) of the departments in use of one region, for a picker."""
    query = select(Department.id, Department.name).where(
        Department.region_code == region_code, Department.active
    )
    if kinds:
        query = query.where(Department.kind.in_(kinds))
    return list(session.execute(query.order_by(Department.name)))


def find_department(session: Session, name: str, region_code: str) -> Department | None:
    return session.scalar(
        select(Department).where(Department.name == name, Department.region_code == region_code)
    )


def holidays(year: int | None = None) -> Select[Holiday]:
    """The overrides, newest first; of one year or all."""
    query = select(Holiday)
    if year is not None:
        query = query.where(Holiday.date >= dt.date(year, 1, 1), Holiday.date <= dt.date(year, 12, 31))
    return query.order_by(Holiday.date.desc())


def code_tables() -> Select[CodeTable]:
    return select(CodeTable).order_by(CodeTable.key)


def code_items(table_key: str) -> Select[CodeItem]:
    return select(CodeItem).where(CodeItem.table_key == table_key).order_by(CodeItem.order, CodeItem.code)


def codes_of(session: Session, table_key: str) -> set[str]:
    """The codes in use of a code table."""
    return set(session.scalars(select(CodeItem.code).where(CodeItem.table_key == table_key, CodeItem.active)))


def find_code_item(session: Session, table_key: str, code: str) -> CodeItem | None:
    return session.scalar(select(CodeItem).where(CodeItem.table_key == table_key, CodeItem.code == code))


def zone_codes(session: Session, county_code: str) -> list[str]:
    """Codes of all zones of a county, in use or not."""
    query = select(Region.code).where(Region.parent_code == county_code, Region.kind == "functional")
    return list(session.scalars(query.order_by(Region.code)))
