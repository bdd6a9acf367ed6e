"""What the map picker asks for (M1.4.1g): boundary, places, communities around, a point's check, tiles."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import shapely
from flask import Response, abort, jsonify, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.communities import assessment, record_queries
from app.communities.rules import position_findings
from app.extensions import _, db
from app.kernel.text import normalise_input
from app.persistence.context import current_actor
from app.regions import tianditu
from app.regions.cache import current
from app.regions.gazetteer import Entry, Hit, search
from app.regions.geometry import county_index
from app.web.errors import finding_json
from app.web.views import row_id

CREDIT = "数据来源：天地图"
_DAY = "private, max-age=86400"


@lru_cache(maxsize=32)
def boundary_json(county_code: str) -> str | None:
    """GeoJSON Feature of one county, with its name and the credit; None where no boundary is known."""
    geometry = county_index().boundary(county_code)
    if geometry is None:
        return None
    properties = {"code": county_code, "name": county_index().name(county_code), "credit": CREDIT}
    feature = {
        "type": "Feature",
        "properties": properties,
        "geometry": json.loads(shapely.to_geojson(geometry)),
    }
    return json.dumps(feature, ensure_ascii=False, separators=(",", ":"))


def _county() -> str:
    """The county asked about: named and inside the actor's scope, else the actor's own."""
    actor = current_actor()
    code = request.args.get("county") or (actor.region_code if actor.region_level == "county" else "")
    if not actor.scope.covers(code) or current().county_of(code) is None:
        abort(404)
    return code


def _degrees(name: str) -> Decimal:
    try:
        value = Decimal(request.args.get(name, ""))
    except InvalidOperation:
        abort(400)
    if not value.is_finite() or abs(value) > 180:
        abort(400)
    return value.quantize(Decimal("0.000001"))


def entries(county_code: str) -> list[Entry]:
    """What the offline search knows of a county: its seat, its towns, the addresses of its communities.

    A town without a point of its own stands in the middle of its communities.
    """
    regions, rows = current(), record_queries.known_places(db.session(), county_code)
    known, middle = [], _middles(rows)
    region = regions.find(county_code)
    if region is not None and region.centre is not None:
        city = regions.city_name(county_code)
        known.append(Entry(region.name, "county", *region.centre, county_code, city, region.pinyin))
    for town in regions.towns(county_code):
        if point := town.point or middle.get(town.code):
            known.append(
                Entry(town.name, "town", *point, county_code, regions.name(county_code), town.pinyin)
            )
    for row in rows:
        point = float(row.lng), float(row.lat)
        street = regions.town(row.town_code)
        detail = street.name if street else ""
        known.append(Entry(row.name, "place", *point, county_code, detail))
        if row.address:
            known.append(Entry(row.address, "address", *point, county_code, detail))
    return known


def _middles(rows: list[Any]) -> dict[str, tuple[float, float]]:
    """Town code → middle of its communities."""
    points: dict[str, list[Any]] = {}
    for row in rows:
        points.setdefault(row.town_code or "", []).append(row)
    return {
        code: (
            float(sum(row.lng for row in held) / len(held)),
            float(sum(row.lat for row in held) / len(held)),
        )
        for code, held in points.items()
    }


class CommunityMapView(BaseView):
    """Addresses the picker's script calls; all answers are of the actor's own jurisdiction."""

    route_base = "/communities"
    class_permission_name = "Community"

    @expose("/boundary/<county>", methods=["GET"])
    @has_access
    @permission_name("list")
    def boundary(self, county: str) -> Any:
        if not current_actor().scope.covers(county) or (body := boundary_json(county)) is None:
            abort(404)
        answer = Response(body, mimetype="application/geo+json")
        answer.headers["Cache-Control"] = _DAY
        answer.add_etag()
        return answer.make_conditional(request)

    @expose("/places", methods=["GET"])
    @has_access
    @permission_name("list")
    def places(self) -> Any:
        """Places for what was typed: 天地图 first where a key is set, then what this installation knows."""
        county = _county()
        words = normalise_input(request.args.get("q"))[:60]
        origin = None
        if request.args.get("lng") and request.args.get("lat"):
            origin = float(_degrees("lng")), float(_degrees("lat"))
        online, failed = self._online(words, county)
        hits = search(words, entries(county), county_code=county, origin=origin) if words else []
        listed = [*online, *(self._hit(hit) for hit in hits)][:5]
        return jsonify(
            places=listed, offline=not tianditu.configured() or failed, failed=failed, credit=CREDIT
        )

    def _online(self, words: str, county: str) -> tuple[list[dict[str, Any]], bool]:
        if not words or not tianditu.configured():
            return [], False
        try:
            point = tianditu.geocode(f"{current().city_name(county)}{current().name(county)}{words}")
            found = [*([replace(point, name=words)] if point else []), *tianditu.search(words, county)]
        except tianditu.Unavailable:
            return [], True
        inside = [
            place
            for place in found
            if county_index().point_in_county(county, place.lng, place.lat) is not False
        ]
        return [
            {"name": place.name, "detail": place.detail, "kind": CREDIT, "lng": place.lng, "lat": place.lat,
             "metres": None}
            for place in inside
        ], False  # fmt: skip

    def _hit(self, hit: Hit) -> dict[str, Any]:
        kinds = {
            "address": _("Address"),
            "place": _("Community"),
            "town": _("Sub-district"),
            "county": _("County seat"),
        }
        return {
            "name": hit.entry.name, "detail": hit.entry.detail, "kind": kinds[hit.entry.kind],
            "lng": hit.entry.lng, "lat": hit.entry.lat,
            "metres": None if hit.metres is None else round(hit.metres),
        }  # fmt: skip

    @expose("/around", methods=["GET"])
    @has_access
    @permission_name("list")
    def around(self) -> Any:
        """The county's communities and towns inside a rectangle: what the map shows for orientation."""
        box = _degrees("west"), _degrees("south"), _degrees("east"), _degrees("north")
        county = _county()
        west, south, east, north = (float(side) for side in box)
        towns = [
            [town.name, *town.point]
            for town in current().towns(county)
            if town.point and west <= town.point[0] <= east and south <= town.point[1] <= north
        ]
        rows = record_queries.points(db.session(), county, box)
        return jsonify(
            points=[[row.id, row.name, float(row.lng), float(row.lat)] for row in rows], towns=towns
        )

    @expose("/position", methods=["GET"])
    @has_access
    @permission_name("list")
    def position(self) -> Any:
        """What R06 says of a point, and the communities within the profile's distance of it."""
        county, lng, lat = _county(), _degrees("lng"), _degrees("lat")
        limits = assessment.thresholds(county)
        outside = county_index().distance_km(county, float(lng), float(lat))
        own = request.args.get("id")
        near = record_queries.neighbours(
            db.session(), lng, lat, limits.duplicate_metres, row_id(own) if own else None
        )
        return jsonify(
            inside=outside == 0,
            findings=[finding_json(finding) for finding in position_findings(lng, lat, outside, limits)],
            note=_("Inside %(county)s", county=current().name(county)) if outside == 0 else "",
            neighbours=[
                {"name": item.name, "year": item.built_year, "buildings": item.building_count,
                 "households": item.household_count, "metres": item.metres,
                 "url": url_for("CommunityView.show", pk=item.id)}
                for item in near
            ],
            metres=round(limits.duplicate_metres),
        )  # fmt: skip

    @expose("/tile/<layer>/<int:zoom>/<int:column>/<int:row>", methods=["GET"])
    @has_access
    @permission_name("list")
    def tile(self, layer: str, zoom: int, column: int, row: int) -> Any:
        """A tile of 天地图, fetched by the server so that the browser speaks to this host alone."""
        if not tianditu.configured():
            abort(404)
        try:
            picture, kind = tianditu.tile(layer, zoom, column, row)
        except ValueError:
            abort(404)
        except tianditu.Unavailable:
            return Response(status=504, headers={"Cache-Control": "no-store"})
        return Response(picture, mimetype=kind, headers={"Cache-Control": "private, max-age=604800"})
