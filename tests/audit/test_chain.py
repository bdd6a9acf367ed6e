"""The audit trail: same transaction, chained, append-only, tampering found."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.audit import services as audit
from app.audit.models import AuditChain, AuditEvent
from app.communities.models import Community
from app.extensions import db
from app.persistence.work import unit_of_work

pytestmark = pytest.mark.req("D2")


def last_event(session):
    return session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()


def test_a_change_writes_before_and_after_in_the_same_transaction(session):
    community = session.scalars(sa.select(Community).where(Community.county_code == "430703").limit(1)).one()
    before = community.household_count
    with unit_of_work():
        community.household_count = before + 1
    event = last_event(session)
    assert (event.action, event.entity, event.entity_id) == ("update", "Community", str(community.id))
    assert event.before == {"household_count": before}
    assert event.after == {"household_count": before + 1}
    assert event.chain == "430703"
    assert audit.verify(session) == []


def test_a_rolled_back_change_leaves_no_event(session):
    count = session.scalar(sa.select(sa.func.count(AuditEvent.id)))
    community = session.scalars(sa.select(Community).limit(1)).one()
    with pytest.raises(RuntimeError), unit_of_work():
        community.household_count = 99
        session.flush()
        raise RuntimeError
    assert session.scalar(sa.select(sa.func.count(AuditEvent.id))) == count
    with unit_of_work():
        session.scalars(sa.select(Community).limit(1)).one().household_count = 98
    assert session.scalar(sa.select(sa.func.count(AuditEvent.id))) == count + 1


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET label = 'x'", "DELETE FROM audit_event"])
def test_events_can_be_neither_changed_nor_removed(session, statement):
    with unit_of_work():
        audit.record(session, "sign_in", label="somebody")
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.text(statement))
    session.rollback()


def test_verify_finds_a_row_changed_behind_the_portal(session):
    with unit_of_work():
        audit.record(session, "export", label="first")
        audit.record(session, "export", label="second")
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        session.execute(sa.text("DROP TRIGGER audit_event_keep_update"))
    else:
        session.execute(sa.text("SET LOCAL ROLE NONE"))
        session.execute(sa.text("ALTER TABLE audit_event DISABLE TRIGGER audit_event_keep"))
    session.execute(sa.text("UPDATE audit_event SET label = 'third' WHERE label = 'first'"))
    assert any("was changed" in fault for fault in audit.verify(session))


def test_verify_finds_a_chain_that_was_cut(session):
    with unit_of_work():
        audit.record(session, "export", label="only")
    session.execute(sa.update(AuditChain.__table__).values(seq=AuditChain.seq + 1))
    assert any("cut off" in fault for fault in audit.verify(session))


def test_demo_world_verifies(app_db):
    from app.cli.verify import faults
    from app.kernel.actor import SYSTEM
    from app.persistence.context import acting_as

    with app_db.app_context(), acting_as(SYSTEM):
        assert faults(db.session()) == []
