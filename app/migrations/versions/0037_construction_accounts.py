"""Accounts of construction units on plan tasks (M1.6.5.3)"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls
from app.persistence.types import UtcDateTime

revision = "0037"
down_revision = "0020"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "construction_account",
        sa.Column("id", _ID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("plan_task_id", _ID, nullable=False),
        sa.Column("unit_name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="active", nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("sms_id", _ID, nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=64), server_default="", nullable=False),
        sa.CheckConstraint(
            "state IN ('active', 'stopped', 'ended')", name=op.f("ck_construction_account_state_known")
        ),
        sa.CheckConstraint("length(unit_name) > 0", name=op.f("ck_construction_account_unit_given")),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_construction_account_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_construction_account_plan",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_construction_account_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sms_id"], ["sms_message.id"], name=op.f("fk_construction_account_sms_id_sms_message"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_construction_account")),
        sa.UniqueConstraint("user_id", "plan_task_id", name=op.f("uq_construction_account_user_id_plan_task_id")),
    )  # fmt: skip
    op.create_index(
        "ix_construction_account_user", "construction_account", ["user_id", "state", "plan_task_id"]
    )
    op.create_index("ix_construction_account_plan", "construction_account", ["plan_task_id", "state"])
    op.create_index("ix_construction_account_county", "construction_account", ["county_code", "id"])
    walls.wall("construction_account")


def downgrade() -> None:
    walls.unwall("construction_account")
    op.drop_table("construction_account")
