"""Seal the secrets of second factors with the key of the installation"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.persistence.sealed import seal_for

revision = "0037a"
down_revision = "0036"
branch_labels = None
depends_on = None

_users = sa.table("ab_user", sa.column("id"), sa.column("totp_secret"), sa.column("totp_sealed"))


def upgrade() -> None:
    op.add_column("ab_user", sa.Column("totp_sealed", sa.Text(), server_default="", nullable=False))
    seal, bind = seal_for("totp"), op.get_bind()
    held = bind.execute(sa.select(_users.c.id, _users.c.totp_secret).where(_users.c.totp_secret != "")).all()
    for row in held:
        sealed = seal.close(row.totp_secret)
        bind.execute(sa.update(_users).where(_users.c.id == row.id).values(totp_sealed=sealed))
    op.drop_column("ab_user", "totp_secret")


def downgrade() -> None:
    op.add_column(
        "ab_user", sa.Column("totp_secret", sa.String(length=64), server_default="", nullable=False)
    )
    seal, bind = seal_for("totp"), op.get_bind()
    held = bind.execute(sa.select(_users.c.id, _users.c.totp_sealed).where(_users.c.totp_sealed != "")).all()
    for row in held:
        opened = seal.open(row.totp_sealed)
        bind.execute(sa.update(_users).where(_users.c.id == row.id).values(totp_secret=opened))
    op.drop_column("ab_user", "totp_sealed")
