"""What ``flask portal verify`` checks: every capability adds its own function here."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.areas import places, sums
from app.audit import services as audit
from app.communities import services as communities
from app.schemes import summaries


def faults(session: Session) -> list[str]:
    """A sentence for everything that is not as it should be."""
    return [
        *audit.verify(session), *communities.verify_rollups(session), *sums.verify(session), *places.verify(session),
        *summaries.verify(session),
    ]  # fmt: skip
