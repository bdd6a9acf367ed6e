"""The form of an inspection with what was found about every content (M1.6.7.3)."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.widgets import DateInput

from app.extensions import _
from app.inspections import rules
from app.inspections.models import Inspection, InspectionItem
from app.recognition.item_form import ItemForm


def _label(key: str) -> Any:
    return Inspection.__table__.c[key].info["label"]


class InspectionForm(ItemForm):
    """区县巡查, 市州抽查 or 省级抽查 of a plan task."""

    head = ("inspected_on", "inspectors", "inspector_phone", "conclusion", "note")
    parts = ("finding", "problem", "hand_over", "deadline")
    keys = head
    starred = frozenset({"inspected_on", "inspectors", "inspector_phone", "conclusion"})
    inspected_on = StringField(_label("inspected_on"), widget=DateInput())
    inspectors = StringField(_label("inspectors"), render_kw={"maxlength": "80", "autocomplete": "off"})
    inspector_phone = StringField(
        _label("inspector_phone"), render_kw={"maxlength": "20", "inputmode": "tel", "autocomplete": "off"}
    )
    conclusion = RadioField(_label("conclusion"), choices=[], validate_choice=False)
    note = TextAreaField(_label("note"), render_kw={"rows": "2", "maxlength": "1000"})

    def __init__(self, formdata: Any = None, **more: Any) -> None:
        super().__init__(formdata, **more)
        self.conclusion.choices = [(key, _(word)) for key, word in rules.CONCLUSIONS.items()]
        for item in self.item_ids:
            self[f"finding_{item}"].choices = [(key, _(word)) for key, word in rules.FINDINGS.items()]

    @classmethod
    def part_field(cls, part: str, item: Any) -> Any:
        label = InspectionItem.__table__.c[part].info["label"]
        if part == "finding":
            return RadioField(label, choices=[], validate_choice=False)
        if part == "problem":
            return TextAreaField(label, render_kw={"rows": "2", "maxlength": str(rules.MOST_PROBLEM)})
        if part == "hand_over":
            return BooleanField(label)
        return StringField(label, widget=DateInput())

    def word_of(self, key: str, text: str) -> str:
        """A text as people read it."""
        if key == "conclusion" and text in rules.CONCLUSIONS:
            return _(rules.CONCLUSIONS[text])
        if key.startswith("finding_") and text in rules.FINDINGS:
            return _(rules.FINDINGS[text])
        return super().word_of(key, text)
