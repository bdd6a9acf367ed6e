"""Sums of an area and its fields, without a database."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.areas.rules import area_sums, built_findings, incomplete_findings, read_texts, sum_findings


def community(number: int, **values: Any) -> dict[str, Any]:
    return {
        "id": number, "name": f"小区{number}", "building_count": 2, "household_count": 36, "unit_count": 4,
        "unit_without_elevator_count": 4, "substandard_household_count": 0, "built_year": 1990,
        "floor_area": Decimal("0.25"), "planned_investment": Decimal("80.5"), **values,
    }  # fmt: skip


@pytest.mark.req("R07", "M1.6.3")
def test_sums_are_those_of_the_communities() -> None:
    sums = area_sums(
        [community(2, built_year=2001), community(1, floor_area=Decimal("0.1"), unit_count=None)]
    )
    assert sums == {
        "community_count": 2, "building_count": 4, "household_count": 72, "unit_count": 4,
        "unit_without_elevator_count": 8, "substandard_household_count": 0, "built_up_to_2000": 1,
        "built_after_2000": 1, "earliest_built_year": 1990, "floor_area": Decimal("0.35"),
        "planned_investment": Decimal("161.0"), "community_names": "小区1;小区2",
    }  # fmt: skip


@pytest.mark.req("R07")
def test_no_communities_no_sums() -> None:
    sums = area_sums([])
    assert (
        sums["community_count"] == 0 and sums["earliest_built_year"] is None and sums["community_names"] == ""
    )


@pytest.mark.req("R07")
def test_a_kept_sum_that_differs_is_named() -> None:
    rows = [community(1)]
    kept = {**area_sums(rows), "household_count": 37}
    found = sum_findings(kept, rows)
    assert [(f.rule, f.field, f.level) for f in found] == [("R07", "household_count", "error")]
    assert not sum_findings(area_sums(rows), rows)


@pytest.mark.req("R07")
def test_an_unknown_built_year_is_in_neither_part() -> None:
    sums = area_sums([community(1), community(2, built_year=None)])
    assert (sums["built_up_to_2000"], sums["built_after_2000"]) == (1, 0)
    assert [f.rule for f in built_findings(sums)] == ["R07"]
    assert not built_findings(area_sums([community(1), community(2, built_year=2003)]))


@pytest.mark.req("R10")
def test_incomplete_communities_are_named() -> None:
    found = incomplete_findings([community(1)])
    assert found and found[0].message.values["name"] == "小区1"


@pytest.mark.req("M1.6.3", "M1.5.1")
def test_typed_texts_are_cleaned_and_bounded() -> None:
    values, found = read_texts(
        {"name": " 测试  储备项目 ", "supervisor_phone": "１３８００００００００", "other": "x"}
    )
    assert values == {"name": "测试 储备项目", "supervisor_phone": "13800000000"} and not found
    _values, found = read_texts({"name": "", "address": "长" * 201, "supervisor_phone": "12"})
    assert {f.field for f in found} == {"name", "address", "supervisor_phone"}
