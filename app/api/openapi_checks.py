"""Schemas and paths of recognitions and inspections for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from app.api import area_queries as queries
from app.api import checks
from app.api.openapi_areas import Schema, field
from app.extensions import _
from app.inspections import rules as inspections
from app.recognition import rules as recognitions

_NUMBER: Schema = {"type": "integer", "minimum": 1}
_VERSION: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_TEXT: Schema = {"type": "string", "nullable": True}
_FIGURE: Schema = {"type": "number", "nullable": True}
_REASON: Schema = {"type": "string", "minLength": 1, "maxLength": 1000}
_STEPS: dict[str, dict[str, tuple[str, Schema]]] = {
    "Recognition": {
        "submit": ("submit", {"declared": _FLAG}), "withdraw": ("withdraw", {}),
        "recognise": ("recognise", {"declared": _FLAG}), "return": ("return", {"reason": _REASON}),
        "revoke": ("revoke", {"reason": _REASON}),
    },
    "Inspection": {"conclude": ("conclude", {}), "annul": ("annul", {"reason": _REASON})},
}  # fmt: skip
_FLOWS = {"Recognition": recognitions.FLOW, "Inspection": inspections.FLOW}


def _object(properties: Schema, *required: str) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": list(required)} if required else {})


def _shown(kind: str) -> Schema:
    properties = {key: field(kind, key) for key in queries.SHOWN[kind]}
    properties |= {key: {"type": "string"} for key in ("city", "county")}
    properties["items"] = {"type": "array", "items": {"type": "object"}}
    return {"type": "object", "properties": properties}


def schemas(page_of: Any, one: Any) -> dict[str, Schema]:
    """Named schemas; ``page_of`` and ``one`` wrap as those of communities."""
    state = _TEXT | {"enum": [*recognitions.CONTENT_STATES]}
    finding = _TEXT | {"enum": [*inspections.FINDINGS, "", None]}
    contents = {
        "Recognition": {"id": _NUMBER, "state": state, "quantity1": _FIGURE, "quantity2": _FIGURE},
        "Inspection": {
            "id": _NUMBER, "finding": finding, "problem": _TEXT, "hand_over": _FLAG, "deadline": _TEXT,
            "version": _VERSION,
        },
    }  # fmt: skip
    typed = {"Recognition": checks.RecognitionApi.typed, "Inspection": checks.InspectionApi.typed}
    kind = {"type": "string", "enum": list(recognitions.KINDS)}
    found: dict[str, Schema] = {
        "RecognitionCreate": _object({"plan_task_id": _NUMBER, "kind": kind}, "plan_task_id", "kind"),
        "InspectionCreate": _object({"plan_task_id": _NUMBER}, "plan_task_id"),
    }
    for name, table in (("Recognition", "recognition"), ("Inspection", "inspection")):
        item = _object(contents[name], "id")
        fields = {key: field(table, key) for key in typed[name]}
        if name == "Inspection":
            fields["conclusion"] = fields["conclusion"] | {"enum": [*inspections.CONCLUSIONS, "", None]}
        items = {"type": "array", "maxItems": checks.MOST_ITEMS, "items": item}
        found[f"{name}Update"] = _object({**fields, "items": items, "version": _VERSION})
        found[name] = _shown(table)
        found[f"{name}Page"], found[f"{name}Answer"] = page_of(name), one(name, "integer")
        for step, (_action, more) in _STEPS[name].items():
            needed = ("reason",) if "reason" in more else ()
            found[f"{name}{step.capitalize()}"] = _object({**more, "version": _VERSION}, *needed)
    return found


def paths(operation: Any, answers: Any, sends: Any, q: Any, pk: Any, match: Schema) -> Schema:
    """Paths of both resources, built with the helpers of the document."""
    found: Schema = {}
    for resource, name, kind, said in (
        ("recognitions", "Recognition", "recognition", _("Recognitions of start and finish")),
        ("inspections", "Inspection", "inspection", _("Inspections (list)")),
    ):
        changed = answers(
            200, f"{name}Answer", 400, 401, 403, 404, 409, 413, 415, 422, 428, headers={"ETag": ""}
        )
        made = answers(
            201, f"{name}Answer", 400, 401, 403, 404, 413, 415, 422, headers={"ETag": "", "Location": ""}
        )
        one = answers(200, f"{name}Answer", 400, 401, 403, 404, headers={"ETag": ""})
        found[f"/api/v1/{resource}/"] = {
            "get": operation(resource, f"list_{resource}", said, answers(200, f"{name}Page", 400, 401, 403),
                             parameters=[q(queries.OFFERED[kind])]),
            "post": operation(resource, f"create_{resource}", said, made, requestBody=sends(f"{name}Create")),
        }  # fmt: skip
        found[f"/api/v1/{resource}/{{pk}}"] = {
            "get": operation(resource, f"get_{resource}", said, one, parameters=[pk("integer")]),
            "put": operation(resource, f"change_{resource}", said, changed, parameters=[pk("integer"), match],
                             requestBody=sends(f"{name}Update")),
        }  # fmt: skip
        labels = {step.action: step.label for step in _FLOWS[name].transitions}
        for step, (action, _more) in _STEPS[name].items():
            found[f"/api/v1/{resource}/{{pk}}/{step}"] = {
                "post": operation(resource, f"{step}_{kind}", _(labels[action]), changed,
                                  parameters=[pk("integer"), match],
                                  requestBody=sends(f"{name}{step.capitalize()}")),
            }  # fmt: skip
    return found
