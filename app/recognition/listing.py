"""Lists of what hangs on plan tasks: the machinery, and the list of recognitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, Table, func, or_, select

from app.annual_plans.models import PlanTask
from app.extensions import _, _l
from app.kernel.scope import Scope
from app.recognition import rules
from app.recognition.models import Recognition
from app.regions.cache import current
from app.web.listing import Args, Column, Filter, Listing, State, choice_filter, region_clause, whole
from app.web.rows import html
from app.web.wording import local_time

_plan: Table = PlanTask.__table__  # type: ignore[assignment]


def rows_with_plan(table: Table, *shown: str) -> Any:
    """Rows of a table that names a plan task, with the plan's name, year and code."""
    return (
        select(
            *(table.c[name] for name in ("id", "county_code", "plan_task_id", *shown)),
            _plan.c.name.label("name"), _plan.c.year.label("year"), _plan.c.code.label("code"),
            _plan.c.deleted_at.label("deleted_at"),
        )
        .select_from(table.join(_plan, _plan.c.id == table.c.plan_task_id))
        .subquery(f"{table.name}_row")
    )  # fmt: skip


def plain(key: str) -> Callable[[Any], Any]:
    """The value of a column as it is."""
    return lambda row: getattr(row, key)


def light(lights: Mapping[str, str], words: Mapping[str, str], key: str = "state") -> Callable[[Any], Any]:
    """A state as word and shape."""

    def show(row: Any) -> Any:
        value = getattr(row, key)
        if value not in words:
            return ""
        kind, word = lights[value], html(_(words[value]))
        return Markup(f'<span class="light l-{kind}"><i class="sh sh-{kind}"></i>{word}</span>')

    return show


def word(words: Mapping[str, str], key: str) -> Callable[[Any], str]:
    """A code in words."""
    return lambda row: _(words[getattr(row, key)]) if getattr(row, key) in words else ""


def place_columns() -> tuple[Column, ...]:
    """City and county, shown to whoever looks after several."""
    city = lambda row: current().city_name(row.county_code)
    county = lambda row: current().name(row.county_code)
    return (
        Column("city", _l("City"), ("county_code",), city, city, default=False, default_above=("province",)),
        Column("county", _l("County"), ("county_code",), county, county, default=False,
               default_above=("city", "province")),
    )  # fmt: skip


def name_column(base: str) -> Column:
    """The plan's name, leading to the record's page."""

    def show(row: Any) -> Any:
        label = html(row.name)
        return Markup(f'<a class="clip" href="{base}/show/{row.id}" title="{label}">{label}</a>')

    return Column("name", _l("Area name"), ("name",), show, plain("name"), css="nm", sort="name", width=28)


def plan_columns() -> tuple[Column, ...]:
    return (
        Column(
            "year", _l("Plan year"), ("year",), plain("year"), plain("year"), "int", css="num", sort="year"
        ),
        Column(
            "code",
            _l("Area code"),
            ("code",),
            plain("code"),
            plain("code"),
            css="code",
            default=False,
            width=20,
        ),
    )


def _search(columns: Any, args: Args) -> ColumnElement[bool] | None:
    text = args.get("q", "").replace("\x00", "").strip()[:60]
    if not text:
        return None
    return or_(columns.name.contains(text, autoescape=True), columns.code.contains(text, autoescape=True))


def _year(columns: Any, args: Args) -> ColumnElement[bool] | None:
    year = whole(args.get("year"))
    return columns.year == year if year else None


PLAN_FILTERS = (
    Filter("q", _search, _l("Search")),
    Filter("region", region_clause, _l("Jurisdiction")),
    Filter("year", _year, _l("Plan year")),
)


class CheckListing(Listing):
    """A list of records of plan tasks, newest first."""

    order = ("id",)

    def ordering(self, state: State, reverse: bool = False) -> list[Any]:
        """Newest first where nothing else was asked for."""
        if state.sort:
            return super().ordering(state, reverse)
        return [self.table.c.id.asc() if reverse else self.table.c.id.desc()]

    def state_counts(self, scope: Scope) -> dict[str, int]:
        """State → number, for the directory; one statement."""
        where = self.where(scope, State({}))
        found = select(self.table.c.state, func.count()).where(*where).group_by(self.table.c.state)
        return {row[0]: row[1] for row in self.execute(found, execution_options={"scope_applied": True})}


class RecognitionListing(CheckListing):
    """Recognitions of the scope; drafts that were given up are left out."""

    key = "recognitions"
    table = rows_with_plan(
        Recognition.__table__, "kind", "state", "recognised_on", "recognisers", "submitted_by", "submitted_at",
        "recognised_by", "recognised_at",
    )  # type: ignore[arg-type]  # fmt: skip
    columns = (
        *place_columns(), name_column("/recognitions"), *plan_columns(),
        Column("kind", _l("Kind of recognition"), ("kind",), word(rules.KINDS, "kind"), word(rules.KINDS, "kind")),
        Column("state", _l("State"), ("state",), light(rules.LIGHTS, rules.FLOW.states),
               word(rules.FLOW.states, "state"), css="nowrap"),
        Column("recognised_on", _l("Date of recognition"), ("recognised_on",), plain("recognised_on"),
               plain("recognised_on"), "date", css="num", sort="recognised_on"),
        Column("recognisers", _l("Recognised by (staff)"), ("recognisers",), plain("recognisers"),
               plain("recognisers")),
        Column("submitted", _l("Submitted at"), ("submitted_at",), lambda row: local_time(row.submitted_at),
               plain("submitted_at"), "datetime", css="num", sort="submitted_at", width=18),
        Column("submitted_by", _l("Submitted by"), ("submitted_by",), plain("submitted_by"), plain("submitted_by"),
               default=False),
        Column("recognised_by", _l("Recognised by"), ("recognised_by",), plain("recognised_by"),
               plain("recognised_by")),
    )  # fmt: skip
    filters = (
        *PLAN_FILTERS,
        choice_filter("state", "state", rules.FLOW.states, _l("State")),
        choice_filter("kind", "kind", rules.KINDS, _l("Kind of recognition")),
    )

    def where(self, scope: Scope, state: State) -> list[ColumnElement[bool]]:
        return [*super().where(scope, state), self.table.c.state != "discarded"]
