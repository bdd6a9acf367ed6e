"""The demo world's recognitions, inspections and supervision issues: one in every state, on the demo's reports."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.principal import actor_of
from app.annual_plans.models import PlanTask
from app.attachments import queries as attachments
from app.attachments.services import attach_file
from app.cli.demo_doubts import wall
from app.cli.demo_pictures import photo, scan
from app.inspections import services as inspections
from app.inspections.models import Inspection
from app.inspections.rules import PHOTO, SHEET
from app.kernel import calendar
from app.persistence.closing import settle
from app.persistence.context import acting_as, current_actor
from app.recognition import queries, rules, takeover
from app.recognition import services as recognition
from app.recognition.models import Recognition
from app.supervision import queries as supervision
from app.supervision import services as issues

# plan → how far its recognitions have come
LIVES: tuple[tuple[str, str, str], ...] = (
    ("43070320200518312", "recognised", "recognised"),
    ("43070320200518313", "recognised", "draft"),
    ("43070320200518317", "submitted", ""),
    ("43070320200907214", "returned", ""),
    ("43070320200908516", "revoked", ""),
)
# plan, who inspects, conclusion ('' while it is being written), what is wrong with the first content
VISITS: tuple[tuple[str, str, str, str], ...] = (
    ("43070320200518312", "dingcheng", "consistent", ""),
    ("43070320200518312", "hunan", "mostly", "3 栋门前路面未修复，有积水。"),
    ("43070320200518313", "changde", "inconsistent", "申报改造中，现场未见施工。"),
    ("43070320200518317", "dingcheng", "", ""),
)
NAMES = {
    "project_approval": "立项批复文件", "bid_notice": "中标通知书", "construction_contract": "施工合同",
    "start_order": "开工令", "acceptance_report": "竣工验收报告", "acceptance_record": "竣工验收备案表",
    "photo_before": "改造前", "photo_during": "改造中", "photo_after": "改造后",
}  # fmt: skip
STAFF = {"recognisers": "陈某、李某", "recogniser_phone": "13800000031"}
_RETURNED, _REVOKED = "开工令照片看不清，请重新上传。", "开工时间填报有误，撤销后重新认定。"


def load_checks(session: Session) -> int:
    """Recognitions and inspections of a portal that has none, through the services; the caller commits.

    Plans whose scheme has no contents are passed over. Returns how many were made.
    """
    if session.execute(select(Recognition.id).limit(1)).first() is not None:
        return 0
    settle(session)
    made = 0
    for code, start, finish in LIVES:
        plan = _plan(session, code)
        if plan is None or not queries.contents_of(session, plan.id):
            continue
        for kind, state in (("start", start), ("finish", finish)):
            if state:
                _recognise(session, plan.id, kind, state)
                made += 1
    for code, login, conclusion, problem in VISITS:
        plan = _plan(session, code)
        if plan is not None and queries.contents_of(session, plan.id):
            _inspect(session, plan.id, login, conclusion, problem)
            made += 1
    return made


def _plan(session: Session, code: str) -> PlanTask | None:
    wanted = select(PlanTask).where(PlanTask.code == code).execution_options(populate_existing=True)
    return session.scalars(wanted).first()


def _as(session: Session, login: str) -> Any:
    """Run a block as a demo account."""
    key = session.scalars(select(Account.id).where(Account.username == login)).one()
    return acting_as(actor_of(key))


def _recognise(session: Session, plan_id: int, kind: str, state: str) -> None:
    """From draft as far as ``state`` says; documents and photos are taken over from the reports."""
    with _as(session, "dingcheng"):
        row = recognition.begin(session, plan_id, kind)
        for source in takeover.sources(session, row):
            takeover.take_over(session, row, source.kind, source.id, row.version)
        on = calendar.today() - dt.timedelta(days=40 if kind == "start" else 3)
        items = (
            {item.id: {"state": "finished"} for item in row.items}
            if kind == "finish" and state != "draft"
            else {}
        )
        row = recognition.save(session, row, {**STAFF, "recognised_on": on.isoformat()}, items, row.version)
        _complete(session, row)
        if state == "draft":
            return
        row = recognition.submit(session, row, row.version, confirmed=True)
    if state == "submitted":
        return
    with _as(session, "dingcheng_review"):
        if state == "returned":
            recognition.send_back(session, row, row.version, _RETURNED)
            return
        row = recognition.recognise(session, row, row.version, confirmed=True)
        if state == "revoked":
            recognition.revoke(session, row, row.version, _REVOKED)


def _complete(session: Session, row: Recognition) -> None:
    """Documents and photos that the reports did not have."""
    have = attachments.present(session, "Recognition", row.id)
    for purpose in rules.DOCUMENTS[row.kind]:
        if purpose not in have:
            content = scan(purpose.replace("_", " ").upper(), f"No. {row.id:05d}", "DEMO")
            _attach(session, "Recognition", row.id, purpose, f"{NAMES[purpose]}.pdf", content)
    photos = queries.photos_of(session, [item.id for item in row.items])
    needed = ("photo_before", "photo_during") if row.kind == "start" else ("photo_after",)
    for item in row.items:
        if item.state == "not_started":
            continue
        for purpose in needed:
            if purpose not in photos.get(item.id, ()):
                content = photo(f"recognition {item.id} {purpose}", calendar.now(), None, None)
                _attach(session, "RecognitionItem", item.id, purpose, f"{NAMES[purpose]}{item.id}.jpg", content)


def _inspect(session: Session, plan_id: int, login: str, conclusion: str, problem: str) -> None:
    """A visit with its sheet; a problem has a photo and goes to supervision."""
    with _as(session, login):
        row = inspections.begin(session, plan_id)
        if not conclusion:
            inspections.answer(session, row.items[0].id, {"finding": "ok"}, row.items[0].version)
            return
        for number, item in enumerate(row.items):
            typed: dict[str, Any] = {"finding": "ok"}
            if problem and number == 0:
                due = calendar.today() + dt.timedelta(days=15)
                typed = {
                    "finding": "problem",
                    "problem": problem,
                    "hand_over": True,
                    "deadline": due.isoformat(),
                }
                now = calendar.now()
                content = wall(now) if login == "changde" else photo(f"inspection {item.id}", now, None, None)
                _attach(session, "InspectionItem", item.id, PHOTO, f"现场照片{item.id}.jpg", content)
            inspections.answer(session, item.id, typed, item.version)
        _attach(
            session, "Inspection", row.id, SHEET, "现场检查表.pdf", scan("CHECK SHEET", f"No. {row.id:05d}")
        )
        typed = {"inspectors": "王某、赵某", "inspector_phone": "13800000032", "conclusion": conclusion}
        row = inspections.save(session, row, typed, {}, row.version)
        row = inspections.conclude(session, row, row.version)
        if login == "changde":
            _open(session, row)


def _open(session: Session, inspection: Inspection) -> None:
    """One of the issues is opened already."""
    for item in inspection.items:
        issue = supervision.of_item(session, item.id)
        if issue is not None:
            person = {"responsible_unit": "鼎城区住房保障服务中心", "responsible_person": "陈某"}
            issues.open_issue(session, issue, person, issue.version)


def _attach(session: Session, entity: str, owner_id: int, purpose: str, name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        attach_file(session, current_actor(), entity, owner_id, purpose, name, path)
