"""What is inside an uploaded file, and whether it is safe to parse (M1.4.2).

The parser holds a worksheet as one dense block from its first to its last filled cell. A file of a few
hundred bytes can hence ask for gigabytes: by lying about its sizes, or by a single value in cell XFD1048576.
Both are found here, before any parsing. Sizes are measured by unpacking, never believed.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePath
from types import ModuleType
from typing import Literal

from xlsxwriter.utility import xl_col_to_name

from app.exchange.legacy import LockedWorkbook, filled_extents
from app.kernel.errors import Message, PortalError, msg

_fast_zlib: ModuleType
try:
    from isal import isal_zlib as _fast_zlib
except ImportError:  # see package.py
    _fast_zlib = zlib

WorkbookKind = Literal["xlsx", "xls"]

#: Bytes of the uploaded file; of everything it unpacks to; and cells in the block around the filled ones.
MAX_FILE_BYTES = 20 << 20
MAX_UNPACKED_BYTES = 150 << 20
MAX_CELLS = 3_000_000

#: Packed bytes that are unpacked in one go, and unpacked bytes that are looked at together: more than any cell has.
_FED, _PIECE = 64 << 10, 512 << 10

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TEXT_MARKUP = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:html|table|!doctype|head|meta|body|\?xml)", re.IGNORECASE | re.DOTALL
)
_EXTENSIONS: dict[str, WorkbookKind] = {".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls", ".et": "xls"}

_FAR_OUT = re.compile(rb"""r\s*=\s*["'](?:[A-Za-z]{2,3}[0-9]|[A-Za-z]?[0-9]{6})""")
_CELL_WITHOUT_REFERENCE = re.compile(rb"""<(?:[\w.-]+:)?c(?=[\s>])(?![^<>]*\sr\s*=)""")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,9})["'][^<>]*>""")


class ReaderError(PortalError):
    """The file cannot be read as the workbook that is asked for; the message tells the user what to do."""

    status = 422


def check_file(data: bytes, filename: str = "") -> WorkbookKind:
    """Kind of the workbook by content, or ReaderError when it is none, locked, too large or misnamed."""
    if len(data) > MAX_FILE_BYTES:
        raise ReaderError(msg("The file is larger than %(most)s MB.", most=MAX_FILE_BYTES >> 20))
    kind = _sniff(data)
    extension = PurePath(filename).suffix.lower()
    if filename and extension not in _EXTENSIONS:
        raise ReaderError(msg("Only .xlsx and .xls workbooks can be imported."))
    if filename and _EXTENSIONS[extension] != kind:
        raise ReaderError(
            msg(
                "The file is named %(extension)s but holds a .%(kind)s workbook. "
                "Save it as .xlsx and try again.",
                extension=extension,
                kind=kind,
            )
        )
    if kind == "xlsx":
        _check_package(data)
    else:
        _check_legacy(data)
    return kind


def _sniff(data: bytes) -> WorkbookKind:
    if not data:
        raise ReaderError(msg("The file is empty."))
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise locked()
        if any(name.encode("utf-16-le") in data for name in ("Workbook", "Book")):
            return "xls"
    elif data.startswith(b"PK\x03\x04"):
        if b"xl/workbook.xml" in data:
            return "xlsx"
    elif _TEXT_MARKUP.match(data[:4096].removeprefix(b"\xef\xbb\xbf")):
        raise ReaderError(
            msg("This is a web page, not a workbook. Open it in Excel or WPS and save it as .xlsx.")
        )
    elif b"\x00" not in data[:4096] and any(sign in data[:4096] for sign in (b",", b"\t", b";")):
        raise ReaderError(
            msg("This is a text file, not a workbook. Open it in Excel or WPS and save it as .xlsx.")
        )
    raise not_a_workbook()


def locked() -> ReaderError:
    return ReaderError(msg("The workbook is protected by a password. Remove the password and try again."))


def not_a_workbook() -> ReaderError:
    return ReaderError(msg("The file is damaged or is not an Excel workbook."))


def _too_large() -> ReaderError:
    return ReaderError(msg("The workbook unpacks to more than %(most)s MB.", most=MAX_UNPACKED_BYTES >> 20))


