"""Selects of the API: pages of communities in explicit columns, narrowed by the scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement

from app.api.reading import Offered, Query
from app.communities.fields import TYPED
from app.communities.models import Community
from app.communities.queries import CommunityListing, execute
from app.persistence.context import current_scope
from app.web.listing import Column, State

_table = Community.__table__
SHOWN: tuple[str, ...] = (
    "id", "version", "county_code", *TYPED, "place_state", "place_year", "place_label", "is_complete", "missing",
    "created_at", "updated_at",
)  # fmt: skip
OFFERED = Offered(
    order=frozenset({
        "id", "name", "county_code", "built_year", "building_count", "household_count", "floor_area",
        "planned_investment", "updated_at",
    }),
    filters={
        "id": "number", "county_code": "text", "town_code": "text", "built_year": "number",
        "building_count": "number", "household_count": "number", "place_kind": "text", "property_kind": "text",
        "place_state": "text", "place_year": "number", "is_complete": "bool", "updated_at": "time",
    },
)  # fmt: skip
_ALL = Column("api", "", SHOWN, lambda row: row, lambda row: row)


def _condition(column: str, operator: str, value: Any) -> ColumnElement[bool]:
    stored = _table.c[column]
    if operator == "sw":
        return stored.startswith(value, autoescape=True)
    if operator == "gt":
        return stored > value
    return stored < value if operator == "lt" else stored == value


def communities(query: Query) -> tuple[Sequence[Any], int]:
    """The rows of one page and how many match in all, exactly."""
    listing = CommunityListing(execute)
    state = State({"q": query.search} if query.search else {}, page=query.page + 1, size=query.page_size)
    state.conditions = [_condition(*item) for item in query.filters]
    state.exact_rollup = not state.conditions and not query.search
    state.sort, state.descending = query.order_column, query.descending
    total, capped = listing.count(current_scope(), state)
    if capped:
        total = listing.exact_count(current_scope(), state)
    if query.page * query.page_size >= total:
        return [], total
    return listing.rows(current_scope(), state, [_ALL], total), total
