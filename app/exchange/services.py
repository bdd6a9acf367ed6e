"""The only writer of import batches: uploaded → staged → confirmed → written, resumable (M1.4.2).

Nothing here commits except the two jobs at the end, which are their own callers. The first statement of every
change is an UPDATE of the batch: it takes the row lock (on SQLite the write lock), so that two people,
two clicks
or a job and a click come one after the other.
"""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from flask import current_app
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.audit import services as audit
from app.exchange import files, queries
from app.exchange.bulk import collector_at_rest, give_back_memory, large_work
from app.exchange.files import StoredFile
from app.exchange.guard import ReaderError
from app.exchange.imports import Importer, Target, importer_of
from app.exchange.models import ImportBatch, ImportChunk
from app.exchange.queries import OPEN
from app.exchange.reader import read_rows
from app.exchange.staging import WRITTEN, Assessment, RawRows, encode_chunks, message_json
from app.jobs.services import Progress, enqueue, job
from app.kernel.actor import Actor
from app.kernel.errors import Finding, NotAllowed, RuleViolation, StaleRow, msg
from app.persistence.context import current_actor
from app.persistence.gate import SCOPE_APPLIED, scope_clause
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work

KEPT = dt.timedelta(days=14)
#: Above these a job does the work while the page shows its progress.
INLINE_BYTES = 3 << 20
INLINE_ROWS = 30_000
_batches, _chunks = ImportBatch.__table__, ImportChunk.__table__
_APPLIED = {SCOPE_APPLIED: True}


class ImportConflict(StaleRow):
    """Rows became something else since the preview; ``numbers`` are theirs in the file. Nothing was
    written."""

    def __init__(self, numbers: list[int]) -> None:
        super().__init__()
        self.numbers = numbers


def require(actor: Actor, importer: Importer) -> None:
    """Raises: NotAllowed unless the actor may import this entity and has a region to import into."""
    if not actor.may("can_import", importer.entity) or not actor.region_code:
        raise NotAllowed(msg("Your role does not include this function."))


def data_dir() -> str:
    return str(current_app.config["DATA_DIR"])


# --- step 1: upload --------------------------------------


@collector_at_rest()
def open_batch(session: Session, actor: Actor, importer: Importer, stored: StoredFile) -> ImportBatch:
    """A batch for a kept file: staged at once when it is small, else by a job.

    Raises: NotAllowed; ReaderError when it is no such workbook (then there is no batch either).
    """
    require(actor, importer)
    batch = ImportBatch(
        entity=importer.entity, county_code=actor.region_code, state="uploaded", file_name=stored.name,
        digest=stored.digest, size=stored.size, keys=[], notes={}, expires_at=utcnow() + KEPT,
        created_by=actor.username, updated_by=actor.username,
    )  # fmt: skip
    if stored.size > INLINE_BYTES:
        session.add(batch)
        session.flush()
        batch.job_id = enqueue(session, "exchange.stage", batch_id=batch.id)
        session.flush()
        return batch
    raw, batch.notes = _read(importer, actor, stored.name, stored.data)
    assessment = importer.assess(session, actor, raw)
    batch.state, batch.keys, batch.surroundings = "staged", list(raw.columns), assessment.surroundings
    for name, count in assessment.counts().items():
        setattr(batch, name, count)
    session.add(batch)
    session.flush()
    _insert_chunks(session, batch, raw, assessment)
    return batch


def _read(importer: Importer, actor: Actor, name: str, data: bytes) -> tuple[RawRows, dict[str, Any]]:
    """The rows of a workbook, and what is to be said about its head. Raises: ReaderError."""
    table = read_rows(data, importer.columns(actor), filename=name)
    lacking = [column.label for column in table.missing if column.key in importer.needed]
    if lacking:
        raise ReaderError(
            msg("The worksheet “%(sheet)s” has no column %(columns)s. Please use the template.",
                sheet=table.sheet_name, columns="、".join(lacking))
        )  # fmt: skip
    if not table.row_numbers:
        raise ReaderError(
            msg("The worksheet “%(sheet)s” holds no rows below its head.", sheet=table.sheet_name)
        )
    absent = {column.key for column in table.missing}
    present = {key: _plain_column(values) for key, values in table.by_column().items() if key not in absent}
    raw = RawRows(list(table.row_numbers), present)
    notes = {
        "sheet": table.sheet_name,
        "missing": [column.label for column in table.missing],
        "unknown": list(table.unknown)[:30],
        "repeated": list(table.repeated)[:30],
    }
    return raw, notes


def _plain_column(cells: list[Any]) -> list[Any]:
    """Cells as JSON can hold them: text or nothing."""
    if set(map(type, cells)) <= {str, type(None)}:
        return cells
    return [cell if cell is None else str(cell) for cell in cells]


