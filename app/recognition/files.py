"""Where the stage documents and photos of a recognition belong (R14, R15)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attachments.owners import Owner, declare
from app.attachments.services import copy_attachments
from app.kernel.errors import N_, Message, msg
from app.persistence.context import current_actor
from app.recognition import queries
from app.recognition.models import Recognition, RecognitionItem
from app.recognition.rules import DOCUMENTS, EDITABLE, FLOW, PHOTOS


def find(session: Session, recognition_id: int) -> Recognition | None:
    """A recognition of the actor's scope, or None."""
    return session.scalars(select(Recognition).where(Recognition.id == recognition_id)).first()


def hold(session: Session, recognition: Recognition) -> None:
    """Keep the recognition as it is until the file is stored: it cannot be submitted at the same moment."""
    _hold(session, recognition.id)


def item_hold(session: Session, item: RecognitionItem) -> None:
    """As `hold`, for the photos of a content."""
    _hold(session, item.recognition_id)


def _hold(session: Session, recognition_id: int) -> None:
    row = select(Recognition).where(Recognition.id == recognition_id).with_for_update(read=True)
    session.execute(row.execution_options(populate_existing=True)).all()


def closed(recognition: Recognition) -> Message | None:
    """Why files cannot change now, or None while it is a draft or was returned."""
    if recognition.state in EDITABLE:
        return None
    text = N_("The recognition is “%(state)s”: it can be changed only as a draft or after it was returned.")
    return msg(text, state=msg(FLOW.states[recognition.state]))


def item_closed(item: RecognitionItem) -> Message | None:
    """As `closed`, for the photos of a content."""
    return closed(item.recognition)


_DOCUMENTS = tuple(purpose for purposes in DOCUMENTS.values() for purpose in purposes)
OWNER = declare(
    Owner("Recognition", Recognition, find, _DOCUMENTS, resource="Recognition", closed=closed, hold=hold)
)
ITEM_OWNER = declare(
    Owner(
        "RecognitionItem", RecognitionItem, queries.find_item, tuple(PHOTOS), resource="Recognition",
        closed=item_closed, hold=item_hold, judged=True,
    )
)  # fmt: skip


def carry_photos(session: Session, source_id: int, target_id: int) -> int:
    """The photos of a content join those of the same content in a later recognition; contents are shared."""
    return copy_attachments(
        session, current_actor(), ("RecognitionItem", source_id), ("RecognitionItem", target_id)
    )
