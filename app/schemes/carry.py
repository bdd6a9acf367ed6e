"""Carrying a reserve project's scheme into a plan's on linking, and out again on unlinking (M1.6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.areas.services import on_reserve_linked, on_reserve_unlinked
from app.kernel.errors import N_, Finding, Message, RuleViolation, msg
from app.kernel.observers import Observers
from app.persistence.transitions import log_transition
from app.schemes import queries, rules
from app.schemes.models import Scheme, SchemeCarry, SchemeItem
from app.schemes.services import ensure_scheme, fund, require_editable
from app.schemes.summaries import touch

on_carried: Observers[[Session, Scheme, Scheme], None] = Observers()
"""Called as ``function(session, reserve's scheme, plan's scheme)``: attachments join."""
on_taken_away: Observers[[Session, Scheme, Scheme], None] = Observers()
"""Called as ``function(session, reserve's scheme, plan's scheme)``: joined attachments leave again."""


def _pack(
    values: Mapping[str, Any], items: Mapping[int, tuple[Any, Any]], funding: Mapping[str, Decimal]
) -> dict[str, Any]:
    figures = {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}
    lines = {str(key): [None if n is None else str(n) for n in pair] for key, pair in items.items()}
    return {"figures": figures, "items": lines, "funding": {key: str(n) for key, n in funding.items()}}


def _figures(packed: Mapping[str, Any]) -> dict[str, Any]:
    money = ("investment", *rules.INVESTMENT_PARTS)
    return {name: Decimal(value) if name in money else value for name, value in packed["figures"].items()}


def _sum(mine: Decimal | None, theirs: Decimal | None) -> Decimal | None:
    return theirs if mine is None else mine if theirs is None else mine + theirs


@on_reserve_linked.register
def carry(session: Session, reserve_id: int, plan_id: int) -> list[Message]:
    """Copy the reserve project's scheme into an empty one; else contents of equal catalogue item add up.

    Raises: RuleViolation when the plan's scheme is under review or settled.
    """
    source = queries.scheme_of(session, "reserve_project", reserve_id)
    plan = session.get(PlanTask, plan_id)
    if source is None or plan is None:
        return []
    target = ensure_scheme(session, plan)
    require_editable(target)
    empty = not target.items and not target.funding
    empty = empty and all(value in (None, "") for value in queries.values_of(target).values())
    values, brought = rules.add_up(queries.values_of(target), queries.values_of(source))
    for name, value in values.items():
        setattr(target, name, value)
    items, added = _add_items(source, target)
    funding = queries.funding_of(source)
    fund(target, {key: queries.funding_of(target).get(key, Decimal(0)) + n for key, n in funding.items()})
    session.add(
        SchemeCarry(
            county_code=target.county_code, scheme_id=target.id, reserve_project_id=reserve_id,
            brought=_pack(brought, items, funding),
        )
    )  # fmt: skip
    on_carried(session, source, target)
    log_transition(session, target, "carry", target.state, target.state, f"reserve project {reserve_id}")
    touch(session, target)
    session.flush()
    if empty:
        return [msg("The scheme was copied with %(number)s renovation contents.", number=len(items))]
    return [
        msg(
            "The scheme was added up: %(new)s renovation contents added, %(added)s quantities increased.",
            new=len(items) - added, added=added,
        )
    ]  # fmt: skip


def _add_items(source: Scheme, target: Scheme) -> tuple[dict[int, tuple[Any, Any]], int]:
    """Put the source's contents into the target: (what was brought, how many were there already)."""
    have = {line.catalogue_item_id: line for line in target.items}
    items: dict[int, tuple[Any, Any]] = {}
    added = 0
    for line in source.items:
        items[line.catalogue_item_id] = (line.quantity1, line.quantity2)
        held = have.get(line.catalogue_item_id)
        if held is None:
            held = SchemeItem(
                county_code=target.county_code, catalogue_item_id=line.catalogue_item_id, item=line.item
            )
            target.items.append(held)
        else:
            added += 1
        held.quantity1 = _sum(held.quantity1, line.quantity1)
        held.quantity2 = _sum(held.quantity2, line.quantity2)
    return items, added


@on_reserve_unlinked.register
def uncarry(session: Session, reserve_id: int, plan_id: int, keep: bool) -> list[Message]:
    """Forget what was brought (``keep``), or take it away again as far as it is still there."""
    target = queries.scheme_of(session, "plan_task", plan_id)
    row = session.get(SchemeCarry, (target.id, reserve_id)) if target is not None else None
    if target is None or row is None:
        return []
    session.delete(row)
    if keep:
        session.flush()
        return [msg("What the reserve project brought stays in the scheme.")]
    if target.state not in rules.EDITABLE:
        text = N_("The plan's scheme has been submitted: keep what was brought, or have it returned first.")
        raise RuleViolation(Finding("M1.6.2", "error", None, msg(text)))
    for name, value in rules.take_away(queries.values_of(target), _figures(row.brought)).items():
        setattr(target, name, value)
    removed = _take_items_away(target, row.brought["items"])
    lines = queries.funding_of(target)
    # rows of before the lines were carried have none
    fund(target, {key: _less(lines.get(key), n) for key, n in row.brought.get("funding", {}).items()})
    if source := queries.scheme_of(session, "reserve_project", reserve_id):
        on_taken_away(session, source, target)
    log_transition(session, target, "uncarry", target.state, target.state, f"reserve project {reserve_id}")
    touch(session, target)
    session.flush()
    text = N_("What the reserve project brought was taken out: %(number)s renovation contents removed.")
    return [msg(text, number=removed)]


def _take_items_away(target: Scheme, brought: Mapping[str, list[str | None]]) -> int:
    """Subtract quantities; a content of which nothing is left is removed. Returns how many were removed."""
    removed = 0
    for line in list(target.items):
        pair = brought.get(str(line.catalogue_item_id))
        if pair is None:
            continue
        left = [_less(n, b) for n, b in zip((line.quantity1, line.quantity2), pair, strict=True)]
        if not any(left):
            target.items.remove(line)
            removed += 1
        else:
            line.quantity1, line.quantity2 = left
    return removed


def _less(mine: Decimal | None, brought: str | None) -> Decimal | None:
    if mine is None or brought is None:
        return mine
    return max(mine - Decimal(brought), Decimal(0))
