"""/api/v1/communities: the jurisdiction, the rules, the lock, and every way to ask for too much."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from app.api.reading import MOST_BYTES
from tests.conftest import sign_in
from tests.shared import World

pytestmark = pytest.mark.req("M1.4", "M1.4.1", "M1.4.4")
LIST = "/api/v1/communities/"


def first_of(world: World, county: str) -> int:
    found = world.rows("SELECT id FROM community WHERE county_code = :c ORDER BY id", c=county)
    return int(found[0].id)


def ask(client: FlaskClient, q: str) -> Any:
    return client.get(f"{LIST}?q={quote(q)}")


@pytest.mark.parametrize(("who", "counties"), [("dingcheng", {"430703"}), ("nayong", {"520525"})])
def test_a_county_sees_its_own(world: World, who: str, counties: set[str]) -> None:
    body = ask(world.client(who), "(page_size:100)").json
    assert {row["county_code"] for row in body["result"]} == counties
    own = world.rows("SELECT count(*) FROM community WHERE county_code = :c", c=next(iter(counties)))
    assert body["count"] == own[0][0] == len(body["result"])


def test_foreign_ids_do_not_exist(world: World) -> None:
    """Another county, city and province: 404 on read and change, and nothing changes."""
    client, before = world.client("dingcheng"), world.print()
    for county in ("430722", "520525"):
        number = first_of(world, county)
        assert client.get(f"{LIST}{number}").status_code == 404
        answer = client.put(f"{LIST}{number}", json={"name": "改名", "version": 1})
        assert answer.status_code == 404
        assert "findings" not in answer.json
    assert ask(client, "(filters:!((col:county_code,opr:eq,value:'430722')))").json["count"] == 0
    assert ask(client, f"(filters:!((col:id,opr:eq,value:{first_of(world, '430722')})))").json["result"] == []
    assert world.print() == before


@pytest.mark.parametrize("q", [
    "", "(page_size:7,page:3)", "(order_column:name)", "(order_column:floor_area,order_direction:desc,page:1)",
    "(search:宿舍)", "(search:jdc)", "(search:宿)", "(filters:!((col:built_year,opr:lt,value:1990)))",
    "(filters:!((col:is_complete,opr:eq,value:!t),(col:place_state,opr:eq,value:free)))",
    "(filters:!((col:town_code,opr:sw,value:'430703')),order_column:updated_at)",
    "(filters:!((col:updated_at,opr:gt,value:'2020-01-01T00:00:00+08:00')))", "(search:'%_\"*')", "(search:100)",
])  # fmt: skip
def test_pages_and_counts_agree(world: World, count_statements: Any, q: str) -> None:
    """Walking the pages gives every row once, as many as the count says, in at most eight statements."""
    client = world.client("dingcheng")
    with count_statements(world) as sql:
        first = ask(client, q)
    assert first.status_code == 200, first.json
    assert len(sql) <= 8
    bare = q[1:-1]
    seen: list[int] = []
    for page in range(12):
        parts = [part for part in (bare,) if part and "page" not in part]
        body = ask(client, f"({','.join([*parts, 'page_size:20', f'page:{page}'])})").json
        seen += [row["id"] for row in body["result"]]
    assert len(seen) == len(set(seen)) == body["count"]


@pytest.mark.parametrize("q", [
    "(", "!", "((a:1):2)", "'a", "(a:'!", "-", "1", "!(a)", "(" * 900, "(a:" * 600, "\x00", "(search:'\x00')",
    "(page:-1)", "(page:99999999999999999999999)", "(page:1.5)", "(page:!t)", "(page_size:0)", "(page_size:101)",
    "(page_size:-1)", "(page_size:abc)", "(order_column:password)", "(order_column:!(a))", "(order_column:supervisor_phone)",
    "(order_direction:up)", "(search:!(1))", "(columns:!(id))", "(keys:!(none))", "(filters:x)",
    "(filters:!((col:!(a),opr:eq,value:1)))", "(filters:!((col:supervisor_phone,opr:eq,value:'13800000000')))",
    "(filters:!((col:id,opr:rel_o_m,value:1)))", "(filters:!((col:id,opr:eq,value:99999999999999999999)))",
    "(filters:!((col:id,opr:eq,value:!n)))", "(filters:!((col:is_complete,opr:eq,value:1)))",
    "(filters:!((col:updated_at,opr:gt,value:yesterday)))", "(filters:!((col:county_code,opr:eq)))",
    "(filters:!((col:county_code,opr:eq,value:(a:b))))", "x" * 2001,
])  # fmt: skip
def test_a_bad_query_is_refused_by_part(world: World, q: str) -> None:
    answer = ask(world.client("dingcheng"), q)
    assert answer.status_code == 400
    assert answer.json["findings"]
    assert all(item["field"].startswith("q") and item["message"] for item in answer.json["findings"])


def test_unknown_arguments_are_named(world: World) -> None:
    answer = world.client("dingcheng").get(f"{LIST}?page_size=9999")
    assert answer.status_code == 400
    assert answer.json["findings"][0]["field"] == "page_size"


@pytest.mark.parametrize("body", [
    b"", b"{", b"[1]", b"null", b"1", b'"x"', b"\xff", b'{"name": NaN}', b"[" * 100_000, b'{"a":' * 50_000,
    b'{"built_year":' + b"9" * 5000 + b"}",
])  # fmt: skip
def test_bodies_that_are_none(world: World, body: bytes) -> None:
    client, before = world.client("dingcheng"), world.print()
    for send, path in ((client.post, LIST), (client.put, f"{LIST}{first_of(world, '430703')}")):
        answer = send(path, data=body, content_type="application/json")
        assert answer.status_code in (400, 413), answer.data
        assert answer.json["message"]
    assert world.print() == before


@pytest.mark.parametrize(("payload", "field"), [
    ({"name": "甲小区", "id": 7}, "id"), ({"name": "甲小区", "version": 1, "place_state": "plan"}, "place_state"),
    ({"name": "甲\x00小区"}, "name"), ({"name": "甲\ud800"}, "name"), ({"name": 5}, "name"), ({"name": ["甲"]}, "name"),
    ({"name": ""}, "name"), ({"name": "  "}, "name"), ({"name": None}, "name"), ({}, "name"), ({"name": "长" * 121}, "name"),
    ({"name": "甲小区", "built_year": 10**30}, "built_year"), ({"name": "甲小区", "built_year": "1995年代"}, "built_year"),
    ({"name": "甲小区", "built_year": 2015}, "built_year"), ({"name": "甲小区", "household_count": True}, "household_count"),
    ({"name": "甲小区", "household_count": -1}, "household_count"), ({"name": "甲小区", "household_count": 10**12}, "household_count"),
    ({"name": "甲小区", "floor_area": {}}, "floor_area"), ({"name": "甲小区", "floor_area": "1e9"}, "floor_area"),
    ({"name": "甲小区", "floor_area": 0.00001}, "floor_area"), ({"name": "甲小区", "lng": 111.7}, "lat"),
    ({"name": "甲小区", "lng": 104.0, "lat": 30.0}, "lng"), ({"name": "甲小区", "place_kind": "村"}, "place_kind"),
    ({"name": "甲小区", "supervisor_phone": "12345"}, "supervisor_phone"),
    ({"name": "甲小区", "county_code": "520525"}, "county_code"), ({"name": "甲小区", "county_code": "430722"}, "county_code"),
    ({"name": "甲小区", "county_code": 999}, "county_code"), ({"name": "甲小区", "county_code": []}, "county_code"),
    ({"name": "甲小区", "town_code": "430722001"}, "town_code"), ({"name": "甲小区", "town_code": "520525001"}, "town_code"),
    ({"name": "甲小区", "town_code": "999999999"}, "town_code"), ({"name": "甲小区", "town_code": 430703001}, "town_code"),
    ({"name": "甲小区", "confirmed": ["x"]}, "confirmed"), ({"name": "甲小区", "town": {"id": 999}}, "town"),
])  # fmt: skip
def test_values_are_refused_at_their_field(world: World, payload: dict[str, Any], field: str) -> None:
    """Unknown keys and foreign keys, wrong types, huge numbers: 422, a message at the field, nothing saved."""
    client, before = world.client("dingcheng"), world.print()
    answer = client.post(LIST, json=payload)
    assert answer.status_code == 422, answer.json
    assert field in [item["field"] for item in answer.json["findings"]]
    assert all(any("一" <= sign <= "鿿" for sign in item["message"]) for item in answer.json["findings"])
    assert world.print() == before
    parents = world.rows("SELECT count(*) FROM town WHERE name IS NULL OR code = '999999999'")
    assert parents[0][0] == 0


def test_too_large_or_not_json(world: World) -> None:
    client = world.client("dingcheng")
    big = b'{"name": "' + b"x" * MOST_BYTES + b'"}'
    assert client.post(LIST, data=big, content_type="application/json").status_code == 413
    assert client.post(LIST, data="name=x").status_code == 415


def test_create_warns_then_saves_once_confirmed(world: World) -> None:
    client = world.client("dingcheng")
    payload = {"name": "接口新村", "built_year": 2003, "household_count": 40, "building_count": 2}
    asked = client.post(LIST, json=payload)
    assert asked.status_code == 422
    assert {item["rule"] for item in asked.json["findings"] if item["level"] == "warning"} >= {"R01"}
    made = client.post(LIST, json=payload | {"confirmed": asked.json["confirm"]})
    assert made.status_code == 201, made.json
    assert made.headers["Location"] == f"{LIST}{made.json['id']}"
    got = client.get(made.headers["Location"])
    assert got.headers["ETag"] == made.headers["ETag"]
    assert got.json["result"] | {} == made.json["result"]
    assert got.json["result"]["county_code"] == "430703"
    assert "address" in got.json["result"]["missing"]
    events = world.rows(
        "SELECT action FROM audit_event WHERE entity = 'Community' AND entity_id = :i", i=str(made.json["id"])
    )
    assert [event.action for event in events] == ["create"]


def test_change_under_the_lock(world: World) -> None:
    client, number = world.client("dingcheng"), first_of(world, "430703")
    path = f"{LIST}{number}"
    got = client.get(path)
    etag, version = got.headers["ETag"], got.json["result"]["version"]
    assert client.put(path, json={"original_owners": "甲厂"}).status_code == 428
    assert client.put(path, json={"original_owners": "甲厂", "version": "x"}).status_code == 400
    done = client.put(path, json={"original_owners": "甲厂"}, headers={"If-Match": etag})
    if done.status_code == 422:
        done = client.put(
            path,
            json={"original_owners": "甲厂", "confirmed": done.json["confirm"]},
            headers={"If-Match": etag},
        )
    assert done.status_code == 200, done.json
    assert done.json["result"]["version"] == version + 1
    before = world.print()
    late = client.put(path, json={"original_owners": "乙厂", "version": version})
    assert late.status_code == 409
    assert late.json["version"] == version + 1
    assert late.json["current"]["original_owners"] == "甲厂"
    assert world.print() == before
    assert (
        client.put(
            path, json={"county_code": "430722"}, headers={"If-Match": done.headers["ETag"]}
        ).status_code
        == 422
    )


def test_phones_are_masked_and_survive_a_round_trip(world: World) -> None:
    client, number = world.client("dingcheng"), first_of(world, "430703")
    path = f"{LIST}{number}"
    stored = world.rows("SELECT supervisor_phone FROM community WHERE id = :i", i=number)[0][0]
    shown = client.get(path).json["result"]
    assert "****" in shown["supervisor_phone"]
    assert stored not in ask(client, "(page_size:100)").text
    sent = {
        "supervisor_phone": shown["supervisor_phone"],
        "supervisor_name": "李某",
        "version": shown["version"],
    }
    done = client.put(path, json=sent)
    if done.status_code == 422:
        done = client.put(path, json=sent | {"confirmed": done.json["confirm"]})
    assert done.status_code == 200, done.json
    assert world.rows("SELECT supervisor_phone FROM community WHERE id = :i", i=number)[0][0] == stored
    revealed = client.get(f"{path}?reveal=phones")
    assert revealed.json["result"]["supervisor_phone"] == stored
    events = world.rows(
        "SELECT actor_name FROM audit_event WHERE action = 'reveal' AND entity_id = :i", i=str(number)
    )
    assert [event.actor_name for event in events] == ["dingcheng"]
    assert client.get(f"{path}?reveal=all").status_code == 400


@pytest.mark.parametrize("who", ["dingcheng_review", "changde", "hunan"])
def test_readers_may_not_write(world: World, who: str) -> None:
    client, before = world.client(who), world.print()
    assert client.post(LIST, json={"name": "甲小区"}).status_code == 403
    assert (
        client.put(f"{LIST}{first_of(world, '430703')}", json={"name": "甲", "version": 1}).status_code == 403
    )
    assert world.print() == before


@pytest.mark.parametrize("who", ["sysadmin", "secadmin", "auditadmin", "yuxia", "hunan_fgw"])
def test_others_may_not_read(world: World, who: str) -> None:
    client = world.client(who)
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{first_of(world, '430703')}").status_code == 403


def test_without_a_session_or_token(world: World) -> None:
    client = world.app.test_client()
    for answer in (
        client.get(LIST),
        client.get(f"{LIST}1"),
        client.get("/api/v1/regions/"),
        client.get("/api/v1/openapi.json"),
    ):
        assert answer.status_code in (401, 302)
    forged = client.get(LIST, headers={"Authorization": "Bearer x.y.z"})
    assert forged.status_code == 401


def test_a_cookie_alone_cannot_write(world: World) -> None:
    """Without the CSRF token a change by cookie is refused, also when something that is no token is sent along."""
    client, before = sign_in(world.app.test_client(), "dingcheng"), world.print()
    client.environ_base.pop("HTTP_X_CSRFTOKEN")
    assert client.post(LIST, json={"name": "伪造小区"}).status_code == 400
    sent = client.post(LIST, json={"name": "伪造小区"}, headers={"Authorization": "Bearer nonsense"})
    assert sent.status_code in (400, 401)
    assert world.print() == before


@pytest.mark.parametrize(
    ("language", "words"), [("en-GB,en;q=0.9", "Must be text."), ("zh-CN", "须为文本"), ("fr", "须为文本")]
)
def test_the_language_of_the_caller(world: World, language: str, words: str) -> None:
    answer = world.client("dingcheng").post(LIST, json={"name": 5}, headers={"Accept-Language": language})
    assert words in [item["message"] for item in answer.json["findings"]]


def test_what_fab_offers_beside_is_not_there(world: World) -> None:
    client = world.client("dingcheng")
    for path in ("_info", "distinct/name", "related/town", "1/related/town", "export/"):
        assert client.get(LIST + path).status_code == 404
    for path in ("/api/v1/menu/", "/api/v1/_openapi", "/swagger/v1", "/api/v1/regions/_info"):
        assert client.get(path).status_code == 404
    assert client.delete(f"{LIST}1").status_code == 405
    assert client.get(LIST + "1e3").status_code == client.get(LIST + "-1").status_code == 404
    assert client.get(LIST + "9" * 30).status_code == 404
