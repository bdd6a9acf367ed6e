"""Columns and filters of the reserve (M1.5.1): exactly the manual's columns first, the rest to choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement

from app.areas.listing import (
    BASICS,
    COMMON_COLUMNS,
    DELETED_COLUMNS,
    FILTERS,
    PLACE_COLUMNS,
    AreaListing,
    alike,
    amount_column,
    link_cell,
    linked_word,
    name_cells,
    name_link,
    names,
    number_column,
    plain,
    scheme,
    scheme_word,
    year_clause,
)  # fmt: skip
from app.extensions import _, _l
from app.reserve.models import ReserveProject
from app.web.listing import Column, Filter

BASE = "/reserve"


def plan_text(row: Any) -> str:
    """The plan that a reserve project is listed in."""
    return _("Plan of %(year)s", year=row.plan_year) if row.plan_year else ""


def _in_plan(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    wanted = args.get("plan", "")
    if wanted == "yes":
        return columns.plan_year != 0
    return columns.plan_year == 0 if wanted == "no" else None


class ReserveListing(AreaListing):
    """项目储备 / 储备库."""

    key = "reserve"
    lasting = True
    table = ReserveProject.__table__  # type: ignore[assignment]
    year_column = "plan_year"
    always: tuple[str, ...] = ("id", "county_code", "name", "plan_year", "plan_name", "community_count")
    filters = (
        *FILTERS,
        Filter("plan", _in_plan, _l("Listed in a plan")),
        Filter("year", year_clause("plan_year"), _l("Listed in plan of")),
    )
    columns: tuple[Column, ...] = (
        *PLACE_COLUMNS,
        Column("name", _l("Area name"), ("name",), name_link(BASE), plain("name"), css="nm", sort="name", cells=name_cells(BASE),
               group=BASICS, width=28),
        Column("names", _l("Linked communities"), ("community_names",), names, plain("community_names"),
               group=BASICS, width=36, default=False),
        Column("built", _l("Year built (earliest)"), ("earliest_built_year",),
               lambda row: str(row.earliest_built_year or ""), plain("earliest_built_year"), "int",
               _l("year"), "num", sort="earliest_built_year", group=BASICS),
        number_column("household_count", _l("Households"), _l("households (unit)")),
        number_column("building_count", _l("Buildings"), _l("buildings (unit)")),
        amount_column("floor_area", _l("Floor area"), _l("10k ㎡"), 4),
        amount_column("scheme_investment", _l("Estimated investment"), _l("10k yuan")),
        Column("scheme", _l("Scheme filled in"), ("scheme_state",), scheme, scheme_word, cells=alike(scheme, "scheme_state"),
               group=BASICS, default=False),
        Column("linked", _l("Plan link"), ("community_count",), link_cell(BASE, "ReserveProject"),
               linked_word, group=BASICS),
        Column("plan", _l("Listed in plan of"), ("plan_year", "plan_name"), plan_text, plan_text,
               group=BASICS),
        Column("plan_name", _l("Plan task"), ("plan_name",), plain("plan_name"), plain("plan_name"),
               group=BASICS, default=False, width=28),
        *COMMON_COLUMNS,
    )  # fmt: skip


class ReserveBinListing(ReserveListing):
    """Recycle bin of reserve projects."""

    key = "reserve-bin"
    recycle = True
    always: tuple[str, ...] = ("id", "county_code", "name")
    columns = (
        Column(
            "name", _l("Area name"), ("name",), plain("name"), plain("name"), css="nm", sort="name", width=28
        ),
        *DELETED_COLUMNS,
    )
