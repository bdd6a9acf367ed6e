"""Connects photo evidence with attachments and with what shows photos: reports, recognitions, inspections.

Importing it registers what it listens to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, case, func, literal, select
from sqlalchemy.orm import Session

from app.attachments.changes import on_attached, on_binned, on_hashed
from app.attachments.doubts import Doubt, photo_doubts
from app.evidence import queries, services
from app.evidence.rules import sentence
from app.evidence.subjects import Subject, content_of, declare
from app.inspections import services as inspection_services
from app.inspections.models import Inspection, InspectionItem
from app.kernel.errors import Finding, Message, msg
from app.monthly_reports import services as reports
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.monthly_reports.rules import item_key
from app.persistence.context import current_actor
from app.persistence.gate import SCOPE_APPLIED
from app.recognition import services as recognitions
from app.recognition.models import Recognition, RecognitionItem

_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
_item: Table = ReportItem.__table__  # type: ignore[assignment]
_recognition: Table = Recognition.__table__  # type: ignore[assignment]
_recognised: Table = RecognitionItem.__table__  # type: ignore[assignment]
_inspection: Table = Inspection.__table__  # type: ignore[assignment]
_inspected: Table = InspectionItem.__table__  # type: ignore[assignment]
_visited = _inspection.c.inspected_on
HANDED_IN = ("submitted", "approved", "recognised", "concluded")


def _subjects(session: Session, statement: Any) -> dict[int, Subject]:
    """Record → subject of rows ``(id, plan_task_id, county_code, item, report_id, state, started_on)``."""
    return {
        row.id: Subject(
            row.plan_task_id, row.county_code, content_of(row.plan_task_id, row.item or 0), row.report_id,
            row.state in HANDED_IN, row.started_on,
        )
        for row in session.execute(statement, execution_options={SCOPE_APPLIED: True})
    }  # fmt: skip


def report_items(session: Session, ids: Sequence[int]) -> dict[int, Subject]:
    """Contents of month reports; those of deleted reports and of replaced revisions prove nothing any more."""
    found = (
        select(
            _item.c.id, _item.c.plan_task_id, _item.c.county_code, _item.c.catalogue_item_id.label("item"),
            _report.c.id.label("report_id"), _report.c.state, _report.c.started_on,
        )
        .join_from(_item, _report, _report.c.id == _item.c.report_id)
        .where(_item.c.id.in_(ids), _report.c.deleted_at.is_(None), _report.c.state != "superseded")
    )  # fmt: skip
    return _subjects(session, found)


def _of(
    table: Table, owner: Table, owner_id: Any, item: Any, ids: Sequence[int], *gone: str, day: Any = None
) -> Any:
    """Rows for `_subjects`; the works began when the first of the plan's reports says so, not when recognised.

    ``day``: column with the day of a visit; before the works began its photos need not be later than that.
    """
    joined = table if table is owner else table.join(owner, owner.c.id == owner_id)
    mine = (_report.c.plan_task_id == owner.c.plan_task_id, _report.c.deleted_at.is_(None))
    began: Any = select(func.min(_report.c.started_on)).where(*mine).scalar_subquery()
    if day is not None:
        began = case((began <= day, began))
    columns = (
        table.c.id, owner.c.plan_task_id, table.c.county_code, item.label("item"), literal(None).label("report_id"),
        owner.c.state, began.label("started_on"),
    )  # fmt: skip
    return select(*columns).select_from(joined).where(table.c.id.in_(ids), owner.c.state.not_in(gone))


def recognition_items(session: Session, ids: Sequence[int]) -> dict[int, Subject]:
    """Contents of recognitions that stand or may come to stand."""
    item = _recognised.c.catalogue_item_id
    gone = ("revoked", "discarded")
    return _subjects(session, _of(_recognised, _recognition, _recognised.c.recognition_id, item, ids, *gone))


def inspection_items(session: Session, ids: Sequence[int]) -> dict[int, Subject]:
    """Contents that were inspected."""
    item = _inspected.c.catalogue_item_id
    return _subjects(session, _of(_inspected, _inspection, _inspected.c.inspection_id, item, ids, "void", day=_visited))


def inspections(session: Session, ids: Sequence[int]) -> dict[int, Subject]:
    """Visits as a whole: their photos prove no content."""
    return _subjects(session, _of(_inspection, _inspection, None, literal(0), ids, "void", day=_visited))


# ── month reports ──
def _item_ids(report: MonthlyReport) -> list[int]:
    return [item.id for item in report.items]


def handed_in(session: Session, report: MonthlyReport) -> None:
    """A report was submitted: judge it as it stands now; the findings become everybody's business."""
    services.judge_report(session, report, ("ReportItem", _item_ids(report)), report.confirmed_warnings)


def taken_back(session: Session, report: MonthlyReport) -> None:
    """A report is being filled in again: its findings are its filler's alone."""
    services.tell_reported(session, [report.id], False)


def replaced(session: Session, report: MonthlyReport) -> None:
    """An approved correction takes the place of the report it corrects, whose findings are of no use any more."""
    if report.replaces_id:
        services.forget(session, [report.replaces_id])


def doubts(session: Session, report: MonthlyReport) -> Iterable[Finding]:
    """R20: what the filler is shown and confirms about the photos, beside the photos' content; changes nothing."""
    found = services.preview(session, ("ReportItem", _item_ids(report)))
    for photo, doubt in found:
        yield Finding("R20", "warning", item_key(photo.purpose, photo.owner_id), sentence(doubt.kind, doubt.values))


# ── beside the photos ──
def doubts_by_photo(session: Session, ids: Sequence[int]) -> dict[int, list[Doubt]]:
    """R20: photo → what the pages of its record say beside it; what was set aside with a reason is left out."""
    may = current_actor().may("can_show", "PhotoFinding")
    found = queries.findings_for_photos(session, ids)
    return {
        photo: [
            Doubt(_note(one), one.id if may and one.reported else None) for one in some if one.state == "open"
        ]
        for photo, some in found.items()
    }


def _note(shown: queries.Shown) -> Message:
    """What is doubtful; of a pair, where the other photo is as far as the reader may know it."""
    if shown.where is None:
        return shown.message
    return msg("%(what)s: %(where)s", what=shown.label, where=shown.where)


# ── recognitions ──
def recognition_moved(session: Session, recognition: Recognition) -> None:
    """Judge the photos of a recognition whose state changed; one given up or revoked proves nothing any more."""
    ids = [item.id for item in recognition.items]
    services.judge_records(session, "RecognitionItem", ids)


# ── inspections ──
def inspection_moved(session: Session, inspection: Inspection) -> None:
    """Judge the photos of an inspection that was concluded; one that was annulled proves nothing any more."""
    services.judge_records(session, "InspectionItem", [item.id for item in inspection.items])
    services.judge_records(session, "Inspection", [inspection.id])


declare("ReportItem", report_items)
declare("RecognitionItem", recognition_items)
declare("InspectionItem", inspection_items)
declare("Inspection", inspections)
on_attached.register(services.photo_arrived)
on_hashed.register(services.hash_known)
on_binned.register(services.photo_gone)
photo_doubts.register(doubts_by_photo)
reports.on_submitted.register(handed_in)
reports.on_withdrawn.register(taken_back)
reports.on_returned.register(taken_back)
reports.on_approved.register(replaced)
reports.soft_findings.register(doubts)
recognitions.on_submitted.register(recognition_moved)
recognitions.on_decided.register(recognition_moved)
recognitions.on_dropped.register(recognition_moved)
inspection_services.on_concluded.register(inspection_moved)
inspection_services.on_voided.register(inspection_moved)
