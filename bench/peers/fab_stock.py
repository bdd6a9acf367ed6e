"""Flask-AppBuilder as its quickhowto builds it: one ModelView, a base filter for the jurisdiction.

Stock: widgets, templates and permissions are FAB's. FAB exports nothing itself, so the view has the method that its
users write: the rows of its own datamodel into a tablib workbook.
"""

from __future__ import annotations

import os
import re
from typing import Any

from bench.http import Client
from bench.ours import record_statements
from bench.peers import models
from bench.subject import (
    BUILT,
    EXPORT_COLUMNS,
    EXPORT_KIND,
    INITIALS,
    PAGE_ROWS,
    PASSWORD,
    PLAN_COLUMNS,
    PLAN_YEAR,
    ROLES,
    SEARCH,
    WRITERS,
    Subject,
    deep_page,
    hidden,
    plan_page,
    query,
)  # fmt: skip

VIEW, PLANS = "CommunityModelView", "PlanTaskModelView"
RANGES = {login: (low, high) for login, low, high in ROLES.values()}


def build() -> Any:
    """The application, its models and its view."""
    import tablib
    from flask import Flask, g, make_response, redirect, request
    from flask_appbuilder import AppBuilder, Model, ModelView, action, expose, has_access
    from flask_appbuilder.models.filters import BaseFilter
    from flask_appbuilder.models.sqla.base import SQLA
    from flask_appbuilder.models.sqla.interface import SQLAInterface

    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="only-for-the-benchmark-0123456789abcdef", SQLALCHEMY_DATABASE_URI=_url(), CSRF_ENABLED=True,
        SQLALCHEMY_TRACK_MODIFICATIONS=False, BABEL_DEFAULT_LOCALE="zh", LANGUAGES={"zh": {"flag": "cn", "name": "Chinese"}},
        RATELIMIT_ENABLED=False, FAB_UPDATE_PERMS=bool(os.environ.get("BENCH_SETUP")),
        FAB_CREATE_DB=bool(os.environ.get("BENCH_SETUP")),
    )  # fmt: skip
    db = SQLA(app)

    class Region(models.RegionColumns, Model):
        pass

    class Town(models.TownColumns, Model):
        pass

    class Community(models.CommunityColumns, Model):
        pass

    class PlanTask(models.PlanTaskColumns, Model):
        pass

    class InJurisdiction(BaseFilter):
        name = "jurisdiction"
        arg_name = "scope"

        def apply(self, statement: Any, _value: Any) -> Any:
            low, high = RANGES.get(g.user.username, ("", ""))
            return statement.filter(self.model.county_code >= low, self.model.county_code < high)

    def workbook(headers: Any, rows: Any) -> Any:
        data = tablib.Dataset(headers=headers)
        for row in rows:
            data.append(row)
        answer = make_response(data.export("xlsx"))
        answer.headers["Content-Disposition"] = "attachment; filename=rows.xlsx"
        return answer

    class CommunityModelView(ModelView):
        datamodel = SQLAInterface(Community, db.session)
        list_columns = models.SHOWN
        show_columns = [*models.SHOWN, "address", "place_kind", "property_kind", "unit_count",
                        "unit_without_elevator_count", "substandard_household_count", "lng", "lat", "supervision_unit",
                        "supervisor_name", "supervisor_phone", "implementer_unit", "implementer_name",
                        "implementer_phone", "original_owners", "intended_contents"]  # fmt: skip
        search_columns = ["name", "initials", "built_year", "household_count", "place_kind", "property_kind"]
        base_filters = [["county_code", InJurisdiction, ""]]
        base_order = ("id", "asc")
        page_size = PAGE_ROWS

        @action("muldelete", "Delete", "Delete the ticked communities?", "fa-trash")
        def muldelete(self, items: list[Any]) -> Any:
            self.datamodel.delete_all(items)
            self.update_redirect()
            return redirect(self.get_redirect())

        @expose("/export/")
        @has_access
        def export(self) -> Any:
            filters = self.datamodel.get_filters(self.search_columns)
            filters.add_filter_list(self.base_filters)
            filters.add_filter("property_kind", self.datamodel.FilterEqual, request.args["property_kind"])
            _count, rows = self.datamodel.query(filters, "id", "asc")
            return workbook(EXPORT_COLUMNS, ([models.export_value(row, key) for key in EXPORT_COLUMNS] for row in rows))

    class PlanTaskModelView(ModelView):
        datamodel = SQLAInterface(PlanTask, db.session)
        list_columns = models.PLAN_SHOWN
        search_columns = ["name", "code", "year", "implementation_state"]
        base_filters = [["county_code", InJurisdiction, ""]]
        base_order = ("id", "asc")
        page_size = PAGE_ROWS

        @expose("/export/")
        @has_access
        def export(self) -> Any:
            filters = self.datamodel.get_filters(self.search_columns)
            filters.add_filter_list(self.base_filters)
            _count, rows = self.datamodel.query(filters, "id", "asc")
            return workbook(PLAN_COLUMNS, ([models.plan_value(row, key) for key in PLAN_COLUMNS] for row in rows))

    with app.app_context():
        builder = AppBuilder(app, db.session)
        builder.add_view(CommunityModelView, "Communities", category="Renovation")
        builder.add_view(PlanTaskModelView, "Plan tasks", category="Renovation")
    return app, builder


