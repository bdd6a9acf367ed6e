"""One demo world for many tests that must leave it as it is: a database, signed-in clients, and a print of the content."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from tests import conftest

# change with every request or sign-in, also with refused ones
VOLATILE = frozenset({"user_session", "sign_in_record", "alembic_version"})


class World:
    """The application on a database of its own for the length of a module."""

    def __init__(self, app: Flask, backend: str, url: str) -> None:
        self.app, self.backend, self.url = app, backend, url
        self._clients: dict[str, FlaskClient] = {}

    def client(self, username: str) -> FlaskClient:
        """The client of a demo account, signed in once; the empty name is nobody."""
        if username not in self._clients:
            made = self.app.test_client()
            self._clients[username] = conftest.sign_in(made, username) if username else made
        return self._clients[username]

    def rows(self, sql: str, **values: Any) -> Any:
        """Read as the owner of the database, past gate and row policies."""
        with self.app.app_context(), db.engine.connect() as connection:
            if self.backend == "postgresql":
                connection.execute(sa.text("SET LOCAL ROLE NONE"))
            return connection.execute(sa.text(sql), values).all()

    def write(self, sql: str, **values: Any) -> None:
        """Change something as the owner of the database."""
        with self.app.app_context(), db.engine.begin() as connection:
            if self.backend == "postgresql":
                connection.execute(sa.text("SET LOCAL ROLE NONE"))
            connection.execute(sa.text(sql), values)

    @functools.cached_property
    def _tables(self) -> list[str]:
        with self.app.app_context():
            names = sa.inspect(db.engine).get_table_names()
        return sorted(name for name in names if name not in VOLATILE and not name.startswith("community_fts"))

    def tables(self) -> list[str]:
        return self._tables

    def print(self, tables: Iterable[str] = ()) -> dict[str, str]:
        """Table → number and digest of its rows, of these tables or of all."""
        found = {}
        with self.app.app_context(), db.engine.connect() as connection:
            if self.backend == "postgresql":
                connection.execute(sa.text("SET LOCAL ROLE NONE"))
            cursor = connection.connection.cursor()
            for name in tables or self.tables():
                whole = f'SELECT * FROM "{name}"' if self.backend == "sqlite" else f'SELECT t::text FROM "{name}" t'
                rows = sorted(map(repr, cursor.execute(whole).fetchall()))
                found[name] = f"{len(rows)}:{hashlib.sha256(chr(10).join(rows).encode()).hexdigest()}"
            cursor.close()
        return found


@pytest.fixture(scope="module", params=conftest.BACKENDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A demo world shared by the tests of a module, once on each database: for what changes nothing."""
    app = request.getfixturevalue(f"{request.param}_app")
    with conftest.on_copy(app, request.param) as url:
        yield World(app, request.param, url)


@pytest.fixture
def count_statements() -> Any:
    """``with count_statements(world) as sql: …; assert len(sql) <= 8``."""

    @contextlib.contextmanager
    def counting(world: World) -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        engine = db._app_engines[world.app][None]
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)

    return counting
