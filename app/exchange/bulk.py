"""Many rows in one statement: inserts and versioned updates from columns of values, on both databases.

PostgreSQL unnests one array a column; SQLite goes through a temporary table: a statement of its own for every row
would take twice as long. The caller answers for the scope: these statements are built of whole tables.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Numeric, SmallInteger, String, Table
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from app.persistence.engine import ensure_scope
from app.persistence.types import ExactDecimal

Columns = Mapping[str, Sequence[Any]]
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
_STAGE = "bulk_rows"
#: Rows that a statement takes at once: enough to make it cheap, few enough to need little memory.
_SLICE = 5_000
#: Tables whose totals and search index on SQLite wait for the last row.
_SETTLED = frozenset({"community"})
_PG_TYPES: tuple[tuple[type[Any], str], ...] = (
    (SmallInteger, "smallint"), (BigInteger, "bigint"), (Integer, "integer"), (Boolean, "boolean"),
    (Numeric, "numeric"), (DateTime, "timestamp"), (Date, "date"), (String, "text"),
)  # fmt: skip


class _Bound(dict[Any, Any]):
    """Value → what the driver gets; every distinct value is converted once."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, value: Any) -> Any:
        bound = self[value] = self._convert(value)
        return bound


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Keep the garbage collector from walking, again and again, the hundred thousands of objects of a large
    file: they all live until the work is done."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def large_work() -> Iterator[None]:
    """For jobs: the collector at rest, and the memory given back when all is done."""
    try:
        with collector_at_rest():
            yield
    finally:
        give_back_memory()


def give_back_memory() -> None:
    """Return what was freed to the operating system, after work that needed much of it (where libc can)."""
    if _trim is not None:
        _trim(0)


def insert_columns(
    session: Session, table: Table, columns: Columns, constants: Mapping[str, Any] | None = None
) -> int:
    """Insert as many rows as the columns are long, with ``constants`` the same in each; returns how many.

    Columns that are not named take their server defaults.
    """
    size = _size(columns)
    if not size:
        return 0
    ensure_scope(session)
    connection = session.connection()
    bound, fixed = _bind(connection, table, columns), _bind_constants(connection, table, constants or {})
    names = ", ".join([*bound, *fixed])
    source = _source(connection, table, bound)
    marks = ", ".join([*(f"s.{name}" for name in bound), *[_mark(connection)] * len(fixed)])
    statement = f"INSERT INTO {table.name} ({names}) SELECT {marks} FROM {source}"
    _run(connection, statement, bound, tuple(fixed.values()))
    return size


@contextmanager
def settled_at_the_end(session: Session, table: Table) -> Iterator[None]:
    """SQLite: totals and search index follow all rows that the block inserts at once, not row by row (see migration
    0047). On PostgreSQL triggers run once a statement anyway."""
    connection = session.connection()
    if _on_postgresql(connection) or table.name not in _SETTLED:
        yield
        return
    last = f"SELECT '{table.name}', coalesce(max(id), 0) FROM {table.name}"
    connection.exec_driver_sql(f"INSERT INTO bulk_load (table_name, after_id) {last}")
    yield  # after a fault the transaction is rolled back, and this row with it
    connection.exec_driver_sql("DELETE FROM bulk_load WHERE table_name = ?", (table.name,))


def update_columns(
    session: Session, table: Table, columns: Columns, constants: Mapping[str, Any] | None = None
) -> int:
    """Set the columns of the rows named by the columns ``id`` and ``version`` where both still agree.

    The version is counted up. Returns how many rows were changed: fewer than given means that somebody
    else was
    faster, and the caller must roll back.
    """
    if not _size(columns):
        return 0
    ensure_scope(session)
    connection = session.connection()
    bound, fixed = _bind(connection, table, columns), _bind_constants(connection, table, constants or {})
    mark = _mark(connection)
    changes = [f"{name} = s.{name}" for name in bound if name not in ("id", "version")]
    changes += [f"{name} = {mark}" for name in fixed] + [f"version = {table.name}.version + 1"]
    source = _source(connection, table, bound)
    statement = (
        f"UPDATE {table.name} SET {', '.join(changes)} FROM {source}"
        f" WHERE {table.name}.id = s.id AND {table.name}.version = s.version"
    )
    return _run(connection, statement, bound, tuple(fixed.values()))


def _size(columns: Columns) -> int:
    sizes = {len(values) for values in columns.values()}
    if len(sizes) != 1:
        raise ValueError("columns differ in length")
    return sizes.pop()


def _on_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _mark(connection: Connection) -> str:
    return "%s" if _on_postgresql(connection) else "?"


def _converter(connection: Connection, table: Table, name: str) -> Callable[[Any], Any] | None:
    kind = table.c[name].type
    return kind.dialect_impl(connection.dialect).bind_processor(connection.dialect)


def _bind(connection: Connection, table: Table, columns: Columns) -> dict[str, Sequence[Any]]:
    bound: dict[str, Sequence[Any]] = {}
    for name, values in columns.items():
        convert = _converter(connection, table, name)
        if convert is None:
            bound[name] = values
            continue
        known, kind = _Bound(convert), table.c[name].type
        if isinstance(kind, ExactDecimal):
            known.update(kind.bound_texts(values, connection.dialect))
        bound[name] = list(map(known.__getitem__, values))
    return bound


def _bind_constants(connection: Connection, table: Table, constants: Mapping[str, Any]) -> dict[str, Any]:
    bound = {}
    for name, value in constants.items():
        convert = _converter(connection, table, name)
        bound[name] = convert(value) if convert else value
    return bound


def _source(connection: Connection, table: Table, bound: Mapping[str, Sequence[Any]]) -> str:
    if not _on_postgresql(connection):
        return f"temp.{_STAGE} s"
    arrays = ", ".join(f"%s::{_pg_type(table, name)}[]" for name in bound)
    return f"unnest({arrays}) AS s({', '.join(bound)})"


def _pg_type(table: Table, name: str) -> str:
    """Element type of the array; text without a length, so that nothing is cut silently."""
    kind = table.c[name].type
    kind = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    return next(word for known, word in _PG_TYPES if isinstance(kind, known))


def _run(
    connection: Connection, statement: str, bound: Mapping[str, Sequence[Any]], fixed: tuple[Any, ...]
) -> int:
    """Execute a slice at a time; in every statement the constants stand before the source. Returns the rows."""
    size = _size(bound)
    if _on_postgresql(connection):
        return sum(
            connection.exec_driver_sql(statement, (*fixed, *(_part(v, start) for v in bound.values()))).rowcount
            for start in range(0, size, _SLICE)
        )
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS temp.{_STAGE}")
    connection.exec_driver_sql(f"CREATE TEMP TABLE {_STAGE} ({', '.join(bound)})")
    marks, changed = ", ".join("?" * len(bound)), 0
    for start in range(0, size, _SLICE):
        rows = list(zip(*(_part(values, start) for values in bound.values()), strict=True))
        connection.exec_driver_sql(f"INSERT INTO temp.{_STAGE} VALUES ({marks})", rows)
        changed += connection.exec_driver_sql(statement, fixed).rowcount
        connection.exec_driver_sql(f"DELETE FROM temp.{_STAGE}")
    connection.exec_driver_sql(f"DROP TABLE temp.{_STAGE}")
    return changed


def _part(values: Sequence[Any], start: int) -> list[Any]:
    return list(values[start : start + _SLICE])
