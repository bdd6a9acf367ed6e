"""The clock, months, working days and the month report's dates."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.calendar import (
    TZ,
    Month,
    add_working_days,
    has_official_calendar,
    is_working_day,
    months_between,
    next_working_day,
    now,
    report_month,
    report_window,
    today,
    use_clock,
    working_days_between,
)
from app.kernel.text import BadInput

DAYS = st.dates(dt.date(2004, 1, 1), dt.date(2030, 12, 31))


def test_the_day_turns_at_midnight_in_china() -> None:
    with use_clock(dt.datetime(2026, 6, 30, 16, 30, tzinfo=dt.UTC)):
        assert today() == dt.date(2026, 7, 1)
        assert now().tzinfo is TZ
        assert Month.current() == Month.at(2026, 7)
    assert abs(now() - dt.datetime.now(TZ)) < dt.timedelta(minutes=1)


def test_a_naive_clock_is_a_mistake() -> None:
    with use_clock(lambda: dt.datetime(2026, 1, 1)), pytest.raises(ValueError, match="aware"):
        now()


@given(DAYS, st.integers(-100, 100))
def test_months_count_like_numbers(day: dt.date, count: int) -> None:
    month = Month.of(day)
    assert (month + count) - month == count
    assert (month + count) - count == month
    assert day in month
    assert month.last + dt.timedelta(days=1) == (month + 1).first


@pytest.mark.parametrize("text", ["2026-11", "2026-11-01", "2026年11月", "2026.11", "２０２６／１１"])
def test_months_are_read(text: str) -> None:
    assert Month.parse(text) == Month.at(2026, 11)
    assert str(Month.parse(text)) == "2026-11"


@pytest.mark.parametrize("text", ["", "2026-13", "2026", "x", "2026-11-02", "0000-01"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="month"):
        Month.parse(text)


def test_a_month_is_its_first_day_and_ranges_hold_both_ends() -> None:
    with pytest.raises(ValueError, match="first day"):
        Month(dt.date(2026, 1, 2))
    across = months_between(Month.at(2025, 12), Month.at(2026, 2))
    assert [str(m) for m in across] == ["2025-12", "2026-01", "2026-02"]
    assert list(months_between(Month.at(2026, 2), Month.at(2026, 1))) == []


@pytest.mark.req("N3.3r")
def test_holidays_and_make_up_days_are_the_official_ones() -> None:
    assert not is_working_day(dt.date(2026, 10, 2))
    assert is_working_day(dt.date(2026, 10, 10))  # a Saturday, made up
    assert is_working_day(dt.date(2026, 10, 2), {dt.date(2026, 10, 2): True})
    assert not is_working_day(dt.date(2026, 11, 20), {dt.date(2026, 11, 20): False})


@pytest.mark.req("N3.3r")
def test_beyond_the_official_calendar_weekends_and_overrides_count() -> None:
    assert not has_official_calendar(dt.date(2031, 1, 1))
    assert has_official_calendar(dt.date(2026, 1, 1))
    assert is_working_day(dt.date(2031, 1, 1))  # a Wednesday without notice
    assert not is_working_day(dt.date(2031, 1, 4))
    assert next_working_day(dt.date(2031, 1, 1), {dt.date(2031, 1, 1): False}) == dt.date(2031, 1, 2)


@pytest.mark.req("N3.3r")
@given(DAYS, st.integers(-40, 40))
def test_working_days_add_up(day: dt.date, count: int) -> None:
    reached = add_working_days(day, count)
    if count > 0:
        assert is_working_day(reached)
        assert working_days_between(day + dt.timedelta(days=1), reached + dt.timedelta(days=1)) == count
    elif count < 0:
        assert is_working_day(reached)
        assert working_days_between(reached, day) == -count
    else:
        assert reached == day


@pytest.mark.req("N3.3r")
def test_a_holiday_table_without_working_days_is_an_error_not_a_hang() -> None:
    start = dt.date(2026, 1, 1)
    never = {start + dt.timedelta(days=i): False for i in range(800)}
    with pytest.raises(ValueError, match="holiday table"):
        next_working_day(start, never)
    with pytest.raises(ValueError, match="holiday table"):
        add_working_days(start, 1, never)


@pytest.mark.req("R18", "N3.3r")
@pytest.mark.parametrize(
    ("month", "ranking"),
    [
        (Month.at(2026, 9), dt.date(2026, 10, 8)),  # National Day
        (Month.at(2026, 10), dt.date(2026, 11, 2)),
        (Month.at(2026, 4), dt.date(2026, 5, 6)),  # Labour Day
        (Month.at(2026, 12), dt.date(2027, 1, 4)),  # a Saturday, no official calendar yet
    ],
)
def test_the_ranking_comes_on_the_second_or_the_next_working_day(month: Month, ranking: dt.date) -> None:
    assert report_window(month, 25, 1).ranking == ranking


@pytest.mark.req("R18", "N3.3l")
def test_the_window_of_a_month_report() -> None:
    window = report_window(Month.at(2026, 11), 25, 1)
    assert (window.opens, window.due) == (dt.date(2026, 11, 25), dt.date(2026, 12, 1))
    states = [window.state(dt.date(2026, m, d)) for m, d in ((11, 24), (11, 25), (11, 30), (12, 1), (12, 2))]
    assert states == ["not_open", "open", "open", "due_today", "late"]
    assert not window.fillable(dt.date(2026, 11, 24))
    assert window.fillable(dt.date(2027, 11, 24))
    assert window.days_left(dt.date(2026, 12, 3)) == -2


@pytest.mark.req("R18")
def test_the_month_to_report_changes_on_the_day_of_the_profile() -> None:
    assert report_month(dt.date(2026, 11, 24), 25) == Month.at(2026, 10)
    assert report_month(dt.date(2026, 11, 25), 25) == Month.at(2026, 11)
    assert report_month(dt.date(2026, 1, 1), 25) == Month.at(2025, 12)
    assert report_month(dt.date(2026, 11, 20), 20) == Month.at(2026, 11)


@pytest.mark.req("N3.3r")
def test_an_override_moves_the_ranking() -> None:
    assert report_window(Month.at(2026, 10), 25, 1, 2, {dt.date(2026, 11, 2): False}).ranking == dt.date(2026, 11, 3)
