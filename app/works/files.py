"""Stage files of works projects: where they belong, and that what was confirmed stays (M1.6.5.2, R25)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.attachments.models import Attachment
from app.attachments.owners import Owner, declare
from app.kernel.errors import Message
from app.kernel.observers import Observers
from app.works.models import WorksProject
from app.works.queries import find
from app.works.rules import PURPOSES

kept_because: Observers[[Session, WorksProject, Attachment], Message | None] = Observers()
"""Answers of later stages why a stage file may not be removed any more, or None."""


def kept(session: Session, project: Any, file: Any) -> Message | None:
    """The first reason why a stage file stays."""
    return next((why for why in kept_because(session, project, file) if why), None)


OWNER = declare(Owner("WorksProject", WorksProject, find, PURPOSES, resource="WorksProject", kept=kept))
"""Files may be added at any time: a fact is entered once and counts in every later month."""
