"""Arithmetic of the home page."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from app.dashboard import rules
from app.kernel.calendar import Month

pytestmark = pytest.mark.req("M1.2")
TODAY = dt.date(2026, 11, 20)


@pytest.mark.parametrize(
    ("years", "asked", "shown"),
    [([2019, 2021], None, 2021), ([2019, 2027], None, 2019), ([2028], None, 2028), ([], None, 2026),
     ([2019, 2021], 2019, 2019), ([2019, 2021], 1990, 2021), ([2019], 0, 0)],
)  # fmt: skip
def test_the_year_shown(years: list[int], asked: int | None, shown: int) -> None:
    assert rules.year_shown(years, asked, TODAY) == shown


def test_parts_of_a_bar_never_leave_it() -> None:
    pieces = rules.stacked([("q1", Decimal(30)), ("q2", Decimal(90))], Decimal(100))
    assert [(piece.start, piece.width) for piece in pieces] == [(0.0, 25.0), (25.0, 75.0)]
    assert rules.stacked([("q1", None)], None)[0].width == 0


def test_a_month_without_report_keeps_the_last_figure() -> None:
    months = [Month.at(2026, number) for number in (1, 2, 3)]
    rows = [(1, dt.date(2025, 11, 1), Decimal(5)), (1, dt.date(2026, 2, 1), Decimal(9)),
            (2, dt.date(2026, 3, 1), Decimal(1))]  # fmt: skip
    assert [value for _month, value in rules.carried_on(months, rows)] == [5, 9, 10]


def test_the_line_stays_in_its_box() -> None:
    values = [(Month.at(2026, number), Decimal(number * 37)) for number in range(1, 13)]
    line = rules.line_of(values, 600, 150)
    assert all(0 <= x <= 600 and 0 <= y <= 150 for x, y, _month, _value in line.dots)
    assert line.marks[-1][1] >= Decimal(12 * 37) and line.marks[-1][0] == 0
    assert rules.line_of([], 600, 150).points == ""


@pytest.mark.parametrize(
    ("rate", "shade"), [(None, 0), ("0", 1), ("39.9", 1), ("40", 2), ("70", 3), ("94.9", 3), ("95", 4), ("100", 4)]
)
def test_shades(rate: str | None, shade: int) -> None:
    assert rules.band(None if rate is None else Decimal(rate)) == shade
