"""Reserve projects, plan tasks, their links to communities, codes, windows and the transition log"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.migrations import walls
from app.migrations.versions.parts import areas
from app.persistence.types import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SCOPED = (
    "reserve_project",
    "plan_task",
    "community_link",
    "reserve_link",
    "county_lock",
    "code_counter",
    "transition",
)
# table, column of the link, link table: nothing that is linked goes to the recycle bin, whoever asks
_HELD = (
    ("community", "community_id", "community_link"),
    ("reserve_project", "reserve_project_id", "reserve_link"),
    ("reserve_project", "reserve_project_id", "community_link"),
    ("plan_task", "plan_task_id", "community_link"),
    ("plan_task", "plan_task_id", "reserve_link"),
)


def _keep_linked() -> None:
    for table, column, link in _HELD:
        name = f"{link}_{column}"
        held = f"EXISTS (SELECT 1 FROM {link} l WHERE l.{column} = new.id)"
        gone = f"EXISTS (SELECT 1 FROM {table} t WHERE t.id = new.{column} AND t.deleted_at IS NOT NULL)"
        before_delete = (
            f"BEFORE UPDATE OF deleted_at ON {table} FOR EACH ROW WHEN (new.deleted_at IS NOT NULL)"
        )
        before_link = f"BEFORE INSERT ON {link} FOR EACH ROW WHEN (new.{column} IS NOT NULL)"
        if walls.on_postgresql():
            # a community's row is locked against a deletion that is under way; areas have the county's lock
            share = " FOR SHARE" if table == "community" else ""
            lock = f"PERFORM 1 FROM {table} t WHERE t.id = new.{column}{share}; " if share else ""
            for kind, check, timing, message in (
                ("keep", held, before_delete, "linked_not_deleted"),
                ("live", gone, before_link, "deleted_not_linked"),
            ):
                op.execute(
                    f"CREATE FUNCTION {name}_{kind}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                    f" {lock if kind == 'live' else ''}IF {check} THEN RAISE EXCEPTION '{message}'"
                    f" USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_{table}_{message}'; END IF;"
                    " RETURN new; END $$"
                )
                op.execute(f"CREATE TRIGGER {name}_{kind} {timing} EXECUTE FUNCTION {name}_{kind}()")
            continue
        on = before_delete.replace(
            "WHEN (new.deleted_at IS NOT NULL)", f"WHEN new.deleted_at IS NOT NULL AND {held}"
        )
        op.execute(
            f"CREATE TRIGGER {name}_keep {on} BEGIN SELECT RAISE(ABORT, 'ck_{table}_linked_not_deleted'); END"
        )
        on = before_link.replace(
            f"WHEN (new.{column} IS NOT NULL)", f"WHEN new.{column} IS NOT NULL AND {gone}"
        )
        op.execute(
            f"CREATE TRIGGER {name}_live {on} BEGIN SELECT RAISE(ABORT, 'ck_{table}_deleted_not_linked'); END"
        )


def _keep_no_more() -> None:
    for table, column, link in _HELD:
        name = f"{link}_{column}"
        for kind, where in (("keep", table), ("live", link)):
            if walls.on_postgresql():
                op.execute(f"DROP TRIGGER {name}_{kind} ON {where}")
                op.execute(f"DROP FUNCTION {name}_{kind}()")
            else:
                op.execute(f"DROP TRIGGER {name}_{kind}")


def upgrade() -> None:
    op.create_index("uq_community_id_county_code", "community", ["id", "county_code"], unique=True)
    op.create_table(
        "code_counter",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("last BETWEEN 0 AND 1000", name=op.f("ck_code_counter_last_range")),
        sa.PrimaryKeyConstraint("county_code", "day", name=op.f("pk_code_counter")),
    )
    op.create_table(
        "county_lock",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("county_code", name=op.f("pk_county_lock")),
    )
    op.create_table(
        "declaration_window",
        sa.Column("province_code", sa.String(length=8), nullable=False),
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("opens", sa.Date(), nullable=False),
        sa.Column("closes", sa.Date(), nullable=False),
        sa.Column("county_may_add", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("opens <= closes", name=op.f("ck_declaration_window_in_order")),
        sa.ForeignKeyConstraint(
            ["province_code"], ["region.code"], name=op.f("fk_declaration_window_province_code_region")
        ),
        sa.PrimaryKeyConstraint("province_code", "year", name=op.f("pk_declaration_window")),
    )
    areas.create_plan_task()
    areas.create_reserve_project()

    op.create_table(
        "transition",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity", sa.String(length=48), nullable=False),
        sa.Column("entity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_state", sa.String(length=24), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("to_state", sa.String(length=24), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(length=128), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_transition_county_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transition")),
    )
    with op.batch_alter_table("transition", schema=None) as batch_op:
        batch_op.create_index("ix_transition_county", ["county_code", "at"], unique=False)
        batch_op.create_index("ix_transition_subject", ["entity", "entity_id", "id"], unique=False)

    op.create_table(
        "reserve_link",
        sa.Column(
            "reserve_project_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("plan_task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.Column("linked_by", sa.String(length=128), server_default="", nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_reserve_link_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name=op.f("fk_reserve_link_plan"),
        ),
        sa.ForeignKeyConstraint(
            ["reserve_project_id", "county_code"],
            ["reserve_project.id", "reserve_project.county_code"],
            name=op.f("fk_reserve_link_reserve"),
        ),
        sa.PrimaryKeyConstraint("reserve_project_id", name=op.f("pk_reserve_link")),
    )
    with op.batch_alter_table("reserve_link", schema=None) as batch_op:
        batch_op.create_index("ix_reserve_link_plan", ["plan_task_id", "reserve_project_id"], unique=False)

    op.create_table(
        "community_link",
        sa.Column(
            "community_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("reserve_project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("plan_task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.Column("linked_by", sa.String(length=128), server_default="", nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.CheckConstraint(
            "(reserve_project_id IS NULL) <> (plan_task_id IS NULL)",
            name=op.f("ck_community_link_exactly_one_owner"),
        ),
        sa.ForeignKeyConstraint(
            ["community_id", "county_code"],
            ["community.id", "community.county_code"],
            name=op.f("fk_community_link_community"),
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_community_link_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["plan_task_id", "county_code"],
            ["plan_task.id", "plan_task.county_code"],
            name=op.f("fk_community_link_plan"),
        ),
        sa.ForeignKeyConstraint(
            ["reserve_project_id", "county_code"],
            ["reserve_project.id", "reserve_project.county_code"],
            name=op.f("fk_community_link_reserve"),
        ),
        sa.PrimaryKeyConstraint("community_id", name=op.f("pk_community_link")),
    )
    with op.batch_alter_table("community_link", schema=None) as batch_op:
        batch_op.create_index("ix_community_link_plan", ["plan_task_id", "community_id"], unique=False)
        batch_op.create_index(
            "ix_community_link_reserve", ["reserve_project_id", "community_id"], unique=False
        )

    for table in _SCOPED:
        walls.wall(table)
    walls.append_only("transition")
    _keep_linked()


def downgrade() -> None:
    _keep_no_more()
    op.execute(
        "UPDATE community SET place_state = 'free', place_year = 0, place_label = '' WHERE place_state <> 'free'"
    )
    walls.not_append_only("transition")
    for table in reversed(_SCOPED):
        walls.unwall(table)
    with op.batch_alter_table("community_link", schema=None) as batch_op:
        batch_op.drop_index("ix_community_link_reserve")
        batch_op.drop_index("ix_community_link_plan")

    op.drop_table("community_link")
    with op.batch_alter_table("reserve_link", schema=None) as batch_op:
        batch_op.drop_index("ix_reserve_link_plan")

    op.drop_table("reserve_link")
    with op.batch_alter_table("transition", schema=None) as batch_op:
        batch_op.drop_index("ix_transition_subject")
        batch_op.drop_index("ix_transition_county")

    op.drop_table("transition")
    with op.batch_alter_table("reserve_project", schema=None) as batch_op:
        batch_op.drop_index("uq_reserve_project_id_county_code")
        batch_op.drop_index(
            "ix_reserve_project_scheme",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_reserve_project_recycle")
        batch_op.drop_index(
            "ix_reserve_project_plan",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_reserve_project_live",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.drop_table("reserve_project")
    with op.batch_alter_table("plan_task", schema=None) as batch_op:
        batch_op.drop_index("uq_plan_task_id_county_code")
        batch_op.drop_index(
            "ix_plan_task_year",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_plan_task_scheme",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index("ix_plan_task_recycle")
        batch_op.drop_index(
            "ix_plan_task_live",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_plan_task_light",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.drop_table("plan_task")
    op.drop_table("declaration_window")
    op.drop_table("county_lock")
    op.drop_table("code_counter")
    op.drop_index("uq_community_id_county_code", "community")
