"""The API's own description: the OpenAPI document and the page that shows it."""

from __future__ import annotations

from typing import Any

from flask import jsonify
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.api import openapi
from app.api.areas import PlanApi, ReserveApi
from app.api.checks import InspectionApi, RecognitionApi
from app.api.communities import CommunityApi
from app.api.construction_accounts import ConstructionAccountApi
from app.api.monthly_reports import MonthlyReportApi
from app.api.regions import RegionApi
from app.api.schemes import SchemeApi
from app.api.works import WorksProjectApi
from app.extensions import _

__all__ = [
    "CommunityApi", "DescriptionView", "MonthlyReportApi", "PlanApi", "RegionApi", "ReserveApi", "SchemeApi",
    "WorksProjectApi", "RecognitionApi", "InspectionApi", "ConstructionAccountApi",
]  # fmt: skip


def flat(schema: dict[str, Any]) -> str:
    """A schema in a word: ``string``, ``Community``, ``Community[]``."""
    if ref := schema.get("$ref"):
        return str(ref).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"{flat(schema['items'])}[]"
    return str(schema.get("type", "object"))


class DescriptionView(BaseView):
    """``/api/v1/openapi.json`` and ``/api/docs``: for everybody who is signed in."""

    route_base = "/api"
    class_permission_name = "Api"
    default_view = "docs"

    @expose("/v1/openapi.json", methods=["GET"])
    @has_access
    @permission_name("show")
    def document(self) -> Any:
        """The OpenAPI 3 document."""
        return jsonify(openapi.document())

    @expose("/docs", methods=["GET"])
    @has_access
    @permission_name("show")
    def docs(self) -> Any:
        """Paths, parameters, answers and schemas, drawn from the document without outside assets."""
        return self.render_template("api/docs.html", document=openapi.document(), flat=flat, fields=_fields)


def _fields(schema: dict[str, Any]) -> list[tuple[str, str, bool, str, str]]:
    """(name, type, required, limits, description) of an object's properties."""
    required = set(schema.get("required", ()))
    rows = []
    for name, one in schema.get("properties", {}).items():
        limits = [f"{sign} {one[key]:,}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in one]
        if "maxLength" in one:
            limits.append(_("At most %(most)s characters.", most=one["maxLength"]))
        if "enum" in one:
            limits.append(" | ".join(str(value) for value in one["enum"] if value))
        rows.append((name, flat(one), name in required, " ".join(limits), one.get("description", "")))
    return rows
