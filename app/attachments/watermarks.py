"""Watermarked copies: photos of an on-site visit with time, place and who took them written on them.

The copy is a content of its own beside original and thumbnail; it is made by the worker and never replaces anything.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from pathlib import Path

import structlog
from flask import current_app
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.attachments import inspection, owners, queries
from app.attachments.jobs import at_hand
from app.attachments.models import Attachment, StoredFile, Watermark, storage_key
from app.attachments.rules import KINDS
from app.attachments.services import on_attached
from app.attachments.storage import storage
from app.jobs.services import Progress, enqueue, job
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work

log = structlog.get_logger()
WATERMARK = "attachments.watermark"
MOST_PIXELS = 2048
_FONT = "vendor/fonts/NotoSansSC-Regular.ttf"


@on_attached.register
def ask_for(session: Session, attachment: Attachment) -> None:
    """Photos of records that have a caption get their copy, in the transaction that attaches them."""
    if owners.caption_of(attachment.owner_entity) and KINDS[attachment.file.kind].group == "image":
        enqueue(session, WATERMARK, attachment_id=attachment.id)


@job(WATERMARK)
def make_watermark(progress: Progress, attachment_id: int) -> None:
    """Make the copy of one photo; harmless when repeated or when the photo is gone."""
    progress(0, 1)
    with unit_of_work() as session:
        attachment = queries.find(session, attachment_id, deleted=True)
        if attachment is None or session.get(Watermark, attachment_id) is not None:
            return
        caption = owners.caption_of(attachment.owner_entity)
        row = owners.load(session, attachment.owner_entity, attachment.owner_id)
        if caption is None or row is None:
            return
        lines = caption(session, row, attachment)
        with tempfile.TemporaryDirectory() as folder:
            try:
                picture = inspection.upright(at_hand(attachment.file.storage_key, Path(folder)), MOST_PIXELS)
            except inspection.BadPicture as fault:
                log.warning("no watermark", attachment=attachment_id, reason=str(fault))
                return
            _keep(session, attachment_id, draw(picture, lines), Path(folder))
    progress(1)


def draw(picture: Image.Image, lines: list[str]) -> bytes:
    """The picture as JPEG with the lines on a dark band along its lower edge."""
    width, height = picture.size
    size = max(12, min(width, height) // 28)
    font = ImageFont.truetype(str(Path(str(current_app.static_folder), _FONT)), size)
    pad, step = size // 2, int(size * 1.4)
    rows = [part for line in lines if line for part in _wrapped(line, font, width - 2 * pad)]
    rows = rows[: max(1, height // 2 // step)]
    band = Image.new("RGBA", (width, step * len(rows) + 2 * pad), (0, 0, 0, 150))
    pen = ImageDraw.Draw(band)
    for number, text in enumerate(rows):
        pen.text((pad, pad + number * step), text, font=font, fill=(255, 255, 255, 255))
    whole = picture.convert("RGBA")
    whole.alpha_composite(band, (0, height - band.height))
    out = io.BytesIO()
    whole.convert("RGB").save(out, "JPEG", quality=86, optimize=True)
    return out.getvalue()


def _wrapped(line: str, font: ImageFont.FreeTypeFont, most: int) -> list[str]:
    """A line in as many pieces as the width asks for."""
    found = [""]
    for sign in line:
        if found[-1] and font.getlength(found[-1] + sign) > most:
            found.append("")
        found[-1] += sign
    return found


def _keep(session: Session, attachment_id: int, content: bytes, folder: Path) -> None:
    """Content, its row and the watermark's row; the same content twice is kept once."""
    sha256 = hashlib.sha256(content).hexdigest()
    path = folder / "marked"
    path.write_bytes(content)
    storage().put(storage_key(sha256), path)
    values = {
        "sha256": sha256, "size": len(content), "kind": "jpeg", "thumbnail_state": "none", "stored_at": utcnow(),
    }  # fmt: skip
    make = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    upsert = make(StoredFile).values(values)
    session.execute(
        upsert.on_conflict_do_update(index_elements=["sha256"], set_={"sha256": upsert.excluded.sha256})
    )
    session.add(Watermark(attachment_id=attachment_id, sha256=sha256))
    session.flush()
