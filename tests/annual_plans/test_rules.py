"""Light, due dates, codes, windows, funds and long-term figures, without a database."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.annual_plans.rules import (
    READERS,
    Window,
    code_findings,
    date_findings,
    due_dates,
    fund_findings,
    funds_in_place,
    light,
    long_term_findings,
    make_code,
    start_milestones,
)  # fmt: skip
from app.kernel.text import BadInput

DAY = dt.date
DUE = (DAY(2021, 10, 31), DAY(2022, 12, 31))


@pytest.mark.req("R17", "M1.8.w")
@pytest.mark.parametrize(
    ("state", "today", "colour", "reason"),
    [
        ("not_started", DAY(2021, 1, 1), "green", "303 days to the start deadline"),
        ("not_started", DAY(2021, 8, 1), "green", "91 days to the start deadline"),
        ("not_started", DAY(2021, 8, 2), "yellow", "90 days to the start deadline"),
        ("not_started", DAY(2021, 10, 31), "yellow", "0 days to the start deadline"),
        ("not_started", DAY(2021, 11, 1), "red", "Start overdue by 1 days"),
        ("started", DAY(2021, 11, 1), "green", "425 days to the finish deadline"),
        ("started", DAY(2022, 10, 30), "yellow", "62 days to the finish deadline"),
        ("started", DAY(2023, 1, 1), "red", "Finish overdue by 1 days"),
        ("finished", DAY(2030, 1, 1), "green", "Works finished"),
    ],
)
def test_light_with_its_reason(state: str, today: dt.date, colour: str, reason: str) -> None:
    shown = light(*DUE, state, today)
    assert (shown.colour, str(shown.reason)) == (colour, reason)


@pytest.mark.req("R17")
def test_a_finish_that_is_due_before_the_start() -> None:
    shown = light(DAY(2021, 12, 31), DAY(2021, 6, 30), "not_started", DAY(2021, 7, 1))
    assert (shown.colour, str(shown.reason)) == ("red", "Finish overdue by 1 days")


@pytest.mark.req("R17")
@given(st.dates(DAY(2015, 1, 1), DAY(2030, 1, 1)), st.integers(0, 400), st.integers(1, 365))
def test_days_in_the_reason_are_the_days_left(today: dt.date, ahead: int, warn: int) -> None:
    shown = light(today + dt.timedelta(ahead), today + dt.timedelta(ahead + 700), "not_started", today, warn)
    assert shown.reason.values["days"] == ahead
    assert shown.colour == ("yellow" if ahead <= warn else "green")


@pytest.mark.req("R17", "N1.3")
def test_due_dates_come_from_the_plan_else_from_the_milestones() -> None:
    milestones = {("livelihood", "start_rate"): {"month": 10, "day": 31}}
    look_up = lambda programme, measure: milestones.get((programme, measure))
    found = start_milestones(["livelihood"], look_up)
    assert due_dates(2021, None, None, found, 1) == (DAY(2021, 10, 31), DAY(2022, 12, 31))
    assert due_dates(2021, None, None, start_milestones([], look_up), 0) == (
        DAY(2021, 12, 31),
        DAY(2021, 12, 31),
    )
    assert due_dates(2021, DAY(2021, 5, 1), DAY(2021, 9, 1), found, 1) == (DAY(2021, 5, 1), DAY(2021, 9, 1))


@pytest.mark.req("M1.6.c")
def test_codes() -> None:
    assert make_code("430703", DAY(2021, 7, 19), 807) == "43070320210719807"
    assert not code_findings("43070320210719807")
    for wrong in ("4307032021071980", "43070320211319807", "４3070320210719807", "43070320210719807 ", "abc"):
        assert code_findings(wrong)
    with pytest.raises(ValueError, match="999"):
        make_code("430703", DAY(2021, 7, 19), 1000)


@pytest.mark.req("M1.6.c")
def test_the_window_says_when() -> None:
    window = Window(2026, DAY(2026, 1, 1), DAY(2026, 3, 31))
    assert not window.findings(DAY(2026, 1, 1)) and not window.findings(DAY(2026, 3, 31))
    found = window.findings(DAY(2026, 4, 1))
    assert found[0].field == "year" and found[0].message.values["closes"] == "2026-03-31"
    assert Window(2026, window.opens, window.closes, county_may_add=False).findings(DAY(2026, 2, 1))


@pytest.mark.req("R11")
def test_funds_in_place_are_computed() -> None:
    parts = {"funds_state_budget": Decimal("100.5"), "funds_residents": Decimal("2"), "funds_other": None}
    assert funds_in_place(parts) == Decimal("102.5")
    assert not fund_findings(None, parts) and not fund_findings(Decimal("102.50"), parts)
    assert [f.rule for f in fund_findings(Decimal("103"), parts)] == ["R11"]


@pytest.mark.req("R16", "M1.6.6")
def test_each_part_within_its_whole_and_the_communities() -> None:
    good = {
        "party_organisations": 2,
        "party_organisations_new": 1,
        "property_managed": 2,
        "professionally_managed": 2,
    }
    assert not long_term_findings(good, 2)
    assert {f.field for f in long_term_findings(good, 1)} == {
        "party_organisations", "property_managed", "professionally_managed",
    }  # fmt: skip
    assert {f.field for f in long_term_findings({"owners_committees_new": 1}, 3)} == {"owners_committees_new"}
    assert {f.field for f in long_term_findings({"property_managed": 1, "professionally_managed": 2}, 3)} == {
        "professionally_managed"
    }


@pytest.mark.req("M1.6", "R17")
def test_fields_are_read_strictly() -> None:
    assert READERS["year"]("２０２６") == 2026
    assert READERS["planned_start"]("2026-05-01") == DAY(2026, 5, 1) and READERS["planned_start"]("") is None
    assert READERS["livelihood"]("是") is True and READERS["livelihood"]("") is False
    for field, text in (
        ("year", "1999"),
        ("planned_start", "2026-02-30"),
        ("livelihood", "maybe"),
        ("jobs_created", "-1"),
    ):
        with pytest.raises(BadInput):
            READERS[field](text)
    assert date_findings({"planned_start": DAY(2026, 2, 1), "planned_finish": DAY(2026, 1, 1)})
