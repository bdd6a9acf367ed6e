"""Columns and filters of the yearly plan ledger (M1.6), with the light and its reason in words (R17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, case, func, select

from app.annual_plans.models import PlanTask
from app.annual_plans.queries import light_clause, light_rank, warn_days_of
from app.annual_plans.rules import IMPLEMENTATION_STATES, LIGHTS, PROGRAMMES, Light, light
from app.areas.listing import (
    BASICS,
    COMMON_COLUMNS,
    DELETED_COLUMNS,
    FILTERS,
    PLACE_COLUMNS,
    AreaListing,
    alike,
    amount_column,
    flag_column,
    link_cell,
    link_cells,
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
from app.kernel import calendar
from app.kernel.scope import Scope
from app.persistence.gate import SCOPE_APPLIED, scope_clause
from app.regions.cache import current
from app.web.listing import Column, Filter, State, choice_filter
from app.web.rows import html
from app.web.wording import translate

BASE = "/plans"
PROGRESS = _l("Progress")
LIGHT_KIND = {"green": "ok", "yellow": "warn", "red": "bad"}
_LIGHT_NEEDS = ("county_code", "implementation_state", "start_due", "finish_due")


def light_of(row: Any) -> Light:
    """The light of a plan task today, with the days of warning of its province."""
    days = current().profile(row.county_code).warn_days
    return light(row.start_due, row.finish_due, row.implementation_state, calendar.today(), days)


def _light(row: Any) -> Any:
    shown = light_of(row)
    kind, word, why = LIGHT_KIND[shown.colour], html(_(LIGHTS[shown.colour])), html(translate(shown.reason))
    # the shape is drawn by areas.css: an element for it would cost a list of 100 rows 3 KB
    return Markup(f'<b class="light l-{kind}">{word}</b><small>{why}</small>')


def light_word(row: Any) -> str:
    """Colour and reason in one line, for the workbook."""
    shown = light_of(row)
    return f"{_(LIGHTS[shown.colour])}（{translate(shown.reason)}）"


def state_word(row: Any) -> str:
    return _(IMPLEMENTATION_STATES[row.implementation_state])


def _light_filter(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    colour = args.get("light", "")
    return (
        light_clause(colour, calendar.today(), warn_days_of(current()), columns) if colour in LIGHTS else None
    )


def _programme(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    flag = args.get("programme", "")
    return columns[flag].is_(True) if flag in PROGRAMMES else None


def _library(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    """``library``: 实施库 (``works``) holds what is planned and not finished, 完工库 (``done``) the rest."""
    wanted = args.get("library", "")
    finished = columns.implementation_state == "finished"
    return {"works": ~finished, "done": finished}.get(wanted)


def _assigned(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    wanted = args.get("account", "")
    return columns.account_assigned.is_(wanted == "yes") if wanted in ("yes", "no") else None


class PlanListing(AreaListing):
    """计划台账."""

    key = "plans"
    lasting = True
    table = PlanTask.__table__  # type: ignore[assignment]
    year_column = "year"
    always: tuple[str, ...] = ("id", "county_code", "name", "community_count", "implementation_state")
    filters = (
        *FILTERS,
        Filter("year", year_clause("year"), _l("Listed in plan of")),
        Filter("light", _light_filter, _l("Warning light")),
        choice_filter("status", "implementation_state", IMPLEMENTATION_STATES, _l("Implementation state")),
        Filter("library", _library, _l("Library")),
        Filter("programme", _programme, _l("Programme")),
        Filter("account", _assigned, _l("Account assigned")),
    )
    columns = (
        *(replace(column, default=False, default_above=above)
          for column, above in zip(PLACE_COLUMNS, (("province",), ("city", "province")), strict=True)),
        Column("year", _l("Listed in plan of"), ("year",), lambda row: str(row.year), plain("year"), "int",
               "", "num", sort="year", group=BASICS, width=8),
        Column("code", _l("Area code"), ("code",), plain("code"), plain("code"), 
               sort="code", group=BASICS, width=20),
        Column("name", _l("Area name"), ("name",), name_link(BASE), plain("name"), css="nm", sort="name",
               group=BASICS, width=28, cells=name_cells(BASE)),
        Column("names", _l("Linked communities"), ("community_names",), names, plain("community_names"),
               group=BASICS, width=36),
        Column("linked", _l("Plan link"), ("community_count",), link_cell(BASE, "PlanTask"), linked_word,
               group=BASICS, cells=link_cells(BASE, "PlanTask")),
        flag_column("account_assigned", _l("Account assigned")),
        Column("scheme", _l("Scheme filled in"), ("scheme_state",), scheme, scheme_word,
               sort="scheme_state", group=BASICS, cells=alike(scheme, "scheme_state")),
        Column("state", _l("Implementation state"), ("implementation_state",), state_word, state_word,
               group=PROGRESS, cells=alike(state_word, "implementation_state")),
        flag_column("county_inspected", _l("County inspection"), group=PROGRESS),
        flag_column("city_inspected", _l("City spot-check"), group=PROGRESS),
        flag_column("province_inspected", _l("Province spot-check"), group=PROGRESS),
        Column("light", _l("Warning light"), _LIGHT_NEEDS, _light, light_word, sort="light",
               group=PROGRESS, width=26, cells=alike(_light, *_LIGHT_NEEDS)),
        number_column("building_count", _l("Buildings"), _l("buildings (unit)"), default=False),
        number_column("household_count", _l("Households"), _l("households (unit)"), default=False),
        amount_column("floor_area", _l("Floor area"), _l("10k ㎡"), 4, default=False),
        *(flag_column(flag, PlanTask.__table__.c[flag].info["label"], default=False) for flag in PROGRAMMES),
        amount_column("funds_planned", _l("Total planned investment"), _l("10k yuan"), default=False),
        amount_column("funds_completed", _l("Completed investment"), _l("10k yuan"), default=False),
        amount_column("funds_in_place", _l("Funds in place"), _l("10k yuan"), default=False),
        *COMMON_COLUMNS,
    )  # fmt: skip

    def ordering(self, state: State, reverse: bool = False) -> list[Any]:
        """The light is an expression: red first, or green first."""
        if state.sort != "light":
            return super().ordering(state, reverse)
        rank = light_rank(calendar.today(), warn_days_of(current()), self.table.c)
        rest = super().ordering(State({}), reverse)
        return [rank.desc() if state.descending != reverse else rank.asc(), *rest]

    def further_counts(self, scope: Scope) -> dict[str, int]:
        """Number of plan tasks of the scope by state and by colour, in one pass over an index alone."""
        columns, today, days = self.table.c, calendar.today(), warn_days_of(current())
        wanted = {state: columns.implementation_state == state for state in IMPLEMENTATION_STATES}
        wanted |= {colour: light_clause(colour, today, days, columns) for colour in ("red", "yellow")}
        statement = select(
            func.count().label("every"),
            *(func.count(case((clause, 1))).label(key) for key, clause in wanted.items()),
        ).where(columns.deleted_at.is_(None), scope_clause(scope, columns.county_code))
        found = self.execute(statement, execution_options={SCOPE_APPLIED: True}).one()._asdict()
        return {**found, "green": found["every"] - found["red"] - found["yellow"]}


class PlanBinListing(PlanListing):
    """Recycle bin of plan tasks."""

    key = "plans-bin"
    recycle = True
    always: tuple[str, ...] = ("id", "county_code", "name")
    columns = (
        Column("year", _l("Listed in plan of"), ("year",), lambda row: str(row.year), plain("year"),
               css="num", sort="year"),
        Column("code", _l("Area code"), ("code",), plain("code"), plain("code"), css="code", width=20),
        Column("name", _l("Area name"), ("name",), plain("name"), plain("name"), css="nm", sort="name",
               width=28),
        *DELETED_COLUMNS,
    )  # fmt: skip
