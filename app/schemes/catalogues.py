"""Loading the catalogues of ``seed/catalogues``, and which one is in force (G4, M1.6.4.1)."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, selectinload

from app.schemes.models import Catalogue, CatalogueAlias, CatalogueItem

SEED = Path(__file__).resolve().parents[2] / "seed" / "catalogues"
# key, province, name, first and last day
CATALOGUES: tuple[tuple[str, str, str, dt.date, dt.date | None], ...] = (
    (
        "hunan-2019",
        "430000",
        "湖南省老旧小区改造内容清单(2019年版)",
        dt.date(2019, 1, 1),
        dt.date(2021, 8, 31),
    ),
    ("hunan-2021", "430000", "湖南省老旧小区改造内容清单(2021年版)", dt.date(2021, 9, 1), None),
    ("guizhou-2022", "520000", "贵州省城镇老旧小区改造任务及标准(试行)", dt.date(2022, 1, 1), None),
)
ALIASES: tuple[tuple[str, str, str], ...] = (
    ("hunan-2021", "GN-B10", "消防设施"),
    ("hunan-2021", "GN-B16", "新增设置消防设施"),
)


def load_catalogues(session: Session) -> int:
    """Add catalogues that are missing; existing ones belong to the console. Returns how many were added."""
    known = set(session.scalars(select(Catalogue.key)))
    added = 0
    for key, province, name, first, last in CATALOGUES:
        if key in known:
            continue
        catalogue = Catalogue(key=key, province_code=province, name=name, valid_from=first, valid_to=last)
        session.add(catalogue)
        session.flush()
        items = {
            row["code"]: _item(catalogue.id, row, order) for order, row in enumerate(_rows(key), start=1)
        }
        session.add_all(items.values())
        session.flush()
        session.add_all(
            CatalogueAlias(item_id=items[code].id, name=alias) for of, code, alias in ALIASES if of == key
        )
        added += 1
    session.flush()
    return added


def _rows(key: str) -> list[dict[str, str]]:
    with (SEED / f"{key}.csv").open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def _item(catalogue_id: int, row: dict[str, str], order: int) -> CatalogueItem:
    return CatalogueItem(
        catalogue_id=catalogue_id,
        code=row["code"],
        category=row.get("category") or row.get("group") or "",
        content=row["content"],
        detail=row.get("detail") or row.get("standard") or "",
        unit1=row.get("unit1") or row.get("unit1_proposed") or "",
        unit2=row.get("unit2") or "",
        method=row.get("method") or "",
        order=order,
    )


def _of_day(entity: Any, province_code: str, day: dt.date) -> Select[Any]:
    """``entity`` of the province's catalogue whose period holds the day."""
    return (
        select(entity)
        .where(
            Catalogue.province_code == province_code,
            Catalogue.valid_from <= day,
            or_(Catalogue.valid_to.is_(None), Catalogue.valid_to >= day),
        )
        .order_by(Catalogue.valid_from.desc())
        .limit(1)
    )


def in_force(session: Session, province_code: str, day: dt.date) -> Catalogue | None:
    """The province's catalogue whose period holds the day; None before the first one begins."""
    return session.scalars(_of_day(Catalogue, province_code, day)).first()


def in_force_id(province_code: str, day: dt.date) -> Any:
    """Its id, as an expression for other statements."""
    return _of_day(Catalogue.id, province_code, day).scalar_subquery()


def items_in_force(session: Session, province_code: str, day: dt.date) -> list[CatalogueItem]:
    """Contents that may be added on that day, in their order."""
    catalogue = in_force(session, province_code, day)
    if catalogue is None:
        return []
    mine = select(CatalogueItem).where(CatalogueItem.catalogue_id == catalogue.id, CatalogueItem.active)
    return list(session.scalars(mine.order_by(CatalogueItem.order, CatalogueItem.id)))


def matching(session: Session, catalogue_id: int, name: str) -> list[Any]:
    """Contents of a catalogue called so, by their own name or another word for them."""
    other = select(CatalogueAlias.item_id).where(CatalogueAlias.name == name)
    called = or_(CatalogueItem.content == name, CatalogueItem.id.in_(other))
    found = select(CatalogueItem).where(CatalogueItem.catalogue_id == catalogue_id, called)
    return list(session.scalars(found.order_by(CatalogueItem.order)))


def versions(session: Session, province_code: str) -> list[Any]:
    """Rows ``(catalogue, number of contents, of these in use)`` of a province, newest first."""
    in_use = func.count(CatalogueItem.id).filter(CatalogueItem.active)
    found = (
        select(Catalogue, func.count(CatalogueItem.id).label("number"), in_use.label("in_use"))
        .outerjoin(CatalogueItem, CatalogueItem.catalogue_id == Catalogue.id)
        .where(Catalogue.province_code == province_code)
        .group_by(Catalogue.id)
        .order_by(Catalogue.valid_from.desc())
    )
    return list(session.execute(found))


def version_of(session: Session, province_code: str, catalogue_id: int) -> Catalogue | None:
    """A version by its id, when it is the province's."""
    mine = select(Catalogue).where(Catalogue.id == catalogue_id, Catalogue.province_code == province_code)
    return session.scalars(mine).first()


def contents_of(session: Session, catalogue_id: int) -> list[CatalogueItem]:
    """Every content of a version with its other words, in order: two statements."""
    found = select(CatalogueItem).where(CatalogueItem.catalogue_id == catalogue_id)
    found = found.options(selectinload(CatalogueItem.alias_rows))
    return list(session.scalars(found.order_by(CatalogueItem.order, CatalogueItem.id)))
