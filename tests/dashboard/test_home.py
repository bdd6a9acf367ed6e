"""The home page: whose figures, from how many statements, and where a click leads."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.annual_plans.models import PlanTask
from app.dashboard import outlines, queries, rules
from app.extensions import db
from app.kernel import calendar
from app.kernel.actor import SYSTEM
from app.kernel.scope import Scope
from app.persistence.context import acting_as
from app.web.counts import STORE

pytestmark = pytest.mark.req("M1.2", "M1.0")


@pytest.mark.parametrize("username", ["dingcheng", "dingcheng_review", "changde", "hunan", "nayong", "guizhou"])
def test_the_first_page_within_its_budget(
    reader: Callable[[str], FlaskClient], query_counter: Any, username: str
) -> None:
    client = reader(username)
    assert client.get("/").headers["Location"].endswith("/home/")
    client.get("/home/")
    client.application.extensions.pop(STORE, None)
    with query_counter() as sql:
        answer = client.get("/home/")
    assert answer.status_code == 200
    # whether the regions are still fresh is asked every few seconds, whatever the page
    assert len([text for text in sql if "set_config" not in text and "cache_version" not in text]) <= 8, sql
    assert len(answer.data) <= 100_000


def test_figures_are_those_of_the_jurisdiction(reading_app: Flask) -> None:
    with reading_app.app_context(), acting_as(SYSTEM):
        session = db.session()
        for prefix in ("430703", "4307", "43", "52"):
            rows = queries.plans(session, Scope.region(prefix), calendar.today())
            true = sa.select(sa.func.count(), sa.func.sum(PlanTask.household_count)).where(
                PlanTask.county_code.startswith(prefix)
            )
            number, households = session.execute(true).one()
            total = rules.add_up(rows, queries.KEYS)
            assert (total["plans"], total["household_count"]) == (number, households or 0), prefix
            assert all(row["county_code"].startswith(prefix) for row in rows)


def test_drilling_down_stays_inside(reader: Callable[[str], FlaskClient]) -> None:
    city = reader("changde")
    page = city.get("/home/").get_data(as_text=True)
    links = set(re.findall(r'/home/\?region=(\d+)', page))
    assert "430703" in links and all(code.startswith("4307") for code in links)
    assert "鼎城区首页" in city.get("/home/?region=430703").get_data(as_text=True)
    for code in ("430400", "430000", "520525", "x", "4307031"):
        assert city.get(f"/home/?region={code}").status_code == 404, code
    assert reader("dingcheng").get("/home/?region=430723").status_code == 404
    assert reader("yuxia").get("/home/").status_code == 403


def test_years_can_be_chosen(reader: Callable[[str], FlaskClient]) -> None:
    county = reader("dingcheng")
    every = county.get("/home/?year=0").get_data(as_text=True)
    assert '<span class="fig">12</span>' in every
    assert county.get("/home/?year=abc").status_code == 200


def test_outlines_fill_the_box() -> None:
    drawn = outlines.drawing(("430703",))
    assert drawn is not None
    numbers = [float(one) for one in re.findall(r"[\d.]+", drawn.outlines[0].path)]
    assert min(numbers) >= 0 and max(numbers) <= outlines.WIDTH
    x, y = drawn.place(Decimal("111.68"), Decimal("29.03"))
    assert 0 < x < outlines.WIDTH and 0 < y < outlines.HEIGHT
    assert outlines.drawing(("999999",)) is None


@pytest.mark.req("N3.3l")
def test_the_bell_counts_and_opens(app_db: Flask, signed_in: Callable[[str], FlaskClient]) -> None:
    client = signed_in("dingcheng_review")
    page = client.get("/notices/list/").get_data(as_text=True)
    unread = int(re.search(r'class="p-dot">(\d+)<', page).group(1))  # type: ignore[union-attr]
    number = re.search(r'formaction="/notices/open/(\d+)"', page).group(1)  # type: ignore[union-attr]
    opened = client.post(f"/notices/open/{number}")
    assert opened.status_code == 302 and opened.headers["Location"].startswith(("/reports/review/show/", "/scheme-comments/show/"))
    after = client.get("/notices/list/").get_data(as_text=True)
    assert int(re.search(r'class="p-dot">(\d+)<', after).group(1)) == unread - 1  # type: ignore[union-attr]
    assert signed_in("dingcheng").post(f"/notices/open/{number}").status_code == 404
    client.post("/notices/read-all")
    assert "p-dot" not in client.get("/notices/list/").get_data(as_text=True)
