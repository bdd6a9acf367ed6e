"""How values are put into words for a person: messages in their language, times of China, figures."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import flask_babel
from flask import current_app

from app.extensions import _
from app.kernel.errors import Message

SHANGHAI = ZoneInfo("Asia/Shanghai")


def translate(message: Any) -> str:
    """A Message (or plain text) in the language of the request."""
    if isinstance(message, Message):
        values = {key: translate(value) if isinstance(value, Message) else value for key, value in message.values.items()}
        return _(message.msgid, **values) if values else _(message.msgid)
    return str(message)


def in_default_language(message: Message) -> str:
    """A Message in the language of the installation, also where there is no request (jobs, text messages)."""
    with flask_babel.force_locale(current_app.config["BABEL_DEFAULT_LOCALE"]):
        text = current_app.extensions["portal_domain"].get_translations().gettext(message.msgid)
    return str(text % message.values if message.values else text)


def local_time(value: dt.datetime | None, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """An aware time in China's time zone."""
    return value.astimezone(SHANGHAI).strftime(pattern) if value else ""


def month_text(value: dt.date | None) -> str:
    """A month as people write it: 2026年10月."""
    return _("%(year)s-%(month)s (month)", year=value.year, month=value.month) if value else ""


def number(value: Any, decimals: int | None = None) -> str:
    """A figure with thousands separators; nothing for None."""
    if value is None:
        return ""
    if decimals is None:
        return f"{value:,}"
    return f"{Decimal(value):,.{decimals}f}"
