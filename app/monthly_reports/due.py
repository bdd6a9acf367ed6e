"""Which month's report is due now and until when, by the days of the province's profile (R18)."""

from __future__ import annotations

from app.extensions import _
from app.kernel import calendar
from app.kernel.calendar import Month
from app.persistence.context import current_actor
from app.regions.cache import current
from app.regions.rules import Profile


def _profile(county_code: str) -> Profile:
    """That of the county's province, else of the actor's own; who has none sees the first province's days."""
    snapshot, code = current(), county_code or current_actor().region_code
    return snapshot.profile(code) if code else snapshot.profiles[min(snapshot.profiles)]


def month_due(county_code: str = "") -> Month:
    """The latest month whose report may be filled today; without a county: in the actor's province."""
    return calendar.report_month(calendar.today(), _profile(county_code).report_open_day)


def due_text(county_code: str = "") -> str:
    """Which report is due now, and until when."""
    today, profile = calendar.today(), _profile(county_code)
    window = calendar.report_window(month_due(county_code), profile.report_open_day, profile.report_due_day)
    values = {"month": str(window.month), "day": window.due.isoformat()}
    if window.state(today) == "late":
        return _("the report of %(month)s was due on %(day)s", **values)
    return _("the report of %(month)s is due on %(day)s", **values)