def _check_package(data: bytes) -> None:
    """Unpack every part once, within the limit, and look for values far outside of the table."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise not_a_workbook() from error
    if len(members) > 2_000 or len({member.filename for member in members}) != len(members):
        raise not_a_workbook()
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise _too_large()
    for member in members:
        if member.flag_bits & 0x1:
            raise locked()
        _check_member(data, member)


def _check_legacy(data: bytes) -> None:
    """The parser reads all worksheets of an .xls at once, so their cells are counted together."""
    try:
        extents = filled_extents(data)
    except LockedWorkbook as error:
        raise locked() from error
    except (ValueError, struct.error) as error:
        raise not_a_workbook() from error
    if sum(rows * columns for rows, columns in extents) > MAX_CELLS:
        last_row, last_column = max(extents, key=lambda extent: extent[0] * extent[1])
        raise ReaderError(_too_wide(last_row, xl_col_to_name(last_column - 1)))


def _check_member(data: bytes, member: zipfile.ZipInfo) -> None:
    """Unpack a part, a piece at a time; a worksheet that could hold far cells is looked at as a whole."""
    seam, sheet, far = b"", False, False
    for piece in _unpack(data, member):
        joined = seam + piece
        cut = joined.rfind(b"<")
        sheet = sheet or b"sheetData" in joined
        far = far or cut < 0 or _FAR_OUT.search(joined) is not None
        seam = joined[cut:] if cut >= 0 else b""  # a tag may go on in the next piece
    if sheet and far:
        check_extent(b"".join(_unpack(data, member)))


def _unpack(data: bytes, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Content of the member in pieces, if it is as long as it claims to be."""
    start = member.header_offset
    if data[start : start + 4] != b"PK\x03\x04" or start + 30 > len(data):
        raise not_a_workbook()
    name_length, extra_length = struct.unpack_from("<HH", data, start + 26)
    start += 30 + name_length + extra_length
    packed = memoryview(data)[start : start + member.compress_size]
    if member.compress_type == zipfile.ZIP_STORED:
        pieces: Iterator[bytes] = (bytes(packed[at : at + _PIECE]) for at in range(0, len(packed), _PIECE))
    elif member.compress_type == zipfile.ZIP_DEFLATED:
        pieces = _inflate(packed)
    else:
        raise not_a_workbook()
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > member.file_size:
            raise _too_large()
        yield piece
    if size != member.file_size:
        raise not_a_workbook()


def _inflate(packed: memoryview) -> Iterator[bytes]:
    """The content of a deflated stream, at most ``_PIECE`` bytes at a time."""
    inflater = _fast_zlib.decompressobj(-15)
    for at in range(0, len(packed), _FED):
        fed: bytes | memoryview = packed[at : at + _FED]
        full = False
        while (fed or full) and not inflater.eof:  # a full piece may leave output behind without any input
            try:
                piece = inflater.decompress(fed, _PIECE)
            except (zlib.error, _fast_zlib.error) as error:
                raise not_a_workbook() from error
            fed, full = inflater.unconsumed_tail, len(piece) == _PIECE
            yield piece
    if not inflater.eof:
        raise not_a_workbook()


def check_extent(xml: bytes) -> None:
    """Refuse a worksheet whose filled cells span more than ``MAX_CELLS``.

    Up to column Z and row 99,999 nothing needs counting. Formatted but empty cells don't count, however far
    out they are.
    """
    if _FAR_OUT.search(xml) is None:
        return
    last_row, last_column = 0, (0, "A")
    rows_count = _CELL_WITHOUT_REFERENCE.search(xml) is not None  # such a cell takes the row's number
    for found in _REFERENCE.finditer(xml):
        if found.group().endswith(b"/>") or not (found[1] or rows_count):
            continue
        last_row = max(last_row, int(found[2]))
        column = 0
        for letter in found[1].upper():
            column = column * 26 + letter - 64
        last_column = max(last_column, (column, found[1].decode().upper() or "A"))
    if last_row * max(last_column[0], 1) > MAX_CELLS:
        raise ReaderError(_too_wide(last_row, last_column[1]))


def _too_wide(last_row: int, last_column: str) -> Message:
    return msg(
        "The worksheet is filled as far as row %(row)s, column %(column)s. "
        "Clear everything outside of the table and try again.",
        row=last_row,
        column=last_column,
    )
