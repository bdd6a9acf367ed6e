"""The index of alike pictures of a province: kept with the photos, asked in one statement (R20).

A hash is looked up by its four 16-bit bands and the sixteen neighbours of each: 68 ranges of covering indexes. Of
2,000,000 photos that leaves some two thousand hashes to compare, and by the pigeonhole principle none that differs in
`rules.NEAR` bits or fewer is missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Table, bindparam, select, union_all
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.evidence.models import PhotoPrint
from app.evidence.rules import BANDS, NEAR, bands_of, comparable, distance, neighbours, number_of
from app.persistence.gate import SCOPE_APPLIED, execute_applied

log = structlog.get_logger()
_print: Table = PhotoPrint.__table__  # type: ignore[assignment]
MOST_CANDIDATES = 50_000
_OPTIONS = {SCOPE_APPLIED: True}


class Alike(NamedTuple):
    """A picture of the province and the bits in which it differs."""

    sha256: str
    bits: int


def _range(number: int) -> Any:
    wanted = bindparam(f"band{number}", expanding=True)
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


def missing(session: Session, used: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of these ``(province, sha256)`` that the index lacks (verify)."""
    wanted = list(used)
    rows = execute_applied(
        session, _KNOWN, {"names": sorted({sha256 for _province, sha256 in wanted})}
    ).all() if wanted else []  # fmt: skip
    known = {(row.province, row.sha256) for row in rows}
    return [pair for pair in wanted if pair not in known]


_KNOWN = (
    select(_print.c.province, _print.c.sha256)
    .where(_print.c.sha256.in_(bindparam("names", expanding=True)))
    .execution_options(**_OPTIONS)
)
