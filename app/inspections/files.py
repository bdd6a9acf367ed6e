"""Where the signed check sheet and the photos of an inspection belong (M1.6.7.3)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.areas import queries as areas
from app.attachments.models import Attachment
from app.attachments.owners import Owner, declare
from app.inspections import queries
from app.inspections.models import Inspection, InspectionItem
from app.inspections.rules import FLOW, LEVELS, PHOTO, SHEET, may_write
from app.kernel.errors import N_, Message, msg
from app.kernel.geo import haversine_m
from app.persistence.context import current_actor
from app.web.wording import in_default_language, local_time

TIME = "%Y-%m-%d %H:%M:%S"


def hold(session: Session, inspection: Inspection) -> None:
    """Keep the inspection as it is until the file is stored: it cannot be concluded at the same moment."""
    _hold(session, inspection.id)


def item_hold(session: Session, item: InspectionItem) -> None:
    """As `hold`, for the photos of a content."""
    _hold(session, item.inspection_id)


def _hold(session: Session, inspection_id: int) -> None:
    row = select(Inspection).where(Inspection.id == inspection_id).with_for_update(read=True)
    session.execute(row.execution_options(populate_existing=True)).all()


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


def caption(session: Session, item: InspectionItem, photo: Attachment) -> list[str]:
    """What a photo's watermarked copy says: time and place as told, distance, plan, content, inspectors."""
    inspection = item.inspection
    plan = session.get(PlanTask, inspection.plan_task_id)
    at, received = local_time(photo.told_at or photo.created_at, TIME), local_time(photo.created_at, TIME)
    said: list[Message] = [msg("Taken %(at)s · received %(received)s", at=at, received=received)]
    if photo.told_lng is None or photo.told_lat is None:
        said.append(msg("Position not told by the phone"))
    else:
        said.append(msg("Position %(lng)s, %(lat)s", lng=photo.told_lng, lat=photo.told_lat))
        away = distance(session, inspection.plan_task_id, float(photo.told_lng), float(photo.told_lat))
        if away is not None:
            said.append(msg("%(metres)s m from the nearest community", metres=away))
    time, *place = map(in_default_language, said)
    level = in_default_language(Message(LEVELS[inspection.level]))
    return [
        time, " · ".join(place), f"{plan.name if plan else ''} · {item.content}",
        f"{level} · {inspection.inspectors or photo.uploader}",
    ]  # fmt: skip


def distance(session: Session, plan_id: int, lng: float, lat: float) -> int | None:
    """Metres from a point to the nearest community of a plan; None where no community has a point."""
    points = [
        (float(row["lng"]), float(row["lat"]))
        for row in areas.all_communities_of(session, "plan_task", plan_id)
        if row["lng"] is not None and row["lat"] is not None
    ]
    return round(min(haversine_m(lng, lat, *point) for point in points)) if points else None


OWNER = declare(
    Owner(
        "Inspection",
        Inspection,
        queries.find,
        (SHEET, PHOTO),
        resource="Inspection",
        closed=closed,
        hold=hold,
    )
)
ITEM_OWNER = declare(
    Owner(
        "InspectionItem",
        InspectionItem,
        queries.find_item,
        (PHOTO,),
        resource="Inspection",
        closed=item_closed,
        hold=item_hold,
        caption=caption,
        judged=True,
    )
)  # fmt: skip
