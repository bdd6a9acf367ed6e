"""The only writer of communities. Nothing here commits: the caller's unit of work does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.communities import record_queries as queries
from app.communities.assessment import Assessment, assess, stored_warnings, warnings_digest
from app.communities.fields import TYPED
from app.communities.models import Community, CommunityRollup
from app.communities.rules import missing_fields
from app.kernel.actor import Actor
from app.kernel.errors import N_, Finding, Message, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.text import grams, normalised_name, pinyin_initials
from app.persistence.types import utcnow
from app.regions.recycling import expired

_community = Community.__table__
_rollup = CommunityRollup.__table__
_TEXTS = frozenset(key for key in TYPED if key != "town_code" and not _community.c[key].nullable)
RESOURCE = "Community"
MOST_AT_ONCE = 5000


class Unconfirmed(RuleViolation):
    """Soft rules want the person's confirmation; `warnings_digest` of the findings confirms them."""


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


def create_community(
    session: Session, actor: Actor, values: Mapping[str, Any], *, confirmed: str = ""
) -> Community:
    """Add a community to the actor's own county (M1.4.1); missing fields make it 待完善.

    ``confirmed`` is the `warnings_digest` of the soft findings that the person has seen.
    Raises: NotAllowed, RuleViolation (hard rules at their fields), Unconfirmed (soft rules not confirmed yet).
    """
    _require(actor, "add")
    if actor.region_level != "county":
        raise NotAllowed(msg("Communities are entered by the county they lie in."))
    county = actor.region_code
    assessment = assess(session, county, values)
    _hold(assessment, values, confirmed)
    row = dict.fromkeys(_TEXTS, "") | _columns(values) | {"county_code": county}
    community = Community(
        **row, **derived(row), confirmed_warnings=stored_warnings(assessment.warnings),
        created_by=_name_of(actor), updated_by=_name_of(actor),
    )  # fmt: skip
    session.add(community)
    session.flush()
    return community


def update_community(
    session: Session,
    actor: Actor,
    community_id: int,
    values: Mapping[str, Any],
    version: int,
    *,
    confirmed: str = "",
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
    refusal = N_("“%(name)s” cannot be deleted: it is linked to %(holder)s.")
    held = [
        Finding("M1.4.3", "error", None, Message(refusal, {"name": row.name, "holder": holder_of(row)}))
        for row in rows
        if row.place_state != "free"
    ]
    if held:
        raise RuleViolation(held)
    for row in rows:
        row.deleted_at, row.deleted_by = utcnow(), _name_of(actor)
    session.flush()
    return len(rows)


def _wanted(session: Session, ids: Sequence[int], *, deleted: bool = False) -> list[Community]:
    if not ids or len(ids) > MOST_AT_ONCE:
        raise RuleViolation(
            Finding(
                "M1.4.3", "error", None, msg("Tick between 1 and %(most)s communities.", most=MOST_AT_ONCE)
            )
        )
    chunks = (ids[start : start + 500] for start in range(0, len(ids), 500))
    rows = [row for chunk in chunks for row in queries.several(session, chunk, deleted=deleted)]
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
    short; returns how many, 0 when nothing is left. Raises: NotAllowed.
    """
    rows = expired(session, actor, Community, now=now, most=500)
    for row in rows:
        session.delete(row)
    session.flush()
    return len(rows)


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
        select(
            *(_community.c[k] for k in keys),
            func.count(),
            *(func.coalesce(func.sum(_community.c[k]), 0) for k in sums),
        )
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
