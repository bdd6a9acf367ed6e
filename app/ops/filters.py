"""Filters of the console's lists, drawn as one plain search form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask_admin.contrib.sqla.filters import BaseSQLAFilter

from app.audit.listing import day_of
from app.extensions import _
from app.kernel.scope import region_prefix

Choices = Callable[[], list[tuple[str, Any]]]


class ConsoleFilter(BaseSQLAFilter):  # type: ignore[misc]
    """One field of the search form: ``key`` in the address, ``kind`` text, pick or date."""

    kind = "text"

    def __init__(self, key: str, column: Any, label: Any, choices: Choices | None = None) -> None:
        super().__init__(column, label)
        self.key = key
        self.choices = choices

    def operation(self) -> str:
        return ""

    def get_options(self, view: Any) -> None:
        """Choices are read when the page is drawn (``choices``), never at start."""

    def validate(self, value: str) -> bool:
        return "\x00" not in value and len(value) <= 128

    def clean(self, value: str) -> str:
        return value.strip()

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        return query.filter(self.column == value)


class Pick(ConsoleFilter):
    """One of several values; a value that is none of them is refused."""

    kind = "pick"

    def validate(self, value: str) -> bool:
        offered = self.choices() if self.choices else []
        return not value.strip() or any(value == str(key) for key, _label in offered)


class YesNo(Pick):
    """In use or not."""

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        return query.filter(self.column.is_(value == "1"))


class Within(Pick):
    """Rows of a region and everything below it, as one index range."""

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        prefix = region_prefix(value)
        return query.filter(self.column >= prefix, self.column < f"{prefix}:")


class FromDay(ConsoleFilter):
    """On or after a day in China."""

    kind = "date"

    def validate(self, value: str) -> bool:
        return not value.strip() or day_of(value) is not None

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        return query.filter(self.column >= day_of(value))


class ToDay(FromDay):
    """On or before a day in China."""

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        day = day_of(value)
        return query.filter(self.column < day + dt.timedelta(days=1)) if day else query


def choices(words: dict[str, Any]) -> Any:
    """The choices of a ``Pick`` from a mapping of keys to words, translated when they are shown."""
    return lambda: [(key, _(str(word)) if isinstance(word, str) else word) for key, word in words.items()]
