"""The icons of the pages: outlines of static/img/icons.svg, written by ``tools/vendor.py icons``."""

from __future__ import annotations

import re
from pathlib import Path

from flask import current_app, has_request_context, request
from markupsafe import Markup, escape

from app.web.assets import asset, assets

SPRITE = "img/icons.svg"
_SYMBOL = re.compile(r'<symbol id="([a-z0-9-]+)"')
_FALLBACK = "point"


def sprite_names(path: Path) -> frozenset[str]:
    """Return the names of the outlines in an icon sprite."""
    return frozenset(_SYMBOL.findall(path.read_text(encoding="utf-8")))


def known_icons() -> frozenset[str]:
    """Return the names ``icon`` accepts in the current application, read once."""
    names: frozenset[str] | None = current_app.extensions.get("portal-icons")
    if names is None:
        names = sprite_names(Path(str(current_app.static_folder)) / SPRITE)
        current_app.extensions["portal-icons"] = names
    return names


def icon(name: str, cls: str = "") -> Markup:
    """``icon('plus')`` of the templates: one outline, hidden from screen readers.

    ``name`` is a name of tools/icons.txt. An unknown name raises KeyError while developing and testing;
    in production it is logged and shown as a dot, so that no page is lost to it.
    """
    if known := _drawn().get((name, cls)):
        return known
    if name not in known_icons():
        if current_app.debug or current_app.testing:
            raise KeyError(f"no icon named {name!r} in static/{SPRITE}")
        current_app.logger.error("unknown icon %r", name)
        name = _FALLBACK
    css = f"icon {escape(cls)}" if cls else "icon"
    drawn = Markup(f'<svg class="{css}" aria-hidden="true"><use href="{asset(SPRITE)}#{name}"/></svg>')
    if not assets().watch and not (has_request_context() and request.script_root):
        _drawn()[name, cls] = drawn
    return drawn


def _drawn() -> dict[tuple[str, str], Markup]:
    """What was drawn before by this process (never under another mount point, nor while files are watched)."""
    return current_app.extensions.setdefault("portal-icons-drawn", {})
