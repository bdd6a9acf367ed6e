"""Every state × action × role of a month report, against what roles.md says; declarations, warnings."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any

import pytest

from app.accounts.matrix import ROLES
from app.kernel.actor import Actor
from app.kernel.calendar import Month, report_window
from app.kernel.errors import Finding, NotAllowed, RuleViolation, msg
from app.monthly_reports import rules
from app.monthly_reports.rules import FLOW, Subject

pytestmark = pytest.mark.req("M1.6.5.4", "R19", "R25")
WHO = {
    "submit": {"county_editor", "construction_unit"}, "withdraw": {"county_editor", "construction_unit"},
    "approve": {"county_reviewer"}, "return": {"county_reviewer"},
    "correct": {"county_editor", "construction_unit"},
}  # fmt: skip
LEADS = {
    ("draft", "submit"): "submitted", ("returned", "submit"): "submitted", ("submitted", "withdraw"): "draft",
    ("submitted", "approve"): "approved", ("submitted", "return"): "returned",
    ("approved", "correct"): "approved", ("approved", "supersede"): "superseded",
}  # fmt: skip
FITS = Subject(declared=True, submitted_by_id=99, reason="照片不清")


def actor_of(role: str) -> Actor:
    return Actor(user_id=7, username=role, roles=frozenset({role}), permissions=ROLES[role].permissions)


@pytest.mark.parametrize("role", ROLES)
def test_state_action_role(role: str) -> None:
    actor = actor_of(role)
    for state, action in product(FLOW.states, FLOW.actions):
        allowed = role in WHO[action] if action in WHO else True
        leads = LEADS.get((state, action))
        if allowed and leads:
            assert FLOW.require(state, action, actor, FITS).target == leads
        else:
            with pytest.raises(NotAllowed if not allowed else RuleViolation):
                FLOW.require(state, action, actor, FITS)


def test_the_table_names_every_step() -> None:
    assert {(source, step.action) for step in FLOW.transitions for source in step.sources} == set(LEADS)


@pytest.mark.parametrize(
    ("state", "action", "role", "subject", "rule"),
    [
        ("draft", "submit", "county_editor", Subject(declared=False), "R25"),
        ("draft", "submit", "county_editor",
         Subject((Finding("R12", "error", "year_investment", msg("x")),), declared=True), "R12"),
        ("submitted", "approve", "county_reviewer", Subject(declared=True, submitted_by_id=7), "R19"),
        ("submitted", "approve", "county_reviewer", Subject(declared=False, submitted_by_id=1), "R25"),
        ("submitted", "return", "county_reviewer", Subject(reason="  "), "M1.6.5.4"),
        ("submitted", "return", "county_reviewer", Subject(reason="长" * 501), "M1.6.5.4"),
        ("approved", "correct", "county_editor", Subject(), "M1.6.5.4"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way(state: str, action: str, role: str, subject: Subject, rule: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        FLOW.require(state, action, actor_of(role), subject)
    assert [finding.rule for finding in refused.value.findings] == [rule]


def test_warnings_alone_do_not_stand_in_the_way() -> None:
    soft = Subject((Finding("R13", "warning", None, msg("x")),), declared=True)
    assert FLOW.require("draft", "submit", actor_of("county_editor"), soft).target == "submitted"


def test_confirmed_warnings_are_read_back_in_any_language() -> None:
    text = msg("“%(content)s” of %(who)s", content="道路", who=msg("A"))
    found = Finding("R13", "warning", "progress", text)
    assert rules.as_finding(rules.as_stored(found)) == found


def test_a_declaration_signs_what_was_there() -> None:
    at = dt.datetime(2026, 5, 26, tzinfo=dt.UTC)
    first = rules.declaration("submit", actor_of("county_editor"), at, {"a": "1.00", "items": [1, 2]})
    again = rules.declaration("submit", actor_of("county_editor"), at, {"items": [1, 2], "a": "1.00"})
    other = rules.declaration("submit", actor_of("county_editor"), at, {"a": "1.01", "items": [1, 2]})
    assert first == again and first["digest"] != other["digest"] and first["text"] == rules.DECLARATION


@pytest.mark.req("R18")
def test_windows_follow_the_days_of_the_profile() -> None:
    may = Month.at(2026, 5)
    window = report_window(may, 25, 1)
    assert (window.opens, window.due) == (dt.date(2026, 5, 25), dt.date(2026, 6, 1))
    states = [window.state(dt.date(2026, *day)) for day in ((5, 24), (5, 25), (6, 1), (6, 2))]
    assert states == ["not_open", "open", "due_today", "late"]
    early = report_window(may, open_day=20, due_day=5)
    assert (early.opens, early.due) == (dt.date(2026, 5, 20), dt.date(2026, 6, 5))
    assert rules.month_findings(may, dt.date(2026, 5, 19), 20)
    assert not rules.month_findings(may, early.opens, 20)


def test_a_plan_shows_the_most_urgent_of_its_works_projects() -> None:
    may = Month.at(2026, 5)

    def cell(state: str | None, overdue: bool = False, expected: bool = True, revision: int = 1) -> Any:
        found = {"id": 1, "state": state, "revision": revision, "is_makeup": False, "is_late": False}
        return rules.cell(may, found if state else None, expected=expected, overdue=overdue)

    assert cell(None, overdue=True).state == "overdue" and cell(None).state == "none"
    assert cell(None, overdue=True, expected=False).state == "none"
    assert cell("draft", overdue=True).late and not cell("submitted", overdue=True).late
    assert cell("approved", revision=2).is_correction
    states = ("approved", "submitted", None, "draft")
    order = [*(cell(state) for state in states), cell(None, True), cell("returned")]
    for number in range(1, len(order) + 1):
        assert rules.worst(order[:number]) == order[number - 1]
    assert rules.worst([cell(None, expected=False), cell("approved")]).state == "approved"
