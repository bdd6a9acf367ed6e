"""The only writer of communities. Nothing here commits: the caller's unit of work does."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.communities import record_queries as queries
from app.communities.fields import TYPED
from app.communities.models import Community, CommunityRollup
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
    missing_fields,
)
from app.kernel.actor import Actor
from app.kernel.errors import Finding, Message, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.money import format_short
from app.kernel.text import grams, normalised_name, pinyin_initials
from app.persistence.types import utcnow
from app.regions.cache import current
from app.regions.geometry import county_index

_community = Community.__table__
_rollup = CommunityRollup.__table__
_TEXTS = frozenset(key for key in TYPED if key != "town_code" and not _community.c[key].nullable)
RESOURCE = "Community"
MOST_AT_ONCE = 5000


class Unconfirmed(RuleViolation):
    """Soft rules want the person's confirmation; `warnings_digest` of the findings confirms them."""


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


# --- rules -----------------------------------------------


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
    """Hold values against R01–R06 with one statement; ``own_id`` keeps a record from being its own duplicate."""
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
        text = msg("The county's investments are all %(amount)s (10,000 yuan) per household: estimated by households.",
                   amount=format_short(multiple))  # fmt: skip
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


def stored_warnings(findings: Sequence[Finding]) -> str:
    """Confirmed soft findings as the column ``confirmed_warnings`` keeps them, for whoever reviews the row."""
    rows = [
        {"rule": f.rule, "field": f.field, "msgid": f.message.msgid,
         "values": {key: str(value) for key, value in f.message.values.items()}}
        for f in findings if f.level == "warning"
    ]  # fmt: skip
    return json.dumps(rows, ensure_ascii=False) if rows else ""


def read_warnings(stored: str) -> list[Finding]:
    """The findings that were confirmed with a row."""
    return [
        Finding(row["rule"], "warning", row["field"], Message(row["msgid"], row["values"]))
        for row in (json.loads(stored) if stored else [])
    ]


def _hold(assessment: Assessment, values: Mapping[str, Any], confirmed: str) -> None:
    """Raises RuleViolation for hard findings, Unconfirmed for soft ones that were not confirmed."""
    errors = list(assessment.errors)
    if not values.get("name"):
        errors.insert(0, Finding("M1.4.1", "error", "name", msg("The community's name must not be empty.")))
    if errors:
        raise RuleViolation([*errors, *assessment.warnings])
    if assessment.warnings and confirmed != warnings_digest(assessment.warnings):
        raise Unconfirmed(assessment.warnings)


# --- writing ---------------------------------------------


