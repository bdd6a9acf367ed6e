"""A plan whose scheme has contents, and the files that recognitions and inspections need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.attachments.services import attach_file
from app.persistence.context import current_actor
from app.recognition import queries, services
from app.recognition.models import Recognition
from app.recognition.rules import DOCUMENTS
from app.schemes import services as schemes
from tests.areas.helpers import make_plan
from tests.attachments.samples import jpeg, pdf
from tests.schemes.test_services import item

STAFF = {"recognisers": "陈某", "recogniser_phone": "13800000000"}


def plan_with_contents(session: Session, *codes: str, name: str = "认定片区") -> Any:
    """A plan task of 鼎城区 with a draft scheme of these contents."""
    plan = make_plan(session, name)
    scheme = schemes.ensure_scheme(session, plan)
    schemes.save_items(
        session, scheme, {item(code).id: ("100", "") for code in codes or ("GN-B01", "GN-B02")}
    )
    return plan


def attach(session: Session, folder: Path, entity: str, owner_id: int, purpose: str, kind: str = "") -> None:
    """A small file, different for every record and purpose."""
    path = folder / f"{entity}-{owner_id}-{purpose}.{kind or 'jpg'}"
    seed = owner_id * 31 + len(purpose) * 7 + (5 if entity == "RecognitionItem" else 0)
    path.write_bytes(pdf(text=path.name) if kind == "pdf" else jpeg(64, 48, seed=seed))
    attach_file(session, current_actor(), entity, owner_id, purpose, path.name, path)


def documents(session: Session, folder: Path, recognition: Recognition) -> None:
    for purpose in DOCUMENTS[recognition.kind]:
        attach(session, folder, "Recognition", recognition.id, purpose, "pdf")


def fill_start(session: Session, folder: Path, recognition: Recognition, on: str) -> Recognition:
    """Everything R14 asks for: one content under renovation, the others not begun."""
    first = recognition.items[0]
    documents(session, folder, recognition)
    for purpose in ("photo_before", "photo_during"):
        attach(session, folder, "RecognitionItem", first.id, purpose)
    typed = {**STAFF, "recognised_on": on}
    states = {first.id: {"state": "in_progress", "quantity1": "40"}}
    return services.save(session, recognition, typed, states, recognition.version)


def fill_finish(session: Session, folder: Path, recognition: Recognition, on: str) -> Recognition:
    """Everything R15 asks for."""
    documents(session, folder, recognition)
    for one in recognition.items:
        attach(session, folder, "RecognitionItem", one.id, "photo_after")
    states = {one.id: {"state": "finished", "quantity1": "100"} for one in recognition.items}
    return services.save(session, recognition, {**STAFF, "recognised_on": on}, states, recognition.version)


def get(session: Session, recognition_id: int) -> Recognition:
    return queries.get_recognition(session, recognition_id)
