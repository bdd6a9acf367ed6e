"""Inspections from the sheet to the plan's flag and to supervision, on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from app.annual_plans.models import PlanTask
from app.attachments import queries as attachments
from app.attachments.models import Attachment, StoredFile
from app.attachments.owners import Refused
from app.attachments.storage import storage
from app.attachments.upkeep import tidy, verify_files
from app.attachments.watermarks import make_watermark
from app.extensions import db
from app.inspections import queries, services
from app.inspections.files import caption
from app.kernel import calendar
from app.kernel.actor import SYSTEM
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation, StaleRow
from app.notices.models import Notice
from app.persistence.context import acting_as
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.supervision import queries as issues
from app.supervision import services as supervision
from tests.areas.helpers import fresh, open_window
from tests.areas.test_concurrency import at_once
from tests.recognition.helpers import attach, plan_with_contents

AsUser = Callable[[str], Any]
pytestmark = pytest.mark.req("M1.6.7.3")
HEAD = {"inspectors": "王某、赵某", "inspector_phone": "13800000032", "conclusion": "mostly"}


@pytest.fixture
def folder(app_db: Flask, tmp_path: Path) -> Iterator[Path]:
    before, app_db.config["DATA_DIR"] = app_db.config["DATA_DIR"], str(tmp_path / "data")
    yield tmp_path
    app_db.config["DATA_DIR"] = before


@pytest.fixture
def plan_id(app_db: Flask, as_user: AsUser, folder: Path) -> Iterator[int]:
    with app_db.app_context():
        open_window()
        with as_user("dingcheng"), unit_of_work() as session:
            number = plan_with_contents(session).id
        yield number
        db.session.remove()


def findings(action: Callable[[], Any]) -> list[str]:
    with pytest.raises(RuleViolation) as caught:
        action()
    return [finding.field or finding.rule for finding in caught.value.findings]


def written(session: Any, folder: Path, plan: int, *, problem: str = "") -> Any:
    """A sheet with everything a conclusion needs; the first content may have a problem."""
    sheet = services.begin(session, plan)
    for number, item in enumerate(sheet.items):
        typed: dict[str, Any] = {"finding": "ok"}
        if problem and number == 0:
            due = calendar.today() + dt.timedelta(days=15)
            typed = {"finding": "problem", "problem": problem, "hand_over": True, "deadline": due.isoformat()}
            attach(session, folder, "InspectionItem", item.id, "photo")
        services.answer(session, item.id, typed, item.version)
    attach(session, folder, "Inspection", sheet.id, "inspection_sheet", "pdf")
    return services.save(session, sheet, HEAD, {}, sheet.version)


def flags(plan: int) -> tuple[bool, bool, bool]:
    with acting_as(SYSTEM):
        row = fresh(PlanTask, plan)
        return row.county_inspected, row.city_inspected, row.province_inspected


@pytest.mark.req("R22")
def test_conclusion_flag_and_hand_over(plan_id: int, as_user: AsUser, folder: Path) -> None:
    with as_user("changde"), unit_of_work() as session:
        sheet = services.begin(session, plan_id)
        missing = findings(lambda: services.conclude(session, sheet, sheet.version))
        assert set(missing) == {"inspector_phone", "conclusion", "inspection_sheet", "items"}
    with as_user("changde"), unit_of_work() as session:
        sheet = written(session, folder, plan_id, problem="3 栋门前路面未修复")
        assert (sheet.level, sheet.state) == ("city", "draft")
        key, first = sheet.id, sheet.items[0].id
    with as_user("dingcheng"):
        with pytest.raises(OutOfScope):
            queries.get_inspection(db.session(), key)
        assert attachments.of_owner(db.session(), "InspectionItem", first)
    with as_user("changde"), unit_of_work() as session:
        sheet = queries.get_inspection(session, key)
        services.conclude(session, sheet, sheet.version)
        issue = issues.of_item(session, first)
        assert (issue.state, issue.level, issue.source) == ("draft", "city", "city_check")
        assert (issue.responsible_unit, issue.problem) == ("测试单位", "3 栋门前路面未修复")
        assert supervision.create_from_inspection(session, first).id == issue.id
        issue_id = issue.id
    assert flags(plan_id) == (False, True, False)
    with as_user("dingcheng"), unit_of_work() as session:
        seen = queries.get_inspection(session, key)
        assert seen.problem_count == 1
        with pytest.raises(OutOfScope):
            issues.get_issue(session, issue_id)
        assert findings(lambda: services.annul(session, seen, seen.version, "不服")) == ["M1.6.7.3"]
        assert findings(lambda: supervision.create_from_inspection(session, first)) == ["R22"]
        with pytest.raises(Refused):
            attach(session, folder, "InspectionItem", first, "photo", "png")
    late = {"deadline": (calendar.today() - dt.timedelta(days=1)).isoformat(), "responsible_person": ""}

    def open_late() -> None:
        with as_user("changde"), unit_of_work() as session:
            issue = issues.get_issue(session, issue_id)
            supervision.open_issue(session, issue, late, issue.version)

    assert findings(open_late) == ["responsible_person", "deadline"]
    with as_user("changde"), unit_of_work() as session:
        issue = issues.get_issue(session, issue_id)
        supervision.open_issue(session, issue, {}, issue.version)
    with as_user("dingcheng"):
        assert issues.get_issue(db.session(), issue_id).state == "open"
    with as_user("changde"), unit_of_work() as session:
        sheet = queries.get_inspection(session, key)
        assert findings(lambda: services.annul(session, sheet, sheet.version, "")) == ["reason"]
        services.annul(session, queries.get_inspection(session, key), sheet.version, "查错了片区")
        assert issues.get_issue(session, issue_id).state == "open"
    assert flags(plan_id) == (False, False, False)
    _rectified(folder, as_user, issue_id)


def _rectified(folder: Path, as_user: AsUser, issue_id: int) -> None:
    """Filed with evidence by the county, judged by the level that opened it; its notice stands as long as it waits."""

    def step(username: str, do: Callable[..., Any], *said: str) -> int:
        with as_user(username), unit_of_work() as session:
            issue = issues.get_issue(session, issue_id)
            do(session, issue, *said, issue.version)
        with acting_as(SYSTEM):
            mine = (Notice.matter == "SupervisionIssue", Notice.matter_id == issue_id, Notice.done_at.is_(None))
            return len(db.session.scalars(select(Notice.id).where(*mine)).all())

    assert findings(lambda: step("dingcheng", supervision.rectify, "")) == ["text", "evidence"]
    with as_user("dingcheng"), unit_of_work() as session:
        attach(session, folder, "SupervisionIssue", issue_id, "evidence", "pdf")
    with pytest.raises(NotAllowed):
        step("changde", supervision.rectify, "已修复")
    assert step("dingcheng", supervision.rectify, "已修复路面") == 0
    with as_user("dingcheng"), unit_of_work() as session, pytest.raises(Refused):
        attach(session, folder, "SupervisionIssue", issue_id, "evidence")
    assert findings(lambda: step("dingcheng", supervision.confirm)) == ["R22"]
    assert findings(lambda: step("changde", supervision.send_back, " ")) == ["text"]
    assert step("changde", supervision.send_back, "照片看不清") >= 1
    assert step("dingcheng", supervision.rectify, "已重新拍照") == 0
    assert step("changde", supervision.confirm) == 0
    with as_user("hunan"):
        issue = issues.get_issue(db.session(), issue_id)
        assert (issue.state, issue.rectification) == ("confirmed", "已重新拍照") and issue.confirmed_at is not None


def test_two_inspectors_fill_one_sheet(plan_id: int, as_user: AsUser, folder: Path) -> None:
    """Each content has a lock of its own; the sheet's form does not overwrite what a colleague said."""
    with as_user("dingcheng"), unit_of_work() as session:
        sheet = services.begin(session, plan_id)
        one, two = sheet.items
        assert services.begin(session, plan_id).id == sheet.id
        seen = {item.id: {"finding": "", "version": str(item.version)} for item in sheet.items}
        services.answer(session, one.id, {"finding": "ok"}, one.version)
        with pytest.raises(StaleRow):
            services.answer(session, one.id, {"finding": "problem"}, 1 if one.version != 1 else 99)
        with pytest.raises(StaleRow):
            services.save(session, sheet, {}, {one.id: {**seen[one.id], "finding": "problem"}}, sheet.version)
        services.save(session, sheet, {}, {two.id: {**seen[two.id], "finding": "ok"}}, sheet.version)
        assert [item.finding for item in sheet.items] == ["ok", "ok"]
    with as_user("dingcheng_review"), pytest.raises(NotAllowed):
        services.begin(db.session(), plan_id)


