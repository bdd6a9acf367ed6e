"""The only writer of findings: photos are judged when they arrive, when their hash is known, and when a report is
handed in (R20); whoever watches over counties may set a finding aside with a reason.

Judging looks at photos of the whole province: each door of it says ``unscoped``. It runs in the transaction that
brought the photo and never commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from app.areas import queries as areas
from app.attachments.models import Attachment, StoredFile
from app.audit import services as audit
from app.evidence import prints, queries
from app.evidence.models import PhotoFinding
from app.evidence.rules import (
    FIGURES,
    PAIRS,
    PHOTO_PURPOSES,
    Doubt,
    Site,
    Use,
    check_reason,
    doubtful_pair,
    judge_figures,
    judge_place,
    judge_time,
)
from app.evidence.subjects import Subject, subjects_of
from app.kernel.errors import Finding, NotAllowed, OutOfScope, RuleViolation, msg
from app.persistence.context import current_actor, unscoped
from app.persistence.gate import SCOPE_APPLIED
from app.persistence.types import utcnow
from app.regions.cache import current
from app.regions.geometry import county_index

MOST_PAIRS = 5
MOST_USES = 200
_PROVINCE_WIDE = "photo evidence compares the photos of a whole province (R20)"
_finding = PhotoFinding.__table__
_OPTIONS = {SCOPE_APPLIED: True}


# ── what arrives ──
def photo_arrived(session: Session, attachment: Attachment) -> None:
    """Enter a photo in the province's index and judge it; other files are passed over."""
    if attachment.purpose not in PHOTO_PURPOSES:
        return
    with unscoped(_PROVINCE_WIDE):
        digest = session.get_one(StoredFile, attachment.sha256).perceptual_hash
        if digest:
            prints.remember(session, attachment.county_code[:2], attachment.sha256, digest)
        judge(session, queries.by_ids(session, [attachment.id]))


def hash_known(session: Session, stored: StoredFile) -> None:
    """Enter a picture in the index of every province that uses it as a photo, and compare it with the others."""
    with unscoped(_PROVINCE_WIDE):
        rows = queries.photos(session, Attachment.__table__.c.sha256 == stored.sha256, limit=MOST_USES)
        for province in sorted({row.county_code[:2] for row in rows}):
            prints.remember(session, province, stored.sha256, str(stored.perceptual_hash))
        judge(session, rows)


def photo_gone(session: Session, attachment: Attachment) -> None:
    """A photo in the recycle bin proves nothing: open findings about it or against it go."""
    with unscoped(_PROVINCE_WIDE):
        named = or_(
            _finding.c.attachment_id == attachment.id, _finding.c.other_attachment_id == attachment.id
        )
        _drop(session, named)


# ── judging ──
def judge(session: Session, photos: Sequence[Any]) -> None:
    """Find out anew what is doubtful about these photos (rows of `queries.photos`), inside ``unscoped``."""
    subjects = subjects_of(session, photos)
    known = [photo for photo in photos if photo.id in subjects]
    if not known:
        return
    points = areas.points_of(session, sorted({subject.plan_task_id for subject in subjects.values()}))
    found: dict[int, dict[str, Doubt]] = {photo.id: {} for photo in known}
    for photo in known:
        subject = subjects[photo.id]
        for doubt in _alone(photo, subject, points.get(subject.plan_task_id, [])):
            found[photo.id][f"{photo.id}:{doubt.kind}"] = doubt
    pairs = _pairs(session, known, subjects)
    others = _load(session, {later.id for later, _earlier, _doubt in pairs} - set(found), subjects)
    rows = {photo.id: photo for photo in (*known, *others)}
    _settle(session, found, pairs, rows, subjects)


def _alone(photo: Any, subject: Subject, points: Sequence[Any]) -> list[Doubt]:
    """What is doubtful about the time and place of one photo."""
    profile = current().profile(subject.county_code)
    taken, site = queries.shot(photo), Site(points, subject.started_on, profile.photo_metres)
    outside = None
    if taken.lng is not None and taken.lat is not None:
        outside = county_index().distance_km(subject.county_code, float(taken.lng), float(taken.lat))
    return [*judge_time(taken, site), *judge_place(taken, site, outside)]


def _load(session: Session, ids: set[int], subjects: dict[int, Subject]) -> Sequence[Any]:
    if not ids:
        return ()
    rows = queries.by_ids(session, sorted(ids))
    subjects.update(subjects_of(session, rows))
    return rows


Pair = tuple[Any, Any, Doubt]


