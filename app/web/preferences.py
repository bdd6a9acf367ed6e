"""A person's columns, page size and saved views of a list: one row, one statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import bindparam, select

from app.extensions import db
from app.kernel.errors import Finding, RuleViolation, msg
from app.kernel.text import normalise_input
from app.web.listing import PAGE_SIZES, Listing
from app.web.models import ListPreference

MOST_VIEWS = 20
_table = ListPreference.__table__
_MINE = select(_table.c.columns, _table.c.size, _table.c.views).where(
    _table.c.user_id == bindparam("who"), _table.c.listing == bindparam("what")
)


@dataclass(frozen=True)
class Preference:
    """What the list page needs to know of a person's habits."""

    columns: tuple[str, ...] = ()
    size: int = 20
    views: tuple[dict[str, Any], ...] = field(default_factory=tuple)

    @cached_property
    def key(self) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        """The saved views as names and pairs of arguments."""
        return tuple((view["name"], tuple(view["args"].items())) for view in self.views)


def of(user_id: int | None, listing: str) -> Preference:
    """The stored preference or the default."""
    row = db.session.connection().execute(_MINE, {"who": user_id, "what": listing}).first()
    return Preference(tuple(row.columns or ()), row.size, tuple(row.views or ())) if row else Preference()


def save(user_id: int | None, listing: Listing, payload: dict[str, Any], known: Iterable[str]) -> Preference:
    """Store columns, size, a new view (``add_view``) or the removal of one (``drop_view``); the caller commits."""
    row = db.session.get(ListPreference, (user_id, listing.key))
    if row is None:
        row = ListPreference(user_id=user_id, listing=listing.key, size=20, views=[])
        db.session.add(row)
    if isinstance(columns := payload.get("columns"), list):
        allowed = set(known)
        row.columns = [key for key in columns if isinstance(key, str) and key in allowed] or None
    if payload.get("size") in PAGE_SIZES:
        row.size = payload["size"]
    if isinstance(view := payload.get("add_view"), dict):
        row.views = _with_view(list(row.views or []), listing, view)
    if isinstance(name := payload.get("drop_view"), str):
        row.views = [v for v in row.views or [] if v["name"] != name]
    db.session.flush()
    return Preference(tuple(row.columns or ()), row.size, tuple(row.views or ()))


def _with_view(views: list[dict[str, Any]], listing: Listing, view: dict[str, Any]) -> list[dict[str, Any]]:
    name = normalise_input(view.get("name"))[:30]
    if not name:
        raise RuleViolation(Finding("M1.L", "error", "name", msg("Give the view a name.")))
    args = listing.state(dict(parse_qsl(str(view.get("query", ""))[:1000]))).args
    views = [v for v in views if v["name"] != name]
    if len(views) >= MOST_VIEWS:
        raise RuleViolation(Finding("M1.L", "error", "name", msg("At most %(most)s views can be kept.", most=MOST_VIEWS)))
    return [*views, {"name": name, "args": args}]
