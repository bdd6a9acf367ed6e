"""What ``flask portal verify`` checks: every capability adds its own function here."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.accounts.construction import services as units
from app.areas import places, sums
from app.audit import services as audit
from app.communities import services as communities
from app.evidence import prints
from app.extensions import db
from app.inspections import upkeep as checks
from app.monthly_reports import figures
from app.persistence.engine import APP_ROLE
from app.schemes import summaries


def second_wall(session: Session) -> list[str]:
    """On PostgreSQL the application must be working as the role that the row policies bind."""
    if session.get_bind().dialect.name != "postgresql":
        return []
    with db.engine.connect() as connection:
        role = connection.execute(text("SELECT current_user")).scalar_one()
    return [] if role == APP_ROLE else [f"row policies do not bind {role}: grant it the role {APP_ROLE}"]


def faults(session: Session) -> list[str]:
    """A sentence for everything that is not as it should be."""
    return [
        *second_wall(session), *audit.verify(session), *communities.verify_rollups(session), *sums.verify(session), *places.verify(session),
        *summaries.verify(session), *figures.verify(session), *units.verify(session),
        *prints.verify(session),
        *checks.verify(session),
    ]  # fmt: skip
