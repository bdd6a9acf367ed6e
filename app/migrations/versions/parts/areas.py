"""The two wide tables of revision 0010, as they were then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.persistence.types import ExactDecimal, UtcDateTime


def create_plan_task() -> None:
    """Plan tasks with their sums, funds and what the ledger shows, and their indexes."""
    op.create_table(
        "plan_task",
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.String(length=17), nullable=False),
        sa.Column("planned_start", sa.Date(), nullable=True),
        sa.Column("planned_finish", sa.Date(), nullable=True),
        sa.Column("start_due", sa.Date(), nullable=False),
        sa.Column("finish_due", sa.Date(), nullable=False),
        sa.Column("central_budget", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("provincial_pilot", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("livelihood", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("special_bond", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("funds_planned", ExactDecimal(precision=16, scale=2), server_default="0", nullable=False),
        sa.Column("funds_completed", ExactDecimal(precision=16, scale=2), server_default="0", nullable=False),
        sa.Column("funds_in_place", ExactDecimal(precision=16, scale=2), server_default="0", nullable=False),
        sa.Column(
            "funds_state_budget", ExactDecimal(precision=16, scale=2), server_default="0", nullable=False
        ),
        sa.Column("funds_residents", ExactDecimal(precision=16, scale=2), server_default="0", nullable=False),
        sa.Column("funds_social", ExactDecimal(precision=16, scale=2), server_default="0", nullable=False),
        sa.Column("funds_other", ExactDecimal(precision=16, scale=2), server_default="0", nullable=False),
        sa.Column("implementation_state", sa.String(length=12), server_default="not_started", nullable=False),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("finished_on", sa.Date(), nullable=True),
        sa.Column("county_inspected", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("city_inspected", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("province_inspected", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("account_assigned", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("approved_month", sa.Date(), nullable=True),
        sa.Column(
            "approved_investment", ExactDecimal(precision=16, scale=2), server_default="0", nullable=False
        ),
        sa.Column(
            "approved_year_investment",
            ExactDecimal(precision=16, scale=2),
            server_default="0",
            nullable=False,
        ),
        sa.Column("jobs_created", sa.Integer(), nullable=True),
        sa.Column("party_organisations", sa.Integer(), nullable=True),
        sa.Column("party_organisations_new", sa.Integer(), nullable=True),
        sa.Column("owners_committees", sa.Integer(), nullable=True),
        sa.Column("owners_committees_new", sa.Integer(), nullable=True),
        sa.Column("property_managed", sa.Integer(), nullable=True),
        sa.Column("property_managed_new", sa.Integer(), nullable=True),
        sa.Column("professionally_managed", sa.Integer(), nullable=True),
        sa.Column("professionally_managed_new", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=200), server_default="", nullable=False),
        sa.Column("supervision_unit", sa.String(length=120), server_default="", nullable=False),
        sa.Column("supervisor_name", sa.String(length=40), server_default="", nullable=False),
        sa.Column("supervisor_phone", sa.String(length=20), server_default="", nullable=False),
        sa.Column("original_owners", sa.String(length=400), server_default="", nullable=False),
        sa.Column("community_names", sa.Text(), server_default="", nullable=False),
        sa.Column("community_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("building_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("household_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unit_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unit_without_elevator_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("substandard_household_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("built_up_to_2000", sa.Integer(), server_default="0", nullable=False),
        sa.Column("built_after_2000", sa.Integer(), server_default="0", nullable=False),
        sa.Column("earliest_built_year", sa.SmallInteger(), nullable=True),
        sa.Column("floor_area", ExactDecimal(precision=16, scale=4), server_default="0", nullable=False),
        sa.Column(
            "planned_investment", ExactDecimal(precision=18, scale=2), server_default="0", nullable=False
        ),
        sa.Column("scheme_state", sa.String(length=16), server_default="", nullable=False),
        sa.Column("scheme_investment", ExactDecimal(precision=16, scale=2), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_by", sa.String(length=64), server_default="", nullable=False),
        sa.CheckConstraint(
            "implementation_state IN ('not_started', 'started', 'finished')",
            name=op.f("ck_plan_task_implementation_known"),
        ),
        sa.CheckConstraint(
            "built_up_to_2000 + built_after_2000 <= community_count",
            name=op.f("ck_plan_task_built_within_communities"),
        ),
        sa.CheckConstraint(
            "funds_in_place = funds_state_budget + funds_residents + funds_social + funds_other",
            name=op.f("ck_plan_task_funds_add_up"),
        ),
        sa.CheckConstraint(
            "funds_planned >= 0 AND funds_completed >= 0 AND funds_state_budget >= 0 AND funds_residents >= 0 AND funds_social >= 0 AND funds_other >= 0",
            name=op.f("ck_plan_task_funds_not_negative"),
        ),
        sa.CheckConstraint(
            "jobs_created IS NULL OR jobs_created >= 0", name=op.f("ck_plan_task_jobs_created_min")
        ),
        sa.CheckConstraint("length(code) = 17", name=op.f("ck_plan_task_code_length")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_plan_task_name_given")),
        sa.CheckConstraint(
            "owners_committees IS NULL OR owners_committees >= 0",
            name=op.f("ck_plan_task_owners_committees_min"),
        ),
        sa.CheckConstraint(
            "owners_committees_new IS NULL OR (owners_committees_new >= 0 AND (owners_committees IS NULL OR owners_committees_new <= owners_committees))",
            name=op.f("ck_plan_task_owners_committees_new_within"),
        ),
        sa.CheckConstraint(
            "party_organisations IS NULL OR party_organisations >= 0",
            name=op.f("ck_plan_task_party_organisations_min"),
        ),
        sa.CheckConstraint(
            "party_organisations_new IS NULL OR (party_organisations_new >= 0 AND (party_organisations IS NULL OR party_organisations_new <= party_organisations))",
            name=op.f("ck_plan_task_party_organisations_new_within"),
        ),
        sa.CheckConstraint(
            "planned_start IS NULL OR planned_finish IS NULL OR planned_start <= planned_finish",
            name=op.f("ck_plan_task_planned_dates_in_order"),
        ),
        sa.CheckConstraint(
            "professionally_managed IS NULL OR professionally_managed >= 0",
            name=op.f("ck_plan_task_professionally_managed_min"),
        ),
        sa.CheckConstraint(
            "professionally_managed IS NULL OR property_managed IS NULL OR professionally_managed <= property_managed",
            name=op.f("ck_plan_task_professional_within_managed"),
        ),
        sa.CheckConstraint(
            "professionally_managed_new IS NULL OR (professionally_managed_new >= 0 AND (professionally_managed IS NULL OR professionally_managed_new <= professionally_managed))",
            name=op.f("ck_plan_task_professionally_managed_new_within"),
        ),
        sa.CheckConstraint(
            "property_managed IS NULL OR property_managed >= 0",
            name=op.f("ck_plan_task_property_managed_min"),
        ),
        sa.CheckConstraint(
            "property_managed_new IS NULL OR (property_managed_new >= 0 AND (property_managed IS NULL OR property_managed_new <= property_managed))",
            name=op.f("ck_plan_task_property_managed_new_within"),
        ),
        sa.CheckConstraint(
            "substandard_household_count <= household_count",
            name=op.f("ck_plan_task_substandard_within_households"),
        ),
        sa.CheckConstraint(
            "unit_without_elevator_count <= unit_count",
            name=op.f("ck_plan_task_without_elevator_within_units"),
        ),
        sa.CheckConstraint("year BETWEEN 2000 AND 2100", name=op.f("ck_plan_task_year_range")),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_plan_task_county_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_task")),
        sa.UniqueConstraint("code", name=op.f("uq_plan_task_code")),
    )
    with op.batch_alter_table("plan_task", schema=None) as batch_op:
        batch_op.create_index(
            "ix_plan_task_light",
            ["county_code", "implementation_state", "start_due", "finish_due"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index(
            "ix_plan_task_live",
            ["county_code", "id"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index("ix_plan_task_recycle", ["county_code", "deleted_at"], unique=False)
        batch_op.create_index(
            "ix_plan_task_scheme",
            ["county_code", "scheme_state", "id"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index(
            "ix_plan_task_year",
            ["county_code", "year", "id"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index("uq_plan_task_id_county_code", ["id", "county_code"], unique=True)


def create_reserve_project() -> None:
    """Reserve projects with their sums, and their indexes."""
    op.create_table(
        "reserve_project",
        sa.Column("plan_year", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("plan_name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=200), server_default="", nullable=False),
        sa.Column("supervision_unit", sa.String(length=120), server_default="", nullable=False),
        sa.Column("supervisor_name", sa.String(length=40), server_default="", nullable=False),
        sa.Column("supervisor_phone", sa.String(length=20), server_default="", nullable=False),
        sa.Column("original_owners", sa.String(length=400), server_default="", nullable=False),
        sa.Column("community_names", sa.Text(), server_default="", nullable=False),
        sa.Column("community_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("building_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("household_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unit_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unit_without_elevator_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("substandard_household_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("built_up_to_2000", sa.Integer(), server_default="0", nullable=False),
        sa.Column("built_after_2000", sa.Integer(), server_default="0", nullable=False),
        sa.Column("earliest_built_year", sa.SmallInteger(), nullable=True),
        sa.Column("floor_area", ExactDecimal(precision=16, scale=4), server_default="0", nullable=False),
        sa.Column(
            "planned_investment", ExactDecimal(precision=18, scale=2), server_default="0", nullable=False
        ),
        sa.Column("scheme_state", sa.String(length=16), server_default="", nullable=False),
        sa.Column("scheme_investment", ExactDecimal(precision=16, scale=2), nullable=True),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=64), server_default="", nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_by", sa.String(length=64), server_default="", nullable=False),
        sa.CheckConstraint(
            "built_up_to_2000 + built_after_2000 <= community_count",
            name=op.f("ck_reserve_project_built_within_communities"),
        ),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_reserve_project_name_given")),
        sa.CheckConstraint(
            "substandard_household_count <= household_count",
            name=op.f("ck_reserve_project_substandard_within_households"),
        ),
        sa.CheckConstraint(
            "unit_without_elevator_count <= unit_count",
            name=op.f("ck_reserve_project_without_elevator_within_units"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_reserve_project_county_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reserve_project")),
    )
    with op.batch_alter_table("reserve_project", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reserve_project_live",
            ["county_code", "id"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index(
            "ix_reserve_project_plan",
            ["county_code", "plan_year", "id"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index("ix_reserve_project_recycle", ["county_code", "deleted_at"], unique=False)
        batch_op.create_index(
            "ix_reserve_project_scheme",
            ["county_code", "scheme_state", "id"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.create_index("uq_reserve_project_id_county_code", ["id", "county_code"], unique=True)
