"""What lists and boards count, kept until a record of the jurisdiction changes.

Counting 60,000 plan tasks for every page would cost more than the page. Every change of a record leaves an event in
its county's audit chain, in the same transaction; so the sum of the chains' last numbers tells, from a range of 140
short rows, whether anything changed, and what was counted before still holds when it did not.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from flask import current_app, g, has_request_context, request

from app.audit.queries import recorded
from app.kernel import calendar
from app.kernel.scope import Scope
from app.persistence.context import current_scope
from app.regions.cache import current

T = TypeVar("T")
MOST = 2000
STORE = "portal-counts"


def unchanged(key: Hashable, count: Callable[[], T], scope: Scope | None = None) -> tuple[object, T]:
    """(a mark that changes with the answer, the answer of ``count()`` for a scope (the actor's), now or before).

    ``count`` reads audited records of the scope, the day and the profiles, and nothing else; what it gives is shared.
    """
    scope = scope or current_scope()
    if scope.kind != "region":  # a set of plan tasks has no chain of its own
        found = count()
        return repr(found), found
    place = (key, scope.prefix)
    mark = (_recorded(scope), calendar.today(), current().version)
    known: dict[tuple[Hashable, str], tuple[object, T]] = current_app.extensions.setdefault(STORE, {})
    kept = known.get(place)
    if kept is None or kept[0] != mark:
        if len(known) >= MOST:
            known.clear()
        kept = known[place] = (mark, count())
    return kept


def _recorded(scope: Scope) -> int:
    """The number of events, asked for once while a page is made."""
    if not has_request_context() or request.method != "GET":
        return recorded(scope)
    held: tuple[str, int] | None = g.get("recorded")
    if held is None or held[0] != scope.prefix:
        g.recorded = held = (scope.prefix, recorded(scope))
    return held[1]
