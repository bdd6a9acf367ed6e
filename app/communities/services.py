"""The only writer of communities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.communities.models import Community, CommunityRollup
from app.communities.rules import missing_fields
from app.kernel.text import grams, normalised_name, pinyin_initials

_community = Community.__table__
_rollup = CommunityRollup.__table__


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
