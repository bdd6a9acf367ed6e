"""Phrases that counties return month reports with"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls
from app.persistence.types import UtcDateTime

revision = "0036"
down_revision = "0038"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "return_phrase",
        sa.Column("id", _ID, nullable=False),
        sa.Column("text", sa.String(length=120), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 120", name=op.f("ck_return_phrase_text_length")),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_return_phrase_county_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_phrase")),
        sa.UniqueConstraint("county_code", "text", name=op.f("uq_return_phrase_county_code_text")),
    )
    walls.wall("return_phrase")


def downgrade() -> None:
    walls.unwall("return_phrase")
    op.drop_table("return_phrase")
