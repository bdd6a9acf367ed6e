"""Rows of values → the bytes of SpreadsheetML rows, a column at a time (performance.md, item 10).

Text is always written as inline string, so that nothing a user typed can become a formula. Text that starts
like a formula (``= + - @``, tab, carriage return, or full-width twins of the signs) also gets a style with
``quotePrefix``: Excel and WPS then keep it as text when the cell is edited.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.exchange.columns import MAX_CELL_CHARS, Column

#: First characters that make a spreadsheet program read a cell as a formula (OWASP, CSV injection).
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_AWKWARD = re.compile("^[-=+@＝＋－＠\\s]|[\x00-\x1f\ud800-\udfff\ufffe\uffff&<>]|_x|\\s$")
_ESCAPE_LIKE = re.compile("_(x[0-9a-fA-F]{4}_)")
_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", " ", "&", "<", ">", "_x")

_EPOCH = dt.datetime(1899, 12, 30)
_DAY = dt.timedelta(days=1)
_FIRST_SOUND_DATE = dt.date(1900, 3, 1)
_FIRST_DATE = dt.date(1900, 1, 1)


@dataclass(frozen=True)
class CellStyle:
    """Indexes into the workbook's cell formats: of the column, of plain text in it, and of quoted text."""

    normal: int
    text: int
    quoted: int


def clean_text(value: object) -> str:
    """Text as a cell can hold it: legal in XML, line ends as LF, at most 32,767 characters."""
    text = _ILLEGAL.sub("", str(value).replace("\r\n", "\n").replace("\r", "\n"))
    return text if len(text) <= MAX_CELL_CHARS else text[: MAX_CELL_CHARS - 1] + "…"


def starts_like_formula(value: str) -> bool:
    """Whether a spreadsheet program could take the text for a formula.

    >>> starts_like_formula("=1+1"), starts_like_formula("＝1+1"), starts_like_formula("1+1")
    (True, True, False)
    """
    return value[:1] in FORMULA_STARTS and value != ""


def excel_serial(value: dt.date | dt.datetime) -> float | int | None:
    """Days since 1899-12-30 as Excel counts them, or None for a date that Excel does not know (before 1900).

    Aware times keep their own wall clock. Excel takes 1900 for a leap year, hence the step before March 1900.
    """
    if isinstance(value, dt.datetime):
        naive = value.replace(tzinfo=None)
        day, serial = naive.date(), (naive - _EPOCH) / _DAY
    else:
        day, serial = value, value.toordinal() - 693_594
    if day < _FIRST_DATE:
        return None
    return serial if day >= _FIRST_SOUND_DATE else serial - 1


def normalise(column: Column, value: Any) -> Any:
    """The value as the cell holds it: None, bool, number, date, datetime, or else clean text."""
    if value is None or value == "":
        return None
    kind = column.kind
    if kind == "bool" and isinstance(value, bool) and column.labels:
        return column.labels[0] if value else column.labels[1]
    if kind != "text":
        if isinstance(value, dt.date):
            if kind in ("date", "month") and isinstance(value, dt.datetime):
                value = value.date()
            return value if excel_serial(value) is not None else value.isoformat()
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float | Decimal) and math.isfinite(value):
            return value
    return clean_text(value) or None


class _Serials(dict[dt.date, str]):
    """Remembers the serial of every date met; dates repeat, so this beats computing them."""

    def __missing__(self, day: dt.date) -> str:
        if day < _FIRST_SOUND_DATE:
            raise LookupError(day)
        serial = self[day] = str(day.toordinal() - 693_594)
        return serial


