"""Values and short cuts for tests about single communities."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import text

from app.extensions import db

TYPED = {
    "name": "兰苑新区",
    "built_year": "１９９８",
    "place_kind": "city",
    "property_kind": "reform",
    "town_code": "",
    "address": "善卷路 9 号",
    "lng": "111.690100",
    "lat": "29.001200",
    "building_count": "6",
    "household_count": "148",
    "floor_area": "1.3240",
    "planned_investment": "444",
    "unit_count": "14",
    "unit_without_elevator_count": "14",
    "substandard_household_count": "0",
    "supervision_unit": "鼎城区住房保障服务中心",
    "supervisor_name": "陈某",
    "supervisor_phone": "13800000017",
    "implementer_unit": "",
    "implementer_name": "",
    "implementer_phone": "",
    "original_owners": "",
    "intended_contents": "",
}
"""A complete form that no rule objects to, as typed."""

VALUES: dict[str, Any] = {
    **TYPED,
    "built_year": 1998,
    "town_code": None,
    "lng": Decimal("111.690100"),
    "lat": Decimal("29.001200"),
    "floor_area": Decimal("1.3240"),
    "planned_investment": Decimal("444"),
    **{key: int(TYPED[key]) for key in (
        "building_count", "household_count", "unit_count", "unit_without_elevator_count",
        "substandard_household_count",
    )},
}  # fmt: skip
"""The same as parsed values."""


def scalar(statement: str, **values: Any) -> Any:
    """One value past every gate."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET ROLE NONE"))
        return connection.execute(text(statement), values).scalar()


def change(statement: str, **values: Any) -> None:
    """Change rows past every gate."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL ROLE NONE"))
        connection.execute(text(statement), values)
