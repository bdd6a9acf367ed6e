"""The contents of a scheme as rows: read beside the catalogue in force, written in bulk (M1.6.4.1).

However many contents change, reading them is one statement and writing them two.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.areas.sums import execute
from app.audit import services as audit
from app.schemes.catalogues import in_force_id
from app.schemes.models import CatalogueItem, Scheme, SchemeItem

_line: Table = SchemeItem.__table__  # type: ignore[assignment]
Amounts = tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True)
class Content:
    """A content that a scheme holds (``line_id``, ``amounts``) or may add (``addable``)."""

    item: CatalogueItem
    line_id: int | None
    amounts: Amounts
    addable: bool


def known(session: Session, scheme: Scheme, province_code: str, day: dt.date) -> dict[int, Content]:
    """Catalogue item id → content: all that the scheme holds or may add that day."""
    held = and_(_line.c.catalogue_item_id == CatalogueItem.id, _line.c.scheme_id == scheme.id)
    addable = and_(CatalogueItem.active, CatalogueItem.catalogue_id == in_force_id(province_code, day))
    statement = (
        select(CatalogueItem, _line.c.id, _line.c.quantity1, _line.c.quantity2, addable)
        .outerjoin(_line, held)
        .where(or_(_line.c.id.is_not(None), addable))
        .order_by(CatalogueItem.order, CatalogueItem.id)
    )
    return {
        item.id: Content(item, line_id, (first, second), bool(may))
        for item, line_id, first, second, may in execute(session, statement)
    }


def write(
    session: Session, scheme: Scheme, changed: Mapping[int, tuple[Content, Amounts]], gone: Sequence[Content]
) -> None:
    """Put quantities in place (catalogue item id → content and new amounts) and remove what is ``gone``.

    The caller has checked them and has changed the scheme's row, whose version guards against others.
    """
    ids = _put(session, scheme, {key: amounts for key, (_content, amounts) in changed.items()})
    for key, (content, amounts) in changed.items():
        _note(session, scheme, content, ids[key], amounts)
    for content in gone:
        _note(session, scheme, content, content.line_id, None)
    removed = {content.line_id for content in gone}
    if removed:
        execute(session, delete(_line).where(_line.c.id.in_(removed), _line.c.scheme_id == scheme.id))
    _forget(session, scheme, removed)


def _put(session: Session, scheme: Scheme, amounts: Mapping[int, Amounts]) -> dict[int, int]:
    """Insert or change in one statement; catalogue item id → id of the row."""
    if not amounts:
        return {}
    make = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    mine = {"scheme_id": scheme.id, "county_code": scheme.county_code}
    rows = [
        {**mine, "catalogue_item_id": key, "quantity1": first, "quantity2": second}
        for key, (first, second) in amounts.items()
    ]
    new = make(_line).values(rows)
    statement = new.on_conflict_do_update(
        index_elements=["scheme_id", "catalogue_item_id"],
        set_={name: new.excluded[name] for name in ("quantity1", "quantity2")},
    ).returning(_line.c.catalogue_item_id, _line.c.id)
    return {row.catalogue_item_id: row.id for row in execute(session, statement)}


def _note(session: Session, scheme: Scheme, content: Content, line_id: Any, now: Amounts | None) -> None:
    """One event in the audit trail for each content, as for any other row."""
    values = {"scheme_id": scheme.id, "catalogue_item_id": content.item.id}
    before = None if content.line_id is None else _told(content.amounts)
    after = None if now is None else _told(now)
    action = "create" if before is None else "erase" if after is None else "update"
    if action == "update":
        before, after = ({k: v for k, v in one.items() if before[k] != after[k]} for one in (before, after))  # type: ignore[index,union-attr]
    audit.record(
        session, action, entity="SchemeItem", entity_id=str(line_id), label=content.item.content,
        county_code=scheme.county_code,
        before={**values, **before} if action == "erase" and before else before,
        after={**values, **after} if action == "create" and after else after,
    )  # fmt: skip


def _told(amounts: Amounts) -> dict[str, Any]:
    return dict(zip(("quantity1", "quantity2"), amounts, strict=True))


def _forget(session: Session, scheme: Scheme, removed: set[int | None]) -> None:
    """Objects of the session follow what was written past them."""
    for held in list(session.identity_map.values()):
        if isinstance(held, SchemeItem) and held.scheme_id == scheme.id:
            if held.id in removed:
                session.expunge(held)
            else:
                session.expire(held, ["quantity1", "quantity2"])
    session.expire(scheme, ["items"])
