"""Staged rows of an import: what became of each, and how a thousand of them are kept as one text (M1.4.2).

Pure Python: the capability assesses rows, this module counts, keeps and restores them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from app.kernel.errors import Finding, Message

CHUNK_ROWS = 1000
NEW, CHANGED, UNCHANGED, DUPLICATE, BAD = "new", "changed", "unchanged", "duplicate", "bad"
OUTCOMES = (NEW, CHANGED, UNCHANGED, DUPLICATE, BAD)
WRITTEN = frozenset((NEW, CHANGED))
_JSON_TYPES = frozenset((int, str))


@dataclass
class RawRows:
    """Cells as they were read or corrected, a column at a time (20,000 rows are a dozen lists, not
    20,000): ``columns[key][i]`` is text or None, ``numbers[i]`` the row's number in the file."""

    numbers: list[int]
    columns: dict[str, list[Any]]

    @property
    def size(self) -> int:
        return len(self.numbers)


@dataclass
class Assessment:
    """What would become of every row.

    ``outcomes[i]`` is one of `OUTCOMES`; ``findings`` by row index; ``targets[i]`` = (id, version) of the
    record that row i changes or equals; ``was[i]`` = {key: present value as text} of what a changed row
    replaces. ``values`` are columns as the capability writes them (JSON values only); ``incomplete`` the
    indexes of rows that lack required fields. ``surroundings`` fingerprints what they were compared with.
    """

    outcomes: list[str]
    findings: dict[int, list[Finding]] = field(default_factory=dict)
    targets: dict[int, tuple[int, int]] = field(default_factory=dict)
    was: dict[int, dict[str, str]] = field(default_factory=dict)
    values: dict[str, list[Any]] = field(default_factory=dict)
    incomplete: set[int] = field(default_factory=set)
    surroundings: str = ""

    @cached_property
    def warned(self) -> set[int]:
        """The rows that are written only after a person has confirmed their warnings."""
        return {
            index
            for index, found in self.findings.items()
            if self.outcomes[index] in WRITTEN and "warning" in [f.level for f in found]
        }

    def counts(self) -> dict[str, int]:
        """Numbers of a batch by the names of its columns."""
        by = Counter(self.outcomes)
        return {
            "row_count": len(self.outcomes),
            **{f"{name}_count": by[name] for name in OUTCOMES},
            "warned_count": len(self.warned),
            "incomplete_count": sum(1 for index in self.incomplete if self.outcomes[index] in WRITTEN),
        }


@dataclass(frozen=True)
class StagedRow:
    """One row as the preview shows it; ``index`` counts over the batch from 0."""

    index: int
    number: int
    outcome: str
    cells: dict[str, Any]
    findings: tuple[Finding, ...]
    was: dict[str, str]

    @property
    def warned(self) -> bool:
        return self.outcome in WRITTEN and any(f.level == "warning" for f in self.findings)

    @property
    def kind(self) -> str:
        """``bad``, ``warn`` or ``ok``."""
        return "bad" if self.outcome == BAD else "warn" if self.warned else "ok"

    def level(self, key: str) -> str:
        """The hardest thing that was found at a cell: ``bad``, ``warn`` or ''."""
        levels = {f.level for f in self.findings if f.field == key}
        return "bad" if "error" in levels else "warn" if "warning" in levels else ""

    def about(self, key: str) -> list[Finding]:
        return [f for f in self.findings if f.field == key and f.level != "info"]


