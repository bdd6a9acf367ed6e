"""The index of alike pictures of a province: kept with the photos, asked in one statement (R20).

A hash is looked up by its four 16-bit bands and the sixteen neighbours of each: 68 ranges of covering indexes. Of
2,000,000 photos that leaves some two thousand hashes to compare, and by the pigeonhole principle none that differs in
`rules.NEAR` bits or fewer is missed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import structlog
from sqlalchemy import BindParameter, Table, bindparam, func, select, union_all
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.attachments.models import Attachment, StoredFile
from app.evidence.models import PhotoPrint
from app.evidence.rules import (
    BANDS,
    NEAR,
    PHOTO_PURPOSES,
    bands_of,
    comparable,
    distance,
    neighbours,
    number_of,
)
from app.persistence.gate import SCOPE_APPLIED, execute_applied

log = structlog.get_logger()
_print: Table = PhotoPrint.__table__  # type: ignore[assignment]
_attachment: Table = Attachment.__table__  # type: ignore[assignment]
_stored: Table = StoredFile.__table__  # type: ignore[assignment]
MOST_CANDIDATES = 50_000
_OPTIONS = {SCOPE_APPLIED: True}


class Alike(NamedTuple):
    """A picture of the province and the bits in which it differs."""

    sha256: str
    bits: int


def _range(number: int) -> Any:
    wanted: BindParameter[int] = bindparam(f"band{number}", expanding=True)
    return select(_print.c.id, _print.c.bits).where(
        _print.c.province == bindparam("province"), _print.c[f"band{number}"].in_(wanted)
    )


_CANDIDATES = union_all(*map(_range, range(BANDS))).limit(MOST_CANDIDATES).execution_options(**_OPTIONS)
_NAMES = (
    select(_print.c.id, _print.c.sha256)
    .where(_print.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_print.c.id)
    .execution_options(**_OPTIONS)
)


def remember(session: Session, province: str, sha256: str, perceptual_hash: str) -> None:
    """Enter a picture in the index of a province (two digits), once."""
    number = number_of(perceptual_hash)
    values = {"province": province, "sha256": sha256, "bits": number}
    values |= {f"band{place}": band for place, band in enumerate(bands_of(number))}
    make = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    session.execute(make(_print).values(values).on_conflict_do_nothing(), execution_options=_OPTIONS)


def candidates(session: Session, province: str, number: int) -> dict[int, int]:
    """Row number → bits of difference of every print that is near enough; one statement."""
    asked: dict[str, Any] = {"province": province}
    asked |= {f"band{place}": neighbours(band) for place, band in enumerate(bands_of(number))}
    rows = execute_applied(session, _CANDIDATES, asked).all()
    if len(rows) == MOST_CANDIDATES:
        log.warning("too many alike pictures to compare all", province=province, bits=number)
    return {key: off for key, bits in rows if (off := distance(bits, number)) <= NEAR}


def alike(session: Session, province: str, perceptual_hash: str, sha256: str) -> list[Alike]:
    """Other pictures of a province that are the same to the eye, the likest first; nothing for a blank picture."""
    number = number_of(perceptual_hash)
    if not comparable(number):
        return []
    near = candidates(session, province, number)
    if not near:
        return []
    names = execute_applied(session, _NAMES, {"ids": sorted(near)}).all()
    found = [Alike(row.sha256, near[row.id]) for row in names if row.sha256 != sha256]
    return sorted(found, key=lambda other: (other.bits, other.sha256))


def verify(session: Session) -> list[str]:
    """Name every photo in use whose picture the index of its province lacks, or holds with another hash."""
    province = func.substr(_attachment.c.county_code, 1, 2)
    used = (
        select(_attachment.c.sha256, province.label("province"), _stored.c.perceptual_hash)
        .join_from(_attachment, _stored, _stored.c.sha256 == _attachment.c.sha256)
        .where(
            _attachment.c.deleted_at.is_(None), _attachment.c.purpose.in_(PHOTO_PURPOSES),
            _stored.c.perceptual_hash.is_not(None),
        )
        .distinct()
        .subquery("used")
    )  # fmt: skip
    same = (_print.c.sha256 == used.c.sha256) & (_print.c.province == used.c.province)
    statement = select(used, _print.c.bits).join_from(used, _print, same, isouter=True).order_by(used.c.sha256)
    rows = session.execute(statement, execution_options={**_OPTIONS, "yield_per": 2000})
    return [
        f"photo {row.sha256}: the index of province {row.province} does not hold it as it is"
        for row in rows
        if row.bits is None or row.bits != number_of(row.perceptual_hash)
    ]
