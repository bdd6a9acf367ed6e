"""Invented plan tasks for the benchmark: 60,000 at full size, each with a scheme and its communities (M1.6).

They follow from the communities that are there: those of a county are dealt out in order to its plan tasks, but for
`COUNTY_FREE` of the benchmark's county. Later stages hang their rows on ``plan_task.id`` from here.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from typing import Any

from sqlalchemy import Table, func, insert, select

from app.annual_plans.models import PlanTask
from app.annual_plans.rules import PROGRAMMES
from app.annual_plans.services import due_dates_of, profile_of
from app.areas.models import CommunityLink
from app.areas.places import place_communities
from app.areas.sums import recompute
from app.communities.models import Community
from app.extensions import db
from app.kernel.text import pinyin_initials
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.regions import cache as regions
from app.reserve.models import ReserveProject  # noqa: F401  (schemes refer to its table)
from app.schemes.models import Catalogue, CatalogueItem, Scheme, SchemeItem
from bench.communities import COUNTY, COUNTY_FREE, SEED

#: Plan tasks per community that is dealt out: 60,000 of 220,000 communities.
SHARE = 60_000 / 217_000
YEARS = range(2019, 2027)
CONTENTS = 3
_APPLIED = {"scope_applied": True}
_plan, _link, _community, _scheme, _item = (
    model.__table__ for model in (PlanTask, CommunityLink, Community, Scheme, SchemeItem)
)


def load_plans() -> None:
    """Plan tasks, schemes, contents, links, sums and places; nothing when they are there already."""
    there = db.session.scalar(
        select(func.count()).select_from(_plan).where(_plan.c.created_by == "bench"), execution_options=_APPLIED
    )
    if there:
        return
    rng = random.Random(SEED)
    for county, ids in _dealt_out().items():
        with unit_of_work() as session:
            _load_county(session, rng, county, ids)
        db.session.remove()


def _dealt_out() -> dict[str, list[int]]:
    """The communities of every county that plan tasks are to hold."""
    rows = db.session.execute(
        select(_community.c.county_code, _community.c.id)
        .where(_community.c.created_by == "bench", _community.c.place_state == "free", _community.c.deleted_at.is_(None))
        .order_by(_community.c.county_code, _community.c.id),
        execution_options=_APPLIED,
    )
    found: dict[str, list[int]] = defaultdict(list)
    for county, community in rows:
        found[county].append(community)
    found[COUNTY] = found[COUNTY][: max(len(found[COUNTY]) - COUNTY_FREE, len(found[COUNTY]) // 4)]
    return found


def _load_county(session: Any, rng: random.Random, county: str, ids: list[int]) -> None:
    number = max(1, round(len(ids) * SHARE))
    stamp = {"created_at": utcnow(), "updated_at": utcnow(), "created_by": "bench", "updated_by": "bench"}
    profile = profile_of(session, county)
    plans = [{**_plan_values(rng, county, n, profile), **stamp} for n in range(number)]
    codes = [plan["code"] for plan in plans]
    _insert(session, _plan, plans)
    known = dict(
        session.execute(
            select(_plan.c.code, _plan.c.id).where(_plan.c.code.in_(codes)), execution_options=_APPLIED
        ).all()
    )
    keys = [known[code] for code in codes]
    links = [
        {"community_id": community, "plan_task_id": keys[n * number // len(ids)], "county_code": county,
         "linked_at": utcnow(), "linked_by": "bench"}
        for n, community in enumerate(ids)
    ]  # fmt: skip
    _insert(session, _link, links)
    for some in (ids[start : start + 5000] for start in range(0, len(ids), 5000)):
        place_communities(session, some)
    recompute(session, "plan_task", keys)
    _schemes(session, rng, county, keys, stamp)


def _insert(session: Any, table: Table, rows: list[dict[str, Any]]) -> None:
    session.execute(insert(table), rows, execution_options=_APPLIED)


def _plan_values(rng: random.Random, county: str, number: int, profile: Any) -> dict[str, Any]:
    year = rng.choice(YEARS)
    values: dict[str, Any] = {
        "name": f"{year}年第{number + 1}片区", "year": year, "planned_start": None, "planned_finish": None,
        **{flag: rng.random() < 0.2 for flag in PROGRAMMES},
    }  # fmt: skip
    start, finish = due_dates_of(values, profile)
    state = rng.choice(("not_started", "started", "finished")) if year < 2026 else "not_started"
    return {
        **values, "county_code": county, "code": f"{county}{year}{number // 900 + 1:02d}01{number % 900 + 1:03d}",
        "initials": pinyin_initials(values["name"]), "start_due": start, "finish_due": finish,
        "implementation_state": state, "scheme_state": "submitted" if number else "draft",
        "scheme_investment": "200.00",
        "account_assigned": rng.random() < 0.5, "county_inspected": rng.random() < 0.5,
        "city_inspected": rng.random() < 0.2, "province_inspected": rng.random() < 0.1, "version": 1,
        "supervision_unit": "住房保障服务中心", "supervisor_name": "陈某", "supervisor_phone": "13800000000",
        "started_on": dt.date(year, 4, 1) if state != "not_started" else None,
        "finished_on": dt.date(year, 11, 1) if state == "finished" else None,
    }  # fmt: skip


def _schemes(session: Any, rng: random.Random, county: str, keys: list[int], stamp: dict[str, Any]) -> None:
    rows = [
        {"plan_task_id": key, "county_code": county, "state": "submitted" if n else "draft", "investment": "200.00",
         "version": 1, **stamp}
        for n, key in enumerate(keys)
    ]  # fmt: skip
    _insert(session, _scheme, rows)
    found = select(_scheme.c.id).where(_scheme.c.plan_task_id.in_(keys)).order_by(_scheme.c.id)
    schemes = session.scalars(found, execution_options=_APPLIED).all()
    contents = _contents(session, regions.current(session).province_of(county).code)
    chosen = [(scheme, key) for scheme in schemes for key in rng.sample(contents, min(CONTENTS, len(contents)))]
    lines = [
        {"scheme_id": scheme, "county_code": county, "catalogue_item_id": key, "quantity1": "12.00"}
        for scheme, key in chosen
    ]
    if lines:
        _insert(session, _item, lines)


def _contents(session: Any, province: str) -> list[int]:
    item, catalogue = CatalogueItem.__table__, Catalogue.__table__
    joined = select(item.c.id).join(catalogue, catalogue.c.id == item.c.catalogue_id)
    return list(session.scalars(joined.where(catalogue.c.province_code == province).order_by(item.c.id)))
