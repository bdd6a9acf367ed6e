"""Works projects, their month reports and the contents of those"""

from __future__ import annotations

from alembic import op

from app.migrations import walls
from app.migrations.versions.parts import reports

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_SCOPED = ("works_project", "monthly_report", "report_item")


def upgrade() -> None:
    reports.create_works_project()
    reports.create_monthly_report()
    reports.create_report_item()
    for table in _SCOPED:
        walls.wall(table, plan="plan_task_id")


def downgrade() -> None:
    for table in reversed(_SCOPED):
        walls.unwall(table)
        op.drop_table(table)
