"""Photos judged when they arrive, when their hash is known and when a report is handed in, on both databases."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from app.annual_plans.models import PlanTask
from app.attachments.doubts import doubts_about
from app.evidence import prints, queries, services, sides
from app.evidence import reports as evidence
from app.evidence.models import PhotoFinding, PhotoPrint
from app.evidence.rules import bands_of, number_of
from app.extensions import db
from app.kernel.actor import SYSTEM, Actor
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation
from app.kernel.scope import Scope
from app.persistence.context import acting_as
from tests.evidence.helpers import (
    NOON,
    make_inspection,
    make_item,
    make_photo,
    make_recognition,
    make_report,
    plans_of,
)

pytestmark = pytest.mark.req("R20", "N3.3a")
DIGEST = "ff00cc33aa5500ff"
NEARLY = "ff00cc33aa5500f8"


@pytest.fixture
def made(reading_app: Any) -> Any:
    """A report of two plans of 鼎城区 and one of 澧县, inside a session of the system."""
    with reading_app.app_context(), acting_as(SYSTEM):
        session = db.session()
        for model in (PhotoFinding, PhotoPrint):
            session.execute(sa.delete(model))
        mine, other = plans_of(session, "430703")
        (foreign,) = plans_of(session, "430723", 1)
        yield session, *(make_report(session, plan) for plan in (mine, other, foreign))
        session.rollback()


def found(session: Any, **where: Any) -> list[PhotoFinding]:
    return list(session.scalars(sa.select(PhotoFinding).filter_by(**where).order_by(PhotoFinding.id)))


def test_the_same_and_nearly_the_same_photo_over_the_province(made: Any) -> None:
    session, mine, other, foreign = made
    first = make_photo(session, foreign.items[0], "a", DIGEST)
    copy = make_photo(session, mine.items[0], "a", DIGEST)
    like = make_photo(session, other.items[0], "b", NEARLY)
    make_photo(session, other.items[0], "c", "00ff33cc55aaff00")
    kinds = {(row.attachment_id, row.kind, row.other_attachment_id) for row in found(session)}
    assert kinds == {
        (copy.id, "same_photo", first.id), (like.id, "near_photo", first.id), (like.id, "near_photo", copy.id),
    }  # fmt: skip
    assert found(session, kind="near_photo")[0].values == {"bits": 3}
    assert found(session, kind="same_photo")[0].other_county == "430723"


def test_later_months_and_other_spots_of_one_content_are_no_doubt(made: Any) -> None:
    session, mine, _other, _foreign = made
    july = make_report(
        session, session.get(type(plans_of(session, "430703")[0]), mine.plan_task_id), dt.date(2026, 6, 1)
    )
    make_photo(session, mine.items[0], "a", DIGEST)
    make_photo(session, july.items[0], "a", DIGEST)
    make_photo(session, july.items[0], "b", NEARLY)
    assert found(session) == []
    make_photo(session, july.items[0], "b", NEARLY, purpose="photo_after")
    make_photo(session, make_item(session, july, 1), "a", DIGEST)
    assert {row.kind for row in found(session)} == {"same_photo", "near_photo"}


def test_blank_pictures_are_not_compared(made: Any) -> None:
    session, mine, other, _foreign = made
    make_photo(session, mine.items[0], "black", "8000000000000000")
    make_photo(session, other.items[0], "white", "8000000000000001")
    assert found(session) == []


def test_a_hash_that_comes_later_is_compared_then(made: Any) -> None:
    session, mine, other, _foreign = made
    first, second = make_photo(session, mine.items[0], "a"), make_photo(session, other.items[0], "b")
    assert found(session) == []
    for photo, digest in ((second, NEARLY), (first, DIGEST)):
        photo.file.perceptual_hash = digest
        session.flush()
        services.hash_known(session, photo.file)
    (row,) = found(session)
    assert (row.attachment_id, row.other_attachment_id) == (second.id, first.id)
    assert row.plan_task_id == other.plan_task_id


def test_time_and_place_are_judged_again_when_the_report_is_handed_in(made: Any) -> None:
    session, mine, _other, _foreign = made
    taken = dt.datetime(2026, 2, 1, 2, tzinfo=dt.UTC)
    photo = make_photo(session, mine.items[0], "a", taken_at=taken, taken_lng="111.0", taken_lat="27.0")
    assert [row.kind for row in found(session)] == ["far", "outside"]
    assert not any(row.reported for row in found(session))
    mine.started_on, mine.state = dt.date(2026, 3, 1), "submitted"
    mine.progress, mine.cumulative_investment, mine.year_investment = "under_way", 1, 1
    mine.submitted_at = dt.datetime.now(dt.UTC)
    session.flush()
    warning = {"rule": "R13", "message": {"msgid": "Odd.", "values": {}}}
    services.judge_report(session, mine, ("ReportItem", [mine.items[0].id]), [warning])
    assert [row.kind for row in found(session)] == ["far", "outside", "before_start", "figures_odd"]
    assert all(row.reported for row in found(session))
    services.judge_report(session, mine, ("ReportItem", [mine.items[0].id]), [])
    assert [row.kind for row in found(session)] == ["far", "outside", "before_start"]
    facts = queries.facts_of(session, mine.plan_task_id, [photo.id])[photo.id]
    assert facts.shot.taken_at == taken and facts.metres > 100_000 and not facts.told


def test_a_binned_photo_proves_nothing(made: Any) -> None:
    session, mine, other, _foreign = made
    first = make_photo(session, mine.items[0], "a", DIGEST)
    make_photo(session, other.items[0], "a", DIGEST)
    first.deleted_at = dt.datetime.now(dt.UTC)
    session.flush()
    services.photo_gone(session, first)
    assert found(session) == []


def test_of_another_county_no_more_than_its_name_is_told(made: Any) -> None:
    session, mine, other, foreign = made
    make_photo(session, foreign.items[0], "a", DIGEST)
    home = make_photo(session, other.items[0], "x", "0f0f0f0ff0f0f0f0")
    copy = make_photo(session, mine.items[0], "a", DIGEST)
    again = make_photo(session, mine.items[0], "x", "0f0f0f0ff0f0f0f0")
    scopes = {name: Scope.region(code) for name, code in (("county", "430703"), ("city", "430700"))}
    scopes["unit"] = Scope.plans(frozenset({mine.plan_task_id}))
    shown = {}
    for name, scope in scopes.items():
        with acting_as(Actor(user_id=1, scope=scope)):
            shown[name] = queries.findings_for_report(session, mine.id).photos
    for name in scopes:
        (abroad,), (inside,) = shown[name][copy.id], shown[name][again.id]
        assert (abroad.photo_id is None) is (name != "city") and "澧县" in str(abroad.where)
        assert (abroad.plan_id is None) is (name != "city")
        assert (inside.photo_id == home.id) is (name != "unit")
    with acting_as(Actor(user_id=1, scope=scopes["county"])):
        notes = doubts_about(session, [copy.id, again.id, home.id])
    assert "another project" in str(notes[copy.id][0].said) and home.owner_id == other.items[0].id
    assert set(notes) == {copy.id, again.id} and notes[copy.id][0].finding is None
    with acting_as(Actor(user_id=1, scope=Scope.region("430723"))):
        assert queries.findings_for_report(session, mine.id).photos == {}


def test_setting_aside_wants_a_reason_a_right_and_the_scope(made: Any) -> None:
    session, mine, other, _foreign = made
    make_photo(session, other.items[0], "a", DIGEST)
    make_photo(session, mine.items[0], "a", DIGEST)
    (row,) = found(session)
    right = frozenset({("can_dismiss", "PhotoFinding")})
    city = Actor(user_id=1, username="changde", scope=Scope.region("430700"), permissions=right)
    with acting_as(city), pytest.raises(OutOfScope):
        services.dismiss(session, row.id, "同一处围墙")
    services.tell_reported(session, [mine.id], True)
    session.expire_all()
    with acting_as(Actor(user_id=1, scope=Scope.region("430700"))), pytest.raises(NotAllowed):
        services.dismiss(session, row.id, "同一处围墙")
    with (
        acting_as(Actor(user_id=1, scope=Scope.region("430400"), permissions=right)),
        pytest.raises(OutOfScope),
    ):
        services.dismiss(session, row.id, "同一处围墙")
    with acting_as(city):
        with pytest.raises(RuleViolation):
            services.dismiss(session, row.id, " ")
        services.dismiss(session, row.id, "同一处围墙")
        with pytest.raises(RuleViolation):
            services.dismiss(session, row.id, "再次")
    services.judge_report(session, mine, ("ReportItem", [mine.items[0].id]), [])
    assert (row.state, row.reason, row.dismissed_by) == ("dismissed", "同一处围墙", "changde")
    with acting_as(city):
        services.reopen(session, row.id)
    assert row.state == "open" and row.reason == ""


def test_the_index_is_asked_once_and_entered_once(made: Any, query_counter: Any) -> None:
    session, mine, *_rest = made
    photo = make_photo(session, mine.items[0], "a", DIGEST)
    prints.remember(session, "43", photo.sha256, DIGEST)
    with query_counter() as sql:
        near = prints.candidates(session, "43", number_of(NEARLY))
    assert list(near.values()) == [3] and len([text for text in sql if "photo_print" in text]) == 1
    assert prints.candidates(session, "52", number_of(NEARLY)) == {}
    assert prints.verify(session) == []
    stored = session.execute(sa.text("SELECT band0, band1, band2, band3 FROM photo_print")).one()
    assert tuple(stored) == bands_of(number_of(DIGEST))
    session.execute(sa.text("DELETE FROM photo_print"))
    assert photo.sha256 in prints.verify(session)[0]


@pytest.mark.req("M1.6.7.1", "M1.6.7.2", "M1.6.7.3")
def test_photos_of_recognitions_and_inspections_are_judged_too(made: Any) -> None:
    """Beside the photo at once, among the doubtful reports once handed in, gone when the record counts no more."""
    session, mine, other, _foreign = made
    mine.started_on = dt.date(2020, 3, 1)
    first = make_photo(session, other.items[0], "a", DIGEST)
    old = dt.datetime(2020, 2, 1, 2, tzinfo=dt.UTC)
    plan = session.get(PlanTask, mine.plan_task_id)
    start = make_recognition(session, plan)
    seen = make_photo(session, start.items[0], "b", NEARLY, taken_at=old, taken_lng="111.0", taken_lat="27.0")
    kinds = ["far", "outside", "before_start", "near_photo"]
    assert sorted(row.kind for row in found(session)) == sorted(kinds)
    assert not any(row.reported for row in found(session))
    reader = frozenset({("can_show", "PhotoFinding"), ("can_show", "MonthlyReport"), ("can_show", "Recognition")})
    reviewer = Actor(user_id=1, scope=Scope.region("430703"), permissions=reader)
    with acting_as(reviewer):
        notes = doubts_about(session, [seen.id])[seen.id]
    assert len(notes) == 4 and {note.finding for note in notes} == {None}
    start.state, start.submitted_at = "submitted", NOON
    session.flush()
    evidence.recognition_moved(session, start)
    rows = found(session)
    assert len(rows) == 4 and all(row.reported and row.report_id is None for row in rows)
    with acting_as(reviewer):
        assert {note.finding for note in doubts_about(session, [seen.id])[seen.id]} == {row.id for row in rows}
        own = sides.side(session, seen.id, plan.id, plan.name)
        assert own.record.endpoint == "RecognitionView.show" and own.record.owner_ids == (start.items[0].id,)
        there = sides.side(session, first.id, other.plan_task_id, "x")
        assert there.record.number == other.id and sides.between(own, there).metres is None
    # a visit before the works began may show what was there; the works' own photos may not
    early = make_inspection(session, plan, "city", inspected_on=dt.date(2020, 2, 2))
    late = make_inspection(session, plan, "county", inspected_on=dt.date(2020, 4, 2))
    for sheet in (early, late):
        make_photo(session, sheet.items[0], f"{sheet.level}", purpose="photo", taken_at=old)
    assert [row.county_code for row in found(session, owner_entity="InspectionItem", kind="before_start")] == ["430703"]
    (row,) = found(session, owner_entity="InspectionItem")
    assert row.owner_id == late.items[0].id and not row.reported
    late.state, late.concluded_at, late.conclusion = "concluded", NOON, "consistent"
    session.flush()
    evidence.inspection_moved(session, late)
    assert row.reported
    start.state, late.state, late.void_reason = "discarded", "void", "误"
    session.flush()
    evidence.recognition_moved(session, start)
    evidence.inspection_moved(session, late)
    session.expire_all()
    assert found(session) == []


def test_a_side_is_shown_to_those_alone_who_may_open_its_record(made: Any) -> None:
    session, mine, _other, foreign = made
    reader = frozenset({("can_show", "MonthlyReport"), ("can_show", "Inspection")})
    there = make_photo(session, foreign.items[0], "a", DIGEST)
    plan = session.get(PlanTask, mine.plan_task_id)
    sheet = make_inspection(session, plan, "city", inspected_on=dt.date(2020, 4, 2))
    draft = make_photo(session, sheet.items[0], "d", purpose="photo")
    county = Actor(user_id=1, scope=Scope.region("430703"), region_level="county", permissions=reader)
    city = Actor(user_id=1, scope=Scope.region("430700"), region_level="city", permissions=reader)
    with acting_as(county):
        assert sides.side(session, there.id, foreign.plan_task_id, "x") is None
        assert sides.side(session, draft.id, plan.id, "x") is None
    with acting_as(city):
        assert sides.side(session, there.id, foreign.plan_task_id, "x").photo is there
        assert sides.side(session, draft.id, plan.id, "x").record.endpoint == "InspectionView.show"
    with acting_as(Actor(user_id=1, scope=Scope.region("430700"), region_level="city")):
        assert sides.side(session, there.id, foreign.plan_task_id, "x") is None
