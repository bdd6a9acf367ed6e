"""Cells as users type them → clean values, a column at a time (M1.4.2).

Nothing is interpreted here beyond what the spreadsheet program itself did: ``1995年`` or ``98户`` stay as
they are for the parser of the capability, which knows what to say about them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from app.exchange.columns import SheetColumn
from app.kernel.text import fold_width, normalise_input

Cell = str | bool | dt.date | None

_WIDE = re.compile("[\u2212\uff01-\uff5e]")
_MIDNIGHT = dt.time()


def number_text(number: float) -> str:
    """A number as the user sees it: ``75.0`` → ``75``, without the noise of binary fractions.

    >>> number_text(75.0), number_text(216.10000000000002), number_text(0.00001)
    ('75', '216.1', '0.00001')
    """
    text = repr(number)
    if text.endswith(".0"):
        return text[:-2]
    if len(text) <= 16 and "e" not in text:
        return text
    text = f"{number:.15g}"
    if "e" in text and abs(number) < 1e15:
        text = f"{number:.15f}".rstrip("0")
    return text


def _number_texts(numbers: Sequence[float]) -> list[Cell]:
    """``number_text`` of many numbers."""
    texts = list(map(repr, numbers))
    if max(map(len, texts)) > 16 or "e" in "".join(texts):
        return list(map(number_text, numbers))
    return [text[:-2] if text[-2:] == ".0" else text for text in texts]


def clean_column(column: SheetColumn, values: Sequence[Any]) -> list[Cell]:
    """Clean values of one column; empty and blank cells become None.

    Text, choices and numbers become text; date, month and datetime cells stay dates in columns of these kinds
    and become ISO text elsewhere; booleans stay booleans in columns of kind ``bool``.
    """
    types = set(map(type, values))
    if types == {float}:
        distinct = dict.fromkeys(values, "")
        if len(distinct) > len(values) // 2:
            return _number_texts(values)
        texts = dict(zip(distinct, _number_texts(list(distinct)), strict=True))
        return [texts[number] for number in values]
    if types == {str}:
        joined = "".join(values)
        if " " not in joined and joined.isprintable() and _WIDE.search(joined) is None:
            return list(values) if all(values) else [value or None for value in values]
    return [_clean_cell(column, value) for value in values]


def _clean_cell(column: SheetColumn, value: Any) -> Cell:
    if isinstance(value, str):
        return (normalise_input(value) if column.kind == "text" else fold_width(value).strip()) or None
    if value is None:
        return None
    if isinstance(value, bool):
        return value if column.kind == "bool" else str(value).upper()
    if isinstance(value, float | int):
        return number_text(float(value))
    if isinstance(value, dt.datetime) and value.time() == _MIDNIGHT and column.kind != "datetime":
        value = value.date()
    if isinstance(value, dt.date):
        if column.kind in ("date", "month") and isinstance(value, dt.datetime):
            return value.date()
        return value if column.kind in ("date", "month", "datetime") else value.isoformat()
    return str(value)
