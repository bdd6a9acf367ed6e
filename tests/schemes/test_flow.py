"""Every state × action × role of the scheme's flow, against what roles.md says; the diagram in the documents."""

from __future__ import annotations

from itertools import product

import pytest

import config
from app.accounts.matrix import ROLES
from app.kernel.actor import Actor
from app.kernel.errors import NotAllowed, RuleViolation
from app.schemes.rules import DEPARTMENTS, FLOW, Subject, department_of, visible_to
from tools import make_docs

pytestmark = pytest.mark.req("N2.1", "R19")
# who may take which step at all (roles.md), and from where it leads where (N2.1)
WHO = {
    "submit": {"county_editor"}, "withdraw": {"county_editor"}, "publish": {"county_editor"},
    "approve": {"county_reviewer", "city_manager"}, "return": {"county_reviewer", "city_manager"},
}  # fmt: skip
LEADS = {
    ("draft", "submit"): "submitted", ("returned", "submit"): "submitted", ("in_review", "withdraw"): "draft",
    ("submitted", "open_review"): "in_review", ("submitted", "pass_without_review"): "approved",
    ("in_review", "complete_review"): "reviewed", ("in_review", "return_from_review"): "returned",
    ("reviewed", "approve"): "approved", ("reviewed", "return"): "returned", ("approved", "return"): "returned",
    ("approved", "publish"): "published",
}  # fmt: skip
# a subject that no predicate of these steps objects to
FITS = {
    "pass_without_review": Subject(needs_review=False),
    "complete_review": Subject(outcomes=dict.fromkeys(DEPARTMENTS, "passed")),
    "withdraw": Subject(outcomes=dict.fromkeys(DEPARTMENTS, "pending")),
}
ANY = Subject(confirmed=True, submitted_by_id=99, reason="缺资金来源")


def actor_of(role: str) -> Actor:
    return Actor(user_id=7, username=role, roles=frozenset({role}), permissions=ROLES[role].permissions)


@pytest.mark.parametrize(("state", "action", "role"), list(product(FLOW.states, FLOW.actions, ROLES)))
def test_state_action_role(state: str, action: str, role: str) -> None:
    actor, subject = actor_of(role), FITS.get(action, ANY)
    allowed = role in WHO[action] if action in WHO else True
    leads = LEADS.get((state, action))
    if allowed and leads:
        assert FLOW.require(state, action, actor, subject).target == leads
    else:
        with pytest.raises(NotAllowed if not allowed else RuleViolation):
            FLOW.require(state, action, actor, subject)


def test_reviewers_act_for_their_department_alone() -> None:
    found = {name: department_of(actor_of(name)) for name in ROLES}
    assert {name: of for name, of in found.items() if of} == {
        f"joint_reviewer_{department}": department for department in DEPARTMENTS
    }
    assert not visible_to(actor_of("joint_reviewer_finance"), 0)
    assert visible_to(actor_of("joint_reviewer_finance"), 1) and visible_to(actor_of("county_editor"), 0)


def test_the_documents_show_the_flow_as_it_is() -> None:
    written = (config.ROOT / "docs" / "flows.md").read_text(encoding="utf-8")
    assert written == make_docs.flows(), "run `make docs`"
    assert "in_review --> reviewed" in written
