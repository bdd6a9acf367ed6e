"""Which records may hold files: each capability declares its own; what nobody declared does not exist.

declare(Owner("Community", Community, record_queries.find, purposes=("evidence",), resource="Community"))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.attachments.rules import PURPOSES, Purpose
from app.kernel.actor import Actor
from app.kernel.errors import Message, NotAllowed, OutOfScope, PortalError, msg
from app.persistence.base import PlanScoped


class Refused(PortalError):
    """The record's state allows no change of its files at present (409)."""

    status = 409


def _open_state(_row: Any) -> Message | None:
    return None


def _nothing_to_hold(_session: Session, _row: Any) -> None:
    return None


def _nothing_kept(_session: Session, _row: Any, _file: Any) -> Message | None:
    return None


@dataclass(frozen=True)
class Owner:
    """A kind of record that holds files.

    ``load(session, id)`` returns the record through the scope gate or None; it has ``id``, ``county_code``.
    Reading needs ``(read, resource)``, writing ``(write, resource)``, both beside the rights on attachments.
    ``closed(row)`` says why the record's state forbids changes (a submitted scheme), or None;
    ``hold(session, row)`` locks before a change what ``closed`` looks at; ``kept(session, row, attachment)``
    says why a file may not be removed any more, or None. ``caption(session, row, attachment)`` gives the lines
    that photos of the record are watermarked with. ``judged``: what is doubtful about a photo stands beside it (R20).
    """

    entity: str
    model: type[Any]
    load: Callable[[Session, int], Any | None]
    purposes: tuple[str, ...]
    resource: str
    read: str = "can_show"
    write: str = "can_edit"
    closed: Callable[[Any], Message | None] = field(default=_open_state)
    hold: Callable[[Session, Any], None] = field(default=_nothing_to_hold)
    kept: Callable[[Session, Any, Any], Message | None] = field(default=_nothing_kept)
    caption: Callable[[Session, Any, Any], list[str]] | None = None
    judged: bool = False


_owners: dict[str, Owner] = {}


def declare(owner: Owner) -> Owner:
    """Make a kind of record known. Raises: KeyError for an unknown purpose."""
    for purpose in owner.purposes:
        PURPOSES[purpose]
    _owners[owner.entity] = owner
    return owner


def declared() -> list[Owner]:
    return list(_owners.values())


def _owner(entity: str) -> Owner:
    if entity not in _owners:
        raise OutOfScope(f"owner {entity}")
    return _owners[entity]


def caption_of(entity: str) -> Callable[[Session, Any, Any], list[str]] | None:
    """How photos of this kind of record are watermarked, or None where they are not."""
    return _owner(entity).caption


def judged(entity: str) -> bool:
    """Whether what is doubtful about the photos of this kind of record stands beside each."""
    return _owner(entity).judged


def load(session: Session, entity: str, owner_id: int) -> Any | None:
    """The record through its own way of finding it, or None."""
    return _owner(entity).load(session, owner_id)


def purpose_of(entity: str, key: str) -> Purpose:
    """The purpose as the owner declared it. Raises: OutOfScope."""
    if key not in _owner(entity).purposes:
        raise OutOfScope(f"purpose {key} of {entity}")
    return PURPOSES[key]


def readable(session: Session, actor: Actor, entity: str, owner_id: int) -> Any:
    """The record whose files are asked for. Raises: OutOfScope (does not exist for the actor), NotAllowed."""
    owner = _owner(entity)
    row = owner.load(session, owner_id)
    if row is None:
        raise OutOfScope(f"{entity} {owner_id}")
    if not actor.may(owner.read, owner.resource):
        raise NotAllowed(msg("Your role does not include this function."))
    return row


def may_write(actor: Actor, entity: str, row: Any) -> bool:
    """Whether to offer uploading and deleting at all."""
    owner = _owner(entity)
    return (
        actor.may("can_add", "Attachment")
        and actor.may(owner.write, owner.resource)
        and owner.closed(row) is None
    )


def writable(session: Session, actor: Actor, entity: str, owner_id: int) -> Any:
    """The record whose files are to change. Raises: OutOfScope, NotAllowed, Refused (by its state)."""
    row = readable(session, actor, entity, owner_id)
    owner = _owner(entity)
    if not actor.may(owner.write, owner.resource):
        raise NotAllowed(msg("Your role does not include this function."))
    owner.hold(session, row)
    if reason := owner.closed(row):
        raise Refused(reason)
    return row


def removable(session: Session, actor: Actor, file: Any) -> Any:
    """The record that a file may be taken away from. Raises: OutOfScope, NotAllowed, Refused."""
    row = writable(session, actor, file.owner_entity, file.owner_id)
    if reason := _owner(file.owner_entity).kept(session, row, file):
        raise Refused(reason)
    return row


def plan_of(row: Any) -> int | None:
    """The plan task a file belongs to with its record, where the record's kind exists for construction units."""
    return row.plan_task_id if isinstance(row, PlanScoped) else None


def purposes_of(entity: str) -> tuple[str, ...]:
    """Keys of the purposes an owner declared. Raises: OutOfScope."""
    return _owner(entity).purposes