def _pairs(session: Session, photos: Sequence[Any], subjects: dict[int, Subject]) -> list[Pair]:
    """(later photo, earlier photo, doubt) of every doubtful pair: the later one is what is asked about."""
    found: dict[tuple[int, int], Pair] = {}
    for photo in photos:
        province = photo.county_code[:2]
        digest = photo.perceptual_hash
        alike = prints.alike(session, province, digest, photo.sha256) if digest else []
        bits = {photo.sha256: 0, **{other.sha256: other.bits for other in alike}}
        uses = [
            row for row in queries.using(session, sorted(bits), province, MOST_USES) if row.id != photo.id
        ]
        subjects.update(subjects_of(session, [row for row in uses if row.id not in subjects]))
        uses.sort(key=lambda row: (row.sha256 != photo.sha256, bits[row.sha256], row.id))
        kept = [row for row in uses if row.id in subjects and _contradict(photo, row, subjects)]
        for row in kept[:MOST_PAIRS]:
            same = row.sha256 == photo.sha256
            doubt = Doubt("same_photo") if same else Doubt("near_photo", {"bits": bits[row.sha256]})
            later, earlier = (photo, row) if photo.id > row.id else (row, photo)
            found[later.id, earlier.id] = (later, earlier, doubt)
    return list(found.values())


def _contradict(one: Any, other: Any, subjects: Mapping[int, Subject]) -> bool:
    first, second = (Use(row.id, subjects[row.id].content, row.purpose) for row in (one, other))
    return doubtful_pair(first, second)


def _settle(
    session: Session, found: dict[int, dict[str, Doubt]], pairs: Sequence[Pair], rows: Mapping[int, Any],
    subjects: Mapping[int, Subject],
) -> None:  # fmt: skip
    """Write what is new, bring up to date what stands, remove what is open and no longer true."""
    judged = sorted(found)
    standing = {row.mark: row for row in session.scalars(queries.of_photos(judged))}
    true: set[str] = set()
    for photo_id, doubts in found.items():
        for mark, doubt in doubts.items():
            _write(session, standing, mark, doubt, rows[photo_id], subjects[photo_id])
            true.add(mark)
    for later, earlier, doubt in pairs:
        mark = f"{later.id}:{doubt.kind}:{earlier.id}"
        row = _write(session, standing, mark, doubt, rows[later.id], subjects[later.id])
        other = subjects[earlier.id]
        row.other_attachment_id, row.other_county = earlier.id, other.county_code
        row.other_plan_id = other.plan_task_id
        true.add(mark)
    for mark, row in standing.items():
        if mark not in true and row.state == "open" and (row.kind in PAIRS or row.attachment_id in found):
            session.delete(row)
    session.flush()


def _write(
    session: Session, standing: dict[str, PhotoFinding], mark: str, doubt: Doubt, photo: Any, subject: Subject
) -> PhotoFinding:
    row = standing.get(mark)
    if row is None:
        row = PhotoFinding(
            county_code=subject.county_code, plan_task_id=subject.plan_task_id, mark=mark, kind=doubt.kind,
            report_id=subject.report_id, owner_entity=photo.owner_entity, owner_id=photo.owner_id,
            attachment_id=photo.id, filler=photo.uploader, other_county="", found_at=utcnow(),
        )  # fmt: skip
        standing[mark] = row
        session.add(row)
    row.values, row.reported = dict(doubt.values), subject.reported
    return row


# ── reports ──
def judge_report(
    session: Session,
    report: Any,
    photo_owners: tuple[str, Sequence[int]],
    warnings: Sequence[Mapping[str, Any]],
) -> None:
    """A report was handed in: judge its photos as things stand now, note what is odd about its figures.

    ``report`` has ``id``, ``county_code``, ``plan_task_id``, ``submitted_by_name``; ``photo_owners`` names the kind
    and numbers of the records with its photos; ``warnings`` are those of `rules.judge_figures`.
    """
    with unscoped(_PROVINCE_WIDE):
        judge(session, queries.of_records(session, *photo_owners))
        marks = {}
        for number, doubt in enumerate(judge_figures(warnings)):
            marks[f"r{report.id}:{doubt.kind}:{number}"] = doubt
        mine = select(PhotoFinding).where(PhotoFinding.report_id == report.id, PhotoFinding.kind.in_(FIGURES))
        standing = {row.mark: row for row in session.scalars(mine.order_by(PhotoFinding.id))}
        for mark, doubt in marks.items():
            row = standing.pop(mark, None)
            if row is None:
                row = PhotoFinding(
                    county_code=report.county_code, plan_task_id=report.plan_task_id, mark=mark, kind=doubt.kind,
                    report_id=report.id, owner_entity="MonthlyReport", owner_id=report.id,
                    filler=report.submitted_by_name, other_county="",
                )  # fmt: skip
                session.add(row)
            row.values, row.reported = dict(doubt.values), True
        for row in standing.values():
            if row.state == "open":
                session.delete(row)
        session.flush()
        tell_reported(session, [report.id], True)


