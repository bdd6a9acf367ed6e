"""What 提交审核 of a month report checks: R12 and what must be given (hard), R13 (soft). Pure Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.attachments.rules import PURPOSES
from app.kernel.calendar import Month
from app.kernel.errors import N_, Finding, Level, msg
from app.kernel.money import format_decimal, format_money
from app.kernel.text import BadInput
from app.monthly_reports.rules import (
    ITEM_READERS,
    NEEDED_PHOTOS,
    PHOTO_WORDS,
    READERS,
    item_key,
    required_files,
    split_key,
)

_RULE = "M1.6.5.2"
EARLIEST_START = dt.date(2000, 1, 1)


@dataclass(frozen=True)
class ItemFacts:
    """A content as the rules see it; ``photos`` counts by purpose, this month's and earlier ones together."""

    id: int
    catalogue_item_id: int
    content: str
    state: str = "not_started"
    unit1: str = ""
    unit2: str = ""
    planned1: Decimal | None = None
    planned2: Decimal | None = None
    quantity1: Decimal | None = None
    quantity2: Decimal | None = None
    method: str = ""
    photos: Mapping[str, int] = field(default_factory=dict)

    @property
    def done(self) -> tuple[Any, ...]:
        """What moves when works go on."""
        return self.state, self.quantity1, self.quantity2


