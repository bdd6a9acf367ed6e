"""Columns and filters of the community list, as declarations (M1.4, M1.L)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement

from app.communities.models import Community
from app.communities.rules import PLACE_KINDS, PROPERTY_KINDS
from app.extensions import _, _l
from app.kernel.text import mask_phone
from app.regions.cache import current
from app.web.listing import Column, Filter, choice_filter, range_filter, region_clause
from app.web.rows import html, html_all
from app.web.wording import local_time

BASICS = _l("Basic information")
SCALE = _l("Scale and investment")
PLACE = _l("Location and responsibility")


def _plain(key: str) -> Callable[[Any], Any]:
    return attrgetter(key)


def _figure(key: str) -> Callable[[Any], str]:
    read = attrgetter(key)

    def show(row: Any) -> str:
        value = read(row)
        return "" if value is None else f"{value:,}"

    return show


def _decimal(key: str) -> Callable[[Any], str]:
    read = attrgetter(key)

    def show(row: Any) -> str:
        value: Decimal | None = read(row)
        return "" if value is None else f"{value:,.2f}"

    return show


def _year(row: Any) -> Any:
    return _year_text(row.built_year)


def _year_text(year: int | None) -> Any:
    if year is None:
        return ""
    if year > 2000:
        why, word = html(_("Built after 2000: included only where suitable")), html(_("suitable"))
        return Markup(f'{year}<span class="u" title="{why}">{word}</span>')
    return str(year)


# what a field is called, for those that are still empty
_LABELS: dict[str, Any] = {column.name: column.info["label"] for column in Community.__table__.c if "label" in column.info}


def _name(row: Any) -> Any:
    return Markup(_name_cells([row])[0])


def _lacking(missing: str) -> str:
    """The mark of a community that is not complete, with the fields it lacks."""
    words = "、".join(str(_LABELS[key]) for key in missing.split(",") if key in _LABELS)
    return f'<span class="tag tag-warn" title="{html(words)}">{html(_("To complete"))}</span>'


def place_of(row: Any) -> tuple[str, int | None, str]:
    """What holds a community: kind, plan year and name of the area."""
    return row.place_state, row.place_year, row.place_label


def place_text(state: str, year: int | None) -> str:
    """未关联, 储备 or the year of the plan that holds the community."""
    if state == "plan":
        return _("Plan of %(year)s", year=year)
    return _("In reserve") if state == "reserve" else _("Not linked")


def _place(row: Any) -> str:
    return place_text(row.place_state, row.place_year)


def _state(row: Any) -> Any:
    return Markup(_state_html(place_of(row)))


def _state_html(place: tuple[str, int | None, str]) -> str:
    state, year, label = place
    if state == "free":
        return f'<span class="muted">{html(_("Not linked"))}</span>'
    return f'<span class="tag tag-blue" title="{html(label)}">{html(place_text(state, year))}</span>'


def _choice(key: str, labels: Mapping[str, Any]) -> Callable[[Any], str]:
    def show(row: Any) -> str:
        value = getattr(row, key)
        return _(labels[value]) if value in labels else ""

    return show


def _town(row: Any) -> str:
    town = current().town(row.town_code)
    return town.name if town else ""


class Known(dict[Any, str]):
    """HTML of the few values that a column repeats, made when one is first met; ``ready``: it is made as HTML."""

    def __init__(self, make: Callable[[Any], Any], *, ready: bool = False) -> None:
        self._make, self._ready = make, ready

    def __missing__(self, value: Any) -> str:
        made = self._make(value)
        text = self[value] = made if self._ready else html(made)
        return text


def _town_cells(rows: Sequence[Any]) -> list[str]:
    find = current().town
    known = Known(lambda code: town.name if (town := find(code)) else "")
    return [known[row.town_code] for row in rows]


def _county_cells(rows: Sequence[Any]) -> list[str]:
    known = Known(current().name)
    return [known[row.county_code] for row in rows]


def _year_cells(rows: Sequence[Any]) -> list[str]:
    known = Known(_year_text)
    return [known[row.built_year] for row in rows]


def _name_cells(rows: Sequence[Any]) -> list[str]:
    marks = Known(_lacking, ready=True)
    return [
        f'<a href="/communities/show/{row.id}">{name}</a>{"" if row.is_complete else marks[row.missing]}'
        for row, name in zip(rows, html_all([row.name for row in rows]), strict=True)
    ]


def _state_cells(rows: Sequence[Any]) -> list[str]:
    known = Known(_state_html, ready=True)
    return [known[place_of(row)] for row in rows]


def _number_cells(key: str) -> Callable[[Sequence[Any]], list[str]]:
    read = attrgetter(key)
    return lambda rows: ["" if value is None else f"{value:,}" for value in map(read, rows)]


def _decimal_cells(key: str) -> Callable[[Sequence[Any]], list[str]]:
    read = attrgetter(key)
    return lambda rows: ["" if value is None else f"{value:,.2f}" for value in map(read, rows)]


def _city(row: Any) -> str:
    return current().city_name(row.county_code)


def _county(row: Any) -> str:
    return current().name(row.county_code)


def _phone(key: str) -> Callable[[Any], str]:
    return lambda row: mask_phone(getattr(row, key))


def _text(key: str, label: Any, group: Any, *, width: int = 16, default: bool = False, **more: Any) -> Column:
    return Column(key, label, (key,), _plain(key), _plain(key), group=group, width=width, default=default, **more)


def _number(key: str, label: Any, unit: Any, *, default: bool = True) -> Column:
    return Column(
        key, label, (key,), _figure(key), _plain(key), "int", unit, "num", sort=key, default=default, group=SCALE,
        cells=_number_cells(key),
    )


def _amount(key: str, label: Any, unit: Any, decimals: int = 2) -> Column:
    return Column(
        key, label, (key,), _decimal(key), _plain(key), "decimal", unit, "num", sort=key, group=SCALE, decimals=decimals,
        cells=_decimal_cells(key),
    )


COLUMNS: tuple[Column, ...] = (
    Column("city", _l("City"), ("county_code",), _city, _city, group=BASICS, default=False,
           default_above=("province",), css="nowrap"),
    Column("county", _l("County"), ("county_code",), _county, _county, group=BASICS, default=False,
           default_above=("city", "province"), css="nowrap", cells=_county_cells),
    Column("name", _l("Community name"), ("name", "is_complete", "missing"), _name, _plain("name"), css="nm",
           cells=_name_cells, sort="name", group=BASICS, width=28),
    Column("street", _l("Sub-district"), ("town_code",), _town, _town, css="ink2 nowrap", group=BASICS,
           cells=_town_cells),
    Column("built_year", _l("Year built"), ("built_year",), _year, _plain("built_year"), "int", _l("year"), "num",
           cells=_year_cells, sort="built_year", group=BASICS),
    _text("address", _l("Detailed address"), BASICS, width=30),
    _number("building_count", _l("Buildings"), _l("buildings (unit)")),
    _number("household_count", _l("Households"), _l("households (unit)")),
    _amount("floor_area", _l("Floor area"), _l("10k ㎡"), 4),
    _amount("planned_investment", _l("Planned investment"), _l("10k yuan")),
    _number("unit_count", _l("Units"), _l("pcs"), default=False),
    _number("unit_without_elevator_count", _l("Units without elevator"), _l("pcs"), default=False),
    _number("substandard_household_count", _l("Households in substandard flats"), _l("households (unit)"),
            default=False),
    Column("place_kind", _l("City or county town"), ("place_kind",), _choice("place_kind", PLACE_KINDS),
           _choice("place_kind", PLACE_KINDS), group=SCALE, default=False),
    Column("property_kind", _l("Kind of property"), ("property_kind",), _choice("property_kind", PROPERTY_KINDS),
           _choice("property_kind", PROPERTY_KINDS), group=SCALE, default=False),
    _text("lng", _l("Longitude"), PLACE, kind="decimal", css="num", decimals=6),
    _text("lat", _l("Latitude"), PLACE, kind="decimal", css="num", decimals=6),
    _text("supervision_unit", _l("Supervising unit"), PLACE, width=26),
    _text("supervisor_name", _l("Daily supervisor"), PLACE),
    Column("supervisor_phone", _l("Supervisor's phone"), ("supervisor_phone",), _phone("supervisor_phone"),
           _phone("supervisor_phone"), group=PLACE, default=False),
    _text("implementer_unit", _l("Implementing unit"), PLACE, width=26),
    _text("implementer_name", _l("Person in charge"), PLACE),
    Column("implementer_phone", _l("Implementer's phone"), ("implementer_phone",), _phone("implementer_phone"),
           _phone("implementer_phone"), group=PLACE, default=False),
    _text("original_owners", _l("Original owners"), PLACE, width=24),
    _text("intended_contents", _l("Intended contents"), PLACE, width=24),
    Column("state", _l("State"), ("place_state", "place_year", "place_label"), _state, _place, css="nowrap",
           cells=_state_cells,
           group=BASICS),
)  # fmt: skip

BIN_COLUMNS: tuple[Column, ...] = (
    Column("name", _l("Community name"), ("name",), _plain("name"), _plain("name"), css="nm", sort="name", width=28),
    Column("county", _l("County"), ("county_code",), _county, _county),
    Column("street", _l("Sub-district"), ("town_code",), _town, _town),
    _number("building_count", _l("Buildings"), _l("buildings (unit)")),
    _number("household_count", _l("Households"), _l("households (unit)")),
    Column("deleted_by", _l("Deleted by"), ("deleted_by",), _plain("deleted_by"), _plain("deleted_by")),
    Column("deleted_at", _l("Deleted on"), ("deleted_at",), lambda row: local_time(row.deleted_at),
           _plain("deleted_at"), "datetime", css="num", sort="deleted_at", width=18),
)  # fmt: skip


def _todo(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    return columns.is_complete.is_(False) if args.get("todo") == "1" else None


def _town_clause(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    code = args.get("town", "")
    if code == "none":
        return columns.town_code.is_(None)
    return columns.town_code == code if len(code) == 9 and code.isdigit() else None


def _linked(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    wanted = args.get("state", "")
    if wanted == "linked":
        return columns.place_state != "free"
    return columns.place_state == wanted if wanted in ("free", "reserve", "plan") else None


def _plan_year(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
    year = args.get("year", "")
    return columns.place_year == int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None


FILTERS: tuple[Filter, ...] = (
    Filter("region", region_clause, _l("Jurisdiction"), rollup=True),
    Filter("town", _town_clause, _l("Sub-district")),
    Filter("state", _linked, _l("State"), rollup=True),
    Filter("year", _plan_year, _l("Plan year"), rollup=True),
    Filter("todo", _todo, _l("Only those to complete"), rollup=True),
    range_filter("built", "built_year", _l("Year built"), ("county_code", "built_year")),
    range_filter("households", "household_count", _l("Households")),
    choice_filter("place_kind", "place_kind", PLACE_KINDS, _l("City or county town")),
    choice_filter("property_kind", "property_kind", PROPERTY_KINDS, _l("Kind of property")),
)
