"""Exact decimals as people type and read them: money in 万元 with 2 decimals, area in 万㎡ with 4 (never
floats)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from app.kernel.errors import N_, Message, msg
from app.kernel.text import BadInput, fold_width, normalise_input

MONEY_PLACES = 2
AREA_PLACES = 4
MONEY_UNIT = N_("10,000 yuan")
AREA_UNIT = N_("10,000 m²")
MAX_MONEY = Decimal("99999999.99")
MAX_AREA = Decimal("99999.9999")
CENT = Decimal("0.01")
SQUARE_METRE = Decimal("0.0001")
_BEYOND = Decimal(10) ** 15

_NUMBER_RE = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?\Z|[+-]?\.\d+\Z", re.ASCII)
_WITH_SUFFIX_RE = re.compile(r"[+-]?[\d,]*\.?\d+ ?(?P<suffix>[^\d\s.,+-][^\d]{0,9})\Z|[¥$€]\d", re.ASCII)


def parse_decimal(
    raw: Any,
    places: int,
    *,
    unit: str = "",
    minimum: Decimal | int | None = 0,
    maximum: Decimal | None = None,
) -> Decimal | None:
    """An exact decimal with ``places`` decimals from typed text or a cell; empty gives ``None``.

    Full-width digits and well-formed thousands separators are accepted. A unit behind the number, too many
    decimals (nothing is rounded silently), an exponent, NaN and anything out of range raise `BadInput`;
    ``unit`` is the msgid named in the sentence.
    """
    if raw is None:
        return None
    if type(raw) is float and minimum == 0 and maximum is not None and 0 <= raw <= maximum:
        # most cells of an import: a float that is exactly what is written with these decimals
        written = f"{raw:.{places}f}"
        if float(written) == raw:
            return Decimal(written) + 0
    number = _from_text(raw, unit) if isinstance(raw, str) else _from_cell(raw)
    if number is None:
        return None
    if abs(number) >= _BEYOND:
        raise BadInput(msg("Must be a number."))
    if minimum is not None and number < minimum:
        raise BadInput(msg("Must not be less than %(least)s.", least=minimum))
    if maximum is not None and number > maximum:
        raise BadInput(msg("Must not be more than %(most)s.", most=maximum))
    exact = number.quantize(Decimal(1).scaleb(-places))
    if exact != number:
        raise BadInput(msg("At most %(places)s decimals.", places=places))
    return exact + 0  # no negative zero


def _from_text(raw: str, unit: str) -> Decimal | None:
    text = normalise_input(fold_width(raw))
    if not text:
        return None
    if len(text) <= 40 and _NUMBER_RE.match(text):
        return Decimal(text.replace(",", ""))
    suffixed = _WITH_SUFFIX_RE.match(text)
    if suffixed and unit:
        raise BadInput(
            msg(
                "Enter the number only, without “%(suffix)s”; the unit is %(unit)s.",
                suffix=suffixed["suffix"] or text[0],
                unit=Message(unit),
            )
        )
    raise BadInput(msg("Must be a number."))


def _from_cell(raw: Any) -> Decimal:
    """A spreadsheet number. Binary noise of a float (1.6099999999999999) is taken off at 12 significant
    digits."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float, Decimal)):
        raise BadInput(msg("Must be a number."))
    number = Decimal(f"{raw:.12g}") if isinstance(raw, float) else Decimal(raw)
    if not number.is_finite():
        raise BadInput(msg("Must be a number."))
    return number


def plain_decimals(cells: Iterable[Any], places: int, maximum: Decimal) -> dict[Any, Decimal]:
    """Value of every cell that is text of nothing but digits, with at most ``places`` decimals and no more digits
    before them than ``maximum`` has: what `parse_decimal` says of them, in a sixth of the time. The others are
    not in the answer. ``maximum`` must be all nines.

    >>> plain_decimals(["75", "1.5", "1.505", "８", None], 2, MAX_MONEY)
    {'75': Decimal('75.00'), '1.5': Decimal('1.50')}
    """
    plain, step = _plain_number(places, maximum.adjusted() + 1), Decimal(1).scaleb(-places)
    return {cell: Decimal(cell).quantize(step) for cell in cells if type(cell) is str and plain(cell)}


@lru_cache
def _plain_number(places: int, digits: int) -> Any:
    return re.compile(rf"\d{{1,{digits}}}(?:\.\d{{1,{places}}})?\Z", re.ASCII).match


def parse_money(raw: Any) -> Decimal | None:
    """Money in 万元, 0 to 99,999,999.99; raises `BadInput`."""
    return parse_decimal(raw, MONEY_PLACES, unit=MONEY_UNIT, maximum=MAX_MONEY)


def parse_area(raw: Any) -> Decimal | None:
    """Floor area in 万㎡, 0 to 99,999.9999; raises `BadInput`. That it is above 0 is rule R02's business."""
    return parse_decimal(raw, AREA_PLACES, unit=AREA_UNIT, maximum=MAX_AREA)


def to_money(value: Decimal | int | str) -> Decimal:
    """A calculated amount rounded half up to 2 decimals (万元). Floats raise TypeError."""
    return _rounded(value, CENT)


def to_area(value: Decimal | int | str) -> Decimal:
    """A calculated area rounded half up to 4 decimals (万㎡). Floats raise TypeError."""
    return _rounded(value, SQUARE_METRE)


def _rounded(value: Decimal | int | str, step: Decimal) -> Decimal:
    if isinstance(value, float):
        raise TypeError("exact decimals only")
    return Decimal(value).quantize(step, rounding=ROUND_HALF_UP)


def format_decimal(value: Decimal | int | None, places: int, *, grouping: bool = True) -> str:
    """``1234.5`` → ``1,234.50``; None gives ``""``. Rounds half up for showing only."""
    if value is None:
        return ""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP) + 0
    return f"{rounded:,.{places}f}" if grouping else f"{rounded:.{places}f}"


def format_money(value: Decimal | int | None, *, grouping: bool = True) -> str:
    """Money in 万元 with 2 decimals."""
    return format_decimal(value, MONEY_PLACES, grouping=grouping)


def format_area(value: Decimal | int | None, places: int = AREA_PLACES, *, grouping: bool = True) -> str:
    """Area in 万㎡: 4 decimals in forms and dossiers, 2 in lists."""
    return format_decimal(value, places, grouping=grouping)


def format_short(value: Decimal) -> str:
    """A quotient for a sentence with about three significant digits: ``344``, ``89.5``, ``3.00`` by size."""
    size = abs(value)
    return format_decimal(value, 0 if size >= 100 else 1 if size >= 10 else 2)
