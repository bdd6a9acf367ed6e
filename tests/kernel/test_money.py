"""Exact decimals from typed text and spreadsheet cells."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import Message
from app.kernel.money import (
    MAX_AREA,
    MAX_MONEY,
    MONEY_UNIT,
    format_area,
    format_money,
    format_short,
    parse_area,
    parse_decimal,
    parse_money,
    plain_decimals,
    to_area,
    to_money,
)
from app.kernel.text import BadInput


@pytest.mark.req("M1.4.1", "M1.4.2")
@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (None, None),
        ("　", None),
        ("2,594.00", "2594.00"),
        ("２５９４．５", "2594.50"),
        ("1，234", "1234.00"),
        (225, "225.00"),
        (1.6099999999999999, "1.61"),
        ("-0", "0.00"),
        (".5", "0.50"),
    ],
)
def test_money_is_read_exactly(raw: object, value: str | None) -> None:
    number = parse_money(raw)
    assert number == (None if value is None else Decimal(value))
    assert str(number) == str(value)


@pytest.mark.req("M1.4.2")
def test_a_unit_behind_the_number_is_refused_by_name() -> None:
    with pytest.raises(BadInput) as caught:
        parse_money("225万元")
    assert caught.value.message.values == {"suffix": "万元", "unit": Message(MONEY_UNIT)}
    with pytest.raises(BadInput, match="without “¥”"):
        parse_money("¥225")


@pytest.mark.req("M1.4.2")
@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("12.345", "At most 2"),
        (12.345, "At most 2"),
        ("1,23", "Must be a number"),
        ("1e5", "Must be a number"),
        ("abc", "Must be a number"),
        ("1.2.3", "Must be a number"),
        (True, "Must be a number"),
        (float("nan"), "Must be a number"),
        (float("inf"), "Must be a number"),
        ("9" * 39, "Must be a number"),
        ("-1", "less than 0"),
        ("100000000", "more than 99999999.99"),
    ],
)
def test_nothing_is_guessed_or_rounded_silently(raw: object, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        parse_money(raw)


@pytest.mark.req("M1.4.1")
def test_area_has_four_decimals() -> None:
    assert str(parse_area("1.324")) == "1.3240"
    with pytest.raises(BadInput, match="At most 4"):
        parse_area("1.32401")


@given(st.decimals(0, MAX_MONEY, places=2))
def test_what_is_shown_can_be_typed_again(value: Decimal) -> None:
    assert parse_money(format_money(value)) == value
    assert parse_money(format_money(value, grouping=False)) == value


@given(st.one_of(st.text(), st.floats(), st.integers()))
def test_any_input_is_a_decimal_or_a_sentence(raw: object) -> None:
    try:
        number = parse_decimal(raw, 2, minimum=None)
    except BadInput as bad:
        assert str(bad)
    else:
        assert number is None or number == number.quantize(Decimal("0.01"))


def test_calculated_figures_round_half_up_and_never_come_from_floats() -> None:
    assert (to_money("0.005"), to_area("0.00005")) == (Decimal("0.01"), Decimal("0.0001"))
    with pytest.raises(TypeError):
        to_money(0.5)  # type: ignore[arg-type]


def test_figures_are_shown_with_their_decimals() -> None:
    assert (format_money(Decimal("2594")), format_money(None)) == ("2,594.00", "")
    assert (format_area(Decimal("1.324")), format_area(Decimal("1.324"), 2)) == ("1.3240", "1.32")
    quotients = ("343.75", "89.46", "3", "10.588")
    assert [format_short(Decimal(x)) for x in quotients] == ["344", "89.5", "3.00", "10.6"]


@given(st.lists(st.one_of(st.from_regex(r"\A[+-]?\d{0,9}[.,]?\d{0,5}\n?\Z"), st.text(max_size=6), st.none())))
def test_plain_amounts_are_read_all_at_once_as_one_by_one(cells: list[str | None]) -> None:
    for places, most, read in ((2, MAX_MONEY, parse_money), (4, MAX_AREA, parse_area)):
        for cell, value in plain_decimals(cells, places, most).items():
            assert str(value) == str(read(cell))


def test_what_most_cells_hold_is_plain() -> None:
    cells = ["0", "75", "1.5", "00.10", "99999999.99"]
    assert list(plain_decimals([*cells, "1.505", "999999999", "１", "1,000", "", None, 1.5], 2, MAX_MONEY)) == cells
