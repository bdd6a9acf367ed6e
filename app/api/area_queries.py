"""Lists of reserve projects, plan tasks and schemes for programs: explicit columns, the scope as an argument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select

from app.accounts.construction.models import ConstructionAccount
from app.annual_plans.models import PlanTask
from app.api.reading import Offered, Query
from app.areas.models import CommunityLink, ReserveLink
from app.extensions import db
from app.inspections.models import Inspection
from app.monthly_reports.models import MonthlyReport
from app.persistence.context import current_scope
from app.persistence.gate import SCOPE_APPLIED, scope_clause
from app.recognition.models import Recognition
from app.reserve.models import ReserveProject
from app.schemes.models import Scheme
from app.works.models import WorksProject
from app.works.rules import FIELDS

_BASE = (
    "id", "version", "county_code", "name", "address", "supervision_unit", "supervisor_name", "supervisor_phone",
    "original_owners", "community_count", "building_count", "household_count", "unit_count",
    "unit_without_elevator_count", "substandard_household_count", "built_up_to_2000", "built_after_2000",
    "earliest_built_year", "floor_area", "planned_investment", "scheme_state", "scheme_investment", "created_at",
    "updated_at",
)  # fmt: skip
_PLAN = (
    "year", "code", "planned_start", "planned_finish", "central_budget", "provincial_pilot", "livelihood",
    "special_bond", "implementation_state", "approved_investment",
)  # fmt: skip
SHOWN: dict[str, tuple[str, ...]] = {
    "reserve_project": _BASE,
    "plan_task": (*_BASE, *_PLAN),
    "scheme": (
        "id", "version", "county_code", "reserve_project_id", "plan_task_id", "state", "property_management",
        "elevator_count", "parking_count", "rain_sewage_separated", "piped_gas", "waste_sorted", "fire_facilities",
        "security_facilities", "fibre_to_home", "weak_lines_tidied", "strong_lines_tidied", "investment",
        "investment_basic", "investment_improved", "investment_upgraded", "standard", "subsidy_standard",
        "safeguards", "filler_name", "filler_phone", "review_round", "submitted_at", "published_on",
        "published_until", "created_at", "updated_at",
    ),
    "works_project": ("id", "version", "county_code", "plan_task_id", *FIELDS, "created_at", "updated_at"),
    "monthly_report": (
        "id", "version", "county_code", "plan_task_id", "works_project_id", "month", "revision", "replaces_id",
        "state", "progress", "started_on", "cumulative_investment", "year_investment", "is_makeup", "is_late",
        "correction_reason", "return_reason", "submitted_at", "submitted_by_name", "approved_at",
        "approved_by_name", "warning_count", "created_at", "updated_at",
    ),
    "recognition": (
        "id", "version", "county_code", "plan_task_id", "kind", "state", "recognised_on", "recognisers",
        "recogniser_phone", "note", "submitted_by", "submitted_at", "recognised_by", "recognised_at", "return_reason",
        "revoke_reason", "created_at", "updated_at",
    ),
    "inspection": (
        "id", "version", "county_code", "plan_task_id", "level", "state", "inspected_on", "inspectors",
        "inspector_phone", "conclusion", "note", "problem_count", "arrived_at", "concluded_by", "concluded_at",
        "void_reason", "created_at", "updated_at",
    ),
    "construction_account": (
        "id", "version", "county_code", "plan_task_id", "unit_name", "phone", "state", "issued_at", "stopped_at",
        "ended_at", "created_at", "updated_at",
    ),
}  # fmt: skip
TABLES: dict[str, Table] = {
    "reserve_project": ReserveProject.__table__,  # type: ignore[dict-item]
    "plan_task": PlanTask.__table__,  # type: ignore[dict-item]
    "scheme": Scheme.__table__,  # type: ignore[dict-item]
    "works_project": WorksProject.__table__,  # type: ignore[dict-item]
    "monthly_report": MonthlyReport.__table__,  # type: ignore[dict-item]
    "recognition": Recognition.__table__,  # type: ignore[dict-item]
    "inspection": Inspection.__table__,  # type: ignore[dict-item]
    "construction_account": ConstructionAccount.__table__,  # type: ignore[dict-item]
}
OF_PLANS = frozenset({"works_project", "monthly_report"})
"""Kinds that construction units see too, of the plan tasks they were given."""
_AREA_ORDER = frozenset({"id", "name", "county_code", "household_count", "floor_area", "updated_at"})
_AREA_FILTERS = {
    "id": "number", "county_code": "text", "scheme_state": "text", "community_count": "number", "updated_at": "time",
}  # fmt: skip
OFFERED: dict[str, Offered] = {
    "reserve_project": Offered(order=_AREA_ORDER, filters=_AREA_FILTERS),
    "plan_task": Offered(
        order=_AREA_ORDER | {"year", "code"},
        filters={**_AREA_FILTERS, "year": "number", "code": "text", "implementation_state": "text"},
    ),
    "scheme": Offered(
        order=frozenset({"id", "county_code", "investment", "submitted_at", "updated_at"}),
        filters={
            "id": "number", "county_code": "text", "state": "text", "reserve_project_id": "number",
            "plan_task_id": "number", "updated_at": "time",
        },
    ),
    "works_project": Offered(
        order=frozenset({"id", "name", "county_code", "updated_at"}),
        filters={"id": "number", "county_code": "text", "plan_task_id": "number", "updated_at": "time"},
    ),
    "monthly_report": Offered(
        order=frozenset({"id", "county_code", "month", "submitted_at", "updated_at"}),
        filters={
            "id": "number", "county_code": "text", "plan_task_id": "number", "works_project_id": "number",
            "state": "text", "revision": "number", "is_makeup": "bool", "is_late": "bool", "month": "day",
            "updated_at": "time",
        },
    ),
    "recognition": Offered(
        order=frozenset({"id", "county_code", "recognised_on", "submitted_at", "updated_at"}),
        filters={
            "id": "number", "county_code": "text", "plan_task_id": "number", "kind": "text", "state": "text",
            "recognised_on": "day", "updated_at": "time",
        },
    ),
    "inspection": Offered(
        order=frozenset({"id", "county_code", "inspected_on", "updated_at"}),
        filters={
            "id": "number", "county_code": "text", "plan_task_id": "number", "level": "text", "state": "text",
            "conclusion": "text", "inspected_on": "day", "updated_at": "time",
        },
    ),
    "construction_account": Offered(
        order=frozenset({"id", "county_code", "unit_name", "issued_at", "updated_at"}),
        filters={
            "id": "number", "county_code": "text", "plan_task_id": "number", "unit_name": "text", "state": "text",
            "updated_at": "time",
        },
    ),
}  # fmt: skip


def _condition(stored: Any, operator: str, value: Any) -> ColumnElement[bool]:
    if operator == "sw":
        found: ColumnElement[bool] = stored.startswith(value, autoescape=True)
        return found
    if operator == "gt":
        return stored > value  # type: ignore[no-any-return]
    return stored < value if operator == "lt" else stored == value  # type: ignore[no-any-return]


def page(kind: str, asked: Query, *more: ColumnElement[bool]) -> tuple[Sequence[Any], int]:
    """The rows of one page and how many match in all, exactly; two statements."""
    table = TABLES[kind]
    plan = table.c.plan_task_id if kind in OF_PLANS else None
    where = [scope_clause(current_scope(), table.c.county_code, plan), *more]
    where += [_condition(table.c[column], operator, value) for column, operator, value in asked.filters]
    if "deleted_at" in table.c:
        where.append(table.c.deleted_at.is_(None))
    if asked.search and "name" in table.c:
        where.append(table.c.name.contains(asked.search, autoescape=True))
    options = {SCOPE_APPLIED: True}
    counted = select(func.count()).select_from(table).where(*where)
    total = int(db.session.execute(counted, execution_options=options).scalar_one())
    order = table.c[asked.order_column or "id"]
    found = select(*(table.c[name] for name in SHOWN[kind])).where(*where)
    found = found.order_by(order.desc() if asked.descending else order.asc(), table.c.id)
    found = found.limit(asked.page_size).offset(asked.page * asked.page_size)
    return db.session.execute(found, execution_options=options).all(), total


def links(owner: str, owner_id: int) -> dict[str, list[int]]:
    """Ids of the communities an owner holds directly, and of a plan's reserve projects."""
    link: Any = CommunityLink.__table__
    options = {SCOPE_APPLIED: True}
    mine = scope_clause(current_scope(), link.c.county_code)
    held = select(link.c.community_id).where(link.c[f"{owner}_id"] == owner_id, mine).order_by(link.c.community_id)
    found = {"communities": list(db.session.execute(held, execution_options=options).scalars())}
    if owner == "plan_task":
        other: Any = ReserveLink.__table__
        inside = scope_clause(current_scope(), other.c.county_code)
        of = select(other.c.reserve_project_id).where(other.c.plan_task_id == owner_id, inside)
        rows = db.session.execute(of.order_by(other.c.reserve_project_id), execution_options=options)
        found["reserve_projects"] = list(rows.scalars())
    return found
