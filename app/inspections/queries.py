"""Selects over inspections: of a plan, of the scope; what is declared about each content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.attachments import queries as attachments
from app.inspections.models import Inspection, InspectionItem
from app.inspections.rules import FLAGS, PHOTO, visible_to
from app.kernel.errors import OutOfScope
from app.persistence.context import current_actor


def find(session: Session, inspection_id: int) -> Inspection | None:
    """An inspection the actor may know of, with its contents, fresh; or None."""
    found = session.scalars(
        select(Inspection)
        .where(Inspection.id == inspection_id)
        .options(selectinload(Inspection.items))
        .execution_options(populate_existing=True)
    ).first()
    return found if found is not None and visible_to(current_actor(), found.level, found.state) else None


def get_inspection(session: Session, inspection_id: int) -> Inspection:
    """As `find`. Raises: OutOfScope."""
    found = find(session, inspection_id)
    if found is None:
        raise OutOfScope(f"inspection {inspection_id}")
    return found


def find_item(session: Session, item_id: int) -> InspectionItem | None:
    """A content of an inspection the actor may know of, or None."""
    found = session.scalars(
        select(InspectionItem)
        .where(InspectionItem.id == item_id)
        .options(selectinload(InspectionItem.inspection))
        .execution_options(populate_existing=True)
    ).first()
    if found is None or not visible_to(current_actor(), found.inspection.level, found.inspection.state):
        return None
    return found


def of_plan(session: Session, plan_id: int) -> list[Inspection]:
    """Inspections of a plan that the actor may know of, newest first; annulled drafts are left out."""
    statement = (
        select(Inspection)
        .where(Inspection.plan_task_id == plan_id)
        .options(selectinload(Inspection.items))
        .order_by(Inspection.id.desc())
    )
    actor = current_actor()
    return [
        found
        for found in session.scalars(statement)
        if visible_to(actor, found.level, found.state) and (found.state != "void" or found.concluded_at)
    ]


def open_draft(session: Session, plan_id: int, level: str, user_id: int | None) -> Inspection | None:
    """The sheet that this person is still writing for a plan."""
    statement = select(Inspection).where(
        Inspection.plan_task_id == plan_id, Inspection.level == level, Inspection.state == "draft",
        Inspection.begun_by_id == user_id,
    )  # fmt: skip
    return session.scalars(statement.order_by(Inspection.id.desc())).first()


def concluded_levels(session: Session, plan_id: int) -> set[str]:
    """Levels of which a concluded inspection stands."""
    statement = select(Inspection.level).where(
        Inspection.plan_task_id == plan_id, Inspection.state == "concluded"
    )
    return set(session.scalars(statement.distinct().order_by(Inspection.level))) & set(FLAGS)


def rows_of(inspection: Inspection) -> list[dict[str, Any]]:
    """The contents of an inspection as the rules read them."""
    return [
        {
            "id": item.id, "content": item.content, "finding": item.finding, "problem": item.problem,
            "hand_over": item.hand_over, "deadline": item.deadline,
        }
        for item in inspection.items
    ]  # fmt: skip


def photo_counts(session: Session, item_ids: Iterable[int]) -> dict[int, int]:
    """Content → number of its photos; one statement."""
    counts: dict[int, int] = {}
    ids = list(item_ids)
    if ids:
        for photo in attachments.of_owners(session, "InspectionItem", ids, (PHOTO,)):
            counts[photo.owner_id] = counts.get(photo.owner_id, 0) + 1
    return counts
