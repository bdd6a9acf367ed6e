"""实施信息上报: the list of plan tasks with their months, and the pages of reports mixed in (M1.6.5.2)."""

from __future__ import annotations

from typing import Any

from flask import redirect
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name

from app.annual_plans.rules import IMPLEMENTATION_STATES
from app.areas.list_views import AreaListPages
from app.extensions import _, _l, db
from app.monthly_reports.due import due_text, month_due
from app.monthly_reports.form_views import ReportFormPages
from app.monthly_reports.listing import OF_MONTH, ReportListing, year_shown
from app.monthly_reports.models import MonthlyReport
from app.monthly_reports.plan_views import ReportPlanPages
from app.monthly_reports.strip_cells import legend
from app.persistence.context import current_actor
from app.web.listing import State
from app.web.preferences import Preference


class MonthlyReportView(ReportFormPages, ReportPlanPages, AreaListPages):
    """Plan tasks with twelve months each; a construction unit meets those it was given."""

    route_base = "/reports"
    datamodel = SQLAInterface(MonthlyReport, db.session)
    class_permission_name = "MonthlyReport"
    listing_class = ReportListing
    include_route_methods = frozenset({
        "start", "list", "export", "count", "preferences", "plan", "begin", "show", "edit", "check", "contents",
        "withdraw", "correct", "delete", "restore",
    })  # fmt: skip
    list_template = "reports/list.html"
    list_title = _l("Report implementation")
    list_columns = ["state"]
    row_pages = False

    @expose("/", methods=["GET"])
    @has_access
    @permission_name("list")
    def start(self) -> Any:
        return redirect(self.path("list"))

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        return {
            **super().list_context(state, preference),
            "year": year_shown(), "due": str(month_due()), "due_text": due_text(),
            "month_states": [(key, _(word)) for key, word in OF_MONTH.items()], "month_legend": legend(),
            "states": [(key, _(word)) for key, word in IMPLEMENTATION_STATES.items()],
            "fills": current_actor().may("can_add", "MonthlyReport"),
        }  # fmt: skip
