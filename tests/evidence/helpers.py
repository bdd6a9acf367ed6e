"""Small makers: reports with photos, as rows, in the actor and the session given."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.attachments.models import Attachment, StoredFile
from app.evidence import services
from app.inspections.models import Inspection, InspectionItem
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.recognition.models import Recognition, RecognitionItem
from app.schemes.models import CatalogueItem
from app.works.models import WorksProject

NOON = dt.datetime(2026, 6, 15, 4, tzinfo=dt.UTC)


def plans_of(session: Session, county: str, number: int = 2) -> list[PlanTask]:
    found = sa.select(PlanTask).where(PlanTask.county_code == county, PlanTask.community_count > 0)
    return list(session.scalars(found.order_by(PlanTask.id).limit(number)))


def make_report(
    session: Session, plan: PlanTask, month: dt.date = dt.date(2020, 5, 1), **values: Any
) -> MonthlyReport:
    """A draft with its works project and one content, the first of the catalogue."""
    project = session.scalars(
        sa.select(WorksProject).where(WorksProject.plan_task_id == plan.id).limit(1)
    ).first()
    if project is None:
        project = WorksProject(
            county_code=plan.county_code,
            plan_task_id=plan.id,
            name=plan.name,
            construction_unit_kind="street",
        )
        session.add(project)
        session.flush()
    report = MonthlyReport(
        county_code=plan.county_code, plan_task_id=plan.id, works_project_id=project.id, month=month, **values
    )
    session.add(report)
    session.flush()
    make_item(session, report)
    session.refresh(report, ["items"])
    return report


def make_item(session: Session, report: MonthlyReport, number: int = 0) -> ReportItem:
    content = session.scalars(
        sa.select(CatalogueItem).order_by(CatalogueItem.id).offset(number).limit(1)
    ).one()
    item = ReportItem(
        county_code=report.county_code, plan_task_id=report.plan_task_id, report_id=report.id,
        catalogue_item_id=content.id, content=content.content, order=number,
    )  # fmt: skip
    session.add(item)
    session.flush()
    return item


def make_recognition(session: Session, plan: PlanTask, **values: Any) -> Recognition:
    """A draft of the start with the first content of the catalogue."""
    row = Recognition(county_code=plan.county_code, plan_task_id=plan.id, kind="start", **values)
    row.items.append(RecognitionItem(county_code=plan.county_code, catalogue_item_id=_first(session)))
    session.add(row)
    session.flush()
    return row


def make_inspection(session: Session, plan: PlanTask, level: str, **values: Any) -> Inspection:
    """A sheet with the first content of the catalogue."""
    row = Inspection(county_code=plan.county_code, plan_task_id=plan.id, level=level, **values)
    row.items.append(InspectionItem(county_code=plan.county_code, catalogue_item_id=_first(session)))
    session.add(row)
    session.flush()
    return row


def _first(session: Session) -> int:
    return session.scalars(sa.select(CatalogueItem.id).order_by(CatalogueItem.id).limit(1)).one()


def make_photo(
    session: Session, item: Any, picture: str, digest: str | None = None, purpose: str = "photo_during",
    **known: Any,
) -> Attachment:  # fmt: skip
    """A photo of a content: ``picture`` stands for its bytes, ``known`` are columns of its stored content."""
    sha256 = hashlib.sha256(picture.encode()).hexdigest()
    if session.get(StoredFile, sha256) is None:
        degrees = {
            key: Decimal(str(value)) for key, value in known.items() if key in ("taken_lng", "taken_lat")
        }
        session.add(
            StoredFile(sha256=sha256, size=1, kind="jpeg", perceptual_hash=digest, **{**known, **degrees})
        )
    photo = Attachment(
        county_code=item.county_code, plan_task_id=getattr(item, "plan_task_id", None),
        owner_entity=type(item).__name__, owner_id=item.id,
        purpose=purpose, name=f"{picture}.jpg", sha256=sha256, uploader="测试", created_at=NOON,
    )  # fmt: skip
    session.add(photo)
    session.flush()
    services.photo_arrived(session, photo)
    return photo
