"""Audit values as people read them: the column's label and unit, names instead of codes, masked phones."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from sqlalchemy import Boolean, Column

from app.audit.rules import COMMON, ENTITIES, TECHNICAL, changed_keys
from app.extensions import _
from app.kernel.text import mask_phone
from app.persistence.base import Audited, Model
from app.persistence.types import ExactDecimal, UtcDateTime
from app.regions.cache import current
from app.web.wording import local_time

MOST_SHOWN = 400
_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")


@dataclass(frozen=True)
class Change:
    """One field of an event: its label and both values as text ('' where there is none)."""

    key: str
    label: str
    before: str
    after: str
    known: bool


@cache
def audited_columns() -> dict[str, dict[str, Column[Any]]]:
    """Entity name → attribute → column of every audited model."""
    return {
        mapper.class_.__audit_name__ or mapper.class_.__name__: {
            attr.key: attr.columns[0] for attr in mapper.column_attrs
        }
        for mapper in Model.registry.mappers
        if issubclass(mapper.class_, Audited)
    }


def entity_label(entity: str) -> str:
    """The kind of record in the user's language."""
    return _(ENTITIES[entity]) if entity in ENTITIES else entity


def changes(entity: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Change]:
    """Every field that differs, in stored order."""
    columns = audited_columns().get(entity, {})
    old, new = before or {}, after or {}
    found = []
    for key in changed_keys(old, new):
        column = columns.get(key)
        label, known = _label(key, column)
        was, now = (show(key, column, values.get(key)) for values in (old, new))
        found.append(Change(key, label, was, now, known))
    return found


def for_history(found: list[Change]) -> list[Change]:
    """What belongs in a record's own history: labelled fields that people fill in."""
    return [change for change in found if change.known and change.key not in TECHNICAL]


def _label(key: str, column: Column[Any] | None) -> tuple[str, bool]:
    if column is not None and "label" in column.info:
        unit = str(column.info.get("unit") or "")
        return f"{column.info['label']}({unit})" if unit else str(column.info["label"]), True
    return (_(COMMON[key]), True) if key in COMMON else (key, False)


def show(key: str, column: Column[Any] | None, value: Any) -> str:
    """A stored JSON value as text; never a full phone number."""
    if value is None or value == "":
        return ""
    if key == "phone" or key.endswith("_phone"):
        return mask_phone(value)
    if isinstance(value, bool) or (column is not None and isinstance(column.type, Boolean)):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple):
        return "、".join(show("", None, item) for item in value)[:MOST_SHOWN]
    if isinstance(value, dict):
        if value and all(name.isdigit() for name in value):  # rows by number: their names say more
            return "、".join(map(str, value.values()))[:MOST_SHOWN]
        return "; ".join(f"{name}: {show(name, None, item)}" for name, item in value.items())[:MOST_SHOWN]
    return _place(key, value) or _MOBILE.sub(r"\1****\2", _typed(column, value))[:MOST_SHOWN]


def _place(key: str, value: Any) -> str:
    """The name behind a region or town code; '' when it is none."""
    if key == "town_code":
        town = current().town(value)
        return town.name if town else ""
    if key in ("county_code", "region_code", "parent_code", "province_code") and current().find(str(value)):
        return f"{current().name(str(value))} {value}"
    return ""


def _typed(column: Column[Any] | None, value: Any) -> str:
    if column is None:
        return str(value)
    if reader := column.info.get("show"):
        return str(reader(value))
    choices = column.info.get("choices")
    if choices and value in choices:
        return _(choices[value])
    try:
        if isinstance(column.type, UtcDateTime):
            return local_time(dt.datetime.fromisoformat(str(value)), "%Y-%m-%d %H:%M:%S")
        if isinstance(column.type, ExactDecimal):
            number = Decimal(str(value))
            return f"{number.normalize():,f}"
    except (ValueError, InvalidOperation):
        return str(value)
    return str(value)
