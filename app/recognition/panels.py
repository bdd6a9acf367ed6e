"""The photos of many contents at once, as components/attachments.html draws them: one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.attachments import queries as attachments
from app.attachments.models import Attachment
from app.attachments.owners import purpose_of
from app.attachments.panels import Panel


def item_panels(
    session: Session, entity: str, items: Sequence[Any], purposes: Sequence[str], *, writable: bool
) -> dict[int, list[Panel]]:
    """Content → its panels, one for each purpose. The caller has been allowed to open the record."""
    files: dict[tuple[int, str], list[Attachment]] = {}
    ids = [item.id for item in items]
    if ids:
        for file in attachments.of_owners(session, entity, ids, purposes):
            files.setdefault((file.owner_id, file.purpose), []).append(file)
    return {
        key: [
            Panel(entity, key, purpose_of(entity, name), files.get((key, name), ()), (), (), writable)
            for name in purposes
        ]
        for key in ids
    }


def counts(panels: Mapping[int, Sequence[Panel]]) -> dict[int, int]:
    """Content → number of its files."""
    return {key: sum(len(panel.files) for panel in row) for key, row in panels.items()}
