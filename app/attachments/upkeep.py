"""Keeping rows and contents in agreement: daily tidy, ``flask portal verify --files`` (model.md, rule 4)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import structlog
from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.attachments import owners, parts, queries
from app.attachments.models import Attachment, StoredFile
from app.attachments.storage import Item, storage
from app.kernel.actor import SYSTEM
from app.kernel.errors import RuleViolation
from app.persistence.context import acting_as
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.regions.cache import current

log = structlog.get_logger()
KEPT_UPLOADS = dt.timedelta(days=7)
# an upload that is just being completed has its content before its row
GRACE = dt.timedelta(hours=1)
_BATCH = 500
_stored = StoredFile.__table__
_SHA = re.compile(r"[0-9a-f]{64}")


def batched(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most ``size`` items."""
    while batch := list(islice(rows, size)):
        yield batch


def tidy(now: dt.datetime | None = None) -> tuple[int, int, int]:
    """Erase what the recycle bin held long enough or whose record is gone, contents nobody uses, old uploads.

    Returns how many (attachments, contents, uploads).
    """
    now = now or utcnow()
    with acting_as(SYSTEM):
        erased = 0
        while gone := _erase(now):
            erased += gone
        contents = sum(1 for sha256 in _unused(now) if _remove_content(sha256, now))
        with unit_of_work() as session:
            stale = queries.uploads_before(session, now - KEPT_UPLOADS)
            for upload in stale:
                session.delete(upload)
        for upload in stale:
            parts.discard(upload.id)
    return erased, contents, len(stale)


def _erase(now: dt.datetime) -> int:
    with unit_of_work() as session:
        rows: dict[int, Attachment] = {}
        for code, profile in current(session).profiles.items():
            before = now - dt.timedelta(days=profile.recycle_days)
            rows |= {row.id: row for row in queries.binned_before(session, code[:2], before, _BATCH)}
        for owner in owners.declared():
            rows |= {row.id: row for row in queries.ownerless(session, owner.entity, owner.model, _BATCH)}
        for row in rows.values():
            session.delete(row)
        return len(rows)


def _unused(now: dt.datetime) -> list[str]:
    with unit_of_work() as session:
        return [stored.sha256 for stored in queries.unreferenced(session, now - GRACE, 10_000)]


def _remove_content(sha256: str, now: dt.datetime) -> bool:
    """Remove row and content unless it was attached meanwhile: the row is locked before the files go."""
    try:
        with unit_of_work() as session:
            stored = session.get(StoredFile, sha256)
            if stored is None:
                return False
            keys = (stored.storage_key, stored.thumbnail_key)
            session.expunge(stored)
            used = queries.use_of(sha256)
            gone = session.execute(
                delete(_stored).where(_stored.c.sha256 == sha256, _stored.c.stored_at < now - GRACE, ~used)
            )
            if not gone.rowcount:  # type: ignore[attr-defined]
                return False
            for key in keys:
                storage().remove(key)
            return True
    except RuleViolation:
        log.info("content was attached meanwhile", sha256=sha256)
        return False


def verify_files(session: Session, *, older_than: dt.timedelta = GRACE) -> list[str]:
    """Compare rows and contents both ways; what has no row is removed, what lacks its content is reported.

    Contents younger than ``older_than`` are left alone: their row may be on its way. One sentence each.
    """
    return [*_lost(session), *_orphans(session, older_than), *_loose_parts(session, older_than)]


def _lost(session: Session) -> Iterator[str]:
    store = storage()
    for stored in queries.stored_files(session):
        size = store.size(stored.storage_key)
        if size != stored.size:
            state = "is missing" if size is None else f"has {size} bytes instead of {stored.size}"
            yield f"file {stored.sha256}: its content {state}"
        elif stored.thumbnail_state == "ready" and store.size(stored.thumbnail_key) is None:
            yield f"file {stored.sha256}: its thumbnail is missing"


def _orphans(session: Session, older_than: dt.timedelta) -> Iterator[str]:
    store = storage()
    for prefix in ("files/", "thumbnails/"):
        for items in batched(_old(store.items(prefix), older_than), _BATCH):
            digests = {item: digest_of(item.key) for item in items}
            known = queries.known_sha256(session, [digest for digest in digests.values() if digest])
            for item, digest in digests.items():
                if digest not in known:
                    store.remove(item.key)
                    yield f"{item.key}: belonged to no row and was removed ({item.size} bytes)"


def _old(items: Iterator[Item], older_than: dt.timedelta) -> Iterator[Item]:
    return (item for item in items if item.age >= older_than.total_seconds())


def digest_of(key: str) -> str:
    """The SHA-256 a key is made of, '' for a name the product never gives."""
    name = key.rsplit("/", 1)[-1].removesuffix(".jpg")
    return name if _SHA.fullmatch(name) else ""


def _loose_parts(session: Session, older_than: dt.timedelta) -> Iterator[str]:
    for paths in batched(parts.leftovers(), _BATCH):
        known = queries.known_uploads(session, [path.name for path in paths])
        for path in paths:
            if path.name not in known and parts.age(path) >= older_than.total_seconds():
                path.unlink(missing_ok=True)
                yield f"uploads/{path.name}: belonged to no upload and was removed"
