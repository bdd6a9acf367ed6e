"""A record's form whose fields stay text until a service reads them; it carries version and beginning (M1.4.4)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, ClassVar, Self

from flask_appbuilder.forms import DynamicForm
from wtforms import BooleanField, HiddenField

from app.extensions import _
from app.kernel.errors import Finding
from app.kernel.text import mask_phone
from app.web.wording import translate


class RecordForm(DynamicForm):
    """Subclasses declare the fields, ``keys`` (those that are typed) and ``starred`` (those that are required)."""

    class Meta:
        csrf = False

    keys: ClassVar[tuple[str, ...]] = ()
    starred: ClassVar[frozenset[str]] = frozenset()
    version = HiddenField()
    token = HiddenField()
    base = HiddenField()

    @classmethod
    def of(cls, record: Any, formdata: Any = None) -> Self:
        """The form of a record, or of what was posted for it."""
        texts = cls.texts_of(record)
        data: dict[str, Any] = {**texts, "version": str(record.version)}
        data["base"] = json.dumps(texts, ensure_ascii=False)
        return cls(formdata, data=data)

    @classmethod
    def texts_of(cls, record: Any) -> dict[str, str]:
        """Every typed field of a record as the form shows it."""
        return {key: text_of(key, getattr(record, key)) for key in cls.keys}

    def typed(self) -> dict[str, str]:
        """The texts as typed, by field name; a tick is ``1``."""
        return {key: self._text(key) for key in self.keys}

    def _text(self, key: str) -> str:
        field = self[key]
        if isinstance(field, BooleanField):
            return "1" if field.data else ""
        return field.data or ""

    def changes(self, record: Any | None) -> dict[str, str]:
        """What a service is given: phones that still show the record's mask are left out."""
        texts = self.typed()
        for key in [key for key in self.keys if record is not None and key.endswith("_phone")]:
            kept = getattr(record, key)
            if kept and texts[key].strip() == mask_phone(kept):
                del texts[key]
        return texts

    def begun_with(self) -> dict[str, str]:
        """The texts the form was shown with; empty when that cannot be told."""
        try:
            base = json.loads(self.base.data or "{}")
        except ValueError:
            return {}
        if not isinstance(base, dict):
            return {}
        return {key: base[key] for key in self.keys if isinstance(base.get(key), str)}

    def put(self, key: str, text: str) -> None:
        """Show another text in a field."""
        self[key].data = bool(text) if isinstance(self[key], BooleanField) else text

    def word_of(self, key: str, text: str) -> str:
        """A text as people read it: ticks as yes and no."""
        if isinstance(self[key], BooleanField):
            return _("Yes") if text else _("No")
        return text

    def show(self, findings: Iterable[Finding]) -> list[str]:
        """Put findings beside their fields; returns the sentences of those that have none."""
        loose = []
        for finding in findings:
            sentence = translate(finding.message)
            field = self._fields.get(finding.field or "")
            if field is None:
                loose.append(sentence)
            else:
                field.errors = [*field.errors, sentence]
        return loose


def text_of(key: str, value: Any) -> str:
    """One value as a form shows it: money without separators, dates as yyyy-mm-dd, phones masked."""
    if value is None or value == "" or value is False:
        return ""
    if value is True:
        return "1"
    if key.endswith("_phone"):
        return mask_phone(value)
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, dt.date) else str(value)
