"""Selects over schemes, their contents and reviews."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.areas.sums import execute
from app.kernel.errors import OutOfScope
from app.schemes.models import Scheme, SchemeItem, SchemeReview
from app.schemes.rules import ADDED_UP, FUNDING_SOURCES, KEPT

FIELDS = (*ADDED_UP, *KEPT)


def owner_clause(owner: str, owner_id: int) -> Any:
    """The condition that a scheme belongs to a ``reserve_project`` or ``plan_task``."""
    return (Scheme.reserve_project_id if owner == "reserve_project" else Scheme.plan_task_id) == owner_id


def scheme_of(session: Session, owner: str, owner_id: int) -> Scheme | None:
    """The scheme of an owner, fresh from the database; None when none was begun."""
    found = select(Scheme).where(owner_clause(owner, owner_id)).execution_options(populate_existing=True)
    return session.scalars(found).first()


def get_scheme(session: Session, scheme_id: int, *, lock: bool = False) -> Scheme:
    """A scheme of the actor's scope, fresh; locked to the transaction's end if asked. Raises: OutOfScope."""
    statement = select(Scheme).where(Scheme.id == scheme_id).execution_options(populate_existing=True)
    found = session.scalars(statement.with_for_update(key_share=True) if lock else statement).first()
    if found is None:
        raise OutOfScope(f"scheme {scheme_id}")
    return found


def values_of(scheme: Scheme) -> dict[str, Any]:
    """The typed fields of a scheme as plain values."""
    return {name: getattr(scheme, name) for name in FIELDS}


def funding_of(scheme: Scheme) -> dict[str, Any]:
    """资金来源 by line: source → amount, in the order of the sources, those with an amount alone."""
    held = {line.source: line.amount for line in scheme.funding}
    return {source: held[source] for source in FUNDING_SOURCES if source in held}


def rows_of(scheme: Scheme) -> list[dict[str, Any]]:
    """The contents of a scheme as plain rows, in the order of the catalogue."""
    rows = [
        {
            "id": line.id, "item_id": line.catalogue_item_id, "code": line.item.code,
            "category": line.item.category,
            "content": line.item.content, "detail": line.item.detail, "unit1": line.item.unit1,
            "unit2": line.item.unit2, "quantity1": line.quantity1, "quantity2": line.quantity2,
            "order": line.item.order,
        }
        for line in scheme.items
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["order"], row["item_id"]))


def reviews(scheme_id: int, number: int | None = None) -> Select[Any]:
    """Rows of the joint review of a scheme, of one round or all."""
    found = select(SchemeReview).where(SchemeReview.scheme_id == scheme_id)
    if number is not None:
        found = found.where(SchemeReview.round == number)
    return found.order_by(SchemeReview.round, SchemeReview.id)


def outcomes(session: Session, scheme: Scheme) -> dict[str, str]:
    """Department → outcome of the running round."""
    table = SchemeReview.__table__
    found = select(table.c.department, table.c.outcome).where(
        table.c.scheme_id == scheme.id, table.c.round == scheme.review_round
    )
    return {row.department: row.outcome for row in execute(session, found.order_by(table.c.id))}


def waiting_for(department: str) -> Select[Any]:
    """Schemes under joint review that wait for a department, oldest submission first."""
    pending = (
        select(SchemeReview.scheme_id)
        .join(Scheme, (Scheme.id == SchemeReview.scheme_id) & (Scheme.review_round == SchemeReview.round))
        .where(SchemeReview.department == department, SchemeReview.outcome == "pending")
    )
    waiting = select(Scheme).where(Scheme.state == "in_review", Scheme.id.in_(pending))
    return waiting.order_by(Scheme.submitted_at, Scheme.id)


def items_of(session: Session, scheme_id: int) -> list[SchemeItem]:
    found = select(SchemeItem).where(SchemeItem.scheme_id == scheme_id).order_by(SchemeItem.id)
    return list(session.scalars(found.execution_options(populate_existing=True)))