def _keep(
    session: Session, batch: ImportBatch, raw: RawRows, assessment: Assessment, more: dict[str, Any]
) -> None:
    """Replace what is staged; the batch is ``staged`` afterwards."""
    values = {**assessment.counts(), "surroundings": assessment.surroundings, "state": "staged", **more}
    _touch(session, batch, OPEN, values)
    session.execute(delete(_chunks).where(_chunks.c.batch_id == batch.id), execution_options=_APPLIED)
    _insert_chunks(session, batch, raw, assessment)


def _insert_chunks(session: Session, batch: ImportBatch, raw: RawRows, assessment: Assessment) -> None:
    whose = {"batch_id": batch.id, "county_code": batch.county_code}
    encoded = encode_chunks(raw, assessment)
    while some := [{**chunk, **whose} for chunk in itertools.islice(encoded, 2)]:
        session.execute(insert(_chunks), some, execution_options=_APPLIED)


def _touch(session: Session, batch: ImportBatch, states: tuple[str, ...], values: dict[str, Any]) -> None:
    """Change the batch if it is in one of the states. Raises: StaleRow."""
    changed = session.execute(
        update(_batches)
        .where(_batches.c.id == batch.id, _batches.c.county_code == batch.county_code)
        .where(_batches.c.state.in_(states))
        .values(version=_batches.c.version + 1, updated_at=utcnow(), updated_by=current_actor().username)
        .values(**values),
        execution_options=_APPLIED,
    )  # fmt: skip
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleRow()
    session.refresh(batch)


# --- step 2: correct -------------------------------------


@collector_at_rest()
def correct_cell(
    session: Session, actor: Actor, importer: Importer, batch_id: int, index: int, key: str, value: str
) -> ImportBatch:
    """Put a corrected value into a staged cell and check the whole file again: rows speak of each other.

    Raises: NotAllowed, OutOfScope, StaleRow when the batch is not open for corrections any more.
    """
    require(actor, importer)
    batch = queries.find(session, importer.entity, batch_id)
    _touch(session, batch, ("staged",), {})
    raw = queries.raw_rows(session, batch)
    if key not in raw.columns or index >= raw.size:
        raise RuleViolation(Finding("M1.4.2", "error", None, msg("The file has no such cell.")))
    raw.columns[key][index] = value or None
    _keep(session, batch, raw, importer.assess(session, actor, raw), {})
    return batch


# --- step 3: write ---------------------------------------


def confirm(
    session: Session, actor: Actor, importer: Importer, batch_id: int, version: int, warnings_seen: bool
) -> ImportBatch:
    """Write every good row of the preview with this version, or hand a large batch to a job.

    A batch that was confirmed already is returned as it is: a second click changes nothing.
    Raises: NotAllowed, OutOfScope, RuleViolation (warnings not yet seen, nothing to write), StaleRow (the
    preview
    is not the present one), ImportConflict (rows changed meanwhile).
    """
    require(actor, importer)
    claimed = session.execute(
        update(_batches)
        .where(
            _batches.c.id == batch_id, _batches.c.entity == importer.entity, _batches.c.state == "staged",
            _batches.c.version == version, scope_clause(actor.scope, _batches.c.county_code),
        )
        .values(state="confirmed", version=version + 1, confirmed_at=utcnow(), confirmed_by=actor.username),
        execution_options=_APPLIED,
    )  # fmt: skip
    batch = queries.find(session, importer.entity, batch_id)
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        if batch.state in ("confirmed", "written"):
            return batch
        raise StaleRow()
    if not batch.good_count:
        raise RuleViolation(Finding("M1.4.2", "error", None, msg("There is no row to write.")))
    if batch.warned_count and not warnings_seen:
        raise RuleViolation(
            Finding("M1.4.2", "error", "seen", msg("Tick that the rows with warnings have been checked."))
        )
    if batch.good_count > INLINE_ROWS:
        _touch(
            session, batch, ("confirmed",), {"job_id": enqueue(session, "exchange.write", batch_id=batch.id)}
        )
    else:
        _write(session, actor, importer, batch)
    return batch


@collector_at_rest()
def _write(session: Session, actor: Actor, importer: Importer, batch: ImportBatch) -> None:
    """All good rows of a confirmed batch, the batch's own state and the audit event, in this transaction."""
    importer.lock(session, actor)
    same = importer.surroundings(session, batch.surroundings) == batch.surroundings
    if not same and (moved := _moved_rows(session, actor, importer, batch)):
        raise ImportConflict(moved)
    target = Target(batch.id, actor, batch.surroundings)
    added, changed = importer.write(session, target, queries.chunks(session, batch.id))
    if (added, changed) != (batch.new_count, batch.changed_count):
        raise StaleRow()
    _touch(session, batch, ("confirmed",), {"state": "written", "written_at": utcnow()})
    audit.record(
        session, "import", entity=importer.entity, label=batch.file_name, county_code=batch.county_code,
        after={
            "batch": batch.id, "digest": batch.digest, "rows": batch.row_count,
            "added": added, "changed": changed,
            "unchanged": batch.unchanged_count, "duplicate": batch.duplicate_count, "bad": batch.bad_count,
            "warned": batch.warned_count,
        },
    )  # fmt: skip


