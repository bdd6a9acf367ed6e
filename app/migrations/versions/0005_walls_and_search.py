"""Application role, row policies, append-only audit, search index and rollup triggers."""

from __future__ import annotations

from alembic import op

from app.migrations import walls

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KEYS = ("county_code", "place_state", "place_year", "is_complete")
_SUMS = (
    ("communities", "1"),
    ("buildings", "coalesce({0}.building_count, 0)"),
    ("households", "coalesce({0}.household_count, 0)"),
    ("floor_area", "coalesce({0}.floor_area, 0)"),
    ("planned_investment", "coalesce({0}.planned_investment, 0)"),
)
_WATCHED = (
    "county_code, place_state, place_year, is_complete, deleted_at, building_count, household_count, floor_area,"
    " planned_investment"
)


def _sqlite_change(alias: str, sign: str) -> str:
    keys = ", ".join(f"{alias}.{key}" for key in _KEYS)
    names = ", ".join(name for name, _value in _SUMS)
    values = ", ".join(f"{sign}({value.format(alias)})" for _name, value in _SUMS)
    sums = ", ".join(f"{name} = {name} + excluded.{name}" for name, _value in _SUMS)
    return (
        f"INSERT INTO community_rollup ({', '.join(_KEYS)}, {names}) SELECT {keys}, {values}"
        f" WHERE {alias}.deleted_at IS NULL"
        f" ON CONFLICT ({', '.join(_KEYS)}) DO UPDATE SET {sums}"
    )


def _sqlite_up() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE community_fts USING fts5(search_grams, content='community', content_rowid='id',"
        " detail=none, columnsize=0, tokenize=\"unicode61 remove_diacritics 0\")"
    )
    index = "INSERT INTO community_fts(rowid, search_grams) SELECT new.id, new.search_grams WHERE new.deleted_at IS NULL"
    unindex = (
        "INSERT INTO community_fts(community_fts, rowid, search_grams)"
        " SELECT 'delete', old.id, old.search_grams WHERE old.deleted_at IS NULL"
    )
    plus, minus = _sqlite_change("new", "+"), _sqlite_change("old", "-")
    op.execute(f"CREATE TRIGGER community_ai AFTER INSERT ON community BEGIN {index}; {plus}; END")
    op.execute(f"CREATE TRIGGER community_ad AFTER DELETE ON community BEGIN {unindex}; {minus}; END")
    op.execute(
        "CREATE TRIGGER community_au_fts AFTER UPDATE OF search_grams, deleted_at ON community"
        f" BEGIN {unindex}; {index}; END"
    )
    op.execute(f"CREATE TRIGGER community_au AFTER UPDATE OF {_WATCHED} ON community BEGIN {minus}; {plus}; END")


def _pg_function(name: str, parts: list[tuple[str, str]]) -> str:
    keys, names = ", ".join(_KEYS), ", ".join(name for name, _value in _SUMS)
    inner = " UNION ALL ".join(
        f"SELECT {', '.join(f'r.{key}' for key in _KEYS)}, "
        + ", ".join(f"{sign}({value.format('r')}) AS {label}" for label, value in _SUMS)
        + f" FROM {source} r WHERE r.deleted_at IS NULL"
        for source, sign in parts
    )
    sums = ", ".join(f"sum({label})" for label, _value in _SUMS)
    update = ", ".join(f"{label} = community_rollup.{label} + excluded.{label}" for label, _value in _SUMS)
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" INSERT INTO community_rollup ({keys}, {names}) SELECT {keys}, {sums} FROM ({inner}) d"
        f" GROUP BY {keys} ORDER BY {keys} ON CONFLICT ({keys}) DO UPDATE SET {update};"
        " RETURN NULL; END $$"
    )


def _postgresql_up() -> None:
    op.execute(
        "ALTER TABLE community ADD COLUMN search_tokens text[]"
        " GENERATED ALWAYS AS (string_to_array(search_grams, ' ')) STORED"
    )
    op.execute("CREATE INDEX ix_community_search ON community USING gin (search_tokens) WITH (fastupdate = off)")
    op.execute("ALTER TABLE community ALTER COLUMN search_tokens SET STATISTICS 1000")
    op.execute(_pg_function("community_rolled_in", [("new_rows", "+")]))
    op.execute(_pg_function("community_rolled_out", [("old_rows", "-")]))
    op.execute(_pg_function("community_rolled", [("old_rows", "-"), ("new_rows", "+")]))
    after = "CREATE TRIGGER {} AFTER {} ON community REFERENCING {} FOR EACH STATEMENT EXECUTE FUNCTION {}()"
    op.execute(after.format("community_ai", "INSERT", "NEW TABLE AS new_rows", "community_rolled_in"))
    op.execute(after.format("community_ad", "DELETE", "OLD TABLE AS old_rows", "community_rolled_out"))
    op.execute(
        after.format("community_au", "UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows", "community_rolled")
    )
    # runs as the owner of the table: a row policy would keep the index from being used, so the function
    # applies the scope of the transaction itself
    op.execute(
        "CREATE FUNCTION community_search(tokens text[], most integer) RETURNS TABLE (id bigint)"
        " LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$ BEGIN"
        " RETURN QUERY EXECUTE format('SELECT c.id FROM community c WHERE c.search_tokens @> %L::text[]"
        " AND c.deleted_at IS NULL AND c.county_code >= %L AND c.county_code < %L ORDER BY c.id LIMIT %s',"
        " tokens, coalesce(current_setting('portal.scope_low', true), ''),"
        " coalesce(current_setting('portal.scope_high', true), ''), coalesce(most::text, 'ALL')); END $$"
    )


def upgrade() -> None:
    walls.make_role()
    for table in ("community", "community_rollup"):
        walls.wall(table)
    walls.append_only("audit_event")
    walls.append_only("sign_in_record")
    if walls.on_postgresql():
        _postgresql_up()
    else:
        _sqlite_up()


def downgrade() -> None:
    if walls.on_postgresql():
        op.execute("DROP FUNCTION community_search(text[], integer)")
        for name in ("community_ai", "community_ad", "community_au"):
            op.execute(f"DROP TRIGGER {name} ON community")
        for name in ("community_rolled_in", "community_rolled_out", "community_rolled"):
            op.execute(f"DROP FUNCTION {name}()")
        op.execute("DROP INDEX ix_community_search")
        op.execute("ALTER TABLE community DROP COLUMN search_tokens")
    else:
        for name in ("community_ai", "community_ad", "community_au", "community_au_fts"):
            op.execute(f"DROP TRIGGER {name}")
        op.execute("DROP TABLE community_fts")
    walls.not_append_only("sign_in_record")
    walls.not_append_only("audit_event")
    for table in ("community_rollup", "community"):
        walls.unwall(table)
    walls.drop_role_grants()
