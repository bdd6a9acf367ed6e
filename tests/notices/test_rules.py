"""On which days what is reminded of (R18)."""

from __future__ import annotations

import datetime as dt

import pytest

from app.kernel.calendar import Month
from app.notices import rules

pytestmark = pytest.mark.req("N3.3l", "R18")


def kinds(day: str) -> list[tuple[str, str]]:
    return [(one.kind, str(one.month)) for one in rules.report_reminders(dt.date.fromisoformat(day), 25, 1)]


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2026-06-23", []),
        ("2026-06-24", [("report_overdue", "2026-05")]),
        ("2026-06-25", [("report_fill", "2026-06")]),
        ("2026-06-26", []),
        ("2026-07-01", [("report_due", "2026-06")]),
        ("2026-07-02", [("report_overdue", "2026-06")]),
        ("2026-07-03", []),
        ("2026-07-09", [("report_overdue", "2026-06")]),
        # 25 July is a Saturday: the Monday after
        ("2026-07-25", []),
        ("2026-07-27", [("report_fill", "2026-07")]),
        # 1 August is a Saturday: the last working day before, and the first one after
        ("2026-07-31", [("report_due", "2026-07")]),
        ("2026-08-01", []),
        ("2026-08-03", [("report_overdue", "2026-07")]),
    ],
)
def test_days_of_reminders(day: str, found: list[tuple[str, str]]) -> None:
    assert kinds(day) == found


def test_every_month_is_reminded_of_once_before_it_is_due() -> None:
    first, seen = dt.date(2026, 1, 1), []
    for offset in range(365):
        day = first + dt.timedelta(days=offset)
        seen += [one for one in rules.report_reminders(day, 25, 1) if one.kind != "report_overdue"]
    for number in range(1, 12):
        mine = [one.kind for one in seen if one.month == Month.at(2026, number)]
        assert mine == ["report_fill", "report_due"], number


def test_holidays_of_the_console_count() -> None:
    day = dt.date(2026, 6, 25)
    assert not list(rules.report_reminders(day, 25, 1, {day: False}))
    (moved,) = rules.report_reminders(day + dt.timedelta(days=1), 25, 1, {day: False})
    assert moved.kind == "report_fill"


@pytest.mark.parametrize(
    ("day", "is_first"), [("2026-06-22", True), ("2026-06-23", False), ("2026-06-20", False), ("2026-10-08", True)]
)
def test_the_first_working_day_of_a_week(day: str, is_first: bool) -> None:
    assert rules.weekly(dt.date.fromisoformat(day)) is is_first


def test_every_kind_reads_as_a_sentence() -> None:
    places = dict.fromkeys(("plan", "month", "due", "number", "soon", "late", "reason"), "7")
    for kind in rules.KINDS:
        assert "7" in str(rules.sentence(kind, places))
    assert str(rules.sentence("gone", {})) == ""
