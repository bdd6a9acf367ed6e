"""Removing for good what the recycle bin of reserve projects and plan tasks held long enough."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, exists, or_, select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.kernel.actor import Actor
from app.kernel.errors import NotAllowed, msg
from app.persistence.base import metadata
from app.persistence.gate import WITH_DELETED
from app.persistence.types import utcnow
from app.regions.cache import current
from app.reserve.models import ReserveProject
from app.schemes.models import Scheme

_scheme: Table = Scheme.__table__  # type: ignore[assignment]
_BATCH = 200
#: Parts of a scheme that go with it; whatever else points to one keeps it.
_PARTS = frozenset({"scheme_item", "scheme_funding"})


def _pointing_to(table: Table) -> Iterator[Column[Any]]:
    """Columns of every table, of later stages too, that point to this table's rows."""
    for other in metadata.sorted_tables:
        for key in other.foreign_keys:
            if key.column is table.c.id:
                yield key.parent


def _held(model: type[ReserveProject] | type[PlanTask]) -> ColumnElement[bool]:
    """Linked to anything, or with a scheme that was ever submitted, commented or carried over."""
    table: Table = model.__table__  # type: ignore[assignment]
    clauses: list[ColumnElement[bool]] = []
    for column in _pointing_to(table):
        if column.table is not _scheme:
            clauses.append(exists().where(column == table.c.id))
            continue
        kept = [
            exists().where(part == _scheme.c.id)
            for part in _pointing_to(_scheme)
            if part.table.name not in _PARTS
        ]
        clauses.append(exists().where(and_(column == table.c.id, or_(_scheme.c.state != "draft", *kept))))
    return or_(*clauses)


def erase_expired(session: Session, actor: Actor, now: dt.datetime | None = None) -> int:
    """Erase reserve projects and plan tasks that lay in the bin longer than the province's ``recycle_days``.

    Their drafts of schemes go with them; what is linked or was ever under review stays in the bin. For the
    system alone; at most 200 rows a province and kind and call. Returns how many, 0 when nothing is left.
    """
    if not actor.is_system:
        raise NotAllowed(msg("Your role does not include this function."))
    gone = 0
    for code, profile in current(session).profiles.items():
        before = (now or utcnow()) - dt.timedelta(days=profile.recycle_days)
        for model in (PlanTask, ReserveProject):
            gone += _erase(session, model, code[:2], before)
    return gone


def _erase(
    session: Session, model: type[ReserveProject] | type[PlanTask], province: str, before: dt.datetime
) -> int:
    wanted = (
        select(model)
        .where(model.deleted_at < before, model.county_code.startswith(province), ~_held(model))
        .order_by(model.id)
        .limit(_BATCH)
        .with_for_update()
        .execution_options(**{WITH_DELETED: True})
    )
    areas = list(session.scalars(wanted))
    owner = Scheme.plan_task_id if model is PlanTask else Scheme.reserve_project_id
    for scheme in session.scalars(select(Scheme).where(owner.in_([area.id for area in areas]))).all():
        session.delete(scheme)
    session.flush()
    for area in areas:
        session.delete(area)
    session.flush()
    return len(areas)
