"""The schema comes from migrations alone: down and up again with data, and equal to the models, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade

import config
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as

FOLDER = str(config.ROOT / "app" / "migrations")


def _owner() -> sa.Connection:
    connection = db.engine.connect()
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SET ROLE NONE"))
    return connection


def _tables() -> set[str]:
    with _owner() as connection:
        return set(sa.inspect(connection).get_table_names())


def test_one_head() -> None:
    assert len(ScriptDirectory(FOLDER).get_heads()) == 1


def test_head_equals_models(app_db: Flask) -> None:
    """Alembic, asked through the application's own environment, finds nothing to migrate."""
    with app_db.app_context():
        command.check(app_db.extensions["migrate"].migrate.get_config(FOLDER))


def test_down_to_nothing_and_up_again(app_db: Flask) -> None:
    """With the demo world inside: every step down runs, nothing is left behind, and the way up works again."""
    from app.accounts.services import sync_roles
    from app.cli.demo import load_demo
    from app.cli.verify import faults
    from app.persistence.work import unit_of_work
    from app.regions.seed import load_all

    with app_db.app_context():
        before = _tables()
        db.engine.dispose()
        downgrade(revision="base")
        db.engine.dispose()
        assert {name for name in _tables() if not name.startswith("alembic")} == set()
        upgrade()
        db.engine.dispose()
        assert _tables() == before
        app_db.extensions.pop("portal_regions", None)
        with acting_as(SYSTEM):
            with unit_of_work() as session:
                sync_roles(session)
                load_all(session)
            with unit_of_work() as session:
                load_demo(session)
            assert faults(db.session()) == []


@pytest.mark.parametrize("steps", [1, 2])
def test_a_step_back_keeps_the_rest(app_db: Flask, steps: int) -> None:
    """Taking back the newest steps leaves the business rows where they are."""
    with app_db.app_context():
        with _owner() as connection:
            count = connection.execute(sa.text("SELECT count(*) FROM community")).scalar_one()
        db.engine.dispose()
        downgrade(revision=f"-{steps}")
        upgrade()
        db.engine.dispose()
        with _owner() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM community")).scalar_one() == count > 0
