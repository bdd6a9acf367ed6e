"""Import templates, and the bad rows of an import handed back as one (M1.4.2, D4).

A template carries its rules in itself: starred required columns first, drop-down lists, number and date
checks, a note at every head and cell, and a sheet of instructions with a sample row.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from app.exchange import styles
from app.exchange.cells import clean_text, starts_like_formula
from app.exchange.columns import SheetColumn, Translate, display_width
from app.exchange.writer import write_cell
from app.kernel.errors import Message, msg

#: Rows that carry drop-downs and checks: as many as an import takes.
GUARDED_ROWS = 50_000
_LISTS_SHEET = "_lists"
_INLINE_LIST_CHARS = 255
_INPUT_CHARS = 255
_TITLE_CHARS = 32
_NUMBER_LIMIT = 999_999_999
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,11})([.][0-9]{1,4})?")

Target = str | os.PathLike[str] | IO[bytes]

_KIND_NAMES: dict[str, Message] = {
    "text": msg("Text"),
    "int": msg("Whole number"),
    "decimal": msg("Number with up to %(decimals)s decimals"),
    "date": msg("Date, such as 2024-05-01"),
    "datetime": msg("Date and time, such as 2024-05-01 08:30"),
    "month": msg("Month, such as 2024-05"),
    "bool": msg("Yes or no"),
}


@dataclass(frozen=True)
class BadRow:
    """A row that an import refuses: its number in the file, its cells in column order, and why."""

    number: int
    cells: Sequence[Any]
    problems: Sequence[Message]
    bad_keys: frozenset[str] = frozenset()


def template_order(columns: Iterable[SheetColumn]) -> tuple[SheetColumn, ...]:
    """Required columns first, each group in its own order."""
    return tuple(sorted(columns, key=lambda column: not column.required))


def write_template(
    target: Target,
    columns: Sequence[SheetColumn],
    *,
    sheet_name: str,
    title: str | None = None,
    instructions: Sequence[str] = (),
    translate: Translate = str,
) -> None:
    """Write an empty template; ``title`` and ``instructions`` come translated already."""
    book = styles.new_workbook(target)
    ordered = template_order(columns)
    sheet = _TemplateSheet(book, sheet_name, ordered, translate)
    sheet.write_head(title)
    sheet.guard()
    _write_instructions(book, ordered, instructions, translate)
    sheet.write_lists()
    book.close()


def write_errors(
    target: Target,
    columns: Sequence[SheetColumn],
    bad_rows: Iterable[BadRow],
    *,
    sheet_name: str = "",
    translate: Translate = str,
) -> int:
    """Write refused rows with their original cells, row number and an error column; return how many.

    Cells are in the order of ``columns``, which is kept. The workbook has the template's heads and checks, so
    it can be mended and imported again: the reader passes over the two added columns.
    """
    book = styles.new_workbook(target)
    sheet = _TemplateSheet(book, sheet_name or translate(msg("Rows to correct")), tuple(columns), translate)
    sheet.write_head(None)
    sheet.write_error_heads()
    sheet.guard()
    count = 0
    for bad in bad_rows:
        sheet.write_bad_row(bad)
        count += 1
    sheet.write_lists()
    book.close()
    return count


class _TemplateSheet:
    """The sheet to fill in: heads, checks, and rows if there are any."""

    def __init__(
        self, book: Workbook, name: str, columns: tuple[SheetColumn, ...], translate: Translate
    ) -> None:
        self._book, self._columns, self._translate = book, columns, translate
        self._sheet: Worksheet = book.add_worksheet(name[:31])
        self._lists: list[tuple[str, ...]] = []
        self._first_row = 1
        self._formats = [styles.BodyFormats(book, column.as_column()) for column in columns]
        self._problem = styles.add_format(book, styles.PROBLEM)
        self._quoted_problem = styles.add_format(book, styles.PROBLEM, quote_prefix=True)

    def write_head(self, title: str | None) -> None:
        sheet, last = self._sheet, len(self._columns) - 1
        if title:
            style = styles.add_format(self._book, styles.TITLE)
            if last:
                sheet.merge_range(0, 0, 0, last, "", style)
            sheet.write_string(0, 0, clean_text(title), style)
            sheet.set_row(0, 32)
            self._first_row = 2
        head = styles.add_format(self._book, styles.HEAD)
        required = styles.add_format(self._book, styles.REQUIRED_HEAD)
        for index, column in enumerate(self._columns):
            star, style = ("*", required) if column.required else ("", head)
            row = self._first_row - 1
            sheet.write_string(row, index, star + column.as_column().heading, style)
            sheet.set_column(index, index, column.as_column().excel_width + 2, self._formats[index].normal)
            note = _note(column, self._translate)
            sheet.write_comment(row, index, note, {"x_scale": 1.6, "author": ""})
        sheet.set_row(self._first_row - 1, 36)
        sheet.freeze_panes(self._first_row, 0)

    def write_error_heads(self) -> None:
        row, count = self._first_row - 1, len(self._columns)
        head = styles.add_format(self._book, styles.HEAD)
        self._sheet.write_string(row, count, self._translate(msg("Original row")), head)
        self._sheet.write_string(row, count + 1, self._translate(msg("Error")), head)
        self._sheet.set_column(count, count, 10)
        self._sheet.set_column(count + 1, count + 1, 60)

    def write_bad_row(self, bad: BadRow) -> None:
        row, count = self._first_row, len(self._columns)
        for index, (column, value) in enumerate(zip(self._columns, bad.cells, strict=True)):
            if column.key not in bad.bad_keys:
                typed = _as_typed(column, value)
                write_cell(self._sheet, (row, index), column.as_column(), typed, self._formats[index])
            elif value is None or value == "":
                self._sheet.write_blank(row, index, None, self._problem)
            else:
                text = clean_text(value)
                risky = starts_like_formula(str(value)) or starts_like_formula(text)
                self._sheet.write_string(row, index, text, self._quoted_problem if risky else self._problem)
        self._sheet.write_number(row, count, bad.number)
        text = "\n".join(clean_text(self._translate(problem)) for problem in bad.problems)
        self._sheet.write_string(row, count + 1, text, self._problem)
        self._first_row += 1

    def guard(self) -> None:
        """Put the column's check, drop-down list and input message on its cells."""
        for index, column in enumerate(self._columns):
            options = self._check(column) | self._texts(column)
            self._sheet.data_validation(
                self._first_row, index, self._first_row + GUARDED_ROWS - 1, index, options
            )

    def _texts(self, column: SheetColumn) -> dict[str, Any]:
        title = clean_text(column.label)[:_TITLE_CHARS]
        return {
            "input_title": title,
            "input_message": _note(column, self._translate)[:_INPUT_CHARS],
            "error_title": title,
            "error_message": self._translate(msg("This value does not fit the column. See the note."))[
                :_INPUT_CHARS
            ],
        }

    def _check(self, column: SheetColumn) -> dict[str, Any]:
        choices = _choices(column, self._translate)
        if choices:
            return {"validate": "list", "source": self._list_source(choices)}
        if column.kind in ("int", "decimal"):
            low = -_NUMBER_LIMIT if column.minimum is None else column.minimum
            high = _NUMBER_LIMIT if column.maximum is None else column.maximum
            validate = "integer" if column.kind == "int" else "decimal"
            return {"validate": validate, "criteria": "between", "minimum": low, "maximum": high}
        if column.kind in ("date", "datetime"):
            return {"validate": "date", "criteria": ">=", "value": dt.date(1900, 3, 1)}
        return {"validate": "any"}

    def _list_source(self, choices: tuple[str, ...]) -> list[str] | str:
        """The choices themselves where Excel takes them, else a range of the hidden sheet."""
        if len(",".join(choices)) <= _INLINE_LIST_CHARS and not any("," in choice for choice in choices):
            return list(choices)
        if choices not in self._lists:
            self._lists.append(choices)
        letter = xl_col_to_name(self._lists.index(choices))
        return f"={_LISTS_SHEET}!${letter}$1:${letter}${len(choices)}"

    def write_lists(self) -> None:
        """Add the hidden sheet with the long drop-down lists, if there are any."""
        if not self._lists:
            return
        sheet = self._book.add_worksheet(_LISTS_SHEET)
        for index, choices in enumerate(self._lists):
            for row, choice in enumerate(choices):
                sheet.write_string(row, index, clean_text(choice))
        sheet.very_hidden()


