"""The body of a list's table, written row by row in Python: a template would cost as much as the rest of the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flask_babel import get_locale
from markupsafe import Markup, escape

from app.extensions import _
from app.web.icons import icon
from app.web.listing import Column, Listing, Page

_special = re.compile(r"""[&<>"']""").search


def html(value: Any) -> str:
    """The value as HTML text; ``Markup`` stands as it is, nothing gives nothing."""
    if value is None:
        return ""
    if type(value) is Markup:
        return value
    return value if type(value) is str and not _special(value) else str(escape(value))


def table_body(view: Any, columns: Sequence[Column], page: Page) -> Markup:
    """Every row as ``<tr>``: tick box or lock, running number, the cells, and the links of the row."""
    cells = [(f'<td class="{column.css}">' if column.css else "<td>", column.show) for column in columns]
    pick, links, lock = html(_("Select")), _links(view), _lock()
    parts: list[str] = []
    add = parts.append
    for number, row in enumerate(page.rows, page.first_row + 1):
        row_id = row.id
        add(f'\n<tr data-row="{row_id}"><td class="ck">')
        if why := view.row_locked(row):
            add(f'<span class="lock" title="{html(why)}">{lock}</span>')
        else:
            label = f"{pick} {html(getattr(row, 'name', ''))}"
            add(f'<input class="form-check-input" type="checkbox" data-pick value="{row_id}" aria-label="{label}">')
        add(f'</td><td class="sn num">{number}</td>')
        for opening, show in cells:
            value = show(row)
            add(opening)
            add(value if type(value) is Markup else html(value))
            add("</td>")
        add(links.replace("{}", str(row_id)))
        add("</tr>")
    return Markup("".join(parts))


def column_boxes(listing: Listing, columns: Sequence[Column]) -> tuple[Markup, Markup]:
    """Tick boxes of the export panel (grouped, with units) and of the column chooser; the same for the same choice."""
    key = (listing.key, str(get_locale()), *(column.key for column in columns))
    if key not in _boxes:
        if len(_boxes) > 500:
            _boxes.clear()
        chosen = {column.key for column in columns}
        _boxes[key] = _export_boxes(listing, chosen), _chooser_boxes(listing, chosen)
    return _boxes[key]


_boxes: dict[tuple[str, ...], tuple[Markup, Markup]] = {}


def _export_boxes(listing: Listing, chosen: set[str]) -> Markup:
    groups: dict[str, list[str]] = {}
    for column in listing.columns:
        unit = f"({html(column.unit)})" if column.unit else ""
        label = f"{_box(column, chosen)}>{html(column.label)}{unit}</label>"
        groups.setdefault(html(column.group), []).append(label)
    return Markup("").join(
        Markup(f'<div class="lab">{group}</div>\n<div class="cols">{"".join(labels)}</div>\n')
        for group, labels in groups.items()
    )


def _chooser_boxes(listing: Listing, chosen: set[str]) -> Markup:
    return Markup("").join(
        Markup(f'{_box(column, chosen)} data-default="{"1" if column.default else ""}">{html(column.label)}</label>')
        for column in listing.columns
        if column.screen
    )


def _box(column: Column, chosen: set[str]) -> str:
    checked = " checked" if column.key in chosen else ""
    return f'<label><input class="form-check-input" type="checkbox" name="columns" value="{html(column.key)}"{checked}'


def _lock() -> str:
    return f'{icon("lock")}<span class="visually-hidden">{html(_("Locked"))}</span>'


def _links(view: Any) -> str:
    """The last cell with ``{}`` where the row's id belongs; nothing where a row has no page of its own."""
    if not view.row_pages:
        return ""
    base = html(view.route_base)
    edit = f'<a href="{base}/edit/{{}}">{html(_("Edit (row)"))}</a>' if view.may("edit") else ""
    return f'<td class="op">{edit}<a href="{base}/show/{{}}">{html(_("View"))}</a></td>'
