"""The OpenAPI document of the API, made from the same declarations that the handlers check with."""

from __future__ import annotations

from typing import Any

from app.api import (
    communities,
    openapi_areas,
    openapi_checks,
    openapi_reports,
    openapi_units,
    queries,
    regions,
)
from app.api.reading import MOST_FILTERS, MOST_PAGE, MOST_Q, MOST_ROWS, Offered
from app.communities.fields import LEAST, LONGEST, OPTIONAL, PLACE_KINDS, PROPERTY_KINDS, TYPED
from app.communities.models import Community
from app.extensions import _
from app.kernel.errors import N_

VERSION = "1.0.0"
Schema = dict[str, Any]
_columns = Community.__table__.c
_MOST: dict[str, float] = {
    "floor_area": 99_999.9999,
    "planned_investment": 99_999_999.99,
    "lng": 180,
    "lat": 180,
}
_EXTRA: dict[str, str] = {
    "id": N_("Number of the record"),
    "version": N_("Version: rises with every change"),
    "county_code": N_("Code of the county (GB/T 2260)"),
    "place_state": N_("free, reserve or plan"),
    "place_year": N_("Plan year, 0 for none"),
    "place_label": N_("What holds the community"),
    "is_complete": N_("Whether every required field is filled in"),
    "missing": N_("Required fields that are still empty"),
    "created_at": N_("Created at"),
    "updated_at": N_("Last changed at"),
}


def label(key: str) -> str:
    """What a field is called on the pages, with its unit."""
    if key in _EXTRA:
        return _(_EXTRA[key])
    info = _columns[key].info
    unit = f" ({info['unit']})" if info.get("unit") else ""
    return f"{info.get('label', key)}{unit}"


def field_schema(key: str) -> Schema:
    """The JSON schema of a community's field as it is sent."""
    schema: Schema = {"description": label(key), "nullable": True}
    if key in LEAST:
        return schema | {"type": "integer", "minimum": LEAST[key], "maximum": 9_999_999}
    if key == "built_year":
        return schema | {"type": "integer", "minimum": 1900, "maximum": 2100}
    if key in communities.NUMBERS:
        return schema | {
            "type": "number",
            "minimum": -180 if key in ("lng", "lat") else 0,
            "maximum": _MOST[key],
        }
    choices = {"place_kind": PLACE_KINDS, "property_kind": PROPERTY_KINDS}.get(key)
    if choices:
        return schema | {"type": "string", "enum": ["", *choices, None]}
    return schema | {"type": "string", **({"maxLength": LONGEST[key]} if key in LONGEST else {})}


