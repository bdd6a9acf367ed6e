"""Fields of a community: what may be chosen, the form's groups, what is required, how typed text is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.money import (
    AREA_PLACES,
    MAX_AREA,
    MAX_MONEY,
    MONEY_PLACES,
    parse_area,
    parse_decimal,
    parse_money,
    plain_decimals,
)
from app.kernel.text import BadInput, as_finding, normalise_input, parse_int, parse_phone, parse_year

Values = Mapping[str, Any]
"""Column name → parsed value of one community."""

PLACE_KINDS: dict[str, str] = {
    "city": N_("City (built-up area)"),
    "county_town": N_("County town (seat)"),
}
PROPERTY_KINDS: dict[str, str] = {
    "commodity": N_("Commodity housing"),
    "reform": N_("Housing-reform housing"),
    "public": N_("Public housing (managed by the state or by its unit)"),
    "affordable": N_("Affordable and other subsidised housing"),
    "collective": N_("Housing built with pooled funds"),
    "other": N_("Other"),
}
PLACE_KIND_WORDS: dict[str, str] = {
    "城市": "city", "建成区": "city", "县城": "county_town", "城关镇": "county_town",
}  # fmt: skip
PROPERTY_KIND_WORDS: dict[str, str] = {
    "商品房": "commodity", "房改房": "reform", "公房": "public", "直管公房": "public", "自管公房": "public",
    "经济适用房": "affordable", "保障小区": "affordable", "经济适用房等保障小区": "affordable",
    "集资房": "collective", "其他": "other",
}  # fmt: skip

GROUP_LABELS: dict[str, str] = {
    "basic": N_("Basic information"),
    "location": N_("Location"),
    "scale": N_("Scale and investment"),
    "responsibility": N_("Responsibility"),
}
FIELDS: dict[str, tuple[str, ...]] = {
    "basic": (
        "county_code", "name", "built_year", "place_kind", "property_kind",
        "original_owners", "intended_contents",
    ),
    "location": ("town_code", "address", "lng", "lat"),
    "scale": (
        "building_count", "household_count", "floor_area", "planned_investment", "unit_count",
        "unit_without_elevator_count", "substandard_household_count",
    ),
    "responsibility": (
        "supervision_unit", "supervisor_name", "supervisor_phone",
        "implementer_unit", "implementer_name", "implementer_phone",
    ),
}  # fmt: skip
OPTIONAL = frozenset({
    "town_code", "original_owners", "intended_contents",
    "implementer_unit", "implementer_name", "implementer_phone",
})  # fmt: skip
REQUIRED: tuple[str, ...] = tuple(f for group in FIELDS.values() for f in group if f not in OPTIONAL)
LONGEST: dict[str, int] = {
    "name": 120,
    "address": 200,
    "supervision_unit": 120,
    "supervisor_name": 40,
    "implementer_unit": 120,
    "implementer_name": 40,
    "original_owners": 400,
}
LEAST: dict[str, int] = {
    "building_count": 1,
    "household_count": 1,
    "unit_count": 0,
    "unit_without_elevator_count": 0,
    "substandard_household_count": 0,
}
WITHIN: tuple[tuple[str, str, str], ...] = (
    ("unit_without_elevator_count", "unit_count", N_("Must not exceed %(most)s, the number of units.")),
    (
        "substandard_household_count",
        "household_count",
        N_("Must not exceed %(most)s, the number of households."),
    ),
)


def missing_fields(values: Values) -> list[str]:
    """Required fields that are still empty, in the order of the form; the row is 待完善 unless this is
    empty."""
    return [field for field in REQUIRED if _is_empty(values.get(field))]


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def completeness_findings(values: Values) -> list[Finding]:
    """One hard finding (M1.4.1) for every required field that is still empty."""
    return [Finding("M1.4.1", "error", field, msg("Required.")) for field in missing_fields(values)]


def read_choice(raw: Any, words: Mapping[str, str]) -> str | None:
    """The code of a choice given by its code or Chinese word (``城市（建成区）`` → ``city``); empty gives
    None.

    Raises `BadInput` for any other word.
    """
    text = normalise_input(raw)
    if not text:
        return None
    if text in words.values():
        return text
    plain = text.replace("（", "(").replace(" ", "")
    code = words.get(plain) or words.get(plain.partition("(")[0])
    if code is None:
        raise BadInput(msg("Not one of the choices."))
    return code


def _read_positive_area(raw: Any) -> Decimal | None:
    area = parse_area(raw)
    if area is not None and area <= 0:
        raise BadInput(msg("Must be greater than 0."))
    return area


def plain_amounts(field: str, cells: Iterable[Any]) -> dict[Any, Decimal]:
    """What the reader of an amount gives for the cells of plain digits, all at once; `READERS` reads the others."""
    if field == "planned_investment":
        return plain_decimals(cells, MONEY_PLACES, MAX_MONEY)
    areas = plain_decimals(cells, AREA_PLACES, MAX_AREA)
    return {cell: area for cell, area in areas.items() if area}


def _read_degrees(raw: Any) -> Decimal | None:
    """Degrees with 6 decimals (0.1 m); what a GPS gives beyond that is rounded off."""
    degrees = parse_decimal(raw, 12, minimum=-180, maximum=Decimal(180))
    return None if degrees is None else degrees.quantize(Decimal("0.000001"))


def _int_reader(least: int) -> Callable[[Any], int | None]:
    return lambda raw: parse_int(raw, minimum=least)


READERS: dict[str, Callable[[Any], Any]] = {
    **{field: _int_reader(least) for field, least in LEAST.items()},
    "built_year": parse_year,
    "lng": _read_degrees,
    "lat": _read_degrees,
    "floor_area": _read_positive_area,
    "planned_investment": parse_money,
    "place_kind": lambda raw: read_choice(raw, PLACE_KIND_WORDS),
    "property_kind": lambda raw: read_choice(raw, PROPERTY_KIND_WORDS),
    "supervisor_phone": parse_phone,
    "implementer_phone": parse_phone,
}
"""How a typed text or a cell becomes the value of a field; raises `BadInput`. Fields not named here are plain
text."""


TYPED: tuple[str, ...] = tuple(key for group in FIELDS.values() for key in group if key != "county_code")
"""What a person types; the county is the actor's own."""


