"""The SMS outbox (model.md, "Around them"): written with the change it tells of, sent afterwards by a job."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.models import BigId
from app.extensions import _l
from app.notifications.rules import SMS_STATES
from app.persistence.base import Model
from app.persistence.types import UtcDateTime, utcnow


class SmsMessage(Model):
    """One short message. ``phone`` is stored in full for the gateway and shown masked everywhere.

    ``sealed`` holds the values of the template (a one-time password among them), sealed with the key of the
    installation and emptied once the message is sent; ``body`` names the template and nothing else.
    ``key`` goes to the gateway with every attempt; ``unanswered`` counts attempts whose answer never came,
    after
    which the message was sent again and may have arrived twice.
    """

    __tablename__ = "sms_message"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'sending', 'sent', 'failed')", name="state_known"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index("ix_sms_message_due", "state", "next_try_at", "id"),
        Index("uq_sms_message_key", "key", unique=True),
        Index("ix_sms_message_user", "user_id", "id"),
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
    key: Mapped[str | None] = mapped_column(
        String(32), default=lambda: uuid.uuid4().hex, info={"label": _l("Key for the gateway")}
    )
    sealed: Mapped[str] = mapped_column(Text, nullable=False, default="", server_default="")
    claimed_at: Mapped[dt.datetime | None] = mapped_column(
        UtcDateTime, info={"label": _l("Taken by a worker at")}
    )
    unanswered: Mapped[int] = mapped_column(
        Integer,
        nullable=False,
        default=0,
        server_default="0",
        info={"label": _l("Attempts without an answer")},
    )
    sender: Mapped[str] = mapped_column(
        String(16), nullable=False, default="", server_default="", info={"label": _l("Gateway")}
    )
    receipt: Mapped[str] = mapped_column(
        String(64),
        nullable=False,
        default="",
        server_default="",
        info={"label": _l("Receipt of the gateway")},
    )
    user_id: Mapped[int | None] = mapped_column(
        Integer, ForeignKey("ab_user.id", ondelete="SET NULL"), info={"label": _l("Account number")}
    )
