"""The only writer of works projects (M1.6.5.1): create, change, recycle bin. Nothing here commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.annual_plans.services import kept_because
from app.kernel.errors import N_, Finding, Message, NotAllowed, RuleViolation, StaleRow, msg
from app.kernel.observers import Observers
from app.persistence.context import current_actor
from app.persistence.transitions import log_transition
from app.persistence.types import utcnow
from app.persistence.work import explain_constraint
from app.works import rules
from app.works.models import WorksProject
from app.works.queries import get_project, projects_of

held_by: Observers[[Session, Sequence[int]], Mapping[int, int]] = Observers()
"""Answers works project id → number of records of later stages that keep it from the recycle bin."""

for _name, _rule, _field, _text in (
    ("ck_works_project_name_given", "M1.6.5.1", "name", msg("Required.")),
    ("fk_works_project_plan", "M1.6.5.1", None, msg("The plan task of this works project is gone.")),
):
    explain_constraint(_name, _rule, _field, _text)


@kept_because.register
def keeps_plan(session: Session, plan: PlanTask) -> Message | None:
    """A plan task with works projects stays."""
    if not projects_of(session, plan.id):
        return None
    return msg("“%(name)s” has works projects: it cannot be deleted.", name=plan.name)


def _require(action: str) -> None:
    if not current_actor().may(f"can_{action}", "WorksProject"):
        raise NotAllowed(msg("You are not permitted to do this."))


def create_project(session: Session, plan: PlanTask, typed: Mapping[str, Any]) -> WorksProject:
    """A new works project of a plan task that the actor holds, from the fields of `rules.FIELDS` as typed.

    Raises: NotAllowed, RuleViolation with a finding at every field that is missing or cannot be read.
    """
    _require("add")
    values, found = rules.read(typed)
    found = _with_missing(values, found)
    if found:
        raise RuleViolation(found)
    me, now = current_actor().username, utcnow()
    project = WorksProject(
        county_code=plan.county_code, plan_task_id=plan.id, **values,
        created_by=me, updated_by=me, created_at=now, updated_at=now,
    )  # fmt: skip
    session.add(project)
    session.flush()
    log_transition(session, project, "create", "", "")
    return project


def _with_missing(values: Mapping[str, Any], found: list[Finding]) -> list[Finding]:
    """Findings of reading, and of the whole where a field was not refused already."""
    wrong = {finding.field for finding in found}
    return found + [finding for finding in rules.findings(values) if finding.field not in wrong]


def update_project(
    session: Session, project: WorksProject, typed: Mapping[str, Any], version: int
) -> WorksProject:
    """Change the typed fields. Raises: NotAllowed, StaleRow (with what stands now), RuleViolation."""
    _require("edit")
    values, found = rules.read(typed)
    if project.version != version:
        raise StaleRow({field: getattr(project, field) for field in typed if field in rules.FIELDS},
                       project.version)  # fmt: skip
    whole = {field: getattr(project, field) for field in rules.FIELDS} | values
    found = _with_missing(whole, found)
    if found:
        raise RuleViolation(found)
    for field, value in values.items():
        setattr(project, field, value)
    project.updated_at, project.updated_by = utcnow(), current_actor().username
    session.flush()
    return project


def delete_projects(session: Session, ids: Sequence[int]) -> list[int]:
    """To the recycle bin; refused, with their names, while they have month reports. Raises: RuleViolation."""
    _require("delete")
    projects = [get_project(session, project_id, lock=True) for project_id in sorted(set(ids))]
    held: dict[int, int] = {}
    for answer in held_by(session, [project.id for project in projects]):
        held.update({key: held.get(key, 0) + number for key, number in answer.items()})
    text = N_("“%(name)s” has %(number)s month reports: it cannot be deleted.")
    refused = [
        Finding("M1.6.5.1", "error", str(one.id), msg(text, name=one.name, number=held[one.id]))
        for one in projects
        if held.get(one.id)
    ]
    if refused:
        raise RuleViolation(refused)
    for project in projects:
        project.deleted_at, project.deleted_by = utcnow(), current_actor().username
    session.flush()
    return [project.id for project in projects]


def restore_projects(session: Session, ids: Sequence[int]) -> list[int]:
    """Back from the recycle bin; returns the ids that came back."""
    _require("restore")
    restored = []
    for project_id in sorted(set(ids)):
        project = get_project(session, project_id, deleted=True)
        if project.deleted_at is not None:
            project.deleted_at, project.deleted_by = None, ""
            restored.append(project.id)
    session.flush()
    return restored
