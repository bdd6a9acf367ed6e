"""The matrix as data against its golden table, the vocabulary's words, and the database after a sync."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from app.accounts import queries, services
from app.accounts.matrix import ACTIONS, ADMINISTRATORS, EVERYBODY, RESOURCES, ROLES
from app.accounts.rules import fixed, grantable, vocabulary
from app.kernel.errors import NotAllowed, RuleViolation
from app.persistence.work import unit_of_work
from tests.conftest import actor_named

GOLDEN = json.loads((Path(__file__).parent / "golden_matrix.json").read_text(encoding="utf-8"))


def as_text(pairs: object) -> list[str]:
    return sorted(f"{action} {resource}" for action, resource in pairs)  # type: ignore[attr-defined]


@pytest.mark.req("M1.0", "M1.1")
def test_the_matrix_is_the_golden_one() -> None:
    """A change that is meant is accepted by ``python tools/golden_matrix.py`` and seen in the diff."""
    assert {name: as_text(spec.permissions) for name, spec in ROLES.items()} == GOLDEN


@pytest.mark.req("M1.1")
def test_the_database_holds_the_matrix_after_a_sync(session) -> None:
    held = {name: as_text(pairs) for name, pairs in queries.granted(session).items()}
    assert held == GOLDEN


@pytest.mark.req("D3")
def test_every_word_of_the_vocabulary_is_explained() -> None:
    assert {action for action, _r in vocabulary()} <= set(ACTIONS)
    assert {resource for _a, resource in vocabulary()} <= set(RESOURCES)


@pytest.mark.req("M1.1")
def test_administrators_share_nothing_but_the_regions_with_business_roles() -> None:
    business = set().union(*(spec.permissions for name, spec in ROLES.items() if name not in ADMINISTRATORS))
    for name in ADMINISTRATORS:
        shared = (ROLES[name].permissions - EVERYBODY) & business
        assert {resource for _action, resource in shared} <= {"Region"}, (name, shared)


@pytest.mark.req("M1.1")
def test_a_change_of_a_role_survives_a_sync(app_db: Flask) -> None:
    with app_db.app_context():
        actor = actor_named("secadmin")
        pair = ("can_export", "Community")
        with unit_of_work() as work:
            added, removed = services.save_role(
                work, actor, "county_reviewer", ROLES["county_reviewer"].permissions - {pair}
            )
        assert (added, removed) == (set(), {pair})
        with unit_of_work() as work:
            services.sync_roles(work)
        with unit_of_work() as work:
            assert pair not in queries.granted(work)["county_reviewer"]
            assert pair in queries.granted(work)["county_editor"]


@pytest.mark.req("M1.1")
def test_roles_keep_to_their_own_part(app_db: Flask) -> None:
    with app_db.app_context():
        actor = actor_named("secadmin")
        for role, pair in (
            ("county_editor", ("can_edit", "Role")),
            ("system_admin", ("can_list", "Community")),
            ("security_admin", ("can_add", "Account")),
        ):
            assert pair not in grantable(role)
            with pytest.raises(RuleViolation), unit_of_work() as work:
                services.save_role(work, actor, role, {*ROLES[role].permissions, pair})
        with unit_of_work() as work:
            services.save_role(work, actor, "security_admin", set())
            assert fixed("security_admin") <= queries.granted(work)["security_admin"]
        with pytest.raises(NotAllowed), unit_of_work() as work:
            services.save_role(work, actor_named("sysadmin"), "county_editor", set())


@pytest.mark.req("M1.1")
def test_taking_a_permission_works_at_once_in_open_sessions(signed_in, app_db: Flask) -> None:
    reviewer, security = signed_in("dingcheng_review"), signed_in("secadmin")
    assert reviewer.get("/communities/list/").status_code == 200
    wanted = ROLES["county_reviewer"].permissions - {("can_list", "Community")}
    answer = security.post("/roles/edit/county_reviewer", data={"permission": as_text(wanted)})
    assert answer.status_code == 302
    assert reviewer.get("/communities/list/").status_code == 403
    with app_db.app_context(), unit_of_work() as work:
        text = (
            work.connection()
            .exec_driver_sql("SELECT before FROM audit_event WHERE action = 'role_change' ORDER BY id DESC")
            .scalar()
        )
        assert "can_list Community" in str(text)
