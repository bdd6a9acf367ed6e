"""The history of one record: who changed which field when, for the history tab of any capability.

A view passes ``history("Community", community.id)``; its page draws it with components/history.html.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.audit import fields, queries
from app.audit.fields import Change
from app.audit.rules import ACTIONS, MARKS
from app.extensions import _


@dataclass(frozen=True)
class Entry:
    """One event of the timeline; ``id`` is where the next older page starts."""

    id: int
    at: dt.datetime
    what: str
    who: str
    glyph: str
    kind: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class History:
    """The newest events of a record; ``older`` is the ``before`` of the next page, or None."""

    entries: tuple[Entry, ...]
    older: int | None


def history(
    entity: str, entity_id: object, *, limit: int = 50, before: int | None = None,
    origin: Callable[[], Entry | None] | None = None,
) -> History:  # fmt: skip
    """The timeline of a record the caller has already been allowed to open; one statement.

    ``entity`` is the audited model's name (``__audit_name__`` or its class name). Phones are masked. ``origin``
    is asked for the first event of a record that was not made by itself, and so has no event of its own for it.
    """
    rows = queries.of_record(entity, entity_id, limit + 1, before)
    entries = tuple(_entry(entity, row) for row in rows[:limit])
    if len(rows) > limit:
        return History(entries, entries[-1].id)
    unmade = not rows or rows[-1].action != "create"
    first = origin() if origin and unmade else None
    return History((*entries, first) if first else entries, None)


def imported(at: dt.datetime, who: str, file_name: str, batch: int) -> Entry:
    """The first event of a record that an import made: the batch stands in the trail, not each of its rows."""
    glyph, kind = MARKS["import"]
    what = _("Added by import %(batch)s, file “%(file)s”", batch=batch, file=file_name)
    return Entry(0, at, what, who or _("The system"), glyph, kind, ())


def _entry(entity: str, row: Any) -> Entry:
    glyph, kind = MARKS.get(row.action, ("point", ""))
    found = fields.for_history(fields.changes(entity, row.before, row.after))
    return Entry(
        row.id,
        row.at,
        action_label(row.action),
        row.person or row.actor_name or _("The system"),
        glyph,
        kind,
        tuple(found),
    )


def action_label(action: str) -> str:
    """What happened, in the user's language."""
    return _(ACTIONS[action]) if action in ACTIONS else action
