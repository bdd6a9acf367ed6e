"""Taking over what reports have on file: nothing is uploaded twice, states only go forward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.annual_plans.models import PlanTask
from app.attachments import queries as attachments
from app.attachments.models import StoredFile
from app.extensions import db
from app.kernel.errors import OutOfScope, RuleViolation, StaleRow
from app.persistence.work import unit_of_work
from app.recognition import queries, services, takeover
from app.recognition.reported import reported

# a plan task of the demo world with approved month reports and no recognition
PLAN = "43070320210719807"


@pytest.mark.req("M1.6.7.1", "R14")
def test_documents_states_and_photos(app_db: Flask, as_user: Callable[[str], Any]) -> None:
    with app_db.app_context(), as_user("dingcheng"):
        with unit_of_work() as session:
            plan = session.scalars(select(PlanTask).where(PlanTask.code == PLAN)).one()
            row = services.begin(session, plan.id, "start")
            contents = session.scalar(select(func.count()).select_from(StoredFile))
            works, latest = takeover.sources(session, row)[:2]
            assert (works.kind, latest.kind) == ("works", "report") and "start_order" in works.purposes
            with pytest.raises(StaleRow):
                takeover.take_over(session, row, "works", works.id, row.version + 1)
            with pytest.raises(OutOfScope):
                takeover.take_over(session, row, "report", 10**6, row.version)
            assert takeover.take_over(session, row, "works", works.id, row.version) == 4
            assert takeover.take_over(session, row, "works", works.id, row.version) == 0
            assert takeover.take_over(session, row, "report", latest.id, row.version) >= 2
            said = reported(session, plan.id)
            for item in row.items:
                assert item.state == said[item.catalogue_item_id].state
            photos = queries.photos_of(session, [item.id for item in row.items])
            assert {"photo_before", "photo_during"} in photos.values()
            assert attachments.present(session, "Recognition", row.id)["start_order"] == 1
            assert session.scalar(select(func.count()).select_from(StoredFile)) == contents
            typed = {"recognised_on": "2026-01-05", "recogniser_phone": "13800000031"}
            services.save(session, row, typed, {}, row.version)
            services.submit(session, row, row.version, confirmed=True)
            with pytest.raises(RuleViolation):
                takeover.take_over(session, row, "works", works.id, row.version)
        db.session.remove()
