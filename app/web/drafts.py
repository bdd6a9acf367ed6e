"""What somebody typed and has not submitted, kept on the server: one draft a person and form."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

from flask import Response, abort, jsonify, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.extensions import _, db
from app.persistence.context import current_actor
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.web import submissions
from app.web.models import FormDraft

MOST_BYTES = 64 * 1024
MOST_FIELDS = 600
MOST_DRAFTS = 200
KEPT = dt.timedelta(days=90)
_KEY = re.compile(r"[a-z][a-z0-9_:.-]{0,119}\Z")
_table = FormDraft.__table__


def get(session: Session, user_id: int | None, key: str) -> FormDraft | None:
    """The draft of a person's form."""
    return session.get(FormDraft, (user_id, key))


def keep(
    session: Session, user_id: int | None, key: str, values: dict[str, Any], base: str | None = None
) -> None:
    """Store or replace a draft (the caller commits); the oldest beyond `MOST_DRAFTS` go."""
    row = {
        "user_id": user_id,
        "form_key": key,
        "data": {"values": values, "base": base},
        "saved_at": utcnow(),
    }
    make = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = make(_table).values(row)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "form_key"],
            set_={"data": statement.excluded.data, "saved_at": statement.excluded.saved_at},
        )
    )
    mine = select(_table.c.form_key).where(_table.c.user_id == user_id).order_by(_table.c.saved_at.desc())
    surplus = list(session.scalars(mine.offset(MOST_DRAFTS)))
    if surplus:
        session.execute(delete(_table).where(_table.c.user_id == user_id, _table.c.form_key.in_(surplus)))


def discard(session: Session, user_id: int | None, key: str) -> None:
    """Remove a draft in the running transaction: together with the save that made it needless."""
    session.execute(delete(_table).where(_table.c.user_id == user_id, _table.c.form_key == key))


def forget_old(session: Session) -> int:
    """Remove drafts nobody came back to for three months; returns how many (the caller commits)."""
    gone = session.execute(delete(_table).where(_table.c.saved_at < utcnow() - KEPT))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _payload() -> tuple[dict[str, Any], str | None]:
    """(values, token of the form) of the request: texts and lists of texts by field name, limited in size."""
    if (request.content_length or 0) > MOST_BYTES:
        abort(413)
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400)
    values = body.get("values")
    if not isinstance(values, dict) or len(values) > MOST_FIELDS or len(json.dumps(values)) > MOST_BYTES:
        abort(400)
    plain = all(
        isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))
        for value in values.values()
    )
    if not plain or any(
        "\x00" in json.dumps(value) or "\\u0000" in json.dumps(value) for value in values.values()
    ):
        abort(400)
    base = body.get("base")
    return values, base if submissions.is_token(base) else None


class DraftView(BaseView):
    """``/drafts/<key>``: what static/js/forms.js saves while somebody types."""

    route_base = "/drafts"
    class_permission_name = "Draft"

    def _key(self, key: str) -> str:
        if not _KEY.match(key):
            abort(404)
        return key

    @expose("/<key>", methods=["GET"])
    @has_access
    @permission_name("edit")
    def show(self, key: str) -> Any:
        """The draft as ``{"values", "saved_at"}``, or 204 when there is none."""
        draft = get(db.session(), current_actor().user_id, self._key(key))
        if draft is None or not isinstance(draft.data.get("values"), dict):
            return Response(status=204)
        return jsonify(values=draft.data["values"], saved_at=draft.saved_at.isoformat())

    @expose("/<key>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def save(self, key: str) -> Any:
        """Keep the values; a form that was carried out meanwhile leaves no draft behind."""
        values, base = _payload()
        actor = current_actor()
        with unit_of_work() as session:
            if base and submissions.outcome(session, actor, base) is not None:
                return jsonify(message=_("This form was sent already."), saved=False)
            keep(session, actor.user_id, self._key(key), values, base)
        return jsonify(saved=True)

    @expose("/<key>", methods=["DELETE"])
    @has_access
    @permission_name("edit")
    def remove(self, key: str) -> Any:
        with unit_of_work() as session:
            discard(session, current_actor().user_id, self._key(key))
        return Response(status=204)
