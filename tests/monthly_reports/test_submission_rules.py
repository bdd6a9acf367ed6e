"""R12, R13 and what a report of each stage must show: a row a rule, and that one rule never hides another."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.calendar import Month
from app.monthly_reports.rules import NEEDED_PHOTOS, PROGRESS, required_files
from app.monthly_reports.submission_rules import (
    Circumstances,
    ItemFacts,
    ReportFacts,
    errors,
    findings,
    warnings,
)

MAY = Month.at(2026, 5)
ALL = dict.fromkeys(required_files("completed"), 1)
ITEM = ItemFacts(
    7, 70, "供水管网", "in_progress", "米", planned1=Decimal(100), quantity1=Decimal(10),
    photos={"photo_before": 1, "photo_during": 1, "photo_after": 1},
)  # fmt: skip
REPORT = ReportFacts(MAY, "under_way", dt.date(2026, 4, 10), Decimal(40), Decimal(40), (ITEM,))
BEFORE = replace(REPORT, month=MAY - 1, cumulative=Decimal(30), year=Decimal(30),
                 items=(replace(ITEM, quantity1=Decimal(5)),))  # fmt: skip
AROUND = Circumstances(dt.date(2026, 5, 26), history=(BEFORE,), planned=Decimal(200), files=ALL)


def found(report: Any = None, around: Any = None, **changes: Any) -> set[tuple[str, str, str | None]]:
    """(rule, level, field) of every finding about the usual report with some changes."""
    return {
        (one.rule, one.level, one.field)
        for one in findings(replace(report or REPORT, **changes), around or AROUND)
    }


def item(**changes: Any) -> dict[str, Any]:
    return {"items": (replace(ITEM, **changes),)}


@pytest.mark.req("M1.6.5.2")
def test_the_usual_report_is_without_findings() -> None:
    assert found() == set()


HARD, SOFT = "error", "warning"
M = "M1.6.5.2"
ROWS: list[tuple[dict[str, Any], set[tuple[str, str, str | None]]]] = [
    ({"progress": None}, {(M, HARD, "progress")}),
    ({"cumulative": None}, {(M, HARD, "cumulative_investment")}),
    ({"year": None}, {(M, HARD, "year_investment")}),
    ({"started_on": None}, {(M, HARD, "started_on")}),
    ({"started_on": dt.date(2026, 5, 27)}, {(M, HARD, "started_on"), ("R13", SOFT, "started_on")}),
    ({"started_on": dt.date(1999, 1, 1)}, {(M, HARD, "started_on"), ("R13", SOFT, "started_on")}),
    ({"year": Decimal("40.01")}, {("R12", HARD, "year_investment")}),
    ({"cumulative": Decimal("29.99"), "year": Decimal(29)},
     {("R12", HARD, "cumulative_investment"), ("R12", HARD, "year_investment")}),
    ({"cumulative": Decimal(131)}, {("R13", SOFT, "cumulative_investment")}),
    (item(quantity1=Decimal("4.99")), {("R12", HARD, "quantity1_7")}),
    (item(quantity1=Decimal(101)), {("R13", SOFT, "quantity1_7")}),
    (item(quantity1=None), {(M, HARD, "quantity1_7"), ("R12", HARD, "quantity1_7")}),
    (item(state="finished"), {("R13", SOFT, "quantity1_7")}),
    (item(state="finished", quantity1=Decimal(0)), {(M, HARD, "quantity1_7"), ("R12", HARD, "quantity1_7")}),
    (item(photos={"photo_before": 1}), {(M, HARD, "photo_during_7")}),
    (item(state="not_started"),
     {(M, HARD, "items"), (M, HARD, "quantity1_7"), ("R12", HARD, "state_7")}),
    ({"items": ()}, {(M, HARD, "items"), ("R12", HARD, "items")}),
    ({"progress": "completed"}, {(M, HARD, "items")}),
    ({"progress": "preparing"}, {(M, HARD, "progress"), ("R12", HARD, "progress")}),
    ({"progress": "prepared"}, {("R12", HARD, "progress")}),
    ({"unread": {"cumulative_investment": "x"}, "cumulative": None}, {(M, HARD, "cumulative_investment")}),
    ({"unread": {"quantity1_7": "3m"}, **item(quantity1=None)},
     {(M, HARD, "quantity1_7"), ("R12", HARD, "quantity1_7")}),
]  # fmt: skip


@pytest.mark.req("M1.6.5.2", "R12", "R13")
@pytest.mark.parametrize(("changes", "expected"), ROWS)
def test_one_change_and_what_it_costs(changes: dict[str, Any], expected: set[Any]) -> None:
    assert found(**changes) == expected


@pytest.mark.req("R12")
def test_a_correction_may_fall_but_asks() -> None:
    around = replace(AROUND, is_correction=True)
    lower = {"cumulative": Decimal(20), "year": Decimal(20), **item(quantity1=Decimal(1))}
    assert found(around=around, **lower) == {
        ("R12", SOFT, "cumulative_investment"), ("R12", SOFT, "year_investment"),
        ("R12", SOFT, "quantity1_7"),
    }  # fmt: skip
    assert ("R12", HARD, "year_investment") in found(around=around, year=Decimal(41))


@pytest.mark.req("R12")
def test_the_years_figure_begins_anew() -> None:
    began = dt.date(2025, 4, 10)
    december = replace(BEFORE, month=Month.at(2025, 12), started_on=began)
    january = replace(REPORT, month=Month.at(2026, 1), year=Decimal(10), started_on=began)
    known = replace(AROUND, today=dt.date(2026, 1, 26), history=(december,))
    assert found(january, known) == set()


@pytest.mark.req("R12", "R18")
def test_a_missed_month_stays_below_the_next_one() -> None:
    after = replace(REPORT, month=MAY + 1)
    around = replace(AROUND, following=after)
    assert found(around=around) == set()
    more = {"cumulative": Decimal(41), "year": Decimal(41), **item(quantity1=Decimal(11))}
    assert found(around=around, **more) == {
        ("R12", HARD, "cumulative_investment"), ("R12", HARD, "year_investment"),
        ("R12", HARD, "quantity1_7"),
    }  # fmt: skip


@pytest.mark.req("R13")
def test_thresholds_of_the_profile() -> None:
    assert found(around=replace(AROUND, planned=Decimal(36))) == {("R13", SOFT, "cumulative_investment")}
    assert found(around=replace(AROUND, planned=Decimal(36), over_plan_share=Decimal("0.2"))) == set()
    assert found(around=replace(AROUND, others=Decimal(181))) == {("R13", SOFT, "cumulative_investment")}
    assert found(around=replace(AROUND, planned=Decimal(0))) == set()
    same = replace(REPORT, month=MAY - 1)
    idle = replace(AROUND, history=(same, replace(same, month=MAY - 2)))
    assert found(around=idle) == {("R13", SOFT, "progress")}
    assert found(around=replace(idle, idle_months=3)) == set()
    assert found(around=replace(idle, history=(same, BEFORE))) == set()


@pytest.mark.req("M1.6.5.2", "R14", "R15")
@pytest.mark.parametrize(
    ("progress", "number"), [("preparing", 1), ("prepared", 5), ("under_way", 5), ("completed", 7)]
)
def test_files_of_each_stage(progress: str, number: int) -> None:
    needed = required_files(progress)
    assert len(needed) == number
    missing = {one.field for one in findings(replace(REPORT, progress=progress), replace(AROUND, files={}))}
    assert set(needed) <= missing


FIGURE = st.one_of(st.none(), st.decimals(0, 300, places=2))


@pytest.mark.req("R12", "R13")
@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    progress=st.one_of(st.none(), st.sampled_from(sorted(PROGRESS))), cumulative=FIGURE, year=FIGURE,
    state=st.sampled_from(sorted(NEEDED_PHOTOS)), done=FIGURE, correction=st.booleans(),
)  # fmt: skip
def test_whatever_is_typed_is_judged(
    progress: Any, cumulative: Any, year: Any, state: str, done: Any, correction: bool
) -> None:
    """No input makes the rules stumble; what passes keeps the promises of R12."""
    report = replace(
        REPORT, progress=progress, cumulative=cumulative, year=year, **item(state=state, quantity1=done)
    )
    around = replace(AROUND, is_correction=correction)
    every = findings(report, around)
    assert len(errors(every)) + len(warnings(every)) == len(every)
    if errors(every):
        return
    assert year <= cumulative
    if not correction:
        assert cumulative >= BEFORE.cumulative and (done or 0) >= BEFORE.items[0].quantity1
