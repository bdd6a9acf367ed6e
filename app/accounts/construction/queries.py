"""Selects over construction units' accounts: what makes their scope, and what the county's page lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_appbuilder.security.sqla.models import Role, assoc_user_role
from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from app.accounts.construction.models import ConstructionAccount
from app.accounts.construction.rules import ASSIGNED, UNIT
from app.accounts.models import Account
from app.kernel.scope import Scope
from app.notifications.models import SmsMessage
from app.persistence.base import metadata
from app.persistence.context import current_scope, unscoped
from app.persistence.engine import ensure_scope
from app.persistence.gate import SCOPE_APPLIED, execute_applied, scope_clause

_grants: Table = ConstructionAccount.__table__  # type: ignore[assignment]
_users: Table = Account.__table__  # type: ignore[assignment]
_sms: Table = SmsMessage.__table__  # type: ignore[assignment]
_roles: Table = Role.__table__
_APPLIED = {SCOPE_APPLIED: True}


def plans() -> Table:
    """The table of plan tasks, known when the stages of a project are loaded."""
    return metadata.tables["plan_task"]


# ── what makes a scope ──
def _live() -> Select[Any]:
    plan = plans()
    return (
        select(_grants.c.plan_task_id)
        .join_from(_grants, plan, _grants.c.plan_task_id == plan.c.id)
        .where(
            _grants.c.user_id == bindparam("user"), _grants.c.state == "active", plan.c.deleted_at.is_(None)
        )
    )


def unit_scope(session: Session, user_id: int) -> Scope:
    """The plan tasks an account was given and still has; read anew with every request, so that a stop is
    felt at once."""
    with unscoped("the plan tasks that make a construction unit's scope"):
        found = execute_applied(session, _live(), {"user": user_id}, execution_options=_APPLIED)
        scope = Scope.plans(frozenset(found.scalars()))
    ensure_scope(session)
    return scope


def holds_role(user_id: Any) -> ColumnElement[bool]:
    """Whether an account (its number or a column of it) is one of a construction unit."""
    return exists(
        select(assoc_user_role.c.user_id)
        .join_from(assoc_user_role, _roles, assoc_user_role.c.role_id == _roles.c.id)
        .where(assoc_user_role.c.user_id == user_id, _roles.c.name == UNIT)
    )


def has_expired(session: Session, user_id: int) -> bool:
    """Whether this is the account of a construction unit without any plan task in force: it cannot sign
    in."""
    with unscoped("whether a construction unit has a plan task left"):
        unit = select(holds_role(bindparam("user")) & ~exists(_live()))
        found = execute_applied(session, unit, {"user": user_id}, execution_options=_APPLIED).scalar_one()
    ensure_scope(session)
    return bool(found)


# ── the county's page ──
def of_plan(session: Session, plan_id: int) -> Sequence[Row[Any]]:
    """Accounts of a plan task with their state, login, last sign-in and last message; the newest last."""
    return _told(session, _grants.c.plan_task_id == plan_id)


def by_ids(session: Session, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Number → what `of_plan` tells, for accounts of the scope; one statement."""
    return {row.id: row for row in _told(session, _grants.c.id.in_(ids))}


def _told(session: Session, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    listed = (
        select(
            _grants.c.id, _grants.c.user_id, _grants.c.unit_name, _grants.c.phone, _grants.c.state,
            _grants.c.issued_at, _grants.c.stopped_at, _grants.c.ended_at, _users.c.username, _users.c.active,
            _users.c.last_login, _users.c.must_change_password, _users.c.locked_until,
            _sms.c.state.label("sms_state"), _sms.c.error.label("sms_error"), _sms.c.sent_at.label("sms_sent_at"),
            _sms.c.created_at.label("sms_created_at"), _sms.c.unanswered.label("sms_unanswered"),
        )
        .join_from(_grants, _users, _grants.c.user_id == _users.c.id)
        .outerjoin(_sms, _grants.c.sms_id == _sms.c.id)
        .where(which, scope_clause(current_scope(), _grants.c.county_code))
        .order_by(_grants.c.id)
    )  # fmt: skip
    return execute_applied(session, listed, execution_options=_APPLIED).all()


def units_of(session: Session, county_code: str, plan_id: int) -> Sequence[Row[Any]]:
    """Accounts of construction units of a county that could be given this plan task: (id, username, name)."""
    mine = select(_grants.c.user_id).where(_grants.c.plan_task_id == plan_id, _grants.c.state == "active")
    statement = (
        select(_users.c.id, _users.c.username, _users.c.first_name.label("name"))
        .where(
            _users.c.region_code == county_code, _users.c.active.is_(True), holds_role(_users.c.id),
            _users.c.id.not_in(mine), scope_clause(current_scope(), _users.c.region_code),
        )
        .order_by(_users.c.first_name, _users.c.username)
        .limit(500)
    )  # fmt: skip
    return execute_applied(session, statement, execution_options=_APPLIED).all()


def login_taken(session: Session, login: str) -> bool:
    """Whether anybody signs in by this name; names differ by more than capitals."""
    return (
        session.execute(select(_users.c.id).where(_users.c.username.in_({login, login.lower()}))).first()
        is not None
    )


def grants_of_user(session: Session, user_id: int, *states: str) -> list[ConstructionAccount]:
    """The plan tasks of one account in these states, in the order of locking; within the actor's scope."""
    found = (
        select(ConstructionAccount)
        .where(ConstructionAccount.user_id == user_id, ConstructionAccount.state.in_(states))
        .order_by(ConstructionAccount.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(found))


def users_of_plan(session: Session, plan_id: int, state: str) -> list[int]:
    """Accounts with this plan task in this state."""
    found = select(ConstructionAccount.user_id).where(
        ConstructionAccount.plan_task_id == plan_id, ConstructionAccount.state == state
    )
    return list(session.scalars(found.order_by(ConstructionAccount.user_id)))


def unfinished(session: Session, plan_ids: Sequence[int]) -> set[int]:
    """Which of these plan tasks are not finished."""
    plan = plans()
    statement = select(plan.c.id).where(plan.c.id.in_(plan_ids), plan.c.implementation_state != "finished")
    return set(session.execute(statement, execution_options=_APPLIED).scalars())


def is_assigned() -> ColumnElement[bool]:
    """分配账号 of a plan task, from its accounts."""
    return exists(
        select(_grants.c.id).where(_grants.c.plan_task_id == plans().c.id, _grants.c.state.in_(ASSIGNED))
    )


def wrongly_marked(session: Session) -> Sequence[Row[Any, Any]]:
    """Plan tasks whose 分配账号 is not what their accounts say: (id, code)."""
    plan = plans()
    marked, there = plan.c.account_assigned, is_assigned()
    odd = or_(marked & ~there, ~marked & there)
    statement = select(plan.c.id, plan.c.code).where(odd).order_by(plan.c.id).limit(100)
    return session.execute(statement, execution_options=_APPLIED).all()
