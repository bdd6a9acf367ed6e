"""Writing communities: hard and soft rules, one record, versions, recycle bin, erasing."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from app.audit import services as audit
from app.communities import record_queries, services
from app.communities.assessment import assess, read_warnings, warnings_digest
from app.communities.models import Community
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation, StaleRow
from app.persistence.context import acting_as, current_actor
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from tests.communities.records import VALUES, change, scalar


@pytest.fixture
def clerk(app_db: Flask, as_user: Callable[[str], Any]) -> Any:
    """The county editor of 鼎城区 at work."""
    with app_db.app_context(), as_user("dingcheng"):
        yield current_actor()
        db.session.remove()


def _create(clerk: Any, **changes: Any) -> int:
    with unit_of_work() as session:
        return services.create_community(session, clerk, {**VALUES, **changes}).id


@pytest.mark.req("M1.4.1", "N2.1r")
def test_a_community_belongs_to_the_county_of_whoever_enters_it(clerk: Any) -> None:
    number = _create(clerk, county_code="430722", implementer_unit="玉霞街道办事处", implementer_name="王某")
    record = record_queries.find(db.session(), number)
    assert (
        record is not None and record.county_code == "430703" and record.is_complete and record.missing == ""
    )
    assert (record.implementer_unit, record.supervision_unit) == (
        "玉霞街道办事处",
        VALUES["supervision_unit"],
    )
    assert record.initials and record.created_by == "鼎城区填报员" and record.version == 1
    assert scalar("SELECT count(*) FROM audit_event WHERE entity='Community' AND action='create'"
                  " AND entity_id=:i", i=str(number)) == 1  # fmt: skip


@pytest.mark.req("M1.4.1", "M1.4.2")
def test_missing_fields_make_it_incomplete_but_never_nameless(clerk: Any) -> None:
    number = _create(clerk, lng=None, lat=None, supervisor_phone="")
    assert scalar("SELECT missing FROM community WHERE id=:i", i=number) == "lng,lat,supervisor_phone"
    with pytest.raises(RuleViolation) as refusal:
        _create(clerk, name="")
    assert [f.field for f in refusal.value.findings if f.is_error] == ["name"]


@pytest.mark.req("R01", "R02", "R06")
@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"built_year": 2006}, "R01", "built_year"),
        ({"unit_without_elevator_count": 15}, "R02", "unit_without_elevator_count"),
        ({"substandard_household_count": 149}, "R02", "substandard_household_count"),
        ({"floor_area": Decimal("-1")}, "R02", "floor_area"),
        ({"lng": Decimal("112.9"), "lat": Decimal("28.2")}, "R06", "lng"),
        ({"lng": None}, "M1.4.1g", "lng"),
        ({"town_code": "430722100"}, "M1.4.1", "town_code"),
        ({"property_kind": "palace"}, "M1.4.1", "property_kind"),
    ],
)
def test_hard_rules_refuse_at_their_field(clerk: Any, changes: Any, rule: str, field: str) -> None:
    before = scalar("SELECT count(*) FROM community")
    with pytest.raises(RuleViolation) as refusal:
        _create(clerk, **changes)
    assert (rule, "error", field) in [(f.rule, f.level, f.field) for f in refusal.value.findings]
    assert scalar("SELECT count(*) FROM community") == before


@pytest.mark.req("R01", "R03", "R04", "R05")
@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"built_year": 2003}, "R01", "built_year"),
        ({"unit_count": 5, "unit_without_elevator_count": 5}, "R03", "unit_count"),
        ({"floor_area": Decimal("9.9")}, "R04", "floor_area"),
        ({"planned_investment": Decimal("4440")}, "R04", "planned_investment"),
        ({"name": "恒华茗苑住宅楼"}, "R05", "name"),
        ({"lng": Decimal("111.683400"), "lat": Decimal("29.013600")}, "R05", "name"),
    ],
)
def test_soft_rules_are_confirmed_and_kept(clerk: Any, changes: Any, rule: str, field: str) -> None:
    with pytest.raises(services.Unconfirmed) as refusal:
        _create(clerk, **changes)
    findings = refusal.value.findings
    assert (rule, field) in [(f.rule, f.field) for f in findings]
    with unit_of_work() as session:
        confirmed = warnings_digest(findings)
        record = services.create_community(session, clerk, {**VALUES, **changes}, confirmed=confirmed)
        stored = record.confirmed_warnings
    assert [(f.rule, f.field, str(f.message)) for f in read_warnings(stored)] == [
        (f.rule, f.field, str(f.message)) for f in findings
    ]


@pytest.mark.req("R05")
def test_likely_duplicates_come_with_their_number(clerk: Any) -> None:
    number = _create(clerk)
    found = assess(db.session(), "430703", VALUES)
    assert [identifier for identifier, _finding in found.duplicates] == [number]
    assert assess(db.session(), "430703", VALUES, number).duplicates == ()


@pytest.mark.req("R04")
def test_a_county_that_estimates_by_households_is_told(clerk: Any) -> None:
    change("DELETE FROM community_link WHERE county_code='430703'")
    change("UPDATE community SET deleted_at='2026-01-01' WHERE county_code='430703'")
    for index, households in enumerate((10, 20, 30)):
        with unit_of_work() as session:
            values = {**VALUES, "name": f"测算{index}号院", "household_count": households, "lng": None, "lat": None,
                      "floor_area": Decimal(households) / 100, "planned_investment": Decimal(households * 3),
                      "building_count": index + 1}  # fmt: skip
            services.create_community(session, clerk, values)
    told = [f for f in assess(db.session(), "430703", VALUES).findings if f.level == "info"]
    assert [f.message.values["amount"] for f in told] == ["3.00"]


@pytest.mark.req("M1.4.4")
def test_editing_changes_the_one_record_and_only_what_changed(clerk: Any) -> None:
    number = _create(clerk)
    with unit_of_work() as session:
        services.update_community(session, clerk, number, {**VALUES, "household_count": 150}, 1)
    assert scalar("SELECT version FROM community WHERE id=:i", i=number) == 2
    row = scalar("SELECT after FROM audit_event WHERE entity='Community' AND entity_id=:i AND action='update'",
                 i=str(number))  # fmt: skip
    assert "household_count" in str(row) and "floor_area" not in str(row)
    with unit_of_work() as session:
        services.update_community(session, clerk, number, {**VALUES, "household_count": 150}, 2)
    assert scalar("SELECT version FROM community WHERE id=:i", i=number) == 2, (
        "nothing changed, nothing written"
    )


@pytest.mark.req("M1.4.4")
def test_the_second_writer_is_stopped(clerk: Any) -> None:
    number = _create(clerk)
    with unit_of_work() as session:
        services.update_community(session, clerk, number, {**VALUES, "household_count": 150}, 1)
    with pytest.raises(StaleRow) as refusal, unit_of_work() as session:
        services.update_community(session, clerk, number, {**VALUES, "household_count": 160}, 1)
    assert refusal.value.current["household_count"] == 150 and refusal.value.version == 2


@pytest.mark.req("M1.4.4")
def test_two_writers_at_the_same_moment(clerk: Any, app_db: Flask) -> None:
    """Both read version 1, both write: the database lets one through."""
    number = _create(clerk)
    both, outcomes = threading.Barrier(2, timeout=20), []

    def write(households: int) -> None:
        with app_db.app_context(), acting_as(clerk):
            try:
                with unit_of_work() as session:
                    record = record_queries.find(session, number)
                    assert record is not None and record.version == 1
                    session.expunge_all()
                    if session.get_bind().dialect.name == "sqlite":
                        session.rollback()
                    both.wait()
                    services.update_community(
                        session, clerk, number, {**VALUES, "household_count": households}, 1
                    )
                outcomes.append("saved")
            except StaleRow:
                outcomes.append("stale")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=write, args=(n,)) for n in (151, 152)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["saved", "stale"]
    assert scalar("SELECT version FROM community WHERE id=:i", i=number) == 2


@pytest.mark.req("M1.4.3")
def test_linked_communities_are_not_deleted_and_the_holder_is_named(clerk: Any) -> None:
    free, held = _create(clerk), _create(clerk, name="另一个院子", lng=None, lat=None, building_count=7)
    change(
        "UPDATE community SET place_state='plan', place_year=2021, place_label='红云片区' WHERE id=:i", i=held
    )
    with pytest.raises(RuleViolation) as refusal, unit_of_work() as session:
        services.delete_communities(session, clerk, [free, held])
    assert "红云片区" in str(refusal.value.findings[0].message) and len(refusal.value.findings) == 1
    assert scalar("SELECT count(*) FROM community WHERE deleted_at IS NOT NULL") == 0, "all or none"


@pytest.mark.req("M1.4.3")
def test_deleting_restoring_and_erasing(clerk: Any) -> None:
    number = _create(clerk)
    with unit_of_work() as session:
        assert services.delete_communities(session, clerk, [number]) == 1
    assert record_queries.find(db.session(), number) is None
    with unit_of_work() as session:
        assert services.restore_communities(session, clerk, [number]) == 1
    restored = record_queries.find(db.session(), number)
    assert restored is not None and restored.deleted_by == ""
    with unit_of_work() as session:
        services.delete_communities(session, clerk, [number])
    with pytest.raises(NotAllowed):
        services.erase_expired(db.session(), clerk)
    with acting_as(SYSTEM):
        for days, left in ((29, 1), (31, 0)):
            with unit_of_work() as session:
                gone = services.erase_expired(session, SYSTEM, utcnow() + dt.timedelta(days=days))
            assert gone == 1 - left
            assert scalar("SELECT count(*) FROM community WHERE id=:i", i=number) == left
        db.session.remove()
        assert services.verify_rollups(db.session()) == [] and audit.verify(db.session()) == []
    actions = scalar("SELECT count(DISTINCT action) FROM audit_event WHERE entity='Community' AND entity_id=:i",
                     i=str(number))  # fmt: skip
    assert actions == 4  # create, delete, restore, erase


@pytest.mark.req("M1.4.3", "M1.4.4")
def test_other_counties_do_not_exist(clerk: Any, as_user: Callable[[str], Any]) -> None:
    number = _create(clerk)
    with as_user("hanshou"):
        other = current_actor()
        db.session.remove()
        with pytest.raises(OutOfScope):
            services.update_community(db.session(), other, number, VALUES, 1)
        with pytest.raises(OutOfScope):
            services.delete_communities(db.session(), other, [number])
        assert record_queries.brief(db.session(), [number]) == {}
        assert record_queries.neighbours(db.session(), VALUES["lng"], VALUES["lat"], 50) == []


@pytest.mark.req("M1.4.1")
@pytest.mark.parametrize("username", ["hunan", "changde", "dingcheng_review", "yuxia", "sysadmin"])
def test_only_county_editors_write(app_db: Flask, as_user: Callable[[str], Any], username: str) -> None:
    with app_db.app_context(), as_user(username):
        actor = current_actor()
        for write in (
            lambda: services.create_community(db.session(), actor, VALUES),
            lambda: services.update_community(db.session(), actor, 1, VALUES, 1),
            lambda: services.delete_communities(db.session(), actor, [1]),
            lambda: services.restore_communities(db.session(), actor, [1]),
        ):
            with pytest.raises(NotAllowed):
                write()


@pytest.mark.req("M1.4.1")
def test_the_demo_world_agrees_with_the_services(session: Any) -> None:
    """Completeness, search text and name key of seeded rows are what the service would have written."""
    from sqlalchemy import select

    for record in session.scalars(select(Community)):
        values = {column.key: getattr(record, column.key) for column in Community.__table__.columns
                  if hasattr(record, column.key)}  # fmt: skip
        expected = services.derived(values)
        assert {key: values[key] for key in expected} == expected, record.name
        errors = assess(session, record.county_code, values, record.id).errors
        assert not errors, (record.name, [str(e.message) for e in errors])
