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
    ``open`` (False folds it) and ``children``, or ``folded``: children as (label, what they add to the address,
    count), which list.js draws when the node is opened: a province has a hundred that are seldom looked at."""
    return Markup("<ul>" + "".join([_node(node) for node in nodes]) + "</ul>")


def _node(node: Mapping[str, Any]) -> str:
    label, count = html(node["label"]), node.get("count")
    glyph = icon(node["icon"]) if node.get("icon") else ""
    current = ' aria-current="true"' if node.get("current") else ""
    number = f'<span class="c">{count:,}</span>' if count is not None else ""
    link = f'<a href="{html(node["href"])}"{current}>{glyph}<span class="clip">{label}</span>{number}</a>'
    children, folded = node.get("children"), node.get("folded")
    if not (children or folded):
        return f"<li>{link}</li>"
    opened = "true" if children and node.get("open", True) else "false"
    fold = html(_("Fold %(name)s", name=node["label"]))
    more = f' data-more="{html(";".join([",".join(map(str, part)) for part in folded]))}"' if folded else ""
    twist = f'<button class="twist" type="button" data-twist aria-expanded="{opened}" aria-label="{fold}"{more}>'
    below = tree_nodes(children) if children else ""
    return f'<li class="has-kids">{twist}{icon("chevron-down")}</button>{link}{below}</li>'
