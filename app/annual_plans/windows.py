"""The windows of the yearly declaration as a province sets them (M1.6.c): the only writer of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.annual_plans.models import DeclarationWindow
from app.annual_plans.queries import profile_window
from app.annual_plans.rules import FIRST_YEAR, LAST_YEAR, read_window
from app.kernel import calendar
from app.kernel.errors import Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.persistence.context import current_actor
from app.regions import cache as regions

FIELDS = ("opens", "closes", "county_may_add", "note")


def require_window(action: str) -> str:
    """The province whose windows the actor may see or set. Raises: NotAllowed."""
    actor = current_actor()
    if actor.region_level != "province" or not actor.may(f"can_{action}", "DeclarationWindow"):
        raise NotAllowed(msg("You are not permitted to do this."))
    return actor.region_code


def window_row(session: Session, province_code: str, year: int) -> DeclarationWindow:
    """The province's own window of a year, or an unsaved one (version 0) with the profile's days.

    Raises: OutOfScope for a year that the portal does not know.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise OutOfScope(f"declaration window {year}")
    if (row := session.get(DeclarationWindow, (province_code, year), populate_existing=True)) is not None:
        return row
    usual = profile_window(regions.current(session).profile(province_code), year)
    return DeclarationWindow(
        province_code=province_code, year=year, opens=usual.opens, closes=usual.closes,
        county_may_add=usual.county_may_add, note="", version=0,
    )  # fmt: skip


def save_window(session: Session, year: int, typed: Mapping[str, Any], version: int) -> DeclarationWindow:
    """Set the window of a year. Raises: NotAllowed, OutOfScope, StaleRow, RuleViolation at the fields."""
    province = require_window("edit")
    values, found = read_window(typed)
    if found:
        raise RuleViolation(found)
    row = window_row(session, province, year)
    if row.version != version:
        raise StaleRow({field: getattr(row, field) for field in FIELDS}, row.version)
    if version == 0:
        row = DeclarationWindow(province_code=province, year=year, **values)
        session.add(row)
    for field, value in values.items():
        setattr(row, field, value)
    session.flush()
    return row


def close_window(session: Session, year: int, version: int) -> DeclarationWindow:
    """Close a window that is open: yesterday becomes its last day. Raises: as `save_window`."""
    row, today = window_row(session, require_window("edit"), year), calendar.today()
    if not is_open(row, today):
        raise RuleViolation(Finding("M1.6.c", "error", None, msg("This window is not open.")))
    last = today - dt.timedelta(days=1)
    typed = {"opens": min(row.opens, last), "closes": last, "county_may_add": True, "note": row.note}
    return save_window(session, year, typed, version)


def is_open(row: DeclarationWindow, today: dt.date) -> bool:
    """Whether counties may add plan tasks of the window's year today."""
    return row.county_may_add and row.opens <= today <= row.closes


def shown_years(today: dt.date, stored: list[int]) -> list[int]:
    """Years that the page lists: last year to next year and every year with a window of its own."""
    return sorted({today.year - 1, today.year, today.year + 1, *stored}, reverse=True)
