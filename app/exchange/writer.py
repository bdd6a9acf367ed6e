"""Workbooks of any size in flat memory (D4, M1.L; performance.md, item 10).

XlsxWriter builds the package: formats, head, widths, filter, frozen panes, print set-up, with a placeholder
where the last row of data will be. In place of that row the body is streamed into the zip member, so
``<dimension>`` and the filter's range are XlsxWriter's own. Nothing reaches the target before every row was
read: a query that fails half-way leaves no workbook behind.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from app.exchange import styles
from app.exchange.cells import RowEncoder, clean_text, excel_serial, normalise, starts_like_formula
from app.exchange.columns import MAX_SHEET_ROWS, Column, Sheet
from app.exchange.package import DeflatedPart, ZipPackage

_CHUNK_ROWS = 500
#: A worksheet is continued on the next one before its XML outgrows a plain zip member.
_MAX_PART_BYTES = 3 << 30
_BAD_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")

Target = str | os.PathLike[str] | IO[bytes]


@dataclass(frozen=True)
class Written:
    """What a workbook holds: names of its worksheets and rows of data over all of them."""

    sheet_names: tuple[str, ...]
    rows: int


@dataclass
class _Part:
    """One worksheet: a sheet, or a piece of one that is longer than a worksheet may be."""

    sheet: Sheet
    name: str = ""
    rows: int = 0
    body: DeflatedPart = field(default_factory=DeflatedPart)

    @property
    def last_row(self) -> int:
        """1-based number of the last row."""
        return self.sheet.head_rows + self.rows


def write_workbook(
    target: Target, sheets: Sequence[Sheet], *, plain: bool = False, max_rows: int = MAX_SHEET_ROWS
) -> Written:
    """Write the sheets as .xlsx to a path or to anything with ``write(bytes)``.

    A sheet of more than ``max_rows`` rows, head included, continues on further worksheets (``名称 (2)``).
    ``plain`` lets XlsxWriter write every cell: slow, for small workbooks and as yardstick of the tests.
    A path is replaced only once the workbook is complete. Raises ValueError for a sheet without columns or
    rows that don't fit them; whatever ``rows`` raises passes through.
    """
    if not sheets or any(not sheet.columns or sheet.head_rows >= max_rows for sheet in sheets):
        raise ValueError("a workbook needs a sheet, and a sheet needs columns and room for rows")
    write = _write_plain if plain else _write_streamed
    if not isinstance(target, str | os.PathLike):
        return write(target, sheets, max_rows)
    path = Path(target)
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("wb") as stream:
            written = write(stream, sheets, max_rows)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def _write_streamed(target: IO[bytes], sheets: Sequence[Sheet], max_rows: int) -> Written:
    skeleton = io.BytesIO()
    book = styles.new_workbook(skeleton)
    parts: list[_Part] = []
    try:
        for sheet in sheets:
            formats = [styles.BodyFormats(book, column) for column in sheet.columns]
            _stream_rows(sheet, formats, max_rows, parts)
        _name_parts(parts)
        for part in parts:
            _add_worksheet(book, part, placeholder=True)
        book.close()
        _assemble(target, skeleton, parts)
    finally:
        for part in parts:
            part.body.close()
    return Written(tuple(part.name for part in parts), sum(part.rows for part in parts))


def _stream_rows(
    sheet: Sheet, formats: Sequence[styles.BodyFormats], max_rows: int, parts: list[_Part]
) -> None:
    """Read all rows of the sheet into compressed parts, appended to ``parts`` as they are begun."""
    letters = [xl_col_to_name(index) for index in range(len(formats))]
    encoder = RowEncoder(sheet.columns, [each.indexes for each in formats], letters)
    for part, chunk in _distribute(sheet, max_rows, parts):
        part.body.write(encoder.encode(chunk, part.last_row + 1))
        part.rows += len(chunk)


def _distribute(
    sheet: Sheet, max_rows: int, parts: list[_Part]
) -> Iterator[tuple[_Part, Sequence[Sequence[Any]]]]:
    """Chunks of rows with the part that takes them; a full part is finished and the next one begun."""
    rows = iter(sheet.rows)
    part = _Part(sheet)
    parts.append(part)
    while chunk := list(islice(rows, min(_CHUNK_ROWS, max_rows - part.last_row) or 1)):
        if part.last_row >= max_rows or part.body.size > _MAX_PART_BYTES:
            part.body.finish()
            part = _Part(sheet)
            parts.append(part)
        yield part, chunk
    part.body.finish()


def _assemble(target: IO[bytes], skeleton: io.BytesIO, parts: Sequence[_Part]) -> None:
    """Copy the package member by member; worksheets get their body on the way."""
    package = ZipPackage(target)
    bodies = {f"xl/worksheets/sheet{number}.xml": part for number, part in enumerate(parts, 1) if part.rows}
    with zipfile.ZipFile(skeleton) as source:
        for name in source.namelist():
            xml = source.read(name)
            part = bodies.get(name)
            if part is None:
                package.add(name, xml)
                continue
            start = xml.index(b'<row r="%d"' % part.last_row)
            end = xml.index(b"</row>", start) + len(b"</row>")
            package.add_around(name, xml[:start], part.body, xml[end:])
    package.close()


def _write_plain(target: IO[bytes], sheets: Sequence[Sheet], max_rows: int) -> Written:
    book = styles.new_workbook(target)
    parts: list[_Part] = []
    for sheet in sheets:
        formats = [styles.BodyFormats(book, column) for column in sheet.columns]
        pieces: dict[int, list[Sequence[Any]]] = {}
        first = len(parts)
        for part, chunk in _distribute(sheet, max_rows, parts):
            pieces.setdefault(id(part), []).extend(chunk)
            part.rows += len(chunk)
        _name_parts(parts)
        for part in parts[first:]:
            part.body.close()
            worksheet = _add_worksheet(book, part, placeholder=False)
            for number, row in enumerate(pieces.get(id(part), ()), sheet.head_rows):
                for index, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
                    write_cell(worksheet, (number, index), column, value, formats[index])
    book.close()
    return Written(tuple(part.name for part in parts), sum(part.rows for part in parts))


def write_cell(
    worksheet: Worksheet, place: tuple[int, int], column: Column, value: Any, formats: styles.BodyFormats
) -> None:
    """Write one value through XlsxWriter, as the streamed path would; ``place`` is (row, column) from 0."""
    row, index = place
    cell = normalise(column, value)
    if cell is None:
        worksheet.write_blank(row, index, None, formats.normal)
    elif isinstance(cell, str):
        plain_style = formats.normal if column.kind == "text" else formats.text
        risky = starts_like_formula(str(value)) or starts_like_formula(cell)
        worksheet.write_string(row, index, cell, formats.quoted if risky else plain_style)
    elif isinstance(cell, bool):
        worksheet.write_boolean(row, index, cell, formats.normal)
    else:
        number = excel_serial(cell) if isinstance(cell, dt.date) else cell
        worksheet.write_number(row, index, number, formats.normal)


def _add_worksheet(book: Workbook, part: _Part, *, placeholder: bool) -> Worksheet:
    """Everything of a worksheet but its data; ``placeholder`` puts a row where the last one will be."""
    sheet = part.sheet
    worksheet = book.add_worksheet(part.name)
    _write_head(book, worksheet, sheet)
    last_column = len(sheet.columns) - 1
    for index, column in enumerate(sheet.columns):
        worksheet.set_column(index, index, column.excel_width)
    worksheet.freeze_panes(sheet.head_rows, sheet.freeze_columns)
    if sheet.autofilter:
        worksheet.autofilter(sheet.head_rows - 1, 0, part.last_row - 1, last_column)
    if placeholder and part.rows:
        worksheet.write_number(part.last_row - 1, 0, 0)
        worksheet.write_number(part.last_row - 1, last_column, 0)
    worksheet.set_landscape()
    worksheet.set_paper(9)  # A4
    worksheet.fit_to_pages(1, 0)
    worksheet.repeat_rows(sheet.head_rows - (2 if sheet.has_groups else 1), sheet.head_rows - 1)
    worksheet.set_footer("&C&P / &N")
    return worksheet


def _write_head(book: Workbook, worksheet: Worksheet, sheet: Sheet) -> None:
    row, last = 0, len(sheet.columns) - 1
    lines = ([(sheet.title, styles.TITLE, 32)] if sheet.title else []) + [
        (n, styles.NOTE, 20) for n in sheet.notes
    ]
    for text, style, height in lines:
        _merge(worksheet, (row, 0, row, last), clean_text(text), styles.add_format(book, style))
        worksheet.set_row(row, height)
        row += 1
    head = styles.add_format(book, styles.HEAD)
    if sheet.has_groups:
        _write_groups(worksheet, sheet.columns, row, head)
        row += 1
    for index, column in enumerate(sheet.columns):
        if not sheet.has_groups or column.group:
            worksheet.write_string(row, index, clean_text(column.heading), head)
    worksheet.set_row(row, 32)


def _write_groups(worksheet: Worksheet, columns: Sequence[Column], row: int, head: Any) -> None:
    """Upper head row: neighbours of one group share a cell, a column without group spans both rows."""
    start = 0
    while start < len(columns):
        end = start
        group = columns[start].group
        while group and end + 1 < len(columns) and columns[end + 1].group == group:
            end += 1
        area = (row, start, row, end) if group else (row, start, row + 1, start)
        _merge(worksheet, area, clean_text(group or columns[start].heading), head)
        start = end + 1


def _merge(worksheet: Worksheet, area: tuple[int, int, int, int], text: str, style: Any) -> None:
    top, left, bottom, right = area
    if (top, left) != (bottom, right):
        worksheet.merge_range(*area, "", style)
    worksheet.write_string(top, left, text, style)


def _name_parts(parts: Sequence[_Part]) -> None:
    """Give every unnamed part a name that Excel accepts and no other part has."""
    taken = {part.name.casefold() for part in parts if part.name}
    for part in parts:
        if part.name:
            continue
        base = _BAD_NAME.sub(" ", part.sheet.name).strip().strip("'") or "Sheet"
        name, number = base[:31], 1
        while name.casefold() in taken or name.casefold() == "history":
            number += 1
            suffix = f" ({number})"
            name = base[: 31 - len(suffix)] + suffix
        part.name = name
        taken.add(name.casefold())
