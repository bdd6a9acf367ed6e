"""The only writer of reserve projects (M1.5.1 – M1.5.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.areas import queries as area_queries
from app.areas import services as links
from app.areas.places import Renamed, place_communities
from app.areas.rules import read_texts
from app.areas.services import LinkReport
from app.kernel.errors import Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.persistence.context import current_actor
from app.persistence.gate import WITH_DELETED
from app.persistence.locks import lock_counties
from app.persistence.types import utcnow
from app.regions import cache as regions
from app.reserve.models import ReserveProject

_RESOURCE = "ReserveProject"


def _require(action: str) -> None:
    if not current_actor().may(f"can_{action}", _RESOURCE):
        raise NotAllowed(msg("You are not permitted to do this."))


def get_reserve(session: Session, reserve_id: int, *, deleted: bool = False) -> ReserveProject:
    """A reserve project of the actor's scope (``deleted``: also in the recycle bin). Raises: OutOfScope."""
    found = session.get(
        ReserveProject, reserve_id, execution_options={WITH_DELETED: deleted}, populate_existing=True
    )
    if found is None:
        raise OutOfScope(f"reserve project {reserve_id}")
    return found


def create_reserve(session: Session, county_code: str, typed: Mapping[str, Any]) -> ReserveProject:
    """A new reserve project of the county. Raises: NotAllowed, OutOfScope, RuleViolation at the fields."""
    _require("add")
    values, found = read_texts({"name": "", **typed})
    if found:
        raise RuleViolation(found)
    place = regions.current(session).find(county_code)
    if not current_actor().scope.covers(county_code) or place is None or place.level != "county":
        raise OutOfScope(county_code)
    now, me = utcnow(), current_actor().username
    reserve = ReserveProject(
        county_code=county_code, **values, created_by=me, updated_by=me, created_at=now, updated_at=now
    )
    session.add(reserve)
    session.flush()
    return reserve


def update_reserve(
    session: Session, reserve: ReserveProject, typed: Mapping[str, Any], version: int
) -> ReserveProject:
    """Change name, address, owners, supervision. Raises: NotAllowed, StaleRow, RuleViolation."""
    _require("edit")
    values, found = read_texts(typed)
    if found:
        raise RuleViolation(found)
    if reserve.version != version:
        raise StaleRow({field: getattr(reserve, field) for field in values}, reserve.version)
    if values.get("name", reserve.name) != reserve.name:
        lock_counties(session, [reserve.county_code])
        ids = area_queries.community_ids(session, "reserve_project", reserve.id)
        place_communities(session, ids, Renamed("reserve_project", reserve.id, values["name"]))
    for field, value in values.items():
        setattr(reserve, field, value)
    reserve.updated_at, reserve.updated_by = utcnow(), current_actor().username
    session.flush()
    return reserve


def delete_reserves(session: Session, ids: Sequence[int]) -> list[int]:
    """删除选定: to the recycle bin; their communities become free (M1.5.3). All or none.

    Raises: RuleViolation naming the plan that holds one of them; OutOfScope; NotAllowed.
    """
    _require("delete")
    reserves = [get_reserve(session, reserve_id) for reserve_id in sorted(set(ids))]
    lock_counties(session, {reserve.county_code for reserve in reserves})
    refused: list[Finding] = []
    for reserve in reserves:
        try:
            links.refuse_if_held(session, reserve, "M1.5.3")
        except RuleViolation as error:
            refused += error.findings
    if refused:
        raise RuleViolation(refused)
    for reserve in reserves:
        links.unlink_communities(session, reserve)
        reserve.deleted_at, reserve.deleted_by = utcnow(), current_actor().username
    return [reserve.id for reserve in reserves]


def restore_reserves(session: Session, ids: Sequence[int]) -> list[int]:
    """Back from the recycle bin, without communities: those became free when it was deleted."""
    _require("restore")
    restored = []
    for reserve_id in sorted(set(ids)):
        reserve = get_reserve(session, reserve_id, deleted=True)
        if reserve.deleted_at is not None:
            reserve.deleted_at, reserve.deleted_by = None, ""
            restored.append(reserve.id)
    return restored


def link(session: Session, reserve: ReserveProject, communities: Sequence[int]) -> LinkReport:
    """确认关联小区; see `app.areas.services.link_communities`."""
    _require("link")
    return links.link_communities(session, reserve, communities)


def unlink(session: Session, reserve: ReserveProject, communities: Sequence[int] | None = None) -> LinkReport:
    """取消关联小区 for one, some or (None) all."""
    _require("link")
    return links.unlink_communities(session, reserve, communities)
