"""Selects over supervision issues."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.errors import OutOfScope
from app.persistence.context import current_actor
from app.supervision.models import SupervisionIssue
from app.supervision.rules import visible_to


def find(session: Session, issue_id: int) -> SupervisionIssue | None:
    """An issue the actor may know of, fresh; or None."""
    statement = select(SupervisionIssue).where(SupervisionIssue.id == issue_id)
    found = session.scalars(statement.execution_options(populate_existing=True)).first()
    return found if found is not None and visible_to(current_actor(), found.level, found.state) else None


def get_issue(session: Session, issue_id: int) -> SupervisionIssue:
    """As `find`. Raises: OutOfScope."""
    found = find(session, issue_id)
    if found is None:
        raise OutOfScope(f"supervision issue {issue_id}")
    return found


def of_item(session: Session, item_id: int) -> SupervisionIssue | None:
    """The issue that a content of an inspection was handed over as."""
    statement = select(SupervisionIssue).where(SupervisionIssue.inspection_item_id == item_id)
    return session.scalars(statement.execution_options(populate_existing=True)).first()


def of_items(session: Session, item_ids: list[int]) -> dict[int, SupervisionIssue]:
    """Content of an inspection → its issue, where the actor may know of it; one statement."""
    if not item_ids:
        return {}
    statement = select(SupervisionIssue).where(SupervisionIssue.inspection_item_id.in_(item_ids))
    actor = current_actor()
    return {
        issue.inspection_item_id: issue
        for issue in session.scalars(statement.order_by(SupervisionIssue.id))
        if issue.inspection_item_id is not None and visible_to(actor, issue.level, issue.state)
    }
