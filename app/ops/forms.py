"""Forms of the console: they read and word what was typed; whether it is right is for the services to say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.audit.listing import county_choices
from app.extensions import _l, db
from app.ops.base import ConsoleForm
from app.regions.cache import current
from app.regions.models import CodeTable

READ_ONLY = {"readonly": True}


def stripped(value: Any) -> Any:
    """Text without blanks at its ends."""
    return value.strip() if isinstance(value, str) else value


def text(label: Any, most: int, *, required: bool = True, **more: Any) -> StringField:
    """A text field of at most ``most`` characters."""
    checks: list[Any] = [InputRequired() if required else Optional(), Length(max=most)]
    return StringField(label, checks, filters=[stripped], **more)


class LivePick(SelectField):
    """A select whose choices are read for each request."""

    def __init__(self, label: Any, choices: Any, *, empty: bool = False, **more: Any) -> None:
        def live() -> list[SelectChoice]:
            return [SelectChoice(*pair) for pair in ([("", ""), *choices()] if empty else choices())]

        super().__init__(
            label, choices=live, filters=[lambda value: value or None] if empty else [], **more
        )


def department_kinds() -> list[tuple[str, str]]:
    return current().code_choices("department_kind")


def all_zones() -> list[tuple[str, str]]:
    """Every functional zone as ``(code, path)``."""
    regions = current()
    return [(r.code, regions.path(r.code)) for r in regions.regions.values() if r.is_zone]


def plain_counties() -> list[tuple[str, str]]:
    regions = current()
    return [(r.code, regions.path(r.code)) for r in regions.counties()]


def code_tables() -> list[tuple[str, str]]:
    """Code tables that take new entries."""
    rows = db.session.query(CodeTable).filter(CodeTable.fixed.is_(False)).order_by(CodeTable.key)
    return [(table.key, table.name) for table in rows]


class CodeItemForm(ConsoleForm):
    """An entry of a code table; its table and code never change once it exists."""

    code = text(_l("Code"), 40, render_kw=READ_ONLY)
    label = text(_l("Code label"), 60)
    order = IntegerField(_l("Order"), [InputRequired(), NumberRange(0, 9999)], default=0)
    active = BooleanField(_l("In use"), default=True)


class CodeItemNewForm(CodeItemForm):
    """A new entry."""

    table_key = LivePick(_l("Code table"), code_tables)
    code = text(
        _l("Code"), 40, description=_l("Small letters, digits and underscores; cannot be changed later.")
    )


class RegionForm(ConsoleForm):
    """Names, points and use of a region; its code and place in the tree stay."""

    name = text(_l("Region"), 40)
    short_name = text(_l("Short name"), 20)
    pinyin = text(_l("Pinyin"), 80, required=False)
    initials = text(_l("Pinyin initials"), 24, required=False)
    label_lng = DecimalField(
        _l("Label longitude"), [Optional(), NumberRange(Decimal(73), Decimal(136))], places=6
    )
    label_lat = DecimalField(
        _l("Label latitude"), [Optional(), NumberRange(Decimal(3), Decimal(54))], places=6
    )
    seat_lng = DecimalField(
        _l("Seat longitude"), [Optional(), NumberRange(Decimal(73), Decimal(136))], places=6
    )
    seat_lat = DecimalField(
        _l("Seat latitude"), [Optional(), NumberRange(Decimal(3), Decimal(54))], places=6
    )
    active = BooleanField(_l("In use"))


class ZoneForm(ConsoleForm):
    """A functional zone of a county; its code is given by the program."""

    parent_code = LivePick(_l("County"), plain_counties)
    name = text(_l("Region"), 40)
    short_name = text(_l("Short name"), 20)


class TownForm(ConsoleForm):
    """Name of a town and the functional zone it lies in."""

    name = text(_l("Town"), 40)
    zone_code = LivePick(_l("Functional zone"), all_zones, empty=True)


class AliasForm(ConsoleForm):
    """A withdrawn code and its successor."""

    old_code = text(_l("Withdrawn code"), 6)
    code = LivePick(_l("Region"), county_choices)
    note = text(_l("Note"), 100, required=False)


class AliasEditForm(AliasForm):
    """As above, the withdrawn code shown only."""

    old_code = text(_l("Withdrawn code"), 6, render_kw=READ_ONLY)


class DepartmentForm(ConsoleForm):
    """A department of a region."""

    name = text(_l("Department"), 80)
    region_code = LivePick(_l("Region"), county_choices)
    kind = LivePick(_l("Kind of department"), department_kinds)
    active = BooleanField(_l("In use"), default=True)


class HolidayForm(ConsoleForm):
    """A day off the built-in calendar."""

    date = DateField(_l("Date"), [InputRequired()])
    is_working = BooleanField(
        _l("Working day"), description=_l("Ticked: people work on this day. Not ticked: a day off.")
    )
    note = text(_l("Note"), 60, required=False)


class HolidayEditForm(HolidayForm):
    """As above, the day shown only."""

    date = DateField(_l("Date"), [InputRequired()], render_kw=READ_ONLY)


class Hidden(HiddenField):
    """A hidden whole number (the version of a row)."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text_value = valuelist[0] if valuelist else ""
        self.data = (
            int(text_value)
            if text_value.isascii() and text_value.isdigit() and len(text_value) < 10
            else 0
        )
