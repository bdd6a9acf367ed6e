"""Periodic work of the worker, and delivery of the SMS outbox"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.persistence.types import UtcDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "periodic_run",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("slot", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="waiting", nullable=False),
        sa.Column("note", sa.String(length=300), server_default="", nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed')", name=op.f("ck_periodic_run_state_known")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_periodic_run")),
    )
    with op.batch_alter_table("sms_message") as table:
        table.add_column(sa.Column("key", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("sealed", sa.Text(), server_default="", nullable=False))
        table.add_column(sa.Column("claimed_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("unanswered", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("sender", sa.String(length=16), server_default="", nullable=False))
        table.add_column(sa.Column("receipt", sa.String(length=64), server_default="", nullable=False))
        table.add_column(sa.Column("user_id", sa.Integer(), nullable=True))
        table.create_foreign_key(
            op.f("fk_sms_message_user_id_ab_user"), "ab_user", ["user_id"], ["id"], ondelete="SET NULL"
        )
        table.create_index("uq_sms_message_key", ["key"], unique=True)
        table.create_index("ix_sms_message_user", ["user_id", "id"])


def downgrade() -> None:
    with op.batch_alter_table("sms_message") as table:
        table.drop_index("ix_sms_message_user")
        table.drop_index("uq_sms_message_key")
        table.drop_constraint(op.f("fk_sms_message_user_id_ab_user"), type_="foreignkey")
        for name in ("user_id", "receipt", "sender", "unanswered", "claimed_at", "sealed", "key"):
            table.drop_column(name)
    op.drop_table("periodic_run")
