"""The demo world's works projects and month reports: every state of a report, counted back from today."""

from __future__ import annotations

import contextlib
import datetime as dt
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.accounts.matrix import permissions_of
from app.accounts.models import Account
from app.accounts.principal import actor_of
from app.annual_plans.models import PlanTask
from app.areas import queries as area_queries
from app.attachments import queries as attachments
from app.attachments.services import attach_file
from app.cli.demo_doubts import odd_photo
from app.cli.demo_pictures import photo, scan
from app.kernel import calendar
from app.kernel.actor import Actor
from app.kernel.calendar import TZ, Month
from app.kernel.scope import Scope
from app.monthly_reports import queries, services
from app.monthly_reports.due import month_due
from app.monthly_reports.facts import planned_total
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.rules import NEEDED_PHOTOS, required_files
from app.persistence.closing import settle
from app.persistence.context import acting_as, current_actor
from app.persistence.transitions import Transition
from app.persistence.types import utcnow
from app.regions.cache import current
from app.schemes import services as schemes
from app.schemes.models import CatalogueItem
from app.works.models import WorksProject
from app.works.services import create_project

APPROVED, CORRECTED, CORRECTING = "a", "C", "c"
SUBMITTED, RETURNED, DRAFT, MADE_UP, NONE = "s", "r", "d", "m", "."
# plan, months of its works project ending with the latest one; a bar parts two works projects
LIVES: tuple[tuple[str, str], ...] = (
    ("43070320200518312", "aaaaf"),
    ("43070320200518313", "aaas"),
    ("43070320200518317", "aar"),
    ("43070320200907214", "a.m."),
    ("43070320200907221", "d"),
    ("43070320200908513", "."),
    ("43070320200908516", "aCs|acs"),
    ("43070320210719807", "aad"),
    ("43072320201019023", "aas"),
    ("43050320201016415", "ar"),
    ("52052520220516001", "aas"),
)
FINISHED = "f"
_JUMP = Decimal("0.78")  # so much in one month is asked about (R13)
_CONTENTS = {
    "43": (("GN-B01", "210"), ("GN-B08", "3326"), ("GN-W01", "42")),
    "52": (("GZ-101", "180"), ("GZ-102", "2600"), ("GZ-104", "36")),
}
_METHODS = ("新建管道", "沥青路面", "更换")
_SUPERVISION = ("supervision_unit", "supervisor_name", "supervisor_phone")
_PROJECT = {
    "supervision_unit": "住房保障服务中心", "construction_unit": "玉霞街道办事处",
    "construction_unit_kind": "street",
    "supervisor_name": "陈某", "supervisor_phone": "13800000021", "contractor": "某建设工程有限公司",
    "designer": "某设计院", "contract_contents": "供水管网、道路、照明设施",
}  # fmt: skip
_RETURNED = "道路缺改造中近景照片；累计投资与工程量不匹配，请核对后重报。"
_STAMPS = {
    MonthlyReport: ("created_at", "updated_at", "submitted_at", "first_submitted_at", "approved_at"),
    WorksProject: ("created_at", "updated_at"),
    Transition: ("at",),
}


@dataclass(frozen=True)
class People:
    """Who fills in and who reviews in a county."""

    editor: Actor
    reviewer: Actor


def load_reports(session: Session) -> int:
    """Works projects and month reports of a portal that has none, through the services; the caller commits.

    Returns how many reports were made.
    """
    if session.execute(select(WorksProject.id).limit(1)).first() is not None:
        return 0
    settle(session)
    made = 0
    for code, life in LIVES:
        mine = select(PlanTask).where(PlanTask.code == code).execution_options(populate_existing=True)
        plan = session.scalars(mine).first()
        if plan is None:
            continue
        people = people_of(session, plan.county_code)
        with acting_as(people.editor):
            _contents(session, plan)
        for number, months in enumerate(life.split("|"), start=1):
            made += _project(session, plan, people, months, number)
    return made


