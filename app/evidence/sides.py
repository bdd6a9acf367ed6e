"""The two photos of a finding beside each other, each as far as whoever asks may see it (R20)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.attachments import owners
from app.attachments import queries as attachments
from app.attachments.models import Attachment
from app.evidence import queries
from app.evidence.queries import PhotoFacts
from app.inspections.rules import LEVELS
from app.kernel.errors import Message, PortalError, msg
from app.kernel.geo import haversine_m
from app.monthly_reports.models import MonthlyReport
from app.persistence.context import current_actor
from app.recognition.rules import KINDS as RECOGNITIONS


@dataclass(frozen=True)
class Record:
    """The record a photo stands in: its name, what content it proves, its page, and who holds its photos."""

    title: Message
    content: str
    endpoint: str
    number: int
    owner: str = ""
    owner_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Side:
    """A photo that may be shown: the file, its plan task, its record, what it shows, where and when it was taken."""

    photo: Attachment
    plan_id: int
    plan: str
    record: Record | None
    facts: PhotoFacts | None

    @property
    def purpose(self) -> Message:
        """What it was uploaded as: before, during, after the renovation …"""
        return Message(owners.purpose_of(self.photo.owner_entity, self.photo.purpose).label)


def side(session: Session, photo_id: int | None, plan_id: int | None, plan: str) -> Side | None:
    """A photo with its facts, or None where its record is not open to the actor."""
    photo = attachments.find(session, photo_id) if photo_id else None
    if photo is None or plan_id is None:
        return None
    try:
        row = owners.readable(session, current_actor(), photo.owner_entity, photo.owner_id)
    except PortalError:
        return None
    facts = queries.facts_of(session, plan_id, [photo.id])
    return Side(photo, plan_id, plan, record_of(session, photo.owner_entity, row), facts.get(photo.id))


def record_of(session: Session, entity: str, row: Any) -> Record | None:
    """The record of an owner of photos that the actor was allowed to read."""
    describe = _RECORDS.get(entity)
    return describe(session, row) if describe else None


def record_at(session: Session, entity: str, owner_id: int) -> Record | None:
    """As `record_of` for a number; None where it is not open to the actor."""
    if entity not in _RECORDS:
        return None
    try:
        return record_of(session, entity, owners.readable(session, current_actor(), entity, owner_id))
    except PortalError:
        return None


def _report_item(session: Session, item: Any) -> Record | None:
    report = session.get(MonthlyReport, item.report_id)
    if report is None:
        return None
    title = msg("Month report of %(month)s (finding)", month=f"{report.month:%Y-%m}")
    return Record(title, item.content, "MonthlyReportView.show", report.id)


def _recognition_item(_session: Session, item: Any) -> Record:
    whole = item.recognition
    ids = tuple(one.id for one in whole.items)
    return Record(Message(RECOGNITIONS[whole.kind]), item.content, "RecognitionView.show", whole.id,
                  "RecognitionItem", ids)  # fmt: skip


def _inspection_item(_session: Session, item: Any) -> Record:
    whole = item.inspection
    ids = tuple(one.id for one in whole.items)
    return Record(Message(LEVELS[whole.level]), item.content, "InspectionView.show", whole.id, "InspectionItem", ids)


def _inspection(_session: Session, whole: Any) -> Record:
    return Record(Message(LEVELS[whole.level]), "", "InspectionView.show", whole.id, "Inspection", (whole.id,))


_RECORDS: dict[str, Callable[[Session, Any], Record | None]] = {
    "ReportItem": _report_item,
    "RecognitionItem": _recognition_item,
    "InspectionItem": _inspection_item,
    "Inspection": _inspection,
}


@dataclass(frozen=True)
class Between:
    """What lies between two photos: metres, days; None where it is not known of both."""

    metres: int | None
    days: int | None


def between(one: Side | None, other: Side | None) -> Between | None:
    """How far two photos lie apart, in place and time; None unless both may be shown."""
    if one is None or other is None or one.facts is None or other.facts is None:
        return None
    first, second = one.facts.shot, other.facts.shot
    metres = days = None
    if None not in (first.lng, first.lat, second.lng, second.lat):
        places = (first.lng, first.lat, second.lng, second.lat)
        metres = round(haversine_m(*(float(value) for value in places if value is not None)))
    if first.taken_at and second.taken_at:
        days = abs(first.taken_at - second.taken_at).days
    return Between(metres, days)
