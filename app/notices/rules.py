"""Kinds of notices, and on which days what is reminded of (R18, N3.3l). Pure Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.kernel.calendar import (
    Month,
    Overrides,
    add_working_days,
    is_working_day,
    next_working_day,
    working_days_between,
)
from app.kernel.errors import N_, Message


@dataclass(frozen=True)
class Kind:
    """A kind of notice: its word, its sentence, its icon; ``task``: somebody has to do something;
    ``urgent``: also by SMS where the province wants it."""

    label: str
    text: str
    icon: str
    task: bool = True
    urgent: bool = False


KINDS: dict[str, Kind] = {
    "report_returned": Kind(
        N_("Report returned (notice)"), N_("“%(plan)s”: the report of %(month)s was returned: %(reason)s"),
        "arrow-back-up", urgent=True,
    ),
    "report_waiting": Kind(
        N_("Report to review (notice)"), N_("“%(plan)s”: the report of %(month)s waits for review."), "file-check"
    ),
    "report_approved": Kind(
        N_("Report approved (notice)"), N_("“%(plan)s”: the report of %(month)s was approved."), "circle-check",
        task=False,
    ),
    "report_fill": Kind(
        N_("Reports open (notice)"),
        N_("The reports of %(month)s can be filled in until %(due)s: %(number)s plan tasks are still to report."),
        "calendar-event",
    ),
    "report_due": Kind(
        N_("Reports due (notice)"),
        N_("The reports of %(month)s are due on %(due)s: %(number)s plan tasks are still to report."),
        "calendar-due", urgent=True,
    ),
    "report_overdue": Kind(
        N_("Reports overdue (notice)"),
        N_("The reports of %(month)s are overdue since %(due)s: %(number)s plan tasks have not reported."),
        "alert-triangle", urgent=True,
    ),
    "plans_due": Kind(
        N_("Deadlines (notice)"),
        N_("%(soon)s plan tasks are due soon, %(late)s are behind schedule."), "calendar-stats",
    ),
    "incomplete": Kind(
        N_("Communities to complete (notice)"), N_("%(number)s communities are still to be completed."), "map-pin-plus"
    ),
    "comment": Kind(
        N_("Resident's comment (notice)"), N_("A resident commented on the scheme of “%(plan)s”."), "message-2"
    ),
    "rectification": Kind(
        N_("Problem to rectify (notice)"), N_("“%(plan)s”: a problem is to be rectified until %(due)s."), "gavel",
        urgent=True,
    ),
}  # fmt: skip
REPORT_REMINDERS = ("report_fill", "report_due", "report_overdue")
KEPT = dt.timedelta(days=180)
"""How long notices that are done or read are kept."""
REPEAT_DAYS = 5
"""Working days after which an overdue report is reminded of again."""


def sentence(kind: str, values: Mapping[str, Any]) -> Message:
    """A notice in words; a kind that the program no longer knows shows as nothing."""
    text = KINDS[kind].text if kind in KINDS else ""
    return Message(text, {"reason": "", **values} if text else {})


# --- reminders (R18) -------------------------------------


@dataclass(frozen=True)
class Reminder:
    """That the reports of a month are to be reminded of today: ``kind`` of `KINDS`, due on ``due``."""

    kind: str
    month: Month
    due: dt.date


def report_reminders(
    today: dt.date, open_day: int, due_day: int, holidays: Overrides | None = None
) -> Iterator[Reminder]:
    """What is reminded of on a day: from the day reports open, on the day they are due (on the last working day
    before it where nobody works then), and when overdue on the first working day after and every fifth one.
    """
    known = holidays or {}
    if not is_working_day(today, known):
        return
    for month in (Month.of(today) - 1, Month.of(today)):
        opens, due = month.day(open_day), (month + 1).day(due_day)
        last_call = due if is_working_day(due, known) else add_working_days(due, -1, known)
        if today == last_call:
            yield Reminder("report_due", month, due)
        elif today == next_working_day(opens, known) and today < due:
            yield Reminder("report_fill", month, due)
        elif today > due and working_days_between(due + dt.timedelta(days=1), today, known) % REPEAT_DAYS == 0:
            yield Reminder("report_overdue", month, due)


def weekly(today: dt.date, holidays: Overrides | None = None) -> bool:
    """Whether today is the first working day of its week: deadlines and incomplete records are reminded of then."""
    known = holidays or {}
    monday = today - dt.timedelta(days=today.weekday())
    return is_working_day(today, known) and working_days_between(monday, today, known) == 0
