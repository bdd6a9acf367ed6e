"""Index of alike photos, findings about photos and figures, notices"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls
from app.persistence.types import UtcDateTime

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KINDS = "'same_photo', 'near_photo', 'far', 'outside', 'before_start', 'impossible_time', 'figures_fall', 'figures_odd'"


def upgrade() -> None:
    _prints()
    _findings()
    _notices()
    op.drop_index("ix_stored_file_perceptual_hash", "stored_file")
    flag: sa.Column[bool] = sa.Column("notify_by_sms", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("province_profile", flag)


def _prints() -> None:
    op.create_table(
        "photo_print",
        sa.Column("id", _ID, nullable=False),
        sa.Column("province", sa.String(length=2), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bits", sa.BigInteger(), nullable=False),
        *(sa.Column(f"band{number}", sa.Integer(), nullable=False) for number in range(4)),
        sa.ForeignKeyConstraint(
            ["sha256"],
            ["stored_file.sha256"],
            name=op.f("fk_photo_print_sha256_stored_file"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_print")),
        sa.UniqueConstraint("sha256", "province", name=op.f("uq_photo_print_sha256_province")),
    )
    for number in range(4):
        op.create_index(
            f"ix_photo_print_band{number}", "photo_print", ["province", f"band{number}", "bits"],
            postgresql_include=["id"],
        )  # fmt: skip


def _findings() -> None:
    op.create_table(
        "photo_finding",
        sa.Column("id", _ID, nullable=False),
        sa.Column("mark", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_entity", sa.String(length=48), server_default="", nullable=False),
        sa.Column("owner_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("attachment_id", _ID, nullable=True),
        sa.Column("filler", sa.String(length=128), server_default="", nullable=False),
        sa.Column("other_attachment_id", _ID, nullable=True),
        sa.Column("other_county", sa.String(length=6), server_default="", nullable=False),
        sa.Column("other_plan_id", sa.BigInteger(), nullable=True),
        sa.Column("reported", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="open", nullable=False),
        sa.Column("reason", sa.String(length=300), server_default="", nullable=False),
        sa.Column("dismissed_by_id", sa.Integer(), nullable=True),
        sa.Column("dismissed_by", sa.String(length=128), server_default="", nullable=False),
        sa.Column("dismissed_at", UtcDateTime(), nullable=True),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("plan_task_id", _ID, nullable=False),
        sa.CheckConstraint(f"kind IN ({_KINDS})", name=op.f("ck_photo_finding_kind_known")),
        sa.CheckConstraint("state IN ('open', 'dismissed')", name=op.f("ck_photo_finding_state_known")),
        sa.CheckConstraint(
            "state <> 'dismissed' OR length(reason) > 0", name=op.f("ck_photo_finding_reason_given")
        ),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], name=op.f("fk_photo_finding_attachment_id_attachment"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["other_attachment_id"], ["attachment.id"],
            name=op.f("fk_photo_finding_other_attachment_id_attachment"), ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_photo_finding_county_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_finding")),
        sa.UniqueConstraint("mark", name=op.f("uq_photo_finding_mark")),
    )  # fmt: skip
    for name, columns in (
        ("ix_photo_finding_list", ["county_code", "reported", "state", "kind", "id"]),
        ("ix_photo_finding_report", ["report_id", "id"]),
        ("ix_photo_finding_attachment", ["attachment_id", "id"]),
        ("ix_photo_finding_other", ["other_attachment_id"]),
        ("ix_photo_finding_plan", ["plan_task_id", "id"]),
    ):
        op.create_index(name, "photo_finding", columns)
    walls.wall("photo_finding", plan="plan_task_id")


def _notices() -> None:
    op.create_table(
        "notice",
        sa.Column("id", _ID, nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("mark", sa.String(length=120), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("link", sa.String(length=200), server_default="", nullable=False),
        sa.Column("matter", sa.String(length=48), server_default="", nullable=False),
        sa.Column("matter_id", sa.BigInteger(), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_notice_user_id_ab_user"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["county_code"], ["region.code"], name=op.f("fk_notice_county_code_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("user_id", "mark", name=op.f("uq_notice_user_id_mark")),
    )
    unread, pending = sa.text("read_at IS NULL AND done_at IS NULL"), sa.text("done_at IS NULL")
    op.create_index("ix_notice_unread", "notice", ["user_id"], sqlite_where=unread, postgresql_where=unread)
    op.create_index("ix_notice_inbox", "notice", ["user_id", "done_at", "id"])
    op.create_index(
        "ix_notice_matter", "notice", ["matter", "matter_id"], sqlite_where=pending, postgresql_where=pending
    )
    op.create_index("ix_notice_created_at", "notice", ["created_at"])


def downgrade() -> None:
    op.drop_column("province_profile", "notify_by_sms")
    op.create_index("ix_stored_file_perceptual_hash", "stored_file", ["perceptual_hash"])
    op.drop_table("notice")
    walls.unwall("photo_finding")
    op.drop_table("photo_finding")
    op.drop_table("photo_print")
