"""Many rows in one statement, the same on both databases."""

from __future__ import annotations

from contextlib import nullcontext
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.communities.models import Community, CommunityRollup
from app.communities.services import verify_rollups
from app.exchange import bulk
from app.exchange.bulk import insert_columns, update_columns
from app.persistence.types import utcnow

pytestmark = pytest.mark.req("M1.4.2")
TABLE = Community.__table__


def stamp() -> dict[str, object]:
    return {"created_at": utcnow(), "updated_at": utcnow(), "created_by": "甲", "updated_by": "甲"}


def columns(number: int) -> dict[str, list[object]]:
    return {
        "county_code": ["430703"] * number,
        "name": [f"批量小区{i}\t\\N'\"%s?:x{{}}" for i in range(number)],
        "floor_area": [None if i % 3 == 0 else f"{i}.0625" for i in range(number)],
        "household_count": [None if i % 2 else i + 1 for i in range(number)],
        "search_grams": [f"43批量 43n{i} c430703" for i in range(number)],
        "is_complete": [i % 2 == 0 for i in range(number)],
    }


def rows(session):
    keys = ("id", "version", "name", "floor_area", "household_count", "is_complete")
    found = sa.select(*(TABLE.c[key] for key in keys)).where(TABLE.c.created_by == "甲").order_by(TABLE.c.id)
    return session.execute(found).all()


def test_rows_arrive_with_exact_values_and_awkward_text(session):
    given = columns(7)
    assert insert_columns(session, TABLE, given, stamp()) == 7
    found = rows(session)
    assert [row.name for row in found] == given["name"]
    assert [row.floor_area for row in found] == [
        None,
        D("1.0625"),
        D("2.0625"),
        None,
        D("4.0625"),
        D("5.0625"),
        None,
    ]
    assert [row.household_count for row in found] == given["household_count"]
    assert [row.is_complete for row in found] == given["is_complete"]
    assert {row.version for row in found} == {1}


def D(text: str) -> Decimal:  # noqa: N802
    return Decimal(text)


@pytest.mark.parametrize("settled", [False, True])
def test_triggers_keep_rollup_and_search_index(session, settled, monkeypatch):
    monkeypatch.setattr(bulk, "_SLICE", 20)
    with bulk.settled_at_the_end(session, TABLE) if settled else nullcontext():
        insert_columns(session, TABLE, columns(50), stamp())
    assert verify_rollups(session) == []
    if session.get_bind().dialect.name == "sqlite":
        found = session.execute(
            sa.text("SELECT count(*) FROM community_fts WHERE community_fts MATCH '43n49'")
        ).scalar()
    else:
        found = session.execute(
            sa.text("SELECT communities FROM community_posting WHERE token = 'n49'")
        ).scalar()
    assert found == 1
    added = session.execute(sa.select(sa.func.sum(CommunityRollup.communities))).scalar()
    assert (
        added == session.execute(sa.text("SELECT count(*) FROM community WHERE deleted_at IS NULL")).scalar()
    )


def test_updates_want_the_version_they_know(session):
    insert_columns(session, TABLE, columns(3), stamp())
    ids = [row.id for row in rows(session)]
    change = {"id": ids, "version": [1, 1, 9], "household_count": [11, 12, 13]}
    with bulk.settled_at_the_end(session, TABLE):  # rows that were there before are not counted anew
        assert update_columns(session, TABLE, change, {"updated_by": "乙"}) == 2
    assert [(row.version, row.household_count) for row in rows(session)] == [(2, 11), (2, 12), (1, 3)]
    assert verify_rollups(session) == []


def test_text_longer_than_its_column_is_refused_not_cut(session):
    if session.get_bind().dialect.name == "sqlite":
        pytest.skip("SQLite does not limit text; the rules do")
    given = columns(1) | {"name": ["长" * 121]}
    with pytest.raises(sa.exc.DataError):
        insert_columns(session, TABLE, given, stamp())


def test_single_rows_follow_by_themselves_after_a_load(session):
    with bulk.settled_at_the_end(session, TABLE):
        insert_columns(session, TABLE, columns(2), stamp())
    insert_columns(session, TABLE, columns(1), stamp())
    session.execute(sa.delete(TABLE).where(TABLE.c.created_by == "甲"))
    assert verify_rollups(session) == []
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sa.text("INSERT INTO community_fts(community_fts) VALUES ('integrity-check')"))


def test_uneven_columns_are_a_fault(session):
    with pytest.raises(ValueError, match="length"):
        insert_columns(session, TABLE, {"name": ["a"], "county_code": []}, stamp())
    assert insert_columns(session, TABLE, {"name": [], "county_code": []}, stamp()) == 0
