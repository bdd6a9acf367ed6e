"""Residents' comments on schemes in publicity"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls
from app.persistence.types import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "scheme_comment",
        sa.Column("id", _ID, nullable=False),
        sa.Column("scheme_id", _ID, nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="new", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("handled_by_id", sa.Integer(), nullable=True),
        sa.Column("handled_by", sa.String(length=128), server_default="", nullable=False),
        sa.Column("handled_at", UtcDateTime(), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state IN ('new', 'answered', 'closed')", name=op.f("ck_scheme_comment_state_known")
        ),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 500", name=op.f("ck_scheme_comment_text_length")),
        sa.CheckConstraint(
            "state <> 'answered' OR length(answer) > 0", name=op.f("ck_scheme_comment_answer_given")
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_scheme_comment_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id", "county_code"], ["scheme.id", "scheme.county_code"], name="fk_scheme_comment_scheme"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheme_comment")),
    )
    op.create_index("ix_scheme_comment_inbox", "scheme_comment", ["county_code", "state", "id"])
    op.create_index("ix_scheme_comment_scheme", "scheme_comment", ["scheme_id", "id"])
    walls.wall("scheme_comment")


def downgrade() -> None:
    walls.unwall("scheme_comment")
    op.drop_table("scheme_comment")
