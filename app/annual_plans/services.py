"""The only writer of plan tasks: declaration, editing, recycle bin, funds, long-term management (M1.6)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.annual_plans import codes
from app.annual_plans.models import PlanTask
from app.annual_plans.queries import window_of
from app.annual_plans.rules import (
    FUND_SOURCES,
    LONG_TERM,
    PROGRAMMES,
    READERS,
    code_findings,
    date_findings,
    due_dates,
    fund_findings,
    funds_in_place,
    long_term_findings,
    programmes_of,
    start_milestones,
)  # fmt: skip
from app.areas import queries as area_queries
from app.areas import services as links
from app.areas.places import Renamed, place_communities, place_reserves
from app.areas.rules import read_fields, read_texts
from app.areas.services import LinkReport
from app.audit import services as audit
from app.kernel import calendar
from app.kernel.errors import N_, Finding, Message, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.observers import Observers
from app.persistence.context import current_actor
from app.persistence.gate import WITH_DELETED
from app.persistence.locks import lock_counties
from app.persistence.transitions import log_transition
from app.persistence.types import utcnow
from app.regions import cache as regions
from app.regions.rules import Profile

_RESOURCE = "PlanTask"
kept_because: Observers[[Session, PlanTask], Message | None] = Observers()
"""Answers of later stages why a plan task may not go to the recycle bin, or None."""


def _require(action: str) -> None:
    if not current_actor().may(f"can_{action}", _RESOURCE):
        raise NotAllowed(msg("You are not permitted to do this."))


def profile_of(session: Session, county_code: str) -> Profile:
    """The profile of the province that a county lies in."""
    return regions.current(session).profile(county_code)


def get_plan(session: Session, plan_id: int, *, deleted: bool = False) -> PlanTask:
    """A plan task of the actor's scope (with ``deleted`` also from the recycle bin). Raises: OutOfScope."""
    found = session.get(PlanTask, plan_id, execution_options={WITH_DELETED: deleted}, populate_existing=True)
    if found is None:
        raise OutOfScope(f"plan task {plan_id}")
    return found


