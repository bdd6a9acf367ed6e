"""The inbox of notices (model.md, "Around them"): written with the change they tell of."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.models import BigId
from app.extensions import _l
from app.persistence.base import Model
from app.persistence.types import UtcDateTime, utcnow

_UNREAD = text("read_at IS NULL AND done_at IS NULL")
_PENDING = text("done_at IS NULL")


class Notice(Model):
    """One notice to one person. ``mark`` is what makes it the same one: whoever sends it again changes nothing.

    ``matter`` and ``matter_id`` name the record it is about: once that is settled, ``done_at`` is set by itself.
    Every select names the recipient, which is its scope.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("user_id", "mark"),
        Index("ix_notice_unread", "user_id", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
        Index("ix_notice_inbox", "user_id", "done_at", "id"),
        Index("ix_notice_matter", "matter", "matter_id", sqlite_where=_PENDING, postgresql_where=_PENDING),
        Index("ix_notice_created_at", "created_at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    kind: Mapped[str] = mapped_column(String(24), nullable=False, info={"label": _l("Kind of notice")})
    mark: Mapped[str] = mapped_column(String(120), nullable=False)
    values: Mapped[dict[str, Any]] = mapped_column(JSON, nullable=False, default=dict)
    link: Mapped[str] = mapped_column(String(200), nullable=False, default="", server_default="")
    matter: Mapped[str] = mapped_column(String(48), nullable=False, default="", server_default="")
    matter_id: Mapped[int | None] = mapped_column(BigInteger)
    county_code: Mapped[str | None] = mapped_column(
        String(6), ForeignKey("region.code"), info={"label": _l("County")}
    )
    due_on: Mapped[dt.date | None] = mapped_column(Date, info={"label": _l("Due on")})
    created_at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime, nullable=False, default=utcnow, info={"label": _l("Received at")}
    )
    read_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Read at")})
    done_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Settled at")})
