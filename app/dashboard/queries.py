"""What the boards show, each from one statement over stored sums; the scope is an argument (M1.2).

The sums of a city or province, over tens of thousands of rows, are kept until a record there changes
(`app.web.counts`); a county's own are read anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import Table, case, func, select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.annual_plans.queries import light_clause, warn_days_of
from app.areas.listing import UNFINISHED
from app.communities.models import Community, CommunityRollup
from app.dashboard.rules import PROGRAMMES, SOURCES
from app.kernel.calendar import Month
from app.kernel.scope import Scope
from app.monthly_reports.models import MonthlyReport
from app.persistence.gate import SCOPE_APPLIED, execute_applied, scope_clause
from app.regions.cache import current
from app.web.counts import unchanged

_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_rollup: Table = CommunityRollup.__table__  # type: ignore[assignment]
_community: Table = Community.__table__  # type: ignore[assignment]
_report: Table = MonthlyReport.__table__  # type: ignore[assignment]
_OPTIONS = {SCOPE_APPLIED: True}
MOST_POINTS = 600
T = TypeVar("T")

SUMMED = (
    "community_count", "building_count", "household_count", "floor_area", "funds_planned", "funds_completed",
    "funds_in_place", *SOURCES, "approved_investment", "approved_year_investment", "party_organisations",
    "owners_committees", "property_managed", "professionally_managed",
)  # fmt: skip
FINISHED = ("community_count", "building_count", "household_count", "floor_area")
COUNTED = ("plans", "started", "finished", "red", "yellow", "no_scheme", "no_community")
KEYS = (
    *COUNTED, *SUMMED, *(f"finished_{name}" for name in FINISHED),
    *(f"{flag}_{what}" for flag in PROGRAMMES for what in ("plans", "started", "finished", "planned", "invested")),
)  # fmt: skip


def _kept(scope: Scope, key: Hashable, read: Callable[[], T]) -> T:
    return read() if len(scope.prefix) >= 6 else unchanged(key, read, scope)[1]


def _sum(column: Any, *where: Any) -> Any:
    value = case((where[0], column)) if where else column
    return func.sum(value, type_=column.type)


def _programme(flag: str) -> list[Any]:
    mine, state = _plan.c[flag].is_(True), _plan.c.implementation_state
    return [
        func.count(case((mine, 1))).label(f"{flag}_plans"),
        func.count(case((mine & (state != "not_started"), 1))).label(f"{flag}_started"),
        func.count(case((mine & (state == "finished"), 1))).label(f"{flag}_finished"),
        _sum(_plan.c.funds_planned, mine).label(f"{flag}_planned"),
        _sum(_plan.c.approved_investment, mine).label(f"{flag}_invested"),
    ]


def plans(session: Session, scope: Scope, today: dt.date) -> Sequence[dict[str, Any]]:
    """A row for each county and plan year of the scope: ``county_code``, ``year`` and `KEYS`; one statement."""

    def read() -> Sequence[dict[str, Any]]:
        state, days = _plan.c.implementation_state, warn_days_of(current(session))
        ended = state == "finished"
        columns = [
            func.count().label("plans"),
            func.count(case((state != "not_started", 1))).label("started"),
            func.count(case((ended, 1))).label("finished"),
            *(func.count(case((light_clause(colour, today, days), 1))).label(colour) for colour in ("red", "yellow")),
            func.count(case((_plan.c.scheme_state.in_(UNFINISHED) & ~ended, 1))).label("no_scheme"),
            func.count(case((_plan.c.community_count == 0, 1))).label("no_community"),
            *(_sum(_plan.c[name]).label(name) for name in SUMMED),
            *(_sum(_plan.c[name], ended).label(f"finished_{name}") for name in FINISHED),
            *(column for flag in PROGRAMMES for column in _programme(flag)),
        ]
        keys = (_plan.c.county_code, _plan.c.year)
        mine = (scope_clause(scope, _plan.c.county_code), _plan.c.deleted_at.is_(None))
        statement = select(*keys, *columns).where(*mine).group_by(*keys).order_by(*keys)
        rows = execute_applied(session, statement, execution_options=_OPTIONS).mappings()
        return [dict(row) for row in rows]

    return _kept(scope, "board-plans", read)


def communities(session: Session, scope: Scope) -> dict[str, Any]:
    """Number, buildings, households, area (万㎡) and planned investment (万元) of the scope's communities."""
    names = ("communities", "buildings", "households", "floor_area", "planned_investment")
    columns = [func.coalesce(func.sum(_rollup.c[name], type_=_rollup.c[name].type), 0).label(name) for name in names]
    todo = func.coalesce(func.sum(case((_rollup.c.is_complete.is_(False), _rollup.c.communities))), 0)
    statement = select(*columns, todo.label("incomplete")).where(scope_clause(scope, _rollup.c.county_code))
    return dict(execute_applied(session, statement, execution_options=_OPTIONS).mappings().one())


