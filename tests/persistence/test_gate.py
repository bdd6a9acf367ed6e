"""The scope gate: reads, writes, fail closed, Core statements, and the second wall on PostgreSQL."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from app.annual_plans.models import PlanTask
from app.communities.models import Community
from app.extensions import db
from app.kernel.actor import ANONYMOUS, SYSTEM, Actor
from app.kernel.errors import OutOfScope
from app.kernel.scope import Scope
from app.persistence import gate
from app.persistence.context import acting_as, unscoped
from app.persistence.gate import UnscopedStatement
from app.persistence.transitions import Transition
from app.reserve.models import ReserveProject
from app.schemes.models import Scheme, SchemeItem

pytestmark = pytest.mark.req("M1.1", "M1.4")


def names(session):
    return {row.county_code for row in session.scalars(sa.select(Community))}


@pytest.fixture
def own(app_db):
    with app_db.app_context():
        with acting_as(Actor(user_id=1, scope=Scope.region("430703"))):
            yield db.session()
        db.session.rollback()


def test_reads_are_narrowed_to_the_scope(own):
    assert names(own) == {"430703"}
    assert own.scalar(sa.select(sa.func.count(Community.id))) > 10


def test_a_city_sees_its_counties_and_no_other(app_db):
    with app_db.app_context(), acting_as(Actor(user_id=1, scope=Scope.region("430700"))):
        found = names(db.session())
    assert {"430703", "430722"} <= found
    assert all(code.startswith("4307") for code in found)


@pytest.mark.parametrize("scope", [Scope.nothing(), Scope.plans(frozenset({1}))])
def test_without_a_region_nothing_is_there(app_db, scope):
    with app_db.app_context(), acting_as(Actor(user_id=1, scope=scope)):
        assert names(db.session()) == set()
    with app_db.app_context(), acting_as(ANONYMOUS):
        assert names(db.session()) == set()


def test_a_foreign_row_does_not_exist(own):
    with unscoped("test: find a foreign row"):
        foreign = own.execute(
            sa.select(Community.__table__.c.id).where(Community.__table__.c.county_code == "430722").limit(1)
        ).scalar_one()
    assert own.get(Community, foreign) is None
    assert own.scalar(sa.select(Community).where(Community.id == foreign)) is None


def test_what_an_unscoped_block_loaded_is_not_handed_out_after_it(own):
    with unscoped("test: load a foreign row"):
        foreign = own.scalars(sa.select(Community).where(Community.county_code == "430722").limit(1)).one()
        number = foreign.id
    assert own.get(Community, number) is None


def test_core_statements_must_say_that_they_applied_the_scope(own):
    with pytest.raises(UnscopedStatement):
        own.execute(sa.select(Community.__table__.c.id))
    with pytest.raises(UnscopedStatement):
        own.execute(sa.update(Community.__table__).values(name="x"))
    with pytest.raises(UnscopedStatement):
        own.execute(sa.delete(Community))


def test_writing_outside_the_scope_is_refused(own):
    own.add(Community(county_code="430722", name="别家"))
    with pytest.raises(OutOfScope):
        own.flush()
    own.rollback()
    mine = own.scalars(sa.select(Community).limit(1)).one()
    mine.county_code = "430722"
    with pytest.raises(OutOfScope):
        own.flush()


def test_the_recycle_bin_is_hidden_unless_asked_for(own):
    from app.persistence.types import utcnow

    mine = own.scalars(sa.select(Community).where(Community.place_state == "free").limit(1)).one()
    number = mine.id
    mine.deleted_at = utcnow()
    own.flush()
    own.expunge_all()
    assert own.scalar(sa.select(Community).where(Community.id == number)) is None
    hidden = sa.select(Community).where(Community.id == number).execution_options(with_deleted=True)
    assert own.scalar(hidden) is not None


def test_row_policies_hold_when_the_python_gate_is_off(app_db, monkeypatch):
    if app_db.extensions["test_backend"] != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")
    monkeypatch.setattr(gate, "_touches_scoped", lambda _statement: False)
    with app_db.app_context(), acting_as(Actor(user_id=1, scope=Scope.region("430703"))):
        session = db.session()
        codes = sa.select(Community.__table__.c.county_code).distinct()
        found = set(session.execute(codes.execution_options(scope_applied=True)).scalars())
        assert found == {"430703"}
        foreign = sa.update(Community.__table__).where(Community.__table__.c.county_code == "430722").values(name="x")
        assert session.execute(foreign.execution_options(scope_applied=True)).rowcount == 0
        row = sa.insert(Community.__table__).values(
            county_code="430722", name="x", created_at=sa.func.now(), updated_at=sa.func.now()
        )
        with pytest.raises(sa.exc.ProgrammingError):
            session.execute(row.execution_options(scope_applied=True))
        session.rollback()
    with app_db.app_context(), acting_as(ANONYMOUS):
        connection = db.engine.connect()
        assert connection.execute(sa.text("SELECT count(*) FROM community")).scalar() == 0
        connection.close()


@pytest.fixture
def given(app_db):
    """A plan task given to a construction unit, another of the same county, a step of each one's report."""
    with app_db.app_context(), acting_as(SYSTEM):
        session = db.session()
        table = PlanTask.__table__
        mine, other = session.execute(
            sa.select(table.c.id).where(table.c.county_code == "430703").order_by(table.c.id).limit(2)
            .execution_options(scope_applied=True)
        ).scalars()  # fmt: skip
        for plan in (mine, other):
            session.add(
                Transition(county_code="430703", plan_task_id=plan, entity="MonthlyReport", entity_id=plan,
                           action="submit", to_state="submitted")
            )  # fmt: skip
        session.commit()
    unit = Actor(user_id=1, scope=Scope.plans(frozenset({mine})))
    with app_db.app_context(), acting_as(unit):
        yield db.session(), mine, other
        db.session.rollback()


