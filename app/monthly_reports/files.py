"""Photos of a report's contents, and stage files that a submitted or approved report stands on (R25)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, object_session

from app.attachments.models import Attachment
from app.attachments.owners import Owner, declare
from app.kernel.errors import N_, Message, msg
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.monthly_reports.rules import EDITABLE, FLOW, PHOTOS
from app.persistence.locks import begin_writing
from app.works.files import kept_because
from app.works.models import WorksProject
from app.works.services import held_by


def find(session: Session, item_id: int) -> ReportItem | None:
    """A content of a month report of the scope, or None; its report is not in the recycle bin."""
    found = select(ReportItem).join(MonthlyReport, MonthlyReport.id == ReportItem.report_id)
    return session.scalars(found.where(ReportItem.id == item_id)).first()


def hold(session: Session, item: Any) -> None:
    """Keep the report as it is until the photo is stored: it cannot be submitted at the same moment."""
    begin_writing(session)
    state = select(MonthlyReport.id).where(MonthlyReport.id == item.report_id)
    session.execute(state.with_for_update(read=True)).all()


def closed(item: Any) -> Message | None:
    """Why photos cannot change now, or None while the report is a draft or was returned."""
    session = object_session(item)
    state = session and session.scalar(select(MonthlyReport.state).where(MonthlyReport.id == item.report_id))
    if state in EDITABLE:
        return None
    text = N_("The report is “%(state)s”: it can be changed only as a draft or after it was returned.")
    return msg(text, state=msg(FLOW.states.get(str(state), str(state))))


OWNER = declare(
    Owner("ReportItem", ReportItem, find, PHOTOS, resource="MonthlyReport", closed=closed, hold=hold)
)


@kept_because.register
def relied_upon(session: Session, project: WorksProject, file: Attachment) -> Message | None:
    """A stage file that was there when a report was submitted stays while it waits or is approved."""
    latest = session.scalar(
        select(func.max(MonthlyReport.submitted_at)).where(
            MonthlyReport.works_project_id == project.id, MonthlyReport.state.in_(("submitted", "approved"))
        )
    )
    if latest is None or file.created_at > latest:
        return None
    return msg("A submitted or approved report relies on this file: it cannot be removed, only added to.")


@held_by.register
def reports_held(session: Session, project_ids: Sequence[int]) -> Mapping[int, int]:
    """Works project → number of its month reports that stand: they keep it from the recycle bin."""
    found = (
        select(MonthlyReport.works_project_id, func.count(MonthlyReport.id))
        .where(MonthlyReport.works_project_id.in_(project_ids))
        .group_by(MonthlyReport.works_project_id)
        .order_by(MonthlyReport.works_project_id)
    )
    return {row[0]: row[1] for row in session.execute(found)}