def test_the_rest_is_fine_and_giving_up(plan_id: int, as_user: AsUser) -> None:
    with as_user("hunan"), unit_of_work() as session:
        sheet = services.begin(session, plan_id)
        services.answer(
            session, sheet.items[0].id, {"finding": "problem", "problem": "x"}, sheet.items[0].version
        )
        assert services.rest_is_fine(session, sheet, sheet.version) == 1
        services.discard(session, sheet, sheet.version)
        assert queries.of_plan(session, plan_id) == []
    assert flags(plan_id) == (False, False, False)


def test_concluded_and_given_up_at_once(app_db: Flask, plan_id: int, as_user: AsUser, folder: Path) -> None:
    with as_user("dingcheng"), unit_of_work() as session:
        sheet = written(session, folder, plan_id)
        key, version = sheet.id, sheet.version
    db.session.remove()
    jobs = [
        lambda s: services.conclude(s, queries.get_inspection(s, key), version).state,
        lambda s: services.discard(s, queries.get_inspection(s, key), version).state,
    ]
    answers = at_once(app_db, "dingcheng", jobs)
    assert sorted(type(answer).__name__ for answer in answers) == ["StaleRow", "str"], answers
    assert flags(plan_id)[0] is ("concluded" in answers)


@pytest.mark.req("R20", "R21")
def test_watermarked_copies(app_db: Flask, plan_id: int, as_user: AsUser, folder: Path) -> None:
    """Original and copy are both kept; the copy goes with its photo, and the tidy leaves it alone till then."""
    with as_user("dingcheng"), unit_of_work() as session:
        item = services.begin(session, plan_id).items[0].id
        attach(session, folder, "InspectionItem", item, "photo")
        photo = attachments.of_owner(session, "InspectionItem", item)[0]
        photo.told_at, photo.told_lng, photo.told_lat = utcnow(), Decimal("111.68"), Decimal("29.01")
        key, original = photo.id, photo.sha256
    with acting_as(SYSTEM):
        for _twice in range(2):
            make_watermark(lambda *_done: None, key)
        photo = attachments.find(db.session(), key)
        lines = caption(db.session(), queries.find_item(db.session(), item), photo)
        assert lines[0].startswith("拍摄 ") and lines[1].startswith("位置 111.680000, 29.010000")
        assert lines[2].startswith("认定片区 · ") and lines[3] == "区县巡查 · 鼎城区填报员"
        copy = attachments.watermark(db.session(), key).file
        assert copy.sha256 != original and copy.kind == "jpeg"
        with storage().open(copy.storage_key) as content:
            marked = Image.open(BytesIO(content.read()))
            assert marked.size == (64, 48) and marked.getpixel((32, 47))[0] < 140
        tidy(utcnow() + dt.timedelta(hours=3))
        mine = (original, copy.sha256)
        wrong = verify_files(db.session(), older_than=dt.timedelta(0))
        assert not [text for text in wrong if any(digest in text for digest in mine)]
        with unit_of_work() as session:
            session.delete(session.get(Attachment, key))
        assert attachments.watermark(db.session(), key) is None
        tidy(utcnow() + dt.timedelta(hours=3))
        assert db.session.get(StoredFile, copy.sha256) is None
