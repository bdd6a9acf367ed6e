"""Imports on their way from file to table: the batch and its staged rows (model.md, ImportBatch; M1.4.2)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.models import BigId
from app.extensions import _l
from app.persistence.base import CountyScoped, Model, Stamped, Versioned
from app.persistence.types import UtcDateTime

STATES = ("uploaded", "staged", "confirmed", "written", "abandoned", "failed")


class ImportBatch(CountyScoped, Versioned, Stamped, Model):
    """One uploaded workbook: uploaded → staged → confirmed → written, or abandoned, or failed.

    ``county_code`` is the region of whoever imports (a province for its counties): nobody else's scope
    holds it.
    ``keys`` are the columns the file has, ``surroundings`` what the table looked like when the rows were
    checked: a difference at the confirmation means that somebody else was at work meanwhile.
    """

    __tablename__ = "import_batch"
    __table_args__ = (
        CheckConstraint(
            "state IN ('uploaded', 'staged', 'confirmed', 'written', 'abandoned', 'failed')",
            name="state_known",
        ),
        Index("ix_import_batch_mine", "county_code", "entity", "id"),
        Index("ix_import_batch_expiry", "expires_at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity: Mapped[str] = mapped_column(String(48), nullable=False, info={"label": _l("Kind of record")})
    state: Mapped[str] = mapped_column(
        String(12), nullable=False, default="uploaded", server_default="uploaded", info={"label": _l("State")}
    )
    file_name: Mapped[str] = mapped_column(String(200), nullable=False, info={"label": _l("File name")})
    digest: Mapped[str] = mapped_column(String(64), nullable=False, info={"label": _l("Digest")})
    size: Mapped[int] = mapped_column(Integer, nullable=False)
    keys: Mapped[list[str]] = mapped_column(JSON, nullable=False, default=list)
    notes: Mapped[dict[str, Any]] = mapped_column(JSON, nullable=False, default=dict)
    surroundings: Mapped[str] = mapped_column(Text, nullable=False, default="", server_default="")
    row_count: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    new_count: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    changed_count: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    unchanged_count: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    duplicate_count: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    warned_count: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    bad_count: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    incomplete_count: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    job_id: Mapped[int | None] = mapped_column(BigId)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[str] = mapped_column(String(64), nullable=False, default="", server_default="")
    written_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)

    @property
    def good_count(self) -> int:
        """Rows that the confirmation writes."""
        return self.new_count + self.changed_count


class ImportChunk(CountyScoped, Model):
    """Up to a thousand staged rows as one JSON text (app/exchange/staging.py), counted by what became of
    them."""

    __tablename__ = "import_chunk"
    __table_args__ = (UniqueConstraint("batch_id", "number"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    batch_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("import_batch.id", ondelete="CASCADE"), nullable=False
    )
    number: Mapped[int] = mapped_column(Integer, nullable=False)
    row_count: Mapped[int] = mapped_column(Integer, nullable=False)
    warned_count: Mapped[int] = mapped_column(Integer, nullable=False)
    bad_count: Mapped[int] = mapped_column(Integer, nullable=False)
    data: Mapped[str] = mapped_column(Text, nullable=False)
