"""Background work on stored pictures: thumbnails and perceptual hashes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import structlog

from app.attachments import inspection
from app.attachments.changes import on_hashed
from app.attachments.models import StoredFile
from app.attachments.storage import storage
from app.jobs.services import Progress, job
from app.persistence.work import unit_of_work

log = structlog.get_logger()
THUMBNAIL = "attachments.thumbnail"


@job(THUMBNAIL)
def make_thumbnail(progress: Progress, sha256: str) -> None:
    """Make the small picture and the perceptual hash of one stored picture; harmless when repeated."""
    progress(0, 1)
    with unit_of_work() as session:
        stored = session.get(StoredFile, sha256)
        if stored is None or stored.thumbnail_state != "waiting":
            return
        with tempfile.TemporaryDirectory() as folder:
            try:
                small, digest = inspection.thumbnail(at_hand(stored.storage_key, Path(folder)))
            except inspection.BadPicture as fault:
                log.warning("no thumbnail", sha256=sha256, reason=str(fault))
                stored.thumbnail_state = "failed"
                return
            path = Path(folder, "thumbnail")
            path.write_bytes(small)
            storage().put(stored.thumbnail_key, path)
        stored.perceptual_hash, stored.thumbnail_state = digest, "ready"
        session.flush()
        on_hashed(session, stored)
    progress(1)


def at_hand(key: str, folder: Path) -> Path:
    """The content as a file on this machine."""
    if path := storage().path(key):
        return path
    path = folder / "original"
    with storage().open(key) as source, path.open("wb") as out:
        shutil.copyfileobj(source, out, 1024 * 1024)
    return path
