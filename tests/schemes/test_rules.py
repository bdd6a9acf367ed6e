"""Flow, submission and adding up of schemes, without a database."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.actor import Actor
from app.kernel.errors import NotAllowed, RuleViolation
from app.kernel.text import BadInput
from app.schemes.rules import (
    ADDED_UP,
    ATTACHMENTS,
    FLOW,
    READERS,
    REQUIRED,
    STATUS_FIELDS,
    Subject,
    add_up,
    confirmation_digest,
    content_findings,
    investment_findings,
    needs_review,
    quantity_findings,
    required_attachments,
    submission_findings,
    take_away,
)  # fmt: skip

EVERYTHING = Actor(
    user_id=1,
    permissions=frozenset({("can_submit", "Scheme"), ("can_approve", "Scheme"), ("can_publish", "Scheme")}),
)
FULL: dict[str, Any] = {
    "property_management": "professional", "elevator_count": 1, "parking_count": 2,
    "investment": Decimal(200),
    "investment_basic": Decimal(0), "investment_improved": Decimal(0), "investment_upgraded": Decimal(200),
    "filler_name": "陈某", "filler_phone": "13800000000", **dict.fromkeys(STATUS_FIELDS, False),
}  # fmt: skip
PIPES = {
    "id": 1,
    "code": "GN-B01",
    "content": "供水管网",
    "unit1": "米",
    "unit2": "",
    "quantity1": Decimal(12),
    "quantity2": None,
}


@pytest.mark.req("R10", "M1.6.4", "M1.5.1")
def test_a_full_scheme_may_be_submitted() -> None:
    assert submission_findings(FULL, [PIPES], dict.fromkeys(ATTACHMENTS, 1)) == []


@pytest.mark.req("M1.6.4")
@pytest.mark.parametrize("field", REQUIRED)
def test_each_starred_field_is_asked_for(field: str) -> None:
    found = submission_findings({**FULL, field: None}, [PIPES], dict.fromkeys(ATTACHMENTS, 1))
    assert (field, True) in {(f.field, f.is_error) for f in found}


@pytest.mark.req("R10", "M1.6.4.1")
def test_contents_and_attachments_are_asked_for() -> None:
    assert [f.field for f in content_findings([])] == ["items"]
    assert [f.rule for f in content_findings([{**PIPES, "quantity1": Decimal(0)}])] == ["R10"]
    assert not content_findings([{**PIPES, "unit1": "", "quantity1": None}])
    assert {f.field for f in required_attachments({"scheme_document": 2})} == {
        "scheme_site_plan", "scheme_approval", "scheme_consent",
    }  # fmt: skip


@pytest.mark.req("R08")
def test_parts_that_do_not_add_up_are_a_warning() -> None:
    found = investment_findings({**FULL, "investment_upgraded": Decimal(0)})
    assert [(f.rule, f.level) for f in found] == [("R08", "warning")]
    assert not investment_findings(FULL)


@pytest.mark.req("R09")
def test_no_second_quantity_without_a_second_unit() -> None:
    assert [f.rule for f in quantity_findings(PIPES, Decimal(3))] == ["R09"]
    assert not quantity_findings(PIPES, Decimal(0)) and not quantity_findings(
        {**PIPES, "unit2": "个"}, Decimal(3)
    )
    assert [f.rule for f in content_findings([{**PIPES, "quantity2": Decimal(1)}])] == ["R09"]


@pytest.mark.req("N2.1", "R19", "R25")
def test_the_flow_asks_for_what_it_needs() -> None:
    def refused(state: str, action: str, subject: Subject) -> str:
        with pytest.raises(RuleViolation) as error:
            FLOW.require(state, action, EVERYTHING, subject)
        return error.value.findings[0].rule

    assert refused("draft", "submit", Subject()) == "R25"
    assert FLOW.require("returned", "submit", EVERYTHING, Subject(confirmed=True)).target == "submitted"
    assert (
        refused("in_review", "complete_review", Subject(outcomes={"housing": "passed", "finance": "pending"}))
        == "N2.1"
    )
    assert refused("in_review", "withdraw", Subject(outcomes={"housing": "passed"})) == "N2.1"
    assert refused("reviewed", "approve", Subject(submitted_by_id=1)) == "R19"
    assert refused("reviewed", "return", Subject(reason=" ")) == "N2.1"
    assert refused("draft", "publish", Subject()) == "N2.1"
    with pytest.raises(NotAllowed):
        FLOW.require("reviewed", "approve", Actor(user_id=2), Subject(submitted_by_id=1))


@pytest.mark.req("N2.1")
def test_who_needs_the_joint_review() -> None:
    three = ("housing", "development", "finance")
    every = ("reserve", "central_budget", "livelihood")
    assert needs_review(three, every, (), is_reserve=True)
    assert needs_review(three, every, ("special_bond", "livelihood"), is_reserve=False)
    assert not needs_review(three, every, (), is_reserve=False), "in no programme"
    assert not needs_review(three, ("livelihood",), ("central_budget",), is_reserve=False), "not its"
    assert not needs_review(three, ("livelihood",), (), is_reserve=True), "the profile reviews no reserve"
    assert not needs_review((), every, ("livelihood",), is_reserve=True), "no department reviews"


FIGURES = st.fixed_dictionaries({name: st.integers(0, 500) for name in ADDED_UP})


@pytest.mark.req("M1.6.1")
@given(FIGURES, FIGURES)
def test_what_was_added_up_can_be_taken_away(mine: dict[str, Any], theirs: dict[str, Any]) -> None:
    values, brought = add_up(mine, {**theirs, "safeguards": "措施"})
    assert (
        all(values[name] == mine[name] + theirs[name] for name in ADDED_UP) and values["safeguards"] == "措施"
    )
    left = take_away({**mine, **values}, brought)
    assert {name: left[name] for name in ADDED_UP} == mine and left["safeguards"] == ""


@pytest.mark.req("M1.6.1")
def test_the_plans_own_answers_stay() -> None:
    values, brought = add_up(
        {"piped_gas": False, "filler_name": "王某"}, {"piped_gas": True, "filler_name": "陈某"}
    )
    assert not values and not brought
    assert take_away({"investment": Decimal(5)}, {"investment": Decimal(8)}) == {"investment": Decimal(0)}


@pytest.mark.req("R25")
def test_the_digest_tells_one_content_from_another() -> None:
    assert confirmation_digest(FULL, [PIPES]) != confirmation_digest(
        FULL, [{**PIPES, "quantity1": Decimal(13)}]
    )


@pytest.mark.req("M1.6.4")
def test_fields_are_read_strictly() -> None:
    assert READERS["piped_gas"]("是") is True and READERS["piped_gas"]("") is None
    for field, text in (
        ("piped_gas", "?"),
        ("property_management", "x"),
        ("elevator_count", "1.5"),
        ("investment", "-1"),
    ):
        with pytest.raises(BadInput):
            READERS[field](text)
