"""Many communities at once: on SQLite their totals and search index follow when all rows are in, not row by row.

SQLite knows no triggers per statement. While ``bulk_load`` names the table (inside one transaction, so nobody else ever
sees it) the trigger of single rows rests; taking the name away brings totals and index up to the rows above
``after_id``. Two indexes lose the rows that nobody looks up in them: those not in the recycle bin, those without a point.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls

revision = "0047"
down_revision = "0050"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_community_recycle", ["county_code", "deleted_at"], "deleted_at IS NOT NULL"),
    ("ix_community_point", ["county_code", "lng", "lat"], "lng IS NOT NULL"),
)
_KEYS = "county_code, place_state, place_year, is_complete"
_SUMS = {
    "communities": "count(*)",
    "buildings": "sum(coalesce(building_count, 0))",
    "households": "sum(coalesce(household_count, 0))",
    "floor_area": "sum(coalesce(floor_area, 0))",
    "planned_investment": "sum(coalesce(planned_investment, 0))",
}
_NEW = "FROM community WHERE id > old.after_id AND deleted_at IS NULL"
_RESTS = " WHEN NOT EXISTS (SELECT 1 FROM bulk_load WHERE table_name = 'community')"
_MORE_AT_ONCE, _AS_BEFORE = 4 << 20, 1 << 20  # bytes that the search index gathers before it writes them


def _indexes(narrowed: bool) -> None:
    for name, columns, rows in _INDEXES:
        op.drop_index(name, "community")
        where = sa.text(rows) if narrowed else None
        op.create_index(name, "community", columns, sqlite_where=where, postgresql_where=where)


def _row_trigger(old: str, new: str) -> None:
    found = sa.text("SELECT sql FROM sqlite_master WHERE name = 'community_ai'")
    body = str(op.get_bind().execute(found).scalar_one())
    op.execute("DROP TRIGGER community_ai")
    op.get_bind().exec_driver_sql(body.replace(f"ON community{old} BEGIN", f"ON community{new} BEGIN", 1))


def _gather(size: int) -> None:
    op.execute(f"INSERT INTO community_fts(community_fts, rank) VALUES ('hashsize', {size})")


def upgrade() -> None:
    _indexes(narrowed=True)
    if walls.on_postgresql():
        return
    op.execute(
        "CREATE TABLE bulk_load (table_name TEXT PRIMARY KEY, after_id INTEGER NOT NULL) WITHOUT ROWID"
    )
    _row_trigger("", _RESTS)
    follow = ", ".join(f"{name} = {name} + excluded.{name}" for name in _SUMS)
    op.execute(
        "CREATE TRIGGER bulk_load_done AFTER DELETE ON bulk_load WHEN old.table_name = 'community' BEGIN"
        f" INSERT INTO community_fts(rowid, search_grams) SELECT id, search_grams {_NEW};"
        f" INSERT INTO community_rollup ({_KEYS}, {', '.join(_SUMS)}) SELECT {_KEYS}, {', '.join(_SUMS.values())} {_NEW}"
        f" GROUP BY {_KEYS} ON CONFLICT ({_KEYS}) DO UPDATE SET {follow}; END"
    )
    _gather(_MORE_AT_ONCE)


def downgrade() -> None:
    _indexes(narrowed=False)
    if walls.on_postgresql():
        return
    _gather(_AS_BEFORE)
    op.execute("DROP TRIGGER bulk_load_done")
    _row_trigger(_RESTS, "")
    op.execute("DROP TABLE bulk_load")
