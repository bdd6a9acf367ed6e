"""The one function that keeps the sums of areas (R07): recomputed from the rows, under a lock of the area.

Marked areas are settled once, before the transaction ends: link, unlink, edit, delete, restore and import all
mark what they touch. Order of locks: see `app.persistence.locks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    Executable,
    FromClause,
    Select,
    Subquery,
    Table,
    case,
    event,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    union,
    update,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app.areas.models import Area, CommunityLink, ReserveLink
from app.areas.rules import AMOUNTS, BUILT_LIMIT, COUNTED, NAME_SEPARATOR, SUMS
from app.communities.changes import on_change
from app.communities.models import Community
from app.persistence.base import metadata
from app.persistence.closing import before_commit
from app.persistence.gate import SCOPE_APPLIED

_community: Table = Community.__table__  # type: ignore[assignment]
_link: Table = CommunityLink.__table__  # type: ignore[assignment]
_reserve_link: Table = ReserveLink.__table__  # type: ignore[assignment]
_MARKED = "areas_marked"
OWNERS = ("reserve_project", "plan_task")


def owner_table(owner: str) -> Table:
    """The table of an owner of communities: ``reserve_project`` or ``plan_task``."""
    if owner not in OWNERS:
        raise ValueError(owner)
    return metadata.tables[owner]


def execute(session: Session, statement: Executable, *args: Any) -> Any:
    """A Core statement whose rows were reached through something already inside the actor's scope."""
    return session.execute(statement, *args, execution_options={SCOPE_APPLIED: True})


def members(owner: str) -> Select[Any]:
    """``(area_id, community_id)`` of every area: a plan's are its own and those of its reserve projects."""
    if owner == "reserve_project":
        return select(_link.c.reserve_project_id.label("area_id"), _link.c.community_id).where(
            _link.c.reserve_project_id.is_not(None)
        )
    area_id = func.coalesce(_link.c.plan_task_id, _reserve_link.c.plan_task_id).label("area_id")
    return (
        select(area_id, _link.c.community_id)
        .select_from(
            _link.outerjoin(_reserve_link, _reserve_link.c.reserve_project_id == _link.c.reserve_project_id)
        )
        .where(or_(_link.c.plan_task_id.is_not(None), _reserve_link.c.plan_task_id.is_not(None)))
    )


def members_of(owner: str, ids: Sequence[int] | None) -> Subquery:
    """Members of some areas (each half served by its index) or of all."""
    if ids is None:
        return members(owner).subquery("member")
    if owner == "reserve_project":
        return members(owner).where(_link.c.reserve_project_id.in_(ids)).subquery("member")
    direct = select(_link.c.plan_task_id.label("area_id"), _link.c.community_id).where(
        _link.c.plan_task_id.in_(ids)
    )
    through = (
        select(_reserve_link.c.plan_task_id.label("area_id"), _link.c.community_id)
        .join_from(_reserve_link, _link, _link.c.reserve_project_id == _reserve_link.c.reserve_project_id)
        .where(_reserve_link.c.plan_task_id.in_(ids))
    )
    return union(direct, through).subquery("member")


def _amount(source: FromClause, field: str, table: Table) -> Any:
    """A sum of exact decimals in the type of the column it is kept in."""
    return type_coerce(func.coalesce(func.sum(source.c[field]), literal_column("0")), table.c[field].type)


