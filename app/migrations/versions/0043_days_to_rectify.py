"""How long the rectification of a problem may take stands in the province's profile"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0041"
branch_labels = None
depends_on = None

_CHECK = "ck_province_profile_rectify_days"


def upgrade() -> None:
    with op.batch_alter_table("province_profile") as batch:
        batch.add_column(sa.Column("rectify_days", sa.Integer(), nullable=False, server_default="15"))
        batch.create_check_constraint(op.f(_CHECK), "rectify_days BETWEEN 1 AND 365")
    with op.batch_alter_table("province_profile") as batch:
        batch.alter_column("rectify_days", server_default=None, existing_type=sa.Integer())


def downgrade() -> None:
    with op.batch_alter_table("province_profile") as batch:
        batch.drop_constraint(op.f(_CHECK), type_="check")
        batch.drop_column("rectify_days")
