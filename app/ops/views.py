"""The maintenance console (D2): Flask-Admin's views of master data, jobs, outbox and records."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Flask, g
from flask_admin import Admin, expose
from sqlalchemy.orm import Session

from app.accounts.models import SignInRecord
from app.accounts.rules import OUTCOMES
from app.audit import fields
from app.audit.history import action_label, history
from app.audit.listing import action_choices, county_choices, entity_choices
from app.audit.models import AuditEvent
from app.extensions import _, _l, db
from app.jobs.models import Job, PeriodicRun
from app.kernel.actor import Actor
from app.notifications.models import SmsMessage
from app.ops import forms, health
from app.ops.base import ConsoleIndex, ConsoleView
from app.ops.catalogue_views import CatalogueItemView, CatalogueView
from app.ops.filters import ConsoleFilter, FromDay, Pick, ToDay, Within, YesNo, choices
from app.ops.profile_form import GROUPS, ProfileForm
from app.ops.worker_views import JobView, PeriodicRunView, SmsMessageView
from app.regions import services
from app.regions.cache import current
from app.regions.models import (
    CodeItem,
    CodeTable,
    Department,
    Holiday,
    ProvinceProfile,
    Region,
    RegionAlias,
    Town,
)
from app.schemes.models import Catalogue, CatalogueItem

LEVELS = {"province": _l("Province"), "city": _l("City"), "county": _l("County")}
REGION_KINDS = {"normal": _l("Administrative region"), "functional": _l("Functional zone")}


def _yes_no() -> list[tuple[str, Any]]:
    return [("1", _("Yes")), ("0", _("No"))]


def _tables() -> list[tuple[str, str]]:
    return [(table.key, table.name) for table in db.session.query(CodeTable).order_by(CodeTable.key)]


def _table_name(key: str) -> str:
    """A code table's name; all of them are read once a request."""
    if "console_tables" not in g:
        g.console_tables = dict(_tables())
    return str(g.console_tables.get(key, key))


def _region_name(code: str | None) -> str:
    return current().path(code) if code and current().find(code) else code or ""


class Home(ConsoleIndex):
    """What the console holds for this administrator, and how the system is."""

    @expose("/")
    def index(self) -> Any:
        return self.render("admin/index.html", status=health.status())


class CodeTableView(ConsoleView):
    """Code tables; their entries are edited in the next section."""

    resource, icon = "CodeTable", "table"
    column_list = ("key", "name", "fixed")
    column_default_order = "key"
    column_sortable_list = ("key", "name")


class CodeItemView(ConsoleView):
    """Entries of code tables: labels, order and use; codes stay."""

    resource, icon = "CodeItem", "list-check"
    can_create = can_edit = True
    hint = _l("An entry in use is switched off, not removed: records that carry it keep its label.")
    create_form_class = forms.CodeItemNewForm
    edit_form_class = forms.CodeItemForm
    column_list = ("table_key", "code", "label", "order", "active")
    column_default_order = [("table_key", False), ("order", False)]
    column_sortable_list = ("code", "label", "order")
    column_searchable_list = ("code", "label")
    show = {"table_key": lambda row: _table_name(row.table_key)}
    column_filters = (
        Pick("table", CodeItem.table_key, _l("Code table"), _tables),
        YesNo("active", CodeItem.active, _l("In use"), _yes_no),
    )

    def writer(self, session: Session, actor: Actor, values: dict[str, Any], model: Any | None) -> Any:
        table = model.table_key if model else values.pop("table_key")
        if model:
            values["code"] = model.code
        return services.save_code_item(session, actor, table, values)


class ProvinceProfileView(ConsoleView):
    """Thresholds, windows, wording and policies of a province (rules.md)."""

    resource, icon = "ProvinceProfile", "adjustments-horizontal"
    can_edit = can_view_details = True
    hint = _l("What is changed here takes effect at once for the whole province.")
    edit_form_class = ProfileForm
    groups = GROUPS
    column_list = (
        "province_code",
        "title",
        "catalogue_version",
        "publicity_days",
        "report_due_day",
        "version",
    )

    def writer(self, session: Session, actor: Actor, values: dict[str, Any], model: Any | None) -> Any:
        version = values.pop("version")
        return services.save_profile(session, actor, model.province_code, version, values)  # type: ignore[union-attr]