def _write_instructions(
    book: Workbook, columns: Sequence[SheetColumn], instructions: Sequence[str], translate: Translate
) -> None:
    sheet = book.add_worksheet(translate(msg("Instructions"))[:31])
    head = styles.add_format(book, styles.HEAD)
    wrapped = styles.add_format(book, styles.NOTE)
    row = 0
    for line in (*instructions, translate(msg("Columns with * are required. Keep the heads as they are."))):
        sheet.merge_range(row, 0, row, 4, "", wrapped)
        sheet.write_string(row, 0, clean_text(line), wrapped)
        sheet.set_row(row, 20 * (1 + display_width(line) // 100))
        row += 1
    heads = (
        msg("Column heading"),
        msg("Required"),
        msg("Kind of value"),
        msg("How to fill it in"),
        msg("Sample value"),
    )
    for index, (heading, width) in enumerate(zip(heads, (28, 8, 24, 60, 24), strict=True)):
        sheet.write_string(row, index, translate(heading), head)
        sheet.set_column(index, index, width)
    sample = styles.add_format(book, styles.SAMPLE)
    for number, column in enumerate(columns, row + 1):
        needed = translate(msg("Yes")) if column.required else translate(msg("No"))
        texts = (column.as_column().heading, needed, _kind(column, translate), column.note)
        for index, text in enumerate(texts):
            sheet.write_string(number, index, clean_text(text), wrapped)
        sheet.write_string(number, 4, clean_text(column.example), sample)
    row += len(columns) + 2
    sheet.write_string(row, 0, translate(msg("A row filled in as it should be:")), wrapped)
    for index, column in enumerate(columns):
        sheet.write_string(row + 1, index, column.as_column().heading, head)
        sheet.write_string(row + 2, index, clean_text(column.example), sample)


def _choices(column: SheetColumn, translate: Translate) -> tuple[str, ...]:
    if column.kind == "bool" and not column.choices:
        return translate(msg("Yes")), translate(msg("No"))
    return column.choices


def _kind(column: SheetColumn, translate: Translate) -> str:
    if column.choices:
        shown = "、".join(column.choices[:8])
        return shown + ("…" if len(column.choices) > 8 else "")
    message = _KIND_NAMES[column.kind]
    return translate(msg(message.msgid, decimals=column.decimals) if column.kind == "decimal" else message)


def _note(column: SheetColumn, translate: Translate) -> str:
    needed = translate(msg("Required")) if column.required else translate(msg("Optional"))
    return "\n".join(filter(None, (needed, _kind(column, translate), clean_text(column.note))))


def _as_typed(column: SheetColumn, value: Any) -> Any:
    """A number that was read as text becomes a number again, where nothing of it would be lost."""
    if column.kind in ("int", "decimal") and isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    return value
