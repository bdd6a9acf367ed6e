"""老旧小区改造内容清单: the catalogue in force as one grid, saved in one go (M1.6.4.1 – M1.6.4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel import calendar
from app.kernel.text import BadInput, pinyin_initials
from app.regions import cache as regions
from app.schemes import catalogues, services
from app.schemes.models import Catalogue, CatalogueAlias, CatalogueItem, Scheme, SchemeItem
from app.schemes.rules import read_quantity


@dataclass(frozen=True)
class Line:
    """One row of the grid: the catalogue's content and what the scheme holds of it, as typed text."""

    item: CatalogueItem
    picked: bool
    quantity1: str
    quantity2: str
    words: str
    errors1: tuple[str, ...] = ()
    errors2: tuple[str, ...] = ()


@dataclass
class Group:
    """The rows of one 改造类别, or those of older versions."""

    title: str
    lines: list[Line] = field(default_factory=list)
    old: bool = False

    @property
    def picked(self) -> int:
        return sum(line.picked for line in self.lines)

    @property
    def sums(self) -> list[tuple[str, str]]:
        """``(unit, quantity)`` of the picked contents, added up where the unit is the same."""
        found: dict[str, Decimal] = {}
        for line in self.lines:
            pairs = ((line.item.unit1, line.quantity1), (line.item.unit2, line.quantity2))
            for unit, text in pairs if line.picked else ():
                if unit and (number := _number(text)):
                    found[unit] = found.get(unit, Decimal(0)) + number
        return [(unit, plain(number)) for unit, number in found.items()]


@dataclass(frozen=True)
class Grid:
    """The whole page: the catalogue in force (None before the first one) and its groups, older ones last."""

    catalogue: Catalogue | None
    groups: list[Group]

    @property
    def total(self) -> int:
        return sum(len(group.lines) for group in self.groups if not group.old)

    @property
    def picked(self) -> int:
        return sum(group.picked for group in self.groups)


def plain(value: Any) -> str:
    """A quantity as it is typed: without separators and needless zeros."""
    return "" if value is None else f"{value.normalize():f}"


def _number(text: str) -> Decimal:
    """A quantity as typed; 0 where it cannot be read, which is said beside its field."""
    try:
        return read_quantity(text) or Decimal(0)
    except BadInput:
        return Decimal(0)


def grid(
    session: Session,
    scheme: Scheme,
    typed: Mapping[int, tuple[str, str]] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> Grid:
    """The catalogue in force with the scheme's contents; ``typed`` shows again what was posted and refused.

    Contents of other versions come last: their quantities may change, once removed they cannot come back.
    """
    province = regions.current(session).province_of(scheme.county_code).code
    catalogue = catalogues.in_force(session, province, calendar.today())
    items = _items(session, catalogue)
    aliases = _aliases(session, catalogue)
    held = {line.catalogue_item_id: line for line in scheme.items}
    groups: dict[str, Group] = {}
    for item in items:
        if item.active or item.id in held:
            group = groups.setdefault(item.category, Group(item.category))
            group.lines.append(_line(item, held.get(item.id), typed, errors or {}, aliases.get(item.id, "")))
    known = {item.id for item in items}
    older = Group("", old=True)
    for line in scheme.items:
        if line.catalogue_item_id not in known:
            older.lines.append(_line(line.item, line, typed, errors or {}, ""))
    return Grid(catalogue, [*groups.values(), *([older] if older.lines else [])])


def _items(session: Session, catalogue: Catalogue | None) -> list[CatalogueItem]:
    if catalogue is None:
        return []
    found = select(CatalogueItem).where(CatalogueItem.catalogue_id == catalogue.id)
    return list(session.scalars(found.order_by(CatalogueItem.order, CatalogueItem.id)))


def _aliases(session: Session, catalogue: Catalogue | None) -> dict[int, str]:
    """Other words of each content, for the filter box."""
    if catalogue is None:
        return {}
    of = select(CatalogueAlias).join(CatalogueItem, CatalogueItem.id == CatalogueAlias.item_id)
    words: dict[int, str] = {}
    for alias in session.scalars(of.where(CatalogueItem.catalogue_id == catalogue.id)):
        words[alias.item_id] = f"{words.get(alias.item_id, '')} {alias.name}"
    return words


def _line(
    item: CatalogueItem,
    held: SchemeItem | None,
    typed: Mapping[int, tuple[str, str]] | None,
    errors: Mapping[str, list[str]],
    aliases: str,
) -> Line:
    if typed is None:
        picked = held is not None
        first, second = (plain(held.quantity1), plain(held.quantity2)) if held is not None else ("", "")
    else:
        picked = item.id in typed
        first, second = typed.get(item.id, ("", ""))
    words = f"{item.content} {aliases} {item.detail} {pinyin_initials(item.content)}".lower()
    wrong = [*errors.get(f"item_{item.id}", []), *errors.get(f"quantity1_{item.id}", [])]
    return Line(
        item, picked, first, second, words, tuple(wrong), tuple(errors.get(f"quantity2_{item.id}", []))
    )


def save(session: Session, scheme: Scheme, chosen: Mapping[int, tuple[Any, Any]], version: int) -> int:
    """保存改造内容清单: the ticked contents with their quantities are the scheme's contents; others go.

    Returns how many it holds now. Raises: as `services.save_items`. Eight statements, however many there are.
    """
    services.save_items(session, scheme, chosen, version, only=True)
    return len(chosen)