def people_of(session: Session, county: str) -> People:
    """The county's demo accounts; where it has none, nameless officials of that county."""
    known = {"430703": ("dingcheng", "dingcheng_review"), "520525": ("nayong", "")}.get(county, ("", ""))
    found = []
    for login, role in zip(known, ("county_editor", "county_reviewer"), strict=True):
        key = session.scalar(select(Account.id).where(Account.username == login)) if login else None
        name = "演示填报员" if role == "county_editor" else "演示审核员"
        made = Actor(
            username="demo", display_name=name, region_code=county, region_level="county",
            scope=Scope.region(county), roles=frozenset({role}),
            permissions=permissions_of(frozenset({role})),
        )  # fmt: skip
        found.append(actor_of(key) if key else made)
    return People(*found)


def _contents(session: Session, plan: PlanTask) -> None:
    """Three contents in the plan's scheme, unless it has some already."""
    scheme = schemes.ensure_scheme(session, plan)
    if scheme.items:
        return
    chosen = {}
    for code, total in _CONTENTS[plan.county_code[:2]]:
        item = session.scalars(select(CatalogueItem).where(CatalogueItem.code == code)).first()
        if item is not None:
            chosen[item.id] = (total, "")
    schemes.save_items(session, scheme, chosen)


@contextlib.contextmanager
def _at(session: Session, moment: dt.datetime) -> Iterator[None]:
    """Run a block at a moment that has passed: the rules' clock, and the times the rows keep."""
    begun = utcnow()

    def stamp(_session: Session, _context: Any, _instances: Any) -> None:
        for row in (*session.new, *session.dirty):
            for name in _STAMPS.get(type(row), ()):
                value = getattr(row, name)
                if (value is None and name == "at") or (value is not None and value >= begun):
                    setattr(row, name, moment)

    event.listen(session, "before_flush", stamp)
    try:
        with calendar.use_clock(moment):
            yield
            session.flush()
    finally:
        event.remove(session, "before_flush", stamp)


def _moment(month: Month, day: int, hour: int) -> dt.datetime:
    at = dt.datetime(month.year, month.month, day, hour, 12, tzinfo=TZ)
    return min(at, calendar.now() - dt.timedelta(minutes=30 - hour))


def _project(session: Session, plan: PlanTask, people: People, life: str, number: int) -> int:
    last = month_due(plan.county_code)
    first = last - (len(life) - 1)
    facts = {
        **_PROJECT,
        "name": plan.name + ("" if number == 1 else f"（第{number}标段）"),
        "contract_amount": str(planned_total(plan) / number),
        "contract_start": (first.first - dt.timedelta(days=20)).isoformat(),
        "contract_finish": (last + 9).last.isoformat(),
    }
    facts |= {name: getattr(plan, name) for name in _SUPERVISION if getattr(plan, name)}
    with acting_as(people.editor), _at(session, _moment(first, 2, 9)):
        project = create_project(session, plan, facts)
    made = 0
    for index, outcome in enumerate(life):
        if outcome != NONE:
            share = Decimal(index + 1) / Decimal(len(life) + 1) / number
            share = max(share, _JUMP) if outcome == MADE_UP else share
            made += _month(session, people, project, first + index, outcome, share)
    return made


def _month(
    session: Session, people: People, project: WorksProject, month: Month, outcome: str, share: Decimal
) -> int:
    """One month of a works project, up to its outcome; returns the number of reports."""
    filled = _moment(month_due(project.county_code), 26, 15) if outcome == MADE_UP else _moment(month, 26, 10)
    with acting_as(people.editor), _at(session, filled):
        report = services.start_report(session, project, month)
        report = _fill(session, report, share, finished=outcome == FINISHED, complete=outcome != DRAFT)
        if outcome != DRAFT:
            services.submit(session, report, declared=True, accept_warnings=True)
    with acting_as(people.reviewer), _at(session, filled + dt.timedelta(hours=5)):
        if outcome == RETURNED:
            services.give_back(session, report, _RETURNED)
        elif outcome in (APPROVED, CORRECTED, CORRECTING, FINISHED):
            services.approve(session, report, declared=True)
    if outcome not in (CORRECTED, CORRECTING):
        return 1
    with acting_as(people.editor), _at(session, filled + dt.timedelta(hours=8)):
        second = services.correct(session, report, "本年完成投资误填，按支付凭证更正。")
        cumulative = (report.cumulative_investment or Decimal(0)) * Decimal("0.98")
        amount = f"{cumulative:.2f}"
        typed = {"cumulative_investment": amount, "year_investment": amount}
        second = services.save_report(session, second, typed)
        if outcome == CORRECTED:
            services.submit(session, second, declared=True, accept_warnings=True)
    if outcome == CORRECTED:
        with acting_as(people.reviewer), _at(session, filled + dt.timedelta(hours=9)):
            services.approve(session, second, declared=True)
    return 2