def _url() -> str:
    return os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")


class FabStock(Subject):
    """Flask-AppBuilder, stock."""

    name = "fab"
    row = re.compile(rb'class="action_check"[^>]*id="(\d+)"|/(?:community|plantask)modelview/show/(\d+)')

    def application(self) -> Any:
        self.app, self.builder = build()
        return self.app

    def setup(self) -> None:
        os.environ["BENCH_SETUP"] = "1"
        self.application()
        with self.app.app_context():
            manager = self.builder.sm
            reading = [(name, view) for name in ("can_list", "can_show", "can_export") for view in (VIEW, PLANS)]
            reading += [("menu_access", name) for name in ("Communities", "Plan tasks", "Renovation")]
            writing = [(name, VIEW) for name in ("can_add", "can_edit", "can_delete", "muldelete")]
            for login, *_range in ROLES.values():
                role = manager.add_role(f"Role of {login}")
                for permission, view in reading + (writing if login in WRITERS else []):
                    manager.add_permission_role(role, manager.find_permission_view_menu(permission, view))
                if user := manager.find_user(login):
                    user.roles = [role]
                    manager.update_user(user)
                else:
                    manager.add_user(login, login, login, f"{login}@example.org", role, PASSWORD)

    def statements(self) -> list[str]:
        return record_statements()

    def login_form(self, page: str, login: str) -> dict[str, str]:
        return {"csrf_token": hidden(page, "csrf_token"), "username": login, "password": PASSWORD}

    def page(self, what: str, role: str, row_id: int) -> str:
        if what == "detail":
            return f"/communitymodelview/show/{row_id}"
        if what in ("plans", "plans_year", "plans_deep"):
            narrowed: dict[str, Any] = {
                "plans": {}, "plans_year": {"_flt_0_year": PLAN_YEAR},
                "plans_deep": {f"page_{PLANS}": plan_page(role) - 1},
            }[what]  # fmt: skip
            return "/plantaskmodelview/list/" + query(**{f"psize_{PLANS}": PAGE_ROWS}, **narrowed)
        arguments: dict[str, Any] = {
            "list": {},
            "filtered": {"_flt_1_built_year": BUILT[0] - 1, "_flt_2_built_year": BUILT[1] + 1},
            "deep": {f"page_{VIEW}": deep_page(role) - 1},
            "search": {"_flt_2_name": SEARCH},
            "initials": {"_flt_2_initials": INITIALS},
        }[what]
        return "/communitymodelview/list/" + query(**{f"psize_{VIEW}": PAGE_ROWS}, **arguments)

    def export(self, client: Client, role: str, what: str) -> bytes:
        path = "/communitymodelview/export/" + query(property_kind=EXPORT_KIND)
        answer = client.get(path if what == "export" else "/plantaskmodelview/export/")
        if answer.status != 200:
            raise RuntimeError(f"the export answered {answer.status}")
        return answer.body
