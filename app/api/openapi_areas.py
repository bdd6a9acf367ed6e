"""Schemas and paths of reserve projects, plan tasks, their links and schemes for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Date, Integer, Numeric, SmallInteger

from app.api import area_queries as queries
from app.api import schemes
from app.api.areas import MOST_LINKS, PlanApi, ReserveApi
from app.extensions import _
from app.kernel.errors import N_
from app.persistence.types import ExactDecimal
from app.schemes.rules import FUNDING_SOURCES

Schema = dict[str, Any]
NAMES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("reserve-projects", "ReserveProject", "reserve_project", ReserveApi.typed),
    ("plan-tasks", "PlanTask", "plan_task", PlanApi.typed),
    ("schemes", "Scheme", "scheme", schemes.TYPED),
)
_TITLES = {
    "reserve-projects": N_("Reserve projects"), "plan-tasks": N_("Plan tasks"), "schemes": N_("Schemes (API)"),
}  # fmt: skip


def _kind(column: Any) -> str:
    if isinstance(column.type, Boolean):
        return "boolean"
    if isinstance(column.type, Integer | SmallInteger) or column.name == "id":
        return "integer"
    return "number" if isinstance(column.type, Numeric | ExactDecimal) else "string"


def field(kind: str, key: str) -> Schema:
    column = queries.TABLES[kind].c[key]
    said = str(column.info.get("label", key))
    schema: Schema = {"type": _kind(column), "nullable": True, "description": said}
    return schema | {"format": "date"} if isinstance(column.type, Date) else schema


def _funding(*, null: bool) -> Schema:
    """Amounts by source; null or 0 removes a line."""
    amounts = {
        source: {"type": "number", "minimum": 0, "nullable": null, "description": _(word)}
        for source, word in FUNDING_SOURCES.items()
    }
    return {"type": "object", "properties": amounts, "additionalProperties": False}


def _shown(kind: str) -> Schema:
    properties = {key: field(kind, key) for key in queries.SHOWN[kind]}
    properties |= {key: {"type": "string"} for key in ("city", "county")}
    if kind == "scheme":
        properties["items"] = {"type": "array", "items": {"type": "object"}}
        properties["funding"] = _funding(null=False)
    return {"type": "object", "properties": properties}


def _sent(kind: str, typed: tuple[str, ...], *, version: bool) -> Schema:
    properties = {key: field(kind, key) | {"type": field(kind, key)["type"]} for key in typed}
    if version:
        properties["version"] = {"type": "integer", "minimum": 0}
    if kind == "scheme":
        one = {"catalogue_item_id": {"type": "integer"}, "quantity1": {"type": "number", "nullable": True},
               "quantity2": {"type": "number", "nullable": True}}  # fmt: skip
        item = {"type": "object", "properties": one, "required": ["catalogue_item_id"], "additionalProperties": False}
        properties["items"] = {"type": "array", "maxItems": schemes.MOST_ITEMS, "items": item}
        properties["funding"] = _funding(null=True)
    return {"type": "object", "properties": properties, "additionalProperties": False}


def schemas(page_of: Any, one: Any) -> dict[str, Schema]:
    """Named schemas; ``page_of`` and ``one`` wrap as those of communities."""
    found: dict[str, Schema] = {}
    for _resource, name, kind, typed in NAMES:
        found[name] = _shown(kind)
        found[f"{name}Page"], found[f"{name}Answer"] = page_of(name), one(name, "integer")
        found[f"{name}Update"] = _sent(kind, typed, version=True)
        if kind != "scheme":
            found[f"{name}Create"] = _sent(kind, typed, version=False) | {"required": ["name"]}
    number = {"type": "integer"}
    found["SchemeCreate"] = {
        "type": "object", "additionalProperties": False,
        "properties": {"reserve_project_id": number, "plan_task_id": number},
    }  # fmt: skip
    numbers = {"type": "array", "maxItems": MOST_LINKS, "items": number}
    lists = {"communities": numbers, "reserve_projects": numbers}
    found["Links"] = {
        "type": "object", "required": ["id", "result", "messages"],
        "properties": {"id": number, "result": {"type": "object", "properties": lists},
                       "messages": {"type": "array", "items": {"type": "string"}}},
    }  # fmt: skip
    found["LinkOrder"] = {
        "type": "object", "additionalProperties": False,
        "properties": {**lists, "keep_scheme": {"type": "boolean"}},
    }  # fmt: skip
    return found


def paths(operation: Any, answers: Any, sends: Any, q: Any, pk: Any, match: Schema) -> Schema:
    """Paths of the three resources, built with the helpers of the document."""
    found: Schema = {}
    for resource, name, kind, _typed in NAMES:
        said, tag = _(_TITLES[resource]), resource.replace("-", "_")
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
        if kind == "scheme":
            continue
        linked = answers(200, "Links", 400, 401, 403, 404, 413, 415, 422)
        verbs: tuple[tuple[str, str, dict[str, Any]], ...] = (
            ("get", _("Links"), {}),
            ("post", _("Link (API)"), {"requestBody": sends("LinkOrder")}),
            ("delete", _("Unlink (API)"), {"requestBody": sends("LinkOrder")}),
        )
        found[f"/api/v1/{resource}/{{pk}}/links"] = {
            verb: operation(resource, f"{verb}_links_of_{tag}", words, linked, parameters=[pk("integer")], **more)
            for verb, words, more in verbs
        }
    return found
