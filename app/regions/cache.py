"""The snapshot of regions, profiles and code tables in memory, so that no request asks the database for them.

Its version stands in ``cache_version`` and is changed by every write in the writer's own transaction; a
process looks for a new version at most every ``CHECK_SECONDS``, and at once after its own commits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from flask import current_app
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.extensions import db
from app.regions.models import CacheVersion
from app.regions.queries import cache_version, load_snapshot
from app.regions.snapshot import Snapshot, UnknownRegion

__all__ = ["CHECK_SECONDS", "KEY", "RegionCache", "Snapshot", "UnknownRegion", "bump", "current"]

CHECK_SECONDS = 3.0
KEY = "regions"
_STALE = "regions_stale"
_generation = 0


class RegionCache:
    """Keeps the newest snapshot of one application; safe between threads."""

    def __init__(
        self,
        load: Callable[[Session, int], Snapshot] = load_snapshot,
        seconds: float = CHECK_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load, self._seconds, self._clock = load, seconds, clock
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._checked = 0.0
        self._generation = -1

    def fresh(self) -> Snapshot | None:
        """The snapshot held, when it need not be looked after now."""
        fresh = self._generation == _generation and self._clock() - self._checked < self._seconds
        return self._snapshot if fresh else None

    def get(self, session: Session) -> Snapshot:
        """The snapshot in force; at most one small query every few seconds, none otherwise."""
        if held := self.fresh():
            return held
        with self._lock:
            generation = _generation
            version = cache_version(session, KEY)
            if self._snapshot is None or self._snapshot.version != version:
                self._snapshot = self._load(session, version)
            self._checked, self._generation = self._clock(), generation
            return self._snapshot


def current(session: Session | None = None) -> Snapshot:
    """The snapshot of the running application (needs an application context)."""
    app: Any = current_app
    cache: RegionCache | None = app.extensions.get("portal_regions")
    if cache is None:
        cache = app.extensions.setdefault("portal_regions", RegionCache())
    return cache.fresh() or cache.get(session or db.session())


def bump(session: Session) -> None:
    """Change the version in the writer's transaction; every process takes the data over after its commit."""
    row = session.get(CacheVersion, KEY)
    stamp = time.time_ns() // 1000
    if row is None:
        session.add(CacheVersion(key=KEY, version=stamp))
    else:
        row.version = max(stamp, row.version + 1)
    session.flush()
    session.info[_STALE] = True


@event.listens_for(Session, "after_commit")
def _expire(session: Session) -> None:
    global _generation
    if not session.in_nested_transaction() and session.info.pop(_STALE, False):
        _generation += 1
