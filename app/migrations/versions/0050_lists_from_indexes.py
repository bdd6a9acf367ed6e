"""Let lists find, filter and count their rows in indexes alone (SQLite reads the row for a column that is not there)"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0043"
branch_labels = None
depends_on = None

_LIVE = sa.text("deleted_at IS NULL")
_INDEXES = (
    ("ix_community_live", "community", ["county_code", "id"]),
    ("ix_community_town", "community", ["county_code", "town_code", "id"]),
    ("ix_community_state", "community", ["county_code", "place_state", "place_year", "id"]),
    ("ix_community_todo", "community", ["county_code", "is_complete", "id"]),
    ("ix_community_built", "community", ["county_code", "built_year", "id"]),
    ("ix_plan_task_live", "plan_task", ["county_code", "id"]),
    ("ix_reserve_project_live", "reserve_project", ["county_code", "id"]),
)


def _make(more: list[str]) -> None:
    for name, table, columns in _INDEXES:
        op.drop_index(name, table)
        op.create_index(name, table, [*columns, *more], sqlite_where=_LIVE, postgresql_where=_LIVE)


def upgrade() -> None:
    _make(["deleted_at"])


def downgrade() -> None:
    _make([])
