"""天地图 spoken to from the server: tiles and addresses, only when ``TIANDITU_KEY`` is set (M1.4.1g).

The browser asks our own addresses; the key never leaves the server. Whatever goes wrong out there becomes
`Unavailable`, and the offline gazetteer answers instead.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from flask import current_app

TIMEOUT_SECONDS = 4.0
MOST_BYTES = 2 * 1024 * 1024
MOST_ZOOM = 18
LAYERS = ("vec", "cva", "img", "cia")
"""Streets, their names, pictures from above, their names (球面墨卡托, ``_w``)."""
# what the service wants to hear: it refuses the names that programs introduce themselves with
_AGENT = "Mozilla/5.0 (renovation portal)"


class Unavailable(Exception):
    """天地图 did not answer in time, refused, or answered nonsense."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place found (degrees, CGCS2000)."""

    name: str
    detail: str
    lng: float
    lat: float


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An answer that sends us elsewhere is no answer: the server speaks to the configured host alone."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def configured() -> bool:
    """Whether a key is set."""
    return bool(current_app.config.get("TIANDITU_KEY"))


def _ask(base: str, path: str, query: dict[str, Any]) -> tuple[bytes, str]:
    """Body and content type of one GET. Raises: Unavailable."""
    if not configured():
        raise Unavailable("no key")
    address = f"{base.rstrip('/')}{path}?{urllib.parse.urlencode({**query, 'tk': current_app.config['TIANDITU_KEY']})}"
    request = urllib.request.Request(address, headers={"User-Agent": _AGENT})
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            body = answer.read(MOST_BYTES + 1)
            kind = answer.headers.get_content_type()
    except (OSError, HTTPException, ValueError) as error:
        raise Unavailable(type(error).__name__) from error
    if len(body) > MOST_BYTES:
        raise Unavailable("too large")
    return body, kind


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise Unavailable("not JSON") from error
    if not isinstance(found, dict):
        raise Unavailable("not an object")
    return found


def tile(layer: str, zoom: int, column: int, row: int) -> tuple[bytes, str]:
    """One map tile: (picture, content type). Raises: ValueError for no such tile, Unavailable."""
    if (
        layer not in LAYERS
        or not 1 <= zoom <= MOST_ZOOM
        or not (0 <= column < 2**zoom and 0 <= row < 2**zoom)
    ):
        raise ValueError("no such tile")
    query = {"T": f"{layer}_w", "x": column, "y": row, "l": zoom}
    body, kind = _ask(str(current_app.config["TIANDITU_TILES"]), "/DataServer", query)
    if kind not in ("image/png", "image/jpeg", "image/webp"):
        raise Unavailable("not a picture")
    return body, kind


def geocode(address: str) -> Place | None:
    """The point of an address, or None when it is not known. Raises: Unavailable."""
    query = {"ds": json.dumps({"keyWord": address}, ensure_ascii=False)}
    body, _kind = _ask(str(current_app.config["TIANDITU_URL"]), "/geocoder", query)
    answer = _object(body)
    if str(answer.get("status")) not in ("0", "101"):
        raise Unavailable(f"status {answer.get('status')}")
    location = answer.get("location")
    return _place(location, address, "level") if isinstance(location, dict) else None


def search(words: str, county_code: str) -> list[Place]:
    """Named places inside a county, best first. Raises: Unavailable."""
    asked = {"keyWord": words, "queryType": 12, "start": 0, "count": 8, "specify": f"156{county_code}"}
    query = {"postStr": json.dumps(asked, ensure_ascii=False), "type": "query"}
    body, _kind = _ask(str(current_app.config["TIANDITU_URL"]), "/v2/search", query)
    pois = _object(body).get("pois")
    found = (
        [_place(poi, "", "address") for poi in pois if isinstance(poi, dict)]
        if isinstance(pois, list)
        else []
    )
    return [place for place in found if place is not None]


def _place(row: dict[str, Any], fallback: str, detail: str) -> Place | None:
    point = row.get("lonlat")
    pair = str(point).replace(" ", ",").split(",") if point else [str(row.get("lon")), str(row.get("lat"))]
    try:
        lng, lat = (float(part) for part in pair)
    except ValueError:
        return None
    if not (73 <= lng <= 136 and 3 <= lat <= 54):
        return None
    return Place(str(row.get("name") or fallback)[:80], str(row.get(detail) or "")[:120], lng, lat)
