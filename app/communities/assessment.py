"""What the rules say of a community before it is saved: R01–R06 held against its county (rules.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.communities import record_queries as queries
from app.communities.fields import read_warnings, stored_warnings
from app.communities.rules import (
    Candidate,
    Context,
    Thresholds,
    area_per_household,
    check,
    duplicate_findings,
    investment_multiple,
    investment_per_household,
    late_share,
    median_investment,
)
from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.money import format_short
from app.regions.cache import current
from app.regions.geometry import county_index

__all__ = ["Assessment", "assess", "read_warnings", "stored_warnings", "thresholds", "warnings_digest"]


@dataclass(frozen=True)
class Assessment:
    """What the rules say about the values of one community before it is saved.

    ``findings`` of R01–R06; ``duplicates``: (community id, finding) of R05; ``notes``: (field, message) of
    what is as it should be.
    """

    findings: tuple[Finding, ...] = ()
    duplicates: tuple[tuple[int, Finding], ...] = ()
    notes: tuple[tuple[str, Message], ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.level == "warning")


def thresholds(county_code: str) -> Thresholds:
    """The limits of the province profile that a county stands under (rules.md)."""
    profile = current().profile(county_code)
    return Thresholds(
        built_year_first=profile.built_year_first,
        built_year_normal=profile.built_year_normal,
        built_year_last=profile.built_year_last,
        late_share_limit=profile.late_share_limit,
        area_per_household_least=profile.area_per_household_min,
        area_per_household_most=profile.area_per_household_max,
        investment_deviation=profile.investment_deviation,
        border_km=float(profile.border_km),
        duplicate_metres=float(profile.duplicate_metres),
    )


def assess(
    session: Session, county_code: str, values: Mapping[str, Any], own_id: int | None = None
) -> Assessment:
    """Hold values against R01–R06 with one statement; a record (``own_id``) is not its own duplicate."""
    limits = thresholds(county_code)
    around = queries.surroundings(session, county_code, values, limits, own_id)
    own_row = (values.get("built_year"), values.get("household_count"))
    context = Context(
        median_investment=median_investment((row[0], row[1]) for row in around.figures),
        late_share=late_share([*((row[2], row[1]) for row in around.figures), own_row], limits),
        candidates=around.candidates,
        outside_km=_outside_km(county_code, values),
    )
    findings = [*check({**values, "id": own_id}, limits, context), *_place_findings(county_code, values)]
    multiple = investment_multiple((row[0], row[1]) for row in around.figures)
    if multiple is not None and values.get("planned_investment") is not None:
        text = Message(
            N_("All investments of the county are %(amount)s (10,000 yuan) per household: an estimate."),
            {"amount": format_short(multiple)},
        )
        findings.append(Finding("R04", "info", "planned_investment", text))
    return Assessment(
        tuple(findings), _duplicates(values, around.candidates, limits, own_id),
        tuple(_notes(county_code, values, context, findings)),
    )  # fmt: skip


def _outside_km(county_code: str, values: Mapping[str, Any]) -> float | None:
    lng, lat = values.get("lng"), values.get("lat")
    return None if lng is None or lat is None else county_index().distance_km(county_code, lng, lat)


def _place_findings(county_code: str, values: Mapping[str, Any]) -> list[Finding]:
    found = []
    if (values.get("lng") is None) != (values.get("lat") is None):
        field = "lng" if values.get("lng") is None else "lat"
        found.append(Finding("M1.4.1g", "error", field, msg("Longitude and latitude belong together.")))
    if values.get("town_code"):
        town = current().town(values["town_code"])
        if town is None or county_code not in (town.county_code, town.zone_code):
            found.append(Finding("M1.4.1", "error", "town_code", msg("Not one of the choices.")))
    return found


def _duplicates(
    values: Mapping[str, Any], candidates: Sequence[Candidate], limits: Thresholds, own_id: int | None
) -> tuple[tuple[int, Finding], ...]:
    """The communities behind the findings of R05, in the same order."""
    findings = duplicate_findings({**values, "id": own_id}, candidates, limits)
    pairs: list[tuple[int, Finding]] = []
    for finding in findings:
        for other in candidates:
            alone = duplicate_findings({**values, "id": own_id}, [other], limits)
            known = {identifier for identifier, _ in pairs}
            if alone == [finding] and other.id is not None and other.id not in known:
                pairs.append((other.id, finding))
                break
    return tuple(pairs)


def _notes(
    county_code: str, values: Mapping[str, Any], context: Context, findings: Sequence[Finding]
) -> list[tuple[str, Message]]:
    """What is said in green beside figures that are as expected."""
    objected = {finding.field for finding in findings if finding.level in ("error", "warning")}
    notes = []
    area = area_per_household(values.get("floor_area"), values.get("household_count"))
    if area is not None and "floor_area" not in objected:
        notes.append(("floor_area", msg("%(size)s m² per household", size=format_short(area))))
    each = investment_per_household(values.get("planned_investment"), values.get("household_count"))
    if each is not None and "planned_investment" not in objected:
        shown = {"amount": format_short(each)}
        if context.median_investment and format_short(context.median_investment) == shown["amount"]:
            text = msg("%(amount)s (10,000 yuan) per household, as the county's median", **shown)
        else:
            text = msg("%(amount)s (10,000 yuan) per household", **shown)
        notes.append(("planned_investment", text))
    if context.outside_km == 0 and "lng" not in objected:
        notes.append(("position", msg("Inside %(county)s", county=current().name(county_code))))
    return notes


def warnings_digest(findings: Sequence[Finding]) -> str:
    """A short digest of the soft findings: what a person confirmed is what they were shown."""
    shown = sorted(f"{f.rule}|{f.field}|{f.message}" for f in findings if f.level == "warning")
    return hashlib.sha256("\n".join(shown).encode()).hexdigest()[:16] if shown else ""
