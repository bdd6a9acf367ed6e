"""Finds the head of a table among titles, groups and units, and matches its headings to columns (M1.4.2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.exchange.columns import SheetColumn

#: Rows that are searched for the head, and rows that one head may span.
SEARCHED_ROWS = 20
_MAX_DEPTH = 3

#: Headings that accompany a table without being data: they are passed over silently.
SERVICE_HEADINGS = ("序号", "编号", "错误", "原行号", "Error", "Original row", "No.")

Area = tuple[tuple[int, int], tuple[int, int]]

_BRACKETED = re.compile(r"[(\[{【〔][^)\]}】〕]*[)\]}】〕]")
_NOISE = re.compile(r"[\s*#:;,.、。·\"'“”‘’()\[\]{}【】〔〕/_\-\u200b-\u200f\ufeff]")
_UNITS = frozenset(
    ("年", "栋", "户", "个", "万㎡", "㎡", "万元", "元", "平方米", "万平方米", "套", "人", "米", "%")
)


@dataclass(frozen=True)
class Head:
    """Where the head is (0-based first and last row) and which source column feeds which declared one."""

    first_row: int
    last_row: int
    places: dict[str, int]
    unknown: tuple[str, ...]
    repeated: tuple[str, ...]


@lru_cache(maxsize=4096)
def normalised_heading(text: str) -> str:
    """Heading reduced to what it says: width, case, spaces, line breaks, stars and punctuation don't count.

    >>> normalised_heading("*建筑面积\\n（万㎡）") == normalised_heading("建筑面积(万㎡)")
    True
    """
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold()


@lru_cache(maxsize=4096)
def bare_heading(text: str) -> str:
    """Normalised heading without anything in brackets, such as its unit."""
    folded = unicodedata.normalize("NFKC", text)
    return normalised_heading(_BRACKETED.sub("", folded)) or normalised_heading(folded)


class _Matcher:
    """Answers which declared column a heading means; a full match outranks one without brackets."""

    def __init__(self, columns: Sequence[SheetColumn]) -> None:
        self._full: dict[str, str] = {}
        self._bare: dict[str, str | None] = {}
        for column in columns:
            names = (column.label, column.as_column().heading, *column.aliases)
            for name in names:
                self._full.setdefault(normalised_heading(name), column.key)
            for name in {bare_heading(name) for name in names}:
                taken = self._bare.setdefault(name, column.key)
                if taken != column.key:
                    self._bare[name] = None
        self._service = {normalised_heading(name) for name in SERVICE_HEADINGS}

    def match(self, heading: str) -> tuple[str | None, int]:
        """Key and rank (2 full, 1 bare, 0 none)."""
        key = self._full.get(normalised_heading(heading))
        if key:
            return key, 2
        key = self._bare.get(bare_heading(heading))
        return (key, 1) if key else (None, 0)

    def is_service(self, heading: str) -> bool:
        return normalised_heading(heading) in self._service


def find_head(
    rows: Sequence[Sequence[Any]], merged: Sequence[Area], columns: Sequence[SheetColumn]
) -> Head | None:
    """The best head within the first 20 rows, or None when no row looks like one.

    A head of several rows (merged groups above) is taken when it matches more columns than one row alone.
    Two matches make a head, or one where only one column is declared.
    """
    matcher = _Matcher(columns)
    best: tuple[int, Head] | None = None
    top = _unmerged(rows[: SEARCHED_ROWS + _MAX_DEPTH], merged)
    for first in range(min(SEARCHED_ROWS, len(top))):
        for depth in range(1, min(_MAX_DEPTH, len(top) - first) + 1):
            score, head = _read_head(top, first, depth, matcher)
            if best is None or score > best[0]:
                best = score, head
    if best is None or len(best[1].places) < min(2, len(columns)):
        return None
    return _with_units(rows, best[1])


def _read_head(top: list[list[str]], first: int, depth: int, matcher: _Matcher) -> tuple[int, Head]:
    places: dict[str, int] = {}
    ranks: dict[str, int] = {}
    unknown: list[str] = []
    repeated: list[str] = []
    for index in range(max(map(len, top[first : first + depth]), default=0)):
        parts = [row[index] for row in top[first : first + depth] if index < len(row) and row[index]]
        if not parts:
            continue
        key, rank = max(
            (matcher.match(text) for text in (*reversed(parts), "".join(parts))), key=lambda m: m[1]
        )
        shown = parts[-1]
        if key is None:
            if not matcher.is_service(shown):
                unknown.append(shown)
        elif rank > ranks.get(key, 0):
            if key in places:
                repeated.append(shown)
            places[key], ranks[key] = index, rank
        else:
            repeated.append(shown)
    score = 100 * len(places) + sum(ranks.values()) - depth
    return score, Head(first, first + depth - 1, places, tuple(unknown), tuple(repeated))


def _unmerged(rows: Sequence[Sequence[Any]], merged: Sequence[Area]) -> list[list[str]]:
    """Top rows as text, every merged area sideways filled with its text so that groups reach their columns.

    Titles that span the table are filled too: they match no column, so it does no harm.
    """
    top = [[cell.strip() if isinstance(cell, str) else _as_heading(cell) for cell in row] for row in rows]
    for (first_row, first_column), (last_row, last_column) in merged:
        if first_row < len(top) and first_column < len(top[first_row]):
            text = top[first_row][first_column]
            for row in top[first_row : last_row + 1]:
                for index in range(first_column, min(last_column + 1, len(row))):
                    row[index] = text
    return top


def _as_heading(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _with_units(rows: Sequence[Sequence[Any]], head: Head) -> Head:
    """Take in a row of units or of column numbers (1, 2, 3 …) that follows the head."""
    last = head.last_row
    for row in rows[last + 1 : last + 3]:
        cells = [cell for cell in row if cell not in ("", None)]
        texts = [_BRACKET_SIGNS.sub("", str(cell)).strip() for cell in cells]
        units = bool(texts) and all(text in _UNITS for text in texts)
        numbers = len(cells) > 3 and all(_is_number(cell, index) for index, cell in enumerate(cells, 1))
        if not (units or numbers):
            break
        last += 1
    return Head(head.first_row, last, head.places, head.unknown, head.repeated)


_BRACKET_SIGNS = re.compile(r"[()（）\[\]]")


def _is_number(cell: Any, expected: int) -> bool:
    return cell == expected or (isinstance(cell, str) and cell.strip() == str(expected))
