"""The only writer of catalogues: a new version is data, entered in the console (M1.6.4.1, G4)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.attributes import flag_modified

from app.areas.sums import execute
from app.kernel.actor import Actor
from app.kernel.errors import N_, Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.text import normalise_input
from app.persistence.context import unscoped
from app.regions import cache as regions
from app.schemes.models import Catalogue, CatalogueAlias, CatalogueItem, SchemeItem

_KEY = re.compile(r"[a-z][a-z0-9-]{1,39}\Z")
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,15}\Z")
_COPIED = ("code", "category", "content", "detail", "unit1", "unit2", "method", "order", "active")
_UNITS = ("unit1", "unit2")
_PARTED = re.compile(r"[\n;；]+")
LONGEST_WORD = 120


def _require(actor: Actor, action: str) -> None:
    if not actor.may(action, "CatalogueData"):
        raise NotAllowed(msg("You are not permitted to do this."))


def _wrong(field: str, text: str, **values: Any) -> Finding:
    return Finding("M1.6.4.1", "error", field, msg(text, **values))


def save_catalogue(
    session: Session, actor: Actor, values: Mapping[str, Any], catalogue: Catalogue | None = None
) -> Catalogue:
    """Add a version (``copy_from``: key of the one whose contents it starts with), or change name and period.

    A version still open when a later one begins ends the day before. Raises: NotAllowed, StaleRow, RuleViolation.
    """
    _require(actor, "can_edit" if catalogue else "can_add")
    if catalogue is not None and catalogue.version != values["version"]:
        now = {name: getattr(catalogue, name) for name in ("name", "valid_from", "valid_to")}
        raise StaleRow(now, catalogue.version)
    first, last = values["valid_from"], values.get("valid_to")
    province = catalogue.province_code if catalogue else values["province_code"]
    found = _period_findings(session, province, first, last, catalogue.id if catalogue else None)
    if catalogue is None:
        found += _new_findings(session, province, values["key"])
    if found:
        raise RuleViolation(found)
    if catalogue is None:
        catalogue = Catalogue(key=values["key"], province_code=province)
        session.add(catalogue)
    catalogue.name, catalogue.valid_from, catalogue.valid_to = values["name"], first, last
    session.flush()
    if copied := values.get("copy_from"):
        _copy(session, copied, catalogue)
    return catalogue


def _new_findings(session: Session, province: str, key: str) -> list[Finding]:
    found = []
    if not _KEY.match(key):
        found.append(_wrong("key", N_("Small letters, digits and hyphens, beginning with a letter.")))
    elif session.scalars(select(Catalogue.id).where(Catalogue.key == key)).first() is not None:
        found.append(_wrong("key", N_("A record with the same unique value exists already.")))
    place = regions.current(session).find(province)
    if place is None or place.level != "province":
        found.append(_wrong("province_code", N_("Not one of the choices.")))
    return found


def _period_findings(
    session: Session, province: str, first: dt.date, last: dt.date | None, own: int | None
) -> list[Finding]:
    """Periods of a province's versions must not overlap; an open earlier one is ended by the new one."""
    if last is not None and last < first:
        return [_wrong("valid_to", N_("Must not be before the first day."))]
    others = select(Catalogue).where(Catalogue.province_code == province, Catalogue.id != (own or 0))
    for other in session.scalars(others.order_by(Catalogue.valid_from)):
        if other.valid_to is None and other.valid_from < first:
            other.valid_to = first - dt.timedelta(days=1)
            continue
        ends, mine = other.valid_to or dt.date.max, last or dt.date.max
        if other.valid_from <= mine and first <= ends:
            text = N_("Overlaps with “%(name)s” (%(first)s – %(last)s).")
            shown = other.valid_to.isoformat() if other.valid_to else ""
            return [
                _wrong("valid_from", text, name=other.name, first=other.valid_from.isoformat(), last=shown)
            ]
    return []


def _copy(session: Session, key: str, catalogue: Catalogue) -> None:
    source = session.scalars(select(Catalogue).where(Catalogue.key == key)).first()
    if source is None:
        raise OutOfScope(f"catalogue {key}")
    rows = session.scalars(
        select(CatalogueItem)
        .where(CatalogueItem.catalogue_id == source.id)
        .options(selectinload(CatalogueItem.alias_rows))
    )
    session.add_all(
        CatalogueItem(
            catalogue_id=catalogue.id,
            **{name: getattr(row, name) for name in _COPIED},
            alias_rows=[CatalogueAlias(name=alias.name) for alias in row.alias_rows],
        )
        for row in rows
    )
    session.flush()


