"""A folder of files for each test, communities of 鼎城区 and 汉寿县, every purpose allowed."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.attachments import owners
from app.attachments.rules import PURPOSES
from app.communities.evidence import OWNER
from app.communities.models import Community
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.base import metadata
from app.persistence.context import acting_as


@pytest.fixture
def store(app_db: Flask, tmp_path: Path) -> Iterator[Path]:
    """DATA_DIR of this test, empty: so are the tables, for the demo world's files lie elsewhere."""
    before = app_db.config["DATA_DIR"]
    app_db.config["DATA_DIR"] = str(tmp_path)
    with app_db.app_context():
        _forget_files()
    owners.declare(dataclasses.replace(OWNER, purposes=tuple(PURPOSES)))
    try:
        yield tmp_path
    finally:
        owners.declare(OWNER)
        app_db.config["DATA_DIR"] = before


def _forget_files() -> None:
    files = {"attachment", "stored_file"}
    held = [
        table for table in reversed(metadata.sorted_tables)
        if table.name in files | {"job"} or files & {key.column.table.name for key in table.foreign_keys}
    ]  # fmt: skip
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL ROLE NONE"))
        for table in held:
            connection.execute(sa.delete(table))


def community_of(county: str) -> int:
    with acting_as(SYSTEM):
        found = db.session.scalar(
            sa.select(Community.id).where(Community.county_code == county).order_by(Community.id).limit(1)
        )
    return int(found)


@pytest.fixture
def mine(app_db: Flask) -> int:
    """A community of 鼎城区."""
    with app_db.app_context():
        return community_of("430703")


@pytest.fixture
def foreign(app_db: Flask) -> int:
    """A community of 汉寿县."""
    with app_db.app_context():
        return community_of("430722")


@pytest.fixture
def signed_in(signed_in: Callable[[str], FlaskClient]) -> Callable[[str], FlaskClient]:
    """Clients that read every answer to its end, as a server does: that closes the file behind it."""

    def opened(username: str) -> FlaskClient:
        client = signed_in(username)
        client.open = functools.partial(client.open, buffered=True)  # type: ignore[method-assign]
        return client

    return opened


@pytest.fixture
def editor(store: Path, signed_in: Any) -> Any:
    return signed_in("dingcheng")


def files_below(folder: Path, *parts: str) -> list[Path]:
    return sorted(path for path in folder.joinpath(*parts).rglob("*") if path.is_file())
