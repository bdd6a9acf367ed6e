"""Count the reports of a month from an index alone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0037a"
branch_labels = None
depends_on = None

_LIVE = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_monthly_report_month", "monthly_report", ["month", "county_code", "state", "is_late", "deleted_at"],
        sqlite_where=_LIVE, postgresql_where=_LIVE,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_monthly_report_month", "monthly_report")
