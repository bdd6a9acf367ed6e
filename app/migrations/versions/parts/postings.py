"""The search index of communities on PostgreSQL: ids by token and county, kept by trigger, read by function."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls

# the parts of a document, without the province before them and without the tokens of city and county
_PARTS = "unnest(string_to_array(r.search_grams, ' ')) AS part WHERE part ~ '^[0-9]' AND r.deleted_at IS NULL"
_ADD = (
    "INSERT INTO community_posting AS p (token, county_code, communities, ids)"
    " SELECT substr(part, 3), r.county_code, count(*), array_agg(r.id) FROM {rows} r, " + _PARTS + " {which}"
    " GROUP BY 1, 2 ORDER BY 1, 2 ON CONFLICT (token, county_code)"
    " DO UPDATE SET communities = p.communities + excluded.communities, ids = p.ids || excluded.ids"
)
_TAKE = (
    "UPDATE community_posting p SET communities = p.communities - d.communities,"
    " ids = ARRAY(SELECT i FROM unnest(p.ids) AS i WHERE i <> ALL (d.ids)) FROM"
    " (SELECT substr(part, 3) AS token, r.county_code, count(*) AS communities, array_agg(r.id) AS ids"
    " FROM {rows} r, " + _PARTS + " {which} GROUP BY 1, 2) d"
    " WHERE p.token = d.token AND p.county_code = d.county_code"
)
_MOVED = (
    "SELECT array_agg(o.id) FROM old_rows o JOIN new_rows n ON n.id = o.id"
    " WHERE (o.search_grams, o.county_code, o.deleted_at IS NULL)"
    " IS DISTINCT FROM (n.search_grams, n.county_code, n.deleted_at IS NULL)"
)
_LOW = "coalesce(current_setting('portal.scope_low', true), '')"
_HIGH = "coalesce(current_setting('portal.scope_high', true), '')"
_MINE = f"p.county_code >= {_LOW} AND p.county_code < {_HIGH}"
# runs as the owner: nobody else reads or writes the index, and the scope of the transaction is applied inside
_AS_OWNER = "SECURITY DEFINER SET search_path = public"
_READING = f"{_AS_OWNER} SET plan_cache_mode = force_generic_plan"


def _trigger(name: str, event: str, tables: str, body: str) -> None:
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql {_AS_OWNER} AS $$ {body} RETURN NULL; END $$")
    op.execute(
        f"CREATE TRIGGER {name} AFTER {event} ON community REFERENCING {tables}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
    )


def make() -> None:
    """Table, triggers and the two functions that read it; filled from the living communities."""
    op.execute(
        'CREATE TABLE community_posting (token text COLLATE "C" NOT NULL, county_code varchar(6) COLLATE "C" NOT NULL,'
        " communities integer NOT NULL, ids bigint[] NOT NULL,"
        " CONSTRAINT pk_community_posting PRIMARY KEY (token, county_code)) WITH (fillfactor = 90)"
    )
    op.execute(f"REVOKE ALL ON community_posting FROM {walls.ROLE}")
    op.execute(_ADD.format(rows="community", which=""))
    _trigger("community_posted", "INSERT", "NEW TABLE AS new_rows", f"BEGIN {_ADD.format(rows='new_rows', which='')};")
    _trigger(
        "community_unposted", "DELETE", "OLD TABLE AS old_rows", f"BEGIN {_TAKE.format(rows='old_rows', which='')};"
    )
    which = "AND r.id = ANY (moved)"
    _trigger(
        "community_reposted", "UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        f"DECLARE moved bigint[] := ({_MOVED}); BEGIN IF moved IS NULL THEN RETURN NULL; END IF;"
        f" {_TAKE.format(rows='old_rows', which=which)}; {_ADD.format(rows='new_rows', which=which)};",
    )  # fmt: skip
    _readers()


def _readers() -> None:
    op.execute(
        "CREATE FUNCTION community_search(parts text[]) RETURNS TABLE (id bigint)"
        f" LANGUAGE plpgsql STABLE {_READING} AS $$ BEGIN IF cardinality(parts) = 1 THEN RETURN QUERY"
        f" SELECT i FROM community_posting p, unnest(p.ids) AS i WHERE p.token = parts[1] AND {_MINE};"
        " ELSE RETURN QUERY SELECT i FROM community_posting p, unnest(p.ids) AS i"
        f" WHERE p.token = ANY (parts) AND {_MINE} GROUP BY i HAVING count(*) = cardinality(parts); END IF; END $$"
    )
    page = "ARRAY(SELECT {} ORDER BY 1 LIMIT most OFFSET first)"
    op.execute(
        "CREATE FUNCTION community_found(parts text[], most integer, first integer, OUT total bigint, OUT ids bigint[])"
        f" LANGUAGE plpgsql STABLE {_READING} AS $$ BEGIN IF cardinality(parts) = 1 THEN"
        f" SELECT coalesce(sum(p.communities), 0) INTO total FROM community_posting p WHERE p.token = parts[1] AND {_MINE};"
        f" ids := {page.format(f'i FROM community_posting p, unnest(p.ids) AS i WHERE p.token = parts[1] AND {_MINE}')};"
        " ELSE WITH hit AS MATERIALIZED (SELECT s.id FROM community_search(parts) s)"
        f" SELECT (SELECT count(*) FROM hit), {page.format('hit.id FROM hit')} INTO total, ids; END IF; END $$"
    )


def drop() -> None:
    op.execute("DROP FUNCTION community_found(text[], integer, integer)")
    op.execute("DROP FUNCTION community_search(text[])")
    for name in ("community_posted", "community_unposted", "community_reposted"):
        op.execute(f"DROP TRIGGER {name} ON community")
        op.execute(f"DROP FUNCTION {name}()")
    op.execute("DROP TABLE community_posting")


def forget_gin() -> None:
    """What 0005 and 0015 made."""
    op.execute("DROP FUNCTION community_search_settle()")
    op.execute("DROP FUNCTION community_search(text[], integer)")
    op.execute("DROP INDEX ix_community_search")
    op.execute("ALTER TABLE community DROP COLUMN search_tokens")


def make_gin() -> None:
    op.execute(
        "ALTER TABLE community ADD COLUMN search_tokens text[]"
        " GENERATED ALWAYS AS (string_to_array(search_grams, ' ')) STORED"
    )
    op.execute("ALTER TABLE community ALTER COLUMN search_tokens SET STATISTICS 1000")
    op.execute(
        "CREATE INDEX ix_community_search ON community USING gin (search_tokens)"
        " WITH (fastupdate = on, gin_pending_list_limit = 512)"
    )
    op.execute(
        "CREATE FUNCTION community_search(tokens text[], most integer) RETURNS TABLE (id bigint)"
        f" LANGUAGE plpgsql STABLE {_AS_OWNER} AS $$ BEGIN"
        " RETURN QUERY EXECUTE format('SELECT c.id FROM community c WHERE c.search_tokens @> %L::text[]"
        " AND c.deleted_at IS NULL AND c.county_code >= %L AND c.county_code < %L ORDER BY c.id LIMIT %s',"
        f" tokens, {_LOW}, {_HIGH}, coalesce(most::text, 'ALL')); END $$"
    )
    op.execute(
        f"CREATE FUNCTION community_search_settle() RETURNS bigint LANGUAGE sql {_AS_OWNER}"
        " AS $$ SELECT gin_clean_pending_list('ix_community_search') $$"
    )


def pause_fts() -> str:
    """SQLite: take the trigger of the index away; returns the statement that makes it again."""
    found = op.get_bind().execute(sa.text("SELECT sql FROM sqlite_master WHERE name = 'community_au_fts'")).scalar_one()
    op.execute("DROP TRIGGER community_au_fts")
    return str(found)
