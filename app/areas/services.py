"""The only writer of links: communities to reserve projects and plan tasks, reserve projects to plan tasks.

Every operation first takes the county's lock, so two clerks come one after the other: the first wins, the
second reads who and what. All or nothing; nothing is committed here; sums follow when the transaction ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, and_, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from app.areas import queries
from app.areas.models import Area, CommunityLink, ReserveLink
from app.areas.places import place_communities, replaced
from app.areas.rules import held_message
from app.areas.sums import execute, mark, owner_table
from app.audit import services as audit
from app.communities.models import Community
from app.kernel.errors import N_, Finding, Message, OutOfScope, RuleViolation, msg
from app.kernel.observers import Observers
from app.persistence.context import current_actor, current_scope
from app.persistence.gate import scope_clause
from app.persistence.locks import lock_counties
from app.persistence.types import utcnow
from app.persistence.work import explain_constraint

_community: Table = Community.__table__  # type: ignore[assignment]
_link: Table = CommunityLink.__table__  # type: ignore[assignment]
_reserve_link: Table = ReserveLink.__table__  # type: ignore[assignment]

on_reserve_linked: Observers[[Session, int, int], list[Message]] = Observers()
"""Called as ``function(session, reserve_id, plan_id)``; answers what it carried over, in words."""
on_reserve_unlinked: Observers[[Session, int, int, bool], list[Message]] = Observers()
"""Called as ``function(session, reserve_id, plan_id, keep)``; answers what it kept or took away."""


@dataclass
class LinkReport:
    """What an operation did: ids linked or unlinked now, and sentences about the scheme."""

    communities: list[int] = field(default_factory=list)
    reserves: list[int] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


def owner_of(area: Area) -> str:
    """``reserve_project`` or ``plan_task``."""
    return str(type(area).__tablename__)  # type: ignore[attr-defined]


def _lock_communities(session: Session, ids: Sequence[int]) -> None:
    locked = select(_community.c.id).where(_community.c.id.in_(ids)).order_by(_community.c.id)
    execute(session, locked.with_for_update(key_share=True))


def _require_living(session: Session, area: Area) -> None:
    """The owner as it stands under the lock: one in the recycle bin takes no links."""
    table = owner_table(owner_of(area))
    gone = execute(session, select(table.c.deleted_at).where(table.c.id == area.id)).scalar_one()
    if gone is not None:
        text = N_("“%(name)s” was deleted meanwhile: restore it first.")
        raise RuleViolation(Finding("M1.5.3", "error", None, msg(text, name=area.name)))


def _read_chosen(session: Session, area: Area, ids: Sequence[int]) -> dict[int, Any]:
    """The chosen communities of scope and county; OutOfScope when one does not exist for the actor."""
    reserve, plan = owner_table("reserve_project"), owner_table("plan_task")
    joined = (
        _community.outerjoin(_link, _link.c.community_id == _community.c.id)
        .outerjoin(reserve, reserve.c.id == _link.c.reserve_project_id)
        .outerjoin(plan, plan.c.id == _link.c.plan_task_id)
    )
    statement = (
        select(
            _community.c.id, _community.c.name, _link.c.reserve_project_id, _link.c.plan_task_id,
            _link.c.linked_by, func.coalesce(reserve.c.name, plan.c.name).label("holder"),
        )
        .select_from(joined)
        .where(
            _community.c.id.in_(ids), _community.c.county_code == area.county_code,
            _community.c.deleted_at.is_(None),
            scope_clause(current_scope(), _community.c.county_code),
        )
    )  # fmt: skip
    found = {row.id: row for row in execute(session, statement)}
    if missing := set(ids) - set(found):
        raise OutOfScope(f"communities {sorted(missing)}")
    return found


def _taken(rule: str, row: Any, who: str) -> Finding:
    text = N_("“%(name)s” has been linked to “%(holder)s” by %(who)s: unlink it there first.")
    return Finding(rule, "error", str(row.id), msg(text, name=row.name, holder=row.holder, who=who))


def link_communities(session: Session, area: Area, ids: Sequence[int]) -> LinkReport:
    """Link communities to a reserve project or directly to a plan task; those it holds already stay.

    Raises: RuleViolation naming holder and person for each that is elsewhere (nothing is linked
    then); OutOfScope for one that does not exist for the actor.
    """
    owner, wanted = owner_of(area), sorted(set(ids))
    lock_counties(session, [area.county_code])
    _require_living(session, area)
    _lock_communities(session, wanted)
    rows = _read_chosen(session, area, wanted)
    column = f"{owner}_id"
    new = [rows[i] for i in wanted if getattr(rows[i], column) != area.id]
    rule = "M1.5.1l" if owner == "reserve_project" else "M1.6.1"
    if taken := [_taken(rule, row, row.linked_by) for row in new if row.holder is not None]:
        raise RuleViolation(taken)
    if not new:
        return LinkReport()
    stamp = {"county_code": area.county_code, "linked_at": utcnow(), "linked_by": _me()}
    execute(session, insert(_link), [{"community_id": row.id, column: area.id, **stamp} for row in new])
    _follow(session, area, [row.id for row in new])
    _record(session, "link", area, {"communities": {str(row.id): row.name for row in new}})
    return LinkReport(communities=[row.id for row in new])


def unlink_communities(session: Session, area: Area, ids: Sequence[int] | None = None) -> LinkReport:
    """Free communities of an owner: those named, or with None all of its own (its reserve projects stay).

    Raises: RuleViolation for one that the owner does not hold directly.
    """
    owner = owner_of(area)
    lock_counties(session, [area.county_code])
    held = queries.community_ids(session, owner, area.id)
    wanted = held if ids is None else sorted(set(ids))
    if odd := set(wanted) - set(held):
        raise RuleViolation([_not_held(session, area, community_id) for community_id in sorted(odd)])
    if not wanted:
        return LinkReport()
    _lock_communities(session, wanted)
    names = {
        row.id: row.name
        for row in execute(
            session, select(_community.c.id, _community.c.name).where(_community.c.id.in_(wanted))
        )
    }
    execute(session, delete(_link).where(_link.c.community_id.in_(wanted), queries.held_by(owner) == area.id))
    _follow(session, area, wanted)
    _record(session, "unlink", area, {"communities": {str(i): names.get(i, "") for i in wanted}})
    return LinkReport(communities=wanted)


def _not_held(session: Session, area: Area, community_id: int) -> Finding:
    """Why a community cannot be unlinked here: it came with a reserve project or is not linked here."""
    row = _read_chosen(session, area, [community_id])[community_id]
    if owner_of(area) == "plan_task" and row.reserve_project_id in queries.reserve_ids(session, area.id):
        text = N_("“%(name)s” belongs to the reserve project “%(holder)s”: unlink that one.")
        return Finding("M1.6.2", "error", str(community_id), msg(text, name=row.name, holder=row.holder))
    return Finding("M1.6.2", "error", str(community_id), msg("“%(name)s” is not linked here.", name=row.name))


def _follow(session: Session, area: Area, ids: list[int]) -> None:
    """Places now, sums when the transaction ends: the owner's and those of a reserve project's plan."""
    place_communities(session, ids)
    mark(session, owner_of(area), [area.id])
    if owner_of(area) == "reserve_project":
        holder = execute(
            session, select(_reserve_link.c.plan_task_id).where(_reserve_link.c.reserve_project_id == area.id)
        )
        mark(session, "plan_task", holder.scalars())


def link_reserves(session: Session, plan: Area, ids: Sequence[int]) -> LinkReport:
    """Put reserve projects, with all their communities and their scheme, into a plan task (M1.6.1).

    Raises: RuleViolation naming plan and person for each that is in another plan; OutOfScope.
    """
    wanted = sorted(set(ids))
    lock_counties(session, [plan.county_code])
    _require_living(session, plan)
    rows = _read_reserves(session, plan, wanted)
    new = [rows[i] for i in wanted if rows[i].plan_task_id != plan.id]
    if taken := [_taken("M1.6.1", row, row.linked_by) for row in new if row.plan_task_id is not None]:
        raise RuleViolation(taken)
    if not new:
        return LinkReport()
    reserves = [row.id for row in new]
    communities = queries.communities_of_reserves(session, reserves)
    _lock_communities(session, communities)
    stamp = {
        "plan_task_id": plan.id,
        "county_code": plan.county_code,
        "linked_at": utcnow(),
        "linked_by": _me(),
    }
    execute(session, insert(_reserve_link), [{"reserve_project_id": i, **stamp} for i in reserves])
    place_communities(session, communities)
    mark(session, "plan_task", [plan.id])
    mark(session, "reserve_project", reserves)
    messages = [m for i in reserves for told in on_reserve_linked(session, i, plan.id) for m in told]
    replaced(session, reserves)
    _record(session, "link", plan, {"reserves": {str(row.id): row.name for row in new}})
    return LinkReport(reserves=reserves, messages=messages)


def unlink_reserves(
    session: Session, plan: Area, ids: Sequence[int] | None = None, *, keep: bool = True
) -> LinkReport:
    """Take reserve projects out of a plan task: those named, or all with None.

    ``keep`` leaves what their schemes brought in the plan's scheme; otherwise it is taken away again.
    """
    lock_counties(session, [plan.county_code])
    held = queries.reserve_ids(session, plan.id)
    wanted = held if ids is None else sorted(set(ids))
    if not wanted:
        return LinkReport()
    rows = _read_reserves(session, plan, wanted)
    if odd := set(wanted) - set(held):
        text = N_("“%(name)s” is not linked here.")
        raise RuleViolation(
            [Finding("M1.6.2", "error", str(i), msg(text, name=rows[i].name)) for i in sorted(odd)]
        )
    communities = queries.communities_of_reserves(session, wanted)
    _lock_communities(session, communities)
    here = and_(_reserve_link.c.reserve_project_id.in_(wanted), _reserve_link.c.plan_task_id == plan.id)
    execute(session, delete(_reserve_link).where(here))
    place_communities(session, communities)
    mark(session, "plan_task", [plan.id])
    mark(session, "reserve_project", wanted)
    messages = [m for i in wanted for told in on_reserve_unlinked(session, i, plan.id, keep) for m in told]
    replaced(session, wanted)
    _record(
        session, "unlink", plan, {"reserves": {str(i): rows[i].name for i in wanted}, "scheme_kept": keep}
    )
    return LinkReport(reserves=wanted, messages=messages)


def _read_reserves(session: Session, plan: Area, ids: Sequence[int]) -> dict[int, Any]:
    reserve, holder = owner_table("reserve_project"), owner_table("plan_task")
    statement = (
        select(
            reserve.c.id, reserve.c.name, _reserve_link.c.plan_task_id, _reserve_link.c.linked_by,
            holder.c.name.label("holder"),
        )
        .select_from(
            reserve.outerjoin(_reserve_link, _reserve_link.c.reserve_project_id == reserve.c.id)
            .outerjoin(holder, holder.c.id == _reserve_link.c.plan_task_id)
        )
        .where(
            reserve.c.id.in_(ids), reserve.c.county_code == plan.county_code, reserve.c.deleted_at.is_(None),
            scope_clause(current_scope(), reserve.c.county_code),
        )
    )  # fmt: skip
    found = {row.id: row for row in execute(session, statement)}
    if missing := set(ids) - set(found):
        raise OutOfScope(f"reserve projects {sorted(missing)}")
    return found


def holders_of(session: Session, area: Area) -> list[str]:
    """Names of what an owner is linked with: a reserve's plan; a plan's reserve projects, communities."""
    if owner_of(area) == "reserve_project":
        plan = owner_table("plan_task")
        joined = select(plan.c.name).join(_reserve_link, _reserve_link.c.plan_task_id == plan.c.id)
        return list(execute(session, joined.where(_reserve_link.c.reserve_project_id == area.id)).scalars())
    reserve = owner_table("reserve_project")
    held = select(reserve.c.name).join(_reserve_link, _reserve_link.c.reserve_project_id == reserve.c.id)
    names = list(
        execute(session, held.where(_reserve_link.c.plan_task_id == area.id).order_by(reserve.c.id)).scalars()
    )
    direct = select(_community.c.name).join(_link, _link.c.community_id == _community.c.id)
    return names + list(
        execute(session, direct.where(_link.c.plan_task_id == area.id).order_by(_community.c.id)).scalars()
    )


def refuse_if_held(session: Session, area: Area, rule: str) -> None:
    """Raises RuleViolation with the names of what holds or is held by an area that is to be deleted."""
    if names := holders_of(session, area):
        raise RuleViolation(
            Finding(rule, "error", str(area.id), held_message(area.name, "、".join(names[:5])))
        )


def held_community(session: Session, community_id: int) -> Message | None:
    """Why a community cannot be deleted (M1.4.3), or None when it is free."""
    reserve, plan = owner_table("reserve_project"), owner_table("plan_task")
    statement = (
        select(_community.c.name, func.coalesce(reserve.c.name, plan.c.name).label("holder"))
        .join_from(_community, _link, _link.c.community_id == _community.c.id)
        .outerjoin(reserve, reserve.c.id == _link.c.reserve_project_id)
        .outerjoin(plan, plan.c.id == _link.c.plan_task_id)
        .where(_community.c.id == community_id, or_(reserve.c.id.is_not(None), plan.c.id.is_not(None)))
    )
    row = execute(session, statement).first()
    return held_message(row.name, row.holder) if row else None


def _me() -> str:
    actor = current_actor()
    return (actor.display_name or actor.username)[:128]


def _record(session: Session, action: str, area: Area, after: dict[str, Any]) -> None:
    audit.record(
        session, action, entity=type(area).__name__, entity_id=area.id, label=area.name,
        county_code=area.county_code, after=after,
    )  # fmt: skip


explain_constraint(
    "pk_community_link",
    "M1.6.1",
    None,
    msg("Somebody else has just linked one of these communities. Reload the list and choose again."),
)
explain_constraint(
    "community_link.community_id",
    "M1.6.1",
    None,
    msg("Somebody else has just linked one of these communities. Reload the list and choose again."),
)
explain_constraint(
    "pk_reserve_link",
    "M1.6.1",
    None,
    msg("Somebody else has just linked one of these reserve projects. Reload the list and choose again."),
)
explain_constraint(
    "reserve_link.reserve_project_id",
    "M1.6.1",
    None,
    msg("Somebody else has just linked one of these reserve projects. Reload the list and choose again."),
)
explain_constraint(
    "linked_not_deleted", "M1.4.3", None, msg("What is linked cannot be deleted: unlink it first.")
)
explain_constraint(
    "deleted_not_linked", "M1.6.1", None, msg("What was deleted cannot be linked: restore it first.")
)
