"""Search index of communities on PostgreSQL: rows wait in a short list and enter the index together.

An import of 20,000 rows spent more than half of its time entering every bigram of every row by itself.
"""

from __future__ import annotations

from alembic import op

from app.migrations import walls

revision = "0015"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if not walls.on_postgresql():
        return
    op.execute("ALTER INDEX ix_community_search SET (fastupdate = on, gin_pending_list_limit = 512)")
    # only the owner of an index may settle it; an import does so when its rows are in
    op.execute(
        "CREATE FUNCTION community_search_settle() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
        " SET search_path = public AS $$ SELECT gin_clean_pending_list('ix_community_search') $$"
    )


def downgrade() -> None:
    if not walls.on_postgresql():
        return
    op.execute("DROP FUNCTION community_search_settle()")
    op.execute("ALTER INDEX ix_community_search RESET (gin_pending_list_limit)")
    op.execute("ALTER INDEX ix_community_search SET (fastupdate = off)")