def reports(session: Session, scope: Scope, month: Month) -> dict[str, int]:
    """State → number of the month's reports, and ``late``: handed in after the day they were due."""

    def read() -> dict[str, int]:
        late = func.count(case((_report.c.is_late, 1)))
        statement = (
            select(_report.c.state, func.count().label("number"), late.label("late"))
            .where(
                _report.c.month == month.first, _report.c.deleted_at.is_(None), _report.c.state != "superseded",
                scope_clause(scope, _report.c.county_code, _report.c.plan_task_id),
            )
            .group_by(_report.c.state)
        )  # fmt: skip
        rows = execute_applied(session, statement, execution_options=_OPTIONS).all()
        return {**{row.state: row.number for row in rows}, "late": sum(row.late for row in rows)}

    return _kept(scope, ("board-reports", month), read)


def approved(session: Session, scope: Scope, first: Month) -> list[tuple[int, dt.date, Decimal]]:
    """(works project, month, cumulative investment) of a county's approved reports, and each project's last before."""
    mine = (
        scope_clause(scope, _report.c.county_code, _report.c.plan_task_id), _report.c.state == "approved",
        _report.c.deleted_at.is_(None),
    )  # fmt: skip
    last = (
        select(_report.c.works_project_id, func.max(_report.c.month).label("month"))
        .where(*mine, _report.c.month < first.first)
        .group_by(_report.c.works_project_id)
        .subquery("last")
    )
    columns = (_report.c.works_project_id, _report.c.month, _report.c.cumulative_investment)
    statement = (
        select(*columns)
        .outerjoin(
            last, (last.c.works_project_id == _report.c.works_project_id) & (last.c.month == _report.c.month)
        )
        .where(*mine, (_report.c.month >= first.first) | last.c.month.is_not(None))
        .order_by(_report.c.works_project_id, _report.c.month)
    )
    return [tuple(row) for row in execute_applied(session, statement, execution_options=_OPTIONS)]  # type: ignore[misc]


def unplanned(session: Session, scope: Scope, limit: int) -> Sequence[Any]:
    """Plan tasks whose scheme is not handed in, the most urgent first (未上报改造规划预警)."""
    names = ("id", "county_code", "name", "scheme_state", "start_due", "finish_due", "implementation_state", "community_count")
    statement = (
        select(*(_plan.c[name] for name in names))
        .where(
            scope_clause(scope, _plan.c.county_code), _plan.c.deleted_at.is_(None),
            _plan.c.scheme_state.in_(UNFINISHED), _plan.c.implementation_state != "finished",
        )
        .order_by(_plan.c.start_due, _plan.c.id)
        .limit(limit)
    )  # fmt: skip
    return execute_applied(session, statement, execution_options=_OPTIONS).all()


def points(session: Session, scope: Scope) -> Sequence[Any]:
    """Communities of a county that have a place: ``name, lng, lat, place_state``."""
    names = ("id", "name", "lng", "lat", "place_state")
    statement = (
        select(*(_community.c[name] for name in names))
        .where(
            scope_clause(scope, _community.c.county_code), _community.c.deleted_at.is_(None),
            _community.c.lng.is_not(None),
        )
        .order_by(_community.c.id)
        .limit(MOST_POINTS)
    )  # fmt: skip
    return execute_applied(session, statement, execution_options=_OPTIONS).all()
