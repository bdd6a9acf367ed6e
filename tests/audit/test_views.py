"""The audit lists: who may read, what narrows them, the proof of a record, the export of them."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from app.accounts.models import SignInRecord
from app.audit import services as audit
from app.audit.history import history
from app.audit.models import AuditEvent
from app.communities.models import Community
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from tests.conftest import actor_named

pytestmark = pytest.mark.req("D2", "M1.L")


@pytest.fixture
def changed(app_db):
    """(community id, event id) of a change made by 鼎城区's editor."""
    with app_db.app_context(), acting_as(actor_named("dingcheng")):
        with unit_of_work() as session:
            row = session.scalars(sa.select(Community).order_by(Community.id).limit(1)).one()
            row.supervisor_phone, row.household_count = "13800000001", (row.household_count or 0) + 7
        event = db.session.scalar(sa.select(sa.func.max(AuditEvent.id)))
        return row.id, event


def page(client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("username", ["dingcheng", "hunan", "sysadmin", "secadmin", "yuxia"])
def test_nobody_else_reads_the_records(signed_in, username):
    client = signed_in(username)
    for path in ("/audit/list/", "/audit/show/1"):
        assert client.get(path).status_code in (302, 403, 404)
    for path in ("/audit/export/", "/audit/preferences/"):
        assert client.post(path).status_code in (302, 403, 404)


def test_list_shows_and_narrows(signed_in, changed, query_counter):
    client = signed_in("auditadmin")
    page(client, "/audit/list/")
    with query_counter() as sql:
        text = page(client, "/audit/list/?account=dingcheng&action=update&entity=Community&county=430000")
    assert len(sql) <= 8
    assert f"/audit/show/{changed[1]}" in text
    for query in (
        "county=520000",
        "action=erase",
        "to=2001-01-01",
        "record=999999999",
    ):
        assert f'/audit/show/{changed[1]}"' not in page(client, f"/audit/list/?account=dingcheng&{query}")


UNREADABLE = (
    "from=x", "to=9999-12-31", "from=0001-01-01", "page=9999999", "size=abc", "county=%00", "account=%00",
    "sort=-at", "sort=password", "record=" + "9" * 300,
)  # fmt: skip


def test_unreadable_conditions_are_ignored(signed_in):
    client = signed_in("auditadmin")
    for query in UNREADABLE:
        page(client, f"/audit/list/?{query}")


def test_record_shows_before_and_after_with_masked_phone_and_proof(signed_in, changed):
    text = page(signed_in("auditadmin"), f"/audit/show/{changed[1]}")
    assert "138****0001" in text and "13800000001" not in text
    assert "校验通过" in text and "校验未通过" not in text
    assert "户数" in text


def test_tampered_record_is_shown_as_such(app_db, signed_in, changed):
    with app_db.app_context(), acting_as(SYSTEM):
        session = db.session()
        if session.get_bind().dialect.name == "sqlite":
            session.execute(sa.text("DROP TRIGGER audit_event_keep_update"))
        else:
            session.execute(sa.text("SET LOCAL ROLE NONE"))
            session.execute(sa.text("ALTER TABLE audit_event DISABLE TRIGGER audit_event_keep"))
        session.execute(
            sa.text("UPDATE audit_event SET actor_name = 'hunan' WHERE id = :i"), {"i": changed[1]}
        )
        session.commit()
        assert any("was changed" in fault for fault in audit.verify(session))
    assert "校验未通过" in page(signed_in("auditadmin"), f"/audit/show/{changed[1]}")


def test_unknown_record_is_not_found(signed_in):
    client = signed_in("auditadmin")
    for pk in ("0", "999999999", "x", "1' or 1=1"):
        assert client.get(f"/audit/show/{pk}").status_code == 404


def test_no_way_to_write_is_registered(signed_in):
    client = signed_in("auditadmin")
    for path in ("add", "edit/1", "delete/1", "action/x/1", "action_post", "download/x"):
        assert client.get(f"/audit/{path}").status_code in (404, 405)
        assert client.post(f"/audit/{path}").status_code in (404, 405)


def test_export_carries_the_changes_and_is_audited(app_db, signed_in, changed):
    client = signed_in("auditadmin")
    form = {"range": "all", "columns": ["at", "actor_name", "changes"]}
    answer = client.post("/audit/export/?account=dingcheng", data=form)
    assert answer.status_code == 200
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    answer.close()
    assert any("138****0001" in str(row[2]) for row in rows) and "13800000001" not in str(rows)
    with app_db.app_context(), acting_as(SYSTEM):
        last = db.session.execute(
            sa.select(AuditEvent.__table__).order_by(AuditEvent.id.desc()).limit(1)
        ).one()
        assert (last.action, last.entity, last.actor_name) == ("export", "AuditEvent", "auditadmin")
        assert audit.verify(db.session()) == []


@pytest.mark.parametrize(
    "statement", ["UPDATE sign_in_record SET username = 'x'", "DELETE FROM sign_in_record"]
)
def test_sign_in_records_can_be_neither_changed_nor_removed(session, statement):
    with unit_of_work():
        session.add(SignInRecord(username="somebody", outcome="wrong"))
    with pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.text(statement))
    session.rollback()


def test_history_of_a_record_is_masked_and_scoped(app_db, changed, as_user, query_counter):
    with app_db.test_request_context():
        with as_user("dingcheng"), query_counter() as sql:
            found = history("Community", changed[0])
        assert len(sql) == 1
        assert [change.after for change in found.entries[0].changes if "phone" in change.key] == [
            "138****0001"
        ]
        with as_user("hanshou"):
            assert history("Community", changed[0]).entries == ()


def test_history_pages_backwards(app_db, as_user):
    with app_db.test_request_context(), as_user("dingcheng"):
        for count in range(3):
            with unit_of_work() as session:
                row = session.scalars(sa.select(Community).order_by(Community.id).limit(1)).one()
                row.household_count = 500 + count
            number = row.id
        newest = history("Community", number, limit=2)
        assert len(newest.entries) == 2 and newest.older == newest.entries[-1].id
        older = history("Community", number, limit=2, before=newest.older)
        assert len(older.entries) == 1 and older.older is None
