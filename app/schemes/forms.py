"""The form of a scheme: texts until the service reads them; yes/no answers know three states (M1.6.4)."""

from __future__ import annotations

import json
from typing import Any, Self

from wtforms import RadioField, StringField, TextAreaField

from app.extensions import _
from app.extensions import _l as lazy
from app.schemes import rules
from app.schemes.models import Scheme
from app.schemes.queries import FIELDS, funding_of
from app.web.record_form import RecordForm, text_of

YES, NO = "1", "0"


def _label(key: str) -> Any:
    return Scheme.__table__.c[key].info["label"]


def _text(key: str, **attributes: Any) -> StringField:
    return StringField(_label(key), render_kw={"autocomplete": "off", **attributes})


def _figure(key: str) -> StringField:
    return _text(key, inputmode="decimal", maxlength="20")


def _source(source: str) -> StringField:
    """The amount of one source of funds."""
    return StringField(
        lazy(rules.FUNDING_SOURCES[source]),
        render_kw={"autocomplete": "off", "inputmode": "decimal", "maxlength": "20", "data-funding": "1"},
    )


def _area(key: str) -> TextAreaField:
    return TextAreaField(_label(key), render_kw={"rows": "3", "maxlength": "4000"})


def _yes_no(key: str) -> RadioField:
    return RadioField(_label(key), choices=[], validate_choice=False)


class SchemeForm(RecordForm):
    """方案信息 of one reserve project or plan task."""

    keys = (*FIELDS, *rules.FUNDING_FIELDS)
    starred = frozenset(rules.REQUIRED)
    property_management = RadioField(_label("property_management"), choices=[], validate_choice=False)
    elevator_count = _figure("elevator_count")
    parking_count = _figure("parking_count")
    rain_sewage_separated = _yes_no("rain_sewage_separated")
    piped_gas = _yes_no("piped_gas")
    waste_sorted = _yes_no("waste_sorted")
    fire_facilities = _yes_no("fire_facilities")
    security_facilities = _yes_no("security_facilities")
    fibre_to_home = _yes_no("fibre_to_home")
    weak_lines_tidied = _yes_no("weak_lines_tidied")
    strong_lines_tidied = _yes_no("strong_lines_tidied")
    investment = _figure("investment")
    investment_basic = _figure("investment_basic")
    investment_improved = _figure("investment_improved")
    investment_upgraded = _figure("investment_upgraded")
    funding_central_subsidy = _source("central_subsidy")
    funding_central_budget = _source("central_budget")
    funding_province = _source("province")
    funding_local = _source("local")
    funding_special_bond = _source("special_bond")
    funding_residents = _source("residents")
    funding_owners = _source("owners")
    funding_social = _source("social")
    funding_provident = _source("provident")
    funding_donation = _source("donation")
    standard = _area("standard")
    subsidy_standard = _area("subsidy_standard")
    safeguards = _area("safeguards")
    filler_name = _text("filler_name", maxlength="40")
    filler_phone = _text("filler_phone", maxlength="20", inputmode="tel")

    def __init__(self, formdata: Any = None, **more: Any) -> None:
        super().__init__(formdata, **more)
        words = rules.PROPERTY_MANAGEMENT
        self.property_management.choices = [(key, _(word)) for key, word in words.items()]
        for key in rules.STATUS_FIELDS:
            self[key].choices = [(YES, _("Yes")), (NO, _("No"))]

    @classmethod
    def texts_of(cls, record: Any) -> dict[str, str]:
        """As the base does, with 否 told from what was not answered."""
        texts = {
            key: NO if getattr(record, key) is False else text_of(key, getattr(record, key)) for key in FIELDS
        }
        held = funding_of(record)
        return texts | {key: text_of(key, held.get(source)) for key, source in rules.FUNDING_FIELDS.items()}

    @classmethod
    def of(cls, record: Any, formdata: Any = None) -> Self:
        """The form of a scheme, or of what was posted for it; a field that was not sent is empty."""
        texts = cls.texts_of(record)
        base = json.dumps(texts, ensure_ascii=False)
        return cls(formdata, data={**texts, "version": str(record.version), "base": base})

    def word_of(self, key: str, text: str) -> str:
        """A text as people read it."""
        if key in rules.STATUS_FIELDS:
            return {YES: _("Yes"), NO: _("No")}.get(text, "")
        if key == "property_management" and text in rules.PROPERTY_MANAGEMENT:
            return _(rules.PROPERTY_MANAGEMENT[text])
        return text


def words_of(scheme: Scheme) -> dict[str, str]:
    """Every field as a page that only shows it reads: masked phone, answers in words."""
    form, texts = SchemeForm(None), SchemeForm.texts_of(scheme)
    return {key: form.word_of(key, text) for key, text in texts.items()}
