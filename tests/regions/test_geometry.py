"""County boundaries: inside, outside and how far."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.geo import haversine_m
from app.regions.geometry import GEO_FOLDER, CountyIndex, county_index

DINGCHENG, WULING = "430703", "430702"
SEAT = (111.683204, 29.013572)


@pytest.fixture(scope="module")
def counties() -> CountyIndex:
    return county_index()


@pytest.mark.req("M1.4.1g", "R06")
def test_every_county_of_both_provinces_has_a_boundary_that_holds_its_label(counties: CountyIndex) -> None:
    assert len(counties.codes) == 122 + 88
    for path in GEO_FOLDER.glob("*_counties.geojson"):
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
            lng, lat = feature["properties"]["cp"]
            assert counties.county_of(lng, lat) == feature["properties"]["adcode"]


@pytest.mark.req("M1.4.1g", "R06")
def test_a_point_lies_in_one_county_and_outside_the_next(counties: CountyIndex) -> None:
    code = counties.county_of(*SEAT)
    assert code is not None
    assert counties.point_in_county(code, *SEAT) is True
    assert counties.distance_km(code, *SEAT) == 0.0
    other = WULING if code != WULING else DINGCHENG
    assert counties.point_in_county(other, *SEAT) is False
    assert (counties.distance_km(other, *SEAT) or 0) > 0
    assert counties.county_of(0, 0) is None


@pytest.mark.req("R06")
def test_an_unknown_boundary_is_unknown_not_outside(counties: CountyIndex) -> None:
    assert not counties.has("430799")
    for answer in (
        counties.point_in_county("430799", *SEAT), counties.distance_km("430799", *SEAT),
        counties.centroid("430799"), counties.bounds("430799"), counties.name("430799"),
    ):  # fmt: skip
        assert answer is None
    assert counties.distances_km("430799", [SEAT, (None, None)]) == [None, None]


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> CountyIndex:
    """One county of 0.2° × 0.2° at 29° N."""
    ring = [[111.0, 29.0], [111.2, 29.0], [111.2, 29.2], [111.0, 29.2], [111.0, 29.0]]
    feature = {
        "type": "Feature",
        "properties": {"adcode": "439901", "name": "方县", "cp": [111.1, 29.1]},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path = Path(tmp_path_factory.mktemp("geo")) / "square_counties.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return CountyIndex([path])


@pytest.mark.req("R06")
@given(st.floats(0.001, 0.5), st.sampled_from(["north", "east", "corner"]))
@settings(deadline=None)
def test_the_distance_outside_is_the_ground_distance(square: CountyIndex, away: float, side: str) -> None:
    point = {
        "north": (111.1, 29.2 + away), "east": (111.2 + away, 29.1), "corner": (111.2 + away, 29.2 + away),
    }[side]  # fmt: skip
    edge = (min(point[0], 111.2), min(point[1], 29.2))
    measured = square.distance_km("439901", *point)
    assert measured == pytest.approx(haversine_m(*point, *edge) / 1000, rel=0.01)


@pytest.mark.req("R06")
def test_many_points_are_measured_as_one(square: CountyIndex) -> None:
    points = [(111.1, 29.1), (None, 29.1), (111.3, 29.1), (111.2, 29.2)]
    assert square.distances_km("439901", points) == [
        0.0, None, square.distance_km("439901", 111.3, 29.1), 0.0,
    ]  # fmt: skip
    assert square.bounds("439901") == (111.0, 29.0, 111.2, 29.2)
    assert square.name("439901") == "方县"


@pytest.mark.req("M1.4.1g")
def test_the_centre_of_a_county_is_in_it_even_where_it_is_in_two_parts(counties: CountyIndex) -> None:
    for code in counties.codes:
        centre = counties.centroid(code)
        assert centre is not None
        assert counties.point_in_county(code, *centre)
    dingcheng = counties.boundary(DINGCHENG)
    assert dingcheng is not None
    assert len(shapely.get_parts(dingcheng)) == 2


def test_no_boundaries_at_all_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no county boundaries"):
        CountyIndex([]).has(DINGCHENG)
