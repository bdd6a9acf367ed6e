"""Month reports in stock Flask-AppBuilder: plan tasks with a column of their months, the list of reports, one report
with its contents as a related view."""

from __future__ import annotations

import re
from typing import Any

from bench.peers import fab_stock
from bench.peers.reports import models
from bench.subject import DIALOG_ROWS, PAGE_ROWS, ROLES, SEARCH, STRIP_ROWS, due_month, query, strip_page

STRIPS, REPORTS, ITEMS, FREE = (
    "PlanStripModelView", "MonthReportModelView", "ReportItemModelView", "FreeCommunityModelView",
)  # fmt: skip


def extend(app: Any, builder: Any) -> None:
    """Add the models and views of month reports to the stock application."""
    from flask import g
    from flask_appbuilder import Model, ModelView
    from flask_appbuilder.models.filters import BaseFilter
    from flask_appbuilder.models.sqla.interface import SQLAInterface
    from sqlalchemy.orm import relationship

    known = next(view for view in builder.baseviews if type(view).__name__ == fab_stock.VIEW).datamodel
    session = known.session

    class WorksProject(models.ProjectColumns, Model):
        __tablename__ = "works_project"

    class MonthReport(models.ReportColumns, Model):
        __tablename__ = "month_report"

    class ReportItem(models.ItemColumns, Model):
        __tablename__ = "month_report_item"

    class PlanStrip(Model):
        __table__ = Model.metadata.tables["plan_task"]
        reports = relationship(MonthReport, viewonly=True)

        @property
        def months(self) -> str:
            return models.months_of(self.reports)

    class InJurisdiction(BaseFilter):
        name = "jurisdiction"
        arg_name = "scope"

        def apply(self, statement: Any, _value: Any) -> Any:
            low, high = fab_stock.RANGES.get(g.user.username, ("", ""))
            return statement.filter(self.model.county_code >= low, self.model.county_code < high)

    class PlanStripModelView(ModelView):
        datamodel = SQLAInterface(PlanStrip, session)
        list_columns = models.STRIP_SHOWN
        search_columns = ["name", "year"]
        base_filters = [["county_code", InJurisdiction, ""]]
        base_order = ("id", "asc")
        page_size = STRIP_ROWS

    class ReportItemModelView(ModelView):
        datamodel = SQLAInterface(ReportItem, session)
        list_columns = models.ITEM_SHOWN
        search_columns = ["content"]

    class MonthReportModelView(ModelView):
        datamodel = SQLAInterface(MonthReport, session)
        list_columns = models.WAITING_SHOWN
        show_columns = models.REPORT_SHOWN
        search_columns = ["state", "month"]
        base_filters = [["county_code", InJurisdiction, ""]]
        base_order = ("submitted_at", "asc")
        page_size = PAGE_ROWS
        related_views = [ReportItemModelView]

    class FreeCommunityModelView(ModelView):
        datamodel = SQLAInterface(known.obj, session)
        list_columns = ["name", "town", "built_year", "building_count", "household_count", "floor_area",
                        "planned_investment", "place_state"]  # fmt: skip
        search_columns = ["name", "place_state"]
        base_filters = [["county_code", InJurisdiction, ""]]
        base_order = ("id", "asc")
        page_size = DIALOG_ROWS

    with app.app_context():
        builder.add_view(FreeCommunityModelView, "Free communities", category="Renovation")
        builder.add_view(PlanStripModelView, "Reporting", category="Renovation")
        builder.add_view_no_menu(ReportItemModelView)
        builder.add_view(MonthReportModelView, "Month reports", category="Renovation")


class FabReports(fab_stock.FabStock):
    """Stock Flask-AppBuilder with month reports."""

    row = re.compile(rb'class="action_check"[^>]*id="(\d+)"|/(?:planstrip|monthreport|freecommunity|community)modelview/show/(\d+)')

    def application(self) -> Any:
        super().application()
        extend(self.app, self.builder)
        return self.app

    def setup(self) -> None:
        super().setup()
        with self.app.app_context():
            manager = self.builder.sm
            reading = [(name, view) for name in ("can_list", "can_show") for view in (STRIPS, REPORTS, ITEMS, FREE)]
            reading += [("menu_access", name) for name in ("Reporting", "Month reports", "Free communities")]
            for login, *_range in ROLES.values():
                role = manager.find_role(f"Role of {login}")
                for permission, view in reading:
                    manager.add_permission_role(role, manager.find_permission_view_menu(permission, view))

    def page(self, what: str, role: str, row_id: int) -> str:
        if what == "report":
            return f"/monthreportmodelview/show/{row_id}"
        if what in ("strips", "strips_deep"):
            page = {f"page_{STRIPS}": strip_page(role) - 1} if what == "strips_deep" else {}
            return "/planstripmodelview/list/" + query(**{f"psize_{STRIPS}": STRIP_ROWS}, **page)
        if what in ("waiting", "waiting_plans"):
            narrowed: dict[str, Any] = {"_flt_3_state": "submitted", f"psize_{REPORTS}": PAGE_ROWS}
            if what == "waiting_plans":
                narrowed |= {"_flt_0_month": due_month().isoformat(), f"psize_{REPORTS}": STRIP_ROWS}
            return "/monthreportmodelview/list/" + query(**narrowed)
        if what in ("dialog", "dialog_search"):
            named = {"_flt_2_name": SEARCH} if what == "dialog_search" else {}
            free: dict[str, Any] = {"_flt_3_place_state": "free", f"psize_{FREE}": DIALOG_ROWS, **named}
            return "/freecommunitymodelview/list/" + query(**free)
        return super().page(what, role, row_id)

