"""Columns and filters that the lists of reserve projects and plan tasks share (M1.5.1, M1.6, M1.L)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, Table, and_, func, or_, select

from app.extensions import _, _l
from app.kernel.errors import N_
from app.kernel.scope import Scope
from app.kernel.text import mask_phone, normalise_input
from app.persistence.context import current_actor, current_scope
from app.persistence.gate import SCOPE_APPLIED, scope_clause
from app.regions.cache import current
from app.web.counts import unchanged
from app.web.listing import Column, Filter, Listing, State, region_clause
from app.web.quick import quick_rows
from app.web.rows import html, html_all
from app.web.wording import local_time

BASICS = _l("Basic information")
SCALE = _l("Scale and investment")
RESPONSIBILITY = _l("Responsibility")
MOST_NAMES, MOST_TITLE = 20, 40

SCHEME_STATES: dict[str, str] = {
    "": N_("Not filled in"),
    "draft": N_("Draft (scheme)"),
    "returned": N_("Sent back"),
    "submitted": N_("Filled in"),
}
UNFINISHED = ("", "draft", "returned")


def plain(key: str) -> Callable[[Any], Any]:
    """The value of a column as it is."""
    return lambda row: getattr(row, key)


def figure(key: str) -> Callable[[Any], str]:
    """A count with separators."""
    return lambda row: "" if getattr(row, key) is None else f"{getattr(row, key):,}"


def decimal(key: str) -> Callable[[Any], str]:
    """An amount with two decimals."""

    def show(row: Any) -> str:
        value: Decimal | None = getattr(row, key)
        return "" if value is None else f"{value:,.2f}"

    return show


def city(row: Any) -> str:
    return current().city_name(row.county_code)


def county(row: Any) -> str:
    return current().name(row.county_code)


def name_link(base: str) -> Callable[[Any], Any]:
    """The name as a link to the record."""

    def show(row: Any) -> Any:
        label = html(row.name)
        return Markup(f'<a href="{base}/show/{row.id}">{label}</a>')

    return show


def names(row: Any) -> Any:
    """关联的小区名称, shortened on the screen; the title goes on where the text breaks off."""
    text: str = row.community_names
    if len(text) <= MOST_NAMES:
        return text
    return Markup(f'<span title="…{html(text[MOST_NAMES:MOST_TITLE])}">{html(text[:MOST_NAMES])}…</span>')


def alike(show: Callable[[Any], Any], *keys: str) -> Callable[[Sequence[Any]], list[str]]:
    """``cells`` of a column that shows the same wherever these values of the row are the same."""
    read = attrgetter(*keys)

    def cells(rows: Sequence[Any]) -> list[str]:
        known: dict[Any, str] = {}
        return [
            known[key] if (key := read(row)) in known else known.setdefault(key, html(show(row)))
            for row in rows
        ]

    return cells


def name_cells(base: str) -> Callable[[Sequence[Any]], list[str]]:
    """`name_link` of a whole page."""
    return lambda rows: [
        f'<a href="{base}/show/{row.id}">{name}</a>'
        for row, name in zip(rows, html_all([row.name for row in rows]), strict=True)
    ]


def scheme_word(row: Any) -> str:
    """方案填报 in words."""
    return _(SCHEME_STATES.get(row.scheme_state, SCHEME_STATES["submitted"]))


def scheme(row: Any) -> Any:
    colour = {"": "ink-bad", "draft": "ink-warn", "returned": "ink-warn"}.get(row.scheme_state, "")
    return Markup(f'<span class="{colour}">{html(scheme_word(row))}</span>') if colour else scheme_word(row)


def linked_word(row: Any) -> str:
    """计划关联 in words."""
    return _("Linked") if row.community_count else _("Not linked")


def link_cell(base: str, resource: str) -> Callable[[Any], Any]:
    """计划关联: opens the linking dialog for those who may link, a word for the others."""

    def show(row: Any) -> Any:
        word = html(linked_word(row))
        if not current_actor().may("can_link", resource):
            return word
        css = "" if row.community_count else ' class="ink-bad strong"'
        return Markup(f'<a href="{base}/link/{row.id}"{css}>{word}</a>')

    return show


def link_cells(base: str, resource: str) -> Callable[[Sequence[Any]], list[str]]:
    """`link_cell` of a whole page."""

    def cells(rows: Sequence[Any]) -> list[str]:
        yes, no = html(_("Linked")), html(_("Not linked"))
        if not current_actor().may("can_link", resource):
            return [yes if row.community_count else no for row in rows]
        return [
            f'<a href="{base}/link/{row.id}">{yes}</a>'
            if row.community_count
            else f'<a href="{base}/link/{row.id}" class="ink-bad strong">{no}</a>'
            for row in rows
        ]

    return cells


def text_column(key: str, label: Any, *, group: Any = RESPONSIBILITY, width: int = 20) -> Column:
    return Column(key, label, (key,), plain(key), plain(key), group=group, width=width, default=False)


def number_column(key: str, label: Any, unit: Any, *, default: bool = True) -> Column:
    return Column(key, label, (key,), figure(key), plain(key), "int", unit, "num", sort=key, default=default,
                  group=SCALE)  # fmt: skip


def amount_column(key: str, label: Any, unit: Any, decimals: int = 2, *, default: bool = True) -> Column:
    return Column(key, label, (key,), decimal(key), plain(key), "decimal", unit, "num", sort=key,
                  default=default, group=SCALE, decimals=decimals)  # fmt: skip


def flag_column(key: str, label: Any, *, default: bool = True, group: Any = BASICS) -> Column:
    def word(row: Any) -> str:
        return _("Yes") if getattr(row, key) else _("No")

    return Column(key, label, (key,), word, word, group=group, default=default, width=8,
                  cells=alike(word, key))  # fmt: skip


PLACE_COLUMNS = (
    Column("city", _l("City"), ("county_code",), city, city, group=BASICS, cells=alike(city, "county_code")),
    Column("county", _l("County"), ("county_code",), county, county, group=BASICS,
           cells=alike(county, "county_code")),
)


def _phone(row: Any) -> str:
    return mask_phone(row.supervisor_phone)


COMMON_COLUMNS = (
    number_column("community_count", _l("Number of communities"), _l("pcs"), default=False),
    number_column("unit_count", _l("Units"), _l("pcs"), default=False),
    number_column("unit_without_elevator_count", _l("Units without elevator"), _l("pcs"), default=False),
    number_column("substandard_household_count", _l("Households in substandard flats"),
                  _l("households (unit)"), default=False),
    number_column("built_up_to_2000", _l("Communities built up to 2000"), _l("pcs"), default=False),
    number_column("built_after_2000", _l("Communities built after 2000"), _l("pcs"), default=False),
    amount_column("planned_investment", _l("Planned investment"), _l("10k yuan"), default=False),
    text_column("address", _l("Detailed address"), width=30),
    text_column("original_owners", _l("Original owners")),
    text_column("supervision_unit", _l("Supervising unit"), width=26),
    text_column("supervisor_name", _l("Daily supervisor")),
    Column("supervisor_phone", _l("Supervisor's phone"), ("supervisor_phone",), _phone, _phone,
           group=RESPONSIBILITY, default=False),
)  # fmt: skip

DELETED_COLUMNS = (
    Column("county", _l("County"), ("county_code",), county, county),
    Column("deleted_by", _l("Deleted by"), ("deleted_by",), plain("deleted_by"), plain("deleted_by")),
    Column("deleted_at", _l("Deleted on"), ("deleted_at",), lambda row: local_time(row.deleted_at),
           plain("deleted_at"), "datetime", css="num", sort="deleted_at", width=18),
)  # fmt: skip


def words_clause(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    """``q``: every word stands in the name, its pinyin initials, or begins the code."""
    words = normalise_input(args.get("q", "")[:60].replace("\x00", "")).lower().split()[:4]
    if not words:
        return None
    code = columns.get("code")
    parts = []
    for word in words:
        either = [
            func.lower(columns.name).contains(word, autoescape=True),
            columns.initials.contains(word, autoescape=True),
        ]
        if code is not None and word.isdigit():
            either.append(code.startswith(word, autoescape=True))
        parts.append(or_(*either))
    return and_(*parts)


def _linked(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    wanted = args.get("linked", "")
    if wanted == "yes":
        return columns.community_count > 0
    return columns.community_count == 0 if wanted == "no" else None


def _scheme(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    wanted = args.get("scheme", "")
    if wanted == "submitted":
        return columns.scheme_state.not_in(UNFINISHED)
    wanted = "" if wanted == "none" else wanted or "-"
    return columns.scheme_state == wanted if wanted in UNFINISHED else None


def year_clause(column: str) -> Callable[[Any, Mapping[str, str]], ColumnElement[bool] | None]:
    """``year``: four digits."""

    def clause(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
        year = args.get("year", "")
        return columns[column] == int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None

    return clause


FILTERS = (
    Filter("q", words_clause, _l("Area name")),
    Filter("region", region_clause, _l("Jurisdiction")),
    Filter("linked", _linked, _l("Plan link")),
    Filter("scheme", _scheme, _l("Scheme filled in")),
)


class AreaListing(Listing):
    """A list of areas with its tree's counts."""

    year_column: str

    def unnarrowed(self, state: State) -> bool:
        return not state.conditions

    def year_counts(self, scope: Scope) -> Sequence[Any]:
        """``(county_code, year, number)`` of the scope, answered by an index alone."""
        table: Table = self.table
        year = table.c[self.year_column]
        statement = (
            select(table.c.county_code, year.label("year"), func.count().label("number"))
            .where(table.c.deleted_at.is_(None), scope_clause(scope, table.c.county_code))
            .group_by(table.c.county_code, year)
        )
        return self.execute(statement, execution_options={SCOPE_APPLIED: True}).all()  # type: ignore[no-any-return]

    def counted(self) -> tuple[object, tuple[Sequence[Any], Mapping[str, int], int]]:
        """Rows by county and year, what else the tree counts, and the number of all rows of the actor's scope: read
        anew only after a change there; before them a mark that changes with them."""
        return unchanged(self.key, self._count)

    def _count(self) -> tuple[Sequence[Any], Mapping[str, int], int]:
        scope = current_scope()
        counts = list(quick_rows(self.year_counts(scope)))
        return counts, self.further_counts(scope), sum(row.number for row in counts)

    def further_counts(self, scope: Scope) -> Mapping[str, int]:
        """What else the tree counts, by name. Override."""
        return {}

    def per_county(self, scope: Scope) -> list[tuple[str, int]]:
        if self.recycle:
            return []
        found = Counter[str]()
        for row in self.counted()[1][0]:
            found[row.county_code] += row.number
        return sorted(found.items())

    def row(self, row_id: int, scope: Scope, columns: Sequence[Column]) -> Any:
        """One row as the list shows it, or None."""
        statement = select(*self.needed(columns)).where(
            self.table.c.id == row_id, scope_clause(scope, self.table.c.county_code)
        )
        return self.execute(statement, execution_options={SCOPE_APPLIED: True}).first()


def reads(state: State, *keys: str) -> dict[str, str]:
    """Arguments of the address that the search form passes on unseen."""
    return {key: state.args[key] for key in keys if key in state.args}
