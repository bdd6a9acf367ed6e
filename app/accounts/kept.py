"""Forms that arrived after their session had rested too long: kept for their owner, shown again after signing in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from werkzeug.datastructures import MultiDict

from app.extensions import db
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.web.models import FormDraft

PREFIX = "kept:"
FIELD = "kept_key"
LARGEST = 256 * 1024
_SECRET = re.compile(
    r"password|passwd|^(csrf_token|download_token|otp|old|new|again|kept_key)$", re.IGNORECASE
)
_drafts = FormDraft.__table__


@dataclass(frozen=True)
class Kept:
    """A form as it was typed: where it was going and its fields in order, several values a name possible."""

    key: str
    action: str
    fields: tuple[tuple[str, str], ...]


def keep(user_id: int, action: str, form: MultiDict[str, str]) -> bool:
    """Store what was typed, never a password; a form that names its own draft goes there. True when kept."""
    fields = [(name, value) for name, value in form.items(multi=True) if not _SECRET.search(name)]
    if not any(value.strip() for _name, value in fields) or len(json.dumps(fields)) > LARGEST:
        return False
    values: dict[str, Any] = {}
    for name, value in fields:
        values[name] = value if name not in values else [*_as_list(values[name]), value]
    with unit_of_work() as session:
        own = form.get("draft_key", "")
        keys = [f"{PREFIX}{action}"[:120]] + ([own] if re.fullmatch(r"[\w:/.-]{1,120}", own) else [])
        for key in keys:
            session.merge(
                FormDraft(
                    user_id=user_id, form_key=key, saved_at=utcnow(),
                    data={"values": values, "action": action, "fields": fields},
                )
            )  # fmt: skip
    return True


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def newest(user_id: int | None) -> Kept | None:
    """The form kept last for this person, or None."""
    row = db.session.execute(
        select(_drafts.c.form_key, _drafts.c.data)
        .where(_drafts.c.user_id == user_id, _drafts.c.form_key.like(f"{PREFIX}%"))
        .order_by(_drafts.c.saved_at.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Kept(row.form_key, row.data["action"], tuple((name, value) for name, value in row.data["fields"]))


def forget(user_id: int | None, key: str) -> None:
    """Drop a kept form (it was sent again, or its owner wants it no more)."""
    with unit_of_work() as session:
        session.execute(delete(_drafts).where(_drafts.c.user_id == user_id, _drafts.c.form_key == key))
