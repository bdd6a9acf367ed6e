"""What a list page costs: a fixed handful of statements however many rows it shows, and at most 100 KB for 100 rows."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from app.communities.models import Community
from app.communities.services import derived
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from tests.conftest import sign_in

pytestmark = pytest.mark.req("M1.L", "D4")
MOST_STATEMENTS, MOST_BYTES = 8, 100 * 1024
EVERY_LIST = ("", "?built_from=1980&built_to=1990", "?q=宿舍", "?q=ss", "?sort=-household_count", "?state=free", "?page=2")


@pytest.fixture
def crowded(app_db):
    """120 more communities of 鼎城区, with names as long as they come."""
    stamp = {"created_at": utcnow(), "updated_at": utcnow(), "created_by": "t", "updated_by": "t", "version": 1}
    with app_db.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        town = session.scalar(sa.text("SELECT min(code) FROM town WHERE county_code = '430703'"))
        rows = []
        for number in range(120):
            values = {
                "county_code": "430703", "name": f"建设路第二纺织机械厂职工宿舍{number}号楼院落小区", "town_code": town,
                "built_year": 1985, "building_count": 12, "household_count": 1234, "floor_area": "12.3456",
                "planned_investment": "1234.56",
            }  # fmt: skip
            rows.append({**values, **derived(values), **stamp})
        session.execute(sa.insert(Community.__table__), rows, execution_options={"scope_applied": True})
    return app_db


def counted(client, query_counter, path):
    client.get(path)
    with query_counter() as statements:
        answer = client.get(path)
    assert answer.status_code == 200
    rows = len(re.findall(r'<tr data-row="', answer.get_data(as_text=True)))
    # the region cache asks for its version every few seconds: which page pays for it is chance
    own = [s for s in statements if "set_config" not in s and not s.startswith("SELECT cache_version")]
    return rows, own, answer


@pytest.mark.parametrize("query", EVERY_LIST)
def test_a_page_costs_the_same_for_few_rows_and_for_many(crowded, query_counter, query):
    clerk = sign_in(crowded.test_client(), "dingcheng")
    mark = "&" if query else "?"
    few_rows, few, _answer = counted(clerk, query_counter, f"/communities/list/{query}{mark}size=20")
    many_rows, many, _answer = counted(clerk, query_counter, f"/communities/list/{query}{mark}size=50")
    assert many_rows >= few_rows > 0
    assert len(many) == len(few) <= MOST_STATEMENTS


def test_one_row_costs_what_fifty_cost(crowded, query_counter):
    clerk = sign_in(crowded.test_client(), "dingcheng")
    one_row, one, _answer = counted(clerk, query_counter, "/communities/list/?q=接待处")
    fifty_rows, fifty, _answer = counted(clerk, query_counter, "/communities/list/?q=纺织机&size=50")
    assert (one_row, fifty_rows) == (1, 50)
    assert len(one) == len(fifty) <= MOST_STATEMENTS


@pytest.mark.parametrize("login", ["dingcheng", "changde", "hunan"])
def test_a_hundred_rows_stay_under_a_hundred_kilobytes(crowded, query_counter, login):
    rows, statements, answer = counted(
        sign_in(crowded.test_client(), login), query_counter, "/communities/list/?size=100"
    )
    assert rows == 100
    assert len(answer.data) <= MOST_BYTES
    assert len(statements) <= MOST_STATEMENTS
