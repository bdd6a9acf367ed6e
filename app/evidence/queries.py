"""Selects over findings and photos; what lies outside the scope of who asks is never named (R20)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Table, or_, select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.areas import queries as areas
from app.attachments.models import Attachment, StoredFile
from app.evidence.models import PhotoFinding
from app.evidence.rules import KINDS, PAIRS, PHOTO_PURPOSES, Shot, Site, nearest_metres, sentence
from app.kernel.errors import Message, msg
from app.kernel.scope import Scope
from app.persistence.context import current_scope, unscoped
from app.persistence.gate import SCOPE_APPLIED, scope_clause

_finding: Table = PhotoFinding.__table__  # type: ignore[assignment]
_attachment: Table = Attachment.__table__  # type: ignore[assignment]
_stored: Table = StoredFile.__table__  # type: ignore[assignment]
_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_OPTIONS = {SCOPE_APPLIED: True}
_PHOTO = (
    *(_attachment.c[name] for name in (
        "id", "county_code", "owner_entity", "owner_id", "purpose", "sha256", "uploader", "uploader_id", "created_at",
        "told_at", "told_lng", "told_lat")),
    *(_stored.c[name] for name in ("taken_at", "taken_lng", "taken_lat", "perceptual_hash")),
)  # fmt: skip
_photos = select(*_PHOTO).join_from(_attachment, _stored, _stored.c.sha256 == _attachment.c.sha256)


def photos(session: Session, *where: Any, limit: int | None = None) -> Sequence[Row[Any]]:
    """Photos in use with what is known of them, oldest first; the caller has settled the scope."""
    statement = _photos.where(
        _attachment.c.deleted_at.is_(None), _attachment.c.purpose.in_(PHOTO_PURPOSES), *where
    )
    return session.execute(
        statement.order_by(_attachment.c.id).limit(limit), execution_options=_OPTIONS
    ).all()


def by_ids(session: Session, ids: Sequence[int]) -> Sequence[Row[Any]]:
    return photos(session, _attachment.c.id.in_(ids))


def of_records(session: Session, entity: str, ids: Sequence[int]) -> Sequence[Row[Any]]:
    return photos(session, _attachment.c.owner_entity == entity, _attachment.c.owner_id.in_(ids))


def using(session: Session, contents: Sequence[str], province: str, limit: int) -> Sequence[Row[Any]]:
    """Photos of a province (two digits) with one of these contents."""
    return photos(
        session, _attachment.c.sha256.in_(contents), scope_clause(Scope.region(province), _attachment.c.county_code),
        limit=limit,
    )  # fmt: skip


def shot(photo: Any) -> Shot:
    """Time and place of a photo: what the page told at the moment of capture counts before EXIF."""
    told = photo.told_lng is not None and photo.told_lat is not None
    lng, lat = (photo.told_lng, photo.told_lat) if told else (photo.taken_lng, photo.taken_lat)
    return Shot(photo.purpose, photo.created_at, photo.told_at or photo.taken_at, lng, lat)


# ── findings ──
@dataclass(frozen=True)
class Shown:
    """A finding as whoever asks may see it; ``plan`` and ``photo_id`` of the counterpart only inside the scope."""

    id: int
    kind: str
    label: Message
    message: Message
    state: str
    reason: str
    where: Message | None = None
    plan_id: int | None = None
    photo_id: int | None = None
    reported: bool = False


@dataclass(frozen=True)
class ReportFindings:
    """What is doubtful about a report: by photo (attachment number), and about its figures."""

    photos: dict[int, list[Shown]] = field(default_factory=dict)
    figures: list[Shown] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Open findings."""
        every = [*self.figures, *(shown for found in self.photos.values() for shown in found)]
        return sum(shown.state == "open" for shown in every)


def findings_for_report(session: Session, report_id: int) -> ReportFindings:
    """Findings of a report for whoever fills or reviews it; two statements at most."""
    result = ReportFindings()
    for row, shown in _shown(session, _finding.c.report_id == report_id):
        if row.attachment_id is None:
            result.figures.append(shown)
        else:
            result.photos.setdefault(row.attachment_id, []).append(shown)
    return result


def findings_for_photos(session: Session, ids: Sequence[int]) -> dict[int, list[Shown]]:
    """Photo (attachment number) → findings, whatever record it stands in."""
    result: dict[int, list[Shown]] = {}
    for row, shown in _shown(session, _finding.c.attachment_id.in_(ids)):
        result.setdefault(row.attachment_id, []).append(shown)
    return result


