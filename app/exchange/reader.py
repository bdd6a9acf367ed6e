"""Reads what counties fill in: .xlsx and .xls of Excel and WPS, by python-calamine (M1.4.2).

The table may stand below titles, under merged heads, with its columns in any order and among others. Rows
keep the number they have in the file, so that every message can name it.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import python_calamine as calamine

from app.exchange.columns import SheetColumn
from app.exchange.guard import MAX_FILE_BYTES, ReaderError, check_file, locked, not_a_workbook
from app.exchange.heads import SEARCHED_ROWS, Area, Head, find_head
from app.exchange.values import Cell, clean_column
from app.kernel.errors import msg

MAX_ROWS = 50_000
#: Visible worksheets that are searched for the table, and the rows of each that can belong to its head.
_SEARCHED_SHEETS = 10
_TOP_ROWS = SEARCHED_ROWS + 8


@dataclass(frozen=True)
class ReadTable:
    """A table as it was read.

    ``rows[i]`` holds one clean value per declared column, None where the file has nothing;
    ``row_numbers[i]`` is its 1-based number in the file. ``missing`` are declared columns
    without a heading, ``unknown`` headings without a column, ``repeated`` headings of a column that had been
    found already.
    """

    sheet_name: str
    head_row: int
    columns: tuple[SheetColumn, ...]
    row_numbers: tuple[int, ...]
    rows: tuple[tuple[Cell, ...], ...]
    missing: tuple[SheetColumn, ...]
    unknown: tuple[str, ...]
    repeated: tuple[str, ...]

    @property
    def missing_required(self) -> tuple[SheetColumn, ...]:
        return tuple(column for column in self.missing if column.required)

    def by_column(self) -> dict[str, tuple[Cell, ...]]:
        """The same cells a column at a time, keyed by ``SheetColumn.key``."""
        values = zip(*self.rows, strict=True) if self.rows else (() for _ in self.columns)
        return {column.key: cells for column, cells in zip(self.columns, values, strict=True)}


def read_rows(
    source: str | os.PathLike[str] | bytes,
    columns: Sequence[SheetColumn],
    max_rows: int = MAX_ROWS,
    *,
    filename: str = "",
) -> ReadTable:
    """Read the worksheet whose head fits the columns best; hidden ones are passed over.

    ``filename`` is the name the user gave; its extension must agree with the content. Raises ReaderError for
    anything that is not such a table, each with a message that says what to do.
    """
    if isinstance(source, bytes):
        data = source
    else:
        filename = filename or os.fspath(source)
        with Path(source).open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    check_file(data, filename)
    sheet, cells, head = _guarded(data, columns)
    return _table(sheet, cells, head, tuple(columns), max_rows)


def _guarded(data: bytes, columns: Sequence[SheetColumn]) -> tuple[Any, list[list[Any]], Head]:
    """Parse, and turn whatever the parser trips over into a refusal."""
    try:
        with calamine.load_workbook(io.BytesIO(data)) as book:
            return _best_sheet(book, columns)
    except calamine.PasswordError as error:
        raise locked() from error
    except (calamine.CalamineError, ValueError, OSError) as error:
        raise not_a_workbook() from error
    except BaseException as error:
        # a panic inside the parser arrives as a BaseException of a class that cannot be imported
        if type(error).__name__ == "PanicException":
            raise not_a_workbook() from error
        raise


def _best_sheet(book: Any, columns: Sequence[SheetColumn]) -> tuple[Any, list[list[Any]], Head]:
    best: tuple[Any, Head] | None = None
    visible = (
        meta.name
        for meta in book.sheets_metadata
        if meta.typ == calamine.SheetTypeEnum.WorkSheet and meta.visible == calamine.SheetVisibleEnum.Visible
    )
    for name in islice(visible, _SEARCHED_SHEETS):
        sheet = book.get_sheet_by_name(name)
        top = sheet.to_python(skip_empty_area=False, nrows=_TOP_ROWS)
        head = find_head(top, sheet.merged_cell_ranges or (), columns)
        if head and (best is None or len(head.places) > len(best[1].places)):
            best = sheet, head
            if len(head.places) == len(columns):
                break
    if best is None:
        raise ReaderError(
            msg("No head was found in the first %(rows)s rows. Please use the template.", rows=SEARCHED_ROWS)
        )
    return best[0], best[0].to_python(skip_empty_area=False), best[1]


def _table(
    sheet: Any, cells: list[list[Any]], head: Head, columns: tuple[SheetColumn, ...], max_rows: int
) -> ReadTable:
    first = head.last_row + 1
    body = cells[first:]
    _fill_merged(body, first, sheet.merged_cell_ranges or (), head, columns)
    nothing: list[Cell] = [None] * len(body)
    values = [nothing] * len(columns)
    for index, column in enumerate(columns):
        place = head.places.get(column.key)
        if place is not None:
            values[index] = clean_column(column, list(map(itemgetter(place), body)))
    rows = list(zip(*values, strict=True))
    numbers = list(range(first + 1, first + 1 + len(rows)))
    filled = list(map(any, rows))
    if not all(filled):
        rows, numbers = list(compress(rows, filled)), list(compress(numbers, filled))
    if len(rows) > max_rows:
        raise ReaderError(
            msg(
                "The worksheet has %(rows)s rows; at most %(most)s can be imported at once. Please split it.",
                rows=len(rows),
                most=max_rows,
            )
        )
    missing = tuple(column for column in columns if column.key not in head.places)
    return ReadTable(
        sheet.name,
        head.first_row + 1,
        columns,
        tuple(numbers),
        tuple(rows),
        missing,
        head.unknown,
        head.repeated,
    )


def _fill_merged(
    body: list[list[Any]], first: int, merged: Sequence[Area], head: Head, columns: Sequence[SheetColumn]
) -> None:
    """Repeat merged values downwards in the columns that want it."""
    filled = {
        head.places[column.key] for column in columns if column.fill_merged and column.key in head.places
    }
    for (top, left), (bottom, right) in merged if filled else ():
        for index in filled.intersection(range(left, right + 1)):
            if top >= first and top - first < len(body):
                value = body[top - first][left]
                for row in body[top - first + 1 : bottom - first + 1]:
                    row[index] = value
