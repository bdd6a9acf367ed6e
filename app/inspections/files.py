"""Where the signed check sheet and the photos of an inspection belong (M1.6.7.3)."""

from __future__ import annotations

from app.attachments.owners import Owner, declare
from app.inspections import queries
from app.inspections.models import Inspection, InspectionItem
from app.inspections.rules import FLOW, PHOTO, SHEET, may_write
from app.kernel.errors import N_, Message, msg
from app.persistence.context import current_actor


def closed(inspection: Inspection) -> Message | None:
    """Why files cannot change now, or None while its own level is writing it."""
    if may_write(current_actor(), inspection.level, inspection.state):
        return None
    text = N_(
        "The inspection is “%(state)s”: only its own level changes it, and only while it is being written."
    )
    return msg(text, state=msg(FLOW.states[inspection.state]))


def item_closed(item: InspectionItem) -> Message | None:
    """As `closed`, for the photos of a content."""
    return closed(item.inspection)


OWNER = declare(
    Owner("Inspection", Inspection, queries.find, (SHEET, PHOTO), resource="Inspection", closed=closed)
)
ITEM_OWNER = declare(
    Owner(
        "InspectionItem",
        InspectionItem,
        queries.find_item,
        (PHOTO,),
        resource="Inspection",
        closed=item_closed,
    )
)
