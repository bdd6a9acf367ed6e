"""Writing an import's confirmed plan tasks: new ones together, changed ones one by one (M1.6.c)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from app.annual_plans import import_queries as queries
from app.annual_plans.codes import next_codes
from app.annual_plans.models import PlanTask
from app.annual_plans.rules import FUNDS, PROGRAMMES, funds_in_place
from app.annual_plans.services import due_dates_of, profile_of, read_plan, update_plan
from app.annual_plans.sheets import DATES
from app.areas.rules import TEXTS
from app.audit import services as audit
from app.exchange.bulk import insert_columns
from app.exchange.imports import Target
from app.exchange.staging import CHANGED, WRITTEN, Chunk
from app.kernel.errors import OutOfScope, StaleRow
from app.kernel.text import pinyin_initials
from app.persistence.locks import lock_counties
from app.persistence.transitions import Transition
from app.persistence.types import utcnow

_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_transition: Table = Transition.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class _Row:
    """One confirmed row; ``plan`` is (id, version) of what it changes, None for a new plan task."""

    county_code: str
    code: str
    typed: dict[str, str]
    plan: tuple[int, int] | None


def _confirmed(chunks: Iterable[Chunk]) -> Iterable[_Row]:
    for chunk in chunks:
        for i, outcome in enumerate(chunk.outcomes):
            if outcome in WRITTEN:
                column = chunk.values
                plan = (chunk.targets[i][0], chunk.targets[i][1]) if outcome == CHANGED else None
                yield _Row(column["county_code"][i], column["code"][i], column["typed"][i], plan)


def write(session: Session, target: Target, chunks: Iterable[Chunk]) -> tuple[int, int]:
    """Insert the new plan tasks with their codes and change the others; returns (added, changed).

    Raises: OutOfScope for a county that is not the actor's, StaleRow when a plan task is not what it
    was at the preview, RuleViolation when a county has no code left today.
    """
    rows = list(_confirmed(chunks))
    if not all(map(target.actor.scope.covers, {row.county_code for row in rows})):
        raise OutOfScope("import")
    lock_counties(session, {row.county_code for row in rows})
    new = [row for row in rows if row.plan is None]
    changed = [row for row in rows if row.plan is not None]
    _change(session, changed)
    if new:
        _add(session, target, new)
    return len(new), len(changed)


def _change(session: Session, rows: list[_Row]) -> None:
    ids = [row.plan[0] for row in rows if row.plan]
    for start in range(0, len(ids), 500):
        wanted = select(PlanTask).where(PlanTask.id.in_(ids[start : start + 500]))
        plans = {plan.id: plan for plan in session.scalars(wanted.execution_options(populate_existing=True))}
        for row in rows[start : start + 500]:
            number, version = row.plan or (0, 0)
            if number not in plans:
                raise StaleRow()
            update_plan(session, plans[number], row.typed, version, imported=True)


def _add(session: Session, target: Target, rows: list[_Row]) -> None:
    codes = _codes(session, rows)
    columns: dict[str, list[Any]] = defaultdict(list)
    for row, code in zip(rows, codes, strict=True):
        values = {**_empty(), **read_plan({"year": None, "name": "", **row.typed})}
        start, finish = due_dates_of(values, profile_of(session, row.county_code))
        values |= {
            "county_code": row.county_code, "code": code, "initials": pinyin_initials(values["name"])[:120],
            "start_due": start, "finish_due": finish, "funds_in_place": funds_in_place(values),
        }  # fmt: skip
        for key, value in values.items():
            columns[key].append(value)
    now, me = utcnow(), target.actor.username[:64]
    stamp = {"created_at": now, "updated_at": now, "created_by": me, "updated_by": me}
    insert_columns(session, _plan, columns, stamp)
    for county, number in sorted(Counter(columns["county_code"]).items()):
        told = {"batch": target.batch_id, "added": number}
        audit.record(session, "create", entity="PlanTask", county_code=county, after=told)
    _trace(session, target, columns, queries.ids_of(session, codes))


def _empty() -> dict[str, Any]:
    """What a plan task holds where the file says nothing."""
    return {
        **dict.fromkeys(TEXTS, ""), **dict.fromkeys(DATES), **dict.fromkeys(PROGRAMMES, False),
        **dict.fromkeys(FUNDS, Decimal(0)),
    }  # fmt: skip


def _codes(session: Session, rows: list[_Row]) -> list[str]:
    """The told codes, and new ones county by county for the rest."""
    wanted: dict[str, int] = defaultdict(int)
    for row in rows:
        wanted[row.county_code] += not row.code
    told = {row.code for row in rows if row.code}
    made = {
        county: iter(next_codes(session, county, count, besides=told))
        for county, count in sorted(wanted.items()) if count
    }  # fmt: skip
    return [row.code or next(made[row.county_code]) for row in rows]


def _trace(session: Session, target: Target, columns: dict[str, list[Any]], ids: dict[str, int]) -> None:
    """流程追踪 of every new plan task begins with its declaration."""
    size, actor = len(ids), target.actor
    steps = {
        "county_code": columns["county_code"], "entity_id": [ids[code] for code in columns["code"]],
        "entity": ["PlanTask"] * size,
    }  # fmt: skip
    stamp = {
        "from_state": "", "action": "declare", "to_state": "not_started", "note": "", "at": utcnow(),
        "actor_id": actor.user_id, "actor_name": (actor.display_name or actor.username)[:128],
    }  # fmt: skip
    insert_columns(session, _transition, steps, stamp)
