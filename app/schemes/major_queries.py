"""Selects for the export to the library of major projects: schemes, contents and funds of many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from app.areas.sums import execute
from app.schemes.models import CatalogueItem, Scheme, SchemeFunding, SchemeItem

_scheme: Table = Scheme.__table__  # type: ignore[assignment]
_line: Table = SchemeItem.__table__  # type: ignore[assignment]
_item: Table = CatalogueItem.__table__  # type: ignore[assignment]
_funding: Table = SchemeFunding.__table__  # type: ignore[assignment]
CHUNK = 500


@dataclass
class Project:
    """One line of the export: the row of its list, its scheme (None before one is begun), contents, funds."""

    area: Any
    is_plan: bool
    scheme: Any = None
    contents: list[Any] = field(default_factory=list)
    funding: dict[str, Decimal] = field(default_factory=dict)


def projects(session: Session, owner: str, rows: Iterable[Any]) -> Iterator[Project]:
    """Rows of a list of ``reserve_project`` or ``plan_task``, in their order, with what belongs to each.

    Three statements for every `CHUNK` rows; memory holds one chunk. The rows came through the actor's scope.
    """
    several = iter(rows)
    while chunk := list(islice(several, CHUNK)):
        yield from _filled(session, owner, chunk)


def _filled(session: Session, owner: str, rows: Sequence[Any]) -> list[Project]:
    made = {row.id: Project(row, owner == "plan_task") for row in rows}
    of = _scheme.c[f"{owner}_id"]
    shown = ("id", "state", "investment", "investment_basic", "investment_improved", "investment_upgraded")
    found = select(of.label("area_id"), *(_scheme.c[name] for name in shown)).where(of.in_(made))
    by_scheme: dict[int, Project] = {}
    for row in execute(session, found):
        made[row.area_id].scheme = row
        by_scheme[row.id] = made[row.area_id]
    contents = (
        select(
            _line.c.scheme_id, _item.c.content, _item.c.unit1, _item.c.unit2, _line.c.quantity1,
            _line.c.quantity2,
        )
        .join_from(_line, _item, _item.c.id == _line.c.catalogue_item_id)
        .where(_line.c.scheme_id.in_(by_scheme))
        .order_by(_line.c.scheme_id, _item.c.order, _item.c.id)
    )  # fmt: skip
    for row in execute(session, contents):
        by_scheme[row.scheme_id].contents.append(row)
    funds = select(_funding.c.scheme_id, _funding.c.source, _funding.c.amount)
    for row in execute(session, funds.where(_funding.c.scheme_id.in_(by_scheme))):
        by_scheme[row.scheme_id].funding[row.source] = row.amount
    return list(made.values())
