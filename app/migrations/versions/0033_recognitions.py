"""Recognitions of works, inspections, supervision issues"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls
from app.persistence.types import ExactDecimal, UtcDateTime

revision = "0033"
down_revision = "0022"
branch_labels = None
depends_on = None

_SCOPED = ("inspection", "recognition", "inspection_item", "recognition_item", "supervision_issue")


def upgrade() -> None:
    op.create_table(
        "inspection",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("inspected_on", sa.Date(), nullable=True),
        sa.Column("inspectors", sa.String(length=80), server_default="", nullable=False),
        sa.Column("inspector_phone", sa.String(length=20), server_default="", nullable=False),
        sa.Column("conclusion", sa.String(length=12), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("arrived_at", UtcDateTime(), nullable=True),
        sa.Column("arrived_lng", ExactDecimal(precision=10, scale=6), nullable=True),
        sa.Column("arrived_lat", ExactDecimal(precision=10, scale=6), nullable=True),
        sa.Column("begun_by_id", sa.Integer(), nullable=True),
        sa.Column("concluded_by_id", sa.Integer(), nullable=True),
        sa.Column("concluded_by", sa.String(length=128), server_default="", nullable=False),
        sa.Column("concluded_at", UtcDateTime(), nullable=True),
        sa.Column("void_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("problem_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=64), server_default="", nullable=False),
        sa.CheckConstraint(
            "conclusion IN ('', 'consistent', 'mostly', 'inconsistent')",
            name=op.f("ck_inspection_conclusion_known"),
        ),
        sa.CheckConstraint("level IN ('county', 'city', 'province')", name=op.f("ck_inspection_level_known")),
        sa.CheckConstraint(
            "state <> 'concluded' OR (conclusion <> '' AND inspected_on IS NOT NULL)",
            name=op.f("ck_inspection_conclusion_given"),
        ),
        sa.CheckConstraint("state IN ('draft', 'concluded', 'void')", name=op.f("ck_inspection_state_known")),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_inspection_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_inspection_plan",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection")),
        sa.UniqueConstraint("id", "county_code", name=op.f("uq_inspection_id_county_code")),
    )
    with op.batch_alter_table("inspection", schema=None) as batch_op:
        batch_op.create_index("ix_inspection_county", ["county_code", "inspected_on", "id"], unique=False)
        batch_op.create_index("ix_inspection_plan", ["plan_task_id", "level", "state", "id"], unique=False)

    op.create_table(
        "recognition",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("recognised_on", sa.Date(), nullable=True),
        sa.Column("recognisers", sa.String(length=80), server_default="", nullable=False),
        sa.Column("recogniser_phone", sa.String(length=20), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("prepared_by_id", sa.Integer(), nullable=True),
        sa.Column("submitted_by_id", sa.Integer(), nullable=True),
        sa.Column("submitted_by", sa.String(length=128), server_default="", nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("recognised_by_id", sa.Integer(), nullable=True),
        sa.Column("recognised_by", sa.String(length=128), server_default="", nullable=False),
        sa.Column("recognised_at", UtcDateTime(), nullable=True),
        sa.Column("return_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("revoke_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=64), server_default="", nullable=False),
        sa.CheckConstraint("kind IN ('start', 'finish')", name=op.f("ck_recognition_kind_known")),
        sa.CheckConstraint(
            "state <> 'recognised' OR recognised_on IS NOT NULL", name=op.f("ck_recognition_date_given")
        ),
        sa.CheckConstraint(
            "state <> 'revoked' OR length(revoke_reason) > 0", name=op.f("ck_recognition_reason_given")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'recognised', 'returned', 'revoked', 'discarded')",
            name=op.f("ck_recognition_state_known"),
        ),
        sa.CheckConstraint(
            "recognised_by_id IS NULL OR prepared_by_id IS NULL OR recognised_by_id <> prepared_by_id",
            name=op.f("ck_recognition_not_who_prepared"),
        ),
        sa.CheckConstraint(
            "recognised_by_id IS NULL OR submitted_by_id IS NULL OR recognised_by_id <> submitted_by_id",
            name=op.f("ck_recognition_another_person"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_recognition_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_recognition_plan",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition")),
        sa.UniqueConstraint("id", "county_code", name=op.f("uq_recognition_id_county_code")),
    )
    with op.batch_alter_table("recognition", schema=None) as batch_op:
        batch_op.create_index("ix_recognition_plan", ["plan_task_id", "id"], unique=False)
        batch_op.create_index(
            "ix_recognition_state", ["county_code", "state", "submitted_at", "id"], unique=False
        )
        batch_op.create_index(
            "uq_recognition_live",
            ["plan_task_id", "kind"],
            unique=True,
            sqlite_where=sa.text("state IN ('draft', 'submitted', 'returned', 'recognised')"),
            postgresql_where=sa.text("state IN ('draft', 'submitted', 'returned', 'recognised')"),
        )

    op.create_table(
        "inspection_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("inspection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("declared_state", sa.String(length=12), server_default="", nullable=False),
        sa.Column("declared1", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("declared2", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("finding", sa.String(length=8), server_default="", nullable=False),
        sa.Column("problem", sa.String(length=1000), server_default="", nullable=False),
        sa.Column("hand_over", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("content_code", sa.String(length=16), server_default="", nullable=False),
        sa.Column("category", sa.String(length=40), server_default="", nullable=False),
        sa.Column("content", sa.String(length=120), server_default="", nullable=False),
        sa.Column("detail", sa.String(length=400), server_default="", nullable=False),
        sa.Column("unit1", sa.String(length=16), server_default="", nullable=False),
        sa.Column("unit2", sa.String(length=16), server_default="", nullable=False),
        sa.Column("planned1", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("planned2", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("order", sa.Integer(), server_default="0", nullable=False),
        sa.Column("catalogue_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "declared_state IN ('', 'not_started', 'in_progress', 'finished')",
            name=op.f("ck_inspection_item_declared_known"),
        ),
        sa.CheckConstraint("finding IN ('', 'ok', 'problem')", name=op.f("ck_inspection_item_finding_known")),
        sa.ForeignKeyConstraint(
            ["catalogue_item_id"],
            ["catalogue_item.id"],
            name=op.f("fk_inspection_item_catalogue_item_id_catalogue_item"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_inspection_item_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["inspection_id", "county_code"],
            ["inspection.id", "inspection.county_code"],
            name="fk_inspection_item_inspection",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_item")),
        sa.UniqueConstraint("id", "county_code", name=op.f("uq_inspection_item_id_county_code")),
        sa.UniqueConstraint(
            "inspection_id",
            "catalogue_item_id",
            name=op.f("uq_inspection_item_inspection_id_catalogue_item_id"),
        ),
    )
    op.create_table(
        "recognition_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recognition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="not_started", nullable=False),
        sa.Column("quantity1", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("quantity2", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("content_code", sa.String(length=16), server_default="", nullable=False),
        sa.Column("category", sa.String(length=40), server_default="", nullable=False),
        sa.Column("content", sa.String(length=120), server_default="", nullable=False),
        sa.Column("detail", sa.String(length=400), server_default="", nullable=False),
        sa.Column("unit1", sa.String(length=16), server_default="", nullable=False),
        sa.Column("unit2", sa.String(length=16), server_default="", nullable=False),
        sa.Column("planned1", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("planned2", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("order", sa.Integer(), server_default="0", nullable=False),
        sa.Column("catalogue_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "state IN ('not_started', 'in_progress', 'finished')",
            name=op.f("ck_recognition_item_state_known"),
        ),
        sa.CheckConstraint(
            "quantity1 IS NULL OR quantity1 >= 0", name=op.f("ck_recognition_item_quantity1_min")
        ),
        sa.CheckConstraint(
            "quantity2 IS NULL OR quantity2 >= 0", name=op.f("ck_recognition_item_quantity2_min")
        ),
        sa.ForeignKeyConstraint(
            ["catalogue_item_id"],
            ["catalogue_item.id"],
            name=op.f("fk_recognition_item_catalogue_item_id_catalogue_item"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_recognition_item_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["recognition_id", "county_code"],
            ["recognition.id", "recognition.county_code"],
            name="fk_recognition_item_recognition",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recognition_item")),
        sa.UniqueConstraint(
            "recognition_id",
            "catalogue_item_id",
            name=op.f("uq_recognition_item_recognition_id_catalogue_item_id"),
        ),
    )
    op.create_table(
        "supervision_issue",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("inspection_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("content", sa.String(length=120), server_default="", nullable=False),
        sa.Column("problem", sa.String(length=1000), server_default="", nullable=False),
        sa.Column("responsible_unit", sa.String(length=120), server_default="", nullable=False),
        sa.Column("responsible_person", sa.String(length=40), server_default="", nullable=False),
        sa.Column("responsible_phone", sa.String(length=20), server_default="", nullable=False),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("opened_by_id", sa.Integer(), nullable=True),
        sa.Column("opened_by", sa.String(length=128), server_default="", nullable=False),
        sa.Column("rectification", sa.Text(), server_default="", nullable=False),
        sa.Column("rectified_at", UtcDateTime(), nullable=True),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=64), server_default="", nullable=False),
        sa.CheckConstraint(
            "level IN ('county', 'city', 'province')", name=op.f("ck_supervision_issue_level_known")
        ),
        sa.CheckConstraint(
            "source IN ('province_check', 'city_check', 'county_check', 'performance', 'livelihood', 'report_late', 'behind', 'residents', 'other')",
            name=op.f("ck_supervision_issue_source_known"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'discarded') OR (responsible_unit <> '' AND responsible_person <> '' AND deadline IS NOT NULL)",
            name=op.f("ck_supervision_issue_responsible_named"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'open', 'rectified', 'confirmed', 'sent_back', 'discarded')",
            name=op.f("ck_supervision_issue_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_supervision_issue_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["inspection_item_id", "county_code"],
            ["inspection_item.id", "inspection_item.county_code"],
            name="fk_supervision_issue_inspection_item",
        ),
        sa.ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_supervision_issue_plan",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_issue")),
        sa.UniqueConstraint("inspection_item_id", name=op.f("uq_supervision_issue_inspection_item_id")),
    )
    with op.batch_alter_table("supervision_issue", schema=None) as batch_op:
        batch_op.create_index("ix_supervision_issue_plan", ["plan_task_id", "id"], unique=False)
        batch_op.create_index(
            "ix_supervision_issue_state", ["county_code", "state", "deadline", "id"], unique=False
        )
    for table in _SCOPED:
        walls.wall(table)


def downgrade() -> None:
    for table in reversed(_SCOPED):
        walls.unwall(table)
    for table in reversed(_SCOPED):
        op.drop_table(table)
