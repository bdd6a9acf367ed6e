"""Value objects of regions and profiles, and what a profile or a code must satisfy (pure Python)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from app.kernel.errors import N_, Finding, msg
from app.kernel.scope import region_prefix

Level = Literal["province", "city", "county"]
MEASURES = frozenset({"start_rate", "finish_rate", "investment_rate", "report_rate", "funds_rate"})
REVIEWERS = ("housing", "development", "finance")
PROGRAMMES = ("central_budget", "pilot", "livelihood", "special_bond")
REVIEWED = ("reserve", *PROGRAMMES)
"""What may need the joint review (N2.1): reserve projects, and plan tasks of a programme."""


@dataclass(frozen=True, slots=True)
class RegionInfo:
    """A region as the cache holds it; points are ``(lng, lat)`` in degrees or None."""

    code: str
    name: str
    short_name: str
    level: Level
    kind: str
    parent_code: str | None
    pinyin: str
    initials: str
    label: tuple[float, float] | None
    seat: tuple[float, float] | None
    active: bool

    @property
    def prefix(self) -> str:
        """``43``, ``4307``, ``430703`` or ``43070391``: what the codes of everything inside begin with."""
        return region_prefix(self.code)

    @property
    def centre(self) -> tuple[float, float] | None:
        """Where a map of the region opens: its seat, else its label point."""
        return self.seat or self.label

    @property
    def is_zone(self) -> bool:
        return self.kind == "functional"


@dataclass(frozen=True, slots=True)
class TownInfo:
    """A town as the cache holds it."""

    code: str
    name: str
    kind: str
    county_code: str
    zone_code: str | None
    pinyin: str
    initials: str
    point: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Profile:
    """A province's profile as rules and services read it; fields are the columns of ``ProvinceProfile``."""

    province_code: str
    title: str
    short_title: str
    catalogue_version: str
    wording: Mapping[str, str]
    map_approval: str
    built_year_first: int
    built_year_normal: int
    built_year_last: int
    late_share_limit: Decimal | None
    area_per_household_min: Decimal
    area_per_household_max: Decimal
    investment_deviation: Decimal
    border_km: Decimal
    duplicate_metres: int
    photo_metres: int
    over_plan_share: Decimal
    jump_share: Decimal
    idle_months: int
    warn_days: int
    finish_due_years: int
    consent_attend_share: Decimal
    consent_agree_share: Decimal
    programme_names: Mapping[str, str]
    milestones: tuple[Mapping[str, Any], ...]
    requires_review: tuple[str, ...]
    review_programmes: tuple[str, ...]
    publicity_days: int
    ranking_formula: Mapping[str, str]
    report_open_day: int
    report_due_day: int
    ranking_day: int
    declaration_open_month: int
    declaration_open_day: int
    declaration_close_month: int
    declaration_close_day: int
    county_may_declare: bool
    rectify_days: int
    recycle_days: int
    notify_by_sms: bool
    password_min_length: int
    password_classes: int
    password_history: int
    password_max_age_days: int
    lockout_failures: int
    lockout_minutes: int
    idle_minutes: int
    totp_required_roles: tuple[str, ...]
    version: int

    def ranking_weights(self) -> dict[str, Decimal]:
        """Measure → weight of the monthly ranking (N3.3r); the weights add up to 1."""
        return {measure: Decimal(weight) for measure, weight in self.ranking_formula.items()}

    def milestone(self, programme: str, measure: str) -> Mapping[str, Any] | None:
        """The yearly milestone (month, day, share) of a programme, or of all programmes (N1.3)."""
        for wanted in (programme, "*"):
            for item in self.milestones:
                if item["programme"] == wanted and item["measure"] == measure:
                    return item
        return None


# column: (least, greatest); the same numbers stand in the CHECKs of the table
RANGES: dict[str, tuple[int, int]] = {
    "built_year_first": (1800, 2100),
    "built_year_normal": (1800, 2100),
    "built_year_last": (1800, 2100),
    "duplicate_metres": (0, 1000),
    "photo_metres": (50, 20000),
    "idle_months": (1, 12),
    "warn_days": (1, 365),
    "finish_due_years": (0, 5),
    "report_open_day": (1, 28),
    "report_due_day": (1, 28),
    "ranking_day": (1, 28),
    "publicity_days": (1, 60),
    "rectify_days": (1, 365),
    "recycle_days": (1, 365),
    "declaration_open_month": (1, 12),
    "declaration_open_day": (1, 31),
    "declaration_close_month": (1, 12),
    "declaration_close_day": (1, 31),
    "password_min_length": (8, 64),
    "password_classes": (1, 4),
    "password_history": (0, 24),
    "password_max_age_days": (0, 730),
    "lockout_failures": (3, 20),
    "lockout_minutes": (1, 1440),
    "idle_minutes": (5, 480),
}
SHARES = ("investment_deviation", "jump_share", "consent_attend_share", "consent_agree_share")


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _error(field: str, text: str, **values: Any) -> Finding:
    return Finding("G4", "error", field, msg(text, **values))


