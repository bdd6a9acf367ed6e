"""Works projects and month reports for programs: the pages' rules, scope, lock and steps (M1.6.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.monthly_reports.helpers import PROJECT, make_world, on

SignedIn = Callable[[str], FlaskClient]


@pytest.mark.req("M1.6.5.1", "M1.6.5.2", "M1.6.5.4", "R19", "R25")
def test_a_report_from_first_to_last(signed_in: SignedIn, app_db: Flask, query_counter: Any) -> None:
    with app_db.app_context(), on(2026, 5, 26):
        world = make_world(app_db)
    clerk, reviewer = signed_in("dingcheng"), signed_in("dingcheng_review")
    made = clerk.post("/api/v1/works-projects/", json={**PROJECT, "plan_task_id": world["plan"]})
    assert made.status_code == 201 and made.json["result"]["supervisor_phone"] == "138****0000", made.json
    project, head = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    masked = {"supervisor_phone": "138****0000"}
    assert clerk.put(project, json={"contract_amount": "x"}, headers=head).status_code == 422
    changed = clerk.put(project, json={"contract_amount": 12.5, **masked}, headers=head)
    assert changed.status_code == 200 and changed.json["result"]["contract_amount"] == 12.5
    assert clerk.put(project, json={"contract_amount": 13}, headers=head).status_code == 409
    may = {"works_project_id": made.json["id"], "month": "2026-05"}
    begun = clerk.post("/api/v1/monthly-reports/", json=may)
    assert begun.status_code == 201 and begun.json["result"]["is_makeup"] is True, begun.json
    again = clerk.post("/api/v1/monthly-reports/", json=may)
    assert again.status_code == 422 and again.json["findings"][0]["field"] == "month"

    where = f"/api/v1/monthly-reports/{world['report']}"
    got = clerk.get(where)
    content = got.json["result"]["items"][0]["catalogue_item_id"]
    items = [{"catalogue_item_id": content, "quantity1": 11, "method": "开挖"}]
    head = {"If-Match": got.headers["ETag"]}
    for wrong in (
        {"items": [{"catalogue_item_id": content, "quantity1": "11米"}]}, {"items": [{"state": "finished"}]},
        {"cumulative_investment": "many"}, {"state": "approved"}, {"items": "all"}, {"progress": "half"},
    ):  # fmt: skip
        assert clerk.put(where, json=wrong, headers=head).status_code == 422, wrong
    changed = clerk.put(where, json={"items": items, "cumulative_investment": 41}, headers=head)
    assert changed.status_code == 200, changed.json
    assert changed.json["result"]["items"][0]["quantity1"] == 11
    head = {"If-Match": changed.headers["ETag"]}
    assert clerk.post(f"{where}/submit", json={"declared": True}).status_code == 428
    refused = clerk.post(f"{where}/submit", json={}, headers=head)
    assert [one["rule"] for one in refused.json["findings"]] == ["R25"]
    sure = {"declared": True, "accept_warnings": True}
    sent = clerk.post(f"{where}/submit", json=sure, headers=head)
    assert sent.status_code == 200 and sent.json["result"]["state"] == "submitted", sent.json
    head = {"If-Match": sent.headers["ETag"]}
    assert clerk.post(f"{where}/approve", json={"declared": True}, headers=head).status_code == 403
    assert reviewer.post(f"{where}/return", json={"reason": ""}, headers=head).status_code == 422
    back = reviewer.post(f"{where}/return", json={"reason": "重拍照片"}, headers=head)
    assert back.json["result"]["state"] == "returned" and back.json["result"]["return_reason"] == "重拍照片"
    stale = clerk.post(f"{where}/submit", json={"declared": True}, headers=head)
    assert stale.status_code == 409 and stale.json["current"]["state"] == "returned"
    sent = clerk.post(f"{where}/submit", json={**sure, "version": back.json["result"]["version"]})
    withdrawn = clerk.post(f"{where}/withdraw", json={"version": sent.json["result"]["version"]})
    assert withdrawn.json["result"]["state"] == "draft"
    sent = clerk.post(f"{where}/submit", json={**sure, "version": withdrawn.json["result"]["version"]})
    head = {"If-Match": sent.headers["ETag"]}
    done = reviewer.post(f"{where}/approve", json={"declared": True}, headers=head)
    assert done.status_code == 200 and done.json["result"]["state"] == "approved", done.json
    plan = clerk.get(f"/api/v1/plan-tasks/{world['plan']}").json["result"]
    assert plan["approved_investment"] == 41

    with query_counter() as sql:
        of_may = "(col:month,opr:eq,value:'2026-05-01')"
        query = f"(filters:!((col:plan_task_id,opr:eq,value:{world['plan']}),{of_may}))"
        listed = clerk.get(f"/api/v1/monthly-reports/?q={query}").json
    assert listed["count"] == 2 and {one["state"] for one in listed["result"]} == {"draft", "approved"}
    assert len(sql) <= 8
    for other in ("hanshou", "guizhou"):
        assert signed_in(other).get(where).status_code == 404
        assert signed_in(other).get(project).status_code == 404
    assert signed_in("hunan").get(where).status_code == 200
    assert signed_in("yuxia").get(where).status_code == 404
