"""The nodes of a page's directory, written in Python: a county's list shows dozens of them on every page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from app.extensions import _
from app.web.icons import icon
from app.web.rows import html

Groups = Sequence[Iterable[Mapping[str, Any]]]


def tree_groups(groups: Groups) -> Markup:
    """Groups of nodes with a line between them."""
    return Markup("<hr>").join([tree_nodes(nodes) for nodes in groups])


def tree_nodes(nodes: Iterable[Mapping[str, Any]]) -> Markup:
    """``<ul>`` of nodes: mappings with ``label`` and ``href``, and when wanted ``count``, ``current``, ``icon``,
    ``open`` (False folds it) and ``children``."""
    return Markup("<ul>" + "".join([_node(node) for node in nodes]) + "</ul>")


def _node(node: Mapping[str, Any]) -> str:
    label, count = html(node["label"]), node.get("count")
    glyph = icon(node["icon"]) if node.get("icon") else ""
    current = ' aria-current="true"' if node.get("current") else ""
    number = f'<span class="c">{count:,}</span>' if count is not None else ""
    link = f'<a href="{html(node["href"])}"{current}>{glyph}<span class="clip">{label}</span>{number}</a>'
    if not (children := node.get("children")):
        return f"<li>{link}</li>"
    opened = "true" if node.get("open", True) else "false"
    fold = html(_("Fold %(name)s", name=node["label"]))
    twist = f'<button class="twist" type="button" data-twist aria-expanded="{opened}" aria-label="{fold}">'
    return f'<li class="has-kids">{twist}{icon("chevron-down")}</button>{link}{tree_nodes(children)}</li>'