class RegionView(ConsoleView):
    """Provinces, cities, counties and functional zones."""

    resource, icon = "Region", "sitemap"
    can_create = can_edit = True
    hint = _l("Codes follow GB/T 2260 and come with the product. New here: functional zones of a county.")
    create_form_class = forms.ZoneForm
    edit_form_class = forms.RegionForm
    column_list = ("code", "name", "short_name", "level", "kind", "parent_code", "active")
    column_default_order = "code"
    column_sortable_list = ("code", "name")
    column_searchable_list = ("code", "name", "initials")
    show = {"level": lambda row: LEVELS[row.level], "kind": lambda row: REGION_KINDS[row.kind]}
    column_filters = (
        Within("within", Region.code, _l("Jurisdiction"), county_choices),
        Pick("level", Region.level, _l("Level"), choices(LEVELS)),
        Pick("kind", Region.kind, _l("Kind of region"), choices(REGION_KINDS)),
    )

    def writer(self, session: Session, actor: Actor, values: dict[str, Any], model: Any | None) -> Any:
        if model is None:
            return services.add_zone(
                session, actor, values["parent_code"], values["name"], values["short_name"]
            )
        return services.save_region(session, actor, model.code, values)


class TownView(ConsoleView):
    """Street offices, towns and townships, and the functional zone each lies in."""

    resource, icon = "Town", "building-community"
    can_edit = True
    edit_form_class = forms.TownForm
    column_list = ("code", "name", "kind", "county_code", "zone_code")
    column_default_order = "code"
    column_sortable_list = ("code", "name")
    column_searchable_list = ("code", "name", "initials")
    show = {
        "zone_code": lambda row: _region_name(row.zone_code),
    }
    column_filters = (Within("within", Town.county_code, _l("Jurisdiction"), county_choices),)

    def writer(self, session: Session, actor: Actor, values: dict[str, Any], model: Any | None) -> Any:
        return services.save_town(session, actor, model.code, **values)  # type: ignore[union-attr]


class RegionAliasView(ConsoleView):
    """Withdrawn region codes and what took their place."""

    resource, icon = "RegionAlias", "switch-horizontal"
    can_create = can_edit = True
    create_form_class = forms.AliasForm
    edit_form_class = forms.AliasEditForm
    column_list = ("old_code", "code", "note")
    column_default_order = "old_code"
    show = {"code": lambda row: f"{_region_name(row.code)} {row.code}"}

    def writer(self, session: Session, actor: Actor, values: dict[str, Any], model: Any | None) -> Any:
        old = model.old_code if model else values["old_code"]
        return services.save_alias(session, actor, old, values["code"], values["note"] or "")


class DepartmentView(ConsoleView):
    """Departments and units that accounts belong to."""

    resource, icon = "Department", "building-bank"
    can_create = can_edit = True
    create_form_class = edit_form_class = forms.DepartmentForm
    column_list = ("name", "region_code", "kind", "active")
    column_default_order = [("region_code", False), ("name", False)]
    column_sortable_list = ("name", "region_code")
    column_searchable_list = ("name",)
    show = {
        "region_code": lambda row: _region_name(row.region_code),
        "kind": lambda row: current().code_label("department_kind", row.kind),
    }
    column_filters = (
        Within("within", Department.region_code, _l("Jurisdiction"), county_choices),
        Pick("kind", Department.kind, _l("Kind of department"), forms.department_kinds),
        YesNo("active", Department.active, _l("In use"), _yes_no),
    )

    def writer(self, session: Session, actor: Actor, values: dict[str, Any], model: Any | None) -> Any:
        return services.save_department(session, actor, department=model, **values)


class HolidayView(ConsoleView):
    """Days off the built-in calendar (N3.3r)."""

    resource, icon = "Holiday", "calendar-event"
    can_create = can_edit = can_delete = True
    hint = _l("Holidays of the State Council are built in. Enter only days that differ from them.")
    create_form_class = forms.HolidayForm
    edit_form_class = forms.HolidayEditForm
    column_list = ("date", "is_working", "note")
    column_default_order = ("date", True)
    column_sortable_list = ("date",)
    column_filters = (YesNo("working", Holiday.is_working, _l("Working day"), _yes_no),)

    def key_of(self, text: str) -> dt.date:
        return dt.date.fromisoformat(text)

    def writer(self, session: Session, actor: Actor, values: dict[str, Any], model: Any | None) -> Any:
        date = model.date if model else values["date"]
        note = values["note"] or ""
        return services.set_holiday(session, actor, date, is_working=values["is_working"], note=note)

    def eraser(self, session: Session, actor: Actor, model: Any) -> None:
        services.clear_holiday(session, actor, model.date)


