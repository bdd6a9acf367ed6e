"""Columns and filters of 存疑填报 (N3.3a): findings about reports that were handed in, over the scope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, Table, func, select

from app.annual_plans.models import PlanTask
from app.areas.listing import city, county, year_clause
from app.evidence.models import PhotoFinding
from app.evidence.queries import Shown, shown
from app.evidence.rules import KINDS, OWNERS, PAIRS, RECORDS, RULES, STATES
from app.extensions import _, _l
from app.kernel.calendar import Month
from app.kernel.scope import Scope
from app.kernel.text import BadInput
from app.monthly_reports.models import MonthlyReport
from app.persistence.context import current_scope
from app.persistence.gate import SCOPE_APPLIED, scope_clause
from app.web.listing import Args, Column, Filter, Listing, State, choice_filter, region_clause
from app.web.rows import html
from app.web.wording import local_time, translate

_finding: Table = PhotoFinding.__table__  # type: ignore[assignment]
_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_other: Any = _plan.alias("other_plan")
_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
PLACE, FINDING, OUTCOME = _l("Plan and report"), _l("Finding"), _l("Outcome")
ALL_STATES = "all"


def _rows() -> Any:
    joined = (
        _finding.join(_plan, _plan.c.id == _finding.c.plan_task_id)
        .outerjoin(_report, _report.c.id == _finding.c.report_id)
        .outerjoin(_other, _other.c.id == _finding.c.other_plan_id)
    )
    return (
        select(
            *(column for column in _finding.c if column.name != "mark"),
            _plan.c.name, _plan.c.initials, _plan.c.year, _plan.c.code, _plan.c.deleted_at, _report.c.month,
            _report.c.state.label("report_state"), _other.c.name.label("other_name"),
        )
        .select_from(joined)
        .where(_finding.c.reported)
        .subquery("finding_row")
    )  # fmt: skip


def as_shown(row: Any) -> Shown:
    """A listed finding in words; the counterpart is named inside the scope alone."""
    inside = row.other_plan_id is not None and current_scope().holds(row.other_county, row.other_plan_id)
    return shown(row, {row.other_plan_id: row.other_name} if inside and row.other_name else {})


def _plain(key: str) -> Callable[[Any], Any]:
    return lambda row: getattr(row, key)


def _name(row: Any) -> Any:
    label = html(row.name)
    return Markup(f'<a class="clip" href="/plans/show/{row.plan_task_id}?tab=implementation">{label}</a>')


def _month(row: Any) -> str:
    return f"{row.month:%Y-%m}" if row.month else ""


def _record(row: Any) -> str:
    return _(RECORDS[OWNERS[row.owner_entity]]) if row.owner_entity in OWNERS else ""


def _kind(row: Any) -> Any:
    return Markup(
        f'<span class="light l-warn"><i class="sh sh-warn"></i>{html(_(KINDS[row.kind]))}</span>'
        f"<small>{html(RULES[row.kind])}</small>"
    )


def _kind_word(row: Any) -> str:
    return _(KINDS[row.kind])


def _sentence(row: Any) -> str:
    return translate(as_shown(row).message)


def _where(row: Any) -> Any:
    if row.kind not in PAIRS:
        return ""
    found = as_shown(row)
    words = html(translate(found.where))
    return Markup(f'<a href="/plans/show/{found.plan_id}">{words}</a>') if found.plan_id else words


def _where_word(row: Any) -> str:
    return translate(as_shown(row).where) if row.kind in PAIRS else ""


def _state(row: Any) -> Any:
    mark, word = ("warn", "open") if row.state == "open" else ("idle", "dismissed")
    return Markup(f'<span class="light l-{mark}"><i class="sh sh-{mark}"></i>{html(_(STATES[word]))}</span>')


def _state_word(row: Any) -> str:
    return _(STATES[row.state])


def _at(key: str) -> Callable[[Any], str]:
    return lambda row: local_time(getattr(row, key))


_PAIR_NEEDS = (
    "kind", "values", "state", "reason", "plan_task_id", "other_county", "other_plan_id", "other_name",
    "other_attachment_id",
)  # fmt: skip
COLUMNS: tuple[Column, ...] = (
    Column("city", _l("City"), ("county_code",), city, city, group=PLACE, default=False,
           default_above=("province",)),
    Column("county", _l("County"), ("county_code",), county, county, group=PLACE, default=False,
           default_above=("city", "province")),
    Column("year", _l("Listed in plan of"), ("year",), lambda row: str(row.year), _plain("year"), "int", "",
           "num", default=False, group=PLACE, width=8),
    Column("code", _l("Area code"), ("code",), _plain("code"), _plain("code"), default=False, group=PLACE,
           width=20),
    Column("name", _l("Area name"), ("name", "plan_task_id"), _name, _plain("name"), css="nm", group=PLACE, width=28),
    Column("record", _l("Stands in (finding)"), ("owner_entity",), _record, _record, css="nowrap", group=PLACE, width=14),
    Column("month", _l("Report month"), ("month",), _month, _month, css="num", sort="month", group=PLACE),
    Column("kind", _l("What is doubtful"), ("kind",), _kind, _kind_word, css="nowrap", sort="kind", group=FINDING,
           width=18),
    Column("details", _l("Details (finding)"), _PAIR_NEEDS, _sentence, _sentence, group=FINDING, width=44),
    Column("other", _l("Also used"), _PAIR_NEEDS, _where, _where_word, group=FINDING, width=30),
    Column("filler", _l("Filled in by (finding)"), ("filler",), _plain("filler"), _plain("filler"), group=FINDING),
    Column("found", _l("Found on"), ("found_at",), _at("found_at"), _plain("found_at"), "datetime", css="num",
           sort="found_at", group=FINDING, width=18),
    Column("state", _l("State of the finding"), ("state",), _state, _state_word, css="nowrap", group=OUTCOME),
    Column("reason", _l("Reason for setting aside"), ("reason",), _plain("reason"), _plain("reason"),
           default=False, group=OUTCOME, width=40),
    Column("dismissed_by", _l("Set aside by"), ("dismissed_by",), _plain("dismissed_by"),
           _plain("dismissed_by"), default=False, group=OUTCOME),
    Column("dismissed", _l("Set aside on"), ("dismissed_at",), _at("dismissed_at"), _plain("dismissed_at"),
           "datetime", css="num", default=False, group=OUTCOME, width=18),
)  # fmt: skip


def _search(columns: Any, args: Args) -> ColumnElement[bool] | None:
    text = args.get("q", "").replace("\x00", "").strip()[:60]
    if not text:
        return None
    named = func.lower(columns.name).contains(text.lower(), autoescape=True)
    return named | columns.initials.contains(text.lower(), autoescape=True) | columns.code.startswith(text, autoescape=True)


def _stands(columns: Any, args: Args) -> ColumnElement[bool] | None:
    """Open ones unless others are asked for."""
    wanted = args.get("state", "")
    if wanted == ALL_STATES:
        return columns.state.in_(tuple(STATES))
    return columns.state == (wanted if wanted in STATES else "open")


def _month_is(columns: Any, args: Args) -> ColumnElement[bool] | None:
    try:
        month = Month.parse(args.get("month", ""))
    except BadInput:
        return None
    return columns.month == month.first


def _record_is(columns: Any, args: Args) -> ColumnElement[bool] | None:
    wanted = [entity for entity, key in OWNERS.items() if key == args.get("record")]
    return columns.owner_entity.in_(wanted) if wanted else None


class FindingListing(Listing):
    """存疑填报, newest first."""

    key = "doubtful"
    table = _rows()
    columns = COLUMNS
    order = ("id",)
    always = ("id", "county_code", "name", "reported")
    filters = (
        Filter("q", _search, _l("Search")),
        choice_filter("kind", "kind", KINDS, _l("What is doubtful")),
        Filter("state", _stands, _l("State of the finding")),
        Filter("record", _record_is, _l("Stands in (finding)")),
        Filter("month", _month_is, _l("Report month")),
        Filter("region", region_clause, _l("Jurisdiction")),
        Filter("year", year_clause("year"), _l("Listed in plan of")),
    )

    def ordering(self, state: State, reverse: bool = False) -> list[Any]:
        if state.sort:
            return super().ordering(state, reverse)
        return [self.table.c.id.asc() if reverse else self.table.c.id.desc()]

    def counts(self, scope: Scope) -> Sequence[Any]:
        """``(county_code, year, kind, state, number)`` of the scope in one statement."""
        table = self.table.c
        keys = (table.county_code, table.year, table.kind, table.state)
        statement = (
            select(*keys, func.count().label("number"))
            .where(table.deleted_at.is_(None), scope_clause(scope, table.county_code, table.plan_task_id))
            .group_by(*keys)
        )
        return self.execute(statement, execution_options={SCOPE_APPLIED: True}).all()  # type: ignore[no-any-return]

    def row(self, scope: Scope, finding_id: int) -> Any | None:
        """One finding with everything the list knows, or None."""
        table = self.table
        where = (table.c.id == finding_id, scope_clause(scope, table.c.county_code, table.c.plan_task_id))
        return self.execute(select(table).where(*where), execution_options={SCOPE_APPLIED: True}).first()
