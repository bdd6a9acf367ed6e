"""Search in names and initials: the index finds what LIKE finds, in every scope, after every change."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.communities.models import Community
from app.communities.queries import CommunityListing, Search, execute
from app.extensions import db
from app.kernel.actor import SYSTEM, Actor
from app.kernel.scope import Scope
from app.persistence.context import acting_as
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work

pytestmark = pytest.mark.req("M1.L")
TABLE = Community.__table__
SCOPES = {
    "county": Scope.region("430703"), "other": Scope.region("430722"), "city": Scope.region("430700"),
    "province": Scope.region("430000"), "guizhou": Scope.region("520000"), "all": Scope.everything(),
    "nobody": Scope.nothing(), "unit": Scope.plans(frozenset({1})),
}  # fmt: skip
TYPED = ("茗苑", "恒华", "小区", "hm", "hmy", "hmyz", "恒华茗", "宿舍 小区", "a1", "xq", "苑", "zz9",
         "厂家属区", "%_")  # fmt: skip


def _found(scope: Scope, typed: str, size: int = 20, page: int = 1) -> tuple[int, list[int]]:
    with acting_as(Actor(user_id=1, scope=scope)):
        listing = CommunityListing(execute)
        state = listing.state({"q": typed, "page": str(page)}, size)
        total, capped = listing.count(scope, state)
        assert not capped
        return total, [row.id for row in listing.rows(scope, state, [], total)]


def _by_like(scope: Scope, typed: str) -> list[int]:
    low, high = scope.bounds
    mine = (TABLE.c.county_code >= low, TABLE.c.county_code < high, TABLE.c.deleted_at.is_(None))
    statement = sa.select(TABLE.c.id).where(*mine, Search(typed).like())
    with acting_as(SYSTEM):
        return sorted(db.session.execute(statement, execution_options={"scope_applied": True}).scalars())


def test_the_index_finds_what_like_finds_in_every_scope(reading_app):
    hits = 0
    for scope in SCOPES.values():
        for typed in TYPED:
            with reading_app.app_context():
                wanted = _by_like(scope, typed)
                total, first = _found(scope, typed, 100)
                assert total == len(wanted), (scope, typed)
                assert set(first) <= set(wanted) and len(first) == min(total, 100), (scope, typed)
            hits += total
    assert hits > 50


def test_pages_of_hits_follow_each_other(reading_app):
    with reading_app.app_context():
        scope = SCOPES["province"]
        total, everything = _found(scope, "小区", 100)
        pages = [found for page in range(1, 4) for found in _found(scope, "小区", 20, page)[1]]
        assert len(everything) == min(total, 100) and pages == everything[:60]
        assert _found(scope, "小区", 20, 5000) == (total, [])


def _written(key: int, **values: Any) -> None:
    with acting_as(SYSTEM), unit_of_work() as session:
        session.execute(
            sa.update(TABLE).where(TABLE.c.id == key).values(**values),
            execution_options={"scope_applied": True},
        )
    db.session.remove()


def test_renaming_deleting_and_restoring_move_the_index(app_db):
    from app.communities.services import derived

    scope = SCOPES["county"]
    with app_db.app_context():
        key = _found(scope, "恒华")[1][0]
        before, others = _found(scope, "恒华"), _found(scope, "茗苑")
        _written(key, deleted_at=utcnow())
        assert key not in _found(scope, "恒华")[1] and _found(scope, "恒华")[0] == before[0] - 1
        _written(key, household_count=55)
        assert key not in _found(scope, "茗苑")[1]
        _written(key, deleted_at=None)
        assert (_found(scope, "恒华"), _found(scope, "茗苑")) == (before, others)
        name = {"name": "改名新居", "county_code": "430703"}
        _written(key, name="改名新居", **derived(name))
        assert _found(scope, "改名") == (1, [key]) and _found(scope, "gmx") == (1, [key])
        assert _found(scope, "恒华")[0] == before[0] - 1
        with acting_as(SYSTEM), unit_of_work() as session:
            gone = sa.delete(TABLE).where(TABLE.c.id == key)
            session.execute(gone, execution_options={"scope_applied": True})
        assert _found(scope, "改名") == (0, [])


def test_the_application_reads_the_index_by_its_functions_alone(app_db):
    if app_db.extensions["test_backend"] != "postgresql":
        pytest.skip("SQLite has no roles")
    with app_db.app_context(), acting_as(Actor(user_id=1, scope=SCOPES["other"])):
        session = db.session()
        foreign = sa.text("SELECT id FROM community_search(ARRAY['恒华'])")
        assert execute(foreign.execution_options(scope_applied=True)).all() == []
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            execute(sa.text("SELECT * FROM community_posting").execution_options(scope_applied=True))
        session.rollback()
