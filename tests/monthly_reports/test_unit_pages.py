"""What a construction unit finds on its one list: its own plans, and nothing behind the others (M1.6.5.3b)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from app.annual_plans.models import PlanTask
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from tests.conftest import actor_named


@pytest.mark.req("M1.6.5.3b", "M1.6.5.2")
def test_a_unit_lists_its_own_plans(reading_app: Flask, reader) -> None:
    with reading_app.app_context():
        mine = actor_named("yuxia").scope.plan_ids
        with acting_as(SYSTEM):
            rows = db.session.execute(sa.select(PlanTask.id, PlanTask.name)).all()
            names = dict(rows)
        db.session.remove()
    page = reader("yuxia").get("/reports/list/?size=100").get_data(as_text=True)
    shown = {number for number, name in names.items() if f">{name}<" in page}
    assert mine and shown == mine
    assert reader("yuxia").get("/plans/list/").status_code in {403, 404}
