"""Accounts of construction units for programs: the page's rules, scope and lock; no password in any answer (M1.6.5.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.annual_plans.models import PlanTask
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.notifications import outbox
from app.persistence.context import acting_as

pytestmark = pytest.mark.req("M1.6.5.3")
FREE_PLAN = "43070320200908528"
TYPED = {"username": "dc_api1", "unit_name": "鼎城某建设公司", "phone": "13800000001"}
URL = "/api/v1/construction-accounts/"


class Telephone:
    """A sender that keeps what arrives."""

    name = "tests"

    def __init__(self) -> None:
        self.passwords: list[str] = []

    def send(self, order: Any) -> str:
        self.passwords.append(order.values["password"])
        return "receipt"


def delivered(app: Flask) -> str:
    """The one-time password that went out last."""
    telephone = Telephone()
    with app.app_context():
        outbox.send_due(telephone)
    (password,) = telephone.passwords
    return password


def test_by_program(app_db: Flask, signed_in: Callable[[str], FlaskClient], query_counter: Any) -> None:
    with app_db.app_context(), acting_as(SYSTEM):
        plan = db.session.scalars(sa.select(PlanTask.id).where(PlanTask.code == FREE_PLAN)).one()
        db.session.remove()
    clerk = signed_in("dingcheng")
    for wrong, field in ({"phone": "07361234567"}, "phone"), ({"username": ""}, "username"), ({"state": "x"}, "state"):
        refused = clerk.post(URL, json={**TYPED, "plan_task_id": plan, **wrong})
        assert refused.status_code == 422 and field in {one["field"] for one in refused.json["findings"]}, wrong
    made = clerk.post(URL, json={**TYPED, "plan_task_id": plan})
    assert made.status_code == 201, made.json
    one = made.json["result"]
    assert (one["username"], one["state"], one["sms_state"], one["phone"]) == ("dc_api1", "active", "queued", "138****0001")
    where, said = made.headers["Location"], [made.get_data(as_text=True)]
    first = delivered(app_db)
    assert clerk.post(URL, json={**TYPED, "plan_task_id": plan}).json["findings"][0]["field"] == "username"
    with query_counter() as sql:
        listed = clerk.get(f"{URL}?q=(filters:!((col:plan_task_id,opr:eq,value:{plan})))")
    assert [row["username"] for row in listed.json["result"]] == ["dc_api1"]
    assert len([text for text in sql if "FROM construction_account" in text]) == 3
    for other, status in (("hanshou", 404), ("nayong", 404), ("yuxia", 403), ("dingcheng_review", 403), ("hunan", 403)):
        client = signed_in(other)
        assert client.get(where).status_code == status, other
        assert client.post(f"{where}/stop", json={"version": 1}).status_code == status, other
    clerk = signed_in("dingcheng")
    assert clerk.post(f"{where}/stop", json={}).status_code == 428
    assert clerk.post(f"{where}/stop", json={"version": one["version"] + 7}).status_code == 409
    stopped = clerk.post(f"{where}/stop", json={}, headers={"If-Match": clerk.get(where).headers["ETag"]})
    assert stopped.json["result"]["state"] == "stopped", stopped.json
    again = clerk.post(f"{where}/stop", json={}, headers={"If-Match": stopped.headers["ETag"]})
    assert again.status_code == 422
    begun = clerk.post(f"{where}/start", json={}, headers={"If-Match": stopped.headers["ETag"]})
    assert begun.json["result"]["state"] == "active", begun.json
    anew = clerk.post(f"{where}/reset", json={"phone": "13800000002"}, headers={"If-Match": begun.headers["ETag"]})
    assert anew.status_code == 200 and anew.json["result"]["phone"] == "138****0002", anew.json
    said += [answer.get_data(as_text=True) for answer in (listed, stopped, begun, anew)]
    second = delivered(app_db)
    assert first != second and not any(password in text for password in (first, second) for text in said)
