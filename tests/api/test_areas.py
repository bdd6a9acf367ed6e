"""Reserve projects, plan tasks, links and schemes for programs: the pages' rules, scope and lock (M1.5, M1.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kernel.actor import SYSTEM
from app.kernel.calendar import today
from app.persistence.context import acting_as
from app.persistence.work import unit_of_work
from tests.areas.helpers import make_community, open_window
from tests.schemes.test_services import item

SignedIn = Callable[[str], FlaskClient]
FACTS = {"supervision_unit": "测试单位", "supervisor_name": "陈某", "supervisor_phone": "13800000000"}


def free_community(app: Flask, county: str = "430703") -> int:
    with app.app_context(), acting_as(SYSTEM), unit_of_work() as session:
        return int(make_community(session, f"接口小区{county}", county).id)


@pytest.mark.req("M1.5.1", "M1.4.4")
def test_a_reserve_project_from_first_to_last(signed_in: SignedIn, app_db: Flask) -> None:
    clerk, community = signed_in("dingcheng"), free_community(app_db)
    made = clerk.post("/api/v1/reserve-projects/", json={"name": "接口储备", **FACTS})
    assert made.status_code == 201 and made.json["result"]["supervisor_phone"] == "138****0000"
    where = made.headers["Location"]
    linked = clerk.post(f"{where}/links", json={"communities": [community]})
    assert linked.status_code == 200 and linked.json["result"] == {"communities": [community]}
    got = clerk.get(where)
    assert got.json["result"]["community_count"] == 1 and got.json["result"]["household_count"] == 36
    head = {"If-Match": got.headers["ETag"]}
    masked = {"address": "新址1号", "supervisor_phone": "138****0000"}
    changed = clerk.put(where, json=masked, headers=head)
    assert changed.status_code == 200 and changed.json["result"]["address"] == "新址1号"
    assert clerk.put(where, json={"address": "旧版"}, headers=head).status_code == 409
    assert clerk.put(where, json={"address": "无版本"}).status_code == 428
    assert clerk.put(where, json={"community_count": 9}, headers={"If-Match": changed.headers["ETag"]}).status_code == 422
    other = signed_in("hanshou")
    assert other.get(where).status_code == 404 and other.get(f"{where}/links").status_code == 404
    assert clerk.post(f"{where}/links", json={"communities": [free_community(app_db, "430722")]}).status_code == 404
    gone = clerk.delete(f"{where}/links", json={"communities": [community]})
    assert gone.json["result"] == {"communities": []}
    listed = clerk.get("/api/v1/reserve-projects/?q=(search:接口储备)").json
    assert listed["count"] == 1 and listed["result"][0]["name"] == "接口储备"


@pytest.mark.req("M1.6", "M1.6.1", "M1.6.4")
def test_a_plan_task_and_its_scheme(signed_in: SignedIn, app_db: Flask) -> None:
    with app_db.app_context():
        open_window()
        with acting_as(SYSTEM):
            pipes, old = item("GN-B01").id, item("HN19-01", "hunan-2019").id
    clerk = signed_in("dingcheng")
    plan = clerk.post("/api/v1/plan-tasks/", json={"name": "接口计划", "year": today().year, "livelihood": True, **FACTS})
    assert plan.status_code == 201 and plan.json["result"]["livelihood"] is True, plan.json
    reserve = clerk.post("/api/v1/reserve-projects/", json={"name": "接口储备二", **FACTS}).json["id"]
    made = clerk.post("/api/v1/schemes/", json={"reserve_project_id": reserve})
    assert made.status_code == 201
    where, head = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    items = [{"catalogue_item_id": pipes, "quantity1": 12.5}]
    changed = clerk.put(where, json={"parking_count": 34, "piped_gas": True, "items": items,
                                     "funding": {"residents": 30, "local": 1.5}}, headers=head)
    assert changed.status_code == 200, changed.json
    result = changed.json["result"]
    assert (result["parking_count"], result["piped_gas"]) == (34, True)
    assert [(one["code"], one["quantity1"], one["quantity2"]) for one in result["items"]] == [("GN-B01", 12.5, None)]
    assert result["funding"] == {"local": 1.5, "residents": 30}
    head = {"If-Match": changed.headers["ETag"]}
    for wrong in (
        {"items": [{"catalogue_item_id": old, "quantity1": 1}]}, {"items": [{"quantity1": 1}]}, {"items": "all"},
        {"items": [{"catalogue_item_id": pipes, "quantity2": 3}]}, {"state": "approved"}, {"piped_gas": "maybe"},
        {"funding": {"gifts": 1}}, {"funding": {"local": -1}}, {"funding": 3},
    ):  # fmt: skip
        assert clerk.put(where, json=wrong, headers=head).status_code == 422, wrong
    linked = clerk.post(f"/api/v1/plan-tasks/{plan.json['id']}/links", json={"reserve_projects": [reserve]})
    assert linked.json["result"] == {"communities": [], "reserve_projects": [reserve]} and linked.json["messages"]
    listed = clerk.get(f"/api/v1/schemes/?q=(filters:!((col:plan_task_id,opr:eq,value:{plan.json['id']})))").json
    assert listed["count"] == 1 and listed["result"][0]["parking_count"] == 34
    assert signed_in("hunan_zj").get(where).status_code == 404
    reviewed = signed_in("hunan_zj").get("/api/v1/schemes/").json["result"]
    assert int(where.rsplit("/", 1)[1]) not in {row["id"] for row in reviewed}, "not yet submitted"
    assert signed_in("hunan").put(where, json={"parking_count": 1}).status_code == 403


@pytest.mark.req("M1.L")
@pytest.mark.parametrize("resource", ["reserve-projects", "plan-tasks", "schemes"])
def test_a_list_costs_the_same_for_many_rows(signed_in: SignedIn, resource: str, query_counter: Any) -> None:
    clerk = signed_in("hunan")
    counts = []
    for size in (1, 100):
        with query_counter() as sql:
            assert clerk.get(f"/api/v1/{resource}/?q=(page_size:{size})").status_code == 200
        counts.append(len([s for s in sql if s.lstrip().upper().startswith("SELECT")]))
    assert counts[1] <= counts[0] <= 8
