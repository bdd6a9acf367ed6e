"""`flask portal tidy` empties the bin of reserve projects and plan tasks, never of what is linked."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from app.annual_plans.models import PlanTask
from app.audit.models import AuditEvent
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.errors import NotAllowed
from app.persistence.context import acting_as, current_actor
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.reserve.models import ReserveProject
from app.schemes.models import Scheme, SchemeCarry, SchemeReview
from app.schemes.services import ensure_scheme
from app.schemes.upkeep import erase_expired
from tests.areas.helpers import make_plan, make_reserve, open_window

pytestmark = pytest.mark.req("M1.6", "M1.5.3")


def there(model: Any, *names: str) -> set[str]:
    with acting_as(SYSTEM):
        found = sa.select(model.name).where(model.name.in_(names)).execution_options(with_deleted=True)
        return set(db.session.scalars(found))


def bin_for(days: float, *areas: Any) -> None:
    for area in areas:
        area.deleted_at, area.deleted_by = utcnow() - dt.timedelta(days=days), "dingcheng"


def test_tidy_erases_what_lay_long_enough_and_keeps_what_is_linked(app_db):
    runner = app_db.test_cli_runner()
    with app_db.app_context(), acting_as(SYSTEM):
        days = current(db.session()).profile("430703").recycle_days
        open_window()
        with unit_of_work() as session:
            old, young, alive = (
                make_plan(session, "久置"),
                make_plan(session, "新删"),
                make_plan(session, "在用"),
            )
            submitted, reviewed = make_plan(session, "报审过"), make_plan(session, "审查过")
            reserve, held = make_reserve(session, "久置储备"), make_reserve(session, "带入过的储备")
            ensure_scheme(session, old)
            ensure_scheme(session, reserve)
            scheme = ensure_scheme(session, reviewed)
            session.flush()
            session.add(
                SchemeReview(county_code="430703", scheme_id=scheme.id, round=1, department="housing")
            )
            ensure_scheme(session, submitted).state = "returned"
            session.flush()
            kept = {"county_code": "430703", "scheme_id": ensure_scheme(session, alive).id, "brought": {}}
            session.flush()
            session.add(SchemeCarry(reserve_project_id=held.id, **kept))
        with unit_of_work() as session:
            rows = [session.merge(area) for area in (old, submitted, reviewed, reserve, held)]
            bin_for(days + 1, *rows)
            bin_for(days - 1, session.merge(young))
        schemes = db.session.scalar(sa.select(sa.func.count()).select_from(Scheme))
        old_id = old.id
        db.session.remove()
    told = runner.invoke(args=["portal", "tidy"])
    assert told.exit_code == 0, told.output
    assert "2 reserve projects and plan tasks erased" in told.output
    with app_db.app_context(), acting_as(SYSTEM):
        assert there(PlanTask, "久置", "新删", "在用", "报审过", "审查过") == {
            "新删",
            "在用",
            "报审过",
            "审查过",
        }
        assert there(ReserveProject, "久置储备", "带入过的储备") == {"带入过的储备"}
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Scheme)) == schemes - 2
        erased = sa.select(AuditEvent).where(AuditEvent.entity == "PlanTask", AuditEvent.action == "erase")
        event = db.session.scalars(erased).one()
        assert (event.entity_id, event.before["name"]) == (str(old_id), "久置")
        from app.cli.verify import faults

        assert faults(db.session()) == []
    assert "0 reserve projects and plan tasks erased" in runner.invoke(args=["portal", "tidy"]).output


def test_only_the_system_erases(app_db, as_user):
    with app_db.app_context(), as_user("dingcheng"), pytest.raises(NotAllowed):
        erase_expired(db.session(), current_actor())
