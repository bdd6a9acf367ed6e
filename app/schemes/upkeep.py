"""Removing for good what the recycle bin of reserve projects and plan tasks held long enough."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, Table, and_, exists, or_, select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.kernel.actor import Actor
from app.regions.recycling import expired, pointed_at
from app.reserve.models import ReserveProject
from app.schemes.models import Scheme

_scheme: Table = Scheme.__table__  # type: ignore[assignment]
#: Parts of a scheme that go with it; whatever else points to one keeps it.
_PARTS = frozenset({"scheme_item", "scheme_funding"})


def _held(model: type[ReserveProject] | type[PlanTask]) -> list[ColumnElement[bool]]:
    """Linked to anything, or with a scheme that was ever submitted, commented or carried over."""
    table: Table = model.__table__  # type: ignore[assignment]
    owner = _scheme.c.plan_task_id if model is PlanTask else _scheme.c.reserve_project_id
    kept = or_(_scheme.c.state != "draft", *pointed_at(Scheme, but=_PARTS))
    return [exists().where(and_(owner == table.c.id, kept)), *pointed_at(model, but={_scheme.name})]


def erase_expired(session: Session, actor: Actor, now: dt.datetime | None = None) -> int:
    """Erase reserve projects and plan tasks that lay in the bin longer than the province's ``recycle_days``.

    Their drafts of schemes go with them; what is linked or was ever under review stays in the bin. For the
    system alone; at most 200 rows a province and kind and call. Returns how many, 0 when nothing is left.
    Raises: NotAllowed.
    """
    return sum(_erase(session, actor, model, now) for model in (PlanTask, ReserveProject))


def _erase(
    session: Session, actor: Actor, model: type[ReserveProject] | type[PlanTask], now: dt.datetime | None
) -> int:
    areas = expired(session, actor, model, *_held(model), now=now)
    owner = Scheme.plan_task_id if model is PlanTask else Scheme.reserve_project_id
    for scheme in session.scalars(select(Scheme).where(owner.in_([area.id for area in areas]))).all():
        session.delete(scheme)
    session.flush()
    for area in areas:
        session.delete(area)
    session.flush()
    return len(areas)
