"""Watermarked copies of photos taken on the spot"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.persistence.types import UtcDateTime

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "photo_watermark",
        sa.Column("attachment_id", _ID, autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachment.id"],
            name=op.f("fk_photo_watermark_attachment_id_attachment"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sha256"],
            ["stored_file.sha256"],
            name=op.f("fk_photo_watermark_sha256_stored_file"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_photo_watermark")),
    )
    op.create_index("ix_photo_watermark_sha256", "photo_watermark", ["sha256"])


def downgrade() -> None:
    op.drop_table("photo_watermark")