def judge_records(session: Session, entity: str, ids: Sequence[int]) -> None:
    """Judge the photos of records anew after their state changed; findings of those that no longer count go."""
    with unscoped(_PROVINCE_WIDE):
        rows = queries.of_records(session, entity, ids)
        judge(session, rows)
        still = subjects_of(session, rows)
        gone = [row.id for row in rows if row.id not in still]
        _drop(session, or_(_finding.c.attachment_id.in_(gone), _finding.c.other_attachment_id.in_(gone)))


def preview(session: Session, photo_owners: tuple[str, Sequence[int]]) -> list[tuple[Any, Doubt]]:
    """(photo, doubt) of the records' photos as things stand now, open findings about pairs included; writes nothing."""
    with unscoped(_PROVINCE_WIDE):
        photos = queries.of_records(session, *photo_owners)
        if not photos:
            return []
        subjects = subjects_of(session, photos)
        points = areas.points_of(session, sorted({subject.plan_task_id for subject in subjects.values()}))
        found = [
            (photo, doubt)
            for photo in photos
            if photo.id in subjects
            for doubt in _alone(photo, subjects[photo.id], points.get(subjects[photo.id].plan_task_id, []))
        ]
        by_id = {photo.id: photo for photo in photos}
        for row in session.scalars(queries.of_photos(list(by_id))):
            if row.attachment_id in by_id and row.state == "open" and row.kind in PAIRS:
                found.append((by_id[row.attachment_id], Doubt(row.kind, row.values)))
        return found


def forget(session: Session, report_ids: Sequence[int]) -> None:
    """Open findings of replaced reports go; those set aside stay on record."""
    _drop(session, _finding.c.report_id.in_(report_ids))


def _drop(session: Session, which: Any) -> None:
    session.execute(delete(_finding).where(which, _finding.c.state == "open"), execution_options=_OPTIONS)


def tell_reported(session: Session, report_ids: Iterable[int], reported: bool) -> None:
    """Whether findings of these reports are anybody's business beyond who fills them; the ids come through the gate."""
    statement = update(_finding).where(_finding.c.report_id.in_(list(report_ids))).values(reported=reported)
    session.execute(statement, execution_options=_OPTIONS)


# ── setting aside ──
def dismiss(session: Session, finding_id: int, reason: str) -> PhotoFinding:
    """Set a finding aside with a reason; it is kept. Raises: NotAllowed, OutOfScope, RuleViolation."""
    finding, actor = _for_change(session, finding_id), current_actor()
    if finding.state != "open":
        raise RuleViolation(Finding("N3.3a", "error", None, msg("It has been set aside already.")))
    text = check_reason(reason)
    if not text:
        raise RuleViolation(Finding("N3.3a", "error", "reason", msg("Say why it may be set aside.")))
    finding.state, finding.reason, finding.dismissed_at = "dismissed", text, utcnow()
    finding.dismissed_by_id = actor.user_id
    finding.dismissed_by = (actor.display_name or actor.username)[:128]
    _note(session, finding, "dismiss", {"state": "open"}, {"state": "dismissed", "reason": text})
    session.flush()
    return finding


def reopen(session: Session, finding_id: int) -> PhotoFinding:
    """Take a finding up again. Raises: NotAllowed, OutOfScope, RuleViolation."""
    finding = _for_change(session, finding_id)
    if finding.state != "dismissed":
        raise RuleViolation(Finding("N3.3a", "error", None, msg("It is open already.")))
    before = {"state": "dismissed", "reason": finding.reason}
    finding.state, finding.reason, finding.dismissed_at = "open", "", None
    finding.dismissed_by_id, finding.dismissed_by = None, ""
    _note(session, finding, "take_up", before, {"state": "open"})
    session.flush()
    return finding


def _for_change(session: Session, finding_id: int) -> PhotoFinding:
    if not current_actor().may("can_dismiss", "PhotoFinding"):
        raise NotAllowed(msg("You are not permitted to do this."))
    finding = session.scalars(
        select(PhotoFinding).where(PhotoFinding.id == finding_id, PhotoFinding.reported).with_for_update()
    ).first()
    if finding is None:
        raise OutOfScope(f"finding {finding_id}")
    return finding


def _note(session: Session, finding: PhotoFinding, action: str, before: Any, after: Any) -> None:
    audit.record(
        session, action, entity="PhotoFinding", entity_id=finding.id, label=finding.kind,
        county_code=finding.county_code, before=before, after=after,
    )  # fmt: skip
