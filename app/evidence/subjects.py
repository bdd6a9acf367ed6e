"""What a photo is evidence of: each kind of record with photos says so once; photos of others are not judged.

declare("ReportItem", report_items)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Subject:
    """The plan task and content that a record proves.

    ``content`` is the same text for the same content of the same plan, whatever record shows it. ``reported`` says
    that the record was handed in; ``started_on`` when its works started, as far as it is known.
    """

    plan_task_id: int
    county_code: str
    content: str
    report_id: int | None = None
    reported: bool = True
    started_on: dt.date | None = None


class Photo(Protocol):
    """What is read of an attachment here."""

    id: int
    owner_entity: str
    owner_id: int


Load = Callable[[Session, Sequence[int]], Mapping[int, Subject]]
_loaders: dict[str, Load] = {}


def declare(entity: str, load: Load) -> None:
    """``load(session, ids)`` gives the subject of each record of a kind; records that no longer count are left out."""
    _loaders[entity] = load


def content_of(plan_task_id: int, catalogue_item_id: int) -> str:
    """The content of a plan, as every kind of record names it."""
    return f"{plan_task_id}:{catalogue_item_id}"


def subjects_of(session: Session, photos: Iterable[Photo]) -> dict[int, Subject]:
    """Attachment → subject; one statement for each kind of record."""
    owners: dict[str, set[int]] = {}
    listed = list(photos)
    for photo in listed:
        if photo.owner_entity in _loaders:
            owners.setdefault(photo.owner_entity, set()).add(photo.owner_id)
    found = {entity: _loaders[entity](session, sorted(ids)) for entity, ids in sorted(owners.items())}
    return {
        photo.id: subject
        for photo in listed
        if (subject := found.get(photo.owner_entity, {}).get(photo.owner_id)) is not None
    }
