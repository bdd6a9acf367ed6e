"""The shared tables as SQLAlchemy models, the way a tutorial declares them; for both Flask peers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, Numeric, String, Text
from sqlalchemy.orm import declared_attr, relationship

PLAN_SHOWN = ["year", "code", "name", "communities", "community_count", "account_assigned", "scheme_state",
              "implementation_state", "county_inspected", "city_inspected", "province_inspected", "start_due",
              "finish_due"]  # fmt: skip
SHOWN = ["county", "name", "town", "built_year", "building_count", "household_count", "floor_area",
         "planned_investment", "place_state"]  # fmt: skip


class RegionColumns:
    __tablename__ = "region"
    code = Column(String(8), primary_key=True)
    name = Column(String(60), nullable=False)

    def __str__(self) -> str:
        return str(self.name)

    __repr__ = __str__


class TownColumns:
    __tablename__ = "town"
    code = Column(String(9), primary_key=True)
    name = Column(String(60), nullable=False)
    county_code = Column(String(8))

    def __str__(self) -> str:
        return str(self.name)

    __repr__ = __str__


def _word(size: int) -> Any:
    return Column(String(size), nullable=False, default="")


class CommunityColumns:
    __tablename__ = "community"
    id = Column(Integer, primary_key=True)
    name = _word(120)
    address = _word(200)
    place_kind = _word(16)
    property_kind = _word(16)
    supervision_unit = _word(120)
    supervisor_name = _word(40)
    supervisor_phone = _word(20)
    implementer_unit = _word(120)
    implementer_name = _word(40)
    implementer_phone = _word(20)
    original_owners = _word(400)
    place_state = _word(8)
    initials = _word(120)
    built_year = Column(Integer)
    building_count = Column(Integer)
    unit_count = Column(Integer)
    unit_without_elevator_count = Column(Integer)
    household_count = Column(Integer)
    substandard_household_count = Column(Integer)
    lng = Column(Numeric(9, 6))
    lat = Column(Numeric(9, 6))
    floor_area = Column(Numeric(14, 4))
    planned_investment = Column(Numeric(14, 2))
    intended_contents = Column(Text, nullable=False, default="")

    @declared_attr
    def plan_task_id(self):  # type: ignore[no-untyped-def]
        return Column(Integer, ForeignKey("plan_task.id"), index=True)

    @declared_attr
    def county_code(self):  # type: ignore[no-untyped-def]
        return Column(String(8), ForeignKey("region.code"), nullable=False, index=True)

    @declared_attr
    def town_code(self):  # type: ignore[no-untyped-def]
        return Column(String(9), ForeignKey("town.code"), index=True)

    @declared_attr
    def county(self):  # type: ignore[no-untyped-def]
        return relationship("Region")

    @declared_attr
    def town(self):  # type: ignore[no-untyped-def]
        return relationship("Town")

    def __str__(self) -> str:
        return str(self.name)


class PlanTaskColumns:
    __tablename__ = "plan_task"
    id = Column(Integer, primary_key=True)
    year = Column(Integer, nullable=False)
    code = Column(String(17), nullable=False, unique=True)
    name = _word(120)
    scheme_state = _word(16)
    implementation_state = _word(16)
    account_assigned = Column(Boolean, nullable=False, default=False)
    county_inspected = Column(Boolean, nullable=False, default=False)
    city_inspected = Column(Boolean, nullable=False, default=False)
    province_inspected = Column(Boolean, nullable=False, default=False)
    start_due = Column(Date, nullable=False)
    finish_due = Column(Date, nullable=False)
    community_count = Column(Integer, nullable=False, default=0)
    building_count = Column(Integer, nullable=False, default=0)
    household_count = Column(Integer, nullable=False, default=0)
    floor_area = Column(Numeric(16, 4), nullable=False, default=0)

    @declared_attr
    def county_code(self):  # type: ignore[no-untyped-def]
        return Column(String(8), ForeignKey("region.code"), nullable=False, index=True)

    @declared_attr
    def county(self):  # type: ignore[no-untyped-def]
        return relationship("Region")

    @declared_attr
    def communities(self):  # type: ignore[no-untyped-def]
        return relationship("Community", order_by="Community.id")

    def __str__(self) -> str:
        return str(self.name)


def plan_value(row: Any, key: str) -> Any:
    """A cell of the ledger's export."""
    if key == "names":
        return ";".join(community.name for community in row.communities)
    value = getattr(row, {"state": "implementation_state"}.get(key, key))
    return str(value) if key == "county" else value


def export_value(row: Any, key: str) -> Any:
    """A cell of the export: names for relations, values for the rest."""
    value = getattr(row, {"street": "town"}.get(key, key))
    return str(value) if key in ("county", "street") and value is not None else value
