"""Where the evidence of a rectification belongs (R22)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attachments.owners import Owner, declare
from app.kernel.errors import N_, Message, msg
from app.supervision import queries
from app.supervision.models import SupervisionIssue
from app.supervision.rules import EVIDENCE, FLOW, UNRECTIFIED


def hold(session: Session, issue: SupervisionIssue) -> None:
    """Keep the issue as it is until the file is stored: its rectification cannot be filed at the same moment."""
    row = select(SupervisionIssue).where(SupervisionIssue.id == issue.id).with_for_update(read=True)
    session.execute(row.execution_options(populate_existing=True)).all()


def closed(issue: SupervisionIssue) -> Message | None:
    """Why files cannot change now, or None while something is to be rectified."""
    if issue.state in UNRECTIFIED:
        return None
    text = N_("The issue is “%(state)s”: evidence is added only while it is to be rectified.")
    return msg(text, state=msg(FLOW.states[issue.state]))


OWNER = declare(
    Owner(
        "SupervisionIssue", SupervisionIssue, queries.find, (EVIDENCE,), resource="SupervisionIssue",
        write="can_submit", closed=closed, hold=hold,
    )
)  # fmt: skip