@dataclass(frozen=True)
class ReportFacts:
    """A month report as the rules see it; money in 万元."""

    month: Month
    progress: str | None = None
    started_on: dt.date | None = None
    cumulative: Decimal | None = None
    year: Decimal | None = None
    items: tuple[ItemFacts, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def standing(self) -> tuple[Any, ...]:
        """Figures and contents as they stand: two reports with the same show no progress between them."""
        moved = {item.catalogue_item_id: item.done for item in self.items if item.done[0] != "not_started"}
        return self.progress, self.cumulative, moved


@dataclass(frozen=True)
class Circumstances:
    """What surrounds a report: approved reports, the plan's figures, files, thresholds of the profile.

    ``history``: approved reports of earlier months, newest first; ``following``: the next approved later one
    (of a report that is made up); ``others``: approved cumulative investment of the plan's other works
    projects; ``planned``: the plan's total (0: unknown); ``files`` counts stage files by purpose.
    """

    today: dt.date
    history: Sequence[ReportFacts] = ()
    following: ReportFacts | None = None
    is_correction: bool = False
    others: Decimal = Decimal(0)
    planned: Decimal = Decimal(0)
    files: Mapping[str, int] = field(default_factory=dict)
    over_plan_share: Decimal = Decimal("0.1")
    jump_share: Decimal = Decimal("0.5")
    idle_months: int = 2

    @property
    def previous(self) -> ReportFacts | None:
        return self.history[0] if self.history else None


def findings(report: ReportFacts, around: Circumstances) -> list[Finding]:
    """Everything 提交审核 says about a report: hard findings refuse it, soft ones ask for a confirmation."""
    return [
        *unread(report),
        *_given(report, around),
        *_never_falls(report, around),
        *_contents(report, around),
        *_files(report, around),
        *_soft(report, around),
    ]


def _hard(where: str | None, text: str, rule: str = _RULE, **values: Any) -> Finding:
    return Finding(rule, "error", where, msg(text, **values))


def _warn(where: str | None, text: str, **values: Any) -> Finding:
    return Finding("R13", "warning", where, msg(text, **values))


def unread(report: ReportFacts) -> Iterator[Finding]:
    """What was typed and cannot be read, with the reason, at its field."""
    for key, raw in report.unread.items():
        split = split_key(key)
        reader = ITEM_READERS[split[0]] if split else READERS[key]
        try:
            reader(raw)
        except BadInput as bad:
            yield Finding(_RULE, "error", key, bad.message)


def _given(report: ReportFacts, around: Circumstances) -> Iterator[Finding]:
    kept = report.unread
    for name, value in (
        ("progress", report.progress),
        ("cumulative_investment", report.cumulative),
        ("year_investment", report.year),
    ):
        if value is None and name not in kept:
            yield _hard(name, N_("Required."))
    if report.year is not None and report.cumulative is not None and report.year > report.cumulative:
        most = format_money(report.cumulative)
        text = N_("Must not exceed the investment since the start, %(most)s.")
        yield _hard("year_investment", text, "R12", most=most)
    begun = report.progress not in (None, "preparing")
    if report.started_on is None:
        if begun and "started_on" not in kept:
            yield _hard("started_on", N_("Required."))
    elif report.started_on > min(around.today, report.month.last):
        yield _hard("started_on", N_("Must not lie after the month of the report, nor in the future."))
    elif report.started_on < EARLIEST_START:
        yield _hard("started_on", N_("Must not lie before 2000."))


def _never_falls(report: ReportFacts, around: Circumstances) -> Iterator[Finding]:
    """R12: nothing falls below the last approved report, nor rises above a later approved one."""
    level: Level = "warning" if around.is_correction else "error"
    if before := around.previous:
        for name, now, then in _figures(report, before):
            if now is not None and then is not None and now < then:
                text = N_("Must not be less than %(least)s, approved for %(month)s.")
                found = msg(text, least=format_money(then), month=str(before.month))
                yield Finding("R12", level, name, found)
        yield from _quantities(report, before, level, falls=True)
    if after := around.following:
        for name, now, then in _figures(report, after):
            if now is not None and then is not None and now > then:
                text = N_("Must not be more than %(most)s, approved for %(month)s.")
                found = msg(text, most=format_money(then), month=str(after.month))
                yield Finding("R12", level, name, found)
        yield from _quantities(report, after, level, falls=False)


def _figures(report: ReportFacts, other: ReportFacts) -> Iterator[tuple[str, Decimal | None, Decimal | None]]:
    yield "cumulative_investment", report.cumulative, other.cumulative
    if report.month.year == other.month.year:
        yield "year_investment", report.year, other.year


def _quantities(report: ReportFacts, other: ReportFacts, level: Level, *, falls: bool) -> Iterator[Finding]:
    then = {item.catalogue_item_id: item for item in other.items}
    less = N_("“%(content)s”: must not be less than %(limit)s, approved for %(month)s.")
    more = N_("“%(content)s”: must not be more than %(limit)s, approved for %(month)s.")
    for item in report.items:
        known = then.get(item.catalogue_item_id)
        for name in ("quantity1", "quantity2"):
            now, limit = getattr(item, name) or Decimal(0), getattr(known, name, None)
            if known is None or limit is None or not (now < limit if falls else now > limit):
                continue
            words = {"content": item.content, "limit": _plain(limit), "month": str(other.month)}
            yield Finding("R12", level, item_key(name, item.id), msg(less if falls else more, **words))
    if not falls:
        return
    have = {item.catalogue_item_id for item in report.items}
    gone = N_("“%(content)s” was reported for %(month)s: add it again.")
    for item in other.items:
        if item.catalogue_item_id not in have and item.state != "not_started":
            yield Finding("R12", level, "items", msg(gone, content=item.content, month=str(other.month)))


def _plain(value: Decimal) -> str:
    return format_decimal(value, 2).rstrip("0").rstrip(".")


def _contents(report: ReportFacts, around: Circumstances) -> Iterator[Finding]:
    states = [item.state for item in report.items]
    started = [state for state in states if state != "not_started"]
    if report.progress == "completed" and (not states or any(state != "finished" for state in states)):
        yield _hard("items", N_("All contents must be finished when everything is completed."))
    elif report.progress == "under_way" and not started:
        yield _hard("items", N_("At least one content must have been started."))
    elif report.progress == "preparing" and started:
        yield _hard("progress", N_("Contents are being renovated already: the preparations are over."))
    for item in report.items:
        yield from _content(item, report.unread)
    yield from _steps_back(report, around)


def _content(item: ItemFacts, kept: Mapping[str, str]) -> Iterator[Finding]:
    name = {"content": item.content}
    for number in ("1", "2"):
        key, unit = item_key(f"quantity{number}", item.id), getattr(item, f"unit{number}")
        done, planned = getattr(item, f"quantity{number}"), getattr(item, f"planned{number}")
        if not unit or key in kept:
            continue
        if item.state == "not_started":
            if done:
                yield _hard(key, N_("“%(content)s” is not started: it has no quantity done."), **name)
            continue
        wanted = number == "1" or planned
        if done is None and wanted:
            yield _hard(key, N_("“%(content)s”: give the quantity done (%(unit)s)."), unit=unit, **name)
        elif item.state == "finished" and not done and wanted:
            yield _hard(key, N_("“%(content)s” is finished: its quantity must be above 0."), **name)
        elif done is not None and planned is not None and done > planned:
            text = N_("“%(content)s”: %(done)s is more than planned, %(planned)s.")
            yield _warn(key, text, done=_plain(done), planned=_plain(planned), **name)
        elif item.state == "finished" and planned and done is not None and done < planned:
            text = N_("“%(content)s” is finished with %(done)s of %(planned)s planned.")
            yield _warn(key, text, done=_plain(done), planned=_plain(planned), **name)
    for purpose in NEEDED_PHOTOS[item.state]:
        if not item.photos.get(purpose):
            text = N_("“%(content)s” lacks a photo: %(which)s.")
            yield _hard(item_key(purpose, item.id), text, which=msg(PHOTO_WORDS[purpose]), **name)


_ORDER = ("not_started", "in_progress", "finished")
_PROGRESS_ORDER = ("preparing", "prepared", "under_way", "completed")


def _steps_back(report: ReportFacts, around: Circumstances) -> Iterator[Finding]:
    """States that fall behind the last approved report: allowed in a correction alone (R12)."""
    before = around.previous
    if before is None:
        return
    level: Level = "warning" if around.is_correction else "error"
    then = {item.catalogue_item_id: item.state for item in before.items}
    for item in report.items:
        known = then.get(item.catalogue_item_id, "not_started")
        if _ORDER.index(item.state) < _ORDER.index(known):
            text = N_("“%(content)s” was further on in %(month)s already.")
            found = msg(text, content=item.content, month=str(before.month))
            yield Finding("R12", level, item_key("state", item.id), found)
    now = report.progress
    if now and before.progress and _PROGRESS_ORDER.index(now) < _PROGRESS_ORDER.index(before.progress):
        text = N_("The works were further on in %(month)s already.")
        yield Finding("R12", level, "progress", msg(text, month=str(before.month)))


def _files(report: ReportFacts, around: Circumstances) -> Iterator[Finding]:
    text = N_("Missing attachment: %(what)s.")
    for purpose in required_files(report.progress):
        if not around.files.get(purpose):
            yield _hard(purpose, text, what=msg(PURPOSES[purpose].label))


def _soft(report: ReportFacts, around: Circumstances) -> Iterator[Finding]:
    """R13, and a start date other than the one approved."""
    now, planned, before = report.cumulative, around.planned, around.previous
    if now is not None and planned > 0:
        if now + around.others > planned * (1 + around.over_plan_share):
            text = N_("%(sum)s is above the planned total of %(planned)s.")
            total = format_money(now + around.others)
            yield _warn("cumulative_investment", text, sum=total, planned=format_money(planned))
        if before and before.cumulative is not None and now - before.cumulative > planned * around.jump_share:
            text = N_("%(more)s in one month: more than %(share)s of the planned total.")
            share = f"{_plain(around.jump_share * 100)}%"
            more = format_money(now - before.cumulative)
            yield _warn("cumulative_investment", text, more=more, share=share)
    if _idle(report, around):
        text = N_("No progress for %(months)s months.")
        yield _warn("progress", text, months=around.idle_months)
    if before and before.started_on and report.started_on and before.started_on != report.started_on:
        text = N_("Other than %(day)s, approved for %(month)s.")
        yield _warn("started_on", text, day=before.started_on.isoformat(), month=str(before.month))


def _idle(report: ReportFacts, around: Circumstances) -> bool:
    earlier = around.history[: around.idle_months]
    if report.progress == "completed" or len(earlier) < around.idle_months:
        return False
    return all(one.standing == report.standing for one in earlier)


def errors(found: Iterable[Finding]) -> list[Finding]:
    """The hard ones."""
    return [finding for finding in found if finding.is_error]


def warnings(found: Iterable[Finding]) -> list[Finding]:
    """The soft ones."""
    return [finding for finding in found if not finding.is_error]
