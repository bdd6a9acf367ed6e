"""改造内容清单 as the province reads them: its versions, and the contents of one (M1.6.4.1, G4)."""

from __future__ import annotations

from typing import Any

from flask import abort
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.extensions import db
from app.kernel.calendar import today
from app.persistence.context import current_actor
from app.regions.cache import current
from app.schemes import catalogues
from app.web.views import row_id


class CatalogueBookView(BaseView):
    """Versions of the province's catalogue with their periods; they are entered in the console."""

    route_base = "/catalogues"
    class_permission_name = "Catalogue"
    default_view = "list"

    @expose("/", methods=["GET"])
    @has_access
    @permission_name("list")
    def list(self) -> Any:
        province = _province()
        held = catalogues.in_force(db.session(), province, today())
        rows = catalogues.versions(db.session(), province)
        return self.render_template("schemes/catalogues.html", rows=rows, held=held)

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        book = catalogues.version_of(db.session(), _province(), row_id(pk)) or abort(404)
        groups: dict[str, Any] = {}
        for item in catalogues.contents_of(db.session(), book.id):
            groups.setdefault(item.category, []).append(item)
        return self.render_template("schemes/catalogue.html", book=book, groups=groups)


def _province() -> str:
    """The province of the actor's region: catalogues of others do not exist for it."""
    code = current_actor().region_code
    return current().province_of(code).code if code else abort(404)
