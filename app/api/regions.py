"""``/api/v1/regions``: the caller's jurisdiction, what lies in it and what it belongs to; read from the cache."""

from __future__ import annotations

from typing import Any

from flask import abort, jsonify
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.api.base import PortalRestApi, envelope, requires
from app.api.reading import Offered, Query, query
from app.extensions import db
from app.kernel.scope import Scope
from app.persistence.context import current_scope
from app.regions.cache import current
from app.regions.models import Region
from app.regions.rules import RegionInfo

OFFERED = Offered(
    order=frozenset({"code", "name", "level"}),
    filters={"code": "text", "level": "text", "parent_code": "text"},
)
_COLUMNS = ["code", "name", "short_name", "level", "kind", "parent_code"]


def visible(region: RegionInfo, scope: Scope) -> bool:
    """Regions inside the scope, and the city and province above it."""
    if scope.kind == "everything":
        return True
    if scope.kind != "region" or not scope.prefix:
        return False
    return region.code.startswith(scope.prefix) or scope.prefix.startswith(region.prefix)


def as_json(region: RegionInfo) -> dict[str, Any]:
    return {key: getattr(region, key) for key in _COLUMNS} | {
        "path": current().path(region.code), "in_use": region.active,
        "longitude": region.seat[0] if region.seat else None, "latitude": region.seat[1] if region.seat else None,
    }  # fmt: skip


def _matches(region: RegionInfo, asked: Query) -> bool:
    for column, operator, value in asked.filters:
        held = getattr(region, column) or ""
        if not (held.startswith(value) if operator == "sw" else held == value):
            return False
    typed = asked.search.lower()
    return (
        not typed
        or typed in region.name
        or region.pinyin.startswith(typed)
        or region.initials.startswith(typed)
    )


class RegionApi(PortalRestApi):
    """Regions: list and one (a county with its sub-districts)."""

    resource_name = "regions"
    datamodel = SQLAInterface(Region, db.session)
    class_permission_name = "Region"
    list_columns = show_columns = add_columns = edit_columns = search_columns = order_columns = _COLUMNS

    @expose("/", methods=["GET"])
    @requires("list")
    def get_list(self) -> Any:
        """Regions of the jurisdiction, by code unless ordered otherwise."""
        asked, scope = query(OFFERED), current_scope()
        found = [r for r in current().regions.values() if visible(r, scope) and _matches(r, asked)]
        found.sort(key=lambda r: r.code)
        found.sort(key=lambda r: getattr(r, asked.order_column or "code"), reverse=asked.descending)
        start = asked.page * asked.page_size
        page = [as_json(region) for region in found[start : start + asked.page_size]]
        return envelope(page, len(found), asked.page, asked.page_size)

    @expose("/<pk>", methods=["GET"])
    @requires("show")
    def get(self, pk: str) -> Any:
        """One region; a county lists its towns and sub-districts, whose codes ``town_code`` takes."""
        region = current().regions.get(pk)
        if region is None or not visible(region, current_scope()):
            abort(404)
        inside = current_scope().covers(region.code)
        towns = current().towns(region.code) if region.level == "county" and inside else ()
        listed = [{"code": town.code, "name": town.name} for town in towns]
        return jsonify(id=region.code, result=as_json(region) | {"towns": listed})
