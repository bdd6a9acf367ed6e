"""Selects for the linking dialog (M1.5.1l, M1.6.1): candidates, what is linked, sums as they would become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Select,
    Table,
    and_,
    case,
    func,
    null,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.orm import Session

from app.areas.models import CommunityLink, ReserveLink
from app.areas.rules import COUNTED
from app.areas.sums import execute, members_of, owner_table
from app.communities.models import Community
from app.kernel.scope import Scope
from app.kernel.text import normalise_input
from app.persistence.gate import scope_clause

_community: Table = Community.__table__  # type: ignore[assignment]
_link: Table = CommunityLink.__table__  # type: ignore[assignment]
_reserve_link: Table = ReserveLink.__table__  # type: ignore[assignment]
_placed = _community.alias("placed")

DIALOG_COLUMNS = (
    "id", "name", "built_year", "building_count", "household_count", "floor_area", "planned_investment",
    "place_state", "place_year", "place_label", "is_complete", "town_code", "lng", "lat",
)  # fmt: skip


def held_by(owner: str) -> Any:
    """The column of ``community_link`` that points to an owner."""
    return _link.c.reserve_project_id if owner == "reserve_project" else _link.c.plan_task_id


def community_ids(session: Session, owner: str, owner_id: int) -> list[int]:
    """Communities linked directly to an owner, ascending."""
    found = select(_link.c.community_id).where(held_by(owner) == owner_id).order_by(_link.c.community_id)
    return list(execute(session, found).scalars())


def reserve_ids(session: Session, plan_id: int) -> list[int]:
    """Reserve projects linked to a plan task, ascending."""
    found = select(_reserve_link.c.reserve_project_id).where(_reserve_link.c.plan_task_id == plan_id)
    return list(execute(session, found.order_by(_reserve_link.c.reserve_project_id)).scalars())


def communities_of_reserves(session: Session, ids: Sequence[int]) -> list[int]:
    found = (
        select(_link.c.community_id).where(_link.c.reserve_project_id.in_(ids)).order_by(_link.c.community_id)
    )
    return list(execute(session, found).scalars())


def all_communities_of(session: Session, owner: str, owner_id: int) -> list[Any]:
    """Every community of an owner (a plan's own and those of its reserve projects) as rows of all columns."""
    mine: ColumnElement[bool] = _link.c.community_id.in_(
        select(_link.c.community_id).where(held_by(owner) == owner_id)
    )
    if owner == "plan_task":
        through = select(_reserve_link.c.reserve_project_id).where(_reserve_link.c.plan_task_id == owner_id)
        mine = or_(mine, _link.c.reserve_project_id.in_(through))
    statement = (
        select(_community, _link.c.reserve_project_id)
        .join_from(_link, _community, _community.c.id == _link.c.community_id)
        .where(mine)
        .order_by(_community.c.id)
    )
    return list(execute(session, statement).mappings())


def points_of(session: Session, plan_ids: Sequence[int]) -> dict[int, list[tuple[Any, Any]]]:
    """Plan task → (lng, lat) of its communities that have a place, those of its reserve projects too; one statement."""
    member = members_of("plan_task", plan_ids)
    found = (
        select(member.c.area_id.label("plan_id"), _community.c.lng, _community.c.lat)
        .join_from(member, _community, _community.c.id == member.c.community_id)
        .where(_community.c.lng.is_not(None))
        .order_by(_community.c.id)
    )
    points: dict[int, list[tuple[Any, Any]]] = {}
    for row in execute(session, found):
        points.setdefault(row.plan_id, []).append((row.lng, row.lat))
    return points


def _named(table: Table, typed: str) -> list[ColumnElement[bool]]:
    words = normalise_input(typed).lower().split()[:4]
    initials = table.c.get("initials")
    clauses: list[ColumnElement[bool]] = []
    in_name: ColumnElement[bool]
    for word in words:
        in_name = func.lower(table.c.name).contains(word, autoescape=True)
        clauses.append(
            in_name if initials is None else or_(in_name, initials.contains(word, autoescape=True))
        )
    return clauses


@dataclass(frozen=True)
class Search:
    """What a dialog's list is narrowed and ordered by.

    ``typed`` are words of the name or its initials; ``state`` ``linked`` or ``free``; ``town`` a code or
    ``none``; ``near`` puts those next to the middle of what is linked first.
    """

    typed: str = ""
    state: str = ""
    town: str = ""
    near: bool = False


@lru_cache(maxsize=512)
def _middle(coordinate: str, owner: str, owner_id: int) -> Any:
    """The mean of a coordinate over the communities of an owner; null before there are any. An expression, kept:
    every page and search of a dialog asks for it again."""
    member = members_of(owner, [owner_id])
    mean = func.avg(_placed.c[coordinate], type_=_community.c[coordinate].type)
    return select(mean).where(_placed.c.id.in_(select(member.c.community_id))).scalar_subquery()


def _reserves_of(plan_id: int) -> Any:
    return select(_reserve_link.c.reserve_project_id).where(_reserve_link.c.plan_task_id == plan_id)


def _nearest(lng: Any, lat: Any) -> tuple[Any, ...]:
    """Order by distance from a point: squares of degrees, a degree of longitude being 0.89 of one of latitude
    at 27° north; communities without a point last."""
    east, north = (
        type_coerce(_community.c[name], Float) - type_coerce(middle, Float)
        for name, middle in (("lng", lng), ("lat", lat))
    )
    return _community.c.lng.is_(None), east * east * 0.79 + north * north


def candidates(
    scope: Scope, owner: str, owner_id: int, county_code: str, search: Search = Search()
) -> Select[Any]:
    """Communities for the dialog of an owner: its own and the free ones of its county, by id or distance.

    Rows carry `DIALOG_COLUMNS`, ``linked`` (the owner holds it), ``through`` (name of the linked reserve
    project that brought it into a plan task, else null) and the middle of what is linked.
    """
    mine = and_(_link.c.community_id.is_not(None), held_by(owner) == owner_id)
    free = and_(_community.c.place_state == "free", _link.c.community_id.is_(None))
    joined = _community.outerjoin(_link, _link.c.community_id == _community.c.id)
    through: Any = null()
    if owner == "plan_task":
        reserve = owner_table("reserve_project")
        brought = and_(reserve.c.id == _link.c.reserve_project_id, reserve.c.id.in_(_reserves_of(owner_id)))
        joined = joined.outerjoin(reserve, brought)
        mine, through = or_(mine, reserve.c.id.is_not(None)), reserve.c.name
    shown = {"linked": mine, "free": free}.get(search.state, or_(mine, free))
    lng, lat = (_middle(name, owner, owner_id) for name in ("lng", "lat"))
    town = _community.c.town_code
    narrowed = [town.is_(None) if search.town == "none" else town == search.town] if search.town else []
    return (
        select(
            *(_community.c[name] for name in DIALOG_COLUMNS), func.coalesce(mine, False).label("linked"),
            through.label("through"), lng.label("middle_lng"), lat.label("middle_lat"),
        )
        .select_from(joined)
        .where(
            scope_clause(scope, _community.c.county_code),
            _community.c.county_code == county_code,
            _community.c.deleted_at.is_(None),
            shown,
            *narrowed,
            *_named(_community, search.typed),
        )
        .order_by(*(_nearest(lng, lat) if search.near else ()), _community.c.id)
    )  # fmt: skip


def reserve_candidates(
    scope: Scope, plan_id: int, county_code: str, search: Search = Search()
) -> Select[Any]:
    """Reserve projects for the dialog of a plan task: its own and those of its county that are in no plan."""
    reserve = owner_table("reserve_project")
    mine, free = _reserve_link.c.plan_task_id == plan_id, _reserve_link.c.plan_task_id.is_(None)
    shown = {"linked": mine, "free": free}.get(search.state, or_(mine, free))
    sums = (
        "community_count",
        "earliest_built_year",
        "floor_area",
        "planned_investment",
        "community_names",
        "built_after_2000",
        *COUNTED,
    )
    columns = [reserve.c[name] for name in ("id", "name", "scheme_state", "scheme_investment", *sums)]
    return (
        select(*columns, func.coalesce(mine, False).label("linked"))
        .select_from(reserve.outerjoin(_reserve_link, _reserve_link.c.reserve_project_id == reserve.c.id))
        .where(
            scope_clause(scope, reserve.c.county_code),
            reserve.c.county_code == county_code,
            reserve.c.deleted_at.is_(None),
            shown,
            *_named(reserve, search.typed),
        )
        .order_by(reserve.c.id)
    )


def linked_count(session: Session, everything: Select[Any]) -> tuple[int, int]:
    """(all, linked) of a dialog list without its state filter, in one statement."""
    inner = everything.order_by(None).subquery()
    statement = select(func.count(), func.count(case((inner.c.linked.is_(true()), 1)))).select_from(inner)
    number, linked = execute(session, statement).one()
    return int(number), int(linked)


def rows(session: Session, statement: Select[Any], size: int, number: int) -> list[Any]:
    """One page of a dialog list."""
    return list(execute(session, statement.limit(size).offset((number - 1) * size)).all())


def page(session: Session, statement: Select[Any], size: int, number: int = 1) -> tuple[list[Any], int]:
    """One page of a dialog list and the exact number of all rows: one statement each."""
    counted = select(func.count()).select_from(statement.order_by(None).subquery())
    rows = execute(session, statement.limit(size).offset((number - 1) * size)).all()
    return list(rows), int(execute(session, counted).scalar_one())


def preview(
    session: Session, scope: Scope, county_code: str, communities: Sequence[int], reserves: Sequence[int] = ()
) -> dict[str, Any]:
    """Community, building and household counts and floor area of a choice before it is linked, in one go."""
    through = select(_link.c.community_id).where(_link.c.reserve_project_id.in_(reserves))
    chosen = or_(_community.c.id.in_(communities), _community.c.id.in_(through))
    sums = [func.coalesce(func.sum(_community.c[name]), 0) for name in ("building_count", "household_count")]
    area = func.sum(_community.c.floor_area, type_=_community.c.floor_area.type)
    statement = select(func.count(), *sums, area).where(
        chosen, scope_clause(scope, _community.c.county_code), _community.c.county_code == county_code,
        _community.c.deleted_at.is_(None),
    )  # fmt: skip
    number, buildings, households, floor_area = execute(session, statement).one()
    return {
        "community_count": number,
        "building_count": int(buildings),
        "household_count": int(households),
        "floor_area": floor_area or 0,
    }
