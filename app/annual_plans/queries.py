"""Selects over plan tasks: the light in SQL, windows, codes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from app.annual_plans.models import DeclarationWindow, PlanTask
from app.annual_plans.rules import LIGHT_RANK, Window, default_window
from app.areas.sums import execute
from app.regions.rules import Profile
from app.regions.snapshot import Snapshot

_plan: Table = PlanTask.__table__  # type: ignore[assignment]


def warn_until(
    today: dt.date, warn_days: Mapping[str, int], columns: Any = _plan.c
) -> ColumnElement[dt.date]:
    """The last day that is still "soon", by the province a row lies in (two-digit prefix → days)."""
    by_days: dict[int, list[str]] = {}
    for prefix, days in sorted(warn_days.items()):
        by_days.setdefault(days, []).append(prefix)
    if not by_days:
        return literal(today + dt.timedelta(days=90))
    usual = max(by_days, key=lambda days: len(by_days[days]))
    odd = [
        (func.substr(columns.county_code, 1, 2).in_(prefixes), literal(today + dt.timedelta(days=days)))
        for days, prefixes in by_days.items()
        if days != usual
    ]
    rest = literal(today + dt.timedelta(days=usual))
    return case(*odd, else_=rest) if odd else rest


def light_rank(today: dt.date, warn_days: Mapping[str, int], columns: Any = _plan.c) -> ColumnElement[int]:
    """R17 as an expression: 0 red, 1 yellow, 2 green; sortable, and equal to `rules.light` for every row.

    ``columns`` are those of ``plan_task`` or an alias; ``warn_days`` maps a province's prefix to its days.
    """
    state, start, finish = columns.implementation_state, columns.start_due, columns.finish_due
    soon = warn_until(today, warn_days, columns)
    waiting = state == "not_started"
    return case(
        (state == "finished", LIGHT_RANK["green"]),
        (or_(and_(waiting, start < today), finish < today), LIGHT_RANK["red"]),
        (or_(and_(waiting, start <= soon), finish <= soon), LIGHT_RANK["yellow"]),
        else_=LIGHT_RANK["green"],
    )


def light_clause(
    colour: str, today: dt.date, warn_days: Mapping[str, int], columns: Any = _plan.c
) -> ColumnElement[bool]:
    """Rows whose light has this colour."""
    return light_rank(today, warn_days, columns) == LIGHT_RANK[colour]


def warn_days_of(regions: Snapshot) -> dict[str, int]:
    """Province prefix → days before a deadline from which the light is yellow."""
    return {province.prefix: regions.profile(province.code).warn_days for province in regions.provinces()}


def profile_window(profile: Profile, year: int) -> Window:
    """The window of a year as the profile sets it."""
    return default_window(
        year,
        (profile.declaration_open_month, profile.declaration_open_day),
        (profile.declaration_close_month, profile.declaration_close_day),
        profile.county_may_declare,
    )


def window_of(session: Session, profile: Profile, year: int) -> Window:
    """The declaration window in force: the province's own row for the year, else the profile's days."""
    row = session.get(DeclarationWindow, (profile.province_code, year))
    if row is None:
        return profile_window(profile, year)
    return Window(year, row.opens, row.closes, row.county_may_add)


def windows(province_code: str) -> Select[Any]:
    """Windows that a province has set itself, newest year first."""
    mine = select(DeclarationWindow).where(DeclarationWindow.province_code == province_code)
    return mine.order_by(DeclarationWindow.year.desc())


def codes_in_use(session: Session, codes: list[str]) -> set[str]:
    """Which of these codes exist already, in the recycle bin too."""
    return set(execute(session, select(_plan.c.code).where(_plan.c.code.in_(codes))).scalars())
