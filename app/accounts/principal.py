"""From a cookie to an actor: one SQL statement a request, permissions from a cache that any role change empties."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from typing import Any

from flask import current_app, g, request, session
from sqlalchemy import insert, literal, select, update

from app.accounts.matrix import ROLES
from app.accounts.models import Account, UserSession
from app.extensions import db
from app.kernel.actor import ANONYMOUS, Actor
from app.kernel.scope import Scope
from app.persistence.context import reset_actor, set_actor
from app.persistence.types import utcnow
from app.regions.models import CacheVersion, Department, Region

TOKEN_KEY = "_portal"
SEEN_EVERY = dt.timedelta(seconds=60)
DEFAULT_IDLE = dt.timedelta(minutes=30)

_sessions = UserSession.__table__
_users = Account.__table__
_departments = Department.__table__
_regions = Region.__table__
_versions = CacheVersion.__table__

_WHO = (
    select(
        _sessions.c.id.label("session_id"),
        _sessions.c.seen_at,
        _sessions.c.ended_at,
        _sessions.c.auth_version.label("session_version"),
        _users.c.id,
        _users.c.username,
        _users.c.first_name,
        _users.c.active,
        _users.c.auth_version,
        _users.c.must_change_password,
        _users.c.region_code,
        _regions.c.level,
        _departments.c.name.label("department"),
        select(_versions.c.version).where(_versions.c.key == "roles").scalar_subquery().label("roles_version"),
    )
    .join_from(_sessions, _users, _sessions.c.user_id == _users.c.id)
    .outerjoin(_departments, _users.c.department_id == _departments.c.id)
    .outerjoin(_regions, _users.c.region_code == _regions.c.code)
)

_granted: dict[int, tuple[tuple[int, int], frozenset[str], frozenset[tuple[str, str]]]] = {}


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def idle_limit() -> dt.timedelta:
    """How long a session may rest; from the province profile once one is loaded."""
    return current_app.extensions.get("portal_idle_limit", DEFAULT_IDLE)  # type: ignore[no-any-return]


def resolve_actor() -> None:
    """``before_request``: find out who acts and set scope and permissions; anybody unknown is ANONYMOUS."""
    g.request_id = uuid.uuid4().hex
    g.session_state = "none"
    g.actor_token = set_actor(ANONYMOUS)
    g.actor = ANONYMOUS
    if request.endpoint == "static" or not (token := session.get(TOKEN_KEY)):
        return
    row = db.session.execute(_WHO.where(_sessions.c.token_hash == hash_token(str(token)))).first()
    now = utcnow()
    if row is None or row.ended_at or not row.active or row.session_version != row.auth_version:
        g.session_state = "ended"
        db.session.rollback()
        return
    if now - row.seen_at > idle_limit():
        g.session_state = "idle"
        g.idle_user_id = row.id
        db.session.rollback()
        return
    if now - row.seen_at > SEEN_EVERY:
        db.session.execute(update(_sessions).where(_sessions.c.id == row.session_id).values(seen_at=now))
        db.session.commit()
    g.session_state = "live"
    g.actor = _actor(row)
    set_actor(g.actor)


def forget_actor(_error: BaseException | None = None) -> None:
    """``teardown_request``: nothing of this request's actor outlives it."""
    if token := g.pop("actor_token", None):
        reset_actor(token)


def actor_of(user_id: int, session_id: int | None = None) -> Actor:
    """The actor of an account outside a cookie session (API tokens, jobs acting for somebody); ANONYMOUS if gone."""
    statement = (
        select(
            literal(session_id).label("session_id"),
            _users.c.id,
            _users.c.username,
            _users.c.first_name,
            _users.c.active,
            _users.c.auth_version,
            _users.c.must_change_password,
            _users.c.region_code,
            _regions.c.level,
            _departments.c.name.label("department"),
            select(_versions.c.version).where(_versions.c.key == "roles").scalar_subquery().label("roles_version"),
        )
        .select_from(_users)
        .outerjoin(_departments, _users.c.department_id == _departments.c.id)
        .outerjoin(_regions, _users.c.region_code == _regions.c.code)
        .where(_users.c.id == user_id)
    )
    row = db.session.execute(statement).first()
    return _actor(row) if row is not None and row.active else ANONYMOUS


def _actor(row: Any) -> Actor:
    roles, permissions = _grants(row.id, (row.auth_version, row.roles_version or 0))
    return Actor(
        user_id=row.id,
        username=row.username,
        display_name=row.first_name,
        region_code=row.region_code or "",
        region_level=row.level or "",
        department=row.department or "",
        scope=scope_of(roles, row.region_code, row.level),
        roles=roles,
        permissions=permissions,
        session_id=row.session_id,
        must_change_password=bool(row.must_change_password),
    )


def scope_of(roles: frozenset[str], region_code: str | None, level: str | None) -> Scope:
    """The widest scope that one of the roles gives within the account's own region; none without such a role."""
    levels = {ROLES[name].level for name in roles if name in ROLES}
    if region_code and level in levels:
        return Scope.region(region_code)
    return Scope.nothing()


def _grants(user_id: int, version: tuple[int, int]) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    known = _granted.get(user_id)
    if known and known[0] == version:
        return known[1], known[2]
    roles, permissions = _load_grants(user_id)
    if len(_granted) > 20_000:
        _granted.clear()
    _granted[user_id] = (version, roles, permissions)
    return roles, permissions


def _load_grants(user_id: int) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    from flask_appbuilder.security.sqla.models import (
        Permission,
        PermissionView,
        Role,
        ViewMenu,
        assoc_permissionview_role,
        assoc_user_role,
    )

    mine = select(assoc_user_role.c.role_id).where(assoc_user_role.c.user_id == user_id)
    names = db.session.execute(select(Role.__table__.c.name).where(Role.__table__.c.id.in_(mine))).scalars()
    pv, perm, menu = PermissionView.__table__, Permission.__table__, ViewMenu.__table__
    pairs = db.session.execute(
        select(perm.c.name, menu.c.name)
        .join_from(assoc_permissionview_role, pv, assoc_permissionview_role.c.permission_view_id == pv.c.id)
        .join(perm, pv.c.permission_id == perm.c.id)
        .join(menu, pv.c.view_menu_id == menu.c.id)
        .where(assoc_permissionview_role.c.role_id.in_(mine))
    )
    return frozenset(names), frozenset((action, resource) for action, resource in pairs)


def start_session(user_id: int, auth_version: int) -> str:
    """Open a session row and return the token for the cookie (the caller commits)."""
    token = secrets.token_urlsafe(32)
    db.session.execute(
        insert(_sessions).values(
            token_hash=hash_token(token),
            user_id=user_id,
            auth_version=auth_version,
            created_at=utcnow(),
            seen_at=utcnow(),
            address=(request.remote_addr or "")[:45],
            agent=(request.user_agent.string or "")[:200],
        )
    )
    return token


def end_sessions(
    reason: str, *, user_id: int | None = None, session_id: int | None = None, keep: int | None = None
) -> int:
    """End one session, or every open session of an account but ``keep``; returns how many (the caller commits)."""
    statement = update(_sessions).where(_sessions.c.ended_at.is_(None)).values(ended_at=utcnow(), ended_reason=reason)
    statement = statement.where(_sessions.c.id == session_id) if session_id else statement
    statement = statement.where(_sessions.c.user_id == user_id) if user_id else statement
    statement = statement.where(_sessions.c.id != keep) if keep else statement
    if session_id is None and user_id is None:
        raise ValueError("whose sessions?")
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]
