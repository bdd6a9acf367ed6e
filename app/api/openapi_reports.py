"""Schemas and paths of works projects and month reports for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from app.api import area_queries as queries
from app.api import monthly_reports as reports
from app.api import works
from app.api.openapi_areas import Schema, field
from app.extensions import _
from app.monthly_reports.rules import FLOW, ITEM_STATES, LONGEST_REASON, PROGRESS
from app.works.rules import REQUIRED, UNIT_KINDS

_NUMBER: Schema = {"type": "integer", "minimum": 1}
_VERSION: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_TEXT: Schema = {"type": "string", "nullable": True}


def _object(properties: Schema, *required: str) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": list(required)} if required else {})


def _shown(kind: str) -> Schema:
    properties = {key: field(kind, key) for key in queries.SHOWN[kind]}
    properties |= {key: {"type": "string"} for key in ("city", "county")}
    if kind == "monthly_report":
        properties["state"] |= {"enum": list(FLOW.states)}
        properties["items"] = {"type": "array", "items": {"type": "object"}}
        properties["warnings"] = {"type": "array", "items": {"type": "string"}}
    return {"type": "object", "properties": properties}


def _works() -> Schema:
    typed = {key: field("works_project", key) for key in works.TYPED}
    typed["construction_unit_kind"] = typed["construction_unit_kind"] | {"enum": [*UNIT_KINDS, "", None]}
    return {
        "WorksProjectCreate": _object({**typed, "plan_task_id": _NUMBER}, "plan_task_id", *REQUIRED),
        "WorksProjectUpdate": _object({**typed, "version": _VERSION}),
    }


def _reports() -> Schema:
    number: Schema = {"type": "number", "nullable": True}
    item = {
        "catalogue_item_id": _NUMBER, "state": _TEXT | {"enum": [*ITEM_STATES, "", None]}, "method": _TEXT,
        "quantity1": number, "quantity2": number,
    }  # fmt: skip
    typed = {key: field("monthly_report", key) for key in reports.TYPED}
    typed["progress"] = typed["progress"] | {"enum": [*PROGRESS, "", None]}
    items = {"type": "array", "maxItems": reports.MOST_ITEMS, "items": _object(item, "catalogue_item_id")}
    reason = {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON}
    month = {"type": "string", "example": "2026-11"}
    return {
        "MonthlyReportCreate": _object(
            {"works_project_id": _NUMBER, "month": month}, "works_project_id", "month"
        ),
        "MonthlyReportUpdate": _object({**typed, "items": items, "version": _VERSION}),
        "MonthlyReportSubmit": _object(
            {"declared": _FLAG, "accept_warnings": _FLAG, "note": _TEXT, "version": _VERSION}
        ),
        "MonthlyReportWithdraw": _object({"note": _TEXT, "version": _VERSION}),
        "MonthlyReportApprove": _object({"declared": _FLAG, "note": _TEXT, "version": _VERSION}),
        "MonthlyReportReturn": _object({"reason": reason, "version": _VERSION}, "reason"),
    }


def schemas(page_of: Any, one: Any) -> dict[str, Schema]:
    """Named schemas; ``page_of`` and ``one`` wrap as those of communities."""
    found: dict[str, Schema] = {**_works(), **_reports()}
    for name, kind in (("WorksProject", "works_project"), ("MonthlyReport", "monthly_report")):
        found[name] = _shown(kind)
        found[f"{name}Page"], found[f"{name}Answer"] = page_of(name), one(name, "integer")
    return found


def paths(operation: Any, answers: Any, sends: Any, q: Any, pk: Any, match: Schema) -> Schema:
    """Paths of both resources, built with the helpers of the document."""
    found: Schema = {}
    for resource, name, kind, said in (
        ("works-projects", "WorksProject", "works_project", _("Works projects (API)")),
        ("monthly-reports", "MonthlyReport", "monthly_report", _("Month reports (API)")),
    ):
        tag = resource.replace("-", "_")
        changed = answers(200, f"{name}Answer", 400, 401, 403, 404, 409, 413, 415, 422, 428, headers={"ETag": ""})
        made = answers(201, f"{name}Answer", 400, 401, 403, 404, 413, 415, 422, headers={"ETag": "", "Location": ""})
        one = answers(200, f"{name}Answer", 400, 401, 403, 404, headers={"ETag": ""})
        found[f"/api/v1/{resource}/"] = {
            "get": operation(resource, f"list_{tag}", said, answers(200, f"{name}Page", 400, 401, 403),
                             parameters=[q(queries.OFFERED[kind])]),
            "post": operation(resource, f"create_{tag}", said, made, requestBody=sends(f"{name}Create")),
        }  # fmt: skip
        found[f"/api/v1/{resource}/{{pk}}"] = {
            "get": operation(resource, f"get_{tag}", said, one, parameters=[pk("integer")]),
            "put": operation(resource, f"change_{tag}", said, changed, parameters=[pk("integer"), match],
                             requestBody=sends(f"{name}Update")),
        }  # fmt: skip
    for step, said in (
        ("submit", _("Submit for review")), ("withdraw", _("Withdraw (report)")),
        ("approve", _("Approve (report)")), ("return", _("Return (report)")),
    ):  # fmt: skip
        done = answers(200, "MonthlyReportAnswer", 400, 401, 403, 404, 409, 413, 415, 422, 428, headers={"ETag": ""})
        found[f"/api/v1/monthly-reports/{{pk}}/{step}"] = {
            "post": operation("monthly-reports", f"{step}_monthly_report", said, done,
                              parameters=[pk("integer"), match],
                              requestBody=sends(f"MonthlyReport{step.capitalize()}")),
        }  # fmt: skip
    return found
