"""What later stages find doubtful about photos, asked by every page that shows them (R20)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.kernel.errors import Message
from app.kernel.observers import Observers


@dataclass(frozen=True)
class Doubt:
    """One sentence beside a photo; ``finding`` is the number of its page, where the reader may open it."""

    said: Message
    finding: int | None = None


photo_doubts: Observers[[Session, Sequence[int]], Mapping[int, Sequence[Doubt]]] = Observers()
"""Answers photo (attachment number) → what is doubtful about it, as the actor may know it."""


def doubts_about(session: Session, ids: Sequence[int]) -> dict[int, list[Doubt]]:
    """Photo (attachment number) → what is doubtful about it; the caller has been allowed to see the photos."""
    found: dict[int, list[Doubt]] = {}
    if ids:
        for answer in photo_doubts(session, ids):
            for key, doubts in answer.items():
                found.setdefault(key, []).extend(doubts)
    return found
