"""What needs the joint review stands in the province's profile"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0034"
branch_labels = None
depends_on = None

_EVERYTHING = '["reserve", "central_budget", "pilot", "livelihood", "special_bond"]'


def upgrade() -> None:
    with op.batch_alter_table("province_profile") as batch:
        batch.add_column(sa.Column("review_programmes", sa.JSON(), nullable=False, server_default=_EVERYTHING))
    with op.batch_alter_table("province_profile") as batch:
        batch.alter_column("review_programmes", server_default=None, existing_type=sa.JSON())


def downgrade() -> None:
    with op.batch_alter_table("province_profile") as batch:
        batch.drop_column("review_programmes")