def computed(session: Session, owner: str, ids: list[int] | None = None) -> Subquery:
    """The true sums per area: ``id`` and a column for every name of `SUMS`; of some areas or of all."""
    table = owner_table(owner)
    member = members_of(owner, ids)
    fields = ("name", "built_year", *COUNTED, *AMOUNTS)
    rows = (
        select(table.c.id.label("area_id"), member.c.community_id, *(_community.c[field] for field in fields))
        .select_from(
            table.outerjoin(member, member.c.area_id == table.c.id).outerjoin(
                _community, _community.c.id == member.c.community_id
            )
        )
        .order_by(table.c.id, member.c.community_id)
    )
    if ids is not None:
        rows = rows.where(table.c.id.in_(ids))
    source = rows.subquery("linked")
    year = source.c.built_year
    names: Any
    if session.get_bind().dialect.name == "postgresql":
        separator: Any = aggregate_order_by(literal_column(f"'{NAME_SEPARATOR}'"), source.c.community_id)
        names = func.string_agg(source.c.name, separator)
    else:  # the rows arrive in order: SQLite keeps the order of a subquery for this aggregate
        names = func.group_concat(source.c.name, NAME_SEPARATOR)
    columns = {
        "community_count": func.count(source.c.community_id),
        **{field: func.coalesce(func.sum(source.c[field]), 0) for field in COUNTED},
        "built_up_to_2000": func.count(case((year <= BUILT_LIMIT, 1))),
        "built_after_2000": func.count(case((year > BUILT_LIMIT, 1))),
        "earliest_built_year": func.min(year),
        **{field: _amount(source, field, table) for field in AMOUNTS},
        "community_names": func.coalesce(names, ""),
    }
    return (
        select(source.c.area_id.label("id"), *(columns[name].label(name) for name in SUMS))
        .group_by(source.c.area_id)
        .subquery("true_sums")
    )


def recompute(session: Session, owner: str, ids: Iterable[int]) -> None:
    """Lock the areas in order, then write their sums from the rows as they stand now.

    The lock comes first and the sums are a statement of their own: on PostgreSQL it sees what was committed
    while waiting; SQLite has one writer at a time. So no update is lost, however many edit at once.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return
    table = owner_table(owner)
    execute(
        session,
        select(table.c.id).where(table.c.id.in_(wanted)).order_by(table.c.id).with_for_update(key_share=True),
    )
    true = computed(session, owner, wanted)
    execute(
        session, update(table).where(table.c.id == true.c.id).values({name: true.c[name] for name in SUMS})
    )
    for held in list(session.identity_map.values()):
        if isinstance(held, Area) and type(held).__tablename__ == owner and held.id in wanted:  # type: ignore[attr-defined]
            session.expire(held, SUMS)


def mark(session: Session, owner: str, ids: Iterable[int]) -> None:
    """These areas' sums are to be recomputed before the transaction ends."""
    session.info.setdefault(_MARKED, {}).setdefault(owner, set()).update(ids)


@on_change.register
def communities_changed(session: Session, ids: list[int]) -> None:
    """Mark every area that holds one of the communities, directly or through a reserve project (M1.4.4)."""
    held = (
        select(_link.c.reserve_project_id, func.coalesce(_link.c.plan_task_id, _reserve_link.c.plan_task_id))
        .select_from(
            _link.outerjoin(_reserve_link, _reserve_link.c.reserve_project_id == _link.c.reserve_project_id)
        )
        .where(_link.c.community_id.in_(ids))
        .distinct()
    )
    for reserve_id, plan_id in execute(session, held).all():
        mark(session, "reserve_project", [reserve_id] if reserve_id else [])
        mark(session, "plan_task", [plan_id] if plan_id else [])


@before_commit
def settle_marked(session: Session) -> None:
    """Recompute what was marked: reserve projects first, then plan tasks, each in the order of their ids."""
    marked = session.info.pop(_MARKED, {})
    for owner in OWNERS:
        recompute(session, owner, marked.get(owner, ()))


def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_MARKED, None)
        session.info.pop("reserves_replaced", None)


def install(session_factory: Any) -> None:
    """Put the clean-up on a session factory or class."""
    event.listen(session_factory, "after_rollback", _forget)


def verify(session: Session) -> list[str]:
    """Recompute the sums of every area and name each one that differs from what is kept."""
    faults: list[str] = []
    for owner in OWNERS:
        table, true = owner_table(owner), computed(session, owner)
        differs = or_(*(table.c[name].is_distinct_from(true.c[name]) for name in SUMS))
        statement = (
            select(table.c.id, *(table.c[n].label(f"kept_{n}") for n in SUMS), *(true.c[n] for n in SUMS))
            .join_from(table, true, true.c.id == table.c.id)
            .where(differs)
            .order_by(table.c.id)
        )
        for row in execute(session, statement).mappings():
            faults += [
                f"{owner} {row['id']} {name}: kept {row[f'kept_{name}']}, counted {row[name]}"
                for name in SUMS
                if row[f"kept_{name}"] != row[name]
            ]
    return faults
