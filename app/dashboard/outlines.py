"""Outlines of regions drawn by the server as SVG paths: no tiles, no script, also on paper.

Boundaries are those of `static/geo/*.light.geojson`, © 天地图 (to be credited “数据来源：天地图”).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians
from typing import Any

import shapely  # type: ignore[import-untyped]
from shapely.geometry import shape  # type: ignore[import-untyped]

from app.regions.geometry import GEO_FOLDER

WIDTH, HEIGHT, MARGIN = 640, 420, 14


@dataclass(frozen=True)
class Outline:
    """A region in the box: its path and where its name stands."""

    code: str
    path: str
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """Regions that fill a box of `WIDTH` × `HEIGHT`, and how a place comes into it."""

    outlines: tuple[Outline, ...]
    west: float
    north: float
    scale: float
    squeeze: float
    left: float
    top: float

    def place(self, lng: Any, lat: Any) -> tuple[float, float]:
        """Position of a point in degrees."""
        x = self.left + (float(lng) - self.west) * self.squeeze * self.scale
        return round(x, 1), round(self.top + (self.north - float(lat)) * self.scale, 1)


@lru_cache(maxsize=1)
def _known() -> dict[str, tuple[Any, tuple[float, float]]]:
    """Code → (geometry, label point) of every city and county with a boundary."""
    found: dict[str, tuple[Any, tuple[float, float]]] = {}
    for pattern in ("*_cities.light.geojson", "*_counties.light.geojson"):
        for path in sorted(GEO_FOLDER.glob(pattern)):
            for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
                facts = feature["properties"]
                label = tuple(facts["cp"])
                found.setdefault(facts["adcode"], (shape(feature["geometry"]), label))
    return found


@lru_cache(maxsize=256)
def drawing(codes: tuple[str, ...]) -> Drawing | None:
    """These regions together; None where no boundary is known. A city without counties' boundaries has none."""
    known = {code: _known()[code] for code in codes if code in _known()}
    if not known:
        return None
    west, south, east, north = shapely.total_bounds([geometry for geometry, _label in known.values()])
    squeeze = cos(radians((south + north) / 2))
    wide, high = (east - west) * squeeze, north - south
    scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high)
    left, top = (WIDTH - wide * scale) / 2, (HEIGHT - high * scale) / 2
    frame = Drawing((), float(west), float(north), float(scale), squeeze, left, top)
    outlines = []
    for code, (geometry, label) in known.items():
        x, y = frame.place(*label)
        outlines.append(Outline(code, _path(frame, geometry.simplify(0.6 / scale)), x, y))
    return Drawing(tuple(outlines), frame.west, frame.north, frame.scale, squeeze, left, top)


def _path(frame: Drawing, geometry: Any) -> str:
    parts = []
    for polygon in getattr(geometry, "geoms", [geometry]):
        for ring in (polygon.exterior, *polygon.interiors):
            parts.append(_ring(frame.place(x, y) for x, y in ring.coords))
    return "".join(parts)


def _ring(places: Iterable[tuple[float, float]]) -> str:
    points: Sequence[str] = [f"{x:g} {y:g}" for x, y in places]
    return f"M{'L'.join(points[:-1])}Z"