def read_plan(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Values of what was typed or imported. Raises: RuleViolation with a finding at every wrong field."""
    values, found = read_texts(typed)
    more, wrong = read_fields(typed, READERS, "M1.6")
    values.update(more)
    found += wrong + date_findings(values)
    if "year" in typed and values.get("year") is None and not any(f.field == "year" for f in found):
        found.append(Finding("M1.6.c", "error", "year", msg("Required.")))
    if found:
        raise RuleViolation(found)
    return values


def due_dates_of(plan: Mapping[str, Any], profile: Profile) -> tuple[dt.date, dt.date]:
    """R17: (start due, finish due) of a plan's year, planned dates and programme flags."""
    milestones = start_milestones(programmes_of(plan), profile.milestone)
    start, finish = plan.get("planned_start"), plan.get("planned_finish")
    return due_dates(plan["year"], start, finish, milestones, profile.finish_due_years)


def _set_due_dates(plan: PlanTask, profile: Profile) -> None:
    needed = ("year", "planned_start", "planned_finish", *PROGRAMMES)
    values = {column: getattr(plan, column) for column in needed}
    plan.start_due, plan.finish_due = due_dates_of(values, profile)


def create_plan(
    session: Session, county_code: str, typed: Mapping[str, Any], *, code: str = "", imported: bool = False
) -> PlanTask:
    """A new plan task of a year, with its code (a new one unless an imported ``code`` is given).

    Counties may add while the year's window is open; an import by province or city is not bound by it.
    Raises: NotAllowed, OutOfScope, RuleViolation at the fields (window closed, code taken or malformed).
    """
    _require("import" if imported else "add")
    values = read_plan({"name": "", "year": None, **typed})
    place = regions.current(session).find(county_code)
    if not current_actor().scope.covers(county_code) or place is None or place.level != "county":
        raise OutOfScope(county_code)
    profile = profile_of(session, county_code)
    if not imported and (closed := window_of(session, profile, values["year"]).findings(calendar.today())):
        raise RuleViolation(closed)
    if code and (wrong := code_findings(code)):
        raise RuleViolation(wrong)
    now, me = utcnow(), current_actor().username
    plan = PlanTask(
        county_code=county_code, **values, created_by=me, updated_by=me, created_at=now, updated_at=now
    )
    plan.code = code or codes.next_code(session, county_code)
    plan.funds_in_place = funds_in_place(values)
    _set_due_dates(plan, profile)
    session.add(plan)
    session.flush()
    log_transition(session, plan, "declare", "", "not_started")
    return plan


def update_plan(
    session: Session, plan: PlanTask, typed: Mapping[str, Any], version: int, *, imported: bool = False
) -> PlanTask:
    """Change the typed fields of a plan task; sums, state and code never change here.

    ``imported``: by an import of province or city.
    Raises: NotAllowed, StaleRow when somebody saved another version, RuleViolation at the fields.
    """
    _require("import" if imported else "edit")
    values = read_plan(typed)
    if plan.version != version:
        raise StaleRow({field: getattr(plan, field) for field in values}, plan.version)
    _keep_reported(session, plan, values)
    both = {
        name: values.get(name, getattr(plan, name))
        for name in ("planned_start", "planned_finish", *FUND_SOURCES)
    }
    if wrong := date_findings(both):
        raise RuleViolation(wrong)
    name, year = values.get("name", plan.name), values.get("year", plan.year)
    if (name, year) != (plan.name, plan.year):
        _rename(session, plan, name, year)
    for field, value in values.items():
        setattr(plan, field, value)
    plan.funds_in_place = funds_in_place(both)
    _set_due_dates(plan, profile_of(session, plan.county_code))
    plan.updated_at, plan.updated_by = utcnow(), current_actor().username
    session.flush()
    return plan


def _keep_reported(session: Session, plan: PlanTask, values: dict[str, Any]) -> None:
    """完成投资额 follows the month reports once one is approved; what is typed counts no more."""
    if "funds_completed" not in values:
        return
    reported = select(PlanTask.approved_month).where(PlanTask.id == plan.id)
    if session.scalar(reported.with_for_update(key_share=True)) is not None:
        del values["funds_completed"]


def _rename(session: Session, plan: PlanTask, name: str, year: int) -> None:
    """Communities and reserve projects show name and year: written before the plan, in the order of locks."""
    lock_counties(session, [plan.county_code])
    ids = [row["id"] for row in area_queries.all_communities_of(session, "plan_task", plan.id)]
    renamed = Renamed("plan_task", plan.id, name, year)
    place_communities(session, ids, renamed)
    place_reserves(session, area_queries.reserve_ids(session, plan.id), renamed)


def save_funds(
    session: Session, plan: PlanTask, typed: Mapping[str, Any], version: int, total: Decimal | None = None
) -> PlanTask:
    """项目实施信息 (M1.6.5): plan categories and funds; the total in place is computed (R11)."""
    values = read_plan(typed)
    if wrong := fund_findings(total, {n: values.get(n, getattr(plan, n)) for n in FUND_SOURCES}):
        raise RuleViolation(wrong)
    return update_plan(session, plan, typed, version)


def save_long_term(session: Session, plan: PlanTask, typed: Mapping[str, Any], version: int) -> PlanTask:
    """长效管理 (M1.6.6, R16). Raises: RuleViolation at the fields."""
    values = read_plan({name: typed[name] for name in LONG_TERM if name in typed})
    merged = {name: values.get(name, getattr(plan, name)) for name in LONG_TERM}
    if wrong := long_term_findings(merged, plan.community_count):
        raise RuleViolation(wrong)
    return update_plan(session, plan, values, version)


def delete_plans(session: Session, ids: Sequence[int]) -> list[int]:
    """To the recycle bin; refused, with their names, while communities or reserves are linked."""
    _require("delete")
    plans = [get_plan(session, plan_id) for plan_id in sorted(set(ids))]
    lock_counties(session, {plan.county_code for plan in plans})
    refused: list[Finding] = []
    for plan in plans:
        if plan.implementation_state != "not_started":
            text = N_("“%(name)s” has been started: it cannot be deleted any more.")
            refused.append(Finding("M1.6", "error", str(plan.id), msg(text, name=plan.name)))
            continue
        if why := next((why for why in kept_because(session, plan) if why), None):
            refused.append(Finding("M1.6", "error", str(plan.id), why))
            continue
        try:
            links.refuse_if_held(session, plan, "M1.6")
        except RuleViolation as error:
            refused += error.findings
    if refused:
        raise RuleViolation(refused)
    for plan in plans:
        plan.deleted_at, plan.deleted_by = utcnow(), current_actor().username
    return [plan.id for plan in plans]


def restore_plans(session: Session, ids: Sequence[int]) -> list[int]:
    """Back from the recycle bin with their codes."""
    _require("restore")
    restored = []
    for plan_id in sorted(set(ids)):
        plan = get_plan(session, plan_id, deleted=True)
        if plan.deleted_at is not None:
            plan.deleted_at, plan.deleted_by = None, ""
            restored.append(plan.id)
    return restored


def link(
    session: Session, plan: PlanTask, communities: Sequence[int] = (), reserves: Sequence[int] = ()
) -> LinkReport:
    """确认关联 of several communities and reserve projects at once (M1.6.1); all or none."""
    _require("link")
    lock_counties(session, [plan.county_code])
    report = LinkReport()
    for done in (
        links.link_reserves(session, plan, reserves) if reserves else LinkReport(),
        links.link_communities(session, plan, communities) if communities else LinkReport(),
    ):
        report.communities += done.communities
        report.reserves += done.reserves
        report.messages += done.messages
    return report


def unlink(
    session: Session,
    plan: PlanTask,
    communities: Sequence[int] | None = (),
    reserves: Sequence[int] | None = (),
    *,
    keep_scheme: bool = True,
) -> LinkReport:
    """取消关联 for some or (None) all; ``keep_scheme`` keeps what reserve projects brought (M1.6.2)."""
    _require("link")
    report = LinkReport()
    if reserves is None or reserves:
        done = links.unlink_reserves(session, plan, reserves, keep=keep_scheme)
        report.reserves, report.messages = done.reserves, done.messages
    if communities is None or communities:
        report.communities = links.unlink_communities(session, plan, communities).communities
    return report


def refresh_due_dates(session: Session, plans: Sequence[PlanTask]) -> int:
    """Recompute due dates after a profile's milestones changed; returns how many changed."""
    changed: Counter[str] = Counter()
    for plan in plans:
        before = (plan.start_due, plan.finish_due)
        _set_due_dates(plan, profile_of(session, plan.county_code))
        changed[plan.county_code] += before != (plan.start_due, plan.finish_due)
    for county, number in sorted(changed.items()):
        if number:  # the dates themselves follow from others and are not audited; lights change with them
            audit.record(session, "update", entity=_RESOURCE, county_code=county, after={"rows": number})
    return changed.total()
