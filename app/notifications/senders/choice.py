"""The sender that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import current_app

from app.notifications.senders.aliyun import URL as ALIYUN
from app.notifications.senders.aliyun import AliyunSender
from app.notifications.senders.base import SmsSender
from app.notifications.senders.console import ConsoleSender
from app.notifications.senders.tencent import URL as TENCENT
from app.notifications.senders.tencent import TencentSender


def templates_of(text: str) -> dict[str, str]:
    """``unit_account=SMS_1, unit_password=SMS_2`` as a mapping. Raises ValueError for anything else."""
    pairs = [part.strip() for part in text.split(",") if part.strip()]
    found = {name.strip(): number.strip() for name, _sign, number in (pair.partition("=") for pair in pairs)}
    if not all(name and number for name, number in found.items()):
        raise ValueError(f"SMS_TEMPLATES: {text}")
    return found


def made_of(config: Mapping[str, Any]) -> SmsSender:
    """The sender of these settings. Raises ValueError when one is unknown or lacks what it needs."""
    kind = config["SMS_SENDER"]
    if kind == "console":
        return ConsoleSender(None if config["PRODUCTION"] else Path(config["DATA_DIR"]) / "sms")
    needed = {"tencent": ("SMS_KEY_ID", "SMS_KEY_SECRET", "SMS_SIGN", "SMS_APP_ID", "SMS_TEMPLATES"),
              "aliyun": ("SMS_KEY_ID", "SMS_KEY_SECRET", "SMS_SIGN", "SMS_TEMPLATES")}  # fmt: skip
    if kind not in needed:
        raise ValueError(f"SMS_SENDER is console, tencent or aliyun, not {kind}")
    if missing := [name for name in needed[kind] if not config[name]]:
        raise ValueError(f"SMS_SENDER={kind} needs {', '.join(missing)}")
    key, secret, sign = config["SMS_KEY_ID"], config["SMS_KEY_SECRET"], config["SMS_SIGN"]
    templates = templates_of(config["SMS_TEMPLATES"])
    if kind == "aliyun":
        return AliyunSender(key, secret, sign, templates, url=config["SMS_URL"] or ALIYUN)
    return TencentSender(
        key, secret, config["SMS_APP_ID"], sign, templates, config["SMS_REGION"], config["SMS_URL"] or TENCENT
    )


def sender() -> SmsSender:
    """The sender of this installation. Raises ValueError when its settings are incomplete."""
    return made_of(current_app.config)
