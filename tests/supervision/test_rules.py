"""R22 and every state × action × role of a supervision issue, without a database."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest

from app.accounts.matrix import ROLES
from app.kernel.actor import Actor
from app.kernel.errors import NotAllowed, RuleViolation
from app.supervision import rules
from app.supervision.rules import FLOW, Subject

pytestmark = pytest.mark.req("R22", "M1.6.7.3")
DAY = dt.date(2021, 9, 16)
LEADS = {
    ("draft", "open"): "open", ("draft", "discard"): "discarded", ("open", "rectify"): "rectified",
    ("sent_back", "rectify"): "rectified", ("rectified", "confirm"): "confirmed",
    ("rectified", "send_back"): "sent_back",
}  # fmt: skip


@pytest.mark.parametrize(("state", "action", "role"), list(product(FLOW.states, FLOW.actions, ROLES)))
def test_state_action_role(state: str, action: str, role: str) -> None:
    permissions = ROLES[role].permissions
    actor = Actor(user_id=7, region_level=ROLES[role].level, roles=frozenset({role}), permissions=permissions)
    needed = "can_submit" if action == "rectify" else "can_edit"
    allowed, leads = (needed, "SupervisionIssue") in permissions, LEADS.get((state, action))
    if allowed and leads:
        assert FLOW.require(state, action, actor, Subject(text="已修复")).target == leads
    else:
        with pytest.raises(RuleViolation if allowed else NotAllowed):
            FLOW.require(state, action, actor, Subject(text="已修复"))


def test_an_open_issue_names_who_until_when() -> None:
    full = {"problem": "积水", "responsible_unit": "某单位", "responsible_person": "陈某", "deadline": DAY}
    assert rules.responsible_findings(full, DAY) == []
    assert [f.field for f in rules.responsible_findings({}, DAY)] == list(full)
    late = rules.responsible_findings(full, DAY + dt.timedelta(days=1))
    assert [f.field for f in late] == ["deadline"] and late[0].rule == "R22"
    assert rules.overdue("open", DAY, DAY + dt.timedelta(days=1)) and not rules.overdue("open", DAY, DAY)
    assert not rules.overdue("rectified", DAY, DAY + dt.timedelta(days=9))
