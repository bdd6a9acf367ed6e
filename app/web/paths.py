"""Addresses of pages: asked for a dozen times a page, so worked out once a process."""

from __future__ import annotations

from flask import current_app, request, url_for


def page_path(endpoint: str, **values: str) -> str:
    """``url_for`` for the few arguments that a program knows beforehand (never a row's id, never what was typed).

    Under another mount point than the root the address is worked out each time.
    """
    if request.script_root:
        return url_for(endpoint, _external=None, **values)
    known: dict[tuple[object, ...], str] = current_app.extensions.setdefault("portal-paths", {})
    key = (endpoint, *values.items())
    if key not in known:
        known[key] = url_for(endpoint, _external=None, **values)
    return known[key]
