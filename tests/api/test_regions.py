"""/api/v1/regions: the jurisdiction and what is above it, nothing beside."""

from __future__ import annotations

import pytest

from tests.shared import World

pytestmark = pytest.mark.req("M1.4", "G4")
LIST = "/api/v1/regions/"


@pytest.mark.parametrize(("who", "inside", "outside"), [
    ("dingcheng", ["430703", "430700", "430000"], ["430722", "430100", "520000"]),
    ("changde", ["430722", "430703", "430000"], ["430102", "520000"]),
    ("guizhou", ["520000", "520525"], ["430000", "430703"]),
])  # fmt: skip
def test_only_the_own_jurisdiction(world: World, who: str, inside: list[str], outside: list[str]) -> None:
    client = world.client(who)
    listed: set[str] = set()
    for page in range(4):
        listed |= {row["code"] for row in client.get(f"{LIST}?q=(page_size:100,page:{page})").json["result"]}
    assert set(inside) <= listed
    assert not listed & set(outside)
    assert all(client.get(LIST + code).status_code == 200 for code in inside)
    assert all(client.get(LIST + code).status_code == 404 for code in outside)


def test_a_county_lists_the_towns_that_a_community_takes(world: World) -> None:
    client = world.client("dingcheng")
    towns = client.get(LIST + "430703").json["result"]["towns"]
    assert {"code": "430703001", "name": "玉霞街道"} in towns
    assert client.get(LIST + "430700").json["result"]["towns"] == []


def test_filter_search_and_order(world: World) -> None:
    client = world.client("hunan")
    cities = client.get(f"{LIST}?q=(filters:!((col:level,opr:eq,value:city)),page_size:100)").json
    assert cities["count"] == len(cities["result"]) == 14
    assert client.get(f"{LIST}?q=(search:hanshou)").json["result"][0]["code"] == "430722"
    down = client.get(f"{LIST}?q=(order_column:code,order_direction:desc,page_size:2)").json["result"]
    assert down[0]["code"] > down[1]["code"]
    assert client.get(f"{LIST}?q=(order_column:pinyin)").status_code == 400