def open_counts(session: Session, report_ids: Sequence[int]) -> dict[int, int]:
    """Report → number of its open findings, for a list's column; one statement."""
    mine = _mine(current_scope())
    found = select(_finding.c.report_id).where(
        mine, _finding.c.report_id.in_(report_ids), _finding.c.state == "open"
    )
    counts: dict[int, int] = {}
    for report_id in session.execute(found, execution_options=_OPTIONS).scalars():
        counts[report_id] = counts.get(report_id, 0) + 1
    return counts


def find(session: Session, finding_id: int) -> PhotoFinding | None:
    """A finding of the scope."""
    return session.scalars(select(PhotoFinding).where(PhotoFinding.id == finding_id)).first()


def show(session: Session, finding_id: int) -> tuple[Row[Any], Shown] | None:
    """A finding's row and how it reads, or None."""
    return next(iter(_shown(session, _finding.c.id == finding_id)), None)


def _mine(scope: Scope) -> Any:
    return scope_clause(scope, _finding.c.county_code, _finding.c.plan_task_id)


def _shown(session: Session, *where: Any) -> list[tuple[Row[Any], Shown]]:
    statement = select(_finding).where(_mine(current_scope()), *where).order_by(_finding.c.id)
    rows = session.execute(statement, execution_options=_OPTIONS).all()
    names = other_plans(session, rows)
    return [(row, shown(row, names)) for row in rows]


def other_plans(session: Session, rows: Iterable[Any]) -> dict[int, str]:
    """Names of the counterparts' plan tasks inside the scope; no statement where there are none."""
    scope = current_scope()
    wanted = {
        row.other_plan_id
        for row in rows
        if row.other_plan_id and scope.holds(row.other_county, row.other_plan_id)
    }
    if not wanted:
        return {}
    found = select(_plan.c.id, _plan.c.name).where(
        scope_clause(scope, _plan.c.county_code, _plan.c.id), _plan.c.id.in_(sorted(wanted))
    )
    return {row.id: row.name for row in session.execute(found, execution_options=_OPTIONS)}


def shown(row: Any, names: dict[int, str]) -> Shown:
    """A finding in words; ``names`` are those of `other_plans`: a plan not among them is not named."""
    known = row.other_plan_id in names
    where = _where(row, names) if row.kind in PAIRS else None
    return Shown(
        row.id, row.kind, Message(KINDS[row.kind]), sentence(row.kind, row.values), row.state, row.reason, where,
        row.other_plan_id if known else None, row.other_attachment_id if known else None,
        row.reported,
    )  # fmt: skip


def _where(row: Any, names: dict[int, str]) -> Message:
    from app.regions.cache import current

    county = current().name(row.other_county)
    if row.other_plan_id in names:
        if row.other_plan_id == row.plan_task_id:
            return msg("Elsewhere in the same plan task")
        return msg("In “%(plan)s” (%(county)s)", plan=names[row.other_plan_id], county=county)
    return msg("In another project in %(county)s", county=county)


# ── facts of photos, for whoever reviews them ──
@dataclass(frozen=True)
class PhotoFacts:
    """When and where a photo was taken as far as it is known, and metres to the nearest community of the plan.

    ``told``: position or time come from the page at the moment of capture, not from EXIF.
    """

    shot: Shot
    metres: int | None
    told: bool


def facts_of(session: Session, plan_task_id: int, ids: Sequence[int]) -> dict[int, PhotoFacts]:
    """Facts of a plan's photos (attachment number → facts); two statements. The ids come through the gate."""
    if not ids:
        return {}
    with unscoped("distance to communities of a plan the actor holds"):
        points = areas.points_of(session, [plan_task_id]).get(plan_task_id, [])
        rows = by_ids(session, list(ids))
    site = Site(points)
    facts = {}
    for row in rows:
        taken = shot(row)
        metres = nearest_metres(taken, site)
        told = row.told_at is not None or row.told_lng is not None
        facts[row.id] = PhotoFacts(taken, None if metres is None else round(metres), told)
    return facts


def of_photos(ids: Sequence[int]) -> Any:
    """Findings that flag or name one of these photos, as entities."""
    return select(PhotoFinding).where(
        or_(PhotoFinding.attachment_id.in_(ids), PhotoFinding.other_attachment_id.in_(ids))
    ).order_by(PhotoFinding.id)  # fmt: skip
