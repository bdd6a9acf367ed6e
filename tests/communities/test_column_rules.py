"""Whole columns of an import are judged exactly as the form judges one row, and fast."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.communities.column_rules import check_columns
from app.communities.fields import READERS
from app.communities.rules import Candidate, Context, Thresholds, check
from app.kernel.text import normalise_column, normalise_input, normalised_name, normalised_names

D = Decimal
FIELDS = (
    "county_code", "name", "built_year", "building_count", "household_count", "floor_area",
    "planned_investment", "unit_count", "unit_without_elevator_count", "substandard_household_count",
    "lng", "lat",
)  # fmt: skip
COUNTS = st.one_of(
    st.none(), st.integers(-1, 30), st.integers(1, 9).map(float), st.sampled_from(["3户", "12", True])
)
FIGURES = st.one_of(
    st.none(),
    st.floats(-1, 50),
    st.decimals(0, 20, places=2).map(float),
    st.sampled_from(["1,234.5", "2万元", 0, "0.3"]),
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["430703", "430702"]),
        st.sampled_from(["甲小区", "甲", " 乙院落", "丙", "", None, "长" * 121]),
        st.one_of(st.none(), st.integers(1940, 2010), st.sampled_from(["1995年", "95", 1999.0])),
        COUNTS, COUNTS, FIGURES, FIGURES, COUNTS, COUNTS, COUNTS,
        st.sampled_from([None, 111.68, "111.6803", 29.0]),
        st.sampled_from([None, 29.01, "29.0102"]),
    ),
    max_size=8,
)  # fmt: skip
KNOWN = [
    Candidate(1, "甲宿舍", "甲", 111.6801, 29.0101, 3, 12, D("0.3")),
    Candidate(2, "丁", "丁", None, None, 2, 5, D("1.00")),
    Candidate(3, "戊", "戊", 111.68, 29.01),
]
CONTEXTS = {
    "430703": Context(median_investment=D("1.5"), late_share=D("0.3"), candidates=KNOWN),
    "430702": Context(late_share=None),
}


@pytest.mark.req("M1.4.2", "R01", "R02", "R03", "R04", "R05", "R06")
@settings(max_examples=300, deadline=None)
@given(ROWS)
def test_columns_find_what_the_form_finds(rows: list[tuple[Any, ...]]) -> None:
    limits = Thresholds(late_share_limit=D("0.2"))
    kilometres = [None if i % 3 == 0 else i * 1.5 for i in range(len(rows))]
    result = check_columns(rows, FIELDS, limits, CONTEXTS, outside_km=kilometres)
    for index, row in enumerate(rows):
        context = CONTEXTS[row[0]]
        one = replace(context, outside_km=kilometres[index])
        expected = Counter(check(result.row(index), limits, one))
        found = Counter(result.findings.get(index, []))
        assert not expected - found
        for finding in found - expected:  # only a file has unreadable cells and rows like earlier ones
            unreadable = finding.is_error and result.values[str(finding.field)][index] in (None, "")
            assert unreadable or (finding.rule == "R05" and "row" in finding.message.values)


@pytest.mark.req("M1.4.2", "R02", "R01")
def test_what_cannot_be_read_is_told_at_its_cell() -> None:
    rows = [
        ("水利局宿舍", "1998年", 5, "98户", "0.90万㎡", True),
        ("", "2012", 5.0, 98.0, 0.9, 5.0),
    ]
    fields = ("name", "built_year", "building_count", "household_count", "floor_area", "unit_count")
    result = check_columns(rows, fields)
    told = {
        (row, f.field): (f.rule, f.message.msgid) for row, found in result.findings.items() for f in found
    }
    assert told == {
        (0, "household_count"): ("R02", "Must be a whole number."),
        (0, "floor_area"): ("R02", "Enter the number only, without “%(suffix)s”; the unit is %(unit)s."),
        (0, "unit_count"): ("R02", "Must be a whole number."),
        (1, "name"): ("M1.4.2", "The community's name must not be empty."),
        (1, "built_year"): ("R01", "Built after %(last)s: cannot be included."),
    }
    assert result.bad_rows == {0, 1}
    assert result.warned_rows == set()
    assert result.row(0)["built_year"] == 1998
    assert result.row(1)["floor_area"] == D("0.9000")


@pytest.mark.req("R05", "M1.4.2")
def test_rows_of_one_file_that_are_alike_name_each_other() -> None:
    rows = [
        ("430703", "甲小区", 2, 48, 0.5, 111.68, 29.01),
        ("430703", "甲（宿舍）", 3, 50, 0.6, None, None),
        ("430702", "甲", 9, 99, 0.9, None, None),
        ("430703", "乙", 2, 48, 0.5, None, None),
        ("430703", "丙", 7, 70, 0.7, 111.6801, 29.01),
    ]
    fields = ("county_code", "name", "building_count", "household_count", "floor_area", "lng", "lat")
    result = check_columns(rows, fields, contexts={}, first_row=2)
    told = {row: [str(f.message) for f in found] for row, found in result.findings.items()}
    assert told == {
        1: ["Same name as row 2 of this file: probably a duplicate."],
        3: ["Same buildings, households and area as row 2: probably a duplicate."],
        4: ["10 m from row 2 of this file: probably a duplicate."],
    }
    assert result.warned_rows == {1, 3, 4}


@pytest.mark.req("M1.4.2")
def test_the_real_sheet_of_the_template_has_known_warnings_only(import_rows: list[list[str]]) -> None:
    fields = (None, None, *FIELDS[1:10])
    result = check_columns(import_rows, fields)
    assert result.bad_rows == set()
    assert {f.rule for found in result.findings.values() for f in found} == {"R03", "R04"}
    assert len(result.values["name"]) == 15


def test_nothing_to_import_is_no_error_and_crooked_rows_are() -> None:
    assert check_columns([], FIELDS).findings == {}
    with pytest.raises(ValueError, match="differ"):
        check_columns([("a",)], ("name", "built_year"))
    with pytest.raises(ValueError, match="zip"):
        check_columns([("a", 1999), ("b",)], ("name", "built_year"))


@given(st.lists(st.text(alphabet="恒华小区宿舍住宅（）()院落 aA１！\u200b\t ", max_size=10), max_size=9))
@pytest.mark.req("R05")
def test_a_column_of_names_is_cleaned_as_one_name_is(names: list[str]) -> None:
    clean = list(normalise_column(names))
    assert clean == [normalise_input(name) for name in names]
    assert normalised_names(clean) == [normalised_name(name) for name in clean]


@pytest.mark.req("R04", "M1.4.2")
@pytest.mark.parametrize(
    ("area", "money", "fields"),
    [
        (3.0, 300.0, []), (3.0001, 300.0, ["floor_area"]), (0.15, 300.0, []), (0.1499, 300.0, ["floor_area"]),
        (1.0, 480.0, []), (1.0, 480.01, ["planned_investment"]),
        (1.0, 120.0, []), (1.0, 119.99, ["planned_investment"]),
    ],
)  # fmt: skip
def test_the_edges_of_the_usual_ranges_are_exact(area: float, money: float, fields: list[str]) -> None:
    columns = ("household_count", "floor_area", "planned_investment")
    result = check_columns([(100, area, money)], columns, contexts=Context(median_investment=D(3)))
    assert [f.field for f in result.findings.get(0, [])] == fields


def _many_rows(count: int) -> list[tuple[Any, ...]]:
    dice = random.Random(44)
    rows = []
    for i in range(count):
        homes, buildings = dice.randint(20, 900), dice.randint(1, 30)
        units = buildings + dice.randint(0, 40)
        year = dice.randint(1960, 2000) if dice.random() < 0.9 else dice.randint(2001, 2008)
        area = round(homes * dice.uniform(40, 150) / 10_000, 2)
        rows.append((
            "430703", f"恒华路{i}号（{dice.choice('东南')}）小区", float(year),
            float(buildings), float(homes), area, float(homes * 3),
            float(units), float(units - dice.randint(0, 3)), 0.0, None, None,
        ))  # fmt: skip
    return rows


@pytest.mark.req("M1.4.2")
def test_a_cell_that_occurs_often_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: Counter[Any] = Counter()
    reader = READERS["built_year"]

    def counting(raw: Any) -> Any:
        read[raw] += 1
        return reader(raw)

    monkeypatch.setitem(READERS, "built_year", counting)
    rows = _many_rows(2000)
    result = check_columns(rows, FIELDS, contexts=CONTEXTS)
    assert set(read.values()) == {1}
    assert result.values["built_year"] == [int(row[2]) for row in rows]


@pytest.mark.req("M1.4.2")
def test_twenty_thousand_rows_are_checked_at_once() -> None:
    rows = _many_rows(20_000)
    result = check_columns(rows, FIELDS, contexts=CONTEXTS)
    assert {f.rule for found in result.findings.values() for f in found} >= {"R01", "R04"}
