"""Recognitions and inspections for programs: the pages' rules, scope, lock and steps (M1.6.7)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kernel import calendar
from app.persistence.work import unit_of_work
from app.recognition import services
from tests.areas.helpers import open_window
from tests.recognition.helpers import attach, fill_start, get, plan_with_contents

SignedIn = Callable[[str], FlaskClient]


@pytest.mark.req("M1.6.7.1", "M1.6.7.3", "R14", "R19")
def test_by_program(app_db: Flask, signed_in: SignedIn, as_user: Any, tmp_path: Path, query_counter: Any) -> None:
    before, app_db.config["DATA_DIR"] = app_db.config["DATA_DIR"], str(tmp_path / "data")
    try:
        with app_db.app_context():
            open_window()
            with as_user("dingcheng"), unit_of_work() as session:
                plan = plan_with_contents(session).id
        _recognition(app_db, signed_in, as_user, tmp_path, plan)
        _inspection(app_db, signed_in, as_user, tmp_path, plan)
        with query_counter() as sql:
            listed = signed_in("hunan").get(f"/api/v1/inspections/?q=(filters:!((col:plan_task_id,opr:eq,value:{plan})))")
        assert listed.json["count"] == 1 and len([one for one in sql if "FROM inspection" in one]) == 2
    finally:
        app_db.config["DATA_DIR"] = before


def _recognition(app: Flask, signed_in: SignedIn, as_user: Any, folder: Path, plan: int) -> None:
    clerk, reviewer = signed_in("dingcheng"), signed_in("dingcheng_review")
    made = clerk.post("/api/v1/recognitions/", json={"plan_task_id": plan, "kind": "start"})
    assert made.status_code == 201, made.json
    where, head = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    item = made.json["result"]["items"][0]["id"]
    for wrong in ({"items": [{"id": 0}]}, {"items": [{"id": item, "state": "x"}]}, {"recognised_on": "gestern"},
                  {"state": "recognised"}, {"items": [{"id": item, "quantity1": -1}]}):  # fmt: skip
        assert clerk.put(where, json=wrong, headers=head).status_code == 422, wrong
    refused = clerk.post(f"{where}/submit", json={"declared": True}, headers=head)
    assert {"project_approval", "items"} <= {one["field"] for one in refused.json["findings"]}
    with app.app_context(), as_user("dingcheng"), unit_of_work() as session:
        fill_start(session, folder, get(session, made.json["id"]), calendar.today().isoformat())
    got = clerk.get(where)
    assert got.json["result"]["recogniser_phone"] == "138****0000"
    assert clerk.post(f"{where}/submit", json={"declared": True}, headers=head).status_code == 409
    head = {"If-Match": got.headers["ETag"]}
    changed = clerk.put(where, json={"recogniser_phone": "138****0000", "items": [{"id": item, "quantity1": 41}]},
                        headers=head)  # fmt: skip
    assert changed.json["result"]["items"][0]["quantity1"] == 41, changed.json
    sent = clerk.post(f"{where}/submit", json={"declared": True}, headers={"If-Match": changed.headers["ETag"]})
    assert sent.json["result"]["state"] == "submitted", sent.json
    head = {"If-Match": sent.headers["ETag"]}
    assert clerk.post(f"{where}/recognise", json={"declared": True}, headers=head).status_code == 403
    done = reviewer.post(f"{where}/recognise", json={"declared": True}, headers=head)
    assert done.json["result"]["state"] == "recognised", done.json
    plan_row = clerk.get(f"/api/v1/plan-tasks/{plan}").json["result"]
    assert plan_row["implementation_state"] == "started"
    head = {"If-Match": done.headers["ETag"]}
    gone = reviewer.post(f"{where}/revoke", json={"reason": "误认定"}, headers=head)
    assert gone.json["result"]["revoke_reason"] == "误认定"
    for other, status in (("hanshou", 404), ("guizhou", 404), ("yuxia", 403), ("hunan", 200)):
        assert signed_in(other).get(where).status_code == status
    with app.app_context(), as_user("dingcheng"), unit_of_work() as session:
        assert services.begin(session, plan, "start").id != made.json["id"]


def _inspection(app: Flask, signed_in: SignedIn, as_user: Any, folder: Path, plan: int) -> None:
    city = signed_in("changde")
    made = city.post("/api/v1/inspections/", json={"plan_task_id": plan})
    assert made.status_code == 201 and made.json["result"]["level"] == "city", made.json
    where, head = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    assert signed_in("dingcheng").get(where).status_code == 404
    items = [{"id": one["id"], "finding": "ok", "version": one["version"]} for one in made.json["result"]["items"]]
    facts = {"inspectors": "王某", "inspector_phone": "13800000032", "conclusion": "consistent", "items": items}
    changed = city.put(where, json=facts, headers=head)
    assert changed.status_code == 200, changed.json
    head = {"If-Match": changed.headers["ETag"]}
    refused = city.post(f"{where}/conclude", json={}, headers=head)
    assert [one["field"] for one in refused.json["findings"]] == ["inspection_sheet"]
    with app.app_context(), as_user("changde"), unit_of_work() as session:
        attach(session, folder, "Inspection", made.json["id"], "inspection_sheet", "pdf")
    done = city.post(f"{where}/conclude", json={}, headers=head)
    assert done.json["result"]["state"] == "concluded", done.json
    assert signed_in("dingcheng").get(where).json["result"]["conclusion"] == "consistent"
