"""What templates/components/attachments.html shows for one record: files by purpose, what may be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from app.attachments import owners, parts, queries
from app.attachments.doubts import Doubt, doubts_about
from app.attachments.models import Attachment, UploadSession
from app.attachments.rules import MB, SHOWN_INLINE, Purpose
from app.kernel.actor import Actor


@dataclass(frozen=True)
class Part:
    """An unfinished upload of the person looking: choosing the same file again goes on where it stopped."""

    id: str
    name: str
    size: int
    received: int

    @property
    def percent(self) -> int:
        return self.received * 100 // self.size


@dataclass(frozen=True)
class Panel:
    """One purpose of one record. ``binned`` and ``parts`` are filled only for those who may write.

    ``doubts``: file (attachment number) → what is doubtful about it, for records that are `owners.judged`.
    """

    entity: str
    owner_id: int
    purpose: Purpose
    files: Sequence[Attachment]
    binned: Sequence[Attachment]
    parts: Sequence[Part]
    writable: bool
    doubts: Mapping[int, Sequence[Doubt]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"files-{self.entity.lower()}-{self.owner_id}-{self.purpose.key}"

    @property
    def room(self) -> bool:
        return self.writable and len(self.files) < self.purpose.most

    @property
    def largest_mb(self) -> int:
        return self.purpose.largest // MB

    def inline(self, item: Attachment) -> bool:
        """Whether a browser draws the file by itself."""
        return item.file.kind in SHOWN_INLINE

    def size(self, item: Attachment) -> str:
        """The size as people read it."""
        return size_text(item.file.size)

    @property
    def waiting(self) -> bool:
        """Whether a thumbnail is still being made."""
        return any(item.file.thumbnail_state == "waiting" for item in self.files)


def panels(
    session: Session, actor: Actor, entity: str, row: Any, purposes: Sequence[str] = ()
) -> list[Panel]:
    """The panels of a record that the caller has already been allowed to open; at most four statements."""
    writable = owners.may_write(actor, entity, row)
    keys = [key for key in owners.purposes_of(entity) if not purposes or key in purposes]
    items = queries.of_owner(session, entity, row.id, keys, binned=writable)
    going = queries.open_uploads(session, entity, row.id, actor.user_id) if writable else []
    doubts = _doubts(session, entity, items)
    return [
        Panel(
            entity,
            row.id,
            owners.purpose_of(entity, key),
            [item for item in items if item.purpose == key and item.deleted_at is None],
            [item for item in items if item.purpose == key and item.deleted_at is not None],
            [_part(upload) for upload in going if upload.purpose == key],
            writable,
            doubts,
        )
        for key in keys
    ]


def panels_of_many(
    session: Session, actor: Actor, entity: str, ids: Sequence[int], *, writable: bool
) -> dict[int, list[Panel]]:
    """Record id → its panels, for several records of one kind; at most four statements whatever their number.

    ``writable``: whether the caller's records, being in one state, may be changed at all.
    """
    if not ids:
        return {}
    keys = owners.purposes_of(entity)
    files = queries.of_owners(session, entity, ids, keys, binned=writable)
    going = queries.open_uploads_of(session, entity, ids, actor.user_id) if writable else []
    doubts = _doubts(session, entity, files)
    return {
        row_id: [
            Panel(
                entity, row_id, owners.purpose_of(entity, key),
                [f for f in files if (f.owner_id, f.purpose) == (row_id, key) and f.deleted_at is None],
                [f for f in files if (f.owner_id, f.purpose) == (row_id, key) and f.deleted_at is not None],
                [_part(one) for one in going if (one.owner_id, one.purpose) == (row_id, key)],
                writable, doubts,
            )
            for key in keys
        ]
        for row_id in ids
    }  # fmt: skip


def _doubts(session: Session, entity: str, files: Sequence[Attachment]) -> dict[int, list[Doubt]]:
    shown = [file.id for file in files if file.deleted_at is None] if owners.judged(entity) else []
    return doubts_about(session, shown)


def _part(upload: UploadSession) -> Part:
    return Part(upload.id, upload.name, upload.size, min(parts.received(upload.id), upload.size))


def size_text(size: int) -> str:
    """A size as people read it: 840 KB, 12.4 MB."""
    if size < MB:
        return f"{max(1, round(size / 1024))} KB"
    return f"{size / MB:.1f} MB"
