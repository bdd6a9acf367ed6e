"""The four attachments of a scheme: where they belong, counted for R10, joined and parted on linking."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attachments import queries as attachments
from app.attachments.owners import Owner, declare
from app.attachments.services import copy_attachments, delete_attachment
from app.kernel.errors import N_, Message, msg
from app.persistence.context import current_actor
from app.schemes.carry import on_carried, on_taken_away
from app.schemes.models import Scheme
from app.schemes.rules import ATTACHMENTS, EDITABLE, FLOW, visible_to
from app.schemes.services import attachment_counts


def find(session: Session, scheme_id: int) -> Scheme | None:
    """A scheme of the actor's scope, or None; a joint reviewer's only once it came to the review."""
    found = session.scalars(select(Scheme).where(Scheme.id == scheme_id)).first()
    return found if found is not None and visible_to(current_actor(), found.review_round) else None


def closed(scheme: Scheme) -> Message | None:
    """Why files cannot change now, or None while the scheme is a draft or was returned."""
    if scheme.state in EDITABLE:
        return None
    text = N_("The scheme is “%(state)s”: it can be changed only as a draft or after it was returned.")
    return msg(text, state=msg(FLOW.states[scheme.state]))


OWNER = declare(Owner("Scheme", Scheme, find, tuple(ATTACHMENTS), resource="Scheme", closed=closed))


@attachment_counts.register
def count(session: Session, scheme: Scheme) -> Mapping[str, int]:
    """Purpose → number of stored files."""
    return attachments.present(session, "Scheme", scheme.id)


@on_carried.register
def join(session: Session, source: Scheme, target: Scheme) -> None:
    """The reserve project's files join the plan's; what is there already is left alone."""
    copy_attachments(session, current_actor(), ("Scheme", source.id), ("Scheme", target.id))


@on_taken_away.register
def part(session: Session, source: Scheme, target: Scheme) -> None:
    """Files that the plan's scheme shares with the reserve project's leave it (to the recycle bin)."""
    theirs = {(file.purpose, file.sha256) for file in attachments.of_owner(session, "Scheme", source.id)}
    for file in attachments.of_owner(session, "Scheme", target.id):
        if (file.purpose, file.sha256) in theirs:
            delete_attachment(session, current_actor(), file.id)
