"""What the portal remembers for a person: list columns and saved views, and forms not yet submitted."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.persistence.base import Model
from app.persistence.types import UtcDateTime, utcnow


class ListPreference(Model):
    """One person's columns, page size and saved views of one list (M1.L)."""

    __tablename__ = "list_preference"
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    listing: Mapped[str] = mapped_column(String(40), primary_key=True)
    columns: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    size: Mapped[int] = mapped_column(Integer, nullable=False, default=20)
    views: Mapped[list[dict[str, Any]]] = mapped_column(JSON, nullable=False, default=list)


class FormDraft(Model):
    """What somebody typed and has not submitted: survives time-out, crash and conflict, one per person and form."""

    __tablename__ = "form_draft"
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    form_key: Mapped[str] = mapped_column(String(120), primary_key=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, nullable=False)
    saved_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)


class FormSubmission(Model):
    """A form that was received: its token is unique, so the same form sent twice is carried out once."""

    __tablename__ = "form_submission"
    token: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    outcome: Mapped[str] = mapped_column(String(80), nullable=False, default="", server_default="")
    received_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow, index=True)
