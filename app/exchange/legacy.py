"""How far the cells of an .xls workbook reach, found without building its tables (M1.4.2).

Just enough of the compound file ([MS-CFB]) and of BIFF ([MS-XLS]) to walk over the cell records. Structures
that make no sense raise ValueError or struct.error, a password raises LockedWorkbook.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_END_OF_CHAIN = 0xFFFFFFFA  # and everything above: free, end, FAT and DIFAT markers
_HEADER_SLOTS = 109
_MAX_SHEETS = 255

_EOF, _FILEPASS, _BOUNDSHEET = 0x000A, 0x002F, 0x0085
#: Records with a value in the cell at (row, column): formula, multiple RK, rich string, shared string,
#: number, label, boolean or error, RK. Blank cells carry only a format and don't count.
_CELLS = frozenset((0x0006, 0x00BD, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E))
_MULTIPLE_RK = 0x00BD


class LockedWorkbook(ValueError):
    """The workbook is encrypted."""


class _CompoundFile:
    """Streams of a compound file by name."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        (shift, self._mini_shift) = struct.unpack_from("<2H", data, 30)
        if shift not in (9, 12) or self._mini_shift != 6:
            raise ValueError("sector size")
        self._size = 1 << shift
        directory, self._cutoff, mini_fat = struct.unpack_from("<I4xII", data, 48)
        self._fat = self._table(self._fat_sectors())
        self._mini_fat = self._table(self._chain(mini_fat, self._fat))
        self._entries = list(self._read_directory(self._stream(directory, None)))
        root = next((entry for entry in self._entries if entry[1] == 5), None)
        self._mini = self._stream(root[2], root[3]) if root else b""

    def streams(self, names: frozenset[str]) -> Iterator[bytes]:
        for name, kind, start, size in self._entries:
            if kind == 2 and name in names:
                yield self._mini_stream(start, size) if size < self._cutoff else self._stream(start, size)

    def _sector(self, number: int) -> bytes:
        return self._data[(number + 1) * self._size : (number + 2) * self._size]

    def _fat_sectors(self) -> list[int]:
        sectors = list(struct.unpack_from(f"<{_HEADER_SLOTS}I", self._data, 76))
        following = struct.unpack_from("<I", self._data, 68)[0]
        seen: set[int] = set()
        while following < _END_OF_CHAIN and following not in seen:
            seen.add(following)
            *more, following = struct.unpack(f"<{self._size // 4}I", self._sector(following))
            sectors += more
        return [number for number in sectors if number < _END_OF_CHAIN]

    def _table(self, sectors: list[int]) -> tuple[int, ...]:
        joined = b"".join(map(self._sector, sectors))
        return struct.unpack(f"<{len(joined) // 4}I", joined[: len(joined) // 4 * 4])

    @staticmethod
    def _chain(start: int, table: tuple[int, ...]) -> list[int]:
        chain: list[int] = []
        while start < _END_OF_CHAIN:
            if start >= len(table) or len(chain) > len(table):
                raise ValueError("sector chain")
            chain.append(start)
            start = table[start]
        return chain

    def _stream(self, start: int, size: int | None) -> bytes:
        return b"".join(map(self._sector, self._chain(start, self._fat)))[:size]

    def _mini_stream(self, start: int, size: int) -> bytes:
        unit = 1 << self._mini_shift
        chain = self._chain(start, self._mini_fat)
        return b"".join(self._mini[number * unit : (number + 1) * unit] for number in chain)[:size]

    @staticmethod
    def _read_directory(data: bytes) -> Iterator[tuple[str, int, int, int]]:
        for place in range(0, len(data) - 127, 128):
            length, kind = struct.unpack_from("<HB", data, place + 64)
            start, size = struct.unpack_from("<II", data, place + 116)
            name = data[place : place + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            yield name, kind, start, size


def filled_extents(data: bytes) -> list[tuple[int, int]]:
    """(last filled row, last filled column), both from 1, of every worksheet of the workbook."""
    extents: list[tuple[int, int]] = []
    for stream in _CompoundFile(data).streams(frozenset(("Workbook", "Book"))):
        for place in _sheet_places(stream):
            extents.append(_extent(stream, place))
            if len(extents) > _MAX_SHEETS:
                raise ValueError("worksheets")
    return extents


def _sheet_places(stream: bytes) -> list[int]:
    places: list[int] = []
    place = 0
    while place + 4 <= len(stream):
        record, length = struct.unpack_from("<2H", stream, place)
        if record == _FILEPASS:
            raise LockedWorkbook
        if record == _BOUNDSHEET:
            places.append(struct.unpack_from("<I", stream, place + 4)[0])
        elif record == _EOF:
            break
        place += 4 + length
    return places


def _extent(stream: bytes, place: int) -> tuple[int, int]:
    last_row = last_column = 0
    end, unpack = len(stream) - 8, struct.Struct("<4H").unpack_from
    while place <= end:
        record, length, row, column = unpack(stream, place)
        if record in _CELLS:
            if record == _MULTIPLE_RK:
                column = struct.unpack_from("<H", stream, place + 2 + length)[0]
            last_row, last_column = max(last_row, row + 1), max(last_column, column + 1)
        elif record == _EOF:
            break
        place += 4 + length
    return last_row, last_column
