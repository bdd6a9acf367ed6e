"""The form of a recognition with state and quantities of every content (M1.6.7.1)."""

from __future__ import annotations

from typing import Any

from wtforms import RadioField, StringField, TextAreaField
from wtforms.widgets import DateInput

from app.extensions import _
from app.recognition import rules
from app.recognition.item_form import ItemForm
from app.recognition.models import Recognition, RecognitionItem


def _label(key: str) -> Any:
    return Recognition.__table__.c[key].info["label"]


class RecognitionForm(ItemForm):
    """开工认定 or 完工认定 of a plan task."""

    head = ("recognised_on", "recognisers", "recogniser_phone", "note")
    parts = ("state", "quantity1", "quantity2")
    keys = head
    starred = frozenset({"recognised_on", "recognisers", "recogniser_phone"})
    recognised_on = StringField(_label("recognised_on"), widget=DateInput())
    recognisers = StringField(_label("recognisers"), render_kw={"maxlength": "80", "autocomplete": "off"})
    recogniser_phone = StringField(
        _label("recogniser_phone"), render_kw={"maxlength": "20", "inputmode": "tel", "autocomplete": "off"}
    )
    note = TextAreaField(_label("note"), render_kw={"rows": "2", "maxlength": "1000"})

    def __init__(self, formdata: Any = None, **more: Any) -> None:
        super().__init__(formdata, **more)
        for item in self.item_ids:
            self[f"state_{item}"].choices = [(key, _(word)) for key, word in rules.CONTENT_STATES.items()]

    @classmethod
    def part_field(cls, part: str, item: Any) -> Any:
        label = RecognitionItem.__table__.c[part].info["label"]
        if part == "state":
            return RadioField(label, choices=[], validate_choice=False)
        unit = item.unit1 if part == "quantity1" else item.unit2
        kw = {"inputmode": "decimal", "maxlength": "20", "autocomplete": "off"}
        return StringField(label, render_kw=kw if unit else {**kw, "disabled": True})

    def word_of(self, key: str, text: str) -> str:
        """A text as people read it."""
        if key.startswith("state_") and text in rules.CONTENT_STATES:
            return _(rules.CONTENT_STATES[text])
        return text
