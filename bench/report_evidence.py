"""Stage files and photos of the reports that wait for review, so that they can be approved as they stand.

The files themselves are not there, only their rows: pages show thumbnails that a browser fetches later. One waiting
report of the benchmark's county has twelve contents and 36 photos (`shown_report`): the review page that is measured.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

from sqlalchemy import Table, func, insert, select

from app.areas.models import CommunityLink
from app.attachments.models import Attachment, StoredFile
from app.communities.models import Community
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.monthly_reports.rules import PHOTOS
from app.persistence.types import utcnow
from app.schemes.models import Catalogue, CatalogueItem, Scheme, SchemeItem
from app.works.rules import STAGE_FILES
from bench.communities import COUNTY

CONTENTS = 12
_APPLIED = {"scope_applied": True}
_PART = 10_000
_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
_content: Table = ReportItem.__table__  # type: ignore[assignment]
_stage_files = (*STAGE_FILES["preparation"], *STAGE_FILES["start"])
_waiting = (_report.c.created_by == "bench", _report.c.state == "submitted")


def shown_report(session: Any) -> Any:
    """(id, plan task) of the report whose review page is measured: the first of the county under way."""
    mine = select(_report.c.id, _report.c.plan_task_id).where(
        *_waiting, _report.c.county_code == COUNTY, _report.c.progress == "under_way"
    )
    return session.execute(mine.order_by(_report.c.id).limit(1), execution_options=_APPLIED).one()


def widen_scheme(session: Any) -> None:
    """The scheme of the shown report's plan gets as many contents as a large one has; before reports get theirs."""
    scheme, line, item = (model.__table__ for model in (Scheme, SchemeItem, CatalogueItem))
    mine = scheme.c.plan_task_id == shown_report(session).plan_task_id
    key = session.execute(select(scheme.c.id).where(mine), execution_options=_APPLIED).scalar_one()
    held = session.execute(
        select(line.c.catalogue_item_id).where(line.c.scheme_id == key), execution_options=_APPLIED
    ).scalars().all()  # fmt: skip
    of_province = select(Catalogue.id).where(Catalogue.province_code == f"{COUNTY[:2]}0000")
    others = select(item.c.id).where(item.c.catalogue_id.in_(of_province), item.c.id.not_in(held), item.c.unit1 != "")
    more = session.scalars(others.order_by(item.c.id).limit(CONTENTS - len(held))).all()
    rows = [
        {"scheme_id": key, "county_code": COUNTY, "catalogue_item_id": one, "quantity1": "12.00"} for one in more
    ]
    session.execute(insert(line), rows, execution_options=_APPLIED)


def load_evidence(session: Any) -> None:
    """Rows of files for everything that waits."""
    uploaded = utcnow()
    shown = shown_report(session).id
    source = _with_digests(_owners(session, shown))
    while chunk := list(islice(source, _PART)):
        stored = [
            {"sha256": digest, "size": 180_000, "kind": "jpeg", "width": 1600, "height": 1200, "taken_at": taken,
             "taken_lng": lng, "taken_lat": lat, "perceptual_hash": digest[:16], "thumbnail_state": "ready",
             "stored_at": uploaded}
            for digest, _entity, _owner, _purpose, _county, _plan, taken, lng, lat in chunk
        ]  # fmt: skip
        attached = [
            {"owner_entity": entity, "owner_id": owner, "purpose": purpose, "county_code": county, "plan_task_id": plan,
             "name": "现场照片.jpg", "sha256": digest, "uploader": "dingcheng", "created_at": uploaded}
            for digest, entity, owner, purpose, county, plan, *_taken in chunk
        ]  # fmt: skip
        session.execute(insert(StoredFile.__table__), stored)
        session.execute(insert(Attachment.__table__), attached, execution_options=_APPLIED)


def _with_digests(owners: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for number, owner in zip(count(1), owners):
        yield hashlib.sha256(f"bench {number}".encode()).hexdigest(), *owner


def _owners(session: Any, shown: int) -> Iterator[tuple[Any, ...]]:
    """``(entity, owner, purpose, county, plan, taken at, lng, lat)`` of every file."""
    places = _places(session)
    kept = select(_report.c.works_project_id, _report.c.county_code, _report.c.plan_task_id).where(*_waiting).distinct()
    for project, county, plan in session.execute(kept, execution_options=_APPLIED).all():
        for purpose in _stage_files:
            yield "WorksProject", project, purpose, county, plan, None, None, None
    contents = (
        select(_content.c.id, _content.c.report_id, _content.c.county_code, _content.c.plan_task_id, _report.c.month)
        .join_from(_content, _report, _report.c.id == _content.c.report_id)
        .where(*_waiting, _content.c.state == "in_progress").order_by(_content.c.id)
    )  # fmt: skip
    for row in session.execute(contents, execution_options=_APPLIED).all():
        taken = dt.datetime.combine(row.month + dt.timedelta(days=19), dt.time(9, 30), dt.UTC)
        for purpose in PHOTOS if row.report_id == shown else PHOTOS[:2]:
            yield "ReportItem", row.id, purpose, row.county_code, row.plan_task_id, taken, *places[row.plan_task_id]


def _places(session: Any) -> dict[int, tuple[Any, Any]]:
    """Plan task → (lng, lat) of its first community."""
    link, place = CommunityLink.__table__, Community.__table__
    first = select(func.min(link.c.community_id)).where(link.c.plan_task_id.is_not(None)).group_by(link.c.plan_task_id)
    found = (
        select(link.c.plan_task_id, place.c.lng, place.c.lat)
        .join_from(link, place, place.c.id == link.c.community_id).where(link.c.community_id.in_(first))
    )  # fmt: skip
    return {row[0]: (row[1], row[2]) for row in session.execute(found, execution_options=_APPLIED)}
