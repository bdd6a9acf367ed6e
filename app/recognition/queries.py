"""Selects over recognitions, the contents of a plan's scheme and the photos of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.annual_plans.models import PlanTask
from app.attachments import queries as attachments
from app.kernel.errors import OutOfScope
from app.recognition.models import Recognition, RecognitionItem
from app.recognition.rules import LIVE, PHOTOS
from app.schemes import queries as schemes

SNAPSHOT = ("category", "content", "detail", "unit1", "unit2", "order")


def get_recognition(session: Session, recognition_id: int) -> Recognition:
    """A recognition of the actor's scope with its contents, fresh. Raises: OutOfScope."""
    found = session.scalars(
        select(Recognition)
        .where(Recognition.id == recognition_id)
        .options(selectinload(Recognition.items))
        .execution_options(populate_existing=True)
    ).first()
    if found is None:
        raise OutOfScope(f"recognition {recognition_id}")
    return found


def lock_plan(session: Session, plan_id: int) -> PlanTask:
    """The plan task, fresh and locked to the transaction's end: always before what hangs on it.

    Raises: OutOfScope.
    """
    statement = select(PlanTask).where(PlanTask.id == plan_id).with_for_update(key_share=True)
    found = session.scalars(statement.execution_options(populate_existing=True)).first()
    if found is None:
        raise OutOfScope(f"plan task {plan_id}")
    return found


def of_plan(session: Session, plan_id: int) -> list[Recognition]:
    """Every recognition of a plan with its contents, newest first; discarded drafts are left out."""
    statement = (
        select(Recognition)
        .where(Recognition.plan_task_id == plan_id, Recognition.state != "discarded")
        .options(selectinload(Recognition.items))
        .order_by(Recognition.id.desc())
    )
    return list(session.scalars(statement))


def live(session: Session, plan_id: int, kind: str) -> Recognition | None:
    """The one recognition of this kind that is under way or stands."""
    statement = select(Recognition).where(
        Recognition.plan_task_id == plan_id, Recognition.kind == kind, Recognition.state.in_(LIVE)
    )
    return session.scalars(statement.order_by(Recognition.id.desc())).first()


def contents_of(session: Session, plan_id: int) -> list[dict[str, Any]]:
    """The contents of a plan's scheme as plain rows, in the order of the catalogue."""
    scheme = schemes.scheme_of(session, "plan_task", plan_id)
    return schemes.rows_of(scheme) if scheme is not None else []


def snapshot(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of `ContentRow` for a row of `contents_of`."""
    return {
        **{name: row[name] for name in SNAPSHOT}, "catalogue_item_id": row["item_id"],
        "content_code": row["code"], "planned1": row["quantity1"], "planned2": row["quantity2"],
    }  # fmt: skip


def rows_of(recognition: Recognition) -> list[dict[str, Any]]:
    """The contents of a recognition as the rules read them."""
    return [
        {
            "id": item.id, "code": item.content_code, "content": item.content, "state": item.state,
            "quantity1": item.quantity1, "quantity2": item.quantity2, "planned1": item.planned1,
            "planned2": item.planned2, "unit1": item.unit1, "unit2": item.unit2,
        }
        for item in recognition.items
    ]  # fmt: skip


def photos_of(session: Session, item_ids: Iterable[int]) -> dict[int, set[str]]:
    """Content → purposes of which it has photos; one statement."""
    ids = list(item_ids)
    found: dict[int, set[str]] = {}
    if ids:
        for photo in attachments.of_owners(session, "RecognitionItem", ids, tuple(PHOTOS)):
            found.setdefault(photo.owner_id, set()).add(photo.purpose)
    return found


def find_item(session: Session, item_id: int) -> RecognitionItem | None:
    """A content of a recognition of the actor's scope."""
    return session.scalars(select(RecognitionItem).where(RecognitionItem.id == item_id)).first()
