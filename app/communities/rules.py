"""Communities: rules R01–R06 over plain values (rules.md); the fields themselves are in `fields`.

Values are a mapping of column name → parsed value (int, Decimal, str, None); what is not filled in is no
rule's business but that of `missing_fields`. Hard findings bite on submission: drafts are never refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import Any

from app.communities.fields import (
    FIELDS,
    GROUP_LABELS,
    LEAST,
    LONGEST,
    OPTIONAL,
    PLACE_KINDS,
    PROPERTY_KINDS,
    READERS,
    REQUIRED,
    WITHIN,
    Values,
    completeness_findings,
    missing_fields,
    read_choice,
)
from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.geo import haversine_m
from app.kernel.money import format_decimal, format_short
from app.kernel.text import normalised_name, valid_phone

__all__ = [
    "FIELDS", "GROUP_LABELS", "OPTIONAL", "PLACE_KINDS", "PROPERTY_KINDS", "READERS", "REQUIRED",
    "Candidate", "Context", "Thresholds", "Values", "area_findings", "area_per_household",
    "built_year_findings", "check", "completeness_findings", "count_findings",
    "duplicate_findings", "investment_findings", "investment_multiple", "investment_per_household",
    "late_share", "median_investment", "missing_fields", "names_alike", "position_findings", "read_choice",
    "text_findings",
    "unit_findings", "within_findings",
]  # fmt: skip

# --- thresholds and surroundings -------------------------


@dataclass(frozen=True)
class Thresholds:
    """The province profile's limits (years; m² and 万元 per household; shares 0–1; km; m)."""

    built_year_first: int = 1949
    built_year_normal: int = 2000
    built_year_last: int = 2005
    late_share_limit: Decimal | None = None
    area_per_household_least: Decimal = Decimal(15)
    area_per_household_most: Decimal = Decimal(300)
    investment_deviation: Decimal = Decimal("0.6")
    border_km: float = 2.0
    duplicate_metres: float = 50.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another community of the county, compared with for R05."""

    id: int | None
    name: str
    normalised: str
    lng: float | None = None
    lat: float | None = None
    building_count: int | None = None
    household_count: int | None = None
    floor_area: Decimal | None = None

    @property
    def figures(self) -> tuple[int | None, int | None, Decimal | None]:
        return self.building_count, self.household_count, self.floor_area


@dataclass(frozen=True)
class Context:
    """What a community's values are compared with.

    ``median_investment`` 万元 per household and ``late_share`` (0–1, households built in the years between
    normal and last) are the county's; ``outside_km`` is the distance to the county's boundary (0 inside, None
    unknown).
    """

    median_investment: Decimal | None = None
    late_share: Decimal | None = None
    candidates: Sequence[Candidate] = ()
    outside_km: float | None = None


NOTHING_KNOWN = Context()
DEFAULTS = Thresholds()


def check(
    values: Values, thresholds: Thresholds = DEFAULTS, context: Context = NOTHING_KNOWN
) -> list[Finding]:
    """Every finding of R01–R06, choices and phones about one community, in the order of the rules.

    ``values["id"]`` (if any) keeps the community from being its own duplicate. Empty values give no finding.
    """
    get = values.get
    found = built_year_findings(get("built_year"), thresholds, context.late_share)
    found += count_findings(values)
    found += unit_findings(get("unit_count"), get("building_count"))
    found += area_findings(get("floor_area"), get("household_count"), thresholds)
    found += investment_findings(
        get("planned_investment"), get("household_count"), context.median_investment, thresholds
    )
    found += duplicate_findings(values, context.candidates, thresholds)
    found += position_findings(get("lng"), get("lat"), context.outside_km, thresholds)
    return found + text_findings(values)


# --- R01 -------------------------------------------------


def built_year_findings(
    year: int | None, limits: Thresholds, late_share: Decimal | None = None
) -> list[Finding]:
    """R01: later than the last year hard; the years before it soft, with the county's share where it is
    known."""
    if year is None:
        return []
    if year > limits.built_year_last:
        message = msg("Built after %(last)s: cannot be included.", last=limits.built_year_last)
        return [Finding("R01", "error", "built_year", message)]
    if year < limits.built_year_first:
        message = msg("Built before %(first)s: please check.", first=limits.built_year_first)
        return [Finding("R01", "warning", "built_year", message)]
    if year <= limits.built_year_normal:
        return []
    years = {"first": limits.built_year_normal + 1, "last": limits.built_year_last}
    soft = Message(N_("Built in %(first)s–%(last)s: registered as “suitable for inclusion”."), years)
    found = [Finding("R01", "warning", "built_year", soft)]
    if late_share is not None:
        found.append(_share_finding(years, late_share, limits.late_share_limit))
    return found


def _share_finding(years: Mapping[str, int], share: Decimal, limit: Decimal | None) -> Finding:
    shown = {**years, "share": format_decimal(share * 100, 1)}
    if limit is None:
        text = N_("Built in %(first)s–%(last)s: %(share)s%% of the county's households.")
        return Finding("R01", "info", "built_year", Message(text, shown))
    shown["limit"] = format_decimal(limit * 100, 1)
    text = N_("Built in %(first)s–%(last)s: %(share)s%% of the county's households, limit %(limit)s%%.")
    return Finding("R01", "warning" if share > limit else "info", "built_year", Message(text, shown))


# --- R02, R03 --------------------------------------------


def count_findings(values: Values) -> list[Finding]:
    """R02: whole numbers not below their least, area above 0, investment not negative, parts within their
    whole."""
    found = []
    for field, least in LEAST.items():
        value = values.get(field)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            found.append(Finding("R02", "error", field, msg("Must be a whole number.")))
        elif value < least:
            found.append(Finding("R02", "error", field, msg("Must not be less than %(least)s.", least=least)))
    area, investment = values.get("floor_area"), values.get("planned_investment")
    if area is not None and area <= 0:
        found.append(Finding("R02", "error", "floor_area", msg("Must be greater than 0.")))
    if investment is not None and investment < 0:
        message = msg("Must not be less than %(least)s.", least=0)
        found.append(Finding("R02", "error", "planned_investment", message))
    for part, whole, text in WITHIN:
        found += within_findings(part, values.get(part), values.get(whole), text)
    return found


def within_findings(field: str, part: int | None, whole: int | None, text: str) -> list[Finding]:
    """R02: a part above its whole; ``text`` is the msgid with ``%(most)s``."""
    if part is None or whole is None or part <= whole:
        return []
    return [Finding("R02", "error", field, Message(text, {"most": whole}))]


def unit_findings(units: int | None, buildings: int | None) -> list[Finding]:
    """R03: fewer units than buildings (soft: the manual's own samples have 22 buildings and 10 units)."""
    if units is None or buildings is None or units >= buildings:
        return []
    message = msg("Fewer than the %(buildings)s buildings.", buildings=buildings)
    return [Finding("R03", "warning", "unit_count", message)]


# --- R04 -------------------------------------------------


def area_per_household(floor_area: Decimal | None, households: int | None) -> Decimal | None:
    """m² per household from 万㎡; None where it cannot be told."""
    return floor_area * 10_000 / households if floor_area is not None and households else None


def investment_per_household(investment: Decimal | None, households: int | None) -> Decimal | None:
    """万元 per household; None where it cannot be told."""
    return investment / households if investment is not None and households else None


def area_findings(floor_area: Decimal | None, households: int | None, limits: Thresholds) -> list[Finding]:
    """R04: m² per household outside the profile's range."""
    if floor_area is None or not households or households < 0 or floor_area <= 0:
        return []
    square_metres = floor_area * 10_000
    shown = {"size": format_short(square_metres / households)}
    if square_metres > limits.area_per_household_most * households:
        message = Message(N_("%(size)s m² per household: large."), shown)
    elif square_metres < limits.area_per_household_least * households:
        message = Message(N_("%(size)s m² per household: small."), shown)
    else:
        return []
    return [Finding("R04", "warning", "floor_area", message)]


def investment_bounds(middle: Decimal, limits: Thresholds) -> tuple[Fraction, Fraction]:
    """Lowest and highest usual investment per household around the county's median, exact."""
    share, centre = Fraction(limits.investment_deviation), Fraction(middle)
    return centre * (1 - share), centre * (1 + share)


def investment_findings(
    investment: Decimal | None, households: int | None, middle: Decimal | None, limits: Thresholds
) -> list[Finding]:
    """R04: investment per household farther from the county's median than the profile's share."""
    if investment is None or not households or households < 0 or not middle or middle < 0 or investment < 0:
        return []
    low, high = investment_bounds(middle, limits)
    each = Fraction(investment) / households
    if low <= each <= high:
        return []
    amount = investment / households
    percent = format_decimal(abs(amount / middle - 1) * 100, 0)
    shown = {"amount": format_short(amount), "percent": percent}
    above = N_("%(amount)s (10,000 yuan) per household, %(percent)s%% above the median.")
    below = N_("%(amount)s (10,000 yuan) per household, %(percent)s%% below the median.")
    message = Message(above if each > high else below, shown)
    return [Finding("R04", "warning", "planned_investment", message)]


def median_investment(rows: Iterable[tuple[Decimal | None, int | None]]) -> Decimal | None:
    """The county's median of 万元 per household over (investment, households); rows that lack one are left
    out."""
    quotients = [q for q in (investment_per_household(*row) for row in rows) if q]
    return median(quotients) if quotients else None


def late_share(
    rows: Iterable[tuple[int | None, int | None]], limits: Thresholds = DEFAULTS
) -> Decimal | None:
    """Share (0–1) of households built after the normal years up to the last one, over (built year,
    households)."""
    late = total = 0
    for year, households in rows:
        if year is not None and households:
            total += households
            late += households if limits.built_year_normal < year <= limits.built_year_last else 0
    return Decimal(late) / total if total else None


def investment_multiple(
    rows: Iterable[tuple[Decimal | None, int | None]], least_rows: int = 3
) -> Decimal | None:
    """The one amount per household (万元) that all investments of a county are a multiple of (按户估算), else
    None.

    A row agrees when its amount, rounded to 0.01 万元, could be that multiple. Fewer than ``least_rows`` rows
    with both figures, or different household counts fewer than two, prove nothing.
    """
    low, high = Fraction(0), None
    counted: list[int] = []
    half_cent = Fraction(1, 200)
    for investment, households in rows:
        if not investment or not households:
            continue
        amount = Fraction(investment)
        low = max(low, (amount - half_cent) / households)
        top = (amount + half_cent) / households
        high = top if high is None else min(high, top)
        if low > high:
            return None
        counted.append(households)
    if high is None or len(counted) < least_rows or len(set(counted)) < 2:
        return None
    for places in range(5):  # the roundest amount that fits them all
        scaled = round((low + high) / 2 * 10**places)
        if low <= Fraction(scaled, 10**places) <= high:
            return Decimal(scaled).scaleb(-places)
    return Decimal(round((low + high) / 2 * 10**6)).scaleb(-6)


# --- R05 -------------------------------------------------


def duplicate_findings(values: Values, candidates: Iterable[Candidate], limits: Thresholds) -> list[Finding]:
    """R05: other communities that may be the same one: by name, by place, by figures; the likeliest five."""
    name, own = values.get("name"), values.get("id")
    short = normalised_name(name) if name else ""
    figures = (values.get("building_count"), values.get("household_count"), values.get("floor_area"))
    lng, lat = values.get("lng"), values.get("lat")
    hits: list[tuple[int, float, Finding]] = []
    for other in candidates:
        if own is not None and other.id == own:
            continue
        metres = _metres_between(lng, lat, other)
        message = None
        if short and other.normalised == short:
            rank, message = 0, msg("Same name as “%(name)s”: probably a duplicate.", name=other.name)
        elif metres is not None and metres <= limits.duplicate_metres:
            shown = {"name": other.name, "metres": round(metres)}
            if short and names_alike(short, other.normalised):
                rank, text = 1, N_("Like “%(name)s” in name, %(metres)s m away: probably a duplicate.")
            else:
                rank, text = 2, N_("%(metres)s m from “%(name)s”: probably a duplicate.")
            message = Message(text, shown)
        elif None not in figures and figures == other.figures:
            text = N_("Same buildings, households and area as “%(name)s”: probably a duplicate.")
            rank, message = 3, Message(text, {"name": other.name})
        if message is not None:
            distance = float("inf") if metres is None else metres
            hits.append((rank, distance, Finding("R05", "warning", "name", message)))
    hits.sort(key=lambda hit: hit[:2])
    return [finding for _, _, finding in hits[:5]]


def names_alike(one: str, other: str) -> bool:
    """Whether two normalised names share half of their bigrams, or one begins with the other."""
    if not one or not other:
        return False
    if min(len(one), len(other)) >= 2 and (one.startswith(other) or other.startswith(one)):
        return True
    pairs_one, pairs_other = ({n[i : i + 2] for i in range(len(n) - 1)} for n in (one, other))
    shared = len(pairs_one & pairs_other)
    return shared > 0 and 2 * shared * 2 >= len(pairs_one) + len(pairs_other)


def _metres_between(lng: Any, lat: Any, other: Candidate) -> float | None:
    if lng is None or lat is None or other.lng is None or other.lat is None:
        return None
    return haversine_m(lng, lat, other.lng, other.lat)


# --- R06, choices, phones --------------------------------

LNG_RANGE, LAT_RANGE = (73.0, 136.0), (3.0, 54.0)


def position_findings(lng: Any, lat: Any, outside_km: float | None, limits: Thresholds) -> list[Finding]:
    """R06: a point in China, and inside the county; up to ``border_km`` outside soft, farther hard."""
    if lng is None or lat is None:
        return []
    if not _in_china(lng, lat):
        swapped = _in_china(lat, lng)
        text = N_("Longitude and latitude are swapped.") if swapped else N_("The point is not in China.")
        return [Finding("R06", "error", "lng", Message(text))]
    if not outside_km or outside_km <= 0:
        return []
    shown = {"km": format_short(Decimal(repr(float(outside_km))))}
    if outside_km <= limits.border_km:
        text = N_("%(km)s km outside the county's boundary: please check.")
        return [Finding("R06", "warning", "lng", Message(text, shown))]
    return [Finding("R06", "error", "lng", Message(N_("%(km)s km outside the county: not possible."), shown))]


def _in_china(lng: Any, lat: Any) -> bool:
    return bool(LNG_RANGE[0] <= lng <= LNG_RANGE[1] and LAT_RANGE[0] <= lat <= LAT_RANGE[1])


def text_findings(values: Values) -> list[Finding]:
    """M1.4.1: codes that are none of the choices, phones that are none, texts longer than their column."""
    found = []
    for field, longest in LONGEST.items():
        found += length_findings(field, values.get(field), longest)
    for field, choices in (("place_kind", PLACE_KINDS), ("property_kind", PROPERTY_KINDS)):
        if values.get(field) and values[field] not in choices:
            found.append(Finding("M1.4.1", "error", field, msg("Not one of the choices.")))
    for field in ("supervisor_phone", "implementer_phone"):
        if values.get(field) and not valid_phone(values[field]):
            message = msg("Must be an 11-digit mobile number, or area code and number.")
            found.append(Finding("M1.4.1", "error", field, message))
    return found


def length_findings(field: str, value: str | None, longest: int) -> list[Finding]:
    """A text that the database could not hold."""
    if value is None or len(value) <= longest:
        return []
    return [Finding("M1.4.1", "error", field, msg("At most %(most)s characters.", most=longest))]
