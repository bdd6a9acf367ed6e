"""Addresses of static files, each with a digest of its content so that browsers may keep it for long."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, current_app, has_request_context, request


class Assets:
    """Digests of the files below one static folder; ``watch`` looks again when a file changes."""

    def __init__(self, root: Path, prefix: str, watch: bool) -> None:
        self._root, self._prefix, self.watch = root, prefix, watch
        self._digests: dict[str, tuple[float, str]] = {}

    def url(self, name: str) -> str:
        """Return the address of static/``name``. Raises FileNotFoundError when the file is missing."""
        base = request.script_root if has_request_context() else ""
        return f"{base}{self._prefix}/{name}?v={self._digest(name)}"

    def _digest(self, name: str) -> str:
        known = self._digests.get(name)
        if known and not self.watch:
            return known[1]
        path = self._root / name
        changed = path.stat().st_mtime
        if known and known[0] == changed:
            return known[1]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        self._digests[name] = (changed, digest)
        return digest


def assets_watched(app: Flask) -> bool:
    """Whether files may change while the application runs."""
    return bool(app.debug or app.config.get("TEMPLATES_AUTO_RELOAD"))


def assets() -> Assets:
    """Return the assets of the current application, made on first use."""
    found = current_app.extensions.get("portal-assets")
    if found is None:
        watch = assets_watched(current_app)
        found = Assets(Path(str(current_app.static_folder)), current_app.static_url_path or "/static", watch)
        current_app.extensions["portal-assets"] = found
    return found


def asset(name: str) -> str:
    """``asset('css/portal.css')`` of the templates: the versioned address of a file below static/."""
    return assets().url(name)
