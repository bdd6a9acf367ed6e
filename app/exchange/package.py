"""A zip package whose members are compressed before their place in it is known.

Sizes and checksums stand before every member, so the target needs no seeking and no data descriptors, which
some readers of .xlsx dislike. igzip (isal) level 1 is used where installed, zlib level 1 otherwise.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
import zlib
from dataclasses import dataclass
from types import ModuleType
from typing import IO, Any, Protocol

_fast_zlib: ModuleType
try:
    from isal import isal_zlib as _fast_zlib
except ImportError:  # no wheel for this platform: the standard library does the same, more slowly
    _fast_zlib = zlib

#: A member larger than this would need zip64, which WPS reads unreliably.
MAX_MEMBER_BYTES = 0xFFFFFFFF
_SPOOL_IN_MEMORY = 1 << 20
_DOS_DATE = (1 << 5) | 1  # 1980-01-01: the same rows give the same bytes
_POLYNOMIAL = 0xEDB88320


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int = ..., /) -> bytes: ...


def crc32(data: bytes, value: int = 0) -> int:
    """CRC-32 of the data, continued from ``value``."""
    return int(_fast_zlib.crc32(data, value))


def _times(a: int, b: int) -> int:
    """Product of two polynomials modulo the CRC polynomial, bits reflected."""
    product, bit = 0, 1 << 31
    while bit:
        if a & bit:
            product ^= b
        bit >>= 1
        b = (b >> 1) ^ _POLYNOMIAL if b & 1 else b >> 1
    return product


def crc32_combine(first: int, second: int, second_length: int) -> int:
    """CRC-32 of two joined byte strings from the CRC-32 of each and the length of the second (as in zlib).

    >>> crc32_combine(crc32(b"ab"), crc32(b"cde"), 3) == crc32(b"abcde")
    True
    """
    shift, power, bits = 1 << 31, 1 << 23, second_length  # 1 and x**8
    while bits:
        if bits & 1:
            shift = _times(power, shift)
        power = _times(power, power)
        bits >>= 1
    return _times(shift, first) ^ second


class DeflatedPart:
    """A run of raw deflate blocks, not the last of its member, spooled to disk beyond 1 MB."""

    def __init__(self) -> None:
        self._spool: IO[bytes] = tempfile.SpooledTemporaryFile(_SPOOL_IN_MEMORY)  # noqa: SIM115
        self._compressor: _Compressor = _fast_zlib.compressobj(1, zlib.DEFLATED, -15)
        self.crc = 0
        self.size = 0
        self.compressed = 0

    def write(self, data: bytes) -> None:
        self.crc = crc32(data, self.crc)
        self.size += len(data)
        self._keep(self._compressor.compress(data))

    def finish(self) -> None:
        """End on a byte border, open for further blocks."""
        self._keep(self._compressor.flush(zlib.Z_SYNC_FLUSH))

    def copy_to(self, target: Any) -> None:
        self._spool.seek(0)
        shutil.copyfileobj(self._spool, target, 1 << 16)
        self._spool.close()

    def close(self) -> None:
        self._spool.close()

    def _keep(self, data: bytes) -> None:
        self.compressed += len(data)
        self._spool.write(data)


@dataclass(frozen=True)
class _Entry:
    name: bytes
    crc: int
    compressed: int
    size: int
    offset: int

    def fields(self) -> tuple[int, ...]:
        """Header fields shared by the local and the central record."""
        return 20, 0x800, 8, 0, _DOS_DATE, self.crc, self.compressed, self.size, len(self.name), 0


class ZipPackage:
    """Writes a zip archive to anything with ``write(bytes)``."""

    def __init__(self, target: Any) -> None:
        self._target = target
        self._entries: list[_Entry] = []
        self._offset = 0

    def add(self, name: str, data: bytes) -> None:
        """Add a small member from memory."""
        self.add_around(name, data, None, b"")

    def add_around(self, name: str, head: bytes, part: DeflatedPart | None, tail: bytes) -> None:
        """Add a member made of ``head``, the finished part and ``tail``."""
        first, last = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.compressobj(6, zlib.DEFLATED, -15)
        before = first.compress(head) + first.flush(zlib.Z_SYNC_FLUSH)
        after = last.compress(tail) + last.flush()
        crc, size, compressed = crc32(head), len(head) + len(tail), len(before) + len(after)
        if part is not None:
            crc = crc32_combine(crc, part.crc, part.size)
            size, compressed = size + part.size, compressed + part.compressed
        entry = _Entry(name.encode(), crc32(tail, crc), compressed, size, self._offset)
        if size > MAX_MEMBER_BYTES or self._offset + compressed > MAX_MEMBER_BYTES:
            raise ValueError(f"{name} is too large for a workbook")
        self._entries.append(entry)
        self._write(struct.pack("<4s5H3I2H", b"PK\x03\x04", *entry.fields()) + entry.name + before)
        if part is not None:
            part.copy_to(self._target)
            self._offset += part.compressed
        self._write(after)

    def close(self) -> None:
        """Write the central directory; without it the file is no archive at all."""
        start, count = self._offset, len(self._entries)
        for entry in self._entries:
            record = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, *entry.fields(), 0, 0, 0, 0, entry.offset)
            self._write(record + entry.name)
        size = self._offset - start
        self._write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, size, start, 0))

    def _write(self, data: bytes) -> None:
        self._target.write(data)
        self._offset += len(data)
