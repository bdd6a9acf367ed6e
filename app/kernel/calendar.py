"""The clock, months and working days of mainland China, and the windows of the month report (R18).

Holidays and make-up days come from ``chinese_calendar`` where its data reach; beyond that weekends alone
count. The console's holiday table overrides both and is passed in as ``{date: is it a working day?}``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, overload
from zoneinfo import ZoneInfo

import chinese_calendar  # type: ignore[import-untyped]

from app.kernel.errors import msg
from app.kernel.text import BadInput, fold_width

TZ = ZoneInfo("Asia/Shanghai")
Overrides = Mapping[dt.date, bool]
_NO_OVERRIDES: Overrides = {}


def _system_clock() -> dt.datetime:
    return dt.datetime.now(TZ)


_clock: ContextVar[Callable[[], dt.datetime]] = ContextVar("portal_clock", default=_system_clock)


def clock() -> Callable[[], dt.datetime]:
    """The clock in force in this context."""
    return _clock.get()


@contextmanager
def use_clock(source: Callable[[], dt.datetime] | dt.datetime) -> Iterator[None]:
    """Run a block by another clock: a function, or a moment at which time stands still (tests, past
    figures)."""
    token = _clock.set((lambda: source) if isinstance(source, dt.datetime) else source)
    try:
        yield
    finally:
        _clock.reset(token)


def now() -> dt.datetime:
    """This moment, aware, in Asia/Shanghai. A naive clock is a mistake and raises ValueError."""
    moment = _clock.get()()
    if moment.tzinfo is None:
        raise ValueError("the clock must give aware times")
    return moment.astimezone(TZ)


def today() -> dt.date:
    """The date in China."""
    return now().date()


_MONTH_RE = re.compile(r"(\d{4})(?:-|/|\.|年)(\d{1,2})月?\Z", re.ASCII)


@dataclass(frozen=True, order=True)
class Month:
    """A month as the value the database holds: its first day."""

    first: dt.date

    def __post_init__(self) -> None:
        if self.first.day != 1 or isinstance(self.first, dt.datetime):
            raise ValueError("a month is the date of its first day")

    @classmethod
    def of(cls, day: dt.date) -> Month:
        """The month that a date or time lies in."""
        return cls(dt.date(day.year, day.month, 1))

    @classmethod
    def at(cls, year: int, month: int) -> Month:
        return cls(dt.date(year, month, 1))

    @classmethod
    def current(cls) -> Month:
        return cls.of(today())

    @classmethod
    def parse(cls, text: str) -> Month:
        """From ``2026-11``, ``2026-11-01``, ``2026年11月``; raises `BadInput`."""
        plain = fold_width(text or "").replace(" ", "").removesuffix("-01" if text.count("-") == 2 else "\0")
        found = _MONTH_RE.match(plain)
        if found is None or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1900:
            raise BadInput(msg("Must be a month, such as 2026-11."))
        return cls.at(int(found[1]), int(found[2]))

    @property
    def year(self) -> int:
        return self.first.year

    @property
    def month(self) -> int:
        return self.first.month

    @property
    def last(self) -> dt.date:
        """The month's last day."""
        return (self + 1).first - dt.timedelta(days=1)

    def day(self, number: int) -> dt.date:
        return self.first.replace(day=number)

    def __add__(self, months: int) -> Month:
        index = self.first.year * 12 + self.first.month - 1 + months
        return Month.at(index // 12, index % 12 + 1)

    @overload
    def __sub__(self, other: Month) -> int: ...
    @overload
    def __sub__(self, other: int) -> Month: ...
    def __sub__(self, other: Month | int) -> Month | int:
        """Months between two months, or the month so many earlier."""
        if isinstance(other, Month):
            return (self.year - other.year) * 12 + self.month - other.month
        return self + -other

    def __contains__(self, day: dt.date) -> bool:
        return (day.year, day.month) == (self.year, self.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def months_between(first: Month, last: Month) -> Iterator[Month]:
    """Every month from ``first`` to ``last``, both included."""
    for offset in range(last - first + 1):
        yield first + offset


# --- working days ----------------------------------------


@lru_cache(maxsize=4096)
def _is_official_working_day(day: dt.date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # years without an official notice yet
        return day.weekday() < 5


def has_official_calendar(day: dt.date) -> bool:
    """Whether holidays of this day are known officially; where not, only weekends and overrides count."""
    try:
        chinese_calendar.is_workday(day)
    except NotImplementedError:
        return False
    return True


def is_working_day(day: dt.date, overrides: Overrides = _NO_OVERRIDES) -> bool:
    """Whether people work on this day: the override if there is one, else the official calendar, else
    Mon–Fri."""
    known = overrides.get(day)
    return _is_official_working_day(day) if known is None else known


def next_working_day(day: dt.date, overrides: Overrides = _NO_OVERRIDES) -> dt.date:
    """The day itself when people work on it, else the first working day after it."""
    for _ in range(366):
        if is_working_day(day, overrides):
            return day
        day += dt.timedelta(days=1)
    raise ValueError("a whole year without a working day: the holiday table is wrong")


def add_working_days(day: dt.date, count: int, overrides: Overrides = _NO_OVERRIDES) -> dt.date:
    """The ``count``-th working day after ``day`` (before it when negative); 0 gives ``day`` itself."""
    step = dt.timedelta(days=1 if count > 0 else -1)
    left, idle = abs(count), 0
    while left:
        day += step
        worked = is_working_day(day, overrides)
        left -= worked
        idle = 0 if worked else idle + 1
        if idle > 366:
            raise ValueError("a whole year without a working day: the holiday table is wrong")
    return day


def working_days_between(start: dt.date, end: dt.date, overrides: Overrides = _NO_OVERRIDES) -> int:
    """Working days in ``start <= day < end``; 0 when ``end`` is not after ``start``."""
    return sum(
        is_working_day(start + dt.timedelta(days=offset), overrides) for offset in range((end - start).days)
    )


# --- month report (R18) ----------------------------------

WindowState = Literal["not_open", "open", "due_today", "late"]


@dataclass(frozen=True)
class ReportWindow:
    """When the report of ``month`` may be filled (``opens``), is ``due`` and is ranked (``ranking``)."""

    month: Month
    opens: dt.date
    due: dt.date
    ranking: dt.date

    def state(self, day: dt.date) -> WindowState:
        """``not_open``, ``open``, ``due_today``, ``late`` (still fillable)."""
        if day < self.opens:
            return "not_open"
        if day < self.due:
            return "open"
        return "due_today" if day == self.due else "late"

    def fillable(self, day: dt.date) -> bool:
        """From the day it opens; fill-in and correction stay possible afterwards and are marked late."""
        return day >= self.opens

    def days_left(self, day: dt.date) -> int:
        """Days until due; negative when late by so many."""
        return (self.due - day).days


def report_window(
    month: Month, open_day: int, due_day: int, ranking_day: int = 2, overrides: Overrides = _NO_OVERRIDES
) -> ReportWindow:
    """R18: fillable from the profile's day of M, due on its day of M+1, ranked on its day or the next working
    day (N3.3r)."""
    following = month + 1
    ranking = next_working_day(following.day(ranking_day), overrides)
    return ReportWindow(month, month.day(open_day), following.day(due_day), ranking)


def report_month(day: dt.date, open_day: int) -> Month:
    """The latest month whose report may be filled on ``day``: this one from the profile's day on, else the
    last."""
    month = Month.of(day)
    return month if day.day >= open_day else month - 1
