"""Writing the confirmed rows of an import of communities, some thousand at a time, in the caller's transaction."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session

from app.audit import services as audit
from app.communities import import_queries as queries
from app.communities import sheets
from app.communities.assessment import stored_warnings
from app.communities.changes import touched
from app.communities.models import Community
from app.exchange.bulk import insert_columns, settled_at_the_end, update_columns
from app.exchange.imports import Target
from app.exchange.staging import CHANGED, NEW, Chunk
from app.kernel.documents import search_documents
from app.kernel.errors import OutOfScope, StaleRow
from app.persistence.locks import lock_counties
from app.persistence.types import utcnow

_community: Table = Community.__table__  # type: ignore[assignment]
_DECIMALS = ("lng", "lat", "floor_area", "planned_investment")
_CHUNKS = 5


class _Gathered:
    """Columns of the rows to write, collected chunk by chunk."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome
        self.columns: dict[str, list[Any]] = defaultdict(list)

    def take(self, chunk: Chunk) -> None:
        rows = [i for i, outcome in enumerate(chunk.outcomes) if outcome == self.outcome]
        if not rows:
            return
        whole = len(rows) == len(chunk.outcomes)
        pick = itemgetter(*rows) if len(rows) > 1 else lambda column: (column[rows[0]],)
        for key, column in chunk.values.items():
            self.columns[key] += column if whole else pick(column)
        if "confirmed_warnings" not in chunk.values:  # staged by an earlier release
            warnings = {i: stored_warnings(found) for i, found in chunk.findings_by_row().items()}
            self.columns["confirmed_warnings"] += [warnings.get(i, "") for i in rows]
        if self.outcome == CHANGED:
            self.columns["id"] += [chunk.targets[i][0] for i in rows]
            self.columns["version"] += [chunk.targets[i][1] for i in rows]

    def __len__(self) -> int:
        return len(self.columns["county_code"])


def write(session: Session, target: Target, chunks: Iterable[Chunk]) -> tuple[int, int]:
    """Insert the new rows and update the changed ones; returns (added, changed).

    Raises: OutOfScope for a county that is not the actor's or that the file did not name at its preview,
    StaleRow when a community is not what it was then.
    """
    counties = set(json.loads(target.surroundings))
    if not all(map(target.actor.scope.covers, counties)):
        raise OutOfScope("import")
    lock_counties(session, counties)
    now, name = utcnow(), (target.actor.display_name or target.actor.username)[:64]
    stamp = {"import_batch_id": target.batch_id, "updated_at": now, "updated_by": name}
    added: Counter[str] = Counter()
    renewed, rest = 0, iter(chunks)
    with settled_at_the_end(session, _community):
        while some := list(islice(rest, _CHUNKS)):
            new, changed = _Gathered(NEW), _Gathered(CHANGED)
            for chunk in some:
                new.take(chunk)
                changed.take(chunk)
            if not counties.issuperset(new.columns["county_code"] + changed.columns["county_code"]):
                raise OutOfScope("import")
            if len(changed):
                _update(session, changed.columns, stamp)
            if len(new):
                _insert(session, new.columns, {**stamp, "created_at": now, "created_by": name})
            added.update(new.columns["county_code"])
            renewed += len(changed)
    _tell(session, target, added)
    return added.total(), renewed


def _tell(session: Session, target: Target, added: Mapping[str, int]) -> None:
    """An event for every county; the batch's own is told to the region that imports."""
    for county, number in sorted(added.items()):
        if county != target.actor.region_code:
            told = {"batch": target.batch_id, "added": number}
            audit.record(session, "create", entity="Community", county_code=county, after=told)


def _insert(session: Session, columns: dict[str, list[Any]], stamp: dict[str, Any]) -> None:
    initials, documents = search_documents(columns["name"], columns["county_code"])
    derived: dict[str, list[Any]] = {
        "is_complete": [not lacking for lacking in columns["missing"]],
        "initials": initials,
        "search_grams": documents,
    }
    insert_columns(session, _community, {**columns, **derived}, stamp)


def _update(session: Session, columns: dict[str, list[Any]], stamp: dict[str, Any]) -> None:
    """Change the rows and note in the audit trail what each of them was."""
    before = queries.whole(session, columns["id"])
    derived = {"is_complete": [not lacking for lacking in columns["missing"]]}
    unchanging = ("county_code", "name", "normalised_name")
    values = {key: column for key, column in columns.items() if key not in unchanging}
    if update_columns(session, _community, {**values, **derived}, stamp) != len(columns["id"]):
        raise StaleRow()
    touched(session, columns["id"])
    keys = [key for key in (*sheets.STORED, "town_code") if key in values]
    for number, community_id in enumerate(columns["id"]):
        was = before[community_id]
        now = {key: _exact(key, values[key][number]) for key in keys}
        moved = [key for key in keys if now[key] != was[key]]
        audit.record(
            session, "import", entity="Community", entity_id=community_id, label=was["name"],
            county_code=was["county_code"], before={key: was[key] for key in moved},
            after={key: now[key] for key in moved},
        )  # fmt: skip


def _exact(key: str, value: Any) -> Any:
    return Decimal(value) if key in _DECIMALS and value is not None else value