class RowEncoder:
    """Turns chunks of rows into ``<row>`` elements with full cell references (WPS needs them).

    A column whose chunk holds only plain values of its kind takes a path without any Python code per cell;
    empty, awkward or foreign values fall back to one call per cell.
    """

    def __init__(
        self, columns: Sequence[Column], styles: Sequence[CellStyle], letters: Sequence[str]
    ) -> None:
        self._columns = tuple(columns)
        self._styles = tuple(styles)
        self._heads = tuple(f'<c r="{letter}%s" s="' for letter in letters)
        self._serials = _Serials()

    def encode(self, rows: Sequence[Sequence[Any]], first_row: int) -> bytes:
        """XML of the rows in UTF-8; ``first_row`` is the 1-based number of the first one.

        Raises ValueError when a row has not one value per column.
        """
        values = list(zip(*rows, strict=True))
        if len(values) != len(self._columns):
            raise ValueError(f"rows of {len(values)} values for {len(self._columns)} columns")
        numbers = list(map(str, range(first_row, first_row + len(rows))))
        template = ['<row r="%s">']
        fields: list[Iterable[str]] = [numbers]
        for index, column_values in enumerate(values):
            fragment, contents = self._column(index, column_values)
            template.append(fragment)
            fields += [numbers, contents]
        template.append("</row>")
        return "".join(map("".join(template).__mod__, zip(*fields, strict=True))).encode()

    def _column(self, index: int, values: Sequence[Any]) -> tuple[str, Iterable[str]]:
        """Template fragment of a column (its reference open) and what goes into it, row by row."""
        column, style, head = self._columns[index], self._styles[index], self._heads[index]
        types = set(map(type, values))
        gaps = type(None) in types
        types.discard(type(None))
        if len(types) == 1:
            present = [value for value in values if value is not None] if gaps else values
            contents = self._plain_contents(column, types.pop(), present)
            if contents is not None:
                before, after = self._around(column, style)
                if not gaps:
                    return f"{head}{before}%s{after}", contents
                blank, rest = f'{style.normal}"/>', iter(contents)
                return head + "%s", [blank if v is None else before + next(rest) + after for v in values]
        return head + "%s", list(map(self._cell_writer(column, style), values))

    @staticmethod
    def _around(column: Column, style: CellStyle) -> tuple[str, str]:
        if column.kind == "text":
            return f'{style.normal}" t="inlineStr"><is><t>', "</t></is></c>"
        return f'{style.normal}"><v>', "</v></c>"

    def _plain_contents(self, column: Column, kind: type, values: Sequence[Any]) -> Sequence[str] | None:
        """Contents of a column without gaps, or None when it needs a look at every cell."""
        if column.kind == "text":
            return values if kind is str and all(values) and _is_plain("".join(values)) else None
        return self._plain_numbers(column, kind, values)

    def _plain_numbers(self, column: Column, kind: type, values: Sequence[Any]) -> list[str] | None:
        """Contents of a column without gaps, or None when it needs a look at every cell."""
        if kind is int:
            return list(map(str, values))
        if kind is Decimal or kind is float:
            texts = list(map(str, values))
            joined = "".join(texts)
            return None if "n" in joined or "N" in joined else texts
        if kind is dt.date:
            if len(self._serials) > 50_000:
                self._serials.clear()
            try:
                return list(map(self._serials.__getitem__, values))
            except LookupError:
                return None
        if kind is dt.datetime and column.kind == "datetime" and min(v.year for v in values) > 1900:
            return [str((value.replace(tzinfo=None) - _EPOCH) / _DAY) for value in values]
        return None

    def _cell_writer(self, column: Column, style: CellStyle) -> Callable[[Any], str]:
        """Function from a value to everything of its cell that follows ``s="``."""
        blank, number = f'{style.normal}"/>', f'{style.normal}"><v>'
        text_style = style.normal if column.kind == "text" else style.text
        before, after, awkward = f'{text_style}" t="inlineStr"><is><t>', "</t></is></c>", _AWKWARD.search
        is_text = column.kind == "text"

        def write(value: Any) -> str:
            if value is None:
                return blank
            if is_text and type(value) is str and 0 < len(value) < MAX_CELL_CHARS and not awkward(value):
                return before + value + after
            cell = normalise(column, value)
            if cell is None:
                return blank
            if isinstance(cell, str):
                return _text_cell(cell, text_style, style.quoted, starts_like_formula(str(value)))
            if isinstance(cell, bool):
                return f'{style.normal}" t="b"><v>{int(cell)}</v></c>'
            return f"{number}{excel_serial(cell) if isinstance(cell, dt.date) else cell}</v></c>"

        return write


def _is_plain(joined: str) -> bool:
    """Whether joined texts need no escaping, quoting, stripping or cutting."""
    return (
        len(joined) <= MAX_CELL_CHARS and joined.isprintable() and not any(sign in joined for sign in _SIGNS)
    )


def _text_cell(text: str, style: int, quoted: int, was_formula: bool) -> str:
    """Everything of a text cell that follows ``s="``; ``text`` is already clean."""
    if was_formula or starts_like_formula(text):
        style = quoted
    space = ' xml:space="preserve"' if text[0].isspace() or text[-1].isspace() else ""
    if "_x" in text:
        text = _ESCAPE_LIKE.sub(r"_x005F_\1", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'{style}" t="inlineStr"><is><t{space}>{text}</t></is></c>'
