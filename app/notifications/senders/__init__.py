"""Ways of a text message to a telephone, behind one interface; which one is used is a setting
(``SMS_SENDER``)."""

from __future__ import annotations

from app.notifications.senders.base import Order, Refused, SmsSender, Unanswered
from app.notifications.senders.choice import sender

__all__ = ["Order", "Refused", "SmsSender", "Unanswered", "sender"]
