"""SMS outbox, and the indexes that keep audit and sign-in lists fast."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.persistence.types import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_audit_event_actor_name", "audit_event", ["actor_name", "at", "id"]),
    ("ix_audit_event_action", "audit_event", ["action", "at", "id"]),
    ("ix_audit_event_county", "audit_event", ["county_code", "at", "id"]),
    ("ix_sign_in_record_outcome", "sign_in_record", ["outcome", "at"]),
    ("ix_sign_in_record_address", "sign_in_record", ["address", "at"]),
)


def upgrade() -> None:
    op.create_table(
        "sms_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=False),
        sa.Column("body", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(length=300), server_default="", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed')", name=op.f("ck_sms_message_state_known")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_sms_message_attempts_not_negative")),
        sa.ForeignKeyConstraint(["county_code"], ["region.code"], name=op.f("fk_sms_message_county_code_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_message")),
    )
    op.create_index("ix_sms_message_due", "sms_message", ["state", "next_try_at", "id"])
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _columns in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    op.drop_index("ix_sms_message_due", table_name="sms_message")
    op.drop_table("sms_message")
