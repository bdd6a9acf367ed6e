"""How values are put into words for a person: messages in their language, times of China, figures."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from app.extensions import _
from app.kernel.errors import Message

SHANGHAI = ZoneInfo("Asia/Shanghai")


def translate(message: Any) -> str:
    """A Message (or plain text) in the language of the request."""
    if isinstance(message, Message):
        values = {key: translate(value) if isinstance(value, Message) else value for key, value in message.values.items()}
        return _(message.msgid, **values) if values else _(message.msgid)
    return str(message)


def local_time(value: dt.datetime | None, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """An aware time in China's time zone."""
    return value.astimezone(SHANGHAI).strftime(pattern) if value else ""


def number(value: Any, decimals: int | None = None) -> str:
    """A figure with thousands separators; nothing for None."""
    if value is None:
        return ""
    if decimals is None:
        return f"{value:,}"
    return f"{Decimal(value):,.{decimals}f}"
