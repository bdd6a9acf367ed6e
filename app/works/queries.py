"""Selects over works projects; scope and recycle bin come from the gate."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.kernel.errors import OutOfScope
from app.persistence.gate import WITH_DELETED
from app.persistence.locks import begin_writing
from app.works.models import WorksProject


def get_project(
    session: Session, project_id: int, *, lock: bool = False, deleted: bool = False
) -> WorksProject:
    """A works project of the actor's scope, fresh; ``lock``: held to the end of the transaction.

    Raises: OutOfScope.
    """
    if lock:
        begin_writing(session)
    statement = select(WorksProject).where(WorksProject.id == project_id)
    statement = statement.execution_options(populate_existing=True, **{WITH_DELETED: deleted})
    found = session.scalars(statement.with_for_update() if lock else statement).first()
    if found is None:
        raise OutOfScope(f"works project {project_id}")
    return found


def find(session: Session, project_id: int) -> WorksProject | None:
    """A works project of the actor's scope, or None."""
    return session.scalars(select(WorksProject).where(WorksProject.id == project_id)).first()


def projects(plan_ids: Sequence[int]) -> Select[tuple[WorksProject]]:
    """Works projects of some plan tasks, by plan and age."""
    mine = select(WorksProject).where(WorksProject.plan_task_id.in_(plan_ids))
    return mine.order_by(WorksProject.plan_task_id, WorksProject.id)


def projects_of(session: Session, plan_id: int) -> list[WorksProject]:
    """The works projects of a plan task, oldest first; none: its form comes before any report."""
    return list(session.scalars(projects([plan_id])))


def binned_of(session: Session, plan_id: int) -> list[WorksProject]:
    """The works projects of a plan task in the recycle bin, the last deleted first."""
    mine = select(WorksProject).where(WorksProject.plan_task_id == plan_id, WorksProject.deleted_at.is_not(None))
    found = mine.order_by(WorksProject.deleted_at.desc(), WorksProject.id)
    return list(session.scalars(found.execution_options(**{WITH_DELETED: True})))
