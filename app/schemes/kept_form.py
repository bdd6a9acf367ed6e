"""The content checklist among the forms kept after a session had ended: contents by their names."""

from __future__ import annotations

import re

from sqlalchemy import select

from app.accounts.kept import Kept
from app.accounts.kept_words import shown_by
from app.extensions import db
from app.schemes.models import CatalogueItem

_CHECKLIST = re.compile(r"/schemes/contents/\d+\Z")


@shown_by.register
def ticked_contents(form: Kept) -> list[tuple[str, str]] | None:
    """Each ticked content with its quantities as typed."""
    if not _CHECKLIST.match(form.action):
        return None
    typed = dict(form.fields)
    ids = [int(value) for name, value in form.fields if name == "item" and re.fullmatch("[0-9]{1,18}", value)]
    found = db.session.scalars(
        select(CatalogueItem).where(CatalogueItem.id.in_(ids)).order_by(CatalogueItem.order, CatalogueItem.id)
    )
    return [
        (
            item.content,
            "，".join(
                f"{number} {unit}".strip()
                for unit, number in (
                    (item.unit1, typed.get(f"quantity1_{item.id}", "")),
                    (item.unit2, typed.get(f"quantity2_{item.id}", "")),
                )
                if number.strip()
            )
            or "—",
        )
        for item in found
    ]
