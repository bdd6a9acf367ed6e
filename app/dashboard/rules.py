"""Arithmetic of the home page: rates, bars, the line of a year (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.kernel.calendar import Month

PROGRAMMES = ("central_budget", "provincial_pilot", "livelihood", "special_bond")
SOURCES = ("funds_state_budget", "funds_residents", "funds_social", "funds_other")
_TENTH = Decimal("0.1")


def share(part: Any, whole: Any) -> Decimal | None:
    """Per cent with one decimal; None where there is no whole.

    >>> share(3, 12), share(1, 0)
    (Decimal('25.0'), None)
    """
    if not whole:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(_TENTH, ROUND_HALF_UP)


def add_up(rows: Iterable[Mapping[str, Any]], keys: Iterable[str]) -> dict[str, Any]:
    """Sums of several rows; what a row lacks or has as None counts nothing."""
    total: dict[str, Any] = dict.fromkeys(keys, 0)
    for row in rows:
        for key in total:
            total[key] += row[key] or 0
    return total


def year_shown(years: Iterable[int], asked: int | None, today: dt.date) -> int:
    """The plan year of the boards: the one asked for (0: all), else the newest that has begun, else the newest."""
    known = sorted(set(years))
    if asked == 0 or asked in known:
        return int(asked or 0)
    begun = [year for year in known if year <= today.year]
    return begun[-1] if begun else known[0] if known else today.year


@dataclass(frozen=True)
class Piece:
    """A part of a stacked bar: its key, where it begins and how wide it is, in per cent."""

    key: str
    start: float
    width: float


def stacked(parts: Sequence[tuple[str, Any]], whole: Any) -> list[Piece]:
    """Parts of a whole side by side; a whole smaller than its parts is taken as their sum."""
    total = max(Decimal(whole or 0), sum((Decimal(value or 0) for _key, value in parts), Decimal(0)))
    pieces, start = [], 0.0
    for key, value in parts:
        width = float(Decimal(value or 0) * 100 / total) if total else 0.0
        pieces.append(Piece(key, round(start, 2), round(width, 2)))
        start += width
    return pieces


@dataclass(frozen=True)
class Line:
    """A line of twelve months drawn into a box: points of the line, the area below it, marks of the scale."""

    points: str
    area: str
    marks: tuple[tuple[float, Decimal], ...]
    dots: tuple[tuple[float, float, str, Decimal], ...]


def line_of(values: Sequence[tuple[Month, Decimal]], width: int, height: int) -> Line:
    """The line of values (月, 万元) in a box of so many pixels, from zero to a round number above the greatest."""
    top = _round_up(max((value for _month, value in values), default=Decimal(0)))
    step = width / max(1, len(values) - 1)
    spots = [
        (round(number * step, 1), round(height - float(value / top) * height, 1), str(month), value)
        for number, (month, value) in enumerate(values)
    ]
    points = " ".join(f"{x},{y}" for x, y, _month, _value in spots)
    area = f"0,{height} {points} {spots[-1][0]},{height}" if spots else ""
    marks = tuple((round(height - height * part / 4, 1), top * part / 4) for part in range(5))
    return Line(points, area, marks, tuple(spots))


def _round_up(value: Decimal) -> Decimal:
    """1, 2, 4 or 8 times a power of ten, at least as great as the value; four marks of it are round, too."""
    if value <= 0:
        return Decimal(4)
    power = Decimal(10) ** (value.adjusted() - 1)
    for factor in (10, 20, 40, 80, 100):
        if power * factor >= value:
            return power * factor
    return power * 200


def carried_on(
    months: Sequence[Month], rows: Iterable[tuple[int, dt.date, Decimal]]
) -> list[tuple[Month, Decimal]]:
    """Month → sum over projects of the latest cumulative figure up to it; rows are (project, month, figure)."""
    by_project: dict[int, list[tuple[dt.date, Decimal]]] = {}
    for project, reported, figure in rows:
        by_project.setdefault(project, []).append((reported, figure))
    result = []
    for month in months:
        total = Decimal(0)
        for history in by_project.values():
            upto = [figure for when, figure in sorted(history) if when <= month.first]
            total += upto[-1] if upto else 0
        result.append((month, total))
    return result


def band(rate: Decimal | None) -> int:
    """Shade of a region by its rate: 0 nothing known, 1 to 4."""
    if rate is None:
        return 0
    return 1 + sum(rate >= limit for limit in (40, 70, 95))
