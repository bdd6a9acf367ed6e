"""Forms of a plan task: basics (M1.6.3), implementation (M1.6.5) and long-term management (M1.6.6)."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, StringField
from wtforms.widgets import DateInput

from app.annual_plans.models import DeclarationWindow, PlanTask
from app.annual_plans.rules import FUNDS, LONG_TERM, LONGEST_NOTE, PROGRAMMES
from app.areas.forms import AreaForm, text_field
from app.areas.rules import REQUIRED, TEXTS
from app.web.record_form import RecordForm

_columns = PlanTask.__table__.c
DATES = ("planned_start", "planned_finish")


def _label(key: str) -> Any:
    return _columns[key].info["label"]


def _date(key: str) -> StringField:
    return StringField(_label(key), widget=DateInput())


def _figure(key: str) -> StringField:
    return text_field(_label(key), inputmode="decimal")


class PlanForm(AreaForm):
    """Year, name, planned dates, address and supervision."""

    keys = ("year", *DATES, *TEXTS)
    starred = frozenset({"year", *REQUIRED})
    year = text_field(_label("year"), 4, inputmode="numeric")
    planned_start = _date("planned_start")
    planned_finish = _date("planned_finish")


class ImplementationForm(RecordForm):
    """Programmes and funds; the funds in place are computed (R11)."""

    keys = (*PROGRAMMES, *FUNDS)
    central_budget = BooleanField(_label("central_budget"))
    provincial_pilot = BooleanField(_label("provincial_pilot"))
    livelihood = BooleanField(_label("livelihood"))
    special_bond = BooleanField(_label("special_bond"))
    funds_planned = _figure("funds_planned")
    funds_completed = _figure("funds_completed")
    funds_state_budget = _figure("funds_state_budget")
    funds_residents = _figure("funds_residents")
    funds_social = _figure("funds_social")
    funds_other = _figure("funds_other")


class LongTermForm(RecordForm):
    """The national statistics' figures on how a renovated area is kept (R16)."""

    keys = LONG_TERM
    jobs_created = _figure("jobs_created")
    party_organisations = _figure("party_organisations")
    party_organisations_new = _figure("party_organisations_new")
    owners_committees = _figure("owners_committees")
    owners_committees_new = _figure("owners_committees_new")
    property_managed = _figure("property_managed")
    property_managed_new = _figure("property_managed_new")
    professionally_managed = _figure("professionally_managed")
    professionally_managed_new = _figure("professionally_managed_new")


class WindowForm(RecordForm):
    """When counties may declare plan tasks of a year."""

    keys = ("opens", "closes", "county_may_add", "note")
    starred = frozenset({"opens", "closes"})
    opens = StringField(DeclarationWindow.__table__.c.opens.info["label"], widget=DateInput())
    closes = StringField(DeclarationWindow.__table__.c.closes.info["label"], widget=DateInput())
    county_may_add = BooleanField(DeclarationWindow.__table__.c.county_may_add.info["label"])
    note = text_field(DeclarationWindow.__table__.c.note.info["label"], LONGEST_NOTE)
