"""Connection settings: SQLite pragmas; on PostgreSQL the application role and the scope of each transaction."""

from __future__ import annotations

import time
from typing import Any

from psycopg import OperationalError
from sqlalchemy import Engine, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session, SessionTransaction

from app.persistence.context import current_scope

APP_ROLE = "portal_app"
PING_AFTER = 2.0  # seconds
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=30000",
    "PRAGMA cache_size=-32768",
    "PRAGMA mmap_size=33554432",
    "PRAGMA temp_store=MEMORY",
)


@event.listens_for(Engine, "connect")
def _on_connect(connection: Any, _record: Any) -> None:
    """SQLite pragmas, or the application role on PostgreSQL, before anything else uses the connection."""
    if type(connection).__module__.startswith("sqlite3"):
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()
    elif type(connection).__module__.startswith("psycopg"):
        _become_application(connection)


@event.listens_for(Engine, "checkin")
def _on_checkin(_connection: Any, record: Any) -> None:
    record.info["portal_rested_since"] = time.monotonic()


@event.listens_for(Engine, "checkout")
def _on_checkout(connection: Any, record: Any, _fairy: Any) -> None:
    """A PostgreSQL connection that rested is asked whether it still lives (another one takes its place); one that
    was just in use is not, which would cost every request a round trip."""
    rested = time.monotonic() - record.info.get("portal_rested_since", time.monotonic())
    if rested < PING_AFTER or not type(connection).__module__.startswith("psycopg"):
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except OperationalError as error:
        raise DisconnectionError("the connection was lost while it rested") from error


def _become_application(connection: Any) -> None:
    """Row-level security binds the application role, not the owner of the tables; before the first migration
    the account cannot become that role yet, and there is nothing to protect."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s AND pg_has_role(oid, 'MEMBER')", (APP_ROLE,))
        if cursor.fetchone():
            cursor.execute(f"SET ROLE {APP_ROLE}")
    connection.commit()


def ensure_scope(session: Session) -> Connection:
    """Second wall (PostgreSQL): tell the row policies the scope in force, once a transaction or when it changes.

    A connection that was told nothing sees no scoped row at all.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        return connection
    scope = current_scope()
    # a savepoint that is rolled back takes with it what was told inside
    telling = (id(connection.get_nested_transaction() or connection.get_transaction()), scope)
    if connection.info.get("portal_scope") == telling:
        return connection
    low, high = scope.bounds
    connection.execute(
        _TELL,
        {
            "role": "none" if scope.kind == "everything" else APP_ROLE, "low": low, "high": high,
            "plans": ",".join(map(str, sorted(scope.plan_ids))),
        },
    )  # fmt: skip
    connection.info["portal_scope"] = telling
    return connection


_TELL = text(
    "SELECT set_config('role', :role, true), set_config('portal.scope_low', :low, true),"
    " set_config('portal.scope_high', :high, true), set_config('portal.scope_plans', :plans, true)"
)


def _forget(_session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    connection.info.pop("portal_scope", None)


def install(session_factory: Any) -> None:
    event.listen(session_factory, "after_begin", _forget)
