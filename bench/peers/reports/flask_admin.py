"""Month reports in Flask-Admin: plan tasks with a column of their months, the list of reports, one report's details."""

from __future__ import annotations

import re
from typing import Any

from bench.peers import flask_admin_stock
from bench.peers.reports import models
from bench.subject import DIALOG_ROWS, PAGE_ROWS, SEARCH, STRIP_ROWS, due_month, query, strip_page


def extend(app: Any) -> None:
    """Add the models and views of month reports to the stock application."""
    from flask_admin.contrib.sqla.filters import DateEqualFilter, FilterEqual
    from sqlalchemy.orm import relationship

    db, admin = app.extensions["sqlalchemy"], app.extensions["admin"][0]
    views = {view.endpoint: view for view in admin._views}
    jurisdiction = type(views["plantask"]).__mro__[1]
    community = views["community"].model

    class WorksProject(models.ProjectColumns, db.Model):
        __tablename__ = "works_project"

    class MonthReport(models.ReportColumns, db.Model):
        __tablename__ = "month_report"

    class ReportItem(models.ItemColumns, db.Model):
        __tablename__ = "month_report_item"

    class PlanStrip(db.Model):
        __table__ = db.metadata.tables["plan_task"]
        reports = relationship(MonthReport, viewonly=True)

        @property
        def months(self) -> str:
            return models.months_of(self.reports)

    class StripView(jurisdiction):  # type: ignore[misc, valid-type]
        can_create = can_edit = can_delete = False
        can_view_details = can_set_page_size = True
        column_list = models.STRIP_SHOWN
        column_default_sort = "id"

    class ReportView(StripView):
        column_list = models.WAITING_SHOWN
        column_details_list = [*models.REPORT_SHOWN, "items"]
        column_filters = [FilterEqual(MonthReport.state, "State"), DateEqualFilter(MonthReport.month, "Month")]
        column_default_sort = "submitted_at"
        column_auto_select_related = True

    class FreeView(StripView):
        page_size_options = (DIALOG_ROWS, 20)
        column_list = ["name", "town", "built_year", "building_count", "household_count", "floor_area",
                       "planned_investment", "place_state"]  # fmt: skip
        column_searchable_list = ["name"]
        column_filters = [FilterEqual(community.place_state, "State")]

    admin.add_view(StripView(PlanStrip, db.session, name="Reporting", endpoint="planstrip"))
    admin.add_view(ReportView(MonthReport, db.session, name="Month reports", endpoint="monthreport"))
    admin.add_view(FreeView(community, db.session, name="Free communities", endpoint="freecommunity"))


class FlaskAdminReports(flask_admin_stock.FlaskAdminStock):
    """Stock Flask-Admin with month reports."""

    row = re.compile(
        rb'name="rowid"[^>]*value="(\d+)"|/admin/(?:community|planstrip|monthreport|freecommunity)/details/\?id=(\d+)'
    )

    def application(self) -> Any:
        super().application()
        extend(self.app)
        return self.app

    def page(self, what: str, role: str, row_id: int) -> str:
        if what == "report":
            return f"/admin/monthreport/details/?id={row_id}"
        if what in ("strips", "strips_deep"):
            page = {"page": strip_page(role) - 1} if what == "strips_deep" else {}
            return "/admin/planstrip/" + query(page_size=STRIP_ROWS, **page)
        if what == "waiting":
            return "/admin/monthreport/" + query(page_size=PAGE_ROWS, flt0_0="submitted")
        if what == "waiting_plans":
            return "/admin/monthreport/" + query(page_size=STRIP_ROWS, flt0_0="submitted", flt1_1=due_month().isoformat())
        if what in ("dialog", "dialog_search"):
            named = {"search": SEARCH} if what == "dialog_search" else {}
            return "/admin/freecommunity/" + query(page_size=DIALOG_ROWS, flt0_0="free", **named)
        return super().page(what, role, row_id)
