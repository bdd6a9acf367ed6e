"""Small makers for tests of month reports; every one runs in the actor and the session given."""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.attachments.services import attach_file
from app.kernel import calendar
from app.kernel.calendar import TZ, Month
from app.monthly_reports import queries, services
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.rules import NEEDED_PHOTOS, required_files
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.schemes import services as schemes
from app.works.models import WorksProject
from app.works.services import create_project
from tests.areas.helpers import make_plan, open_window
from tests.attachments.samples import jpeg, pdf
from tests.conftest import actor_named
from tests.schemes.test_services import item

MAY = Month.at(2026, 5)
PROJECT: dict[str, Any] = {
    "name": "测试改造工程", "supervision_unit": "测试单位", "construction_unit": "测试街道办",
    "construction_unit_kind": "street", "supervisor_name": "陈某", "supervisor_phone": "13800000000",
}  # fmt: skip
CODES = ("GN-B01", "GN-B02")


@contextlib.contextmanager
def on(year: int, month: int, day: int) -> Iterator[None]:
    """Run a block on that day, at ten in the morning."""
    with calendar.use_clock(dt.datetime(year, month, day, 10, tzinfo=TZ)):
        yield


def make_plan_with_contents(session: Session, name: str = "测试计划", **values: Any) -> Any:
    """A plan task with a draft scheme of two contents, 100 each."""
    plan = make_plan(session, name, **values)
    scheme = schemes.ensure_scheme(session, plan)
    schemes.save_items(session, scheme, {item(code).id: ("100", "") for code in CODES})
    return plan


def make_project(session: Session, plan: Any, **values: Any) -> WorksProject:
    return create_project(session, plan, {**PROJECT, **values})


def attach(session: Session, entity: str, owner_id: int, purpose: str, content: bytes, name: str) -> Any:
    """A stored file of the running actor."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return attach_file(session, current_actor(), entity, owner_id, purpose, name, path)


def file_stages(session: Session, project_id: int, progress: str = "completed") -> None:
    """Every stage file that a progress needs and the works project lacks."""
    from app.attachments.queries import present

    have = present(session, "WorksProject", project_id)
    for purpose in required_files(progress):
        if purpose not in have:
            attach(
                session, "WorksProject", project_id, purpose, pdf(f"{purpose}{project_id}"), f"{purpose}.pdf"
            )


def shoot(session: Session, report: MonthlyReport) -> None:
    """Every photo that the contents of a report need and lack."""
    page = queries.report_page(session, report.id)
    for one in page.report.items:
        for number, purpose in enumerate(NEEDED_PHOTOS[one.state]):
            if not page.photos(one, purpose):
                picture = jpeg(64, 48, seed=one.id * 10 + number)
                attach(session, "ReportItem", one.id, purpose, picture, f"{purpose}.jpg")


def fill(session: Session, report: MonthlyReport, cumulative: Any = "40", **more: Any) -> MonthlyReport:
    """Contents under way, with figures and photos: ready to be submitted."""
    if not report.items:
        ids = [one.id for one in _scheme_items(session, report.plan_task_id)]
        report = services.add_items(session, report, ids)
    typed = {
        "progress": "under_way", "started_on": "2026-04-10", "cumulative_investment": cumulative,
        "year_investment": cumulative, **more,
    }  # fmt: skip
    for one in report.items:
        typed.setdefault(f"state_{one.id}", "in_progress")
        typed.setdefault(f"quantity1_{one.id}", "10")
    report = services.save_report(session, report, typed)
    file_stages(session, report.works_project_id, report.progress or "preparing")
    shoot(session, report)
    return report


def _scheme_items(session: Session, plan_id: int) -> list[Any]:
    from app.schemes import queries as scheme_queries

    scheme = scheme_queries.scheme_of(session, "plan_task", plan_id)
    return list(scheme.items) if scheme else []


def make_world(
    app: Any, login: str = "dingcheng", month: Month = MAY, *, submitted: bool = False
) -> dict[str, int]:
    """A plan with contents, a works project and a filled draft of a month; ids by name."""
    from app.persistence.context import acting_as

    with acting_as(actor_named(login)), unit_of_work() as session:
        open_window()
        plan = make_plan_with_contents(session)
        project = make_project(session, plan)
        report = fill(session, services.start_report(session, project, month))
        if submitted:
            report = services.submit(session, report, declared=True, accept_warnings=True)
        return {"plan": plan.id, "project": project.id, "report": report.id}
