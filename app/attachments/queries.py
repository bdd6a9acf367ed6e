"""Selects over attachments, stored contents and uploads; scope and recycle bin come from the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.attachments.models import Attachment, StoredFile, UploadSession, Watermark
from app.attachments.rules import missing_purposes
from app.kernel.errors import Finding
from app.persistence.gate import WITH_DELETED


def find(session: Session, attachment_id: int, *, deleted: bool = False) -> Attachment | None:
    """An attachment with its stored file; with ``deleted`` also from the recycle bin."""
    statement = select(Attachment).where(Attachment.id == attachment_id)
    return session.scalar(statement.execution_options(**{WITH_DELETED: deleted}))


def of_owner(
    session: Session, entity: str, owner_id: int, purposes: Sequence[str] = (), *, binned: bool = False
) -> list[Attachment]:
    """A record's files with their contents in one statement, oldest first; ``binned``: also the bin."""
    statement = select(Attachment).where(Attachment.owner_entity == entity, Attachment.owner_id == owner_id)
    if purposes:
        statement = statement.where(Attachment.purpose.in_(purposes))
    return list(
        session.scalars(statement.order_by(Attachment.id).execution_options(**{WITH_DELETED: binned}))
    )


def of_owners(
    session: Session, entity: str, owner_ids: Sequence[int], purposes: Sequence[str] = (), *, binned: bool = False
) -> list[Attachment]:
    """The files of several records of one kind in one statement, by record and age; ``binned``: also the bin."""
    statement = select(Attachment).where(
        Attachment.owner_entity == entity, Attachment.owner_id.in_(owner_ids)
    )
    if purposes:
        statement = statement.where(Attachment.purpose.in_(purposes))
    found = statement.order_by(Attachment.owner_id, Attachment.id)
    return list(session.scalars(found.execution_options(**{WITH_DELETED: binned})))


def present(session: Session, entity: str, owner_id: int) -> dict[str, int]:
    """How many files a record has for each purpose (purposes without one are absent)."""
    rows = session.execute(
        select(Attachment.purpose, func.count(Attachment.id))
        .where(Attachment.owner_entity == entity, Attachment.owner_id == owner_id)
        .group_by(Attachment.purpose)
        .order_by(Attachment.purpose)
    )
    return {row.purpose: row[1] for row in rows}


def required_attachments(
    session: Session, entity: str, owner_id: int, purposes: Iterable[str], rule: str = "R10"
) -> list[Finding]:
    """A hard finding of ``rule`` for each purpose of which the record still lacks a file."""
    return missing_purposes(purposes, present(session, entity, owner_id), rule)


def by_upload(session: Session, upload_id: str) -> Attachment | None:
    """What an upload became, wherever it is now."""
    statement = select(Attachment).where(Attachment.upload_id == upload_id)
    return session.scalar(statement.execution_options(**{WITH_DELETED: True}))


def upload(session: Session, upload_id: str, uploader_id: int | None) -> UploadSession | None:
    """An upload of this person, if its record lies in the scope."""
    statement = select(UploadSession).where(
        UploadSession.id == upload_id, UploadSession.uploader_id == uploader_id
    )
    return session.scalar(statement)


def open_uploads(
    session: Session, entity: str, owner_id: int, uploader_id: int | None
) -> list[UploadSession]:
    """What this person began to upload to a record and did not finish."""
    statement = select(UploadSession).where(
        UploadSession.owner_entity == entity,
        UploadSession.owner_id == owner_id,
        UploadSession.uploader_id == uploader_id,
    )
    return list(session.scalars(statement.order_by(UploadSession.created_at, UploadSession.id)))


def open_uploads_of(
    session: Session, entity: str, owner_ids: Sequence[int], uploader_id: int | None
) -> list[UploadSession]:
    """What this person began to upload to several records of one kind and did not finish."""
    statement = select(UploadSession).where(
        UploadSession.owner_entity == entity,
        UploadSession.owner_id.in_(owner_ids),
        UploadSession.uploader_id == uploader_id,
    )
    return list(session.scalars(statement.order_by(UploadSession.created_at, UploadSession.id)))


def count_open(session: Session, uploader_id: int | None) -> int:
    """How many uploads of a person are on their way."""
    statement = select(func.count(UploadSession.id)).where(UploadSession.uploader_id == uploader_id)
    return session.scalar(statement) or 0


# ── upkeep (the system alone) ──
def binned_before(session: Session, province: str, before: dt.datetime, limit: int) -> list[Attachment]:
    """Attachments of a province (two digits) that went to the recycle bin before a time."""
    statement = (
        select(Attachment)
        .where(Attachment.deleted_at < before, Attachment.county_code.startswith(province))
        .order_by(Attachment.id)
        .limit(limit)
    )
    return list(session.scalars(statement.execution_options(**{WITH_DELETED: True})))


def ownerless(session: Session, entity: str, model: type[Any], limit: int) -> list[Attachment]:
    """Attachments whose record was erased for good."""
    there = select(model.id).where(model.id == Attachment.owner_id).exists()
    statement = (
        select(Attachment)
        .where(Attachment.owner_entity == entity, ~there)
        .order_by(Attachment.id)
        .limit(limit)
    )
    return list(session.scalars(statement.execution_options(**{WITH_DELETED: True})))


def unreferenced(session: Session, before: dt.datetime, limit: int) -> list[StoredFile]:
    """Contents that no attachment uses, stored before a time."""
    attached = select(Attachment.id).where(Attachment.sha256 == StoredFile.sha256).exists()
    used = attached | select(Watermark.attachment_id).where(Watermark.sha256 == StoredFile.sha256).exists()
    statement = (
        select(StoredFile)
        .where(~used, StoredFile.stored_at < before)
        .order_by(StoredFile.sha256)
        .limit(limit)
    )
    return list(session.scalars(statement.execution_options(**{WITH_DELETED: True})))


def use_of(sha256: str) -> ColumnElement[bool]:
    """The condition that some attachment, also one in the recycle bin, or a watermark uses a content."""
    table, marks = Attachment.__table__, Watermark.__table__
    marked = select(marks.c.attachment_id).where(marks.c.sha256 == sha256).exists()
    return or_(select(table.c.id).where(table.c.sha256 == sha256).exists(), marked)


def watermark(session: Session, attachment_id: int) -> Watermark | None:
    """The watermarked copy of a photo that the caller may see."""
    return session.get(Watermark, attachment_id)


def marked(session: Session, attachment_ids: Sequence[int]) -> set[int]:
    """Which of these photos have a watermarked copy; one statement."""
    if not attachment_ids:
        return set()
    found = select(Watermark.attachment_id).where(Watermark.attachment_id.in_(attachment_ids))
    return set(session.scalars(found))


def uploads_before(session: Session, before: dt.datetime) -> list[UploadSession]:
    """Uploads begun before a time and never finished."""
    return list(
        session.scalars(
            select(UploadSession).where(UploadSession.created_at < before).order_by(UploadSession.id)
        )
    )


def stored_files(session: Session) -> Iterator[StoredFile]:
    """Every stored content, streamed."""
    statement = select(StoredFile).order_by(StoredFile.sha256)
    yield from session.scalars(statement.execution_options(yield_per=1000))


def known_sha256(session: Session, candidates: Sequence[str]) -> set[str]:
    """Which of these contents have a row."""
    return set(session.scalars(select(StoredFile.sha256).where(StoredFile.sha256.in_(candidates))))


def known_uploads(session: Session, candidates: Sequence[str]) -> set[str]:
    """Which of these uploads have a row."""
    return set(session.scalars(select(UploadSession.id).where(UploadSession.id.in_(candidates))))