def _shown() -> Schema:
    kinds: dict[str, Schema] = {
        "id": {"type": "integer"}, "version": {"type": "integer"}, "place_year": {"type": "integer"},
        "is_complete": {"type": "boolean"}, "missing": {"type": "array", "items": {"type": "string"}},
        "created_at": {"type": "string", "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
    }  # fmt: skip
    properties = {
        key: _loose(field_schema(key)) if key in TYPED
        else {"description": label(key), **kinds.get(key, {"type": "string"})}
        for key in queries.SHOWN
    }  # fmt: skip
    names = {key: {"type": "string"} for key in ("city", "county", "town")}
    return {"type": "object", "properties": properties | names, "required": [*properties, *names]}


def _loose(schema: Schema) -> Schema:
    """What stands in a record may be older than the present limits: only its kind is promised."""
    return {key: value for key, value in schema.items() if key in ("type", "description", "nullable")}


def _sent(*, update: bool) -> Schema:
    properties: dict[str, Schema] = {key: field_schema(key) for key in TYPED}
    properties["confirmed"] = {
        "type": "string", "description": _("Digest (“confirm”) of the soft findings that the person has seen"),
    }  # fmt: skip
    properties["county_code"] = {"type": "string", "description": label("county_code")}
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if update:
        properties["version"] = {"type": "integer", "minimum": 0, "description": label("version")}
        return schema
    stars = ", ".join(key for key in TYPED if key not in OPTIONAL)
    text = _("Fields that the record needs to be complete: %(fields)s", fields=stars)
    return schema | {"required": ["name"], "description": text}


def _region(*, towns: bool = False) -> Schema:
    text, number = {"type": "string"}, {"type": "number", "nullable": True}
    properties: dict[str, Schema] = {
        "code": text, "name": text, "short_name": text, "path": text, "kind": text,
        "level": {"type": "string", "enum": ["province", "city", "county"]},
        "parent_code": {"type": "string", "nullable": True}, "in_use": {"type": "boolean"},
        "longitude": number, "latitude": number,
    }  # fmt: skip
    if towns:
        town = {"type": "object", "properties": {"code": text, "name": text}, "required": ["code", "name"]}
        properties["towns"] = {"type": "array", "items": town}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _page_of(name: str) -> Schema:
    whole = {"type": "integer", "minimum": 0}
    properties: Schema = {
        "count": whole, "page": whole, "page_size": whole, "result": {"type": "array", "items": _ref(name)},
    }  # fmt: skip
    return {"type": "object", "properties": properties, "required": list(properties)}


def _one(name: str, kind: str) -> Schema:
    return {
        "type": "object",
        "properties": {"id": {"type": kind}, "result": _ref(name)},
        "required": ["id", "result"],
    }


def schemas() -> dict[str, Schema]:
    """Every named schema of the document."""
    finding = {
        "type": "object",
        "required": ["rule", "level", "field", "message"],
        "properties": {
            "rule": {"type": "string"}, "level": {"type": "string", "enum": ["error", "warning", "info"]},
            "field": {"type": "string", "nullable": True}, "message": {"type": "string"},
        },
    }  # fmt: skip
    refusal: Schema = {
        "type": "object",
        "required": ["message"],
        "properties": {
            "message": {"type": "string"}, "findings": {"type": "array", "items": _ref("Finding")},
            "confirm": {"type": "string"}, "current": {"type": "object"}, "version": {"type": "integer"},
        },
    }  # fmt: skip
    return {
        **openapi_areas.schemas(_page_of, _one),
        **openapi_reports.schemas(_page_of, _one),
        **openapi_checks.schemas(_page_of, _one),
        **openapi_units.schemas(_page_of, _one),
        "Community": _shown(), "CommunityCreate": _sent(update=False), "CommunityUpdate": _sent(update=True),
        "CommunityPage": _page_of("Community"), "CommunityAnswer": _one("Community", "integer"),
        "Region": _region(), "RegionDetail": _region(towns=True), "RegionPage": _page_of("Region"),
        "RegionAnswer": _one("RegionDetail", "string"), "Finding": finding, "Refusal": refusal,
    }  # fmt: skip


# ── paths ──
_SAID: dict[int, str] = {
    400: N_("The request cannot be read. Check what was typed and try again."),
    401: N_("Please sign in."),
    403: N_("Your role does not include this function."),
    404: N_("The page or record does not exist, or is not in your jurisdiction."),
    409: N_("Someone else has changed this record meanwhile."),
    413: N_("The file or form is too large."),
    415: N_("This kind of file cannot be used here."),
    422: N_("A rule refuses the values; the findings say which."),
    428: N_("Say which version is changed: If-Match or “version”."),
    429: N_("Too many attempts. Please wait a moment."),
}


def _answers(status: int, schema: str, *refusals: int, headers: Schema | None = None) -> Schema:
    done: Schema = {"description": _("Done"), "content": _json(_ref(schema))}
    if headers:
        done["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    said = {
        str(code): {"description": _(_SAID[code]), "content": _json(_ref("Refusal"))} for code in refusals
    }
    return {str(status): done, **said}


def _q(offered: Offered) -> Schema:
    """The ``q`` of a list, as text in Rison."""
    operators = ", ".join(
        f"{key} ({'/'.join(sorted(offered.operators[k]))})" for key, k in offered.filters.items()
    )
    said = _(
        "Rison: (page:0,page_size:20,order_column:name,order_direction:asc,search:text,"
        "filters:!((col:…,opr:…,value:…))). At most %(rows)s rows a page, %(pages)s pages and %(filters)s filters."
        " Order: %(order)s. Filters: %(operators)s.",
        rows=MOST_ROWS, pages=MOST_PAGE, filters=MOST_FILTERS, order=", ".join(sorted(offered.order)),
        operators=operators,
    )  # fmt: skip
    return {"name": "q", "in": "query", "required": False, "description": said,
            "schema": {"type": "string", "maxLength": MOST_Q}}  # fmt: skip


def _pk(kind: str) -> Schema:
    return {"name": "pk", "in": "path", "required": True, "schema": {"type": kind}}


def _operation(tag: str, name: str, said: str, answers: Schema, **more: Any) -> Schema:
    return {"tags": [tag], "operationId": name, "summary": said, "responses": answers, **more}


def _sends(schema: str) -> Schema:
    return {"required": True, "content": _json(_ref(schema))}


def paths() -> Schema:
    """Every path of the API with its operations."""
    match = {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
             "description": _("The ETag of the version that is changed (or “version” in the body)")}  # fmt: skip
    reveal = {"name": "reveal", "in": "query", "required": False, "schema": {"type": "string", "enum": ["phones"]},
              "description": _("Whole phone numbers, for who may see them; recorded in the audit trail")}  # fmt: skip
    changed = _answers(
        200, "CommunityAnswer", 400, 401, 403, 404, 409, 413, 415, 422, 428, headers={"ETag": ""}
    )
    made = _answers(
        201, "CommunityAnswer", 400, 401, 403, 413, 415, 422, headers={"ETag": "", "Location": ""}
    )
    made["201"]["links"] = {
        "read": {"operationId": "get_community", "parameters": {"pk": "$response.body#/id"}}
    }
    return {
        "/api/v1/communities/": {
            "get": _operation("communities", "list_communities", _("List of communities"),
                              _answers(200, "CommunityPage", 400, 401, 403), parameters=[_q(queries.OFFERED)]),
            "post": _operation("communities", "create_community", _("Create a community"), made,
                               requestBody=_sends("CommunityCreate")),
        },
        "/api/v1/communities/{pk}": {
            "get": _operation("communities", "get_community", _("One community"),
                              _answers(200, "CommunityAnswer", 400, 401, 403, 404, headers={"ETag": ""}),
                              parameters=[_pk("integer"), reveal]),
            "put": _operation("communities", "change_community", _("Change a community"), changed,
                              parameters=[_pk("integer"), match], requestBody=_sends("CommunityUpdate")),
        },
        "/api/v1/regions/": {
            "get": _operation("regions", "list_regions", _("Regions of the jurisdiction"),
                              _answers(200, "RegionPage", 400, 401, 403), parameters=[_q(regions.OFFERED)]),
        },
        "/api/v1/regions/{pk}": {
            "get": _operation("regions", "get_region", _("One region with its towns"),
                              _answers(200, "RegionAnswer", 400, 401, 403, 404), parameters=[_pk("string")]),
        },
        **openapi_areas.paths(_operation, _answers, _sends, _q, _pk, match),
        **openapi_reports.paths(_operation, _answers, _sends, _q, _pk, match),
        **openapi_checks.paths(_operation, _answers, _sends, _q, _pk, match),
        **openapi_units.paths(_operation, _answers, _sends, _q, _pk, match),
        "/api/v1/security/login": {"post": _login()},
        "/api/v1/security/refresh": {"post": _refresh()},
    }  # fmt: skip


def _login() -> Schema:
    text = {"type": "string"}
    sent: Schema = {
        "type": "object",
        "required": ["username", "password"],
        "properties": {"username": text, "password": text, "otp": text, "refresh": {"type": "boolean"}},
    }
    given = {"type": "object", "properties": {"access_token": text, "refresh_token": text}}
    answers = _answers(200, "Refusal", 400, 401, 429)
    answers["200"]["content"] = _json(given)
    said = _("Sign a program in: a bearer token for 30 minutes")
    return _operation("security", "sign_in", said, answers, security=[],
                      requestBody={"required": True, "content": _json(sent)})  # fmt: skip


def _refresh() -> Schema:
    answers = _answers(200, "Refusal", 401, 429)
    answers["200"]["content"] = _json({"type": "object", "properties": {"access_token": {"type": "string"}}})
    return _operation(
        "security", "renew_token", _("A new token for the refresh token sent as bearer"), answers
    )


def document() -> Schema:
    """The whole document, in the language of the request."""
    return {
        "openapi": "3.0.3",
        "info": {
            "title": _("Renovation of old urban communities: API"),
            "version": VERSION,
            "description": _(
                "Everything is narrowed to the caller's jurisdiction; what lies outside does not exist (404)."
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"cookie": [], "csrf": []}],
        "paths": paths(),
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "portal"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRFToken"},
            },
        },
    }