def read_values(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """Typed texts → values by column name, and a hard finding (M1.4.1) beside every text that cannot be read.

    Fields that ``raw`` lacks stay out of the values; what is empty or unreadable is None (numbers, choices)
    or ``""`` (texts).
    """
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    for field in TYPED:
        if field not in raw:
            continue
        reader = READERS.get(field)
        try:
            values[field] = reader(raw[field]) if reader else normalise_input(raw[field])
        except BadInput as bad:
            values[field] = None
            findings.append(as_finding(bad, field, "M1.4.1"))
    return values, findings


def stored_warnings(findings: Sequence[Finding]) -> str:
    """Confirmed soft findings as the column ``confirmed_warnings`` keeps them, for whoever reviews a row."""
    rows = [
        {"rule": f.rule, "field": f.field, "msgid": f.message.msgid,
         "values": {key: str(value) for key, value in f.message.values.items()}}
        for f in findings if f.level == "warning"
    ]  # fmt: skip
    return _encode(rows) if rows else ""


_encode = json.JSONEncoder(ensure_ascii=False).encode


def read_warnings(stored: str) -> list[Finding]:
    """The findings that were confirmed with a row."""
    return [
        Finding(row["rule"], "warning", row["field"], _message(row))
        for row in (json.loads(stored) if stored else [])
    ]


def _message(row: Mapping[str, Any]) -> Message:
    text: str = row["msgid"]
    return Message(text, row["values"])
