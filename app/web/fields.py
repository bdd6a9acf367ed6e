"""Draws any WTForms field as plain Bootstrap 5 markup without inline styles or scripts.

Flask-AppBuilder's own widgets carry inline styles, Bootstrap 3 classes and jQuery hooks; here each is
replaced by the native control (or by a select that static/js/portal.js turns into a search box).
"""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape
from wtforms import Field, widgets

LONG_LIST = 12
"""From this many choices on a select gets a search box."""

_TEXT, _AREA = widgets.TextInput(), widgets.TextArea()
_REPLACED = {
    "BS3TextFieldWidget": _TEXT,
    "BS3TextAreaFieldWidget": _AREA,
    "BS3PasswordFieldWidget": widgets.PasswordInput(),
    "DatePickerWidget": widgets.DateInput(),
    "DateTimePickerWidget": _TEXT,
}
_KINDS = {
    "BooleanField": "check",
    "RadioField": "radio",
    "HiddenField": "hidden",
    "CSRFTokenField": "hidden",
    "SubmitField": "submit",
    "FileField": "file",
    "MultipleFileField": "file",
    "ImageUploadField": "file",
    "FileUploadField": "file",
    "TextAreaField": "area",
}


def kind_of(field: Field) -> str:
    """Return the layout of a field: text, area, select, multi, check, radio, checks, file, hidden, submit."""
    kind = _KINDS.get(field.type)
    if kind:
        return kind
    widget = field.widget
    if _is_multiple(widget):
        return "multi"
    if isinstance(widget, widgets.ListWidget):
        return "checks"
    if isinstance(widget, widgets.HiddenInput):
        return "hidden"
    if isinstance(widget, widgets.CheckboxInput):
        return "check"
    if isinstance(widget, widgets.Select) or "Select2" in type(widget).__name__:
        return "select"
    return "area" if isinstance(widget, widgets.TextArea) else "text"


def control(field: Field, **attributes: Any) -> Markup:
    """Return the markup of one field's control with ``attributes`` (underscores become hyphens).

    Adds the Bootstrap class of its kind, ``required`` from its validators, and ``data-search`` on long
    selects. Values of Flask-AppBuilder's remote selects are loaded from their endpoint by the page.
    """
    kind = kind_of(field)
    css = {"check": "form-check-input", "select": "form-select", "multi": "form-select"}.get(
        kind, "form-control"
    )
    attributes["class"] = f"{css} {attributes.pop('class_', '')}".strip()
    name = type(field.widget).__name__
    if "AJAX" in name:
        return _remote_select(field, attributes)
    if kind in {"select", "multi"} and (kind == "multi" or _choice_count(field) > LONG_LIST):
        attributes.setdefault("data_search", "1")
    if "Select2" in name:
        return _local_select(field, attributes, multiple=kind == "multi")
    widget = _REPLACED.get(name, field.widget)
    if kind == "area":
        attributes.setdefault("rows", 3)
    if getattr(widget, "input_type", "") == "date":
        attributes["class"] += " date"
    render_kw = {k: v for k, v in (field.render_kw or {}).items() if k != "class"}
    if isinstance(widget, widgets.ListWidget):
        attributes["class"] = "checks-list"
    return Markup(widget(field, **{**render_kw, **attributes}))


def filter_control(field: Field, name: str, value: Any, label: str) -> Markup:
    """Return the control of one search field under the query argument ``name``, holding ``value``.

    Selects get an empty first choice; a yes/no field becomes a select; nothing is required.
    """
    chosen = "" if value is None else str(value)
    head = Markup('name="{}" aria-label="{}"').format(name, label)
    kind = kind_of(field)
    if kind == "check":
        picked = Markup(" selected") if chosen == "y" else ""
        return Markup(
            '<select class="form-select" {}><option value=""></option><option value="y"{}>✓</option></select>'
        ).format(head, picked)
    if kind not in {"select", "multi"}:
        text = "date" if "Date" in field.type and "Time" not in field.type else "text"
        return Markup('<input class="form-control" type="{}" {} value="{}">').format(text, head, chosen)
    if "AJAX" in type(field.widget).__name__:
        return Markup(
            str(_remote_select(field, {"class": "form-select"})).replace(
                f'name="{escape(field.name)}"', str(head), 1
            )
        )
    options = Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(
            v, Markup(" selected") if str(v) == chosen else "", word
        )
        for v, word, *_rest in field.iter_choices()
        if str(v) != "__None"
    )
    search = Markup(" data-search") if _choice_count(field) > LONG_LIST else ""
    return Markup('<select class="form-select" {}{}><option value=""></option>{}</select>').format(
        head, search, options
    )


def _is_multiple(widget: Any) -> bool:
    return bool(getattr(widget, "multiple", False)) or "Many" in type(widget).__name__


def _choice_count(field: Field) -> int:
    choices = getattr(field, "choices", None)
    if choices is None and hasattr(field, "iter_choices"):
        return sum(1 for _ in field.iter_choices())
    return len(choices or ())


def _local_select(field: Field, attributes: dict[str, Any], multiple: bool) -> Markup:
    """A native select of the choices Flask-AppBuilder's field yields (as plain tuples)."""
    pairs = {"id": field.id, "name": field.name, **{k.replace("_", "-"): v for k, v in attributes.items()}}
    flags = [name for name, on in (("multiple", multiple), ("required", field.flags.required)) if on]
    head = [f'{key}="{escape(item)}"' for key, item in pairs.items() if item not in (None, False, "")]
    options = Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(value, Markup(" selected") if chosen else "", word)
        for value, word, chosen, *_rest in field.iter_choices()
    )
    return Markup("<select {}>{}</select>").format(Markup(" ".join([*head, *flags])), options)


def _remote_select(field: Field, attributes: dict[str, Any]) -> Markup:
    """A select whose choices come from ``widget.endpoint`` as JSON ``[{"id", "text"}]``."""
    value = getattr(field, "data", None)
    pairs = {
        "id": field.id,
        "name": field.name,
        "data-search": "1",
        "data-endpoint": getattr(field.widget, "endpoint", ""),
        "data-placeholder": attributes.pop("placeholder", ""),
        **{key.replace("_", "-"): item for key, item in attributes.items()},
    }
    head = " ".join(f'{key}="{escape(item)}"' for key, item in pairs.items() if item not in (None, False, ""))
    chosen = (
        ""
        if value in (None, "")
        else f'<option value="{escape(getattr(value, "id", value))}" selected>{escape(value)}</option>'
    )
    return Markup(f"<select {head}><option></option>{chosen}</select>")
