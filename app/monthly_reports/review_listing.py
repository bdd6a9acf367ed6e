"""实施信息审核: the list of what waits, with the change since the last approved report (M1.6.5.4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, func, or_, select

from app.areas.listing import BASICS, PLACE_COLUMNS, plain
from app.extensions import _, _l
from app.kernel.calendar import Month
from app.kernel.scope import Scope
from app.kernel.text import BadInput
from app.monthly_reports.waiting import SUBMITTED, WAITING
from app.persistence.context import current_actor
from app.persistence.gate import SCOPE_APPLIED, scope_clause
from app.web.listing import Args, Column, Filter, Listing, State, region_clause
from app.web.rows import html
from app.web.wording import local_time

FIGURES = _l("Figures")


def _name(row: Any) -> Any:
    label = html(row.plan_name)
    project = f"<small>{html(row.project_name)}</small>" if row.project_name != row.plan_name else ""
    return Markup(f'<a href="/reports/review/show/{row.id}">{label}</a>{project}')


def _month(row: Any) -> str:
    return str(Month(row.month))


def _money(key: str) -> Any:
    return lambda row: "" if getattr(row, key) is None else f"{getattr(row, key):,.2f}"


def _change(row: Any) -> Any:
    """Change of the cumulative investment since the last approved report."""
    value = change_of(row)
    if value is None:
        return ""
    css = "delta minus" if value < 0 else "delta same" if not value else "delta"
    sign = "+" if value > 0 else ""
    return Markup(f'<span class="{css}">{sign}{value:,.2f}</span>')


def change_of(row: Any) -> Any:
    """Reported cumulative investment less the last approved (万元)."""
    now = row.cumulative_investment
    return None if now is None else now - (row.previous_cumulative or 0)


def marks_of(row: Any) -> list[str]:
    """补报, 更正, 逾期 in words."""
    found = [_("made up later")] * bool(row.is_makeup) + [_("correction")] * (row.revision > 1)
    return found + [_("submitted late")] * bool(row.is_late)


def _marks(row: Any) -> Any:
    return Markup(" ").join(
        Markup('<span class="tag tag-warn">{}</span>').format(word) for word in marks_of(row)
    )


def _warnings(row: Any) -> Any:
    if not row.warning_count:
        return Markup('<span class="muted">{}</span>').format(_("none (warnings)"))
    word = html(_("%(n)s warnings", n=row.warning_count))
    return Markup(f'<span class="light l-warn"><i class="sh sh-warn"></i>{word}</span>')


COLUMNS: tuple[Column, ...] = (
    *(
        replace(column, default=False, default_above=above)
        for column, above in zip(PLACE_COLUMNS, (("province",), ("city", "province")), strict=True)
    ),
    Column("name", _l("Area name"), ("plan_name", "project_name"), _name, plain("plan_name"), css="nm",
           sort="plan_name", group=BASICS, width=28),
    Column("project", _l("Works project"), ("project_name",), plain("project_name"), plain("project_name"),
           default=False, group=BASICS, width=28),
    Column("unit", _l("Construction unit (client)"), ("construction_unit",), plain("construction_unit"),
           plain("construction_unit"), default=False, group=BASICS, width=24),
    Column("month", _l("Report month"), ("month",), _month, _month, css="nowrap", sort="month", group=BASICS),
    Column("marks", _l("Mark"), ("is_makeup", "is_late", "revision"), _marks, lambda row: "，".join(marks_of(row)),
           css="nowrap", group=BASICS),
    Column("before", _l("Last approved"), ("previous_cumulative",), _money("previous_cumulative"),
           plain("previous_cumulative"), "decimal", _l("10k yuan"), "num", group=FIGURES),
    Column("now", _l("Completed investment since the start"), ("cumulative_investment",),
           _money("cumulative_investment"), plain("cumulative_investment"), "decimal", _l("10k yuan"), "num",
           sort="cumulative_investment", group=FIGURES),
    Column("change", _l("Change"), ("cumulative_investment", "previous_cumulative"), _change, change_of, "decimal",
           _l("10k yuan"), "num", group=FIGURES),
    Column("warnings", _l("Warnings"), ("warning_count",), _warnings, plain("warning_count"), "int", "", "nowrap",
           sort="warning_count", group=FIGURES),
    Column("who", _l("Submitted by"), ("submitted_by_name",), plain("submitted_by_name"), plain("submitted_by_name"),
           group=BASICS),
    Column("at", _l("Submitted at"), ("submitted_at",), lambda row: local_time(row.submitted_at),
           plain("submitted_at"), "datetime", css="num", sort="submitted_at", group=BASICS, width=18),
)  # fmt: skip


def _search(columns: Any, args: Args) -> ColumnElement[bool] | None:
    text = args.get("q", "").replace("\x00", "").strip()[:60]
    if not text:
        return None
    either = [one.contains(text, autoescape=True) for one in (columns.plan_name, columns.project_name)]
    return or_(*either, columns.plan_code.startswith(text, autoescape=True))


def _warned(columns: Any, args: Args) -> ColumnElement[bool] | None:
    return {"yes": columns.warning_count > 0, "no": columns.warning_count == 0}.get(args.get("warnings", ""))


def _mark(columns: Any, args: Args) -> ColumnElement[bool] | None:
    known = {
        "makeup": columns.is_makeup.is_(True),
        "correction": columns.revision > 1,
        "late": columns.is_late.is_(True),
    }
    return known.get(args.get("mark", ""))


def _of_month(columns: Any, args: Args) -> ColumnElement[bool] | None:
    try:
        return columns.month == Month.parse(args["month"]).first if args.get("month") else None
    except BadInput:
        return None


class ReviewListing(Listing):
    """Submitted reports, first come first; what the reader submitted waits for somebody else (R19)."""

    key = "review"
    table = WAITING  # type: ignore[assignment]
    columns = COLUMNS
    order = ("submitted_at", "id")
    always = ("id", "county_code", "warning_count", "plan_name")
    filters = (
        Filter("q", _search, _l("Search")),
        Filter("region", region_clause, _l("Jurisdiction")),
        Filter("month", _of_month, _l("Report month")),
        Filter("warnings", _warned, _l("Warnings")),
        Filter("mark", _mark, _l("Mark")),
    )

    def where(self, scope: Scope, state: State) -> list[ColumnElement[bool]]:
        c, me = self.table.c, current_actor().user_id
        waits = (
            c.state == SUBMITTED,
            c.deleted_at.is_(None),
            func.coalesce(c.submitted_by_id, 0) != (me or -1),
        )
        return [scope_clause(scope, c.county_code, c.plan_task_id), *waits, *state.conditions]

    def month_counts(self, scope: Scope) -> dict[str, int]:
        """Month → number that waits, newest first; one statement."""
        month = self.table.c.month
        counted = select(month, func.count()).where(*self.where(scope, State({}))).group_by(month)
        rows = self.execute(counted.order_by(month.desc()), execution_options={SCOPE_APPLIED: True})
        return {str(Month(row[0])): row[1] for row in rows}

    def queue(self, scope: Scope, limit: int) -> list[Any]:
        """The first of the waiting list, for the column beside a report."""
        c = self.table.c
        names = (
            "id",
            "plan_name",
            "month",
            "submitted_by_name",
            "submitted_at",
            "warning_count",
            "is_makeup",
            "is_late",
        )
        shown = select(*(c[name] for name in names), c.revision).where(*self.where(scope, State({})))
        found = shown.order_by(c.submitted_at, c.id).limit(limit)
        return list(self.execute(found, execution_options={SCOPE_APPLIED: True}).all())
