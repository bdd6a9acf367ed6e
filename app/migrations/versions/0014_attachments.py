"""Attachments, stored contents and uploads on their way"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls
from app.persistence.types import ExactDecimal, UtcDateTime

revision = "0014"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_file",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("taken_at", UtcDateTime(), nullable=True),
        sa.Column("taken_lng", ExactDecimal(precision=10, scale=6), nullable=True),
        sa.Column("taken_lat", ExactDecimal(precision=10, scale=6), nullable=True),
        sa.Column("perceptual_hash", sa.String(length=16), nullable=True),
        sa.Column("thumbnail_state", sa.String(length=8), server_default="none", nullable=False),
        sa.Column("stored_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "thumbnail_state IN ('none', 'waiting', 'ready', 'failed')",
            name=op.f("ck_stored_file_thumbnail_state_known"),
        ),
        sa.CheckConstraint("size > 0", name=op.f("ck_stored_file_size_positive")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_stored_file")),
    )
    with op.batch_alter_table("stored_file", schema=None) as batch_op:
        batch_op.create_index("ix_stored_file_perceptual_hash", ["perceptual_hash"], unique=False)

    op.create_table(
        "attachment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_entity", sa.String(length=48), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("upload_id", sa.String(length=32), nullable=True),
        sa.Column("uploader_id", sa.Integer(), nullable=True),
        sa.Column("uploader", sa.String(length=64), server_default="", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("told_lng", ExactDecimal(precision=10, scale=6), nullable=True),
        sa.Column("told_lat", ExactDecimal(precision=10, scale=6), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_by", sa.String(length=64), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_attachment_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["sha256"],
            ["stored_file.sha256"],
            name=op.f("fk_attachment_sha256_stored_file"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["uploader_id"],
            ["ab_user.id"],
            name=op.f("fk_attachment_uploader_id_ab_user"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        sa.UniqueConstraint("upload_id", name=op.f("uq_attachment_upload_id")),
    )
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.create_index(
            "ix_attachment_owner", ["owner_entity", "owner_id", "purpose", "id"], unique=False
        )
        batch_op.create_index("ix_attachment_recycle", ["county_code", "deleted_at"], unique=False)
        batch_op.create_index("ix_attachment_sha256", ["sha256"], unique=False)
        batch_op.create_index(
            "uq_attachment_once",
            ["owner_entity", "owner_id", "purpose", "sha256"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "upload_session",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner_entity", sa.String(length=48), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("uploader_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("told_lng", ExactDecimal(precision=10, scale=6), nullable=True),
        sa.Column("told_lat", ExactDecimal(precision=10, scale=6), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_upload_session_size_positive")),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_upload_session_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["uploader_id"],
            ["ab_user.id"],
            name=op.f("fk_upload_session_uploader_id_ab_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload_session")),
    )
    with op.batch_alter_table("upload_session", schema=None) as batch_op:
        batch_op.create_index(
            "ix_upload_session_owner", ["owner_entity", "owner_id", "uploader_id"], unique=False
        )
        batch_op.create_index("ix_upload_session_uploader", ["uploader_id", "created_at"], unique=False)

    for table in ("attachment", "upload_session"):
        walls.wall(table)


def downgrade() -> None:
    for table in ("attachment", "upload_session"):
        walls.unwall(table)
    for table in ("upload_session", "attachment", "stored_file"):
        op.drop_table(table)
