"""The first page after signing in."""

from __future__ import annotations

from typing import Any

from flask import redirect
from flask_appbuilder import IndexView, expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.persistence.context import current_actor


class HomeView(IndexView):
    """首页: leads every role to the page its work starts on."""

    route_base = ""
    class_permission_name = "Home"
    base_permissions = ["can_show"]

    @expose("/")
    @has_access
    @permission_name("show")
    def index(self) -> Any:
        from app.navigation import first_page

        return redirect(first_page(current_actor()))


