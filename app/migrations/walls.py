"""What migrations add beside tables: the application role, row policies, append-only tables (PostgreSQL and SQLite)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

ROLE = "portal_app"


def on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def make_role() -> None:
    """The role the application works as; the connecting user must be able to become it."""
    if not on_postgresql():
        return
    found = op.get_bind().execute(sa.text("SELECT 1 FROM pg_roles WHERE rolname = :r"), {"r": ROLE}).first()
    if not found:
        op.execute(f"CREATE ROLE {ROLE} NOLOGIN")
    op.execute(f"GRANT {ROLE} TO CURRENT_USER")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {ROLE}")
    op.execute(
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {ROLE}"
    )
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {ROLE}")


def drop_role_grants() -> None:
    if not on_postgresql():
        return
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM {ROLE}")
    op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM {ROLE}")
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}")
    op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {ROLE}")
    op.execute(f"REVOKE ALL ON SCHEMA public FROM {ROLE}")


def wall(table: str, column: str = "county_code", plan: str = "") -> None:
    """Row-level security: only rows inside the scope told for this transaction; told nothing, nothing.

    ``plan`` names the column by which construction units see rows of the plan tasks told (M1.6.5.3b).
    """
    if not on_postgresql():
        return
    inside = (
        f"{column} >= current_setting('portal.scope_low', true)"
        f" AND {column} < current_setting('portal.scope_high', true)"
    )
    if plan:
        told = "string_to_array(nullif(current_setting('portal.scope_plans', true), ''), ',')::bigint[]"
        inside = f"({inside}) OR coalesce({plan} = ANY ({told}), false)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_scope ON {table} TO {ROLE} USING ({inside}) WITH CHECK ({inside})")


def unwall(table: str) -> None:
    if not on_postgresql():
        return
    op.execute(f"DROP POLICY IF EXISTS {table}_scope ON {table}")
    op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def append_only(table: str) -> None:
    """No row of the table is ever changed or removed, whoever asks."""
    if on_postgresql():
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {ROLE}")
        op.execute(
            f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
        )
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_keep_{event.lower()} BEFORE {event} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def not_append_only(table: str) -> None:
    if on_postgresql():
        op.execute(f"DROP TRIGGER IF EXISTS {table}_keep ON {table}")
        op.execute(f"DROP FUNCTION IF EXISTS {table}_refuse()")
        return
    for event in ("update", "delete"):
        op.execute(f"DROP TRIGGER IF EXISTS {table}_keep_{event}")
