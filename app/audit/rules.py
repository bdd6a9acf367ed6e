"""What goes into an audit event and how events are chained (pure)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from decimal import Decimal
from typing import Any

GENESIS = "0" * 64
SECRET_FIELDS = frozenset({"password", "totp_secret", "token_hash", "recovery_codes"})
HASHED = (
    "chain", "seq", "at", "actor_id", "actor_name", "address", "request_id", "action",
    "entity", "entity_id", "label", "county_code", "before", "after",
)  # fmt: skip


def plain(value: Any) -> Any:
    """A JSON value of a column value; decimals and times as exact text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    return str(value)


def digest(event: dict[str, Any], prev_hash: str) -> str:
    """SHA-256 over the previous digest and the event's canonical JSON."""
    body = {key: plain(event.get(key)) for key in HASHED}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{prev_hash}\n{text}".encode()).hexdigest()
