"""Where communities and reserve projects are, as shown in their own lists: one function of the link rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Table, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from app.areas.models import CommunityLink, ReserveLink
from app.areas.sums import execute, owner_table
from app.communities.models import Community
from app.persistence.closing import before_commit

_community: Table = Community.__table__  # type: ignore[assignment]
_link: Table = CommunityLink.__table__  # type: ignore[assignment]
_reserve_link: Table = ReserveLink.__table__  # type: ignore[assignment]
_PLACE = ("place_state", "place_year", "place_label")
_REPLACED = "reserves_replaced"
_ARROW = " → "


@dataclass(frozen=True)
class Renamed:
    """An owner about to get another name or year: communities are written before areas."""

    owner: str
    id: int
    name: str
    year: int = 0

    def column(self, table: Table, field: str) -> Any:
        """The column as it will be."""
        if table.name != self.owner:
            return table.c[field]
        return case((table.c.id == self.id, getattr(self, field)), else_=table.c[field])


_NOBODY = Renamed("", 0, "")


def true_places(renamed: Renamed = _NOBODY) -> Select[Any]:
    """``id`` and place of every community: free, in a reserve project or in a plan (directly or through one).

    The label names what holds it: a reserve project's name, a plan's, or both joined by an arrow.
    """
    reserve, plan = owner_table("reserve_project"), owner_table("plan_task")
    reserve_name, plan_name = renamed.column(reserve, "name"), renamed.column(plan, "name")
    joined = (
        _community.outerjoin(_link, _link.c.community_id == _community.c.id)
        .outerjoin(reserve, reserve.c.id == _link.c.reserve_project_id)
        .outerjoin(_reserve_link, _reserve_link.c.reserve_project_id == reserve.c.id)
        .outerjoin(plan, plan.c.id == func.coalesce(_link.c.plan_task_id, _reserve_link.c.plan_task_id))
    )
    both = case(
        (and_(plan.c.id.is_not(None), reserve.c.id.is_not(None)), reserve_name + _ARROW + plan_name),
        (plan.c.id.is_not(None), plan_name),
        (reserve.c.id.is_not(None), reserve_name),
        else_="",
    )
    return select(
        _community.c.id,
        case((plan.c.id.is_not(None), "plan"), (reserve.c.id.is_not(None), "reserve"), else_="free").label(
            "place_state"
        ),
        func.coalesce(renamed.column(plan, "year"), 0).label("place_year"),
        func.substr(both, 1, 160).label("place_label"),
    ).select_from(joined)


def place_communities(session: Session, ids: list[int], renamed: Renamed = _NOBODY) -> None:
    """Write the places of communities in ONE statement: its triggers lock the county's totals in one order.

    Objects in the session are refreshed when next looked at.
    """
    if not ids:
        return
    true = true_places(renamed).where(_community.c.id.in_(ids)).subquery("true_place")
    execute(
        session, update(_community).where(_community.c.id == true.c.id).values({n: true.c[n] for n in _PLACE})
    )
    for held in list(session.identity_map.values()):
        if isinstance(held, Community) and held.id in ids:
            session.expire(held, _PLACE)


def replaced(session: Session, ids: Iterable[int]) -> None:
    """Plan year and name of these reserve projects are to be written when the transaction ends."""
    session.info.setdefault(_REPLACED, set()).update(ids)


@before_commit
def write_replaced(session: Session) -> None:
    """Runs after the sums, whose locks it shares."""
    place_reserves(session, sorted(session.info.pop(_REPLACED, ())))


def place_reserves(session: Session, ids: list[int], renamed: Renamed = _NOBODY) -> None:
    """Write plan year and name of reserve projects from their links."""
    if not ids:
        return
    locked = select(owner_table("reserve_project").c.id).where(owner_table("reserve_project").c.id.in_(ids))
    execute(session, locked.order_by("id").with_for_update(key_share=True))
    reserve, plan = owner_table("reserve_project"), owner_table("plan_task")
    inner = reserve.alias("inner_reserve")
    joined = inner.outerjoin(_reserve_link, _reserve_link.c.reserve_project_id == inner.c.id).outerjoin(
        plan, plan.c.id == _reserve_link.c.plan_task_id
    )
    true = (
        select(
            inner.c.id,
            func.coalesce(renamed.column(plan, "year"), 0).label("year"),
            func.coalesce(renamed.column(plan, "name"), "").label("name"),
        )
        .select_from(joined)
        .where(inner.c.id.in_(ids))
        .subquery("true_plan")
    )
    new = {"plan_year": true.c.year, "plan_name": true.c.name}
    execute(session, update(reserve).where(reserve.c.id == true.c.id).values(new))
    held: Any
    for held in list(session.identity_map.values()):
        if getattr(type(held), "__tablename__", "") == "reserve_project" and held.id in ids:
            session.expire(held, list(new))


def verify(session: Session) -> list[str]:
    """A sentence for every community and reserve project whose shown place differs from its links."""
    true = true_places().subquery("true_place")
    differs = or_(*(_community.c[name] != true.c[name] for name in _PLACE))
    statement = (
        select(
            _community.c.id,
            *(_community.c[n].label(f"kept_{n}") for n in _PLACE),
            *(true.c[n] for n in _PLACE),
        )
        .join_from(_community, true, true.c.id == _community.c.id)
        .where(differs)
        .order_by(_community.c.id)
    )
    faults = [
        f"community {row['id']} place: kept {[row[f'kept_{n}'] for n in _PLACE]},"
        f" linked {[row[n] for n in _PLACE]}"
        for row in execute(session, statement).mappings()
    ]
    reserve, plan = owner_table("reserve_project"), owner_table("plan_task")
    held = reserve.outerjoin(_reserve_link, _reserve_link.c.reserve_project_id == reserve.c.id).outerjoin(
        plan, plan.c.id == _reserve_link.c.plan_task_id
    )
    year, name = func.coalesce(plan.c.year, 0), func.coalesce(plan.c.name, "")
    odd = (
        select(reserve.c.id)
        .select_from(held)
        .where(or_(reserve.c.plan_year != year, reserve.c.plan_name != name))
    )
    return faults + [
        f"reserve_project {row.id}: its plan differs from its link"
        for row in execute(session, odd.order_by(reserve.c.id))
    ]
