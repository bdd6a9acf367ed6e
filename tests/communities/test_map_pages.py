"""What the map picker asks for: only the own jurisdiction, few statements, clear words about a point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient


@pytest.mark.req("M1.4.1g")
def test_the_outline_of_the_own_county_alone(signed_in: Callable[[str], FlaskClient]) -> None:
    clerk = signed_in("dingcheng")
    answer = clerk.get("/communities/boundary/430703")
    feature = answer.get_json(force=True)
    assert feature["properties"] == {"code": "430703", "name": "鼎城区", "credit": "数据来源：天地图"}
    assert feature["geometry"]["type"] in ("Polygon", "MultiPolygon") and len(answer.data) < 60_000
    again = clerk.get("/communities/boundary/430703", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    for code in ("430722", "520525", "430000", "x"):
        assert clerk.get(f"/communities/boundary/{code}").status_code == 404, code
    assert signed_in("changde").get("/communities/boundary/430722").status_code == 200


@pytest.mark.req("M1.4.1g")
def test_places_without_the_internet(signed_in: Callable[[str], FlaskClient]) -> None:
    clerk = signed_in("dingcheng")
    towns = clerk.get("/communities/places?q=玉霞街道").get_json()
    assert (
        towns["offline"] and towns["places"][0]["name"] == "玉霞街道" and towns["places"][0]["kind"] == "街道"
    )
    known = clerk.get("/communities/places?q=恒华茗苑住宅楼&lng=111.68&lat=29.01").get_json()["places"]
    assert known[0]["name"] == "恒华茗苑住宅楼" and known[0]["metres"] > 0
    nowhere = clerk.get("/communities/places?q=无此地名某某").get_json()["places"]
    assert [place["kind"] for place in nowhere] == ["区县驻地"], "the seat is the last resort"
    assert clerk.get("/communities/places?q=").get_json()["places"] == []
    foreign = signed_in("hanshou").get("/communities/places?q=恒华茗苑住宅楼").get_json()["places"]
    assert "恒华茗苑住宅楼" not in [place["name"] for place in foreign]
    assert clerk.get("/communities/places?q=玉霞&county=430722").status_code == 404


@pytest.mark.req("M1.4.1g", "R06", "R05")
def test_a_point_is_judged(signed_in: Callable[[str], FlaskClient]) -> None:
    clerk = signed_in("dingcheng")
    inside = clerk.get("/communities/position?lng=111.683486&lat=29.013800").get_json()
    assert inside["inside"] and inside["note"] == "位于鼎城区界内" and inside["findings"] == []
    near = inside["neighbours"][0]
    assert (
        near["name"] == "恒华茗苑住宅楼"
        and near["metres"] <= 50
        and near["url"].startswith("/communities/show/")
    )
    far = clerk.get("/communities/position?lng=113.0&lat=28.2").get_json()
    assert (
        not far["inside"]
        and far["findings"][0]["level"] == "error"
        and "界外" in far["findings"][0]["message"]
    )
    own = near["url"].rsplit("/", 1)[1]
    assert (
        clerk.get(f"/communities/position?lng=111.683486&lat=29.0138&id={own}").get_json()["neighbours"] == []
    )
    for odd in ("lng=x&lat=1", "lng=1", "lng=NaN&lat=1", "lng=1e9&lat=1", ""):
        assert clerk.get(f"/communities/position?{odd}").status_code == 400, odd


@pytest.mark.req("M1.4.1g")
def test_communities_around(
    signed_in: Callable[[str], FlaskClient], query_counter: Callable[[], Any]
) -> None:
    clerk, box = signed_in("dingcheng"), "west=111.6&south=28.9&east=111.8&north=29.1"
    clerk.get(f"/communities/around?{box}")
    with query_counter() as sql:
        answer = clerk.get(f"/communities/around?{box}").get_json()
    assert len(answer["points"]) > 30 and "斗姆湖街道" in [town[0] for town in answer["towns"]]
    assert len([s for s in sql if "set_config" not in s]) <= 3
    assert signed_in("hanshou").get(f"/communities/around?{box}").get_json()["points"] == []
    assert signed_in("hunan").get(f"/communities/around?{box}").status_code == 404, (
        "a province has to name the county"
    )
    assert len(signed_in("hunan").get(f"/communities/around?{box}&county=430703").get_json()["points"]) > 30
    assert signed_in("guizhou").get(f"/communities/around?{box}&county=430703").status_code == 404
