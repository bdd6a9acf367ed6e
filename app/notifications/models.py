"""The SMS outbox (model.md, "Around them"): written with the change it tells of, sent afterwards by a job."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.models import BigId
from app.extensions import _l
from app.notifications.rules import SMS_STATES
from app.persistence.base import Model
from app.persistence.types import UtcDateTime, utcnow


class SmsMessage(Model):
    """One short message. ``phone`` is stored in full for the gateway and shown masked everywhere.

    ``body`` may hold a one-time password: no page, export or log ever shows it; ``template`` says what it was.
    """

    __tablename__ = "sms_message"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'sending', 'sent', 'failed')", name="state_known"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index("ix_sms_message_due", "state", "next_try_at", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True, info={"label": _l("Message number")})
    phone: Mapped[str] = mapped_column(String(20), nullable=False, info={"label": _l("Phone")})
    template: Mapped[str] = mapped_column(String(40), nullable=False, info={"label": _l("Message template")})
    body: Mapped[str] = mapped_column(String(500), nullable=False, info={"label": _l("Message text")})
    state: Mapped[str] = mapped_column(
        String(8),
        nullable=False,
        default="queued",
        server_default="queued",
        info={"label": _l("State"), "choices": SMS_STATES},
    )
    attempts: Mapped[int] = mapped_column(
        Integer, nullable=False, default=0, server_default="0", info={"label": _l("Attempts")}
    )
    next_try_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Next attempt")})
    error: Mapped[str] = mapped_column(
        String(300), nullable=False, default="", server_default="", info={"label": _l("Error")}
    )
    created_at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime, nullable=False, default=utcnow, info={"label": _l("Created at")}
    )
    sent_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Sent at")})
    county_code: Mapped[str | None] = mapped_column(
        String(6), ForeignKey("region.code"), info={"label": _l("County")}
    )
