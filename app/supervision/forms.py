"""The form of a supervision issue: problem, who is responsible, until when (R22)."""

from __future__ import annotations

from typing import Any

from wtforms import StringField, TextAreaField
from wtforms.widgets import DateInput

from app.supervision.models import SupervisionIssue
from app.web.record_form import RecordForm


def _label(key: str) -> Any:
    return SupervisionIssue.__table__.c[key].info["label"]


class IssueForm(RecordForm):
    """督办问题 as a draft."""

    keys = ("problem", "responsible_unit", "responsible_person", "responsible_phone", "deadline")
    starred = frozenset({"problem", "responsible_unit", "responsible_person", "deadline"})
    problem = TextAreaField(_label("problem"), render_kw={"rows": "3", "maxlength": "1000"})
    responsible_unit = StringField(_label("responsible_unit"), render_kw={"maxlength": "120"})
    responsible_person = StringField(_label("responsible_person"), render_kw={"maxlength": "40"})
    responsible_phone = StringField(
        _label("responsible_phone"), render_kw={"maxlength": "20", "inputmode": "tel"}
    )
    deadline = StringField(_label("deadline"), widget=DateInput())
