"""What a workbook consists of, declared by the capabilities in their ``sheets.py`` (D4, M1.L, M1.4.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.kernel.errors import Message

Kind = Literal["text", "int", "decimal", "date", "datetime", "month", "bool"]

#: Renders a message into the reader's language; the web layer passes gettext, tests pass ``str``.
Translate = Callable[[Message], str]

#: Rows of a worksheet in the .xlsx format, the head included.
MAX_SHEET_ROWS = 1_048_576
#: Characters that a cell can hold; longer text is cut and ends in an ellipsis.
MAX_CELL_CHARS = 32_767

_DEFAULT_WIDTHS: dict[str, float] = {
    "text": 18, "int": 10, "decimal": 14, "date": 12, "datetime": 19, "month": 10, "bool": 8,
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a sheet that is written.

    ``label`` and ``group`` are already translated. ``width`` is in characters (half-width), ``decimals``
    applies to kind ``decimal``. ``number_format`` replaces the format of the kind. ``labels`` are the words
    for True and False of kind ``bool``; without them the cell is a true Excel boolean.
    """

    key: str
    label: str
    kind: Kind = "text"
    width: float | None = None
    unit: str = ""
    group: str = ""
    decimals: int = 2
    number_format: str | None = None
    labels: tuple[str, str] | None = None
    wrap: bool = False

    @property
    def heading(self) -> str:
        """Label with its unit, as the official forms print it: ``建筑面积(万㎡)``."""
        return f"{self.label}({self.unit})" if self.unit else self.label

    @property
    def excel_format(self) -> str:
        """Excel number format of the column's cells."""
        if self.number_format is not None:
            return self.number_format
        if self.kind == "decimal":
            return "#,##0" + ("." + "0" * self.decimals if self.decimals else "")
        formats = {"int": "0", "date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm:ss", "month": "yyyy-mm"}
        return formats.get(self.kind, "@" if self.kind == "text" or self.labels else "General")

    @property
    def excel_width(self) -> float:
        """Column width in characters: as told, else by kind and at least as wide as half of the heading."""
        if self.width is not None:
            return self.width
        return max(_DEFAULT_WIDTHS[self.kind], min(40, display_width(self.heading) / 2 + 4))


@dataclass
class Sheet:
    """One table to write. ``rows`` is consumed once, in order; every row has one value per column.

    ``title`` is printed across the top, ``notes`` are lines under it. Columns with a ``group`` get a second,
    merged head row above. ``freeze_columns`` stay in sight when scrolling sideways (the head always does).
    """

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    title: str | None = None
    notes: Sequence[str] = ()
    freeze_columns: int = 0
    autofilter: bool = True

    @property
    def has_groups(self) -> bool:
        return any(column.group for column in self.columns)

    @property
    def head_rows(self) -> int:
        """Rows above the first row of data: title, notes, groups and the head itself."""
        return (1 if self.title else 0) + len(self.notes) + (1 if self.has_groups else 0) + 1


@dataclass(frozen=True)
class SheetColumn:
    """One column of an import template, matched again when the filled-in workbook is read.

    ``aliases`` are further headings under which older or county-made workbooks carry the same column.
    ``choices`` become a drop-down list. ``note`` is shown as comment and as input message at the cell.
    ``fill_merged`` repeats the value of a merged cell on every row that it spans (市州 beside all its rows).
    ``example`` fills the sample row of the instructions. ``minimum`` and ``maximum`` guard numbers in Excel
    only: the rules of the capability decide when the workbook is imported.
    """

    key: str
    label: str
    aliases: tuple[str, ...] = ()
    required: bool = False
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    note: str = ""
    width: float | None = None
    unit: str = ""
    example: str = ""
    decimals: int = 2
    minimum: float | None = None
    maximum: float | None = None
    fill_merged: bool = False

    def as_column(self) -> Column:
        """The same column as one that can be written."""
        return Column(self.key, self.label, self.kind, self.width, self.unit, decimals=self.decimals)


def display_width(text: str) -> int:
    """Width of the text in half-width characters: a Chinese character counts two.

    >>> display_width("小区A")
    5
    """
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)
