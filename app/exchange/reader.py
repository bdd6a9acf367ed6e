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
_SLICE = 2_000


@dataclass(frozen=True)
class ReadTable:
    """A table as it was read.

    ``cells[k][i]`` is the clean value of declared column k in row i, None where the file has nothing;
    ``row_numbers[i]`` is the row's 1-based number in the file. ``missing`` are declared columns
    without a heading, ``unknown`` headings without a column, ``repeated`` headings of a column that had been
    found already.
    """

    sheet_name: str
    head_row: int
    columns: tuple[SheetColumn, ...]
    row_numbers: tuple[int, ...]
    cells: tuple[list[Cell], ...]
    missing: tuple[SheetColumn, ...]
    unknown: tuple[str, ...]
    repeated: tuple[str, ...]

    @property
    def rows(self) -> tuple[tuple[Cell, ...], ...]:
        """The same cells a row at a time."""
        return tuple(zip(*self.cells, strict=True))

    @property
    def missing_required(self) -> tuple[SheetColumn, ...]:
        return tuple(column for column in self.missing if column.required)

    def by_column(self) -> dict[str, list[Cell]]:
        """The cells keyed by ``SheetColumn.key``."""
        return {column.key: cells for column, cells in zip(self.columns, self.cells, strict=True)}


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
    return _guarded(data, tuple(columns), max_rows)


def _guarded(data: bytes, columns: tuple[SheetColumn, ...], max_rows: int) -> ReadTable:
    """Parse, and turn whatever the parser trips over into a refusal."""
    try:
        with calamine.load_workbook(io.BytesIO(data)) as book:
            sheet, head = _best_sheet(book, columns)
            return _table(sheet, head, columns, max_rows)
    except calamine.PasswordError as error:
        raise locked() from error
    except (calamine.CalamineError, ValueError, OSError) as error:
        raise not_a_workbook() from error
    except BaseException as error:
        # a panic inside the parser arrives as a BaseException of a class that cannot be imported
        if type(error).__name__ == "PanicException":
            raise not_a_workbook() from error
        raise


def _best_sheet(book: Any, columns: Sequence[SheetColumn]) -> tuple[Any, Head]:
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
    return best


def _table(sheet: Any, head: Head, columns: tuple[SheetColumn, ...], max_rows: int) -> ReadTable:
    first = head.last_row + 1
    areas = _filling(sheet.merged_cell_ranges or (), first, head, columns)
    body, size = _body(sheet, first, {*head.places.values(), *(left for ((_top, left), _end), _index in areas)})
    for ((top, left), (bottom, _right)), index in areas:
        start, end = top - first + 1, min(bottom - first + 1, size)
        if start <= size:
            body[index][start:end] = [body[left][start - 1]] * (end - start)
    nothing: list[Cell] = [None] * size
    missing = tuple(column for column in columns if column.key not in head.places)
    absent = {column.key for column in missing}
    # a column goes as soon as its clean values are there
    cells = [
        nothing if column.key in absent else clean_column(column, body.pop(head.places[column.key]))
        for column in columns
    ]
    numbers = tuple(range(first + 1, first + 1 + size))
    if not any(map(all, cells)) and not all(filled := list(map(any, zip(*cells, strict=True)))):
        numbers = tuple(compress(numbers, filled))
        cells = [list(compress(column, filled)) for column in cells]
    if len(numbers) > max_rows:
        raise ReaderError(
            msg(
                "The worksheet has %(rows)s rows; at most %(most)s can be imported at once. Please split it.",
                rows=len(numbers),
                most=max_rows,
            )
        )
    return ReadTable(
        sheet.name, head.first_row + 1, columns, numbers, tuple(cells), missing, head.unknown, head.repeated
    )


def _body(sheet: Any, first: int, wanted: set[int]) -> tuple[dict[int, list[Any]], int]:
    """The wanted columns below the head by their place in the sheet, and their length.

    Read a slice at a time: the whole sheet as rows of objects would take three times the memory.
    """
    offset = sheet.start[1] if sheet.start else 0
    columns: dict[int, list[Any]] = {place: [] for place in sorted(wanted)}
    known: dict[str, str] = {}
    rows, size = islice(sheet.iter_rows(), first, None), 0
    while part := list(islice(rows, _SLICE)):
        size += len(part)
        slices = list(zip(*part, strict=True))
        for place, column in columns.items():
            if not offset <= place < offset + len(slices):
                column += [""] * len(part)
                continue
            values = slices[place - offset]
            if set(map(type, values)) == {str} and len(set(values)) * 2 < len(values):
                column += map(known.setdefault, values, values)  # one object for a town that stands a thousand times
            else:
                column += values
    return columns, size


def _filling(
    merged: Sequence[Area], first: int, head: Head, columns: Sequence[SheetColumn]
) -> list[tuple[Area, int]]:
    """Merged areas below the head, with each column that wants their value on every row."""
    filled = {head.places[column.key] for column in columns if column.fill_merged and column.key in head.places}
    return [
        (area, index)
        for area in (merged if filled else ())
        for index in sorted(filled.intersection(range(area[0][1], area[1][1] + 1)))
        if area[0][0] >= first
    ]
