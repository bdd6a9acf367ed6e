"""How answers travel: versioned files kept for a year, signed-in pages never stored, text compressed."""

from __future__ import annotations

import gzip
import secrets
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from isal import isal_zlib
from whitenoise import WhiteNoise

from app.persistence.context import current_actor

YEAR = 31_536_000
LEAST = 1400
_COMPRESSIBLE = (
    "text/",
    "application/json",
    "application/javascript",
    "image/svg+xml",
    "application/geo+json",
)
_SUFFIXES = (".css", ".js", ".svg", ".json", ".geojson", ".html")


def gzipped(body: bytes) -> bytes:
    """A gzip file whose header has a name of random length: its size tells nothing of secrets inside."""
    name = secrets.token_hex(secrets.randbelow(24) + 1).encode()
    packer = isal_zlib.compressobj(2, isal_zlib.DEFLATED, -15)
    head = b"\x1f\x8b\x08\x08\0\0\0\0\0\xff" + name + b"\0"
    return (
        head
        + packer.compress(body)
        + packer.flush()
        + struct.pack("<II", zlib.crc32(body), len(body) & 0xFFFFFFFF)
    )


class VersionedFiles(WhiteNoise):  # type: ignore[misc]
    """Static files: kept for a year when the address names their version (``?v=``), else checked again."""

    def __init__(self, application: Any, root: str) -> None:
        super().__init__(
            application,
            root=root,
            prefix="static/",
            max_age=0,
            allow_all_origins=False,
            add_headers_function=self._headers,
        )
        self._packed: dict[str, bytes] = {}

    @staticmethod
    def _headers(headers: Any, path: str, url: str) -> None:
        headers["X-Content-Type-Options"] = "nosniff"
        if path.endswith((".html", ".svg")):
            headers["Content-Security-Policy"] = (
                "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self'"
            )

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path not in self.files:
            return self.application(environ, start_response)  # type: ignore[no-any-return]
        packed = self._pack(path) if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "") else None
        versioned = environ.get("QUERY_STRING", "").startswith("v=")

        def respond(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            fresh = {"Cache-Control": f"public, max-age={YEAR}, immutable"} if versioned else {}
            if status.startswith("200") and packed is not None:
                fresh |= {
                    "Content-Encoding": "gzip",
                    "Content-Length": str(len(packed)),
                    "Vary": "Accept-Encoding",
                }
            kept = [(key, value) for key, value in headers if key not in fresh]
            respond.packed = status.startswith("200") and packed is not None  # type: ignore[attr-defined]
            return start_response(status, [*kept, *fresh.items()], *more)

        body = super().__call__(environ, respond)
        if getattr(respond, "packed", False):
            if hasattr(body, "close"):
                body.close()
            return [packed or b""] if environ["REQUEST_METHOD"] == "GET" else []
        return body  # type: ignore[no-any-return]

    def _pack(self, url: str) -> bytes | None:
        """The compressed file, made once a process; None for what is small or packed already."""
        if not url.endswith(_SUFFIXES):
            return None
        if url not in self._packed:
            path = Path(self.files[url].alternatives[-1][1])
            large = path.stat().st_size >= LEAST  # packed once a process: as small as gzip can make it
            self._packed[url] = gzip.compress(path.read_bytes(), 9, mtime=0) if large else b""
        return self._packed[url] or None


def _keep_private(response: Response) -> Response:
    """What a signed-in person sees is not kept by browsers or proxies, unless the view says otherwise."""
    if (
        request.endpoint != "static"
        and "Cache-Control" not in response.headers
        and current_actor().is_authenticated
    ):
        response.headers["Cache-Control"] = "no-store"
    return response


def _compress(response: Response) -> Response:
    """Whole text answers of some size, for browsers that take gzip."""
    if (
        response.direct_passthrough
        or response.is_streamed
        or response.status_code in (204, 304)
        or "Content-Encoding" in response.headers
        or not (response.mimetype or "").startswith(_COMPRESSIBLE)
    ):
        return response
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) >= LEAST and "gzip" in request.accept_encodings:
        response.set_data(gzipped(body))
        response.headers["Content-Encoding"] = "gzip"
    return response


def install(app: Flask) -> None:
    """Set caching and compression; under gunicorn static files are served without the application."""
    app.after_request(_compress)
    app.after_request(_keep_private)
    if app.config["SERVE_STATIC"]:
        app.wsgi_app = VersionedFiles(app.wsgi_app, str(app.static_folder))  # type: ignore[method-assign]