class SignInRecordView(ConsoleView):
    """Attempts to sign in (read only)."""

    resource, icon = "SignInRecord", "login"
    column_list = ("at", "username", "outcome", "address", "agent")
    column_default_order = [("at", True), ("id", True)]
    show = {"outcome": lambda row: _(OUTCOMES.get(row.outcome, row.outcome))}
    column_filters = (
        FromDay("from", SignInRecord.at, _l("From (day)")),
        ToDay("to", SignInRecord.at, _l("To (day)")),
        ConsoleFilter("account", SignInRecord.username, _l("Login name")),
        Pick("outcome", SignInRecord.outcome, _l("Outcome"), choices(OUTCOMES)),
    )


class AuditEventView(ConsoleView):
    """Audit events (read only)."""

    resource, icon = "AuditEvent", "shield-check"
    can_view_details = True
    column_list = ("at", "actor_name", "address", "action", "entity", "label", "county_code")
    column_details_list = (
        *column_list,
        "entity_id",
        "request_id",
        "chain",
        "seq",
        "before",
        "after",
        "hash",
    )
    column_default_order = [("at", True), ("id", True)]
    show = {
        "action": lambda row: action_label(row.action),
        "entity": lambda row: fields.entity_label(row.entity),
    }
    column_filters = (
        FromDay("from", AuditEvent.at, _l("From (day)")),
        ToDay("to", AuditEvent.at, _l("To (day)")),
        ConsoleFilter("account", AuditEvent.actor_name, _l("Login name")),
        Pick("action", AuditEvent.action, _l("Action"), action_choices),
        Pick("entity", AuditEvent.entity, _l("Kind of record"), entity_choices),
    )


SECTIONS: tuple[tuple[Any, tuple[tuple[type[ConsoleView], Any, Any, str], ...]], ...] = (
    (_l("Master data"), (
        (CodeTableView, CodeTable, _l("Code tables"), "code-tables"),
        (CodeItemView, CodeItem, _l("Code entries"), "code-items"),
        (ProvinceProfileView, ProvinceProfile, _l("Province profiles"), "profiles"),
        (DepartmentView, Department, _l("Departments"), "departments"),
        (HolidayView, Holiday, _l("Holidays"), "holidays"))),
    (_l("Content catalogues"), (
        (CatalogueView, Catalogue, _l("Versions of catalogues"), "catalogues"),
        (CatalogueItemView, CatalogueItem, _l("Catalogue contents"), "catalogue-items"))),
    (_l("Regions"), (
        (RegionView, Region, _l("Regions and zones"), "regions"),
        (TownView, Town, _l("Towns"), "towns"),
        (RegionAliasView, RegionAlias, _l("Withdrawn codes"), "withdrawn-codes"))),
    (_l("Operation"), (
        (JobView, Job, _l("Jobs"), "jobs"),
        (PeriodicRunView, PeriodicRun, _l("Nightly work"), "periodic"),
        (SmsMessageView, SmsMessage, _l("SMS outbox"), "sms"))),
    (_l("Records"), (
        (SignInRecordView, SignInRecord, _l("Sign-in records"), "sign-ins"),
        (AuditEventView, AuditEvent, _l("Audit trail"), "audit"))),
)  # fmt: skip


def register(app: Flask) -> None:
    """Put the console at /ops, with views of this application alone."""
    home = Home(
        name=_l("Maintenance console"), endpoint="console", url="/ops", template="admin/index.html"
    )
    admin = Admin(app, name=_l("Maintenance console"), index_view=home, url="/ops", endpoint="console")
    made: list[tuple[Any, list[ConsoleView]]] = []
    for title, members in SECTIONS:
        views = []
        for kind, model, name, slug in members:
            view = kind(
                model, db, name=name, endpoint=f"console_{slug.replace('-', '_')}", url=f"/ops/{slug}"
            )
            admin.add_view(view)
            views.append(view)
        made.append((title, views))
    app.extensions["portal_console"] = made
    app.jinja_env.globals["console_sections"] = lambda: sections(app)
    app.jinja_env.globals["record_history"] = history


def sections(app: Flask) -> list[tuple[Any, list[ConsoleView]]]:
    """The sections and views the signed-in actor may open."""
    mine = [
        (title, [v for v in views if v.is_accessible()])
        for title, views in app.extensions["portal_console"]
    ]
    return [(title, views) for title, views in mine if views]
