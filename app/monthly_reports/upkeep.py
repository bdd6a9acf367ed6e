"""Removing for good what the recycle bins of works projects and month reports held long enough."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from app.kernel.actor import Actor
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.regions.recycling import expired, pointed_at
from app.works.models import WorksProject

_HANDED_IN = (MonthlyReport.state != "draft", MonthlyReport.first_submitted_at.is_not(None))


def erase_expired(session: Session, actor: Actor, now: dt.datetime | None = None) -> int:
    """Erase drafts of reports, then works projects, that lay in the bin longer than the province's ``recycle_days``.

    Nothing that was ever handed in goes, nor what anything else points to; a project waits for its last report.
    The files of both go with the next tidying of attachments. For the system alone; at most 200 rows a province
    and kind and call. Returns how many, 0 when nothing is left. Raises: NotAllowed.
    """
    parts = {ReportItem.__tablename__}
    held = (*_HANDED_IN, *pointed_at(MonthlyReport, but=parts))
    reports = expired(session, actor, MonthlyReport, *held, now=now)
    for report in reports:
        session.delete(report)
    session.flush()
    projects = expired(session, actor, WorksProject, *pointed_at(WorksProject), now=now)
    for project in projects:
        session.delete(project)
    session.flush()
    return len(reports) + len(projects)
