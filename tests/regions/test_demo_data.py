"""The demo world obeys the hard rules, is complete but for the 待完善 rows, and names nobody real."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal

import pytest

from app.regions.seed import read_rows

COMMUNITIES = read_rows("demo/communities.csv")
FREE = {
    "street",
    "implementer_unit",
    "implementer_name",
    "implementer_phone",
    "original_owners",
    "intended_contents",
}


def test_counts_and_unique_names() -> None:
    by_county = Counter(row["county_code"] for row in COMMUNITIES)
    assert (by_county["430703"], by_county["430722"], by_county["430702"], by_county["520525"]) == (
        76,
        40,
        30,
        30,
    )
    assert len({(row["county_code"], row["name"]) for row in COMMUNITIES}) == len(COMMUNITIES)


@pytest.mark.req("R01", "R02")
@pytest.mark.parametrize("row", COMMUNITIES, ids=lambda row: f"{row['county_code']}-{row['name']}")
def test_hard_rules_hold(row: dict[str, str]) -> None:
    buildings, units, households = (int(row[f"{n}_count"]) for n in ("building", "unit", "household"))
    assert buildings >= 1 and households >= 1 and Decimal(row["floor_area"]) > 0
    assert 0 <= int(row["unit_without_elevator_count"]) <= units
    assert 0 <= int(row["substandard_household_count"]) <= households
    assert 1949 <= int(row["built_year"]) <= (2005 if row["county_code"].startswith("43") else 2000)
    assert Decimal(row["planned_investment"]) >= 0


def test_about_a_tenth_is_incomplete() -> None:
    incomplete = [row["name"] for row in COMMUNITIES if any(row[k] is None for k in row.keys() - FREE)]
    assert 0.06 <= len(incomplete) / len(COMMUNITIES) <= 0.14


def test_regions_and_towns_are_known() -> None:
    towns = {(row["county_code"], row["name"]) for row in read_rows("towns.csv")}
    assert {(r["county_code"], r["street"]) for r in COMMUNITIES if r["street"]} <= towns


def test_ledger_and_reserve_name_existing_communities() -> None:
    known = {(row["county_code"], row["name"]) for row in COMMUNITIES}
    codes = set()
    for row in (*read_rows("demo/ledger.csv"), *read_rows("demo/reserve.csv")):
        assert {(row["county_code"], name) for name in row["community_names"].split(";")} <= known
        if "code" in row:
            assert re.fullmatch(r"\d{17}", row["code"]) and row["code"] not in codes
            codes.add(row["code"])


def test_walk_through_import_is_mostly_new() -> None:
    known = {row["name"] for row in COMMUNITIES if row["county_code"] == "430703"}
    names = [row["小区名称"] for row in read_rows("demo/import-dingcheng.csv")]
    assert {name for name in names if name in known} == {"接待处宿舍", "郭家铺安置小区"}


def test_twenty_communities_of_the_nayong_plan_have_411_households() -> None:
    plan = next(row for row in read_rows("demo/ledger.csv") if row["county_code"] == "520525")
    names = set(plan["community_names"].split(";"))
    rows = [r for r in COMMUNITIES if r["county_code"] == "520525" and r["name"] in names]
    assert len(rows) == 20 and sum(int(r["household_count"]) for r in rows) == 411


def test_people_are_invented() -> None:
    for row in COMMUNITIES:
        for who in ("supervisor", "implementer"):
            assert row[f"{who}_name"] is None or re.fullmatch(r"[一-龥]某", row[f"{who}_name"])
            assert row[f"{who}_phone"] is None or re.fullmatch(r"138000000\d\d", row[f"{who}_phone"])
