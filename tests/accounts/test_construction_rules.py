"""States of a unit's account × actions × roles, and what may be typed for a new one (pure)."""

from __future__ import annotations

import pytest

from app.accounts.construction.rules import FLOW, STATES, check_unit, phone_findings
from app.accounts.matrix import ROLES
from app.kernel.actor import Actor
from app.kernel.errors import NotAllowed, RuleViolation

pytestmark = pytest.mark.req("M1.6.5.3")
TARGETS = {
    ("active", "stop"): "stopped", ("stopped", "start"): "active", ("active", "reset"): "active",
    ("active", "expire"): "ended", ("ended", "reopen"): "active",
}  # fmt: skip
BY_HAND = {"stop", "start", "reset"}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_states_actions_and_roles(role: str) -> None:
    actor = Actor(user_id=1, roles=frozenset({role}), permissions=ROLES[role].permissions)
    for state in STATES:
        for action in FLOW.actions:
            if action in BY_HAND and role != "county_editor":
                with pytest.raises(NotAllowed):
                    FLOW.require(state, action, actor, None)
            elif (state, action) in TARGETS:
                assert FLOW.require(state, action, actor, None).target == TARGETS[state, action]
            else:
                with pytest.raises(RuleViolation):
                    FLOW.require(state, action, actor, None)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({}, []),
        ({"username": "Yu Xia"}, ["username"]),
        ({"username": "ab"}, ["username"]),
        ({"unit_name": ""}, ["unit_name"]),
        ({"unit_name": "长" * 61}, ["unit_name"]),
        ({"phone": ""}, ["phone"]),
        ({"phone": "0736-7700000"}, ["phone"]),
        ({"username": "", "unit_name": "", "phone": "123"}, ["username", "unit_name", "phone"]),
    ],
)
def test_what_may_be_typed(change: dict[str, str], fields: list[str]) -> None:
    values = {"username": "dc_unit1", "unit_name": "某建设公司", "phone": "13800000001", **change}
    assert [finding.field for finding in check_unit(values)] == fields


def test_only_mobiles_take_messages() -> None:
    assert not phone_findings("13800000000")
    assert [f.field for f in phone_findings("07367700000", "other")] == ["other"]
