"""The demo world's reserve projects and plan tasks, linked to its communities (see seed/PROVENANCE.md)."""

from __future__ import annotations

import csv
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

import config
from app.accounts.construction import services as units
from app.accounts.construction.models import ConstructionAccount
from app.accounts.models import Account
from app.annual_plans import services as annual_plans
from app.annual_plans.models import PlanTask
from app.communities.models import Community
from app.kernel.actor import SYSTEM
from app.reserve import services as reserve
from app.schemes.catalogues import load_catalogues


def load_plans(session: Session) -> int:
    """Reserve projects and plan tasks of an empty portal, through the services; the caller commits.

    Returns how many were made; 0 when there are plan tasks already.
    """
    load_catalogues(session)
    if session.execute(select(PlanTask.id).limit(1)).first() is not None:
        return 0
    communities = {
        (c.county_code, c.name): c for c in session.scalars(select(Community).order_by(Community.id))
    }
    made = 0
    for row in _rows("reserve.csv"):
        project = reserve.create_reserve(session, row["county_code"], _facts(row, communities))
        reserve.link(session, project, [c.id for c in _named(row, communities)])
        made += 1
    for row in _rows("ledger.csv"):
        facts = {**_facts(row, communities), "year": row["year"]}
        plan = annual_plans.create_plan(session, row["county_code"], facts, code=row["code"], imported=True)
        annual_plans.link(session, plan, [c.id for c in _named(row, communities)])
        made += 1
    return made


# plan tasks of 鼎城区 that its construction unit was given; the third one is not its own
UNIT_LOGIN, UNIT_PHONE = "yuxia", "13800000000"
UNIT_PLANS = ("43070320210719807", "43070320200908582")


def assign_unit(session: Session) -> int:
    """Give the construction unit its plan tasks, once; returns how many (the caller commits)."""
    account = session.scalars(select(Account).where(Account.username == UNIT_LOGIN)).one()
    if session.execute(select(ConstructionAccount.id).where(ConstructionAccount.user_id == account.id)).first():
        return 0
    account.phone = account.phone or UNIT_PHONE
    session.flush()
    plans = session.scalars(select(PlanTask).where(PlanTask.code.in_(UNIT_PLANS)).order_by(PlanTask.id)).all()
    for plan in plans:
        units.assign(session, SYSTEM, plan.id, account.id)
    return len(plans)


def _rows(name: str) -> list[dict[str, str]]:
    with open(config.ROOT / "seed" / "demo" / name, encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def _named(row: dict[str, str], communities: dict[tuple[str, str], Community]) -> list[Community]:
    """The communities that a row names; names that the demo world does not hold are left out."""
    keys = [(row["county_code"], name) for name in row["community_names"].split(";")]
    return [communities[key] for key in keys if key in communities]


def _facts(row: dict[str, str], communities: dict[tuple[str, str], Community]) -> dict[str, Any]:
    """Name of the row; address and supervision of its first community."""
    first = next(iter(_named(row, communities)), None)
    fields = ("address", "supervision_unit", "supervisor_name", "supervisor_phone")
    return {"name": row["name"], **({field: getattr(first, field) for field in fields} if first else {})}