def encode_chunks(raw: RawRows, assessment: Assessment) -> Iterator[dict[str, Any]]:
    """Columns of the staged chunks: number, counts and data."""
    for number, start in enumerate(range(0, raw.size, CHUNK_ROWS)):
        end = min(start + CHUNK_ROWS, raw.size)
        span = range(start, end)
        outcomes = assessment.outcomes[start:end]
        cells = {key: column[start:end] for key, column in raw.columns.items()}
        values = {key: column[start:end] for key, column in assessment.values.items()}
        same = [key for key, column in values.items() if column == cells.get(key)]
        data = {
            "n": raw.numbers[start:end],
            "c": cells,
            "o": outcomes,
            "f": _pick(assessment.findings, span, lambda found: [_finding(f) for f in found]),
            "t": _pick(assessment.targets, span, list),
            "w": _pick(assessment.was, span, dict),
            "v": {key: column for key, column in values.items() if key not in same},
            "s": same,
        }
        yield {
            "number": number,
            "row_count": end - start,
            "warned_count": sum(1 for index in assessment.warned if start <= index < end),
            "bad_count": outcomes.count(BAD),
            "data": orjson.dumps(data).decode(),
        }


def _pick(found: dict[int, Any], span: range, plain: Any) -> dict[str, Any]:
    hits = (
        [index for index in span if index in found]
        if len(found) > len(span)
        else [i for i in found if i in span]
    )
    return {str(index - span.start): plain(found[index]) for index in sorted(hits)}


class Chunk:
    """A staged chunk, read back; ``first`` is the index of its first row in the batch."""

    def __init__(self, number: int, data: str) -> None:
        self.first = number * CHUNK_ROWS
        self._data = orjson.loads(data)
        self.numbers: list[int] = self._data["n"]
        self.cells: dict[str, list[Any]] = self._data["c"]
        self.outcomes: list[str] = self._data["o"]
        #: Values that are the cells themselves are stored once.
        self.values: dict[str, list[Any]] = self._data["v"] | {k: self.cells[k] for k in self._data.get("s", ())}
        self.targets: dict[int, list[int]] = {int(i): t for i, t in self._data["t"].items()}
        self.was: dict[int, dict[str, str]] = {int(i): w for i, w in self._data["w"].items()}

    def findings(self, index: int) -> tuple[Finding, ...]:
        return tuple(_restore(f) for f in self._data["f"].get(str(index), ()))

    def findings_by_row(self) -> dict[int, tuple[Finding, ...]]:
        """Findings of every row that has any."""
        return {int(i): tuple(map(_restore, found)) for i, found in self._data["f"].items()}

    def row(self, index: int) -> StagedRow:
        """Row ``index`` of this chunk (from 0)."""
        return StagedRow(
            self.first + index,
            self.numbers[index],
            self.outcomes[index],
            {key: column[index] for key, column in self.cells.items()},
            self.findings(index),
            self.was.get(index, {}),
        )

    def matching(self, show: str) -> list[int]:
        """Indexes of the rows that a tab shows: all, warn, bad or problem."""
        if show == "all":
            return list(range(len(self.outcomes)))
        bad = {i for i, outcome in enumerate(self.outcomes) if outcome == BAD}
        if show == "bad":
            return sorted(bad)
        warned = {
            int(i)
            for i, found in self._data["f"].items()
            if self.outcomes[int(i)] in WRITTEN and any(f[1] == "warning" for f in found)
        }
        return sorted(warned if show == "warn" else warned | bad)


def _finding(finding: Finding) -> list[Any]:
    return [finding.rule, finding.level, finding.field, *message_json(finding.message)]


def _restore(stored: list[Any]) -> Finding:
    return Finding(stored[0], stored[1], stored[2], message_of(stored[3:]))


def message_json(message: Message) -> list[Any]:
    """A message as JSON values: msgid and its values; a message inside a message too."""
    if _JSON_TYPES.issuperset(map(type, message.values.values())):
        return [message.msgid, message.values]
    values = {
        key: {"message": message_json(value)} if isinstance(value, Message)
        else value if isinstance(value, int) else str(value)
        for key, value in message.values.items()
    }  # fmt: skip
    return [message.msgid, values]


def message_of(stored: Sequence[Any]) -> Message:
    """The message that ``message_json`` stored."""
    msgid, values = stored
    return Message(
        msgid,
        {
            key: message_of(value["message"]) if isinstance(value, dict) else value
            for key, value in values.items()
        },
    )
