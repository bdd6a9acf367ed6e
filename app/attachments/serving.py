"""Answering with a stored content: ranges, ETag, names in any script, headers that forbid scripts."""

from __future__ import annotations

from typing import Any, BinaryIO
from urllib.parse import quote

import structlog
from flask import Response, current_app, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from app.attachments.models import Attachment, StoredFile
from app.attachments.rules import KINDS
from app.attachments.storage import storage
from app.kernel.errors import PortalError, msg

log = structlog.get_logger()
_PIECE = 256 * 1024

# a picture opened by itself is a document of this origin: it may draw itself and nothing else
PICTURE_POLICY = {
    "default-src": "'none'", "img-src": "'self'", "style-src": "'unsafe-inline'", "frame-ancestors": "'self'",
    "sandbox": "",
}  # fmt: skip
# browsers refuse to show a PDF in a sandboxed document; their viewers keep it apart by themselves
PDF_POLICY = {
    "default-src": "'none'", "style-src": "'unsafe-inline'", "img-src": "'self' data:",
    "object-src": "'self'", "frame-ancestors": "'self'",
}  # fmt: skip


class Lost(PortalError):
    """The row is there, its content is not (410): a fault of the store, which the log names."""

    status = 410

    def __init__(self) -> None:
        super().__init__(
            msg("The content of this file is missing from the store. Please tell the administrator.")
        )


def policy(rules: dict[str, str]) -> Any:
    """Give one endpoint its own content security policy (read by Talisman)."""

    def mark(view: Any) -> Any:
        view.talisman_view_options = {"content_security_policy": rules}
        return view

    return mark


def disposition(name: str, *, inline: bool) -> str:
    """Content-Disposition with the name in any script (RFC 6266) and an ASCII stand-in."""
    plain = "".join(c if 32 <= ord(c) < 127 and c not in '"\\%' else "_" for c in name)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def original(attachment: Attachment, *, inline: bool) -> Response:
    """The file itself, or the part that the Range header asks for."""
    stored = attachment.file
    answer = _content(stored.storage_key, stored.size, KINDS[stored.kind].mime, stored.sha256)
    answer.headers["Content-Disposition"] = disposition(attachment.name, inline=inline)
    return answer


def thumbnail(attachment: Attachment) -> Response:
    """The small picture."""
    stored = attachment.file
    size = storage().size(stored.thumbnail_key)
    if size is None:
        log.error("thumbnail is missing", sha256=stored.sha256)
        raise Lost
    answer = _content(stored.thumbnail_key, size, "image/jpeg", f"t{stored.sha256}")
    answer.headers["Content-Disposition"] = disposition(attachment.name + ".jpg", inline=True)
    return answer


def marked(attachment: Attachment, copy: StoredFile) -> Response:
    """The watermarked copy of a photo."""
    answer = _content(copy.storage_key, copy.size, KINDS[copy.kind].mime, copy.sha256)
    answer.headers["Content-Disposition"] = disposition(attachment.name + ".jpg", inline=True)
    return answer


def _content(key: str, size: int, mime: str, etag: str) -> Response:
    prefix = str(current_app.config["X_ACCEL_PREFIX"])
    if prefix and storage().path(key):
        answer = Response(mimetype=mime)
        answer.headers["X-Accel-Redirect"] = f"{prefix.rstrip('/')}/{key}"
    else:
        try:
            source: BinaryIO = storage().open(key)
        except FileNotFoundError as fault:
            log.error("content is missing", key=key)
            raise Lost from fault
        answer = Response(FileWrapper(source, _PIECE), mimetype=mime, direct_passthrough=True)  # type: ignore[arg-type]
        answer.content_length = size
        answer.set_etag(etag)
        try:
            answer.make_conditional(request, accept_ranges=True, complete_length=size)
        except RequestedRangeNotSatisfiable:
            source.close()
            raise
    # asked for anew each time, so that whoever loses the right loses the file; unchanged costs only headers
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer
