"""Addresses of uploads and files. Whether a record's files may be seen or changed the record decides."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import abort, jsonify, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.attachments import owners, parts, queries, services, serving
from app.attachments.models import Attachment, UploadSession
from app.attachments.panels import panels
from app.attachments.rules import CHUNK, LARGEST_CHUNK, SHOWN_INLINE
from app.extensions import db
from app.kernel.errors import OutOfScope, RuleViolation
from app.persistence.context import current_actor
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.web.views import row_id
from app.web.wording import translate

_UPLOAD = re.compile(r"[0-9a-f]{32}\Z")
_ENTITY = re.compile(r"[A-Za-z]{1,48}\Z")


def _typed(payload: dict[str, Any]) -> tuple[str, int, str, str, int]:
    """(entity, owner id, purpose, name, size) of an announcement; anything malformed is answered 400."""
    texts = [payload.get(key) for key in ("entity", "purpose", "name")]
    numbers = [payload.get(key) for key in ("owner_id", "size")]
    if not all(isinstance(text, str) and 0 < len(text) <= 1000 for text in texts):
        abort(400)
    if not all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**62 for n in numbers):
        abort(400)
    return str(texts[0]), int(numbers[0] or 0), str(texts[1]), str(texts[2]), int(numbers[1] or 0)


def _told(payload: dict[str, Any]) -> services.Told:
    """Time (ISO 8601 with zone) and place that an on-site page reports; malformed: 400."""
    try:
        at = dt.datetime.fromisoformat(payload["taken_at"]) if payload.get("taken_at") else None
        if payload.get("lng") is None and payload.get("lat") is None:
            lng = lat = None
        else:
            lng, lat = Decimal(str(payload["lng"])), Decimal(str(payload["lat"]))
            if not (abs(lng) <= 180 and abs(lat) <= 90):
                abort(400)
        if at is not None and (at.tzinfo is None or at > utcnow() + dt.timedelta(days=1)):
            abort(400)
    except (ValueError, TypeError, KeyError, InvalidOperation, OverflowError):
        abort(400)
    return services.Told(at, lng, lat)


def _state(upload: UploadSession) -> dict[str, Any]:
    return {
        "id": upload.id,
        "name": upload.name,
        "size": upload.size,
        "received": min(parts.received(upload.id), upload.size),
        "chunk": CHUNK,
        "largest_chunk": LARGEST_CHUNK,
        "url": url_for("AttachmentView.upload", key=upload.id),
    }


class AttachmentView(BaseView):
    """附件: resumable uploads, lists, previews, downloads, the recycle bin of files."""

    route_base = "/attachments"
    class_permission_name = "Attachment"
    base_permissions = ["can_show", "can_add", "can_delete"]

    # ── uploads ──
    @expose("/uploads/", methods=["POST"])
    @has_access
    @permission_name("add")
    def begin(self) -> Any:
        """Announce a file: JSON entity, owner_id, purpose, name, size [, taken_at, lng, lat] → 201."""
        payload = request.get_json(silent=True)
        if not isinstance(payload, dict):
            abort(400)
        entity, owner_id, purpose, name, size = _typed(payload)
        with unit_of_work() as session:
            upload = services.create_upload(
                session, current_actor(), entity, owner_id, purpose, name, size, _told(payload)
            )
            state = _state(upload)
        return jsonify(state), 201

    @expose("/uploads/<key>", methods=["GET", "PUT", "DELETE"])
    @has_access
    @permission_name("add")
    def upload(self, key: str) -> Any:
        """GET: how far it is. PUT ?offset=: the next piece. DELETE: give it up."""
        found = services.find_upload(db.session(), current_actor(), self._key(key))
        if request.method == "PUT":
            return self._take(found)
        if request.method == "DELETE":
            with unit_of_work() as session:
                services.cancel_upload(session, current_actor(), key)
            return "", 204
        return jsonify(_state(found))

    def _take(self, upload: UploadSession) -> Any:
        offset, total = request.args.get("offset", ""), upload.size
        if not offset.isascii() or not offset.isdigit() or len(offset) > 15:
            abort(400)
        if (request.content_length or 0) > LARGEST_CHUNK:
            abort(413)
        # the piece may take long to arrive: hold no connection to the database meanwhile
        key = upload.id
        db.session.rollback()
        try:
            received = parts.append(key, int(offset), request.stream, total)  # type: ignore[arg-type]
        except parts.WrongPlace as refusal:
            return jsonify(message=translate(refusal.message), received=refusal.received), refusal.status
        return jsonify(received=received)

    @expose("/uploads/<key>/complete", methods=["POST"])
    @has_access
    @permission_name("add")
    def complete(self, key: str) -> Any:
        """All pieces are there: JSON sha256 (hex) → the attachment. Asked twice it answers the same."""
        self._key(key)
        payload = request.get_json(silent=True)
        if not isinstance(payload, dict):
            abort(400)
        try:
            with parts.held(key):
                attachment = self._done(key) or self._finish(key, payload.get("sha256"))
        except FileNotFoundError:
            attachment = self._done(key)
        except (services.Damaged, services.Unfinished) as refusal:
            received = getattr(refusal, "received", 0)
            return jsonify(message=translate(refusal.message), received=received), refusal.status
        if attachment is None:
            raise OutOfScope(f"upload {key}")
        return jsonify(
            id=attachment.id, name=attachment.name, url=url_for("AttachmentView.original", pk=attachment.id)
        )

    def _finish(self, key: str, sha256: object) -> Attachment | None:
        actor = current_actor()
        try:
            checked = services.check_upload(db.session(), actor, key, sha256)
            db.session.rollback()
            with unit_of_work() as session:
                number = services.attach_upload(session, actor, key, checked).id
        except RuleViolation:
            if found := self._done(key):
                return found
            # the same content would be refused again: nothing of it is kept
            with unit_of_work() as session:
                services.cancel_upload(session, actor, key)
            raise
        parts.discard(key)
        return queries.find(db.session(), number)

    def _done(self, key: str) -> Attachment | None:
        found = queries.by_upload(db.session(), key)
        return found if found is not None and found.uploader_id == current_actor().user_id else None

    def _key(self, key: str) -> str:
        if not _UPLOAD.match(key):
            abort(404)
        return key

    # ── files ──
    @expose("/of/<entity>/<pk>/<purpose>")
    @has_access
    @permission_name("show")
    def panel(self, entity: str, pk: str, purpose: str) -> Any:
        """The list of one purpose, to be put into the page anew."""
        if not _ENTITY.match(entity):
            abort(404)
        session, actor = db.session(), current_actor()
        owners.purpose_of(entity, purpose)
        row = owners.readable(session, actor, entity, row_id(pk))
        found = panels(session, actor, entity, row, [purpose])
        return self.render_template("attachments/panel.html", panel=found[0])

    @expose("/download/<pk>")
    @has_access
    @permission_name("show")
    def original(self, pk: str) -> Any:
        """The file itself, to be kept (FAB's own endpoint named download is closed)."""
        return serving.original(self._readable(pk), inline=False)

    @expose("/view/<pk>")
    @has_access
    @permission_name("show")
    @serving.policy(serving.PICTURE_POLICY)
    def view(self, pk: str) -> Any:
        """A picture, shown by the browser."""
        attachment = self._readable(pk)
        if attachment.file.kind not in SHOWN_INLINE - {"pdf"}:
            abort(404)
        return serving.original(attachment, inline=True)

    @expose("/read/<pk>")
    @has_access
    @permission_name("show")
    @serving.policy(serving.PDF_POLICY)
    def read(self, pk: str) -> Any:
        """A PDF, shown by the browser's own viewer."""
        attachment = self._readable(pk)
        if attachment.file.kind != "pdf":
            abort(404)
        return serving.original(attachment, inline=True)

    @expose("/thumbnail/<pk>")
    @has_access
    @permission_name("show")
    @serving.policy(serving.PICTURE_POLICY)
    def thumbnail(self, pk: str) -> Any:
        """A small picture of at most 360 pixels."""
        attachment = self._readable(pk)
        if attachment.file.thumbnail_state != "ready":
            abort(404)
        return serving.thumbnail(attachment)

    @expose("/marked/<pk>")
    @has_access
    @permission_name("show")
    @serving.policy(serving.PICTURE_POLICY)
    def marked(self, pk: str) -> Any:
        """The copy of a photo that shows time, place and inspector."""
        attachment = self._readable(pk)
        copy = queries.watermark(db.session(), attachment.id)
        if copy is None:
            abort(404)
        return serving.marked(attachment, copy.file)

    def _readable(self, pk: str) -> Attachment:
        """An attachment whose record the actor may open; 404 for everything else."""
        session = db.session()
        found = queries.find(session, row_id(pk))
        if found is None:
            raise OutOfScope(f"attachment {pk}")
        owners.readable(session, current_actor(), found.owner_entity, found.owner_id)
        return found

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    @permission_name("delete")
    def delete(self, pk: str) -> Any:
        """Into the recycle bin."""
        with unit_of_work() as session:
            number = services.delete_attachment(session, current_actor(), row_id(pk)).id
        return jsonify(id=number, restore=url_for("AttachmentView.restore", pk=number))

    @expose("/restore/<pk>", methods=["POST"])
    @has_access
    @permission_name("delete")
    def restore(self, pk: str) -> Any:
        """Out of the recycle bin."""
        with unit_of_work() as session:
            number = services.restore_attachment(session, current_actor(), row_id(pk)).id
        return jsonify(id=number)
