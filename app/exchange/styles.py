"""Cell formats shared by exports, templates and error workbooks."""

from __future__ import annotations

from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format

from app.exchange.cells import CellStyle
from app.exchange.columns import Column

_FONT = {"font_name": "宋体", "font_size": 11}
_BORDER = {"border": 1, "border_color": "#B8C4D6"}
_MIDDLE = {"valign": "vcenter"}

TITLE = {"bold": True, "font_size": 16, "align": "center", **_MIDDLE}
NOTE = {"font_color": "#4A5568", "text_wrap": True, **_MIDDLE}
HEAD = {"bold": True, "bg_color": "#DCE8F7", "align": "center", "text_wrap": True, **_MIDDLE, **_BORDER}
REQUIRED_HEAD = {**HEAD, "bg_color": "#1B5AAB", "font_color": "#FFFFFF"}
SAMPLE = {
    "italic": True,
    "font_color": "#5A6678",
    "bg_color": "#F4F6FA",
    "num_format": "@",
    **_BORDER,
    **_MIDDLE,
}
PROBLEM = {
    "font_color": "#9B1C1C",
    "bg_color": "#FDECEC",
    "text_wrap": True,
    "num_format": "@",
    **_BORDER,
    **_MIDDLE,
}


def new_workbook(target: Any) -> Workbook:
    """An XlsxWriter workbook in the product's font, built in memory without temporary files."""
    return Workbook(target, {"in_memory": True, "default_format_properties": dict(_FONT)})


def add_format(book: Workbook, *properties: dict[str, Any], **more: Any) -> Format:
    """A format in the product's font."""
    merged: dict[str, Any] = dict(_FONT)
    for each in properties:
        merged.update(each)
    return book.add_format({**merged, **more})


class BodyFormats:
    """The three formats that cells of one column can have (see ``CellStyle``)."""

    def __init__(self, book: Workbook, column: Column) -> None:
        base: dict[str, Any] = {**_BORDER, **_MIDDLE, "text_wrap": column.wrap}
        self.normal = add_format(book, base, num_format=column.excel_format)
        self.text = add_format(book, base, num_format="@")
        self.quoted = add_format(book, base, num_format="@", quote_prefix=True)

    @property
    def indexes(self) -> CellStyle:
        """Places in the cell format table; asking fixes them, in the order asked."""
        return CellStyle(*(each._get_xf_index() for each in (self.normal, self.text, self.quoted)))
