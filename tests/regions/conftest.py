"""A database of its own with the region tables, and one with the seed loaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, configure_mappers

import app.audit.models
from app.audit import services as audit
from app.persistence.base import metadata
from app.regions import models, seed
from tests import databases

TABLES = [
    model.__table__
    for model in (
        models.Region,
        models.Town,
        models.RegionAlias,
        models.Department,
        models.ProvinceProfile,
        models.Holiday,
        models.CodeTable,
        models.CodeItem,
        models.CacheVersion,
        app.audit.models.AuditEvent,
        app.audit.models.AuditChain,
    )
]


def _sqlite(connection: Any, _record: object) -> None:
    """Foreign keys checked, and transactions begun by SQLAlchemy so that savepoints can be undone."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")


def _owner(connection: Any, _record: object) -> None:
    """The tables are made here and by their owner, not by the application's role (which another database may have made)."""
    connection.execute("RESET ROLE")
    connection.commit()


@pytest.fixture(scope="package", params=databases.BACKENDS)
def region_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An engine with the seeded region tables alone, on each database."""
    if request.param == "postgresql":
        name = f"regions{os.getpid()}"
        databases.admin(f"CREATE DATABASE {name}")
        engine = create_engine(databases.named(name))
        event.listen(engine, "connect", _owner)
    else:
        engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('regions')}/test.db")
        event.listen(
            engine, "connect", lambda connection, _record: setattr(connection, "isolation_level", None)
        )
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    configure_mappers()
    metadata.create_all(engine, tables=TABLES)
    with Session(engine) as session:
        seed.load_all(session)
        session.commit()
    yield engine
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    if request.param == "postgresql":
        databases.drop(url)


@pytest.fixture
def session(region_engine: Engine) -> Iterator[Session]:
    """A session on the seeded database whose commits are undone after the test."""
    with region_engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", autoflush=False) as session:
            audit.install(session)
            yield session
        outer.rollback()


@pytest.fixture
def statements(region_engine: Engine) -> Iterator[list[str]]:
    """The SQL statements executed during the test."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.upper().startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    event.listen(region_engine, "before_cursor_execute", note)
    yield seen
    event.remove(region_engine, "before_cursor_execute", note)
