"""Let construction units see rows of the plan tasks they were given (M1.6.5.3b)"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls

revision = "0030"
down_revision = "0018"
branch_labels = None
depends_on = None

_TABLES = ("transition", "attachment", "upload_session")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("plan_task_id", _ID, nullable=True))
        walls.unwall(table)
        walls.wall(table, plan="plan_task_id")
    walls.unwall("plan_task")
    walls.wall("plan_task", plan="id")


def downgrade() -> None:
    walls.unwall("plan_task")
    walls.wall("plan_task")
    for table in _TABLES:
        walls.unwall(table)
        walls.wall(table)
        op.drop_column(table, "plan_task_id")
