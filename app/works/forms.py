"""The form of a works project (M1.6.5.1): texts until the service reads them."""

from __future__ import annotations

from typing import Any

from wtforms import SelectField, StringField, TextAreaField
from wtforms.widgets import DateInput

from app.areas.forms import text_field
from app.extensions import _
from app.web.record_form import RecordForm
from app.works.models import WorksProject
from app.works.rules import FIELDS, LONGEST, REQUIRED, UNIT_KINDS

_columns = WorksProject.__table__.c


def _text(key: str) -> StringField:
    return text_field(_columns[key].info["label"], LONGEST[key])


def _date(key: str) -> StringField:
    return StringField(_columns[key].info["label"], widget=DateInput())


class WorksProjectForm(RecordForm):
    """项目信息 of a plan task; the supervisor's phone stands masked in it."""

    keys = FIELDS
    starred = frozenset(REQUIRED)
    platform_number = _text("platform_number")
    name = _text("name")
    permit_number = _text("permit_number")
    supervision_unit = _text("supervision_unit")
    construction_unit = _text("construction_unit")
    construction_unit_kind = SelectField(
        _columns.construction_unit_kind.info["label"], choices=[], validate_choice=False
    )
    supervisor_name = _text("supervisor_name")
    supervisor_phone = text_field(_columns.supervisor_phone.info["label"], 20, inputmode="tel")
    contract_amount = text_field(_columns.contract_amount.info["label"], 20, inputmode="decimal")
    quality_safety_number = _text("quality_safety_number")
    contract_contents = TextAreaField(
        _columns.contract_contents.info["label"],
        render_kw={"rows": "2", "maxlength": LONGEST["contract_contents"]},
    )
    contract_start = _date("contract_start")
    contract_finish = _date("contract_finish")
    designer = _text("designer")
    contractor = _text("contractor")
    supervisor_company = _text("supervisor_company")
    cost_consultant = _text("cost_consultant")

    def __init__(self, formdata: Any = None, **more: Any) -> None:
        super().__init__(formdata, **more)
        choices = [(key, _(word)) for key, word in UNIT_KINDS.items()]
        self.construction_unit_kind.choices = [("", _("Please choose")), *choices]

    def word_of(self, key: str, text: str) -> str:
        """A text as people read it."""
        if key == "construction_unit_kind" and text in UNIT_KINDS:
            return _(UNIT_KINDS[text])
        return text
