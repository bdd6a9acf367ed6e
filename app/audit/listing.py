"""Columns and filters of the audit trail: newest first, never scanning the table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_

from app.audit import fields
from app.audit.history import action_label
from app.audit.models import AuditEvent
from app.audit.rules import ACTIONS, ENTITIES
from app.extensions import _, _l
from app.kernel.scope import Scope, region_prefix
from app.regions.cache import current
from app.web.listing import COUNT_CAP, Args, Column, Filter, Listing, Page, State
from app.web.wording import local_time

SHANGHAI = ZoneInfo("Asia/Shanghai")
WHO = _l("Who and from where")
WHAT = _l("What happened")


def day_of(text: str) -> dt.datetime | None:
    """The first moment of a day in China (``2026-03-01``), or None; only years a record can have."""
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError:
        return None
    return dt.datetime.combine(day, dt.time(), SHANGHAI) if 1900 <= day.year <= 2999 else None


def _period(columns: Any, args: Args) -> ColumnElement[bool] | None:
    parts = []
    if (first := day_of(args.get("from", ""))) is not None:
        parts.append(columns.at >= first)
    if (last := day_of(args.get("to", ""))) is not None:
        parts.append(columns.at < last + dt.timedelta(days=1))
    return and_(*parts) if parts else None


def _equals(key: str, column: str, most: int = 128) -> Filter:
    def clause(columns: Any, args: Args) -> ColumnElement[bool] | None:
        value = args.get(key, "").strip().replace("\x00", "")
        return columns[column] == value if 0 < len(value) <= most else None

    return Filter(key, clause)


def _county(columns: Any, args: Args) -> ColumnElement[bool] | None:
    """Everything of a province, city or county, as one index range."""
    code = args.get("county", "")
    if not (code.isascii() and code.isdigit() and len(code) == 6):
        return None
    scope = Scope.region(code)
    low, high = scope.bounds
    return (
        columns.county_code == code
        if len(region_prefix(code)) == 6
        else and_(columns.county_code >= low, columns.county_code < high)
    )


def _plain(key: str) -> Any:
    return lambda row: getattr(row, key)


def _time(row: Any) -> str:
    return local_time(row.at, "%Y-%m-%d %H:%M:%S")


def _text(key: str, label: Any, group: Any, **more: Any) -> Column:
    return Column(key, label, (key,), _plain(key), _plain(key), group=group, **more)


def _action(row: Any) -> str:
    return action_label(row.action)


def _entity(row: Any) -> str:
    return fields.entity_label(row.entity)


def _county_name(row: Any) -> str:
    return current().name(row.county_code) if current().find(row.county_code) else row.county_code


def _changes(row: Any) -> str:
    """All changed fields in one cell of the workbook."""
    found = fields.changes(row.entity, row.before, row.after)
    return "\n".join(f"{c.label}: {c.before or '—'} → {c.after or '—'}" for c in found)[:32000]


EVENT_COLUMNS: tuple[Column, ...] = (
    Column("at", _l("Time"), ("at",), _time, _time, css="nowrap", sort="at", group=WHO, width=20),
    _text("actor_name", _l("Login name"), WHO, width=16),
    _text("address", _l("IP address"), WHO, width=16),
    Column("action", _l("Action"), ("action",), _action, _action, group=WHAT, css="nowrap"),
    Column("entity", _l("Kind of record"), ("entity",), _entity, _entity, group=WHAT, css="nowrap"),
    _text("label", _l("Record"), WHAT, css="nm", width=30),
    _text("entity_id", _l("Record number"), WHAT, default=False),
    Column("county", _l("County"), ("county_code",), _county_name, _county_name, group=WHAT),
    _text("chain", _l("Chain"), WHAT, default=False),
    _text("seq", _l("Number in chain"), WHAT, kind="int", css="num", default=False),
    _text("request_id", _l("Request"), WHO, default=False, width=34),
    Column("changes", _l("Before and after"), ("before", "after", "entity"), _changes, _changes, group=WHAT,
           screen=False, width=60),
    _text("hash", _l("Digest"), WHAT, screen=False, width=66),
)  # fmt: skip


class AuditListing(Listing):
    """Audit events by time, account, action, kind of record, record and county; newest first.

    At most ``COUNT_CAP`` rows deep: further back, narrow it by time. Reading is for the audit administrator, whose
    role has no region: the permission decides, not the scope.
    """

    key = "audit"
    table = AuditEvent.__table__  # type: ignore[assignment]
    columns = EVENT_COLUMNS
    order = ("at", "id")
    always = ("id",)
    filters = (
        Filter("period", _period, args=("from", "to")),
        _equals("account", "actor_name"),
        _equals("action", "action", 32),
        _equals("entity", "entity", 48),
        _equals("record", "entity_id", 48),
        Filter("county", _county),
    )

    def where(self, scope: Scope, state: State) -> list[ColumnElement[bool]]:
        return list(state.conditions)

    def ordering(self, state: State, reverse: bool = False) -> list[Any]:
        newest_first = (not state.sort or state.descending) != reverse
        keys = [self.table.c[key] for key in self.order]
        return [key.desc() if newest_first else key.asc() for key in keys]

    def needed(self, columns: Any) -> list[Any]:
        return [*super().needed(columns), self.table.c.label.label("name")]

    def page(self, state: State, columns: Sequence[Column], total: int | None = None) -> Page:
        state.page = min(state.page, COUNT_CAP // state.size)
        return super().page(state, columns, total)


def action_choices() -> list[tuple[str, str]]:
    return [(key, _(word)) for key, word in ACTIONS.items()]


def entity_choices() -> list[tuple[str, str]]:
    return sorted(((key, _(word)) for key, word in ENTITIES.items()), key=lambda pair: pair[1])


def county_choices() -> list[tuple[str, str]]:
    """Every province, city and county as ``(code, path)``."""
    regions = current()
    return [(r.code, regions.path(r.code)) for r in regions.regions.values() if not r.is_zone]
