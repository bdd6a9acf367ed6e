"""R14, R15, R19 and every state × action × role of a recognition, without a database."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any

import pytest

from app.accounts.matrix import ROLES
from app.kernel.actor import Actor
from app.kernel.errors import NotAllowed, RuleViolation
from app.recognition import rules
from app.recognition.rules import FLOW, Subject

DAY = dt.date(2021, 6, 18)
WHO = {
    "submit": "county_editor", "withdraw": "county_editor", "discard": "county_editor",
    "recognise": "county_reviewer", "return": "county_reviewer", "revoke": "county_reviewer",
}  # fmt: skip
LEADS = {
    ("draft", "submit"): "submitted", ("returned", "submit"): "submitted", ("submitted", "withdraw"): "draft",
    ("draft", "discard"): "discarded", ("returned", "discard"): "discarded",
    ("submitted", "recognise"): "recognised", ("submitted", "return"): "returned",
    ("recognised", "revoke"): "revoked",
}  # fmt: skip
FINE = Subject(confirmed=True, reason="照片不清", people=frozenset({99}))


def actor_of(role: str, user_id: int = 7) -> Actor:
    return Actor(user_id=user_id, roles=frozenset({role}), permissions=ROLES[role].permissions)


@pytest.mark.req("M1.6.7.1", "M1.6.7.2", "R19")
@pytest.mark.parametrize(("state", "action", "role"), list(product(FLOW.states, FLOW.actions, ROLES)))
def test_state_action_role(state: str, action: str, role: str) -> None:
    allowed, leads = WHO[action] == role, LEADS.get((state, action))
    if allowed and leads:
        assert FLOW.require(state, action, actor_of(role), FINE).target == leads
    else:
        with pytest.raises(RuleViolation if allowed else NotAllowed):
            FLOW.require(state, action, actor_of(role), FINE)


def refused(state: str, action: str, role: str, subject: Subject, user_id: int = 7) -> list[str]:
    with pytest.raises(RuleViolation) as caught:
        FLOW.require(state, action, actor_of(role, user_id), subject)
    return [str(finding.message) for finding in caught.value.findings]


@pytest.mark.req("R19", "R25")
def test_predicates_say_why() -> None:
    mine = Subject(confirmed=True, people=frozenset({7}))
    assert "Whoever prepared" in refused("submitted", "recognise", "county_reviewer", mine)[0]
    assert "Confirm" in refused("draft", "submit", "county_editor", Subject())[0]
    for action, state in (("return", "submitted"), ("revoke", "recognised")):
        assert refused(state, action, "county_reviewer", Subject(reason=" ")) == ["Say why."]
    standing = Subject("start", reason="认定有误", plan_state="finished")
    assert "revoke that first" in refused("recognised", "revoke", "county_reviewer", standing)[0]
    assert FLOW.require("recognised", "revoke", actor_of("county_reviewer"),
                        Subject("finish", reason="认定有误", plan_state="finished"))  # fmt: skip


def content(key: int, state: str, name: str = "道路") -> dict[str, Any]:
    return {"id": key, "content": name, "state": state, "unit1": "米", "unit2": ""}


ALL = {"project_approval": 1, "bid_notice": 1, "construction_contract": 2, "start_order": 1}
BOTH = {"photo_before", "photo_during"}


@pytest.mark.req("R14", "M1.6.7.1")
def test_a_start_names_what_is_missing() -> None:
    begun, idle = content(1, "in_progress"), content(2, "not_started", "照明")
    assert rules.start_findings([begun, idle], {1: BOTH}, ALL) == []
    assert rules.start_findings([begun, content(3, "in_progress", "围墙")], {1: BOTH}, ALL) == []
    found = rules.start_findings([begun, idle], {1: {"photo_before"}}, {"bid_notice": 1})
    assert [f.field for f in found] == ["project_approval", "construction_contract", "start_order", "item_1"]
    assert "“道路” lacks: Photos during renovation." in [str(f.message) for f in found]
    assert all(f.rule == "R14" and f.is_error for f in found)
    assert [f.field for f in rules.start_findings([idle], {}, ALL)] == ["items"]
    assert [f.field for f in rules.start_findings([], {}, ALL)] == ["items"]


@pytest.mark.req("R15", "M1.6.7.2")
def test_a_finish_names_every_content() -> None:
    papers = {"acceptance_report": 1, "acceptance_record": 1}
    done, going = content(1, "finished"), content(2, "in_progress", "照明")
    assert rules.finish_findings([done], {1: {"photo_after"}}, papers) == []
    found = rules.finish_findings([done, going], {1: BOTH}, {"acceptance_report": 1})
    assert [f.field for f in found] == ["acceptance_record", "item_1", "item_2"]
    assert [str(f.message) for f in found][
        2
    ] == "“照明” is “Under renovation”: every content must be finished."
    assert rules.finish_findings([], {}, papers)


@pytest.mark.req("R15")
def test_dates() -> None:
    today = DAY + dt.timedelta(days=5)
    assert rules.date_findings("start", DAY, None, today) == []
    assert rules.date_findings("start", None, None, today)[0].field == "recognised_on"
    assert rules.date_findings("start", today + dt.timedelta(days=1), None, today)
    assert rules.date_findings("finish", DAY, DAY, today) == []
    early = rules.date_findings("finish", DAY - dt.timedelta(days=1), DAY, today)
    assert "2021-06-18" in str(early[0].message) and early[0].rule == "R15"


@pytest.mark.req("M1.6.7.1", "R09")
def test_reading_a_content() -> None:
    one = content(5, "in_progress")
    values, found = rules.read_item(one, {"state": "finished", "quantity1": "1,830.5", "quantity2": ""})
    assert (values["state"], str(values["quantity1"]), found) == ("finished", "1830.50", [])
    for typed, field in (({"state": "x"}, "state_5"), ({"quantity1": "-1"}, "quantity1_5"),
                         ({"quantity2": "3"}, "quantity2_5")):  # fmt: skip
        assert [f.field for f in rules.read_item(one, typed)[1]] == [field]


@pytest.mark.parametrize(("kind", "state", "free"), [
    ("start", "not_started", True), ("start", "started", False), ("start", "finished", False),
    ("finish", "not_started", False), ("finish", "started", True), ("finish", "finished", False),
])  # fmt: skip
def test_what_the_plan_must_be(kind: str, state: str, free: bool) -> None:
    assert (rules.plan_findings(kind, state) == []) is free
