"""What an area's sums are and must satisfy, and how its fields are read (R07, R02; pure Python)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from app.communities.fields import missing_fields
from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.text import BadInput, as_finding, normalise_input, parse_phone

BUILT_LIMIT = 2000
"""The statistics part communities at the end of 2000, whatever year a province's profile admits."""

COUNTED = (
    "building_count", "household_count", "unit_count", "unit_without_elevator_count",
    "substandard_household_count",
)  # fmt: skip
AMOUNTS = ("floor_area", "planned_investment")
SUMS = ("community_count", *COUNTED, "built_up_to_2000", "built_after_2000", "earliest_built_year", *AMOUNTS,
        "community_names")  # fmt: skip
NAME_SEPARATOR = ";"

LONGEST: dict[str, int] = {
    "name": 120,
    "address": 200,
    "supervision_unit": 120,
    "supervisor_name": 40,
    "original_owners": 400,
}
TEXTS = (*LONGEST, "supervisor_phone")
REQUIRED = ("name", "supervision_unit", "supervisor_name", "supervisor_phone")
"""Fields starred in M1.6.3 that are typed; everything else comes from the communities."""

OWNER_LABELS: dict[str, str] = {"reserve_project": N_("Reserve project"), "plan_task": N_("Plan task")}


def area_sums(communities: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums of an area from its communities (mappings with ``id`` and the columns of a community).

    Empty figures count as nothing; a community without a built year is in neither part of R07.
    """
    rows = sorted(communities, key=lambda row: row["id"])
    years = [row["built_year"] for row in rows if row["built_year"] is not None]
    sums: dict[str, Any] = {field: sum(row[field] or 0 for row in rows) for field in COUNTED}
    sums.update({field: sum((row[field] or Decimal(0) for row in rows), Decimal(0)) for field in AMOUNTS})
    return {
        **sums,
        "community_count": len(rows),
        "built_up_to_2000": sum(year <= BUILT_LIMIT for year in years),
        "built_after_2000": sum(year > BUILT_LIMIT for year in years),
        "earliest_built_year": min(years, default=None),
        "community_names": NAME_SEPARATOR.join(row["name"] for row in rows),
    }


def sum_findings(kept: Mapping[str, Any], communities: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """R07: what an area keeps against its communities; one hard finding for each sum that differs."""
    truth = area_sums(communities)
    text = N_("Kept %(kept)s, but the communities give %(sum)s.")
    found = [
        Finding("R07", "error", field, msg(text, kept=kept[field], sum=truth[field]))
        for field in SUMS
        if kept[field] != truth[field]
    ]  # fmt: skip
    return found + built_findings(kept)


def built_findings(sums: Mapping[str, Any]) -> list[Finding]:
    """R07: up to 2000 + after 2000 = community count."""
    known = sums["built_up_to_2000"] + sums["built_after_2000"]
    if known == sums["community_count"]:
        return []
    text = N_("%(number)s of the linked communities have no year built yet.")
    return [Finding("R07", "error", "built_up_to_2000", msg(text, number=sums["community_count"] - known))]


def incomplete_findings(communities: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """R10: every linked community must be complete; one hard finding names each that is not."""
    text = N_("“%(name)s” still lacks required information: complete it first.")
    return [
        Finding("R10", "error", "communities", msg(text, name=row["name"]))
        for row in communities
        if missing_fields(row)
    ]


def read_texts(typed: Mapping[str, Any]) -> tuple[dict[str, str], list[Finding]]:
    """The text fields that were typed, cleaned; findings stand at fields that are too long or no phone."""
    values: dict[str, str] = {}
    found: list[Finding] = []
    for field in TEXTS:
        if field not in typed:
            continue
        try:
            values[field] = (
                parse_phone(typed[field]) if field == "supervisor_phone" else _short(field, typed[field])
            )
        except BadInput as bad:
            found.append(as_finding(bad, field, "M1.6.3"))
    if "name" in values and not values["name"]:
        found.append(Finding("M1.6.3", "error", "name", msg("Required.")))
    return values, found


def _short(field: str, raw: Any) -> str:
    text = normalise_input(raw)
    if len(text) > LONGEST[field]:
        raise BadInput(msg("At most %(most)s characters.", most=LONGEST[field]))
    return text


def read_fields(
    typed: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]], rule: str
) -> tuple[dict[str, Any], list[Finding]]:
    """Values of the typed fields that have a reader; what cannot be read is a finding at its field."""
    values: dict[str, Any] = {}
    found: list[Finding] = []
    for field, reader in readers.items():
        if field in typed:
            try:
                values[field] = reader(typed[field])
            except BadInput as bad:
                found.append(as_finding(bad, field, rule))
    return values, found


def required_findings(area: Mapping[str, Any]) -> list[Finding]:
    """M1.6.3: starred fields that are still empty (bites on submission)."""
    return [Finding("M1.6.3", "error", field, msg("Required.")) for field in REQUIRED if not area.get(field)]


def held_message(name: str, holder: str) -> Message:
    """Why something linked cannot be deleted, with the name of what holds it."""
    return msg("“%(name)s” is linked to “%(holder)s”: unlink it first.", name=name, holder=holder)
