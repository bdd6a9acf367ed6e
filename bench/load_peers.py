"""Copy the product's communities into the plain tables that the peers share: ``python -m bench.load_peers URL``.

Four tables as a tutorial would draw them (region, town, community, plan task; a community names its plan task), with
indices on the keys and on county_code.
"""

from __future__ import annotations

import sys
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    bindparam,
    create_engine,
    insert,
    select,
    text,
    update,
)  # fmt: skip

metadata = MetaData()
region = Table(
    "region", metadata, Column("code", String(8), primary_key=True), Column("name", String(60), nullable=False)
)
town = Table(
    "town", metadata, Column("code", String(9), primary_key=True), Column("name", String(60), nullable=False),
    Column("county_code", String(8), ForeignKey("region.code"), index=True),
)  # fmt: skip
WORDS = (
    ("name", 120), ("address", 200), ("place_kind", 16), ("property_kind", 16), ("supervision_unit", 120),
    ("supervisor_name", 40), ("supervisor_phone", 20), ("implementer_unit", 120), ("implementer_name", 40),
    ("implementer_phone", 20), ("original_owners", 400), ("place_state", 8), ("initials", 120),
)  # fmt: skip
NUMBERS = (
    "built_year", "building_count", "unit_count", "unit_without_elevator_count", "household_count",
    "substandard_household_count",
)  # fmt: skip
FIGURES = (("lng", 9, 6), ("lat", 9, 6), ("floor_area", 14, 4), ("planned_investment", 14, 2))
plan_task = Table(
    "plan_task", metadata, Column("id", Integer, primary_key=True),
    Column("county_code", String(8), ForeignKey("region.code"), nullable=False, index=True),
    Column("year", Integer, nullable=False), Column("code", String(17), nullable=False, unique=True),
    Column("name", String(120), nullable=False),
    *(Column(name, String(16), nullable=False) for name in ("scheme_state", "implementation_state")),
    *(Column(name, Boolean, nullable=False)
      for name in ("account_assigned", "county_inspected", "city_inspected", "province_inspected")),
    Column("start_due", Date, nullable=False), Column("finish_due", Date, nullable=False),
    *(Column(name, Integer, nullable=False) for name in ("community_count", "building_count", "household_count")),
    Column("floor_area", Numeric(16, 4), nullable=False),
)  # fmt: skip
community = Table(
    "community", metadata, Column("id", Integer, primary_key=True),
    Column("plan_task_id", Integer, ForeignKey("plan_task.id"), index=True),
    Column("county_code", String(8), ForeignKey("region.code"), nullable=False, index=True),
    Column("town_code", String(9), ForeignKey("town.code"), index=True),
    *(Column(name, String(size), nullable=False, default="", server_default="") for name, size in WORDS),
    *(Column(name, Integer) for name in NUMBERS),
    *(Column(name, Numeric(digits, places)) for name, digits, places in FIGURES),
    Column("intended_contents", Text, nullable=False, default="", server_default=""),
)  # fmt: skip


def engine_of(url: str):
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def copy(target: str) -> None:
    """Every region, town and living community, with the same keys."""
    from app import create_app
    from app.annual_plans.models import PlanTask
    from app.areas.models import CommunityLink
    from app.communities.models import Community
    from app.extensions import db
    from app.kernel.actor import SYSTEM
    from app.persistence.context import acting_as
    from app.regions.models import Region, Town

    engine = engine_of(target)
    metadata.create_all(engine)
    app = create_app()
    link = CommunityLink.__table__
    with app.app_context(), acting_as(SYSTEM), engine.begin() as connection:

        def copied(statement: Any, write: Any) -> None:
            options = {"scope_applied": True, "yield_per": 10_000}
            for part in db.session.execute(statement, execution_options=options).partitions():
                connection.execute(write, [dict(row._mapping) for row in part])

        for model, table in ((Region, region), (Town, town), (PlanTask, plan_task), (Community, community)):
            source = model.__table__
            named = (source.c[column.name] for column in table.columns if column.name in source.c)
            copied(select(*named).order_by(source.c[_key(table)]), insert(table))
        held = select(link.c.community_id.label("held"), link.c.plan_task_id.label("plan"))
        mine = update(community).where(community.c.id == bindparam("held")).values(plan_task_id=bindparam("plan"))
        copied(held.where(link.c.plan_task_id.is_not(None)), mine)
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT setval('community_id_seq', (SELECT max(id) FROM community))"))


def _key(table: Table) -> str:
    return next(iter(table.primary_key.columns)).name


def analyze(target: str) -> None:
    """The same settling as the product's database gets."""
    with engine_of(target).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if connection.dialect.name == "postgresql" else "ANALYZE"))
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA journal_mode=WAL"))


if __name__ == "__main__":
    (analyze if sys.argv[2:] == ["analyze"] else copy)(sys.argv[1])
