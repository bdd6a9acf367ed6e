"""The form of an area's own facts (M1.5.1, M1.6.3): everything else comes from its communities."""

from __future__ import annotations

from typing import Any

from wtforms import StringField

from app.areas.rules import LONGEST, REQUIRED, TEXTS
from app.extensions import _l
from app.web.record_form import RecordForm


def text_field(label: Any, longest: int = 0, description: Any = "", **attributes: Any) -> StringField:
    """A text field without the browser's own suggestions."""
    extra = {"maxlength": longest} if longest else {}
    return StringField(
        label, description=description, render_kw={"autocomplete": "off", **extra, **attributes}
    )


class AreaForm(RecordForm):
    """Name, address, owners and supervision."""

    keys = TEXTS
    starred = frozenset(REQUIRED)
    name = text_field(_l("Area name"), LONGEST["name"])
    address = text_field(_l("Detailed address"), LONGEST["address"])
    original_owners = text_field(
        _l("Original owners"), LONGEST["original_owners"],
        _l("Several are separated by a comma of enumeration (、)"),
    )  # fmt: skip
    supervision_unit = text_field(_l("Supervising unit"), LONGEST["supervision_unit"])
    supervisor_name = text_field(_l("Daily supervisor"), LONGEST["supervisor_name"])
    supervisor_phone = text_field(_l("Supervisor's phone"), inputmode="tel")
