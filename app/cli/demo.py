"""The demo world: communities of several counties and one account per role (never in production)."""

from __future__ import annotations

import csv
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

import config
from app.accounts.models import Account
from app.accounts.services import make_account
from app.audit import services as audit
from app.cli.demo_checks import load_checks
from app.cli.demo_plans import assign_unit, load_plans
from app.cli.demo_reports import load_reports
from app.cli.demo_schemes import load_schemes
from app.communities.models import Community
from app.communities.services import derived
from app.persistence.types import utcnow
from app.regions.models import Department, Town

PASSWORD = "Demo@2026!"
# login, shown name, role(s), region, department
ACCOUNTS: tuple[tuple[str, str, tuple[str, ...], str | None, str], ...] = (
    ("hunan", "省级管理员", ("province_manager",), "430000", "湖南省住房和城乡建设厅"),
    ("changde", "常德市管理员", ("city_manager",), "430700", "常德市住房和城乡建设局"),
    ("dingcheng", "鼎城区填报员", ("county_editor",), "430703", "鼎城区住房保障服务中心"),
    ("dingcheng_review", "鼎城区审核员", ("county_reviewer",), "430703", "鼎城区住房和城乡建设局"),
    ("hanshou", "汉寿县填报员", ("county_editor",), "430722", "汉寿县住房和城乡建设局"),
    ("yuxia", "玉霞建设单位", ("construction_unit",), "430703", "玉霞城建开发有限公司"),
    ("hunan_zj", "省住建厅联审员", ("joint_reviewer_housing",), "430000", "湖南省住房和城乡建设厅"),
    ("hunan_fgw", "省发改委联审员", ("joint_reviewer_development",), "430000", "湖南省发展和改革委员会"),
    ("hunan_czt", "省财政厅联审员", ("joint_reviewer_finance",), "430000", "湖南省财政厅"),
    ("guizhou", "贵州省管理员", ("province_manager",), "520000", "贵州省住房和城乡建设厅"),
    ("nayong", "纳雍县填报员", ("county_editor",), "520525", "纳雍县住房和城乡建设局"),
    ("sysadmin", "系统管理员", ("system_admin",), None, ""),
    ("secadmin", "安全管理员", ("security_admin",), None, ""),
    ("auditadmin", "审计管理员", ("audit_admin",), None, ""),
)
_INTEGERS = (
    "built_year", "building_count", "unit_count", "unit_without_elevator_count", "household_count",
    "substandard_household_count",
)  # fmt: skip
_DECIMALS = ("lng", "lat", "floor_area", "planned_investment")


def load_demo(session: Session) -> list[str]:
    """Fill an empty portal; a second call changes nothing. Returns lines to print (the caller commits)."""
    if session.execute(select(Account.id).where(Account.username == "dingcheng")).first() is None:
        _accounts(session)
        _communities(session)
        session.flush()
    load_plans(session)
    assign_unit(session)
    load_reports(session)
    load_checks(session)
    load_schemes(session)
    width = max(len(login) for login, *_rest in ACCOUNTS)
    return ["", f"demo accounts (password of all: {PASSWORD})"] + [
        f"  {login:<{width}}  {name}" for login, name, *_rest in ACCOUNTS
    ]


def _department(session: Session, name: str, region_code: str | None, login: str) -> int | None:
    if not name or not region_code:
        return None
    found = session.scalar(select(Department.id).where(Department.name == name, Department.region_code == region_code))
    if found:
        return found
    kind = "construction" if "公司" in name else "housing"
    department = Department(name=name, region_code=region_code, kind=kind)
    session.add(department)
    session.flush()
    return department.id


def _accounts(session: Session) -> None:
    hashed = generate_password_hash(PASSWORD)
    for login, name, roles, region, department in ACCOUNTS:
        account = make_account(
            session, login, PASSWORD, list(roles), name=name, region_code=region,
            department_id=_department(session, department, region, login), must_change=False,
        )  # fmt: skip
        account.password = hashed


def _value(key: str, text: str) -> Any:
    if text == "":
        return None if key in _INTEGERS or key in _DECIMALS or key == "town_code" else ""
    return int(text) if key in _INTEGERS else text


def _communities(session: Session) -> None:
    towns = {(t.county_code, t.name): t.code for t in session.scalars(select(Town))}
    now, rows = utcnow(), []
    with open(config.ROOT / "seed" / "demo" / "communities.csv", encoding="utf-8-sig", newline="") as source:
        for raw in csv.DictReader(source):
            street = raw.pop("street")
            values = {key: _value(key, text) for key, text in raw.items()}
            if values["property_kind"] == "reformed":
                values["property_kind"] = "reform"
            values["town_code"] = towns.get((values["county_code"], street))
            stamp = {"created_at": now, "updated_at": now, "created_by": "demo", "updated_by": "demo", "version": 1}
            rows.append({**values, **derived({**values, "street": street}), **stamp})
    session.execute(insert(Community.__table__), rows)
    audit.record(session, "import", entity="Community", label="demo", after={"rows": len(rows)})
