"""Pinyin initials of reserve projects and plan tasks, for the search of their lists"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.kernel.text import pinyin_initials

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TABLES = ("reserve_project", "plan_task")


def upgrade() -> None:
    for name in _TABLES:
        op.add_column(name, sa.Column("initials", sa.String(length=120), server_default="", nullable=False))
        table = sa.table(name, sa.column("id"), sa.column("name"), sa.column("initials"))
        found = op.get_bind().execute(sa.select(table.c.id, table.c.name)).all()
        if found:
            change = (
                sa.update(table)
                .where(table.c.id == sa.bindparam("row"))
                .values(initials=sa.bindparam("letters"))
            )
            rows = [{"row": row.id, "letters": pinyin_initials(row.name)[:120]} for row in found]
            op.get_bind().execute(change, rows)


def downgrade() -> None:
    for name in _TABLES:
        op.drop_column(name, "initials")
