"""Flask-Admin as its documentation builds it: one ModelView behind Flask-Login, narrowed by ``get_query``."""

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
    plan_page,
    query,
)  # fmt: skip

RANGES = {login: (low, high) for login, low, high in ROLES.values()}


def build() -> tuple[Any, Any]:
    """The application and its view."""
    from flask import Flask, redirect, request
    from flask_admin import Admin
    from flask_admin.contrib.sqla import ModelView
    from flask_admin.contrib.sqla.filters import FilterEqual, IntGreaterFilter, IntSmallerFilter
    from flask_babel import Babel
    from flask_login import LoginManager, UserMixin, current_user, login_user
    from flask_sqlalchemy import SQLAlchemy
    from werkzeug.security import check_password_hash, generate_password_hash

    app = Flask(__name__)
    app.config.update(
        SECRET_KEY="only-for-the-benchmark-0123456789abcdef",
        SQLALCHEMY_DATABASE_URI=os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"),
    )
    Babel(app, default_locale="zh_Hans_CN")
    db = SQLAlchemy(app)

    class Region(models.RegionColumns, db.Model):
        pass

    class Town(models.TownColumns, db.Model):
        pass

    class Community(models.CommunityColumns, db.Model):
        pass

    class PlanTask(models.PlanTaskColumns, db.Model):
        pass

    class User(UserMixin, db.Model):
        __tablename__ = "flask_admin_user"
        id = db.Column(db.Integer, primary_key=True)
        login = db.Column(db.String(64), unique=True, nullable=False)
        password = db.Column(db.String(256), nullable=False)

    class InJurisdiction(ModelView):
        def is_accessible(self) -> bool:
            return bool(current_user.is_authenticated)

        def _mine(self, statement: Any) -> Any:
            low, high = RANGES.get(current_user.login, ("", ""))
            return statement.filter(self.model.county_code >= low, self.model.county_code < high)

        def get_query(self) -> Any:
            return self._mine(super().get_query())

        def get_count_query(self) -> Any:
            return self._mine(super().get_count_query())

    class PlanTaskView(InJurisdiction):
        can_view_details = can_export = True
        can_create = can_edit = can_delete = False
        export_types = ["xlsx"]
        export_max_rows = 1_000_000
        column_list = models.PLAN_SHOWN
        column_export_list = [{"names": "communities", "state": "implementation_state"}.get(k, k) for k in PLAN_COLUMNS]
        column_searchable_list = ["name", "code"]
        column_filters = [FilterEqual(PlanTask.year, "Year")]
        column_default_sort = "id"
        can_set_page_size = True

    class CommunityView(InJurisdiction):
        can_view_details = can_export = True
        export_types = ["xlsx"]
        export_max_rows = 1_000_000
        column_list = models.SHOWN
        column_export_list = [{"street": "town"}.get(key, key) for key in EXPORT_COLUMNS]
        column_searchable_list = ["name", "initials"]
        column_filters = [
            IntGreaterFilter(Community.built_year, "Built"), IntSmallerFilter(Community.built_year, "Built"),
            FilterEqual(Community.property_kind, "Kind"),
        ]  # fmt: skip
        column_default_sort = "id"
        can_set_page_size = True

        @property
        def can_create(self) -> bool:
            return current_user.login in WRITERS if current_user else True

        can_edit = can_delete = can_create

    manager = LoginManager(app)
    manager.user_loader(lambda user_id: db.session.get(User, int(user_id)))

    @app.route("/login/", methods=["GET", "POST"])
    def login() -> Any:
        if request.method == "POST":
            user = db.session.execute(db.select(User).filter_by(login=request.form["username"])).scalar_one_or_none()
            if user and check_password_hash(user.password, request.form["password"]):
                login_user(user)
                return redirect("/admin/")
        return "<form method=post><input name=username><input name=password type=password></form>"

    view = CommunityView(Community, db.session, name="Communities", endpoint="community")
    admin = Admin(app, name="Renovation")
    admin.add_view(view)
    admin.add_view(PlanTaskView(PlanTask, db.session, name="Plan tasks", endpoint="plantask"))

    def setup() -> None:
        with app.app_context():
            User.__table__.create(db.engine, checkfirst=True)
            db.session.query(User).delete()
            for name, *_range in ROLES.values():
                db.session.add(User(login=name, password=generate_password_hash(PASSWORD)))
            db.session.commit()

    return app, setup


class FlaskAdminStock(Subject):
    """Flask-Admin, stock."""

    name = "flask_admin"
    row = re.compile(rb'name="rowid"[^>]*value="(\d+)"|/admin/(?:community|plantask)/details/\?id=(\d+)')

    def application(self) -> Any:
        self.app, self._setup = build()
        return self.app

    def setup(self) -> None:
        self.application()
        self._setup()

    def statements(self) -> list[str]:
        return record_statements()

    def login_form(self, page: str, login: str) -> dict[str, str]:
        return {"username": login, "password": PASSWORD}

    def page(self, what: str, role: str, row_id: int) -> str:
        if what == "detail":
            return f"/admin/community/details/?id={row_id}"
        if what in ("plans", "plans_year", "plans_deep"):
            narrowed: dict[str, Any] = {
                "plans": {}, "plans_year": {"flt0_0": PLAN_YEAR}, "plans_deep": {"page": plan_page(role) - 1},
            }[what]  # fmt: skip
            return "/admin/plantask/" + query(page_size=PAGE_ROWS, **narrowed)
        arguments: dict[str, Any] = {
            "list": {},
            "filtered": {"flt0_0": BUILT[0] - 1, "flt1_1": BUILT[1] + 1},
            "deep": {"page": deep_page(role) - 1},
            "search": {"search": SEARCH},
            "initials": {"search": INITIALS},
        }[what]
        return "/admin/community/" + query(page_size=PAGE_ROWS, **arguments)

    def export(self, client: Client, role: str, what: str) -> bytes:
        path = "/admin/community/export/xlsx/" + query(flt0_2=EXPORT_KIND)
        answer = client.get(path if what == "export" else "/admin/plantask/export/xlsx/")
        if answer.status != 200:
            raise RuntimeError(f"the export answered {answer.status}")
        return answer.body