def _fill(
    session: Session, report: MonthlyReport, share: Decimal, *, finished: bool, complete: bool
) -> MonthlyReport:
    """Figures by share of the planned total, contents one after the other, photos and files as needed."""
    if not report.items:
        scheme = schemes.ensure_scheme(session, session.get_one(PlanTask, report.plan_task_id))
        report = services.add_items(session, report, [item.id for item in scheme.items])
    plan = session.get_one(PlanTask, report.plan_task_id)
    amount = max(planned_total(plan) * share, report.cumulative_investment or Decimal(0))
    typed: dict[str, Any] = {
        "progress": "completed" if finished else "under_way",
        "started_on": (report.started_on or report.month + dt.timedelta(days=4)).isoformat(),
        "cumulative_investment": f"{amount:.2f}",
        "year_investment": f"{_of_year(session, report, amount):.2f}",
    }  # fmt: skip
    for number, item in enumerate(report.items):
        begun = number < 2 or item.state == "in_progress"
        state = "finished" if finished else "in_progress" if begun else "not_started"
        part = Decimal(1) if finished else share
        done = max(((item.planned1 or Decimal(0)) * part).quantize(Decimal(1)), item.quantity1 or Decimal(0))
        typed |= {f"state_{item.id}": state, f"method_{item.id}": _METHODS[number % 3]}
        if state != "not_started":
            typed[f"quantity1_{item.id}"] = str(done)
    report = services.save_report(session, report, typed)
    if complete:
        _files(session, report)
        _photos(session, report)
    return report


def _of_year(session: Session, report: MonthlyReport, amount: Decimal) -> Decimal:
    """What of a cumulative amount was done in the year of the report."""
    for before in queries.history(session, report.works_project_id, report.month, 24):
        if before.month.year != report.month.year:
            return amount - (before.cumulative_investment or Decimal(0))
    return amount


def _files(session: Session, report: MonthlyReport) -> None:
    have = attachments.present(session, "WorksProject", report.works_project_id)
    for purpose in required_files(report.progress):
        if purpose not in have:
            content = scan(purpose.replace("_", " ").upper(), f"No. {report.works_project_id:05d}", "DEMO")
            attach(session, "WorksProject", report.works_project_id, purpose, f"{purpose}.pdf", content)


def _photos(session: Session, report: MonthlyReport) -> None:
    page = queries.report_page(session, report.id)
    communities = area_queries.all_communities_of(session, "plan_task", report.plan_task_id)
    near: dict[str, Any] = next(iter(communities), {})
    for item in page.report.items:
        for number, purpose in enumerate(NEEDED_PHOTOS[item.state]):
            if not page.photos(item, purpose):
                at = calendar.now() - dt.timedelta(days=3 - number, minutes=item.id % 50)
                content = photo(f"{item.id} {purpose}", at, near.get("lng"), near.get("lat"))
                name = f"IMG_{item.id:04d}_{number + 1}.jpg"
                attach(session, "ReportItem", item.id, purpose, name, content)
    open_day = current(session).profile(page.plan.county_code).report_open_day
    latest, place = calendar.report_month(utcnow().astimezone(TZ).date(), open_day), (near.get("lng"), near.get("lat"))
    if report.month == latest.first and (odd := odd_photo(page.plan.code, latest, place)):
        attach(session, "ReportItem", page.report.items[0].id, "photo_during", "IMG_9001.jpg", odd)


def attach(session: Session, entity: str, owner_id: int, purpose: str, name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        file = attach_file(session, current_actor(), entity, owner_id, purpose, name, path)
    file.created_at = calendar.now()

