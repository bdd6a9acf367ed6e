"""Plan tasks: due dates and light (R17), funds (R11), long-term management (R16), codes, windows (pure)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.areas.rules import read_fields
from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.money import parse_money
from app.kernel.text import BadInput, normalise_input, parse_int

IMPLEMENTATION_STATES: dict[str, str] = {
    "not_started": N_("Not started"),
    "started": N_("Started"),
    "finished": N_("Works finished"),
}
PROGRAMMES: dict[str, str] = {
    "central_budget": "central_budget",
    "provincial_pilot": "pilot",
    "livelihood": "livelihood",
    "special_bond": "special_bond",
}
"""Column of the flag → name of the programme in the province's profile."""

# --- due dates and light (R17) ---------------------------

LIGHTS: dict[str, str] = {"red": N_("Behind schedule"), "yellow": N_("Due soon"), "green": N_("On time")}
LIGHT_RANK: dict[str, int] = {"red": 0, "yellow": 1, "green": 2}
Milestone = Callable[[str, str], Mapping[str, Any] | None]


def programmes_of(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """Programmes (as the profile names them) that a plan's flags say it is part of."""
    return tuple(name for column, name in PROGRAMMES.items() if plan.get(column))


def due_dates(
    year: int,
    planned_start: dt.date | None,
    planned_finish: dt.date | None,
    start_milestones: Iterable[tuple[int, int]],
    finish_due_years: int,
) -> tuple[dt.date, dt.date]:
    """R17: (start due, finish due) = planned dates, else the profile's.

    Start: the earliest start milestone ``(month, day)`` of its programmes in the plan year, else 31 December.
    Finish: 31 December, ``finish_due_years`` after the plan year.
    """
    start = planned_start or min(
        (dt.date(year, month, day) for month, day in start_milestones), default=dt.date(year, 12, 31)
    )
    return start, planned_finish or dt.date(year + finish_due_years, 12, 31)


def start_milestones(programmes: Iterable[str], milestone: Milestone) -> list[tuple[int, int]]:
    """``(month, day)`` of these programmes' start milestones; ``milestone`` is the profile's look-up."""
    found = [milestone(name, "start_rate") for name in (*programmes, "")]
    return [(item["month"], item["day"]) for item in found if item is not None]


@dataclass(frozen=True)
class Light:
    """The light of a plan task with its reason in words."""

    colour: str
    reason: Message


def light(start_due: dt.date, finish_due: dt.date, state: str, today: dt.date, warn_days: int = 90) -> Light:
    """R17: red when a due date passed without it, yellow from ``warn_days`` before one, else green.

    A day that is due is not overdue. Of two reasons the start is named first.
    """
    if state == "finished":
        return Light("green", msg("Works finished"))
    to_start, to_finish = (start_due - today).days, (finish_due - today).days
    waiting = state == "not_started"
    if waiting and to_start < 0:
        return Light("red", msg("Start overdue by %(days)s days", days=-to_start))
    if to_finish < 0:
        return Light("red", msg("Finish overdue by %(days)s days", days=-to_finish))
    colour = "yellow" if (waiting and to_start <= warn_days) or to_finish <= warn_days else "green"
    if waiting and (to_start <= to_finish):
        return Light(colour, msg("%(days)s days to the start deadline", days=to_start))
    return Light(colour, msg("%(days)s days to the finish deadline", days=to_finish))


# --- codes and windows (M1.6.c) --------------------------

LONGEST_NOTE = 200
_CODE_RE = re.compile(r"(\d{6})(\d{8})(\d{3})\Z", re.ASCII)
LAST_NUMBER = 999


def make_code(county_code: str, day: dt.date, number: int) -> str:
    """6-digit county code + yyyymmdd + 3 digits. Raises RuleViolation's finding as ValueError beyond 999."""
    if not 1 <= number <= LAST_NUMBER:
        raise ValueError("a county has 999 codes a day")
    return f"{county_code}{day:%Y%m%d}{number:03d}"


def _is_date(digits: str) -> bool:
    try:
        dt.datetime.strptime(digits, "%Y%m%d")
    except ValueError:
        return False
    return True


def code_findings(code: str) -> list[Finding]:
    """M1.6.c: a code is county + date + 3 digits (an imported one's county may be withdrawn since)."""
    found = _CODE_RE.match(code)
    if found is not None and _is_date(found[2]):
        return []
    text = N_("Must be the 6-digit county code, a date (yyyymmdd) and 3 digits.")
    return [Finding("M1.6.c", "error", "code", msg(text))]


@dataclass(frozen=True)
class Window:
    """When plan tasks of a year may be declared by counties."""

    year: int
    opens: dt.date
    closes: dt.date
    county_may_add: bool = True

    def findings(self, today: dt.date) -> list[Finding]:
        """Empty when a county may add now; else one finding that says when."""
        values = {"year": self.year, "opens": self.opens.isoformat(), "closes": self.closes.isoformat()}
        if not self.county_may_add:
            text = N_(
                "Plan tasks of %(year)s are imported by the province or city; counties cannot add them."
            )
        elif not self.opens <= today <= self.closes:
            text = N_("The declaration of %(year)s is open from %(opens)s to %(closes)s only.")
        else:
            return []
        return [Finding("M1.6.c", "error", "year", Message(text, values))]


def default_window(
    year: int, opens: tuple[int, int], closes: tuple[int, int], county_may_add: bool
) -> Window:
    """The profile's window: the same ``(month, day)`` every year."""
    return Window(year, dt.date(year, *opens), dt.date(year, *closes), county_may_add)


# --- fields ----------------------------------------------


FIRST_YEAR, LAST_YEAR = 2000, 2100


def _read_year(raw: Any) -> int | None:
    return parse_int(raw, minimum=FIRST_YEAR, maximum=LAST_YEAR)


_DATE_RE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?\Z", re.ASCII)


def _read_date(raw: Any) -> dt.date | None:
    if raw is None or isinstance(raw, dt.date):
        return raw
    text = normalise_input(raw)
    if not text:
        return None
    found = _DATE_RE.match(text)
    try:
        return dt.date(*map(int, found.groups())) if found else dt.date.fromisoformat(text)
    except ValueError:
        raise BadInput(msg("Must be a date, such as 2026-11-20.")) from None


def _read_flag(raw: Any) -> bool:
    if isinstance(raw, bool) or raw is None:
        return bool(raw)
    text = normalise_input(raw).lower()
    if text in {"1", "true", "on", "yes", "y", "是"}:
        return True
    if text in {"", "0", "false", "off", "no", "n", "否"}:
        return False
    raise BadInput(msg("Must be yes or no."))


def _read_money(raw: Any) -> Decimal:
    return parse_money(raw) or Decimal(0)


FUND_SOURCES = ("funds_state_budget", "funds_residents", "funds_social", "funds_other")
FUNDS = ("funds_planned", "funds_completed", *FUND_SOURCES)
LONG_TERM_PAIRS = ("party_organisations", "owners_committees", "property_managed", "professionally_managed")
LONG_TERM = ("jobs_created", *(name + part for name in LONG_TERM_PAIRS for part in ("", "_new")))

READERS: dict[str, Callable[[Any], Any]] = {
    "year": _read_year,
    "planned_start": _read_date,
    "planned_finish": _read_date,
    **dict.fromkeys(PROGRAMMES, _read_flag),
    **dict.fromkeys(FUNDS, _read_money),
    **{column: lambda raw: parse_int(raw, minimum=0) for column in LONG_TERM},
}
"""How typed text becomes the value of a plan's field (besides the texts of an area); raises `BadInput`."""


def read_window(typed: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """Values of a declaration window (its days, ``county_may_add``, ``note``) and what is wrong with them."""
    readers: dict[str, Callable[[Any], Any]] = {
        "opens": _read_date, "closes": _read_date, "county_may_add": _read_flag, "note": normalise_input,
    }  # fmt: skip
    values, found = read_fields(typed, readers, "M1.6.c")
    wrong = {finding.field for finding in found}
    for field in ("opens", "closes"):
        if values.get(field) is None and field not in wrong:
            found.append(Finding("M1.6.c", "error", field, msg("Required.")))
    if len(values.get("note", "")) > LONGEST_NOTE:
        text = msg("At most %(most)s characters.", most=LONGEST_NOTE)
        found.append(Finding("M1.6.c", "error", "note", text))
    if not found and values["opens"] > values["closes"]:
        text = msg("The declaration must not close before it opens.")
        found.append(Finding("M1.6.c", "error", "closes", text))
    return values, found


def date_findings(values: Mapping[str, Any]) -> list[Finding]:
    """The planned start must not lie after the planned finish."""
    start, finish = values.get("planned_start"), values.get("planned_finish")
    if start and finish and start > finish:
        return [Finding("R17", "error", "planned_finish", msg("Must not lie before the planned start."))]
    return []


def funds_in_place(values: Mapping[str, Any]) -> Decimal:
    """R11: 到位资金 = 国家预算 + 居民 + 社会资本 + 其他; computed, never typed (万元)."""
    return sum((values.get(name) or Decimal(0) for name in FUND_SOURCES), Decimal(0))


def fund_findings(typed_total: Decimal | None, values: Mapping[str, Any]) -> list[Finding]:
    """R11: a total that was given (by an import) must be the sum of its parts."""
    total = funds_in_place(values)
    if typed_total is None or typed_total == total:
        return []
    return [
        Finding(
            "R11", "error", "funds_in_place", msg("Must be %(total)s, the sum of its parts.", total=total)
        )
    ]


def long_term_findings(values: Mapping[str, Any], community_count: int) -> list[Finding]:
    """R16: each 其中 within its whole, professional within all management, each within the communities."""
    found: list[Finding] = []
    for whole in LONG_TERM_PAIRS:
        number, part = values.get(whole), values.get(f"{whole}_new")
        if number is not None and number > community_count:
            text = N_("Must not exceed %(most)s, the number of communities.")
            found.append(Finding("R16", "error", whole, msg(text, most=community_count)))
        if part is not None and part > (number or 0):
            found.append(
                Finding(
                    "R16",
                    "error",
                    f"{whole}_new",
                    msg("Must not exceed its whole, %(most)s.", most=number or 0),
                )
            )
    managed, professional = values.get("property_managed"), values.get("professionally_managed")
    if professional is not None and professional > (managed or 0):
        text = N_("Must not exceed %(most)s, the communities with property management.")
        found.append(Finding("R16", "error", "professionally_managed", msg(text, most=managed or 0)))
    return found
