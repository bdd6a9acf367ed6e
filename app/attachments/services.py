"""The only writer of attachments and uploads. Nothing here commits: the caller's unit of work does.

A file passes: ``create_upload`` → pieces (`parts.append`) → ``check_upload`` (reads it, writes no row) →
``attach_upload`` (rows and content together). A file already on this machine goes through ``attach_file``.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.attachments import inspection, owners, parts, queries, scanner
from app.attachments.changes import on_attached, on_binned
from app.attachments.jobs import THUMBNAIL
from app.attachments.models import Attachment, StoredFile, UploadSession, storage_key
from app.attachments.rules import (
    KINDS,
    MOST_OPEN_UPLOADS,
    Purpose,
    clean_name,
    error,
    is_sha256,
    judge_announced,
    judge_content,
    name_for,
)
from app.attachments.storage import storage
from app.jobs.services import enqueue
from app.kernel.actor import Actor
from app.kernel.errors import Finding, NotAllowed, OutOfScope, PortalError, RuleViolation, msg
from app.persistence.types import utcnow
from app.persistence.work import explain_constraint

_ONCE = msg("This very file is here already.")
for _name in ("uq_attachment_once", "attachment.owner_entity, attachment.owner_id"):
    explain_constraint(_name, "R21", "file", _ONCE)


class Damaged(PortalError):
    """What arrived is not what was sent; the upload begins anew (409)."""

    status = 409

    def __init__(self) -> None:
        super().__init__(msg("The file arrived damaged and is being sent again from the beginning."))


class Unfinished(PortalError):
    """Part of the file has not arrived yet: ``received`` is where to go on (409)."""

    status = 409

    def __init__(self, received: int) -> None:
        super().__init__(msg("The file has not arrived completely yet."))
        self.received = received


@dataclass(frozen=True)
class Told:
    """What the page of an on-site visit reports about its photo: aware time, WGS-84 degrees."""

    at: dt.datetime | None = None
    lng: Decimal | None = None
    lat: Decimal | None = None


@dataclass(frozen=True)
class Checked:
    """A file that was read whole and may be attached."""

    path: Path
    measured: parts.Measured
    seen: inspection.Seen
    name: str


def _require(actor: Actor, action: str) -> None:
    if not actor.may(f"can_{action}", "Attachment"):
        raise NotAllowed(msg("Your role does not include this function."))


def _name_of(actor: Actor) -> str:
    return (actor.display_name or actor.username)[:64]


# ── uploads ──
def create_upload(
    session: Session, actor: Actor, entity: str, owner_id: int, purpose_key: str, name: str, size: int,
    told: Told | None = None,
) -> UploadSession:  # fmt: skip
    """Announce a file for a record (R21 as far as name and size go); returns the upload to be filled.

    Raises: OutOfScope, NotAllowed, Refused (the record's state), RuleViolation, Full (no room on the disk).
    """
    _require(actor, "add")
    if actor.user_id is None:
        raise NotAllowed(msg("Please sign in."))
    row = owners.writable(session, actor, entity, owner_id)
    purpose = owners.purpose_of(entity, purpose_key)
    name = clean_name(name)
    found = judge_announced(
        purpose, name, size, queries.present(session, entity, owner_id).get(purpose_key, 0)
    )
    if queries.count_open(session, actor.user_id) >= MOST_OPEN_UPLOADS:
        found.append(error(msg("Too many uploads are unfinished. Finish or cancel some of them first.")))
    if found:
        raise RuleViolation(found)
    told = told or Told()
    upload = UploadSession(
        id=uuid.uuid4().hex, county_code=row.county_code, plan_task_id=owners.plan_of(row), owner_entity=entity, owner_id=owner_id,
        purpose=purpose_key, name=name, size=size, uploader_id=actor.user_id,
        told_at=told.at, told_lng=told.lng, told_lat=told.lat,
    )  # fmt: skip
    session.add(upload)
    session.flush()
    parts.begin(upload.id, size)
    return upload


def find_upload(session: Session, actor: Actor, upload_id: str) -> UploadSession:
    """An upload of the actor's own. Raises: OutOfScope."""
    found = queries.upload(session, upload_id, actor.user_id)
    if found is None:
        raise OutOfScope(f"upload {upload_id}")
    return found


def check_upload(session: Session, actor: Actor, upload_id: str, sha256: object) -> Checked:
    """Read what arrived and judge it: length, digest as the sender computed it, content (R21), viruses.

    Raises: OutOfScope, Unfinished, Damaged, RuleViolation (this content will never be accepted), ScannerAway.
    """
    upload = find_upload(session, actor, upload_id)
    path, got = parts.path_of(upload_id), parts.received(upload_id)
    if got != upload.size:
        raise Unfinished(got)
    measured = parts.measure(path)
    if not is_sha256(sha256) or measured.sha256 != sha256:
        parts.start_over(upload_id)
        raise Damaged
    return check_file(path, measured, upload.name, owners.purpose_of(upload.owner_entity, upload.purpose))


def check_file(path: Path, measured: parts.Measured, name: str, purpose: Purpose) -> Checked:
    """Judge a content, have it scanned, store it. Raises: RuleViolation, ScannerAway."""
    seen = inspection.inspect(path)
    found = judge_content(purpose, name, seen.kind, seen.looks_like, seen.oversized)
    if not found and (address := str(current_app.config["CLAMD"])):
        virus = scanner.infection(address, path)
        if virus:
            found = [error(msg("“%(name)s” contains a virus (%(virus)s).", name=name, virus=virus))]
    if found:
        raise RuleViolation(found)
    _place(path, measured)
    return Checked(path, measured, seen, name_for(name, str(seen.kind)))


def _place(path: Path, measured: parts.Measured) -> None:
    """Put the content into the store unless it is there: before the transaction, which must stay short."""
    store, key = storage(), storage_key(measured.sha256)
    if store.size(key) != measured.size:
        store.put(key, path)


def attach_upload(session: Session, actor: Actor, upload_id: str, checked: Checked) -> Attachment:
    """Turn a checked upload into an attachment and end the upload.

    Raises: as `create_upload`; RuleViolation when the record has this very file already.
    """
    upload = find_upload(session, actor, upload_id)
    told = Told(upload.told_at, upload.told_lng, upload.told_lat)
    attachment = _attach(
        session,
        actor,
        upload.owner_entity,
        upload.owner_id,
        upload.purpose,
        checked,
        upload_id=upload_id,
        told=told,
    )
    session.delete(upload)
    session.flush()
    return attachment


def cancel_upload(session: Session, actor: Actor, upload_id: str) -> None:
    """Give an upload up and throw away what arrived. Raises: OutOfScope."""
    session.delete(find_upload(session, actor, upload_id))
    session.flush()
    parts.discard(upload_id)


# ── attachments ──
def attach_file(
    session: Session, actor: Actor, entity: str, owner_id: int, purpose_key: str, name: str, path: Path
) -> Attachment:
    """Attach a file that lies on this machine (generated documents, demo data); it stays where it is.

    Raises: as `create_upload`.
    """
    purpose = owners.purpose_of(entity, purpose_key)
    measured = parts.measure(path)
    name = clean_name(name)
    there = queries.present(session, entity, owner_id).get(purpose_key, 0)
    if found := judge_announced(purpose, name, measured.size, there):
        raise RuleViolation(found)
    return _attach(session, actor, entity, owner_id, purpose_key, check_file(path, measured, name, purpose))


def _attach(
    session: Session, actor: Actor, entity: str, owner_id: int, purpose_key: str, checked: Checked, *,
    upload_id: str | None = None, told: Told | None = None,
) -> Attachment:  # fmt: skip
    _require(actor, "add")
    row = owners.writable(session, actor, entity, owner_id)
    purpose = owners.purpose_of(entity, purpose_key)
    if queries.present(session, entity, owner_id).get(purpose_key, 0) >= purpose.most:
        raise RuleViolation(error(msg("At most %(most)s files can be kept here.", most=purpose.most)))
    told = told or Told()
    _store(session, checked)
    attachment = Attachment(
        county_code=row.county_code, plan_task_id=owners.plan_of(row), owner_entity=entity, owner_id=owner_id,
        purpose=purpose_key, name=checked.name, sha256=checked.measured.sha256, upload_id=upload_id, uploader_id=actor.user_id,
        uploader=_name_of(actor), told_at=told.at, told_lng=told.lng, told_lat=told.lat,
    )  # fmt: skip
    session.add(attachment)
    session.flush()
    on_attached(session, attachment)
    return attachment


def _store(session: Session, checked: Checked) -> None:
    """The row of a content that lies in the store, once for everybody.

    The row stays locked to the end of the transaction, so the sweep of contents nobody uses can't
    take the content away any more; if it did so before, the content is placed again. A crash leaves at worst
    an orphan that ``flask portal verify --files`` removes, never a row without its content.
    """
    seen, measured = checked.seen, checked.measured
    picture = KINDS[str(seen.kind)].group == "image"
    values = {
        "sha256": measured.sha256, "size": measured.size, "kind": seen.kind, "width": seen.width,
        "height": seen.height, "taken_at": seen.taken_at, "taken_lng": seen.lng, "taken_lat": seen.lat,
        "thumbnail_state": "waiting" if picture else "none", "stored_at": utcnow(),
    }  # fmt: skip
    make = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    upsert = make(StoredFile).values(values)
    session.execute(
        upsert.on_conflict_do_update(index_elements=["sha256"], set_={"sha256": upsert.excluded.sha256})
    )
    stored = session.get_one(StoredFile, measured.sha256, populate_existing=True)
    _place(checked.path, measured)
    if stored.thumbnail_state == "waiting":
        enqueue(session, THUMBNAIL, sha256=stored.sha256)


def delete_attachment(session: Session, actor: Actor, attachment_id: int) -> Attachment:
    """Move a file to the recycle bin. Raises: OutOfScope, NotAllowed, Refused."""
    _require(actor, "delete")
    attachment = queries.find(session, attachment_id)
    if attachment is None:
        raise OutOfScope(f"attachment {attachment_id}")
    owners.removable(session, actor, attachment)
    attachment.deleted_at, attachment.deleted_by = utcnow(), _name_of(actor)
    session.flush()
    on_binned(session, attachment)
    return attachment


def restore_attachment(session: Session, actor: Actor, attachment_id: int) -> Attachment:
    """Take a file back out of the recycle bin. Raises: as `delete_attachment`; RuleViolation."""
    _require(actor, "delete")
    attachment = queries.find(session, attachment_id, deleted=True)
    if attachment is None or attachment.deleted_at is None:
        raise OutOfScope(f"attachment {attachment_id}")
    owners.writable(session, actor, attachment.owner_entity, attachment.owner_id)
    purpose = owners.purpose_of(attachment.owner_entity, attachment.purpose)
    living = queries.of_owner(session, attachment.owner_entity, attachment.owner_id, [attachment.purpose])
    if len(living) >= purpose.most:
        raise RuleViolation(error(msg("At most %(most)s files can be kept here.", most=purpose.most)))
    if any(other.sha256 == attachment.sha256 for other in living):
        raise RuleViolation(Finding("R21", "error", "file", _ONCE))
    attachment.deleted_at, attachment.deleted_by = None, ""
    session.flush()
    on_attached(session, attachment)
    return attachment


def copy_attachments(
    session: Session,
    actor: Actor,
    source: tuple[str, int],
    target: tuple[str, int],
    purposes: Sequence[str] = (),
) -> int:
    """Join the files of one record to another's (``(entity, id)`` each); the contents are shared, not copied.

    What the target has already is left alone. Purposes the target does not declare are passed over.
    Returns how many were added. Raises: OutOfScope, NotAllowed, Refused.
    """
    owners.readable(session, actor, *source)
    row = owners.writable(session, actor, *target)
    allowed = set(owners.purposes_of(target[0]))
    have = {(item.purpose, item.sha256) for item in queries.of_owner(session, *target)}
    added: list[Attachment] = []
    for item in queries.of_owner(session, *source, purposes):
        if item.purpose not in allowed or (item.purpose, item.sha256) in have:
            continue
        added.append(_copied(item, row, target[0], target[1]))
    return _added(session, added)


def _added(session: Session, added: Sequence[Attachment]) -> int:
    session.add_all(added)
    session.flush()
    for attachment in added:
        on_attached(session, attachment)
    return len(added)


def _copied(item: Attachment, row: Any, entity: str, owner_id: int) -> Attachment:
    """The same content for another record; who uploaded it and what the photo told stay."""
    return Attachment(
        county_code=row.county_code, plan_task_id=owners.plan_of(row), owner_entity=entity, owner_id=owner_id,
        purpose=item.purpose, name=item.name, sha256=item.sha256, uploader_id=item.uploader_id,
        uploader=item.uploader, told_at=item.told_at, told_lng=item.told_lng, told_lat=item.told_lat,
    )  # fmt: skip


def copy_to_successors(session: Session, entity: str, successors: Mapping[int, Any]) -> int:
    """The files of records of a kind for the new, still empty records that follow them (old id → new row).

    For services that have checked the right to make the successors. Returns how many were added.
    """
    files = queries.of_owners(session, entity, sorted(successors))
    rows = [(item, successors[item.owner_id]) for item in files]
    return _added(session, [_copied(item, row, entity, row.id) for item, row in rows])
