"""Taking over what is on file already: stage documents of works projects, states and photos of month reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.attachments import queries as attachments
from app.attachments.services import copy_attachments
from app.kernel.errors import Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.persistence.context import current_actor
from app.persistence.types import utcnow
from app.recognition import files, rules
from app.recognition.models import Recognition
from app.works.models import WorksProject

_RANK = {"not_started": 0, "in_progress": 1, "finished": 2}


@dataclass(frozen=True)
class Source:
    """Something a recognition can take over: a works project's documents or an approved report's photos."""

    kind: str
    id: int
    name: str
    month: dt.date | None
    purposes: tuple[str, ...]
    number: int


def sources(session: Session, recognition: Recognition) -> list[Source]:
    """What there is to take over, newest month first; four statements whatever the plan holds."""
    wanted = tuple(rules.DOCUMENTS[recognition.kind])
    projects = list(
        session.scalars(
            select(WorksProject)
            .where(WorksProject.plan_task_id == recognition.plan_task_id)
            .order_by(WorksProject.id)
        )
    )
    found = []
    held = attachments.of_owners(session, "WorksProject", [p.id for p in projects], wanted)
    for project in projects:
        mine = [file for file in held if file.owner_id == project.id]
        if mine:
            purposes = tuple(key for key in wanted if any(file.purpose == key for file in mine))
            found.append(Source("works", project.id, project.name, None, purposes, len(mine)))
    names = {project.id: project.name for project in projects}
    for report in _approved(session, recognition.plan_task_id):
        name = names.get(report.works_project_id, "")
        found.append(Source("report", report.id, name, report.month, (), len(report.items)))
    return found


def _approved(session: Session, plan_id: int) -> Sequence[MonthlyReport]:
    statement = (
        select(MonthlyReport)
        .where(MonthlyReport.plan_task_id == plan_id, MonthlyReport.state == "approved")
        .options(selectinload(MonthlyReport.items))
        .order_by(MonthlyReport.month.desc(), MonthlyReport.id)
    )
    return list(session.scalars(statement))


def take_over(session: Session, recognition: Recognition, kind: str, source_id: int, version: int) -> int:
    """Take a source over; what is there already is left alone. Returns how many files joined.

    Documents and photos keep their one stored content; states and quantities only ever go forward.
    Raises: NotAllowed, OutOfScope, StaleRow, RuleViolation (the recognition is closed).
    """
    if not current_actor().may("can_edit", "Recognition"):
        raise NotAllowed(msg("You are not permitted to do this."))
    if refusal := files.closed(recognition):
        raise RuleViolation(Finding("M1.6.7", "error", None, refusal))
    if recognition.version != version:
        raise StaleRow({}, recognition.version)
    taken = (
        _documents(session, recognition, source_id)
        if kind == "works"
        else _report(session, recognition, source_id)
    )
    recognition.updated_at, recognition.updated_by = utcnow(), current_actor().username
    session.flush()
    return taken


def _documents(session: Session, recognition: Recognition, project_id: int) -> int:
    project = session.get(WorksProject, project_id)
    if project is None or project.plan_task_id != recognition.plan_task_id:
        raise OutOfScope(f"works project {project_id}")
    target = ("Recognition", recognition.id)
    purposes = tuple(rules.DOCUMENTS[recognition.kind])
    return copy_attachments(session, current_actor(), ("WorksProject", project_id), target, purposes)


def _report(session: Session, recognition: Recognition, report_id: int) -> int:
    report = session.get(MonthlyReport, report_id)
    if report is None or report.plan_task_id != recognition.plan_task_id or report.state != "approved":
        raise OutOfScope(f"month report {report_id}")
    mine = {item.catalogue_item_id: item for item in recognition.items}
    for item in report.items:
        target = mine.get(item.catalogue_item_id)
        if target is not None and _RANK[item.state] >= _RANK[target.state]:
            target.state = item.state
            target.quantity1, target.quantity2 = item.quantity1, item.quantity2
    taken, purposes = 0, tuple(rules.PHOTOS)
    for item in _with_photos(session, report, purposes):
        target = mine.get(item.catalogue_item_id)
        if target is not None:
            source, into = ("ReportItem", item.id), ("RecognitionItem", target.id)
            taken += copy_attachments(session, current_actor(), source, into, purposes)
    return taken


def _with_photos(session: Session, report: MonthlyReport, purposes: tuple[str, ...]) -> list[ReportItem]:
    """Contents with photos in the report or an earlier approved one of its project: those count on (M1.6.5.2)."""
    statement = (
        select(ReportItem)
        .join(MonthlyReport, MonthlyReport.id == ReportItem.report_id)
        .where(
            MonthlyReport.works_project_id == report.works_project_id,
            MonthlyReport.month <= report.month,
            MonthlyReport.state == "approved",
        )
        .order_by(MonthlyReport.month.desc(), ReportItem.id)
    )
    items = list(session.scalars(statement))
    held = attachments.of_owners(session, "ReportItem", [item.id for item in items], purposes)
    owners = {file.owner_id for file in held}
    return [item for item in items if item.id in owners]
