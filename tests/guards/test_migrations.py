"""The schema comes from migrations alone: down and up again with data, and equal to the models, on both databases."""

from __future__ import annotations

import re

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


# the whole of a schema in words: what a migration makes, or forgets to make
_SAID = {
    "sqlite": ("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'",),
    "postgresql": (
        "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace",
        "SELECT tablename, policyname, roles::text, qual, with_check FROM pg_policies",
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relnamespace = 'public'::regnamespace",
        "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prolang <> 13",
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = 'portal_app'",
    ),
}


def _schema() -> set[str]:
    with _owner() as connection:
        every = [connection.execute(sa.text(said)) for said in _SAID[connection.dialect.name]]
        # a table that was copied names its constraints in another order
        return {repr([sorted(re.split(r",?\s*\n\s*", str(value))) for value in row]) for rows in every for row in rows}


def test_one_head() -> None:
    assert len(ScriptDirectory(FOLDER).get_heads()) == 1


def test_head_equals_models(app_db: Flask) -> None:
    """Alembic, asked through the application's own environment, finds nothing to migrate."""
    with app_db.app_context():
        command.check(app_db.extensions["migrate"].migrate.get_config(FOLDER))


def test_down_to_nothing_and_up_again(app_db: Flask) -> None:
    """With the demo world inside: every step down runs, nothing is left behind, and the way up gives the same."""
    from app.accounts.services import sync_roles
    from app.cli.verify import faults
    from app.persistence.work import unit_of_work
    from app.regions.seed import load_all

    with app_db.app_context():
        before = _schema()
        db.engine.dispose()
        downgrade(revision="base")
        db.engine.dispose()
        assert {name for name in _tables() if not name.startswith("alembic")} == set()
        upgrade()
        db.engine.dispose()
        assert _schema() ^ before == set()
        app_db.extensions.pop("portal_regions", None)
        with acting_as(SYSTEM):
            with unit_of_work() as session:
                sync_roles(session)
                load_all(session)
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
