"""The form of a reserve project's basics (M1.5.1)."""

from __future__ import annotations

from app.areas.forms import AreaForm


class ReserveForm(AreaForm):
    """Name, address, owners and supervision; figures come from the linked communities."""
