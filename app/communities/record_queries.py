"""Selects about one community: the record, its surroundings for the rules, neighbours, known places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, literal, null, or_, select, union_all
from sqlalchemy.orm import Session

from app.communities.models import Community
from app.communities.rules import Candidate, Thresholds
from app.kernel.geo import haversine_m
from app.kernel.text import normalised_name
from app.persistence.context import current_scope
from app.persistence.gate import SCOPE_APPLIED, WITH_DELETED, execute_applied, scope_clause

_community = Community.__table__
_APPLIED = {SCOPE_APPLIED: True}
_SHOWN = (
    select(*(column for column in _community.c if column.key not in ("search_grams", "normalised_name", "initials")))
    .where(
        _community.c.id == bindparam("id"),
        _community.c.deleted_at.is_(None),
        _community.c.county_code >= bindparam("low"),
        _community.c.county_code < bindparam("high"),
    )
    .execution_options(**_APPLIED)
)
# degrees of a metre anywhere in China, a hair too many
_LNG_M, _LAT_M = 1 / 64_000, 1 / 110_000
MOST_ON_MAP = 400


@dataclass(frozen=True)
class Surroundings:
    """What a county holds beside one community: candidates for R05 and the figures behind R01 and R04.

    ``figures`` are (investment 万元, households, built year) of the other communities.
    """

    candidates: Sequence[Candidate] = ()
    figures: Sequence[tuple[Decimal | None, int, int | None]] = ()


@dataclass(frozen=True)
class Neighbour:
    """A community near a point."""

    id: int
    name: str
    built_year: int | None
    building_count: int | None
    household_count: int | None
    metres: int


def find(session: Session, community_id: int, *, deleted: bool = False) -> Community | None:
    """The record if it exists for the actor (scope gate); with ``deleted`` also from the recycle bin."""
    statement = select(Community).where(Community.id == community_id)
    return session.scalar(statement.execution_options(**{WITH_DELETED: deleted}))


def shown(session: Session, community_id: int) -> Any:
    """The row of a living community as its page shows it, or None; cheaper than the record that can be changed."""
    low, high = current_scope().bounds
    return execute_applied(session, _SHOWN, {"id": community_id, "low": low, "high": high}).first()


def several(session: Session, ids: Sequence[int], *, deleted: bool = False) -> list[Community]:
    """The records with these ids that exist for the actor, by id; ``deleted``: those in the recycle bin."""
    statement = select(Community).where(Community.id.in_(ids)).order_by(Community.id)
    if deleted:
        statement = statement.where(Community.deleted_at.is_not(None))
    return list(session.scalars(statement.execution_options(**{WITH_DELETED: deleted})))


def _living(county_code: str) -> ColumnElement[bool]:
    return and_(
        _community.c.deleted_at.is_(None),
        _community.c.county_code == county_code,
        scope_clause(current_scope(), _community.c.county_code),
    )


def _box(lng: Any, lat: Any, metres: float) -> ColumnElement[bool]:
    wide, high = Decimal(str(metres * _LNG_M)), Decimal(str(metres * _LAT_M))
    return and_(
        _community.c.lng.between(lng - wide, lng + wide), _community.c.lat.between(lat - high, lat + high)
    )


def surroundings(
    session: Session,
    county_code: str,
    values: Mapping[str, Any],
    limits: Thresholds,
    own_id: int | None = None,
) -> Surroundings:
    """Likely duplicates of these values and the county's figures, in one statement."""
    c = _community.c
    likely: list[ColumnElement[bool]] = []
    if name := normalised_name(values.get("name") or ""):
        likely.append(c.normalised_name == name)
    if values.get("lng") is not None and values.get("lat") is not None:
        likely.append(_box(values["lng"], values["lat"], limits.duplicate_metres))
    figures = [values.get(key) for key in ("building_count", "household_count", "floor_area")]
    if None not in figures:
        likely.append(
            and_(c.building_count == figures[0], c.household_count == figures[1], c.floor_area == figures[2])
        )
    others = and_(_living(county_code), c.id != own_id) if own_id else _living(county_code)
    near = select(
        literal("near").label("kind"), c.id, c.name, c.normalised_name, c.lng, c.lat, c.building_count,
        c.household_count, c.floor_area, c.planned_investment, c.built_year,
    ).where(others, or_(*likely) if likely else false())  # fmt: skip
    county = select(
        literal("county"), null(), null(), null(), null(), null(), null(), c.household_count, null(),
        c.planned_investment, c.built_year,
    ).where(others, c.household_count.is_not(None))  # fmt: skip
    candidates, known = [], []
    for row in session.execute(union_all(near, county), execution_options=_APPLIED):
        if row.kind == "county":
            known.append((row.planned_investment, row.household_count, row.built_year))
            continue
        candidates.append(
            Candidate(
                id=row.id, name=row.name, normalised=row.normalised_name, floor_area=row.floor_area,
                lng=None if row.lng is None else float(row.lng),
                lat=None if row.lat is None else float(row.lat),
                building_count=row.building_count, household_count=row.household_count,
            )
        )  # fmt: skip
    return Surroundings(candidates, known)


def brief(session: Session, ids: Sequence[int]) -> dict[int, Any]:
    """Name, year and size of some communities by id, for the notice about likely duplicates."""
    if not ids:
        return {}
    c = _community.c
    statement = select(c.id, c.name, c.built_year, c.building_count, c.household_count).where(
        c.id.in_(ids), scope_clause(current_scope(), c.county_code)
    )
    return {row.id: row for row in session.execute(statement, execution_options=_APPLIED)}


def neighbours(
    session: Session, lng: Any, lat: Any, metres: float, own_id: int | None = None
) -> list[Neighbour]:
    """Communities of the scope within ``metres`` of a point, nearest first."""
    c = _community.c
    statement = select(c.id, c.name, c.built_year, c.building_count, c.household_count, c.lng, c.lat).where(
        c.deleted_at.is_(None), scope_clause(current_scope(), c.county_code), _box(lng, lat, metres)
    )
    found = []
    for row in session.execute(statement, execution_options=_APPLIED):
        distance = haversine_m(lng, lat, row.lng, row.lat)
        if row.id != own_id and distance <= metres:
            found.append(Neighbour(row.id, row.name, row.built_year, row.building_count, row.household_count,
                                   round(distance)))  # fmt: skip
    return sorted(found, key=lambda item: (item.metres, item.id))


def points(session: Session, county_code: str, box: tuple[Decimal, ...]) -> list[Any]:
    """(id, name, lng, lat) of a county's communities inside west, south, east, north (`MOST_ON_MAP`)."""
    c = _community.c
    west, south, east, north = box
    statement = (
        select(c.id, c.name, c.lng, c.lat)
        .where(_living(county_code), c.lng.between(west, east), c.lat.between(south, north))
        .order_by(c.id)
        .limit(MOST_ON_MAP)
    )
    return list(session.execute(statement, execution_options=_APPLIED))


def known_places(session: Session, county_code: str) -> list[Any]:
    """(name, address, town_code, lng, lat) of a county's communities that have a point: known addresses."""
    c = _community.c
    statement = select(c.name, c.address, c.town_code, c.lng, c.lat).where(
        _living(county_code), c.lng.is_not(None)
    )
    return list(session.execute(statement, execution_options=_APPLIED))
