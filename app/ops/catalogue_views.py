"""改造内容清单 in the console: versions with their periods, and their contents (M1.6.4.1, G4)."""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy.orm import Session
from wtforms import BooleanField, DateField, HiddenField, IntegerField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.extensions import _, _l, db
from app.kernel.actor import Actor
from app.ops.base import ConsoleForm, ConsoleView
from app.ops.filters import Pick, YesNo
from app.ops.forms import LivePick, text
from app.regions.cache import current
from app.schemes import catalogue_services as services
from app.schemes.models import Catalogue, CatalogueItem


def provinces() -> list[tuple[str, str]]:
    """Provinces as ``(code, name)``."""
    return [(r.code, r.name) for r in current().regions.values() if r.level == "province"]


def catalogues() -> list[tuple[str, str]]:
    """Versions as ``(id, name)``, newest first."""
    found = db.session.query(Catalogue).order_by(Catalogue.province_code, Catalogue.valid_from.desc())
    return [(str(row.id), row.name) for row in found]


def _keys() -> list[tuple[str, str]]:
    return [(row.key, row.name) for row in db.session.query(Catalogue).order_by(Catalogue.key)]


def _name_of(catalogue_id: int) -> str:
    """A version's name; all of them are read once a request."""
    if "console_catalogues" not in g:
        g.console_catalogues = dict(catalogues())
    return str(g.console_catalogues.get(str(catalogue_id), catalogue_id))


class CatalogueForm(ConsoleForm):
    """Name and period of a version."""

    name = text(_l("Catalogue name"), 80)
    valid_from = DateField(_l("Valid from"), [InputRequired()])
    valid_to = DateField(_l("Valid to"), [Optional()], description=_l("Empty: in force until the next one begins."))
    version = HiddenField(filters=[lambda value: int(value) if str(value or "").isdigit() else value])


class CatalogueNewForm(ConsoleForm):
    """A new version."""

    key = text(_l("Catalogue key"), 40, description=_l("Such as hunan-2027; cannot be changed later."))
    province_code = LivePick(_l("Province"), provinces)
    name = text(_l("Catalogue name"), 80)
    valid_from = DateField(_l("Valid from"), [InputRequired()])
    valid_to = DateField(_l("Valid to"), [Optional()])
    copy_from = LivePick(_l("Start with the contents of"), _keys, empty=True)


class CatalogueItemForm(ConsoleForm):
    """A content; its code and version of the catalogue stay."""

    category = text(_l("Category"), 40)
    content = text(_l("Renovation content"), 120)
    detail = text(_l("Detail or standard"), 400, required=False)
    unit1 = text(_l("Unit 1"), 16, required=False)
    unit2 = text(_l("Unit 2"), 16, required=False)
    method = text(_l("Usual method"), 40, required=False)
    aliases = TextAreaField(
        _l("Other words"),
        [Optional(), Length(max=1000)],
        description=_l("One a line: found by the filter box of the checklist and by imports."),
        render_kw={"rows": 3},
    )
    order = IntegerField(_l("Order"), [InputRequired(), NumberRange(0, 9999)])
    active = BooleanField(_l("In use"))
    version = HiddenField(filters=[lambda value: int(value) if str(value or "").isdigit() else value])


class CatalogueItemNewForm(CatalogueItemForm):
    """A new content."""

    catalogue_id = LivePick(_l("Content catalogue"), catalogues)
    code = text(_l("Content code"), 16)
    version = None  # type: ignore[assignment]


class CatalogueView(ConsoleView):
    """Versions of the content catalogues."""

    resource, icon = "CatalogueData", "checklist"
    can_create = can_edit = True
    hint = _l("A new version ends the open one before it. Contents of older versions stay in their schemes.")
    create_form_class, edit_form_class = CatalogueNewForm, CatalogueForm
    column_list = ("name", "province_code", "key", "valid_from", "valid_to")
    column_default_order = [("province_code", False), ("valid_from", True)]
    column_sortable_list = ("name", "valid_from")
    show = {"province_code": lambda row: current().name(row.province_code)}

    def writer(self, session: Session, actor: Actor, values: dict[str, Any], model: Any | None) -> Any:
        return services.save_catalogue(session, actor, values, model)


class CatalogueItemView(ConsoleView):
    """Contents of the catalogues: words, units, order and use."""

    resource, icon = "CatalogueData", "list-check"
    can_create = can_edit = True
    hint = _l("A content in use is switched off, not removed: schemes that hold it keep it.")
    create_form_class, edit_form_class = CatalogueItemNewForm, CatalogueItemForm
    column_list = ("catalogue_id", "code", "category", "content", "unit1", "unit2", "order", "active")
    column_default_order = [("catalogue_id", True), ("order", False)]
    column_sortable_list = ("code", "content", "order")
    column_searchable_list = ("code", "content", "category")
    show = {"catalogue_id": lambda row: _name_of(row.catalogue_id)}
    column_filters = (
        Pick("catalogue", CatalogueItem.catalogue_id, _l("Content catalogue"), catalogues),
        YesNo("active", CatalogueItem.active, _l("In use"), lambda: [("1", _("Yes")), ("0", _("No"))]),
    )

    def writer(self, session: Session, actor: Actor, values: dict[str, Any], model: Any | None) -> Any:
        return services.save_item(session, actor, values, model)
