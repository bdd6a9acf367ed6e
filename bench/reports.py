"""Works projects and month reports for the benchmark: 600,000 at full size, ten for each plan task (M1.6.5).

``python -m bench.reports`` adds them to the product's database after `bench.plans`. Every report has the contents of
its plan's scheme, its steps in the transition log and its figures on the plan's row. Finished plans reported up to
November of their year; all others up to the month before last month, and most of them for last month too, where some
reports wait, some were returned and some are drafts. Rows of one kind go in together; what follows from other rows
(contents, steps) is written by the database itself.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Table, bindparam, case, func, insert, literal, null, select, update

from app import create_app
from app.accounts.models import Account
from app.annual_plans.models import PlanTask
from app.extensions import db
from app.kernel import calendar
from app.kernel.actor import SYSTEM
from app.kernel.calendar import TZ, Month
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.monthly_reports.rules import DECLARATION
from app.persistence.context import acting_as
from app.persistence.transitions import Transition
from app.persistence.work import unit_of_work
from app.reserve.models import ReserveProject  # noqa: F401  (schemes refer to its table)
from app.schemes.models import CatalogueItem, Scheme, SchemeItem
from app.works.models import WorksProject
from bench.communities import COUNTY, SEED
from bench.load import _settle
from bench.report_evidence import load_evidence, widen_scheme

MONTHS = 10
STEP = 20
"""万元 that every month adds to a plan's 200."""
TWO_PROJECTS = 20
"""Every so manieth plan has two works projects, which share its months."""
LAST_MONTH = {"approved": 0.83, "submitted": 0.10, "returned": 0.03, "draft": 0.04}
COUNTY_LAST_MONTH = {**LAST_MONTH, "approved": 0.43, "submitted": 0.50}
"""The benchmark's county is late with its reviews: its waiting list fills a page of 100."""
SUBMITTER, APPROVER = "dingcheng", "dingcheng_review"
_APPLIED = {"scope_applied": True}
_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_project: Table = WorksProject.__table__  # type: ignore[assignment]
_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
_content: Table = ReportItem.__table__  # type: ignore[assignment]
_step: Table = Transition.__table__  # type: ignore[assignment]
_PART = 10_000


@dataclass(frozen=True)
class People:
    """Account numbers of who submits and who approves."""

    submitter: int
    approver: int


@dataclass(frozen=True)
class Life:
    """What the reports of a plan follow from: its last month, and whether its works were finished or begun."""

    plan_id: int
    county: str
    last: Month
    state: str

    @property
    def first(self) -> Month:
        return self.last - (MONTHS - 1)


def load_reports() -> None:
    """Everything, in a few transactions; nothing when it is there already."""
    mine = select(func.count()).select_from(_report).where(_report.c.created_by == "bench")
    if db.session.scalar(mine, execution_options=_APPLIED):
        return
    rng = random.Random(SEED + 1)
    lives = _lives()
    _write(_project, _projects(lives))
    people = People(*(_account(login) for login in (SUBMITTER, APPROVER)))
    _write(_report, _reports(rng, lives, _project_keys(), people))
    with unit_of_work() as session:
        widen_scheme(session)
        session.execute(_contents(), execution_options=_APPLIED)
        for action, states in (("submit", ("submitted", "approved")), ("approve", ("approved",))):
            session.execute(_steps(action, states, people), execution_options=_APPLIED)
        _figures(session)
        load_evidence(session)


def _write(table: Table, rows: Iterator[dict[str, Any]]) -> None:
    while chunk := list(islice(rows, _PART)):
        with unit_of_work() as session:
            session.execute(insert(table), chunk, execution_options=_APPLIED)


def _account(login: str) -> int:
    return int(db.session.scalar(select(Account.id).where(Account.username == login)) or 0)


# ── plans and projects ──
def _lives() -> list[Life]:
    rows = db.session.execute(
        select(_plan.c.id, _plan.c.county_code, _plan.c.year, _plan.c.implementation_state)
        .where(_plan.c.created_by == "bench").order_by(_plan.c.county_code, _plan.c.id),
        execution_options=_APPLIED,
    ).all()  # fmt: skip
    latest = calendar.report_month(calendar.today())
    november = lambda year: min(Month.at(year, 11), latest)
    return [
        Life(row.id, row.county_code, november(row.year) if row.implementation_state == "finished" else latest,
             row.implementation_state)
        for row in rows
    ]  # fmt: skip


