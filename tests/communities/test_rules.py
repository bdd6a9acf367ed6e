"""R01–R06 over one community's values, and what is required and may be chosen."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.communities import rules
from app.communities.fields import PLACE_KIND_WORDS, PROPERTY_KIND_WORDS
from app.communities.rules import Candidate, Context, Thresholds, check, missing_fields
from app.kernel.text import BadInput, normalised_name

D = Decimal
GOOD: dict[str, Any] = {
    "county_code": "430703", "name": "恒华茗苑西院", "built_year": 1998, "place_kind": "city",
    "property_kind": "reform", "address": "临沅路456号", "lng": D("111.683204"), "lat": D("29.013572"),
    "building_count": 6, "household_count": 148, "floor_area": D("1.3240"), "planned_investment": D("444.00"),
    "unit_count": 14, "unit_without_elevator_count": 14, "substandard_household_count": 0,
    "supervision_unit": "住房保障服务中心", "supervisor_name": "陈某", "supervisor_phone": "13800000000",
}  # fmt: skip


def seen(
    values: dict[str, Any], context: Context = rules.NOTHING_KNOWN, **limits: Any
) -> list[tuple[str, str, str]]:
    found = check(GOOD | values, Thresholds(**limits), context)
    return [(f.rule, f.level, f"{f.field}: {f.message}") for f in found]


@pytest.mark.req("M1.4.1")
def test_a_good_community_has_no_finding_and_nothing_missing() -> None:
    inside = Context(median_investment=D(3), late_share=D("0.1"), outside_km=0.0)
    assert check(GOOD, context=inside) == []
    assert missing_fields(GOOD) == []


@pytest.mark.req("M1.4.1", "M1.4.2")
def test_every_required_field_is_missed_when_empty() -> None:
    for field in rules.REQUIRED:
        assert missing_fields(GOOD | {field: None}) == [field]
        found = rules.completeness_findings(GOOD | {field: " "})
        assert [(f.rule, f.level, f.field) for f in found] == [("M1.4.1", "error", field)]
    assert missing_fields({}) == list(rules.REQUIRED)
    assert not rules.OPTIONAL & set(rules.REQUIRED)
    assert missing_fields(GOOD | {"substandard_household_count": 0, "planned_investment": D(0)}) == []


@given(st.lists(st.sampled_from(rules.REQUIRED), unique=True))
@pytest.mark.req("M1.4.2")
def test_empty_values_are_no_rules_business(fields: list[str]) -> None:
    assert check(GOOD | dict.fromkeys(fields)) == []


@pytest.mark.req("R01")
@pytest.mark.parametrize(
    ("year", "level"),
    [
        (1948, "warning"), (1949, None), (2000, None), (2001, "warning"), (2005, "warning"), (2006, "error"),
    ],
)  # fmt: skip
def test_built_year(year: int, level: str | None) -> None:
    assert [f[1] for f in seen({"built_year": year})] == ([level] if level else [])


@pytest.mark.req("R01")
def test_the_countys_share_is_shown_against_the_limit() -> None:
    known = Context(late_share=D("0.2345"))
    assert [f[1] for f in seen({"built_year": 2003}, known)] == ["warning", "info"]
    above = seen({"built_year": 2003}, known, late_share_limit=D("0.2"))
    assert [f[1] for f in above] == ["warning", "warning"]
    assert above[1][2].endswith("23.5% of the county's households, limit 20.0%.")
    assert seen({"built_year": 2003}, known, late_share_limit=D("0.2345"))[1][1] == "info"
    assert seen({"built_year": 1999}, known) == []


@pytest.mark.req("R01")
def test_the_share_counts_households_of_the_late_years_only() -> None:
    rows = [(1999, 60), (2001, 30), (2005, 10), (2006, 100), (None, 9), (2002, None)]
    assert rules.late_share(rows) == D("0.2")
    assert rules.late_share([]) is None


@pytest.mark.req("R02")
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"unit_without_elevator_count": 16}, "unit_without_elevator_count"),
        ({"substandard_household_count": 149}, "substandard_household_count"),
        ({"floor_area": D(0)}, "floor_area"),
        ({"planned_investment": D("-1")}, "planned_investment"),
        ({"building_count": 0}, "building_count"),
        ({"household_count": 0, "substandard_household_count": None}, "household_count"),
        ({"unit_count": 14.5}, "unit_count"),
        ({"substandard_household_count": -1}, "substandard_household_count"),
    ],
)
def test_counts_are_refused_at_their_field(values: dict[str, Any], field: str) -> None:
    errors = [(f.rule, f.field) for f in check(GOOD | values) if f.is_error]
    assert errors == [("R02", field)]


@pytest.mark.req("R02")
def test_the_whole_is_named() -> None:
    text = seen({"unit_without_elevator_count": 16})[0][2]
    assert text == "unit_without_elevator_count: Must not exceed 14, the number of units."


@pytest.mark.req("R03")
def test_fewer_units_than_buildings_is_a_warning() -> None:
    found = seen({"building_count": 22, "unit_count": 10, "unit_without_elevator_count": 10})
    assert found == [("R03", "warning", "unit_count: Fewer than the 22 buildings.")]
    assert seen({"building_count": 14}) == []


@pytest.mark.req("R04")
@pytest.mark.parametrize(
    ("area", "households", "text"),
    [
        ("5.50", 160, "344 m² per household: large."),
        ("0.10", 160, "6.25 m² per household: small."),
        ("0.24", 160, None),
        ("4.80", 160, None),
    ],
)
def test_area_per_household(area: str, households: int, text: str | None) -> None:
    found = seen({"floor_area": D(area), "household_count": households})
    assert found == ([("R04", "warning", f"floor_area: {text}")] if text else [])


@pytest.mark.req("R04")
def test_investment_per_household_against_the_median() -> None:
    median = Context(median_investment=D(3))
    high = seen({"planned_investment": D("2594"), "household_count": 245, "floor_area": D("1.7")}, median)
    assert high[0][2] == "planned_investment: 10.6 (10,000 yuan) per household, 253% above the median."
    assert "60% below" not in str(seen({"planned_investment": D("177.60")}, median))
    assert "below the median" in seen({"planned_investment": D("177.59")}, median)[0][2]
    assert seen({"planned_investment": D("710.40")}, median) == []
    assert len(seen({"planned_investment": D("710.41")}, median)) == 1
    assert seen({"planned_investment": D("9999")}) == []


@pytest.mark.req("R04")
def test_median_leaves_out_what_cannot_be_told() -> None:
    rows = [(D(100), 50), (D(300), 100), (D(400), 100), (None, 5), (D(5), None), (D(0), 10)]
    assert rules.median_investment(rows) == D(3)
    assert rules.median_investment([]) is None


@pytest.mark.req("R04")
def test_a_county_that_estimates_by_household_is_recognised() -> None:
    by_household = [(D(3) * h, h) for h in (75, 48, 150, 280)]
    assert rules.investment_multiple(by_household) == D(3)
    assert rules.investment_multiple([*by_household, (None, 9), (D(0), 4)]) == D(3)
    assert rules.investment_multiple([*by_household, (D("216"), 130)]) is None
    assert rules.investment_multiple(by_household[:2]) is None
    assert rules.investment_multiple([(D(30), 10)] * 5) is None
    third = [(round(D(10) * h / 3, 2), h) for h in (7, 11, 13, 17)]
    assert rules.investment_multiple(third) is not None


@given(
    st.decimals(D("0.01"), 20, places=2), st.lists(st.integers(1, 999), min_size=3, max_size=9, unique=True)
)
@pytest.mark.req("R04")
def test_any_multiple_is_found_again(factor: D, households: list[int]) -> None:
    found = rules.investment_multiple([(factor * h, h) for h in households])
    assert found is not None
    assert all(abs(found * h - factor * h) <= D("0.01") for h in households)


def near(name: str, metres: float = 0.0, **values: Any) -> Candidate:
    lat = float(GOOD["lat"]) + metres / 111_195
    return Candidate(7, name, normalised_name(name), float(GOOD["lng"]), lat, **values)


@pytest.mark.req("R05")
@pytest.mark.parametrize(
    ("other", "text"),
    [
        (near("恒华茗苑住宅楼", 28), "Like “恒华茗苑住宅楼” in name, 28 m away: probably a duplicate."),
        (near("司法局院落", 49), "49 m from “司法局院落”: probably a duplicate."),
        (near("司法局院落", 51), None),
        (near("恒华 茗苑西院（小区）", 900), "Same name as “恒华 茗苑西院（小区）”: probably a duplicate."),
        (
            Candidate(7, "甲", "甲", None, None, 6, 148, D("1.324")),
            "Same buildings, households and area as “甲”: probably a duplicate.",
        ),
        (Candidate(7, "甲", "甲", None, None, 6, 148, None), None),
    ],
)
def test_duplicates_by_name_place_and_figures(other: Candidate, text: str | None) -> None:
    found = seen({}, Context(candidates=[other]))
    assert found == ([("R05", "warning", f"name: {text}")] if text else [])


@pytest.mark.req("R05")
def test_a_community_is_not_its_own_duplicate_and_five_are_enough() -> None:
    assert seen({"id": 7}, Context(candidates=[near(GOOD["name"])])) == []
    many = [near(f"某处{i}", 40 - i) for i in range(9)] + [near(GOOD["name"], 45)]
    found = seen({}, Context(candidates=many))
    assert len(found) == 5
    assert found[0][2].startswith("name: Same name")
    assert "32 m" in found[1][2]


@pytest.mark.req("R06", "M1.4.1g")
@pytest.mark.parametrize(
    ("km", "level"), [(None, None), (0.0, None), (0.4, "warning"), (2.0, "warning"), (2.01, "error")]
)
def test_points_outside_the_county(km: float | None, level: str | None) -> None:
    found = seen({}, Context(outside_km=km))
    assert [f[:2] for f in found] == ([("R06", level)] if level else [])


@pytest.mark.req("R06", "M1.4.1g")
def test_coordinates_that_are_swapped_or_abroad_are_refused() -> None:
    swapped = seen({"lng": D("29.01"), "lat": D("111.68")})
    assert swapped == [("R06", "error", "lng: Longitude and latitude are swapped.")]
    assert seen({"lng": D(0), "lat": D(0)}) == [("R06", "error", "lng: The point is not in China.")]


@pytest.mark.req("M1.4.1")
def test_choices_and_phones() -> None:
    found = check(GOOD | {"place_kind": "village", "property_kind": "x", "implementer_phone": "12"})
    assert [(f.level, f.field) for f in found] == [
        ("error", "place_kind"), ("error", "property_kind"), ("error", "implementer_phone"),
    ]  # fmt: skip
    assert [(f.field, str(f.message)) for f in check(GOOD | {"name": "名" * 121})] == [
        ("name", "At most 120 characters."),
    ]  # fmt: skip
    assert check(GOOD | {"address": "址" * 200}) == []
    assert set(PLACE_KIND_WORDS.values()) == set(rules.PLACE_KINDS)
    assert set(PROPERTY_KIND_WORDS.values()) == set(rules.PROPERTY_KINDS)
    assert rules.read_choice("城市（建成区）", PLACE_KIND_WORDS) == "city"
    assert rules.read_choice("公房（直管/自管）", PROPERTY_KIND_WORDS) == "public"
    assert rules.read_choice(" ", PROPERTY_KIND_WORDS) is None
    with pytest.raises(BadInput):
        rules.read_choice("乡下", PLACE_KIND_WORDS)