@pytest.mark.req("M1.6.5.3b")
def test_a_construction_unit_sees_its_plans_and_nothing_else(given):
    session, mine, other = given
    assert list(session.scalars(sa.select(PlanTask.id))) == [mine]
    assert {row.plan_task_id for row in session.scalars(sa.select(Transition))} == {mine}
    assert session.get(PlanTask, other) is None
    for kind in (Community, Scheme, SchemeItem, ReserveProject):
        assert session.scalar(sa.select(sa.func.count()).select_from(kind)) == 0
    joined = sa.select(PlanTask.id).join(Scheme, Scheme.plan_task_id == PlanTask.id)
    assert list(session.scalars(joined)) == []


@pytest.mark.req("M1.6.5.3b")
def test_units_one_after_the_other_see_each_its_own(given):
    """The conditions are kept between requests: what they hold must be the plans of whoever asks."""
    session, mine, other = given
    alias = orm.aliased(PlanTask)
    for plans in ({other}, {mine}, {mine, other}, set(), {other}):
        with acting_as(Actor(user_id=2, scope=Scope.plans(frozenset(plans)))):
            for column in (PlanTask.id, alias.id, Transition.plan_task_id):
                assert set(session.scalars(sa.select(column))) == plans
        session.expunge_all()


@pytest.mark.req("M1.6.5.3b")
def test_a_construction_unit_writes_only_rows_of_its_plans(given):
    session, mine, other = given
    session.add(Transition(county_code="430703", plan_task_id=other, entity="x", entity_id=1, action="a", to_state="b"))
    with pytest.raises(OutOfScope):
        session.flush()
    session.rollback()
    session.add(Community(county_code="430703", name="x"))
    with pytest.raises(OutOfScope):
        session.flush()
    session.rollback()
    session.get(PlanTask, mine).name = "x"
    with pytest.raises(OutOfScope):
        session.flush()


@pytest.mark.req("M1.6.5.3b")
def test_row_policies_know_the_plans_of_a_construction_unit(given):
    session, mine, _other = given
    if session.get_bind().dialect.name != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")
    everything = {"scope_applied": True}
    read = sa.select(Transition.__table__.c.plan_task_id).where(Transition.__table__.c.entity == "MonthlyReport")
    assert set(session.execute(read.execution_options(**everything)).scalars()) == {mine}
    plans = sa.select(PlanTask.__table__.c.id)
    assert list(session.execute(plans.execution_options(**everything)).scalars()) == [mine]
    count = sa.select(sa.func.count()).select_from(Community.__table__)
    assert session.execute(count.execution_options(**everything)).scalar() == 0


def test_the_system_sees_everything(app_db):
    with app_db.app_context(), acting_as(SYSTEM):
        assert {"430703", "520525"} <= names(db.session())
