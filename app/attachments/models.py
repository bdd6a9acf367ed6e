"""Attachments of records, the stored contents they share, uploads on their way (model.md "Attachment")."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.audit.models import BigId
from app.extensions import _l
from app.persistence.base import Audited, Model, PlanKeyed, Recyclable
from app.persistence.types import UtcDateTime, degrees, utcnow

_LIVE = text("deleted_at IS NULL")


def storage_key(sha256: str) -> str:
    """Where a content lies in the store."""
    return f"files/{sha256[:2]}/{sha256[2:4]}/{sha256}"


class StoredFile(Model):
    """One content, kept once whoever attached it; named by its SHA-256; names no record.

    ``taken_*`` come from EXIF (WGS-84 degrees); ``perceptual_hash``: 16 hex digits, for alike photos (R20).
    """

    __tablename__ = "stored_file"
    __table_args__ = (
        CheckConstraint("size > 0", name="size_positive"),
        CheckConstraint(
            "thumbnail_state IN ('none', 'waiting', 'ready', 'failed')", name="thumbnail_state_known"
        ),
    )
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True, info={"label": _l("SHA-256")})
    size: Mapped[int] = mapped_column(
        BigInteger, nullable=False, info={"label": _l("Size"), "unit": _l("bytes")}
    )
    kind: Mapped[str] = mapped_column(String(8), nullable=False, info={"label": _l("Kind of file")})
    width: Mapped[int | None] = mapped_column(Integer, info={"label": _l("Width"), "unit": _l("pixels")})
    height: Mapped[int | None] = mapped_column(Integer, info={"label": _l("Height"), "unit": _l("pixels")})
    taken_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Photo taken at")})
    taken_lng: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Longitude")})
    taken_lat: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Latitude")})
    perceptual_hash: Mapped[str | None] = mapped_column(String(16))
    thumbnail_state: Mapped[str] = mapped_column(
        String(8), nullable=False, default="none", server_default="none"
    )
    stored_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)

    @property
    def storage_key(self) -> str:
        """Where the content lies in the store."""
        return storage_key(self.sha256)

    @property
    def thumbnail_key(self) -> str:
        return f"thumbnails/{self.sha256[:2]}/{self.sha256}.jpg"


class Attachment(Audited, PlanKeyed, Recyclable, Model):
    """A file of a record: ``owner_entity`` and ``owner_id`` name the record, ``purpose`` what it proves.

    ``plan_task_id`` is the record's where construction units see it (`PlanKeyed`). ``told_*`` is what the page of an on-site visit reported with the photo: EXIF is only a second witness.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_owner", "owner_entity", "owner_id", "purpose", "id"),
        Index("ix_attachment_sha256", "sha256"),
        Index("ix_attachment_recycle", "county_code", "deleted_at"),
        Index(
            "uq_attachment_once", "owner_entity", "owner_id", "purpose", "sha256",
            unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE,
        ),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    plan_task_id: Mapped[int | None] = mapped_column(BigId)
    owner_entity: Mapped[str] = mapped_column(
        String(48), nullable=False, info={"label": _l("Kind of record")}
    )
    owner_id: Mapped[int] = mapped_column(BigInteger, nullable=False, info={"label": _l("Record number")})
    purpose: Mapped[str] = mapped_column(
        String(32), nullable=False, info={"label": _l("Purpose of the file")}
    )
    name: Mapped[str] = mapped_column(String(160), nullable=False, info={"label": _l("File name")})
    sha256: Mapped[str] = mapped_column(
        String(64),
        ForeignKey("stored_file.sha256", ondelete="RESTRICT"),
        nullable=False,
        info={"label": _l("SHA-256")},
    )
    upload_id: Mapped[str | None] = mapped_column(String(32), unique=True)
    uploader_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="SET NULL"))
    uploader: Mapped[str] = mapped_column(
        String(64), nullable=False, default="", server_default="", info={"label": _l("Uploaded by")}
    )
    created_at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime, nullable=False, default=utcnow, info={"label": _l("Uploaded at")}
    )
    told_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Reported time")})
    told_lng: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Longitude")})
    told_lat: Mapped[Decimal | None] = mapped_column(degrees(), info={"label": _l("Latitude")})
    file: Mapped[StoredFile] = relationship(lazy="joined", innerjoin=True)


class Watermark(Model):
    """The copy of a photo that shows time, place and who took it; a content of its own beside the original."""

    __tablename__ = "photo_watermark"
    attachment_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("attachment.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sha256: Mapped[str] = mapped_column(
        String(64), ForeignKey("stored_file.sha256", ondelete="RESTRICT"), nullable=False, index=True
    )
    made_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)
    file: Mapped[StoredFile] = relationship(lazy="joined", innerjoin=True)


class UploadSession(PlanKeyed, Model):
    """An upload on its way: announced, filled piece by piece, then turned into an attachment."""

    __tablename__ = "upload_session"
    __table_args__ = (
        CheckConstraint("size > 0", name="size_positive"),
        Index("ix_upload_session_owner", "owner_entity", "owner_id", "uploader_id"),
        Index("ix_upload_session_uploader", "uploader_id", "created_at"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    plan_task_id: Mapped[int | None] = mapped_column(BigId)
    owner_entity: Mapped[str] = mapped_column(String(48), nullable=False)
    owner_id: Mapped[int] = mapped_column(BigInteger, nullable=False)
    purpose: Mapped[str] = mapped_column(String(32), nullable=False)
    name: Mapped[str] = mapped_column(String(160), nullable=False)
    size: Mapped[int] = mapped_column(BigInteger, nullable=False)
    uploader_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False
    )
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)
    told_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    told_lng: Mapped[Decimal | None] = mapped_column(degrees())
    told_lat: Mapped[Decimal | None] = mapped_column(degrees())
