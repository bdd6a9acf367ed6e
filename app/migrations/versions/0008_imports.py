"""Import batches and their staged rows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls
from app.persistence.types import UtcDateTime

revision = "0008"
down_revision = "0007a"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTS = ("row", "new", "changed", "unchanged", "duplicate", "warned", "bad", "incomplete")


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), server_default="", nullable=False)


def _batch() -> None:
    op.create_table(
        "import_batch",
        sa.Column("id", _ID, nullable=False),
        sa.Column("entity", sa.String(length=48), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="uploaded", nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("surroundings", sa.Text(), server_default="", nullable=False),
        *(sa.Column(f"{name}_count", sa.Integer(), server_default="0", nullable=False) for name in _COUNTS),
        sa.Column("job_id", _ID, nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        _text("confirmed_by", 64),
        sa.Column("written_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        _text("created_by", 64),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        _text("updated_by", 64),
        sa.CheckConstraint(
            "state IN ('uploaded', 'staged', 'confirmed', 'written', 'abandoned', 'failed')",
            name=op.f("ck_import_batch_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_import_batch_county_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    with op.batch_alter_table("import_batch", schema=None) as batch_op:
        batch_op.create_index("ix_import_batch_mine", ["county_code", "entity", "id"], unique=False)
        batch_op.create_index("ix_import_batch_expiry", ["expires_at"], unique=False)


def upgrade() -> None:
    _batch()
    op.create_table(
        "import_chunk",
        sa.Column("id", _ID, nullable=False),
        sa.Column("batch_id", _ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("warned_count", sa.Integer(), nullable=False),
        sa.Column("bad_count", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_chunk_batch_id_import_batch"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_import_chunk_county_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_chunk")),
        sa.UniqueConstraint("batch_id", "number", name=op.f("uq_import_chunk_batch_id_number")),
    )
    for table in ("import_batch", "import_chunk"):
        walls.wall(table)


def downgrade() -> None:
    for table in ("import_chunk", "import_batch"):
        walls.unwall(table)
    op.drop_table("import_chunk")
    op.drop_table("import_batch")
