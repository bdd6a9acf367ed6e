"""A kept form as people read it: labels instead of names of fields, words instead of codes."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import current_app
from sqlalchemy import Column
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from wtforms.fields.core import UnboundField

from app.accounts.kept import Kept
from app.audit import fields
from app.extensions import _, _l, appbuilder
from app.kernel.observers import Observers
from app.persistence.base import Model

shown_by: Observers[[Kept], list[tuple[str, str]] | None] = Observers()
"""Asked first: ``(label, value)`` pairs of a form with fields of its own kind; None when it is another's."""

TECHNICAL = frozenset(
    {"version", "base", "token", "draft_key", "then", "accepted", "next", "rowid", "action", "all_matching"}
)
COMMON: dict[str, Any] = {
    "reason": _l("Reason"),
    "note": _l("Note"),
    "text": _l("Text (kept form)"),
    "answer": _l("Answer (kept form)"),
    "confirmed": _l("Confirmed (kept form)"),
    "name": _l("Name"),
    "username": _l("Login name"),
    "phone": _l("Phone (kept form)"),
    "roles": _l("Roles (kept form)"),
    "permission": _l("Permissions (kept form)"),
    "file": _l("File"),
}


def entries(form: Kept) -> list[tuple[str, str]]:
    """What was typed as ``(label, value)``, in order; fields that nobody typed are left out."""
    for answer in shown_by(form):
        if answer is not None:
            return answer
    view = _view_of(form.action)
    labels, columns = _labels(view), _columns(view)
    shown = []
    for name, value in form.fields:
        if name in TECHNICAL or not value.strip():
            continue
        column = columns.get(name, _known_columns().get(name))
        label = labels.get(name) or (column.info.get("label") if column is not None else "")
        word = label or COMMON.get(name) or _("Further entry")
        shown.append((str(word), fields.show(name, column, value)))
    return shown


def _view_of(action: str) -> Any:
    """The view that the form was going to; None where the address is nobody's."""
    try:
        endpoint, _args = current_app.url_map.bind("").match(action.partition("?")[0], method="POST")
    except (HTTPException, RequestRedirect):
        return None
    name = endpoint.partition(".")[0]
    console = (v for _title, views in current_app.extensions["portal_console"] for v in views)
    found = [v for v in appbuilder.baseviews if type(v).__name__ == name]
    return next(iter(found), None) or next((v for v in console if v.endpoint == name), None)


def _labels(view: Any) -> dict[str, str]:
    """Name of a field → its label, of every form the view knows."""
    found: dict[str, str] = {}
    for attribute in ("add_form", "edit_form", "create_form_class", "edit_form_class"):
        form = getattr(view, attribute, None)
        for name in dir(form) if isinstance(form, type) else ():
            unbound = getattr(form, name)
            if isinstance(unbound, UnboundField):
                label = unbound.kwargs.get("label") or next(iter(unbound.args), "")
                # a bare text is FAB's own making out of the field's name
                if label and not isinstance(label, str):
                    found.setdefault(name, str(label))
    return found


def _columns(view: Any) -> dict[str, Column[Any]]:
    model = getattr(getattr(view, "datamodel", None), "obj", None) or getattr(view, "model", None)
    return {} if model is None else {column.key: column for column in model.__table__.c}


@cache
def _known_columns() -> dict[str, Column[Any]]:
    """Labelled columns whose name means the same in every table."""
    found: dict[str, dict[str, Column[Any]]] = {}
    for table in Model.metadata.sorted_tables:
        for column in table.c:
            if label := column.info.get("label"):
                found.setdefault(column.key, {})[getattr(label, "_args", (str(label),))[0]] = column
    return {name: next(iter(several.values())) for name, several in found.items() if len(several) == 1}