def _stamps(at: dt.datetime) -> dict[str, Any]:
    return {"created_at": at, "updated_at": at, "created_by": "bench", "updated_by": "bench", "version": 1}


def _at(month: Month, day: int, hour: int) -> dt.datetime:
    return dt.datetime(month.year, month.month, day, hour, 12, tzinfo=TZ)


def _numbers(index: int) -> range:
    """Numbers of the works projects of the plan at a place in the list."""
    return range(2 if index % TWO_PROJECTS == TWO_PROJECTS - 1 else 1)


def _projects(lives: list[Life]) -> Iterator[dict[str, Any]]:
    for index, life in enumerate(lives):
        for number in _numbers(index):
            yield {
                "plan_task_id": life.plan_id, "county_code": life.county, "name": f"第{index + 1}片区改造第{number + 1}标段",
                "supervision_unit": "住房保障服务中心", "construction_unit": "玉霞街道办事处", "construction_unit_kind": "street",
                "supervisor_name": "陈某", "supervisor_phone": "13800000021", "contract_amount": "200.00",
                "contract_contents": "供水管网、道路、照明设施", "designer": "某设计院", "contractor": "某建设工程有限公司",
                "contract_start": life.first.first, "contract_finish": (life.first + 12).last,
                **_stamps(_at(life.first, 2, 9)),
            }  # fmt: skip


def _project_keys() -> dict[int, list[int]]:
    """Plan task → its works projects."""
    found: dict[int, list[int]] = {}
    mine = select(_project.c.plan_task_id, _project.c.id).where(_project.c.created_by == "bench").order_by(_project.c.id)
    for plan, key in db.session.execute(mine, execution_options=_APPLIED):
        found.setdefault(plan, []).append(key)
    return found


