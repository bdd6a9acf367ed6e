"""Find the reports that wait, and those due now, by indexes of their own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0039"
branch_labels = None
depends_on = None

_LIVE = sa.text("deleted_at IS NULL")
_COMPLETED = sa.text("state = 'approved' AND progress = 'completed' AND deleted_at IS NULL")
_STRIP = ["plan_task_id", "month", "state"]
_SHOWN = ["works_project_id", "revision", "is_makeup", "is_late", "county_code", "deleted_at"]
_WAITING = sa.text("state = 'submitted' AND deleted_at IS NULL")


def _create(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "monthly_report", columns, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    op.drop_index("ix_monthly_report_waiting", "monthly_report")
    _create("ix_monthly_report_waiting", ["county_code", "submitted_at", "id"], _WAITING)
    _create("ix_monthly_report_due", ["month", "state", "county_code", "plan_task_id"], _LIVE)
    op.drop_index("ix_monthly_report_strip", "monthly_report")
    _create("ix_monthly_report_strip", [*_STRIP, *_SHOWN], _LIVE)
    _create("ix_monthly_report_completed", ["works_project_id", "month", "deleted_at"], _COMPLETED)


def downgrade() -> None:
    op.drop_index("ix_monthly_report_completed", "monthly_report")
    op.drop_index("ix_monthly_report_strip", "monthly_report")
    _create("ix_monthly_report_strip", _STRIP, _LIVE)
    op.drop_index("ix_monthly_report_due", "monthly_report")
    op.drop_index("ix_monthly_report_waiting", "monthly_report")
    _create("ix_monthly_report_waiting", ["county_code", "state", "submitted_at", "id"], _LIVE)
