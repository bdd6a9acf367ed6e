"""The form of a month report: its own fields and those of every content, texts until the service reads them.

A content's fields are named as in drafts, findings and JSON: ``quantity1_17`` (`rules.item_key`).
"""

from __future__ import annotations

from typing import Any

from wtforms import RadioField, StringField
from wtforms.widgets import DateInput

from app.areas.forms import text_field
from app.extensions import _
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.monthly_reports.rules import ITEM_READERS, ITEM_STATES, PROGRESS, item_key, split_key
from app.schemes.checklist import plain
from app.web.record_form import RecordForm, text_of

_columns = MonthlyReport.__table__.c
_items = ReportItem.__table__.c
OWN = ("progress", "started_on", "cumulative_investment", "year_investment")


def _money(key: str) -> StringField:
    return text_field(_columns[key].info["label"], 20, inputmode="decimal")


class ReportForm(RecordForm):
    """改造进度 and 改造内容 of one report; made for its contents by `form_of`."""

    keys = OWN
    starred = frozenset({"progress", "cumulative_investment", "year_investment"})
    progress = RadioField(_columns.progress.info["label"], choices=[], validate_choice=False)
    started_on = StringField(_columns.started_on.info["label"], widget=DateInput())
    cumulative_investment = _money("cumulative_investment")
    year_investment = _money("year_investment")

    def __init__(self, formdata: Any = None, **more: Any) -> None:
        super().__init__(formdata, **more)
        self.progress.choices = [(key, _(word)) for key, word in PROGRESS.items()]

    @classmethod
    def texts_of(cls, record: MonthlyReport) -> dict[str, str]:
        """Every field as the form shows it; what was typed and could not be read stands as it was typed."""
        texts = {key: text_of(key, getattr(record, key)) for key in OWN}
        for item in record.items:
            for field in ITEM_READERS:
                value = getattr(item, field)
                texts[item_key(field, item.id)] = plain(value) if field.startswith("quantity") else value
        return {**texts, **{key: text for key, text in record.unread.items() if key in texts}}

    def word_of(self, key: str, text: str) -> str:
        """A text as people read it."""
        if key == "progress":
            return _(PROGRESS[text]) if text in PROGRESS else text
        if key.startswith("state_"):
            return _(ITEM_STATES[text]) if text in ITEM_STATES else text
        return text

    def errors_of(self, key: str) -> list[str]:
        """What stands against a field, for templates."""
        return list(self[key].errors)


def form_of(report: MonthlyReport, formdata: Any = None) -> ReportForm:
    """The form of a report with four fields for each of its contents, or of what was posted for it."""
    fields: dict[str, Any] = {}
    for item in report.items:
        for field in ITEM_READERS:
            label = f"{item.content} · {_(str(_items[field].info['label']))}"
            fields[item_key(field, item.id)] = StringField(label)
    made = type("ReportFormOfItems", (ReportForm,), {**fields, "keys": (*OWN, *fields)})
    return made.of(report, formdata)  # type: ignore[no-any-return, attr-defined]


def posted_unknown(form: ReportForm, posted: Any) -> bool:
    """Whether something was typed for a content that the report does not hold any more."""
    return any(split_key(key) and key not in form.keys and posted.get(key, "").strip() for key in posted)
