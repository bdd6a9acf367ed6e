"""What an import of plan tasks is compared with: those of the counties in the file, the bin included."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Table, func, or_, select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.annual_plans.sheets import STORED
from app.persistence.context import current_scope
from app.persistence.gate import SCOPE_APPLIED, scope_clause

_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_APPLIED = {SCOPE_APPLIED: True}
_BRIEF = ("id", "version", "county_code", "year", "name", "code", "deleted_at")
_AT_ONCE = 5000


@dataclass
class Known:
    """Plan tasks as a file may name them: by code (also from the bin), or by county, year and name."""

    by_code: dict[str, Any] = field(default_factory=dict)
    by_name: dict[tuple[str, int, str], list[Any]] = field(default_factory=lambda: defaultdict(list))

    def take(self, rows: Iterable[Any]) -> None:
        for row in rows:
            if row.code not in self.by_code:
                self.by_code[row.code] = row
                if row.deleted_at is None:
                    self.by_name[row.county_code, row.year, row.name].append(row)


def _mine() -> ColumnElement[bool]:
    return scope_clause(current_scope(), _plan.c.county_code)


def known(session: Session, counties: Collection[str], codes: Iterable[str]) -> Known:
    """Every plan task of the counties, and those of the scope that carry one of the codes."""
    found, brief = Known(), select(*(_plan.c[key] for key in _BRIEF)).where(_mine()).order_by(_plan.c.id)
    statement = brief.where(_plan.c.county_code.in_(sorted(counties)))
    found.take(session.execute(statement, execution_options=_APPLIED))
    rest = iter(sorted(set(codes)))
    while some := list(islice(rest, _AT_ONCE)):
        found.take(session.execute(brief.where(_plan.c.code.in_(some)), execution_options=_APPLIED))
    return found


def whole(session: Session, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Every imported field of these plan tasks by id, with version, code, county and funds in place."""
    keys = ("id", "version", "county_code", "code", "funds_in_place", *STORED)
    found: dict[int, dict[str, Any]] = {}
    rest = iter(sorted(set(ids)))
    while some := list(islice(rest, _AT_ONCE)):
        statement = select(*(_plan.c[key] for key in keys)).where(_plan.c.id.in_(some), _mine())
        for row in session.execute(statement, execution_options=_APPLIED):
            found[row.id] = dict(zip(keys, row, strict=True))
    return found


def fingerprint(session: Session, counties: Collection[str], codes: Collection[str]) -> str:
    """Number, sum of versions and last id of every county, and of what carries the codes elsewhere.

    Whatever is added, changed or deleted moves it.
    """
    measures = (
        func.count(),
        func.coalesce(func.sum(_plan.c.version), 0),
        func.coalesce(func.max(_plan.c.id), 0),
    )
    statement = (
        select(_plan.c.county_code, *measures)
        .where(_mine(), or_(_plan.c.county_code.in_(sorted(counties)), _plan.c.code.in_(sorted(codes))))
        .group_by(_plan.c.county_code)
        .order_by(_plan.c.county_code)
    )
    rows = session.execute(statement, execution_options=_APPLIED)
    counted = [[code, int(n), int(versions), int(last)] for code, n, versions, last in rows]
    return json.dumps({"counties": sorted(counties), "codes": sorted(codes), "counted": counted})


def fingerprint_now(session: Session, earlier: str) -> str:
    """`fingerprint` of the same counties and codes as they are now."""
    then = json.loads(earlier)
    return fingerprint(session, then["counties"], then["codes"])


def ids_of(session: Session, codes: Collection[str]) -> dict[str, int]:
    """Code → id."""
    found: dict[str, int] = {}
    rest = iter(sorted(codes))
    while some := list(islice(rest, _AT_ONCE)):
        statement = select(_plan.c.code, _plan.c.id).where(_plan.c.code.in_(some), _mine())
        found |= {row.code: row.id for row in session.execute(statement, execution_options=_APPLIED)}
    return found
