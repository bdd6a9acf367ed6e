"""实施信息上报: plan tasks with the twelve months of their reports (M1.6.5.2, M1.L, R18)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from flask import g
from sqlalchemy import ColumnElement, Table, exists, func, select, true

from app.annual_plans.listing import PROGRESS, state_word
from app.annual_plans.models import PlanTask
from app.annual_plans.rules import IMPLEMENTATION_STATES
from app.areas.listing import (
    BASICS,
    PLACE_COLUMNS,
    AreaListing,
    amount_column,
    names,
    plain,
    words_clause,
    year_clause,
)
from app.extensions import _l, db
from app.kernel.scope import Scope
from app.monthly_reports import strip_cells as cells
from app.monthly_reports.due import month_due
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.rules import CELLS
from app.monthly_reports.selects import in_scope
from app.monthly_reports.strips import strip
from app.persistence.context import current_actor, current_scope
from app.persistence.gate import SCOPE_APPLIED, scope_clause
from app.web.listing import Args, Column, Filter, Page, State, choice_filter, region_clause
from app.works.models import WorksProject

_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_works: Table = WorksProject.__table__  # type: ignore[assignment]
_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
_PART = 500

OF_MONTH: dict[str, str] = {key: CELLS[key] for key in ("none", "draft", "returned", "submitted", "approved")}
"""What the month due now can be searched by."""
REPORTED = ("draft", "returned", "submitted", "approved")


# ── the year shown ──
def year_shown() -> int:
    """Year of the strips: that of the address, else that of the month whose report is due now."""
    return int(g.get("strip_year") or month_due().year)


def _strip_year(_columns: Any, args: Args) -> ColumnElement[bool] | None:
    """``months``: another year's strips; it narrows nothing."""
    text = args.get("months", "")
    if not (text.isascii() and text.isdigit() and 2000 <= int(text[:5]) <= 2100):
        return None
    g.strip_year = int(text)
    return true()


# ── filters by the month due now ──
def _mine(table: Table, columns: Any) -> list[ColumnElement[bool]]:
    return [table.c.plan_task_id == columns.id, table.c.deleted_at.is_(None)]


def _of_month(columns: Any, args: Args) -> ColumnElement[bool] | None:
    wanted = args.get("report", "")
    if wanted not in OF_MONTH:
        return None
    due = month_due().first
    states = REPORTED if wanted == "none" else (wanted,)
    plans = select(_report.c.plan_task_id).where(
        _report.c.month == due, _report.c.state.in_(states), _report.c.deleted_at.is_(None), in_scope(_report)
    )
    return columns.id.not_in(plans) if wanted == "none" else columns.id.in_(plans)


def _projects(columns: Any, args: Args) -> ColumnElement[bool] | None:
    there = exists().where(*_mine(_works, columns))
    return {"yes": there, "no": ~there}.get(args.get("works", ""))


COLUMNS: tuple[Column, ...] = (
    *(replace(column, default=False, default_above=above)
      for column, above in zip(PLACE_COLUMNS, (("province",), ("city", "province")), strict=True)),
    Column("year", _l("Listed in plan of"), ("year",), lambda row: str(row.year), plain("year"), "int",
           "", "num", sort="year", group=BASICS, width=8),
    Column("code", _l("Area code"), ("code",), plain("code"), plain("code"), css="code", sort="code", default=False,
           group=BASICS, width=20),
    Column("name", _l("Area name"), ("name",), cells.name_link, plain("name"), css="nm", sort="name", group=BASICS,
           width=28),
    Column("names", _l("Linked communities"), ("community_names",), names, plain("community_names"), default=False,
           group=BASICS, width=36),
    Column("state", _l("Implementation state"), ("implementation_state",), state_word, state_word, group=PROGRESS,
           css="nowrap"),
    amount_column("funds_planned", _l("Total planned investment"), _l("10k yuan")),
    amount_column("approved_investment", _l("Approved cumulative investment"), _l("10k yuan")),
    amount_column("approved_year_investment", _l("Approved investment of this year"), _l("10k yuan"), default=False),
    Column("months", _l("Reports of the year"), (), cells.no_cell, cells.strip_text, css="strip-x", group=PROGRESS, width=60,
           cells=cells.strips_html),
    Column("now", _l("Report due now"), (), cells.action, cells.action_text, css="do-x", group=PROGRESS, width=20),
)  # fmt: skip


class ReportListing(AreaListing):
    """Plan tasks for whoever reports on them; a construction unit meets those it was given."""

    key = "reports"
    table = _plan
    columns = COLUMNS
    year_column = "year"
    sizes = (20, 50)
    always = ("id", "county_code", "name")
    filters = (
        Filter("q", words_clause, _l("Area name")),
        Filter("region", region_clause, _l("Jurisdiction")),
        Filter("year", year_clause("year"), _l("Listed in plan of")),
        choice_filter("status", "implementation_state", IMPLEMENTATION_STATES, _l("Implementation state")),
        Filter("report", _of_month, _l("Report due now")),
        Filter("works", _projects, _l("Works project")),
        Filter("months", _strip_year, _l("Reports of the year")),
    )

    def unnarrowed(self, state: State) -> bool:
        """The kept statement knows ranges of counties, not the plans of a construction unit."""
        return current_scope().kind == "region" and super().unnarrowed(state)

    def where(self, scope: Scope, state: State) -> list[ColumnElement[bool]]:
        c = self.table.c
        return [scope_clause(scope, c.county_code, c.id), c.deleted_at.is_(None), *state.conditions]

    def ordering(self, state: State, reverse: bool = False) -> list[Any]:
        """In a county the newest plans stand first."""
        if state.sort or current_actor().region_level != "county":
            return super().ordering(state, reverse)
        year, key = self.table.c.year, self.table.c.id
        return [year.asc(), key.desc()] if reverse else [year.desc(), key.asc()]

    def year_counts(self, scope: Scope) -> Sequence[Any]:
        """``(county_code, year, number)`` of the scope."""
        c = self.table.c
        counted = select(c.county_code, c.year, func.count().label("number")).where(
            *self.where(scope, State({}))
        )
        return self.execute(  # type: ignore[no-any-return]
            counted.group_by(c.county_code, c.year), execution_options={SCOPE_APPLIED: True}
        ).all()

    def page(self, state: State, columns: Sequence[Column], total: int | None = None) -> Page:
        """The page, with the strips of its plan tasks at hand for the cells."""
        page = super().page(state, columns, total)
        self._load([row.id for row in page.rows])
        return page

    def export(
        self, state: State, columns: Sequence[Column], ids: Sequence[int] | None = None
    ) -> Iterator[Any]:
        """Every matching row, its strip at hand: read in parts of 500."""
        rows = iter(super().export(state, columns, ids))
        while part := list(islice(rows, _PART)):
            self._load([row.id for row in part])
            yield from part

    def _load(self, plan_ids: Sequence[int]) -> None:
        due = g.report_due = month_due()
        g.report_strips = strip(db.session(), plan_ids, year_shown())
        g.report_strips_now = g.report_strips if year_shown() == due.year else strip(db.session(), plan_ids, due.year)
