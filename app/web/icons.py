"""The icon sprite of the pages (static/img/icons.svg) and the versioned addresses of static files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from flask import current_app, has_request_context, request
from markupsafe import Markup, escape

_SYMBOL = re.compile(r'<symbol id="([a-z0-9-]+)"')
_FALLBACK = "point"


class Assets:
    """Addresses of files below static/, each with a digest of its content (``?v=``) for long caching."""

    def __init__(self, root: Path, prefix: str, watch: bool) -> None:
        self._root, self._prefix, self._watch = root, prefix, watch
        self._digests: dict[str, tuple[float, str]] = {}

    def url(self, name: str) -> str:
        """Return the address of static/``name``. Raises FileNotFoundError when the file is missing."""
        base = request.script_root if has_request_context() else ""
        return f"{base}{self._prefix}/{name}?v={self._digest(name)}"

    def _digest(self, name: str) -> str:
        known = self._digests.get(name)
        if known and not self._watch:
            return known[1]
        path = self._root / name
        changed = path.stat().st_mtime
        if known and known[0] == changed:
            return known[1]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        self._digests[name] = (changed, digest)
        return digest


def sprite_names(path: Path) -> frozenset[str]:
    """Return the names of the outlines in an icon sprite (static/img/icons.svg)."""
    return frozenset(_SYMBOL.findall(path.read_text(encoding="utf-8")))


class Icons:
    """``icon(name, cls='')`` of the templates: one outline of the sprite, hidden from screen readers."""

    def __init__(self, assets: Assets, names: frozenset[str]) -> None:
        self._assets, self._names = assets, names

    def __call__(self, name: str, cls: str = "") -> Markup:
        """Return the markup of one icon.

        ``name`` is a name of tools/icons.txt. An unknown name raises KeyError while developing and
        testing; in production it is logged and shown as a dot, so that no page is lost to it.
        """
        if name not in self._names:
            if current_app.debug or current_app.testing:
                raise KeyError(f"no icon named {name!r} in static/img/icons.svg")
            current_app.logger.error("unknown icon %r", name)
            name = _FALLBACK
        css = f"icon {escape(cls)}" if cls else "icon"
        return Markup(
            f'<svg class="{css}" aria-hidden="true"><use href="{self._assets.url("img/icons.svg")}#{name}"/></svg>'
        )