def _require(actor: Actor, action: str) -> None:
    if not actor.may(f"can_{action}", RESOURCE):
        raise NotAllowed(msg("Your role does not include this function."))


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Typed fields as the table holds them: empty texts are ``""``, an empty sub-district None."""
    kept = {key: values.get(key) for key in TYPED if key in values}
    return {key: value or "" if key in _TEXTS else value or None if key == "town_code" else value
            for key, value in kept.items()}  # fmt: skip


def _name_of(actor: Actor) -> str:
    return (actor.display_name or actor.username)[:64]


def create_community(session: Session, actor: Actor, values: Mapping[str, Any], *, confirmed: str = "") -> Community:
    """Add a community to the actor's own county (M1.4.1); missing fields make it 待完善.

    ``confirmed`` is the `warnings_digest` of the soft findings that the person has seen.
    Raises: NotAllowed, RuleViolation (hard rules at their fields), Unconfirmed (soft rules not yet confirmed).
    """
    _require(actor, "add")
    if actor.region_level != "county":
        raise NotAllowed(msg("Communities are entered by the county they lie in."))
    county = actor.region_code
    assessment = assess(session, county, values)
    _hold(assessment, values, confirmed)
    row = {key: "" for key in _TEXTS} | _columns(values) | {"county_code": county}
    community = Community(
        **row, **derived(row), confirmed_warnings=stored_warnings(assessment.warnings),
        created_by=_name_of(actor), updated_by=_name_of(actor),
    )  # fmt: skip
    session.add(community)
    session.flush()
    return community


def update_community(
    session: Session, actor: Actor, community_id: int, values: Mapping[str, Any], version: int, *, confirmed: str = ""
) -> Community:
    """Change the one record of a community, wherever it is edited (M1.4.4). Its county never changes.

    Raises: OutOfScope, NotAllowed, StaleRow (``version`` is not the present one: somebody else was faster),
    RuleViolation, Unconfirmed.
    """
    _require(actor, "edit")
    community = queries.find(session, community_id)
    if community is None:
        raise OutOfScope(f"community {community_id}")
    if community.version != version:
        raise StaleRow({key: getattr(community, key) for key in TYPED}, community.version)
    now = {key: getattr(community, key) for key in TYPED} | _columns(values)
    assessment = assess(session, community.county_code, now, community.id)
    _hold(assessment, now, confirmed)
    changed = {key: value for key, value in now.items() if getattr(community, key) != value}
    row = now | {"county_code": community.county_code}
    changed |= {key: value for key, value in derived(row).items() if getattr(community, key) != value}
    warnings = stored_warnings(assessment.warnings)
    if warnings != community.confirmed_warnings:
        changed["confirmed_warnings"] = warnings
    if changed:
        for key, value in (changed | {"updated_at": utcnow(), "updated_by": _name_of(actor)}).items():
            setattr(community, key, value)
        session.flush()
    return community


def delete_communities(session: Session, actor: Actor, ids: Sequence[int]) -> int:
    """Move communities to the recycle bin (M1.4.3), all or none; returns how many.

    Raises: OutOfScope when one does not exist for the actor, RuleViolation naming what holds each linked one.
    """
    _require(actor, "delete")
    rows = _wanted(session, ids)
    held = [
        Finding("M1.4.3", "error", None,
                msg("“%(name)s” cannot be deleted: it is linked to %(holder)s.", name=row.name, holder=holder_of(row)))
        for row in rows if row.place_state != "free"
    ]  # fmt: skip
    if held:
        raise RuleViolation(held)
    for row in rows:
        row.deleted_at, row.deleted_by = utcnow(), _name_of(actor)
    session.flush()
    return len(rows)


def _wanted(session: Session, ids: Sequence[int], *, deleted: bool = False) -> list[Community]:
    if not ids or len(ids) > MOST_AT_ONCE:
        raise RuleViolation(
            Finding("M1.4.3", "error", None, msg("Tick between 1 and %(most)s communities.", most=MOST_AT_ONCE))
        )
    rows = [row for start in range(0, len(ids), 500) for row in queries.several(session, ids[start : start + 500],
                                                                                deleted=deleted)]  # fmt: skip
    if len(rows) != len(set(ids)):
        raise OutOfScope("communities")
    return rows


def holder_of(community: Any) -> Message:
    """What holds a linked community, in words."""
    if community.place_state == "plan":
        return msg("the %(year)s plan “%(name)s”", year=community.place_year, name=community.place_label)
    return msg("the reserve project “%(name)s”", name=community.place_label)


def restore_communities(session: Session, actor: Actor, ids: Sequence[int]) -> int:
    """Take communities back out of the recycle bin; returns how many. Raises: OutOfScope, RuleViolation."""
    _require(actor, "restore")
    rows = _wanted(session, ids, deleted=True)
    for row in rows:
        row.deleted_at, row.deleted_by = None, ""
    session.flush()
    return len(rows)


def erase_expired(session: Session, actor: Actor, now: dt.datetime | None = None) -> int:
    """Remove for good what has lain in the recycle bin longer than the province's ``recycle_days``.

    For the system alone (job, command). At most 500 rows a province and call, so that the transaction stays
    short; returns how many, 0 when nothing is left.
    """
    if not actor.is_system:
        raise NotAllowed(msg("Your role does not include this function."))
    gone = 0
    for code, profile in current(session).profiles.items():
        before = (now or utcnow()) - dt.timedelta(days=profile.recycle_days)
        for row in queries.expired(session, code[:2], before, 500):
            session.delete(row)
            gone += 1
    session.flush()
    return gone


# --- what follows from the rest ---------------------------


def derived(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that follow from the others: completeness, search text, name key."""
    name = values.get("name") or ""
    initials = pinyin_initials(name)
    missing = missing_fields(values)
    return {
        "missing": ",".join(missing),
        "is_complete": not missing,
        "normalised_name": normalised_name(name),
        "initials": initials,
        "search_grams": grams(name, initials, values.get("county_code") or ""),
    }


def verify_rollups(session: Session) -> list[str]:
    """Recount every rollup row from the communities and name each difference."""
    keys = ("county_code", "place_state", "place_year", "is_complete")
    sums = ("building_count", "household_count", "floor_area", "planned_investment")
    counted = session.execute(
        select(*(_community.c[k] for k in keys), func.count(), *(func.coalesce(func.sum(_community.c[k]), 0) for k in sums))
        .where(_community.c.deleted_at.is_(None))
        .group_by(*(_community.c[k] for k in keys))
    )
    truth = {tuple(row[:4]): tuple(row[4:]) for row in counted}
    names = ("communities", "buildings", "households", "floor_area", "planned_investment")
    kept = {
        tuple(row[:4]): tuple(row[4:])
        for row in session.execute(select(*(_rollup.c[k] for k in (*keys, *names))))
        if row.communities
    }
    return [
        f"community rollup {key}: kept {kept.get(key)}, counted {truth.get(key)}"
        for key in sorted({*truth, *kept}, key=str)
        if tuple(map(_plain, kept.get(key, ()))) != tuple(map(_plain, truth.get(key, ())))
    ]


def _plain(value: Any) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value}" else f"{value}"
