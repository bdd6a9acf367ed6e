"""`flask portal tidy` empties the bin of works projects and month reports, never of what was handed in."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from app.attachments.models import Attachment
from app.audit.models import AuditEvent
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.calendar import Month
from app.kernel.errors import NotAllowed
from app.monthly_reports import services
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.monthly_reports.upkeep import erase_expired
from app.persistence.context import acting_as, current_actor
from app.persistence.gate import WITH_DELETED
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.works.models import WorksProject
from tests.attachments.samples import jpeg, pdf
from tests.monthly_reports.helpers import attach, fill, make_plan_with_contents, make_project, on, open_window

pytestmark = pytest.mark.req("M1.6.5.1", "M1.6.5.2")


def binned(row: Any, days: float) -> int:
    row.deleted_at, row.deleted_by = utcnow() - dt.timedelta(days=days), "dingcheng"
    return row.id


def left(model: Any) -> set[int]:
    found = sa.select(model.id).where(model.deleted_at.is_not(None)) if hasattr(model, "deleted_at") else sa.select(model.id)
    return set(db.session.scalars(found.execution_options(**{WITH_DELETED: True})))


def test_tidy_erases_drafts_and_projects_with_their_files(app_db: Any, as_user: Any) -> None:
    with app_db.app_context():
        with on(2026, 6, 28), as_user("dingcheng"), unit_of_work() as session:
            open_window()
            plan = make_plan_with_contents(session)
            gone, kept, young = (make_project(session, plan, name=name) for name in ("久置", "报过", "新删"))
            drafts = [services.start_report(session, project, Month.at(2026, 6)) for project in (gone, kept, young)]
            fill(session, drafts[0])
            photo = attach(session, "ReportItem", drafts[0].items[0].id, "photo_before", jpeg(64, 48, seed=9), "a.jpg")
            paper = attach(session, "WorksProject", gone.id, "bid_notice", pdf("x"), "a.pdf")
            files, contents = {photo.id, paper.id}, [item.id for item in drafts[0].items]
            keys = [row.id for row in (gone, kept, young, *drafts)]
        with acting_as(SYSTEM):
            days = current(db.session()).profile("430703").recycle_days
            with unit_of_work() as session:
                gone, kept, young = (session.get(WorksProject, key) for key in keys[:3])
                first, handed_in, third = (session.get(MonthlyReport, key) for key in keys[3:])
                handed_in.first_submitted_at = utcnow()
                for row in (gone, kept, first, handed_in, third):
                    binned(row, days + 1)
                binned(young, days - 1)
            db.session.remove()
    told = app_db.test_cli_runner().invoke(args=["portal", "tidy"])
    assert told.exit_code == 0, told.output
    assert "3 works projects and month reports erased" in told.output
    with app_db.app_context(), acting_as(SYSTEM):
        assert left(WorksProject) == {keys[1], keys[2]} and left(MonthlyReport) == {keys[4]}
        assert not left(ReportItem) & set(contents)
        assert not files & set(db.session.scalars(sa.select(Attachment.id).execution_options(**{WITH_DELETED: True})))
        erased = sa.select(AuditEvent.entity, AuditEvent.entity_id).where(AuditEvent.action == "erase")
        assert {("WorksProject", str(keys[0])), ("MonthlyReport", str(keys[3]))} <= set(map(tuple, db.session.execute(erased)))
        assert erase_expired(db.session(), SYSTEM) == 0
    with app_db.app_context(), as_user("dingcheng"), pytest.raises(NotAllowed):
        erase_expired(db.session(), current_actor())
