"""Selects over import batches and their staged rows; all inside the actor's scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.exchange.models import ImportBatch, ImportChunk
from app.exchange.staging import CHUNK_ROWS, Chunk, RawRows, StagedRow
from app.kernel.errors import OutOfScope
from app.persistence.context import current_scope, unscoped
from app.persistence.gate import SCOPE_APPLIED, scope_clause

TABS = ("all", "warn", "bad", "problem")
MOST_FOUND = 200
OPEN = ("uploaded", "staged", "confirmed")
_TOGETHER = 4
_batches, _chunks = ImportBatch.__table__, ImportChunk.__table__
_APPLIED = {SCOPE_APPLIED: True}


@dataclass(frozen=True)
class RowPage:
    """One page of the preview."""

    rows: Sequence[StagedRow]
    total: int
    number: int
    size: int


def find(session: Session, entity: str, batch_id: int) -> ImportBatch:
    """The batch if it exists for the actor. Raises: OutOfScope."""
    batch = session.scalar(
        select(ImportBatch)
        .where(ImportBatch.id == batch_id, ImportBatch.entity == entity)
        .execution_options(populate_existing=True)
    )
    if batch is None:
        raise OutOfScope(f"import {batch_id}")
    return batch


def recent(session: Session, entity: str, limit: int = 8) -> Sequence[ImportBatch]:
    """The newest batches of the actor's jurisdiction."""
    statement = (
        select(ImportBatch).where(ImportBatch.entity == entity).order_by(ImportBatch.id.desc()).limit(limit)
    )
    return session.scalars(statement).all()


def written_before(session: Session, batch: ImportBatch) -> ImportBatch | None:
    """The batch by which the same file was written before, if there is one."""
    return session.scalar(
        select(ImportBatch)
        .where(
            ImportBatch.entity == batch.entity,
            ImportBatch.county_code == batch.county_code,
            ImportBatch.digest == batch.digest,
            ImportBatch.state == "written",
            ImportBatch.id < batch.id,
        )
        .order_by(ImportBatch.id.desc())
        .limit(1)
    )


def batch_written_at(
    session: Session, entity: str, county_code: str, moment: dt.datetime, likely: int
) -> ImportBatch | None:
    """The batch that was being written at a moment for this county; ``likely`` is it, if it was."""
    owners = {county_code, f"{county_code[:4]}00", f"{county_code[:2]}0000"}
    return session.scalar(
        select(ImportBatch)
        .where(
            ImportBatch.entity == entity, ImportBatch.state == "written", ImportBatch.county_code.in_(owners),
            ImportBatch.confirmed_at <= moment, ImportBatch.written_at >= moment,
        )
        .order_by((ImportBatch.id == likely).desc(), ImportBatch.id)
        .limit(1)
    )  # fmt: skip


def chunks(session: Session, batch_id: int, numbers: Sequence[int] | None = None) -> Iterator[Chunk]:
    """The staged chunks in order, few in memory at a time; between them no statement stays open."""
    last = -1
    while True:
        statement = _of(batch_id, _chunks.c.number, _chunks.c.data).where(_chunks.c.number > last)
        if numbers is not None:
            statement = statement.where(_chunks.c.number.in_(numbers))
        found = session.execute(
            statement.order_by(_chunks.c.number).limit(_TOGETHER), execution_options=_APPLIED
        ).all()
        for last, data in found:
            yield Chunk(last, data)
        if len(found) < _TOGETHER:
            return


def _of(batch_id: int, *columns: Any) -> Any:
    return select(*columns).where(
        _chunks.c.batch_id == batch_id, scope_clause(current_scope(), _chunks.c.county_code)
    )


def raw_rows(session: Session, batch: ImportBatch) -> RawRows:
    """Every staged cell of a batch."""
    raw = RawRows([], {key: [] for key in batch.keys})
    for chunk in chunks(session, batch.id):
        raw.numbers += chunk.numbers
        for key, column in raw.columns.items():
            column += chunk.cells[key]
    return raw


def page(session: Session, batch: ImportBatch, show: str, number: int, size: int) -> RowPage:
    """Rows of a tab: the counts of the chunks say which of them hold the page, the others stay unread."""
    counted = session.execute(
        _of(batch.id, _chunks.c.number, _chunks.c.row_count, _chunks.c.warned_count, _chunks.c.bad_count)
        .order_by(_chunks.c.number),
        execution_options=_APPLIED,
    ).all()  # fmt: skip
    share = {"all": lambda c: c.row_count, "warn": lambda c: c.warned_count, "bad": lambda c: c.bad_count,
             "problem": lambda c: c.warned_count + c.bad_count}[show]  # fmt: skip
    total = sum(map(share, counted))
    number = max(1, min(number, -(-total // size)))
    first, last = (number - 1) * size, number * size
    wanted: dict[int, int] = {}
    passed = 0
    for chunk in counted:
        if passed < last and passed + share(chunk) > first:
            wanted[chunk.number] = passed
        passed += share(chunk)
    rows: list[StagedRow] = []
    for found in chunks(session, batch.id, list(wanted)):
        before = wanted[found.first // CHUNK_ROWS] if wanted else 0
        matching = found.matching(show)
        rows += [found.row(i) for i in matching[max(0, first - before) : last - before]]
    return RowPage(rows, total, number, size)


def search(session: Session, batch: ImportBatch, key: str, typed: str, show: str) -> RowPage:
    """Rows whose label holds the text, or whose number in the file it is; at most 200."""
    wanted, number = (
        typed.casefold(),
        int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else None,
    )
    rows: list[StagedRow] = []
    for chunk in chunks(session, batch.id):
        for i in chunk.matching(show):
            label = chunk.cells[key][i] or ""
            if chunk.numbers[i] == number or wanted in label.casefold():
                rows.append(chunk.row(i))
                if len(rows) >= MOST_FOUND:
                    return RowPage(rows, len(rows), 1, MOST_FOUND)
    return RowPage(rows, len(rows), 1, MOST_FOUND)


def row(session: Session, batch: ImportBatch, index: int) -> StagedRow:
    """One staged row by its index. Raises: OutOfScope."""
    for chunk in chunks(session, batch.id, [index // CHUNK_ROWS]):
        if 0 <= index - chunk.first < len(chunk.outcomes):
            return chunk.row(index - chunk.first)
    raise OutOfScope(f"row {index} of import {batch.id}")


def file_in_use(session: Session, digest: str) -> bool:
    """Whether a batch of anybody still needs the file."""
    statement = select(func.count()).where(_batches.c.digest == digest, _batches.c.state.in_(OPEN))
    with unscoped("counties may have uploaded the same file"):
        return bool(session.execute(statement, execution_options=_APPLIED).scalar_one())