def save_item(
    session: Session, actor: Actor, values: Mapping[str, Any], item: CatalogueItem | None = None
) -> CatalogueItem:
    """Add or change a content. Units of one that schemes hold stay: their quantities are in these units.

    Raises: NotAllowed, StaleRow, OutOfScope, RuleViolation at the fields.
    """
    _require(actor, "can_edit" if item else "can_add")
    if item is not None and item.version != values["version"]:
        raise StaleRow({name: getattr(item, name) for name in values if name != "version"}, item.version)
    found: list[Finding] = []
    if values["unit2"] and not values["unit1"]:
        found.append(_wrong("unit2", N_("A second unit needs a first one.")))
    if item is not None and any(values[name] != getattr(item, name) for name in _UNITS) and _used(session, item):
        found.append(_wrong("unit1", N_("Schemes hold this content: its units cannot change. Add a new one.")))
    if item is None:
        found += _new_item_findings(session, values)
    words = _words(values["aliases"]) if "aliases" in values else None
    found += _alias_findings(session, item, values, words or [])
    if found:
        raise RuleViolation(found)
    if item is None:
        item = CatalogueItem(catalogue_id=int(values["catalogue_id"]), code=values["code"])
        session.add(item)
    for name in ("category", "content", "detail", "unit1", "unit2", "method", "order", "active"):
        setattr(item, name, values[name])
    if words is not None:
        _keep_aliases(item, words)
    session.flush()
    return item


def _words(text: Any) -> list[str]:
    """Words one a line, or parted by semicolons (contents have commas); each once, in order."""
    words = (normalise_input(word) for word in _PARTED.split(str(text or "")))
    return list(dict.fromkeys(word for word in words if word))


def _alias_findings(
    session: Session, item: CatalogueItem | None, values: Mapping[str, Any], words: list[str]
) -> list[Finding]:
    """A word is short and means one content of its version only, or an import could not tell which."""
    if any(len(word) > LONGEST_WORD for word in words):
        return [_wrong("aliases", N_("At most %(most)s characters."), most=LONGEST_WORD)]
    if not words:
        return []
    mine = item.catalogue_id if item else int(values["catalogue_id"])
    other = CatalogueItem.id != (item.id if item else 0)
    called = (
        select(CatalogueItem.content, CatalogueItem.content.label("word"))
        .where(CatalogueItem.catalogue_id == mine, other, CatalogueItem.content.in_(words))
        .union_all(
            select(CatalogueItem.content, CatalogueAlias.name)
            .join(CatalogueAlias, CatalogueAlias.item_id == CatalogueItem.id)
            .where(CatalogueItem.catalogue_id == mine, other, CatalogueAlias.name.in_(words))
        )
    )
    text = N_("“%(word)s” already means “%(content)s”.")
    return [_wrong("aliases", text, word=row.word, content=row.content) for row in session.execute(called)]


def _keep_aliases(item: CatalogueItem, words: list[str]) -> None:
    """The words replace those there were; a change of words alone is a new version of the content as well."""
    kept = [row for row in item.alias_rows if row.name in words]
    new = [CatalogueAlias(name=word) for word in words if word not in {row.name for row in kept}]
    if new or len(kept) < len(item.alias_rows):
        item.alias_rows = [*kept, *new]
        flag_modified(item, "order")


def _new_item_findings(session: Session, values: Mapping[str, Any]) -> list[Finding]:
    catalogue = session.get(Catalogue, int(values["catalogue_id"]))
    if catalogue is None:
        return [_wrong("catalogue_id", N_("Not one of the choices."))]
    if not _CODE.match(values["code"]):
        return [_wrong("code", N_("Capital letters, digits and hyphens."))]
    same = select(CatalogueItem.id).where(
        CatalogueItem.catalogue_id == catalogue.id, CatalogueItem.code == values["code"]
    )
    if session.scalars(same).first() is not None:
        return [_wrong("code", N_("A record with the same unique value exists already."))]
    return []


def _used(session: Session, item: CatalogueItem) -> bool:
    """Whether any scheme, of whatever county, holds the content."""
    held = select(SchemeItem.__table__.c.id).where(SchemeItem.__table__.c.catalogue_item_id == item.id).limit(1)
    with unscoped("a content's units are shared by the schemes of all counties"):
        return execute(session, held).first() is not None
