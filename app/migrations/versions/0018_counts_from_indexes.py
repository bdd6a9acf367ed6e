"""Let SQLite count plan tasks and reserve projects by year and light from their indexes alone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_LIVE = sa.text("deleted_at IS NULL")
_INDEXES = (
    ("ix_plan_task_year", "plan_task", ["county_code", "year", "id"]),
    ("ix_plan_task_light", "plan_task", ["county_code", "implementation_state", "start_due", "finish_due"]),
    ("ix_reserve_project_plan", "reserve_project", ["county_code", "plan_year", "id"]),
)


def _make(more: list[str]) -> None:
    for name, table, columns in _INDEXES:
        op.drop_index(name, table)
        op.create_index(name, table, [*columns, *more], sqlite_where=_LIVE, postgresql_where=_LIVE)


def upgrade() -> None:
    _make(["deleted_at"])


def downgrade() -> None:
    _make([])
