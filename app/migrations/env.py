"""Alembic environment: the application's own engine and metadata (FAB's tables included)."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import text

from app.audit.models import AuditEvent  # noqa: F401  (every model module is imported by the application)
from app.persistence.base import metadata
from app.persistence.types import ExactDecimal, UtcDateTime

# the search index and its shadow tables, row policies and triggers are written by hand
_BY_HAND = ("community_fts", "community_posting", "bulk_load")


def include_object(obj: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    return not (kind == "table" and name and name.startswith(_BY_HAND))


def compare_type(_context: object, _inspected: object, metadata_column: object, _it: object, kind: object) -> bool | None:
    """Our decorated types are settled by the migrations themselves."""
    return False if isinstance(kind, ExactDecimal | UtcDateTime) else None


def run() -> None:
    """Run on one connection, as the owner of the tables and not as the application's role."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET ROLE NONE"))
            connection.commit()
        else:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_object=include_object,
            compare_type=compare_type,
            render_as_batch=connection.dialect.name == "sqlite",
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        if connection.in_transaction():
            connection.commit()


run()
