"""The audit trail: the audit administrator reads, proves and exports it; nobody changes it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import abort
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name

from app.audit import fields, listing, queries
from app.audit.history import action_label
from app.audit.models import AuditEvent
from app.extensions import _, _l, db
from app.kernel.calendar import today
from app.web.listing import State
from app.web.preferences import Preference
from app.web.views import PortalModelView, row_id


class AuditEventView(PortalModelView):
    """审计记录: who changed what, when, from where, with a proof that the record is what was written.

    FAB's add, edit, delete and action routes are not registered.
    """

    route_base = "/audit"
    datamodel = SQLAInterface(AuditEvent, db.session)
    class_permission_name = "AuditEvent"
    base_permissions = ["can_list", "can_show", "can_export"]
    include_route_methods = {"list", "show", "export", "count", "preferences"}
    listing_class = listing.AuditListing
    list_title = _l("Audit trail")
    list_template = "audit/events.html"
    list_columns = ["at"]

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        kinds = [("", _("Every kind of record")), *listing.entity_choices()]
        return {
            "tree": [self._periods(state), [self.node(state, label, entity=key) for key, label in kinds]],
            "tree_title": _("Period and kind"),
            "sums": "",
            "actions": listing.action_choices(),
            "counties": listing.county_choices(),
        }

    def node(self, state: State, label: str, **args: str) -> dict[str, Any]:
        """One link of the tree: this list narrowed by ``args``, other conditions of the group replaced."""
        return {
            "label": label,
            "href": state.url(self.path("list"), **{key: value or None for key, value in args.items()}),
            "count": None,
            "current": all(state.args.get(key, "") == value for key, value in args.items()),
            "icon": "",
            "children": [],
        }

    def _periods(self, state: State) -> list[dict[str, Any]]:
        now = today()
        choices = ((_("At any time"), ""), (_("Today"), now.isoformat()))
        spans = tuple(
            (_("Last %(n)s days", n=days), (now - dt.timedelta(days=days - 1)).isoformat())
            for days in (7, 30, 365)
        )
        return [
            self.node(state, label, **{"from": first, "to": ""}) for label, first in (*choices, *spans)
        ]

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        event = queries.event(row_id(pk))
        if event is None:
            abort(404)
        return self.render_template(
            "audit/event.html",
            view=self,
            event=event,
            action=action_label(event.action),
            kind=fields.entity_label(event.entity),
            county=fields.show("county_code", None, event.county_code),
            changes=fields.changes(event.entity, event.before, event.after),
            proof=queries.proof(event),
        )
