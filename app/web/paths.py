"""Addresses of pages without arguments: asked for a dozen times a page, so worked out once a process."""

from __future__ import annotations

from flask import current_app, request, url_for


def page_path(endpoint: str) -> str:
    """``url_for(endpoint)``; under another mount point than the root it is worked out each time."""
    if request.script_root:
        return url_for(endpoint)
    known: dict[str, str] = current_app.extensions.setdefault("portal-paths", {})
    if endpoint not in known:
        known[endpoint] = url_for(endpoint)
    return known[endpoint]
