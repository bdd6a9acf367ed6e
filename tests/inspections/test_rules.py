"""What a conclusion needs, who writes which inspection, without a database."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any

import pytest

from app.accounts.matrix import ROLES
from app.inspections import rules
from app.inspections.rules import FLOW, Subject
from app.kernel.actor import Actor
from app.kernel.errors import NotAllowed, RuleViolation

pytestmark = pytest.mark.req("M1.6.7.3")
DAY = dt.date(2021, 9, 16)
LEVEL = {"county_editor": "county", "city_manager": "city", "province_manager": "province"}
LEADS = {("draft", "conclude"): "concluded", ("draft", "discard"): "void", ("concluded", "annul"): "void"}


def actor_of(role: str) -> Actor:
    permissions = ROLES[role].permissions
    return Actor(user_id=7, region_level=ROLES[role].level, roles=frozenset({role}), permissions=permissions)


@pytest.mark.parametrize(("state", "action", "role"), list(product(FLOW.states, FLOW.actions, ROLES)))
def test_state_action_role(state: str, action: str, role: str) -> None:
    subject = Subject(LEVEL.get(role, "county"), reason="检查对象有误")
    leads = LEADS.get((state, action))
    if role in LEVEL and leads:
        assert FLOW.require(state, action, actor_of(role), subject).target == leads
    else:
        with pytest.raises(RuleViolation if role in LEVEL else NotAllowed):
            FLOW.require(state, action, actor_of(role), subject)


@pytest.mark.parametrize(("role", "level"), list(product(LEVEL, rules.LEVELS)))
def test_each_level_writes_its_own(role: str, level: str) -> None:
    own, actor = LEVEL[role] == level, actor_of(role)
    assert rules.may_write(actor, level, "draft") is own and not rules.may_write(actor, level, "concluded")
    assert rules.visible_to(actor, level, "draft") is own and rules.visible_to(actor, level, "concluded")
    if not own:
        for state, action in LEADS:
            with pytest.raises(RuleViolation):
                FLOW.require(state, action, actor, Subject(level, reason="x"))


def test_a_conclusion_needs_its_head() -> None:
    head = {
        "inspected_on": DAY,
        "inspectors": "王某",
        "inspector_phone": "13800000000",
        "conclusion": "mostly",
    }
    assert rules.head_findings(head, DAY, 1) == []
    assert [f.field for f in rules.head_findings(head, DAY - dt.timedelta(days=1), 0)] == [
        "inspected_on", rules.SHEET,
    ]  # fmt: skip
    assert {f.field for f in rules.head_findings({}, DAY, 1)} == set(head)


def content(key: int, finding: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "content": "道路", "finding": finding, "problem": "", "hand_over": False, "deadline": None,
            **more}  # fmt: skip


def test_problems_in_words_and_pictures() -> None:
    items = [content(1, "ok"), content(2, "problem", problem="积水", deadline=DAY)]
    assert rules.item_findings(items, {2: 1}, DAY) == []
    worse = [content(1, ""), content(2, "problem", deadline=DAY - dt.timedelta(days=1))]
    found = rules.item_findings(worse, {}, DAY)
    assert [f.field for f in found] == ["items", "problem_2", "item_2", "deadline_2"]
    assert str(found[0].message) == "1 contents have not been checked yet."


def test_reading() -> None:
    typed = {"finding": "problem", "problem": "积水", "hand_over": "1", "deadline": "2021-10-01"}
    values, found = rules.read_item(3, typed)
    assert (values["hand_over"], values["deadline"], found) == (True, dt.date(2021, 10, 1), [])
    wrong = {"finding": "x", "problem": "长" * 1001, "deadline": "昨天"}
    assert {f.field for f in rules.read_item(3, wrong)[1]} == {"finding_3", "problem_3", "deadline_3"}
