"""The form of a community: what was typed stays as typed; findings stand beside their fields (M1.4.1)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flask_appbuilder.forms import DynamicForm
from wtforms import HiddenField, SelectField, StringField

from app.communities.fields import LONGEST, OPTIONAL, PLACE_KINDS, PROPERTY_KINDS, TYPED, read_values
from app.communities.models import Community
from app.extensions import _, _l
from app.kernel.errors import Finding
from app.kernel.text import mask_phone
from app.regions.cache import current
from app.web.wording import translate

PHONES = ("supervisor_phone", "implementer_phone")
_DECIMALS = {"lng": 6, "lat": 6, "floor_area": 4, "planned_investment": 2}


def _text(label: Any, name: str, description: Any = "", **attributes: Any) -> StringField:
    extra = {"maxlength": LONGEST[name]} if name in LONGEST else {}
    return StringField(
        label, description=description, render_kw={"autocomplete": "off", **extra, **attributes}
    )


def _figure(label: Any, name: str, description: Any = "") -> StringField:
    return _text(label, name, description, inputmode="decimal")


class CommunityForm(DynamicForm):
    """Every field is text until `read`; forgery is checked for every post of the portal."""

    class Meta:
        csrf = False

    name = _text(_l("Community name"), "name")
    built_year = _figure(_l("Year built"), "built_year")
    place_kind = SelectField(_l("City or county town"), validate_choice=False)
    property_kind = SelectField(_l("Kind of property"), validate_choice=False)
    original_owners = _text(
        _l("Original owners"), "original_owners", _l("Several are separated by a comma of enumeration (、)")
    )
    intended_contents = _text(_l("Intended contents"), "intended_contents", maxlength=2000)
    town_code = SelectField(_l("Sub-district"), validate_choice=False)
    address = _text(_l("Detailed address"), "address")
    lng = _figure(_l("Longitude"), "lng")
    lat = _figure(_l("Latitude"), "lat")
    building_count = _figure(_l("Buildings"), "building_count")
    household_count = _figure(_l("Households"), "household_count")
    floor_area = _figure(_l("Floor area"), "floor_area")
    planned_investment = _figure(_l("Planned investment"), "planned_investment")
    unit_count = _figure(_l("Units"), "unit_count")
    unit_without_elevator_count = _figure(_l("Units without elevator"), "unit_without_elevator_count")
    substandard_household_count = _figure(
        _l("Households in substandard flats"), "substandard_household_count",
        _l("Flats without own kitchen or bathroom, such as corridor flats; not more than the households"),
    )  # fmt: skip
    supervision_unit = _text(_l("Supervising unit"), "supervision_unit")
    supervisor_name = _text(_l("Daily supervisor"), "supervisor_name")
    supervisor_phone = _text(_l("Supervisor's phone"), "supervisor_phone", inputmode="tel")
    implementer_unit = _text(_l("Implementing unit"), "implementer_unit")
    implementer_name = _text(_l("Person in charge"), "implementer_name", placeholder=_l("Name"))
    implementer_phone = _text(
        _l("Implementer's phone"),
        "implementer_phone",
        inputmode="tel",
        placeholder=_l("Mobile, or area code and number"),
    )
    version = HiddenField()
    token = HiddenField()
    base = HiddenField()
    confirmed = HiddenField()

    notes: dict[str, list[tuple[str, str]]]

    def __init__(self, county_code: str, formdata: Any = None, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(formdata, data=dict(data or {}))
        self.county_code = county_code
        self.notes = {}
        empty = ("", "")
        self.place_kind.choices = [empty, *((code, _(word)) for code, word in PLACE_KINDS.items())]
        self.property_kind.choices = [empty, *((code, _(word)) for code, word in PROPERTY_KINDS.items())]
        self.town_code.choices = [empty, *((town.code, town.name) for town in current().towns(county_code))]
        for key in TYPED:
            self[key].flags.required = False
        self.required = frozenset(TYPED) - OPTIONAL

    # --- between record and text ---

    @classmethod
    def of(cls, record: Community, formdata: Any = None) -> CommunityForm:
        """The form of a record, or of what was posted for it."""
        texts = texts_of(record)
        data = {**texts, "version": str(record.version), "base": json.dumps(texts, ensure_ascii=False)}
        return cls(record.county_code, formdata, data)

    def typed(self) -> dict[str, str]:
        """The texts as typed, by field name."""
        return {key: self[key].data or "" for key in TYPED}

    def begun_with(self) -> dict[str, str]:
        """The texts the form was shown with; empty when that cannot be told."""
        try:
            base = json.loads(self.base.data or "{}")
        except ValueError:
            return {}
        return (
            {key: base[key] for key in TYPED if isinstance(base.get(key), str)}
            if isinstance(base, dict)
            else {}
        )

    def read(self, record: Community | None = None) -> tuple[dict[str, Any], list[Finding]]:
        """Values and what could not be read. A phone that still shows the record's mask keeps its number."""
        values, findings = read_values(self.typed())
        for key in PHONES if record is not None else ():
            kept = getattr(record, key)
            if kept and (self[key].data or "").strip() == mask_phone(kept):
                values[key] = kept
                findings = [finding for finding in findings if finding.field != key]
        return values, findings

    # --- showing ---

    def show(self, findings: Iterable[Finding]) -> list[str]:
        """Put findings beside their fields; returns the sentences of those that have none."""
        loose = []
        for finding in findings:
            sentence = translate(finding.message)
            field = self._fields.get(finding.field or "")
            if field is None:
                loose.append(sentence)
            elif finding.level == "error":
                field.errors = [*field.errors, sentence]
            else:
                level = "warn" if finding.level == "warning" else ""
                self.notes.setdefault(finding.field or "", []).append((level, sentence))
        return loose


def text_of(key: str, value: Any) -> str:
    """One value as the form shows it: exact decimals without separators, phones masked."""
    if value is None or value == "":
        return ""
    if key in PHONES:
        return mask_phone(value)
    return f"{value:.{_DECIMALS[key]}f}" if key in _DECIMALS else str(value)


def texts_of(record: Community) -> dict[str, str]:
    """Every typed field of a record as the form shows it."""
    return {key: text_of(key, getattr(record, key)) for key in TYPED}


def word_of(key: str, text: str) -> str:
    """A text of the form in words, for the comparison of two versions: choices by name, the rest as it is."""
    if key == "town_code":
        town = current().town(text)
        return town.name if town else text
    words = {"place_kind": PLACE_KINDS, "property_kind": PROPERTY_KINDS}.get(key, {})
    return _(words[text]) if text in words else text
