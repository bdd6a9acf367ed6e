"""What the recycle bins held longer than the province's ``recycle_days``: found here, erased by each capability."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Table, exists, select
from sqlalchemy.orm import Session

from app.kernel.actor import Actor
from app.kernel.errors import NotAllowed, msg
from app.persistence.base import Recyclable, metadata
from app.persistence.gate import WITH_DELETED
from app.persistence.types import utcnow
from app.regions.cache import current

M = TypeVar("M", bound=Recyclable)


def expired(
    session: Session, actor: Actor, model: type[M], *held: ColumnElement[bool], now: dt.datetime | None = None,
    most: int = 200,
) -> list[M]:  # fmt: skip
    """Locked rows of a kind that lay in the bin too long and that none of ``held`` keeps; for the system alone.

    At most ``most`` a province, so that the transaction stays short. Raises: NotAllowed.
    """
    if not actor.is_system:
        raise NotAllowed(msg("Your role does not include this function."))
    table: Any = model
    found: list[M] = []
    for code, profile in current(session).profiles.items():
        before = (now or utcnow()) - dt.timedelta(days=profile.recycle_days)
        wanted = (
            select(table)
            .where(table.deleted_at < before, table.county_code.startswith(code[:2]), *(~clause for clause in held))
            .order_by(table.id)
            .limit(most)
            .with_for_update()
            .execution_options(**{WITH_DELETED: True})
        )
        found += session.scalars(wanted)
    return found


def pointing_to(table: Table) -> Iterator[Column[Any]]:
    """Columns of every table, of later stages too, that point to this table's rows."""
    for other in metadata.sorted_tables:
        for key in other.foreign_keys:
            if key.column is table.c.id:
                yield key.parent


def pointed_at(model: Any, but: Collection[str] = ()) -> list[ColumnElement[bool]]:
    """Conditions: a row of any table points to the model's; ``but`` names tables that do not count."""
    table: Table = model.__table__
    clauses: list[ColumnElement[bool]] = []
    for column in pointing_to(table):
        if column.table.name in but:
            continue
        pointer = column.table.alias("pointer").c[column.key] if column.table is table else column
        clauses.append(exists().where(pointer == table.c.id))
    return clauses