# ── reports ──
def _reports(
    rng: random.Random, lives: list[Life], projects: dict[int, list[int]], people: People
) -> Iterator[dict[str, Any]]:
    """The reports as counties send them: month by month, all counties mixed."""
    latest = max(life.last for life in lives)
    by_month: dict[Month, list[tuple[Life, int]]] = {}
    for life in lives:
        for number in range(MONTHS):
            by_month.setdefault(life.first + number, []).append((life, number))
    for month in sorted(by_month):
        some = by_month[month]
        rng.shuffle(some)
        for life, number in some:
            keys = projects[life.plan_id]
            key = keys[number * len(keys) // MONTHS]
            state = "approved"
            if month == latest and life.state != "finished":
                shares = COUNTY_LAST_MONTH if life.county == COUNTY else LAST_MONTH
                state = rng.choices(list(shares), list(shares.values()))[0]
            yield _values(rng, life, month, key, number * len(keys) % MONTHS // len(keys), state, people)


def _values(
    rng: random.Random, life: Life, month: Month, project: int, number: int, state: str, people: People
) -> dict[str, Any]:
    """A report; ``number`` counts the months of its works project from 0."""
    done = number + 1
    progress = "preparing" if life.state == "not_started" else "under_way"
    if life.state == "finished" and month == life.last:
        progress = "completed"
    late = rng.random() < 0.05
    sent, approved = _at(month, 26, 9) + dt.timedelta(seconds=rng.randrange(80_000)), _at(month, 28, 10)
    handed_in, passed = state in ("submitted", "approved"), state == "approved"
    submitter = people.submitter if state != "draft" else None
    return {
        "works_project_id": project, "plan_task_id": life.plan_id, "county_code": life.county, "month": month.first,
        "revision": 1, "state": state, "progress": progress,
        "started_on": None if progress == "preparing" else life.first.first + dt.timedelta(days=4),
        "cumulative_investment": f"{done * STEP}.00", "year_investment": f"{min(done, month.month) * STEP}.00",
        "is_makeup": rng.random() < 0.03, "is_late": late, "warning_count": int(handed_in and rng.random() < 0.1),
        "return_reason": "道路缺改造中近景照片，请核对后重报。" if state == "returned" else "",
        "first_submitted_at": sent if submitter else None, "submitted_at": sent if submitter else None,
        "submitted_by_id": submitter, "submitted_by_name": "陈某" if submitter else "",
        "approved_at": approved if passed else None, "approved_by_id": people.approver if passed else None,
        "approved_by_name": "李某" if passed else "", "confirmed_warnings": [],
        "declarations": [_declared(people, sent, action) for action in ("submit", "approve")[: handed_in + passed]],
        "unread": {}, **_stamps(_at(month, 25, 9)),
    }  # fmt: skip


def _declared(people: People, at: dt.datetime, action: str) -> dict[str, Any]:
    """As wide as a declaration is; its digest stands for nothing (`flask portal verify` would say so)."""
    by = people.submitter if action == "submit" else people.approver
    return {"action": action, "by_id": by, "by": "陈某", "at": at.isoformat(), "text": DECLARATION, "digest": "0" * 64,
            "files": []}  # fmt: skip


# ── what follows from the reports ──
def _contents() -> Any:
    """The contents of every report: those of the plan's scheme, as far along as the report."""
    scheme, line, item = (model.__table__ for model in (Scheme, SchemeItem, CatalogueItem))
    begun = _report.c.progress.in_(("under_way", "completed"))
    finished = _report.c.progress == "completed"
    half = literal("6.00", type_=_content.c.quantity1.type)
    values = {
        "report_id": _report.c.id, "plan_task_id": _report.c.plan_task_id, "county_code": _report.c.county_code,
        "scheme_item_id": line.c.id, "catalogue_item_id": item.c.id,
        **{name: item.c[name] for name in ("code", "category", "content", "detail", "unit1", "unit2", "order")},
        "planned1": line.c.quantity1,
        "state": case((finished, "finished"), (begun, "in_progress"), else_="not_started"),
        "method": case((begun, "更换"), else_=""),
        "quantity1": case((finished, line.c.quantity1), (begun, half), else_=null()),
    }  # fmt: skip
    source = (
        _report.join(scheme, scheme.c.plan_task_id == _report.c.plan_task_id)
        .join(line, line.c.scheme_id == scheme.c.id)
        .join(item, item.c.id == line.c.catalogue_item_id)
    )
    rows = select(*values.values()).select_from(source).where(_report.c.created_by == "bench")
    return insert(_content).from_select(list(values), rows.order_by(_report.c.id, line.c.id))


def _steps(action: str, states: tuple[str, ...], people: People) -> Any:
    """A row of the transition log for every report that went through a step."""
    sent = action == "submit"
    values = {
        "county_code": _report.c.county_code, "plan_task_id": _report.c.plan_task_id,
        "entity": literal("MonthlyReport"), "entity_id": _report.c.id,
        "from_state": literal("draft" if sent else "submitted"), "action": literal(action),
        "to_state": literal("submitted" if sent else "approved"),
        "actor_id": literal(people.submitter if sent else people.approver),
        "actor_name": literal("陈某" if sent else "李某"), "note": literal(""),
        "at": _report.c.submitted_at if sent else _report.c.approved_at,
    }  # fmt: skip
    rows = select(*values.values()).where(_report.c.created_by == "bench", _report.c.state.in_(states))
    return insert(_step).from_select(list(values), rows.order_by(_report.c.id))


def _figures(session: Any) -> None:
    """The approved figures on the rows of the plans, as the product keeps them."""
    from app.monthly_reports.figures import replay
    from app.monthly_reports.selects import approved_figures

    found = [
        {"key": plan, "to_month": now.month, "to_sum": now.cumulative, "to_year": now.year}
        for plan, now in replay(approved_figures(session, None))
    ]
    values = {
        "approved_month": bindparam("to_month"), "approved_investment": bindparam("to_sum"),
        "approved_year_investment": bindparam("to_year"), "funds_completed": bindparam("to_sum"),
    }  # fmt: skip
    mine = update(_plan).where(_plan.c.id == bindparam("key"), _plan.c.created_by == "bench").values(values)
    session.connection().execute(mine.execution_options(**_APPLIED), found)


def main() -> None:
    app = create_app()
    with app.app_context(), acting_as(SYSTEM):
        load_reports()
        _settle()


if __name__ == "__main__":
    main()