def _moved_rows(session: Session, actor: Actor, importer: Importer, batch: ImportBatch) -> list[int]:
    """Numbers of the rows that would be written differently from what the preview showed."""
    raw = queries.raw_rows(session, batch)
    now = importer.assess(session, actor, raw)
    moved = []
    for chunk in queries.chunks(session, batch.id):
        for i, outcome in enumerate(chunk.outcomes):
            index = chunk.first + i
            if outcome not in WRITTEN and now.outcomes[index] not in WRITTEN:
                continue
            then = tuple(chunk.targets[i]) if i in chunk.targets else None
            if (outcome, then) != (now.outcomes[index], now.targets.get(index)):
                moved.append(chunk.numbers[i])
    return moved


def refresh(
    session: Session, actor: Actor, importer: Importer, batch_id: int, moved: list[int]
) -> ImportBatch:
    """Check every staged row anew after a conflict; the preview then names the rows that moved."""
    batch = queries.find(session, importer.entity, batch_id)
    _touch(session, batch, ("staged", "confirmed"), {"state": "staged"})
    raw = queries.raw_rows(session, batch)
    notes = {**batch.notes, "moved": moved[:50]}
    _keep(session, batch, raw, importer.assess(session, actor, raw), {"notes": notes})
    return batch


# --- the end of a batch ----------------------------------


def abandon(session: Session, actor: Actor, importer: Importer, batch_id: int) -> ImportBatch:
    """Give a batch up: nothing was written, its staged rows go. Raises: NotAllowed, OutOfScope, StaleRow."""
    require(actor, importer)
    batch = queries.find(session, importer.entity, batch_id)
    if batch.state == "abandoned":
        return batch
    _touch(session, batch, ("uploaded", "staged", "failed"), {"state": "abandoned"})
    session.execute(delete(_chunks).where(_chunks.c.batch_id == batch.id), execution_options=_APPLIED)
    return batch


def drop_unused_file(session: Session, digest: str) -> None:
    """Remove a kept file that no open batch needs (after the commit that let go of it)."""
    if not queries.file_in_use(session, digest):
        files.path_of(data_dir(), digest).unlink(missing_ok=True)


def purge(session: Session) -> int:
    """Forget what has expired: staged rows and files go, records of what was written stay. Returns how
    many."""
    expired = session.execute(
        select(_batches.c.id, _batches.c.digest, _batches.c.state)
        .where(_batches.c.expires_at < utcnow(), scope_clause(current_actor().scope, _batches.c.county_code))
        .order_by(_batches.c.id)
        .limit(500),
        execution_options=_APPLIED,
    ).all()  # fmt: skip
    ids = [row.id for row in expired]
    if not ids:
        return 0
    session.execute(delete(_chunks).where(_chunks.c.batch_id.in_(ids)), execution_options=_APPLIED)
    unwritten = [row.id for row in expired if row.state != "written"]
    session.execute(delete(_batches).where(_batches.c.id.in_(unwritten)), execution_options=_APPLIED)
    session.execute(
        update(_batches)
        .where(_batches.c.id.in_(ids))
        .values(expires_at=utcnow() + dt.timedelta(days=36_500)),
        execution_options=_APPLIED,
    )
    for digest in {row.digest for row in expired}:
        drop_unused_file(session, digest)
    return len(ids)


# --- jobs ------------------------------------------------


@job("exchange.stage")
@large_work()
def stage_job(progress: Progress, batch_id: int) -> None:
    """Stage a large file; a worker that was killed leaves it uploaded, and the next one begins again."""
    with unit_of_work() as session:
        batch = session.get(ImportBatch, batch_id)
        if batch is None or batch.state != "uploaded":
            return
        importer, actor = importer_of(batch.entity), current_actor()
        try:
            raw, notes = _read(importer, actor, batch.file_name, files.read(data_dir(), batch.digest))
            give_back_memory()
            progress(raw.size // 3, raw.size)
            assessment = importer.assess(session, actor, raw)
            progress(raw.size * 2 // 3)
            give_back_memory()
            _keep(session, batch, raw, assessment, {"keys": list(raw.columns), "notes": notes})
        except ReaderError as error:
            values = {"state": "failed", "error": {"message": message_json(error.message)}}
            _touch(session, batch, ("uploaded",), values)


@job("exchange.write")
@large_work()
def write_job(progress: Progress, batch_id: int) -> None:
    """Write a large confirmed batch: all of it or, when the worker is killed, nothing, and then again."""
    try:
        with unit_of_work() as session:
            batch = session.get(ImportBatch, batch_id)
            if batch is None or batch.state != "confirmed":
                return
            progress(0, batch.good_count)
            entity, total = batch.entity, batch.good_count
            _write(session, current_actor(), importer_of(entity), batch)
        progress(total, total)
    except StaleRow as conflict:
        with unit_of_work() as session:
            moved = conflict.numbers if isinstance(conflict, ImportConflict) else []
            refresh(session, current_actor(), importer_of(entity), batch_id, moved)
