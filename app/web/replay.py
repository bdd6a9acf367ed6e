"""A request whose transaction the database gave up for another one is carried out anew, unseen."""

from __future__ import annotations

from typing import Any

from flask import Flask, request

from app.persistence.work import again

_READ_WHOLE = frozenset({"", "application/json", "application/x-www-form-urlencoded", "multipart/form-data"})
"""Kinds of bodies that Werkzeug keeps; a streamed upload can be read only once."""


def install(app: Flask) -> None:
    """Wrap the dispatch of requests that write: hooks before and after them run once."""
    dispatch = app.dispatch_request

    def attempt() -> Any:
        for stored in request.files.values():
            stored.stream.seek(0)
        return dispatch()

    def dispatch_again() -> Any:
        if request.method in {"GET", "HEAD", "OPTIONS"} or request.mimetype not in _READ_WHOLE:
            return dispatch()
        return again(attempt)

    app.dispatch_request = dispatch_again  # type: ignore[method-assign]
