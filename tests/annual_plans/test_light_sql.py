"""The light in SQL is the light in Python, for every date."""

from __future__ import annotations

import datetime as dt
import random

import pytest
import sqlalchemy as sa
from flask import Flask

from app.annual_plans.queries import light_clause, light_rank
from app.annual_plans.rules import IMPLEMENTATION_STATES, LIGHT_RANK, LIGHTS, light
from app.extensions import db

TODAY = dt.date(2026, 11, 20)
WARN = {"43": 90, "52": 30}


def cases() -> list[tuple[str, str, dt.date, dt.date]]:
    """County, state and due dates: every edge around today and the warning days, and random ones."""
    edges = [-400, -1, 0, 1, 29, 30, 31, 89, 90, 91, 500]
    chosen = random.Random(17)
    days = [(a, b) for a in edges for b in edges] + [
        (chosen.randint(-900, 900), chosen.randint(-900, 900)) for _ in range(150)
    ]
    return [
        (county, state, TODAY + dt.timedelta(start), TODAY + dt.timedelta(finish))
        for county in ("430703", "520525")
        for state in IMPLEMENTATION_STATES
        for start, finish in days
    ]


@pytest.mark.req("R17", "M2.1.4")
def test_both_lights_agree(app_db: Flask) -> None:
    names = ("county_code", "implementation_state", "start_due", "finish_due")
    types = (sa.String, sa.String, sa.Date, sa.Date)
    table = sa.Table("light_case", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True),
                     *(sa.Column(n, t) for n, t in zip(names, types, strict=True)),
                     prefixes=["TEMPORARY"])  # fmt: skip
    rows = cases()
    with app_db.app_context(), db.engine.begin() as connection:
        table.create(connection)
        values = [{"id": n, **dict(zip(names, row, strict=True))} for n, row in enumerate(rows)]
        connection.execute(table.insert(), values)
        rank = light_rank(TODAY, WARN, table.c)
        found = {row[0]: row[1] for row in connection.execute(sa.select(table.c.id, rank))}
        wanted = {
            n: LIGHT_RANK[light(start, finish, state, TODAY, WARN[county[:2]]).colour]
            for n, (county, state, start, finish) in enumerate(rows)
        }
        assert found == wanted and set(wanted.values()) == {0, 1, 2}
        for colour in LIGHTS:
            count = connection.scalar(
                sa.select(sa.func.count()).where(light_clause(colour, TODAY, WARN, table.c))
            )
            assert count == sum(rank == LIGHT_RANK[colour] for rank in wanted.values())
        ordered = connection.execute(sa.select(rank).order_by(rank)).scalars().all()
        assert ordered == sorted(wanted.values())
        table.drop(connection)
