"""The state machine: who may do what from which state, and why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from app.kernel.actor import SYSTEM, Actor
from app.kernel.errors import Finding, Message, NotAllowed, RuleViolation
from app.kernel.flow import Flow, Transition

CLERK = Actor(user_id=1, permissions=frozenset({("can_edit", "Report")}))
REVIEWER = Actor(user_id=2, permissions=frozenset({("can_review", "Report")}))


@dataclass
class Paper:
    pages: int = 1
    written_by: int = 1


def has_pages(actor: Actor, paper: Paper) -> Iterable[Finding]:
    if paper.pages == 0:
        yield Finding("R10", "error", "pages", Message("Nothing is written."))
    elif paper.pages > 9:
        yield Finding("R13", "warning", "pages", Message("Very long."))


def not_own(actor: Actor, paper: Paper) -> Iterable[Finding]:
    if actor.user_id == paper.written_by:
        yield Finding("R19", "error", None, Message("Not your own."))


STATES = {"draft": "Draft", "submitted": "Submitted", "approved": "Approved"}
STEPS = (
    Transition(("draft",), "submit", "submitted", ("can_edit", "Report"), "has_pages", "Submit"),
    Transition(("submitted",), "approve", "approved", ("can_review", "Report"), "not_own", "Approve"),
    Transition(("submitted",), "return", "draft", ("can_review", "Report"), label="Return"),
)
FLOW = Flow(STATES, STEPS, {"has_pages": has_pages, "not_own": not_own})


@pytest.mark.req("R10")
def test_a_transition_goes_through_when_state_permission_and_predicate_agree() -> None:
    assert FLOW.require("draft", "submit", CLERK, Paper()).target == "submitted"
    assert [t.action for t in FLOW.allowed("submitted", REVIEWER, Paper())] == ["approve", "return"]
    assert FLOW.allowed("draft", REVIEWER, Paper()) == ()
    assert [t.action for t in FLOW.allowed("draft", SYSTEM, Paper())] == ["submit"]


def test_without_the_permission_it_is_not_allowed_whatever_the_state() -> None:
    for state in STATES:
        with pytest.raises(NotAllowed) as caught:
            FLOW.require(state, "approve", CLERK, Paper())
        assert caught.value.message.values["action"] == Message("Approve")


def test_the_wrong_state_is_named() -> None:
    with pytest.raises(RuleViolation, match=r"“Submit” is not .*: the current state is “Approved”") as caught:
        FLOW.require("approved", "submit", CLERK, Paper())
    assert caught.value.findings[0].rule == "FLOW"
    with pytest.raises(RuleViolation, match="no such action"):
        FLOW.require("draft", "explode", CLERK, Paper())


@pytest.mark.req("R19", "R10")
def test_a_predicate_refuses_with_its_own_findings_and_warnings_do_not() -> None:
    with pytest.raises(RuleViolation) as caught:
        FLOW.require("draft", "submit", CLERK, Paper(pages=0))
    assert [f.rule for f in caught.value.findings] == ["R10"]
    assert FLOW.require("draft", "submit", CLERK, Paper(pages=10)).action == "submit"
    assert [f.level for f in FLOW.findings(STEPS[0], CLERK, Paper(pages=10))] == ["warning"]
    assert [t.action for t in FLOW.allowed("submitted", REVIEWER, Paper(written_by=2))] == ["return"]
    assert [t.action for t in FLOW.offered("submitted", REVIEWER)] == ["approve", "return"]


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ((*STEPS, Transition(("draft",), "submit", "approved")), "twice"),
        ((Transition(("draft",), "submit", "lost"),), "unknown states"),
        ((Transition(("draft",), "submit", "submitted", when="moon"),), "unknown predicate"),
        (STEPS[:1], "no transition reaches"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(steps: tuple[Transition, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Flow(STATES, steps, FLOW.predicates)


def test_the_diagram_is_the_table() -> None:
    drawn = FLOW.to_mermaid(render=str.upper).splitlines()
    assert drawn[:2] == ["stateDiagram-v2", "    [*] --> draft"]
    assert "    draft --> submitted: SUBMIT" in drawn
    assert "    approved --> [*]" in drawn
    assert sum("-->" in line for line in drawn) == len(STEPS) + 2
    assert FLOW.actions == ("submit", "approve", "return")


def test_one_source_may_be_given_as_a_word() -> None:
    assert Transition("draft", "go", "submitted").sources == ("draft",)
    assert Transition("draft", "go", "submitted").label == "go"
