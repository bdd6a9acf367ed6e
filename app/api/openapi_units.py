"""Schemas and paths of construction units' accounts for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from app.accounts.construction.rules import FLOW
from app.api import area_queries as queries
from app.api.openapi_areas import Schema, field
from app.extensions import _
from app.notifications.rules import SMS_STATES

_KIND, _NAME, _PATH = "construction_account", "ConstructionAccount", "construction-accounts"
_VERSION: Schema = {"type": "integer", "minimum": 0}
_TEXT: Schema = {"type": "string", "nullable": True}
_STEPS: dict[str, Schema] = {"stop": {}, "start": {}, "reset": {"phone": _TEXT}}


def _object(properties: Schema, *required: str) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": list(required)} if required else {})


def schemas(page_of: Any, one: Any) -> dict[str, Schema]:
    """Named schemas; ``page_of`` and ``one`` wrap as those of communities."""
    shown = {key: field(_KIND, key) for key in queries.SHOWN[_KIND]}
    shown["state"] |= {"enum": list(FLOW.states)}
    shown |= {key: {"type": "string"} for key in ("city", "county", "username")}
    shown |= {"last_login": _TEXT, "sms_state": _TEXT | {"enum": [*SMS_STATES, None]}}
    typed = {"username": {"type": "string"}, "unit_name": {"type": "string"}, "phone": {"type": "string"}}
    number = {"type": "integer", "minimum": 1}
    return {
        _NAME: {"type": "object", "properties": shown},
        f"{_NAME}Page": page_of(_NAME),
        f"{_NAME}Answer": one(_NAME, "integer"),
        f"{_NAME}Create": _object({"plan_task_id": number, **typed}, "plan_task_id", *typed),
        **{f"{_NAME}{step.capitalize()}": _object({**more, "version": _VERSION}) for step, more in _STEPS.items()},
    }


def paths(operation: Any, answers: Any, sends: Any, q: Any, pk: Any, match: Schema) -> Schema:
    """The paths, built with the helpers of the document."""
    said, refusals = _("Accounts of construction units (function)"), (400, 401, 403, 404, 413, 415, 422)
    made = answers(201, f"{_NAME}Answer", *refusals, headers={"ETag": "", "Location": ""})
    changed = answers(200, f"{_NAME}Answer", *refusals, 409, 428, headers={"ETag": ""})
    one = answers(200, f"{_NAME}Answer", 400, 401, 403, 404, headers={"ETag": ""})
    labels = {step.action: step.label for step in FLOW.transitions}
    found: Schema = {
        f"/api/v1/{_PATH}/": {
            "get": operation(_PATH, f"list_{_KIND}s", said, answers(200, f"{_NAME}Page", 400, 401, 403),
                             parameters=[q(queries.OFFERED[_KIND])]),
            "post": operation(_PATH, f"issue_{_KIND}", _("Issue account"), made,
                              requestBody=sends(f"{_NAME}Create")),
        },
        f"/api/v1/{_PATH}/{{pk}}": {
            "get": operation(_PATH, f"get_{_KIND}", said, one, parameters=[pk("integer")]),
        },
    }  # fmt: skip
    for step in _STEPS:
        found[f"/api/v1/{_PATH}/{{pk}}/{step}"] = {
            "post": operation(_PATH, f"{step}_{_KIND}", _(labels[step]), changed,
                              parameters=[pk("integer"), match], requestBody=sends(f"{_NAME}{step.capitalize()}")),
        }  # fmt: skip
    return found
