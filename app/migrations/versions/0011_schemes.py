"""Catalogues of renovation contents, schemes, their contents, funding, joint review and what was carried over"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls
from app.persistence.types import ExactDecimal, UtcDateTime

revision = "0011"
down_revision = "0014"
branch_labels = None
depends_on = None

_SCOPED = ("scheme", "scheme_item", "scheme_funding", "scheme_review", "scheme_carry")


def upgrade() -> None:
    op.create_table(
        "catalogue",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("province_code", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_from <= valid_to", name=op.f("ck_catalogue_period_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["province_code"], ["region.code"], name=op.f("fk_catalogue_province_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue")),
        sa.UniqueConstraint("key", name=op.f("uq_catalogue_key")),
        sa.UniqueConstraint(
            "province_code", "valid_from", name=op.f("uq_catalogue_province_code_valid_from")
        ),
    )
    op.create_table(
        "catalogue_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("catalogue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("content", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.String(length=400), server_default="", nullable=False),
        sa.Column("unit1", sa.String(length=16), server_default="", nullable=False),
        sa.Column("unit2", sa.String(length=16), server_default="", nullable=False),
        sa.Column("method", sa.String(length=40), server_default="", nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("unit2 = '' OR unit1 <> ''", name=op.f("ck_catalogue_item_unit2_after_unit1")),
        sa.ForeignKeyConstraint(
            ["catalogue_id"], ["catalogue.id"], name=op.f("fk_catalogue_item_catalogue_id_catalogue")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_item")),
        sa.UniqueConstraint("catalogue_id", "code", name=op.f("uq_catalogue_item_catalogue_id_code")),
    )
    with op.batch_alter_table("catalogue_item", schema=None) as batch_op:
        batch_op.create_index("ix_catalogue_item_order", ["catalogue_id", "order", "id"], unique=False)

    op.create_table(
        "scheme",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reserve_project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("plan_task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=12), server_default="draft", nullable=False),
        sa.Column("property_management", sa.String(length=16), server_default="", nullable=False),
        sa.Column("elevator_count", sa.Integer(), nullable=True),
        sa.Column("parking_count", sa.Integer(), nullable=True),
        sa.Column("rain_sewage_separated", sa.Boolean(), nullable=True),
        sa.Column("piped_gas", sa.Boolean(), nullable=True),
        sa.Column("waste_sorted", sa.Boolean(), nullable=True),
        sa.Column("fire_facilities", sa.Boolean(), nullable=True),
        sa.Column("security_facilities", sa.Boolean(), nullable=True),
        sa.Column("fibre_to_home", sa.Boolean(), nullable=True),
        sa.Column("weak_lines_tidied", sa.Boolean(), nullable=True),
        sa.Column("strong_lines_tidied", sa.Boolean(), nullable=True),
        sa.Column("investment", ExactDecimal(precision=16, scale=2), nullable=True),
        sa.Column("investment_basic", ExactDecimal(precision=16, scale=2), nullable=True),
        sa.Column("investment_improved", ExactDecimal(precision=16, scale=2), nullable=True),
        sa.Column("investment_upgraded", ExactDecimal(precision=16, scale=2), nullable=True),
        sa.Column("standard", sa.Text(), server_default="", nullable=False),
        sa.Column("subsidy_standard", sa.Text(), server_default="", nullable=False),
        sa.Column("safeguards", sa.Text(), server_default="", nullable=False),
        sa.Column("filler_name", sa.String(length=40), server_default="", nullable=False),
        sa.Column("filler_phone", sa.String(length=20), server_default="", nullable=False),
        sa.Column("confirmed_warnings", sa.Text(), server_default="", nullable=False),
        sa.Column("review_round", sa.Integer(), server_default="0", nullable=False),
        sa.Column("submitted_by_id", sa.Integer(), nullable=True),
        sa.Column("submitted_at", UtcDateTime(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("published_until", sa.Date(), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=64), server_default="", nullable=False),
        sa.CheckConstraint(
            "property_management IN ('', 'professional', 'residents', 'community', 'private', 'other')",
            name=op.f("ck_scheme_management_known"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'in_review', 'reviewed', 'approved', 'published', 'returned')",
            name=op.f("ck_scheme_state_known"),
        ),
        sa.CheckConstraint(
            "(reserve_project_id IS NULL) <> (plan_task_id IS NULL)", name=op.f("ck_scheme_exactly_one_owner")
        ),
        sa.CheckConstraint(
            "elevator_count IS NULL OR elevator_count >= 0", name=op.f("ck_scheme_elevators_min")
        ),
        sa.CheckConstraint("investment IS NULL OR investment >= 0", name=op.f("ck_scheme_investment_min")),
        sa.CheckConstraint("parking_count IS NULL OR parking_count >= 0", name=op.f("ck_scheme_parking_min")),
        sa.ForeignKeyConstraint(["county_code"], ["region.code"], name=op.f("fk_scheme_county_code_region")),
        sa.ForeignKeyConstraint(
            ["plan_task_id", "county_code"], ["plan_task.id", "plan_task.county_code"], name="fk_scheme_plan"
        ),
        sa.ForeignKeyConstraint(
            ["reserve_project_id", "county_code"],
            ["reserve_project.id", "reserve_project.county_code"],
            name="fk_scheme_reserve",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheme")),
        sa.UniqueConstraint("id", "county_code", name=op.f("uq_scheme_id_county_code")),
        sa.UniqueConstraint("plan_task_id", name=op.f("uq_scheme_plan_task_id")),
        sa.UniqueConstraint("reserve_project_id", name=op.f("uq_scheme_reserve_project_id")),
    )
    with op.batch_alter_table("scheme", schema=None) as batch_op:
        batch_op.create_index("ix_scheme_state", ["county_code", "state", "id"], unique=False)

    op.create_table(
        "catalogue_alias",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["catalogue_item.id"], name=op.f("fk_catalogue_alias_item_id_catalogue_item")
        ),
        sa.PrimaryKeyConstraint("item_id", "name", name=op.f("pk_catalogue_alias")),
    )
    op.create_table(
        "scheme_carry",
        sa.Column(
            "scheme_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "reserve_project_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("brought", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_scheme_carry_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["reserve_project_id"],
            ["reserve_project.id"],
            name=op.f("fk_scheme_carry_reserve_project_id_reserve_project"),
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id", "county_code"], ["scheme.id", "scheme.county_code"], name="fk_scheme_carry_scheme"
        ),
        sa.PrimaryKeyConstraint("scheme_id", "reserve_project_id", name=op.f("pk_scheme_carry")),
    )
    op.create_table(
        "scheme_funding",
        sa.Column(
            "scheme_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("amount", ExactDecimal(precision=16, scale=2), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_scheme_funding_amount_min")),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_scheme_funding_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id", "county_code"], ["scheme.id", "scheme.county_code"], name="fk_scheme_funding_scheme"
        ),
        sa.PrimaryKeyConstraint("scheme_id", "source", name=op.f("pk_scheme_funding")),
    )
    op.create_table(
        "scheme_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("catalogue_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity1", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("quantity2", ExactDecimal(precision=14, scale=2), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.CheckConstraint("quantity1 IS NULL OR quantity1 >= 0", name=op.f("ck_scheme_item_quantity1_min")),
        sa.CheckConstraint("quantity2 IS NULL OR quantity2 >= 0", name=op.f("ck_scheme_item_quantity2_min")),
        sa.ForeignKeyConstraint(
            ["catalogue_item_id"],
            ["catalogue_item.id"],
            name=op.f("fk_scheme_item_catalogue_item_id_catalogue_item"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_scheme_item_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id", "county_code"], ["scheme.id", "scheme.county_code"], name="fk_scheme_item_scheme"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheme_item")),
        sa.UniqueConstraint(
            "scheme_id", "catalogue_item_id", name=op.f("uq_scheme_item_scheme_id_catalogue_item_id")
        ),
    )
    op.create_table(
        "scheme_review",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=8), server_default="pending", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=True),
        sa.Column("reviewer_name", sa.String(length=128), server_default="", nullable=False),
        sa.Column("at", UtcDateTime(), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "department IN ('housing', 'development', 'finance')",
            name=op.f("ck_scheme_review_department_known"),
        ),
        sa.CheckConstraint(
            "outcome <> 'returned' OR length(reason) > 0", name=op.f("ck_scheme_review_reason_given")
        ),
        sa.CheckConstraint(
            "outcome IN ('pending', 'passed', 'returned')", name=op.f("ck_scheme_review_outcome_known")
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_scheme_review_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id", "county_code"], ["scheme.id", "scheme.county_code"], name="fk_scheme_review_scheme"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheme_review")),
        sa.UniqueConstraint(
            "scheme_id", "round", "department", name=op.f("uq_scheme_review_scheme_id_round_department")
        ),
    )
    for table in _SCOPED:
        walls.wall(table)


def downgrade() -> None:
    for table in reversed(_SCOPED):
        walls.unwall(table)
    op.execute(
        "UPDATE reserve_project SET scheme_state = '', scheme_investment = NULL WHERE scheme_state <> ''"
    )
    op.execute("UPDATE plan_task SET scheme_state = '', scheme_investment = NULL WHERE scheme_state <> ''")
    op.drop_table("scheme_review")
    op.drop_table("scheme_item")
    op.drop_table("scheme_funding")
    op.drop_table("scheme_carry")
    op.drop_table("catalogue_alias")
    with op.batch_alter_table("scheme", schema=None) as batch_op:
        batch_op.drop_index("ix_scheme_state")

    op.drop_table("scheme")
    with op.batch_alter_table("catalogue_item", schema=None) as batch_op:
        batch_op.drop_index("ix_catalogue_item_order")

    op.drop_table("catalogue_item")
    op.drop_table("catalogue")
