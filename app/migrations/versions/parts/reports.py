"""The tables of revision 0031, as they were then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.persistence.types import ExactDecimal, UtcDateTime


def create_works_project() -> None:
    """Works projects of plan tasks."""
    op.create_table(
        "works_project",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("platform_number", sa.String(length=60), server_default="", nullable=False),
        sa.Column("permit_number", sa.String(length=60), server_default="", nullable=False),
        sa.Column("supervision_unit", sa.String(length=120), server_default="", nullable=False),
        sa.Column("construction_unit", sa.String(length=120), server_default="", nullable=False),
        sa.Column("construction_unit_kind", sa.String(length=12), server_default="", nullable=False),
        sa.Column("supervisor_name", sa.String(length=40), server_default="", nullable=False),
        sa.Column("supervisor_phone", sa.String(length=20), server_default="", nullable=False),
        sa.Column("contract_amount", ExactDecimal(precision=16, scale=2), nullable=True),
        sa.Column("quality_safety_number", sa.String(length=60), server_default="", nullable=False),
        sa.Column("contract_contents", sa.Text(), server_default="", nullable=False),
        sa.Column("contract_start", sa.Date(), nullable=True),
        sa.Column("contract_finish", sa.Date(), nullable=True),
        sa.Column("designer", sa.String(length=120), server_default="", nullable=False),
        sa.Column("contractor", sa.String(length=120), server_default="", nullable=False),
        sa.Column("supervisor_company", sa.String(length=120), server_default="", nullable=False),
        sa.Column("cost_consultant", sa.String(length=120), server_default="", nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_by", sa.String(length=64), server_default="", nullable=False),
        sa.CheckConstraint(
            "construction_unit_kind IN ('', 'street', 'community', 'platform', 'housing', 'other')",
            name=op.f("ck_works_project_unit_kind_known"),
        ),
        sa.CheckConstraint(
            "contract_amount IS NULL OR contract_amount >= 0",
            name=op.f("ck_works_project_contract_amount_min"),
        ),
        sa.CheckConstraint(
            "contract_start IS NULL OR contract_finish IS NULL OR contract_start <= contract_finish",
            name=op.f("ck_works_project_contract_in_order"),
        ),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_works_project_name_given")),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_works_project_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name="fk_works_project_plan",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_works_project")),
        sa.UniqueConstraint("id", "county_code", name=op.f("uq_works_project_id_county_code")),
        sa.UniqueConstraint("id", "plan_task_id", name=op.f("uq_works_project_id_plan_task_id")),
    )
    op.create_index(
        "ix_works_project_county",
        "works_project",
        ["county_code", "id"],
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_works_project_plan",
        "works_project",
        ["plan_task_id", "id"],
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("ix_works_project_recycle", "works_project", ["county_code", "deleted_at"])


def create_monthly_report() -> None:
    """Month reports with their revisions: one open and one approved a project and month."""
    op.create_table(
        "monthly_report",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("works_project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("revision", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("replaces_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("progress", sa.String(length=12), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("cumulative_investment", ExactDecimal(precision=16, scale=2), nullable=True),
        sa.Column("year_investment", ExactDecimal(precision=16, scale=2), nullable=True),
        sa.Column("is_makeup", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_late", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("correction_reason", sa.String(length=500), server_default="", nullable=False),
        sa.Column("return_reason", sa.String(length=500), server_default="", nullable=False),
        sa.Column("first_submitted_at", UtcDateTime(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("submitted_by_id", sa.Integer(), nullable=True),
        sa.Column("submitted_by_name", sa.String(length=128), server_default="", nullable=False),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_by_name", sa.String(length=128), server_default="", nullable=False),
        sa.Column("warning_count", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("confirmed_warnings", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("declarations", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("unread", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_by", sa.String(length=64), server_default="", nullable=False),
        sa.CheckConstraint(
            "progress IS NULL OR progress IN ('preparing', 'prepared', 'under_way', 'completed')",
            name=op.f("ck_monthly_report_progress_known"),
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR approved_at IS NOT NULL", name=op.f("ck_monthly_report_approval_told")
        ),
        sa.CheckConstraint(
            "state <> 'returned' OR length(return_reason) > 0",
            name=op.f("ck_monthly_report_return_reason_given"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'approved', 'superseded')",
            name=op.f("ck_monthly_report_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('submitted', 'approved') OR (progress IS NOT NULL AND cumulative_investment IS NOT NULL AND year_investment IS NOT NULL AND year_investment <= cumulative_investment)",
            name=op.f("ck_monthly_report_figures_given"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('submitted', 'approved') OR submitted_at IS NOT NULL",
            name=op.f("ck_monthly_report_submission_told"),
        ),
        sa.CheckConstraint(
            "approved_by_id <> submitted_by_id", name=op.f("ck_monthly_report_another_approves")
        ),
        sa.CheckConstraint(
            "cumulative_investment IS NULL OR cumulative_investment >= 0",
            name=op.f("ck_monthly_report_cumulative_min"),
        ),
        sa.CheckConstraint(
            "revision = 1 OR length(correction_reason) > 0",
            name=op.f("ck_monthly_report_correction_reason_given"),
        ),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_monthly_report_revision_min")),
        sa.CheckConstraint(
            "year_investment IS NULL OR year_investment >= 0", name=op.f("ck_monthly_report_year_min")
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_monthly_report_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["monthly_report.id"], name=op.f("fk_monthly_report_replaces_id_monthly_report")
        ),
        sa.ForeignKeyConstraint(
            ["works_project_id", "county_code"],
            ["works_project.id", "works_project.county_code"],
            name="fk_monthly_report_project",
        ),
        sa.ForeignKeyConstraint(
            ["works_project_id", "plan_task_id"],
            ["works_project.id", "works_project.plan_task_id"],
            name="fk_monthly_report_plan",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monthly_report")),
        sa.UniqueConstraint(
            "id", "plan_task_id", "county_code", name=op.f("uq_monthly_report_id_plan_task_id_county_code")
        ),
    )
    op.create_index("ix_monthly_report_recycle", "monthly_report", ["county_code", "deleted_at"])
    op.create_index(
        "ix_monthly_report_strip",
        "monthly_report",
        ["plan_task_id", "month", "state"],
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_monthly_report_waiting",
        "monthly_report",
        ["county_code", "state", "submitted_at", "id"],
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "uq_monthly_report_approved",
        "monthly_report",
        ["works_project_id", "month"],
        unique=True,
        sqlite_where=sa.text("state = 'approved'"),
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.create_index(
        "uq_monthly_report_open",
        "monthly_report",
        ["works_project_id", "month"],
        unique=True,
        sqlite_where=sa.text("state IN ('draft', 'submitted', 'returned') AND deleted_at IS NULL"),
        postgresql_where=sa.text("state IN ('draft', 'submitted', 'returned') AND deleted_at IS NULL"),
    )
    op.create_index(
        "uq_monthly_report_revision",
        "monthly_report",
        ["works_project_id", "month", "revision"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def create_report_item() -> None:
    """Contents of month reports."""
    op.create_table(
        "report_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("report_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("catalogue_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=16), server_default="", nullable=False),
        sa.Column("category", sa.String(length=40), server_default="", nullable=False),
        sa.Column("content", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.String(length=400), server_default="", nullable=False),
        sa.Column("unit1", sa.String(length=16), server_default="", nullable=False),
        sa.Column("unit2", sa.String(length=16), server_default="", nullable=False),
        sa.Column("order", sa.Integer(), server_default="0", nullable=False),
        sa.Column("planned1", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("planned2", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("state", sa.String(length=12), server_default="not_started", nullable=False),
        sa.Column("method", sa.String(length=60), server_default="", nullable=False),
        sa.Column("quantity1", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("quantity2", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.CheckConstraint(
            "state IN ('not_started', 'in_progress', 'finished')", name=op.f("ck_report_item_state_known")
        ),
        sa.CheckConstraint(
            "unit2 <> '' OR quantity2 IS NULL", name=op.f("ck_report_item_quantity2_has_unit")
        ),
        sa.CheckConstraint("quantity1 IS NULL OR quantity1 >= 0", name=op.f("ck_report_item_quantity1_min")),
        sa.CheckConstraint("quantity2 IS NULL OR quantity2 >= 0", name=op.f("ck_report_item_quantity2_min")),
        sa.ForeignKeyConstraint(
            ["catalogue_item_id"],
            ["catalogue_item.id"],
            name=op.f("fk_report_item_catalogue_item_id_catalogue_item"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_report_item_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["report_id", "plan_task_id", "county_code"],
            ["monthly_report.id", "monthly_report.plan_task_id", "monthly_report.county_code"],
            name="fk_report_item_report",
        ),
        sa.ForeignKeyConstraint(
            ["scheme_item_id"],
            ["scheme_item.id"],
            name=op.f("fk_report_item_scheme_item_id_scheme_item"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_item")),
        sa.UniqueConstraint(
            "report_id", "catalogue_item_id", name=op.f("uq_report_item_report_id_catalogue_item_id")
        ),
    )
    op.create_index("ix_report_item_scheme_item", "report_item", ["scheme_item_id", "report_id"])
