"""County boundaries: which county a point lies in, how far outside one it is (R06, M1.4.1g).

Boundaries are `static/geo/*_counties.geojson`, © 天地图 (to be credited “数据来源：天地图”), about 11 m
exact; two sources differ by up to a few hundred metres near borders, which is why R06 tolerates what lies
just outside.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from math import cos, radians
from pathlib import Path
from typing import Any

import numpy as np
import shapely  # type: ignore[import-untyped]
from shapely.geometry import shape  # type: ignore[import-untyped]
from shapely.geometry.base import BaseGeometry  # type: ignore[import-untyped]

from app.kernel.geo import EARTH_RADIUS_M, haversine_m

__all__ = ["CountyIndex", "county_index", "haversine_m"]

GEO_FOLDER = Path(__file__).resolve().parents[2] / "static" / "geo"
_KM_PER_DEGREE = radians(1) * EARTH_RADIUS_M / 1000


class CountyIndex:
    """Counties by code, read from GeoJSON files at the first question and kept.

    A county that stands in several files is taken from the first. Codes without a boundary (functional zones,
    old codes) answer None, so that the caller can tell "outside" from "unknown".
    """

    def __init__(self, files: Iterable[Path] | None = None) -> None:
        self._files = None if files is None else tuple(files)

    @cached_property
    def _features(self) -> dict[str, tuple[BaseGeometry, dict[str, Any]]]:
        files = self._files if self._files is not None else sorted(GEO_FOLDER.glob("*_counties.geojson"))
        found: dict[str, tuple[BaseGeometry, dict[str, Any]]] = {}
        for path in files:
            for feature in json.loads(Path(path).read_text(encoding="utf-8"))["features"]:
                properties = feature["properties"]
                if properties["adcode"] not in found:
                    found[properties["adcode"]] = shape(feature["geometry"]), properties
        if not found:
            raise FileNotFoundError(f"no county boundaries in {GEO_FOLDER}")
        shapely.prepare([geometry for geometry, _ in found.values()])
        return found

    @cached_property
    def _tree(self) -> tuple[list[str], shapely.STRtree]:
        return list(self._features), shapely.STRtree([geometry for geometry, _ in self._features.values()])

    @property
    def codes(self) -> list[str]:
        """Codes of all counties with a boundary, sorted."""
        return sorted(self._features)

    def has(self, code: str) -> bool:
        return code in self._features

    def boundary(self, code: str) -> BaseGeometry | None:
        """The county's polygon in degrees."""
        feature = self._features.get(code)
        return feature[0] if feature else None

    def name(self, code: str) -> str | None:
        feature = self._features.get(code)
        return str(feature[1]["name"]) if feature else None

    def county_of(self, lng: float, lat: float) -> str | None:
        """Code of the county that the point lies in; on a border the smaller code; None outside all."""
        codes, tree = self._tree
        hits = tree.query(shapely.Point(float(lng), float(lat)), predicate="intersects")
        return min((codes[hit] for hit in hits), default=None)

    def point_in_county(self, code: str, lng: float, lat: float) -> bool | None:
        """Whether the point lies in the county or on its border; None where the boundary is not known."""
        boundary = self.boundary(code)
        return None if boundary is None else bool(shapely.intersects_xy(boundary, float(lng), float(lat)))

    def distance_km(self, code: str, lng: float, lat: float) -> float | None:
        """Kilometres from the point to the county, 0 inside; None where the boundary is not known.

        Measured on a plane through the point (equirectangular), exact to some metres over the few km that
        matter.
        """
        boundary = self.boundary(code)
        if boundary is None:
            return None
        x, y = float(lng), float(lat)
        if shapely.intersects_xy(boundary, x, y):
            return 0.0
        scale = np.array([_KM_PER_DEGREE * cos(radians(y)), _KM_PER_DEGREE])
        plane = shapely.transform(boundary, lambda points: (points - (x, y)) * scale)
        return float(shapely.distance(plane, shapely.Point(0, 0)))

    def distances_km(self, code: str, points: Sequence[tuple[Any, Any]]) -> list[float | None]:
        """`distance_km` of many points (lng, lat) of an import; a point with an empty part gives None."""
        boundary = self.boundary(code)
        if boundary is None:
            return [None] * len(points)
        known = [i for i, (lng, lat) in enumerate(points) if lng is not None and lat is not None]
        result: list[float | None] = [None] * len(points)
        if known:
            degrees = np.array([(float(points[i][0]), float(points[i][1])) for i in known])
            inside = shapely.intersects_xy(boundary, degrees[:, 0], degrees[:, 1])
            for i, is_inside in zip(known, inside, strict=True):
                result[i] = 0.0 if is_inside else self.distance_km(code, *points[i])
        return result

    def centroid(self, code: str) -> tuple[float, float] | None:
        """Where to centre the county (lng, lat): its centre of area, or its label point where that lies
        outside.

        鼎城区 is in two parts with 武陵区 between them: its centre of area is in another county.
        """
        feature = self._features.get(code)
        if feature is None:
            return None
        centre = feature[0].centroid
        if feature[0].contains(centre):
            return float(centre.x), float(centre.y)
        lng, lat = feature[1]["cp"]
        return float(lng), float(lat)

    def bounds(self, code: str) -> tuple[float, float, float, float] | None:
        """West, south, east, north of the county in degrees, for fitting a map to it."""
        boundary = self.boundary(code)
        if boundary is None:
            return None
        west, south, east, north = boundary.bounds
        return west, south, east, north


@lru_cache(maxsize=1)
def county_index() -> CountyIndex:
    """The one index of this process, over the boundaries that ship with the product."""
    return CountyIndex()
