"""What an import of communities is compared with: the living communities of the counties in the file."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.communities.models import Community
from app.communities.rules import Candidate, Context, Thresholds, late_share, median_investment
from app.communities.sheets import STORED
from app.persistence.context import current_scope
from app.persistence.gate import SCOPE_APPLIED, scope_clause

_community = Community.__table__
_APPLIED = {SCOPE_APPLIED: True}
_BRIEF = ("id", "version", "county_code", "name", "normalised_name", "lng", "lat", "building_count",
          "household_count", "floor_area", "planned_investment", "built_year")  # fmt: skip


@dataclass
class County:
    """The living communities of one county: for names, for R05, and the figures behind R01 and R04."""

    rows: list[Any] = field(default_factory=list)

    @cached_property
    def names(self) -> dict[str, list[int]]:
        """Exact name → ids, ascending."""
        found: dict[str, list[int]] = defaultdict(list)
        for row in self.rows:
            found[row.name].append(row.id)
        return found

    @cached_property
    def candidates(self) -> list[Candidate]:
        return [
            Candidate(row.id, row.name, row.normalised_name, row.lng, row.lat, row.building_count,
                      row.household_count, row.floor_area)
            for row in self.rows
        ]  # fmt: skip

    def context(self, limits: Thresholds) -> Context:
        """What the rules compare a row of this county with."""
        return Context(
            median_investment=median_investment(
                (row.planned_investment, row.household_count) for row in self.rows
            ),
            late_share=late_share(((row.built_year, row.household_count) for row in self.rows), limits),
            candidates=self.candidates,
        )


def counties(session: Session, codes: Collection[str]) -> dict[str, County]:
    """The counties by code, all of them with one statement."""
    found = {code: County() for code in codes}
    statement = (
        select(*(_community.c[key] for key in _BRIEF))
        .where(
            _community.c.county_code.in_(sorted(codes)), _community.c.deleted_at.is_(None),
            scope_clause(current_scope(), _community.c.county_code),
        )
        .order_by(_community.c.county_code, _community.c.id)
    )  # fmt: skip
    for row in session.execute(statement, execution_options=_APPLIED):
        found[row.county_code].rows.append(row)
    return found


def fingerprint(known: dict[str, County]) -> str:
    """Number, sum of versions and last id of every county: whatever is added, changed or deleted moves it."""
    return json.dumps(
        {
            code: [
                len(county.rows),
                sum(row.version for row in county.rows),
                max((row.id for row in county.rows), default=0),
            ]
            for code, county in sorted(known.items())
        }
    )


def fingerprint_now(session: Session, codes: Collection[str]) -> str:
    """`fingerprint` of the counties as they are now."""
    counted = {code: [0, 0, 0] for code in codes}
    measures = (func.count(), func.sum(_community.c.version), func.max(_community.c.id))
    statement = (
        select(_community.c.county_code, *measures)
        .where(
            _community.c.county_code.in_(sorted(codes)), _community.c.deleted_at.is_(None),
            scope_clause(current_scope(), _community.c.county_code),
        )
        .group_by(_community.c.county_code)
    )  # fmt: skip
    for code, number, versions, last in session.execute(statement, execution_options=_APPLIED):
        counted[code] = [int(number), int(versions), int(last)]
    return json.dumps(dict(sorted(counted.items())))


def whole(session: Session, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Every imported field of these communities, by id, with id, version and county."""
    keys = ("id", "version", "county_code", "town_code", *STORED)
    found: dict[int, dict[str, Any]] = {}
    rest = iter(ids)
    while some := list(islice(rest, 5000)):
        statement = select(*(_community.c[key] for key in keys)).where(
            _community.c.id.in_(some), scope_clause(current_scope(), _community.c.county_code)
        )
        for row in session.execute(statement, execution_options=_APPLIED):
            found[row.id] = dict(zip(keys, row, strict=True))
    return found
