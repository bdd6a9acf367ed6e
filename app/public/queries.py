"""Selects for everybody: schemes in publicity by explicit columns, none of which names a person (N2.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, Table, func, select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.public.models import SchemeComment
from app.reserve.models import ReserveProject
from app.schemes.models import CatalogueItem, Scheme, SchemeItem

PER_PAGE = 30
_scheme: Table = Scheme.__table__  # type: ignore[assignment]
_reserve: Table = ReserveProject.__table__  # type: ignore[assignment]
_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_comment: Table = SchemeComment.__table__  # type: ignore[assignment]
_item: Table = SchemeItem.__table__  # type: ignore[assignment]
_content: Table = CatalogueItem.__table__  # type: ignore[assignment]
# nothing of supervisors, owners or whoever filled it in
_SHOWN = (
    "id", "county_code", "property_management", "elevator_count", "parking_count", "investment", "investment_basic",
    "investment_improved", "investment_upgraded", "standard", "published_on", "published_until",
)  # fmt: skip
_SUMS = ("community_count", "building_count", "household_count", "floor_area", "community_names", "address")
_OPTIONS = {"scope_applied": True}


def _public(today: dt.date) -> Select[Any]:
    """Published schemes whose owner is not in the recycle bin."""
    joined = _scheme.outerjoin(_reserve, _reserve.c.id == _scheme.c.reserve_project_id).outerjoin(
        _plan, _plan.c.id == _scheme.c.plan_task_id
    )
    both = [func.coalesce(_reserve.c[name], _plan.c[name]).label(name) for name in ("name", *_SUMS)]
    gone = func.coalesce(_reserve.c.deleted_at, _plan.c.deleted_at)
    return (
        select(*(_scheme.c[name] for name in _SHOWN), *both)
        .select_from(joined)
        .where(_scheme.c.state == "published", _scheme.c.published_on <= today, gone.is_(None))
        .execution_options(**_OPTIONS)
    )


def find(session: Session, scheme_id: int, today: dt.date) -> Any | None:
    """One published scheme, also after its publicity has ended; None for any other."""
    return session.execute(_public(today).where(_scheme.c.id == scheme_id)).first()


def running(session: Session, today: dt.date, text: str, page: int) -> tuple[Sequence[Any], bool]:
    """(a page of schemes in publicity, newest first; whether there are more). ``page`` counts from 1."""
    found = _public(today).where(_scheme.c.published_until >= today)
    if text:
        found = found.where(func.coalesce(_reserve.c.name, _plan.c.name).contains(text, autoescape=True))
    found = found.order_by(_scheme.c.published_on.desc(), _scheme.c.id.desc())
    rows = session.execute(found.limit(PER_PAGE + 1).offset((page - 1) * PER_PAGE)).all()
    return rows[:PER_PAGE], len(rows) > PER_PAGE


def contents(session: Session, scheme_id: int) -> Sequence[Any]:
    """Contents and quantities of a scheme, in the order of the catalogue."""
    columns = (_content.c.category, _content.c.content, _content.c.detail, _content.c.unit1, _content.c.unit2)
    found = (
        select(*columns, _item.c.quantity1, _item.c.quantity2)
        .join_from(_item, _content, _content.c.id == _item.c.catalogue_item_id)
        .where(_item.c.scheme_id == scheme_id)
        .order_by(_content.c.order, _content.c.id)
    )
    return session.execute(found.execution_options(**_OPTIONS)).all()


def answered(session: Session, scheme_id: int, limit: int = 50) -> Sequence[Any]:
    """Comments that the county answered in public, newest first."""
    found = (
        select(_comment.c.text, _comment.c.answer, _comment.c.at, _comment.c.handled_at)
        .where(_comment.c.scheme_id == scheme_id, _comment.c.state == "answered")
        .order_by(_comment.c.id.desc())
        .limit(limit)
    )
    return session.execute(found.execution_options(**_OPTIONS)).all()


def waiting(session: Session, scheme_id: int) -> int:
    """How many comments of a scheme nobody has handled yet."""
    found = select(func.count()).where(_comment.c.scheme_id == scheme_id, _comment.c.state == "new")
    return int(session.execute(found.execution_options(**_OPTIONS)).scalar_one())
