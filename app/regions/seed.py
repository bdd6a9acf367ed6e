"""Loads regions, departments, profiles and code tables from ``seed/``; may be run again at any time.

Official data (regions, towns, aliases) is brought up to date. What an administrator may have changed since
(use of a region, profiles, departments, code tables, holidays) is added where missing and never overwritten.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.kernel.errors import RuleViolation
from app.regions.cache import bump
from app.regions.models import (
    CodeItem,
    CodeTable,
    Department,
    Holiday,
    ProvinceProfile,
    Region,
    RegionAlias,
    Town,
)
from app.regions.rules import check_profile

SEED = Path(__file__).resolve().parents[2] / "seed"
Row = dict[str, Any]


def read_rows(name: str) -> list[Row]:
    """Rows of a seed file; empty cells are None. Raises: FileNotFoundError."""
    with (SEED / name).open(encoding="utf-8", newline="") as file:
        return [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]


def _decimals(row: Row, *fields: str) -> Row:
    return {**row, **{field: Decimal(row[field]) if row[field] else None for field in fields}}


def _put(
    session: Session, model: Any, rows: Iterable[Mapping[str, Any]], keys: tuple[str, ...], keep: str = ""
) -> None:
    """Insert rows; one whose keys exist is updated (``keep`` aside), or left alone with ``keep="*"``."""
    rows = list(rows)
    if not rows:
        return
    table: Table = model.__table__
    make: Any = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = make(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys and name != keep}
    if keep == "*":
        statement = statement.on_conflict_do_nothing(index_elements=list(keys))
    else:
        statement = statement.on_conflict_do_update(index_elements=list(keys), set_=changed)
    session.execute(statement, rows)


def load_regions(session: Session) -> dict[str, int]:
    """Upsert regions, functional zones, towns and withdrawn codes; returns how many of each were read."""
    points = ("label_lng", "label_lat", "seat_lng", "seat_lat")
    texts = {"pinyin": "", "initials": ""}
    regions = [
        {**texts, **_decimals(row, *points), "kind": "normal", "active": True}
        for row in read_rows("regions.csv")
    ]
    zones = [_zone(row) for row in read_rows("functional_zones.csv")]
    towns = [
        {key: value for key, value in _decimals(row, "lng", "lat").items() if key != "point_source"}
        for row in read_rows("towns.csv")
    ]
    aliases = read_rows("region_aliases.csv")
    for level in ("province", "city", "county"):
        _put(session, Region, (row for row in regions if row["level"] == level), ("code",), keep="active")
    _put(session, Region, zones, ("code",), keep="*")
    _put(session, Town, towns, ("code",))
    _put(session, RegionAlias, aliases, ("old_code",))
    bump(session)
    return {"regions": len(regions), "zones": len(zones), "towns": len(towns), "aliases": len(aliases)}


def _zone(row: Row) -> Row:
    place = _decimals(row, "lng", "lat")
    return {
        "code": row["code"],
        "name": row["name"],
        "short_name": row["short_name"],
        "level": "county",
        "kind": "functional",
        "parent_code": row["county_code"],
        "pinyin": row["pinyin"],
        "initials": row["initials"],
        "label_lng": place["lng"],
        "label_lat": place["lat"],
        "active": True,
    }


def load_code_tables(session: Session) -> dict[str, int]:
    """Add missing code tables and entries."""
    rows = read_rows("code_tables.csv")
    tables = {
        r["table_key"]: {"key": r["table_key"], "name": r["table_name"], "fixed": r["fixed"] == "1"}
        for r in rows
    }
    items = [
        {
            "table_key": r["table_key"],
            "code": r["code"],
            "label": r["label"],
            "order": int(r["order"]),
            "active": True,
        }
        for r in rows
    ]
    _put(session, CodeTable, tables.values(), ("key",), keep="*")
    _put(session, CodeItem, items, ("table_key", "code"), keep="*")
    bump(session)
    return {"code_tables": len(tables), "code_items": len(items)}


def profile_defaults() -> Row:
    """The columns' own defaults: what a profile has where the seed file is silent."""
    defaults: Row = {}
    for column in ProvinceProfile.__table__.columns:
        if column.default is not None:
            value: Any = column.default.arg
            defaults[column.name] = value(None) if callable(value) else value
    return {"late_share_limit": None, **defaults}


def load_profiles(session: Session) -> dict[str, int]:
    """Add the province profiles that are missing. Raises: RuleViolation for a seed that breaks the rules."""
    profiles = json.loads((SEED / "profiles.json").read_text(encoding="utf-8"))
    rows = [{**profile_defaults(), **values, "province_code": code} for code, values in profiles.items()]
    for row in rows:
        findings = check_profile(row)
        if findings:
            raise RuleViolation(findings)
    _put(session, ProvinceProfile, rows, ("province_code",), keep="*")
    bump(session)
    return {"profiles": len(rows)}


def load_departments(session: Session) -> dict[str, int]:
    """Add the departments that are missing."""
    rows = [{**row, "active": True} for row in read_rows("departments.csv")]
    _put(session, Department, rows, ("name", "region_code"), keep="*")
    return {"departments": len(rows)}


def load_holidays(session: Session) -> dict[str, int]:
    """Add the calendar overrides that are missing."""
    rows = [
        {
            "date": dt.date.fromisoformat(r["date"]),
            "is_working": r["is_working"] == "1",
            "note": r["note"] or "",
        }
        for r in read_rows("holidays.csv")
    ]
    _put(session, Holiday, rows, ("date",), keep="*")
    bump(session)
    return {"holidays": len(rows)}


def load_all(session: Session) -> dict[str, int]:
    """Everything above in the order of their references; does not commit."""
    done: dict[str, int] = {}
    for load in (load_regions, load_code_tables, load_profiles, load_departments, load_holidays):
        done.update(load(session))
    return done