def _check_numbers(values: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    for field, (least, most) in RANGES.items():
        value = values[field]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            found.append(
                _error(
                    field, N_("Must be a whole number from %(least)s to %(most)s."), least=least, most=most
                )
            )
    for field in SHARES:
        share = _decimal(values[field])
        if share is None or not 0 < share <= 1:
            found.append(_error(field, N_("Must be a share above 0 and at most 1.")))
    for field in ("border_km", "over_plan_share"):
        number = _decimal(values[field])
        if number is None or number < 0:
            found.append(_error(field, N_("Must be a number of 0 or more.")))
    limit = values["late_share_limit"]
    if limit is not None and not 0 <= (_decimal(limit) or Decimal(-1)) <= 1:
        found.append(_error("late_share_limit", N_("Must be a share from 0 to 1, or empty.")))
    return found


def _check_orders(values: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    if not values["built_year_first"] <= values["built_year_normal"] <= values["built_year_last"]:
        found.append(_error("built_year_last", N_("The built-year limits must not fall.")))
    least, most = _decimal(values["area_per_household_min"]), _decimal(values["area_per_household_max"])
    if least is None or most is None or not 0 < least < most:
        found.append(_error("area_per_household_max", N_("The upper limit must be above the lower one.")))
    opens = (values["declaration_open_month"], values["declaration_open_day"])
    closes = (values["declaration_close_month"], values["declaration_close_day"])
    for field, day in (("declaration_open_day", opens), ("declaration_close_day", closes)):
        if not _day_of_year(*day):
            found.append(_error(field, N_("This month has no such day.")))
    if opens > closes:
        found.append(_error("declaration_close_day", N_("The declaration must not close before it opens.")))
    return found


def _check_lists(values: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    for field in ("title", "short_title", "catalogue_version"):
        if not str(values[field] or "").strip():
            found.append(_error(field, N_("Must not be empty.")))
    if any(not str(values["programme_names"].get(name, "")).strip() for name in PROGRAMMES):
        found.append(_error("programme_names", N_("Every programme needs a name.")))
    if not set(values["requires_review"]) <= set(REVIEWERS):
        found.append(_error("requires_review", N_("Unknown department of the joint review.")))
    if not set(values["review_programmes"]) <= set(REVIEWED):
        found.append(_error("review_programmes", N_("Not one of the choices.")))
    weights = {key: _decimal(weight) for key, weight in values["ranking_formula"].items()}
    good = set(weights) <= MEASURES and all(w is not None and w >= 0 for w in weights.values())
    if not good or sum((w for w in weights.values() if w is not None), Decimal(0)) != 1:
        found.append(_error("ranking_formula", N_("The ranking weights must add up to 1.")))
    if not all(_good_milestone(item) for item in values["milestones"]):
        found.append(
            _error(
                "milestones", N_("A milestone needs a programme, a measure, a day of the year and a share.")
            )
        )
    return found


def _day_of_year(month: Any, day: Any) -> bool:
    """Whether every year has the day."""
    try:
        dt.date(2001, month, day)
    except (TypeError, ValueError):
        return False
    return True


def _good_milestone(item: Any) -> bool:
    if not isinstance(item, Mapping) or item.get("programme") not in (*PROGRAMMES, "*"):
        return False
    share = _decimal(item.get("share"))
    return (
        item.get("measure") in MEASURES
        and _day_of_year(item.get("month"), item.get("day"))
        and share is not None
        and 0 < share <= 1
    )


def check_profile(values: Mapping[str, Any]) -> list[Finding]:
    """Errors of a whole profile (a mapping of all its columns); empty when it may be saved."""
    return _check_numbers(values) or [*_check_orders(values), *_check_lists(values)]


CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


def check_code_item(values: Mapping[str, Any]) -> list[Finding]:
    """Errors of an entry of a code table: a stable latin code and a label."""
    found: list[Finding] = []
    if not CODE.fullmatch(str(values.get("code") or "")):
        found.append(
            Finding(
                "D2", "error", "code", msg("Must be small letters, digits and underscores, a letter first.")
            )
        )
    if not str(values.get("label") or "").strip():
        found.append(Finding("D2", "error", "label", msg("Must not be empty.")))
    return found
