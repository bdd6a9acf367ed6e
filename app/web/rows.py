"""The body of a list's table, written row by row in Python: a template would cost as much as the rest of the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flask import current_app
from flask_babel import get_locale
from markupsafe import Markup, escape

from app.extensions import _
from app.kernel.calendar import today
from app.persistence.context import current_actor
from app.regions.cache import current
from app.web.icons import icon
from app.web.listing import Column, Listing, Page, State
from app.web.texts import speaking

_STORE = "portal-rows"
MOST_ROWS, MOST_MANNERS = 2000, 12
_special = re.compile(r"""[&<>"']""").search


def html(value: Any) -> str:
    """The value as HTML text; ``Markup`` stands as it is, nothing gives nothing."""
    if value is None:
        return ""
    if type(value) is Markup:
        return value
    return value if type(value) is str and not _special(value) else str(escape(value))


def html_all(texts: Sequence[str]) -> list[str]:
    """Plain texts as HTML, all at once: most need no escaping, and a look at all of them costs as much as at one."""
    together = "\0".join(texts)
    if not _special(together):
        return list(texts)
    escaped = str(escape(together)).split("\0")
    return escaped if len(escaped) == len(texts) else [str(escape(text)) for text in texts]


def table_body(view: Any, columns: Sequence[Column], page: Page) -> Markup:
    """Every row as ``<tr>``: tick box or lock, running number, the cells, and the links of the row."""
    rows, first = page.rows, page.first_row + 1
    drawn = _known_rows(view, columns, rows) if view.listing.lasting else _draw(view, columns, rows)
    return Markup("".join([f"{before}{number}{after}" for number, (before, after) in enumerate(drawn, first)]))


def _known_rows(view: Any, columns: Sequence[Column], rows: Sequence[Any]) -> list[tuple[str, str]]:
    """The rows as this process drew them before; the values themselves are the key, so nothing is ever out of date."""
    store: dict[tuple[Any, ...], dict[Any, tuple[str, str]]] = current_app.extensions.setdefault(_STORE, {})
    manner = (
        type(view), speaking(), current_actor().permissions, current().version, today(), *[column.key for column in columns],
    )  # fmt: skip
    known = store.get(manner)
    if known is None or len(known) > MOST_ROWS:
        if len(store) >= MOST_MANNERS:
            store.clear()
        known = store[manner] = {}
    drawn = list(map(known.get, rows))
    if None in drawn:
        new = [row for row, found in zip(rows, drawn, strict=True) if found is None]
        known.update(zip(new, _draw(view, columns, new), strict=True))
        drawn = [known[row] for row in rows]
    return drawn  # type: ignore[return-value]


def _draw(view: Any, columns: Sequence[Column], rows: Sequence[Any]) -> list[tuple[str, str]]:
    """Every row as HTML before and after its running number."""
    ids = [row.id for row in rows]
    # the end tags of cells may be left out in HTML: with them 100 rows would weigh 8 KB more
    frame = "".join([f'<td class="{column.css}">%s' if column.css else "<td>%s" for column in columns])
    links = _links(view)
    frame += f"{links}</tr>"
    pieces = [*[_cells(column, rows) for column in columns], *[ids] * links.count("%s")]
    return [
        (f'\n<tr data-row="{key}"><td class="ck">{tick}<td class="sn num">', frame % row)
        for key, tick, row in zip(ids, _ticks(view, rows), zip(*pieces, strict=True), strict=True)
    ]


def _cells(column: Column, rows: Sequence[Any]) -> list[str]:
    """The cells of one column as HTML."""
    if column.cells:
        return column.cells(rows)
    return [
        value if type(value) is Markup or (type(value) is str and not _special(value)) else html(value)
        for value in map(column.show, rows)
    ]


def _ticks(view: Any, rows: Sequence[Any]) -> list[str]:
    """Tick box of each row, or a lock that says why it has none."""
    pick = _("Select")
    box = f'<input class="form-check-input" type="checkbox" data-pick value="%s" aria-label="{_format_safe(pick)} %s">'
    names = html_all([getattr(row, "name", None) or "" for row in rows])
    return [
        f'<span class="lock" role="img" title="{html(why)}"></span>' if why else box % (row.id, name)
        for row, name, why in zip(rows, names, view.row_locks(rows), strict=True)
    ]


def table_head(columns: Sequence[Column], state: State, path: str) -> Markup:
    """The head cells of the columns; a sortable one is a link that sorts by it, or turns the order round."""
    return Markup("".join([_head_cell(column, state, path) for column in columns]))


def _head_cell(column: Column, state: State, path: str) -> str:
    css = ' class="num"' if column.css == "num" else ""
    unit = f"<small>{html(column.unit)}</small>" if column.unit else ""
    if not column.sort:
        return f'<th scope="col"{css}>{html(column.label)}{unit}</th>'
    mine = state.sort == column.sort
    order = ("descending" if state.descending else "ascending") if mine else "none"
    glyph = {"none": "arrows-sort", "ascending": "arrow-narrow-up", "descending": "arrow-narrow-down"}[order]
    href = html(state.url(path, sort=f"-{column.sort}" if order == "ascending" else column.sort))
    link = f'<a href="{href}">{html(column.label)}{icon(glyph)}</a>'
    return f'<th scope="col"{css} aria-sort="{order}">{link}{unit}</th>'


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


def _links(view: Any) -> str:
    """The last cell with ``%s`` where the row's id belongs; nothing where a row has no page of its own."""
    if not view.row_pages:
        return ""
    base = html(view.route_base)
    edit = f'<a href="{base}/edit/%s">{_format_safe(_("Edit (row)"))}</a>' if view.row_edit and view.may("edit") else ""
    return f'<td class="op">{edit}<a href="{base}/show/%s">{_format_safe(_("View"))}</a>'


def _format_safe(text: str) -> str:
    return html(text).replace("%", "%%")
