"""From a cookie to an actor: one SQL statement a request, permissions from a cache that any role change empties."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from typing import Any

from flask import current_app, g, request, session
from flask_jwt_extended import decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError
from sqlalchemy import bindparam, insert, literal, select, update

from app.accounts.construction.queries import unit_scope
from app.accounts.construction.rules import UNIT
from app.accounts.matrix import ROLES
from app.accounts.models import Account, UserSession
from app.accounts.policy import policy_for
from app.extensions import db
from app.kernel.actor import ANONYMOUS, Actor
from app.kernel.scope import Scope
from app.notices.queries import unread_of
from app.persistence.context import reset_actor, set_actor
from app.persistence.types import utcnow
from app.regions.models import CacheVersion, Department, Region

TOKEN_KEY = "_portal"
_OPEN = frozenset({"static", "healthz", "metrics"})
SEEN_EVERY = dt.timedelta(seconds=60)
TOKEN_VERSION = "av"

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
        _users.c.totp_confirmed_at,
        _users.c.region_code,
        _regions.c.level,
        _departments.c.name.label("department"),
        select(_versions.c.version)
        .where(_versions.c.key == "roles")
        .scalar_subquery()
        .label("roles_version"),
        unread_of(_users.c.id).label("unread"),
    )
    .join_from(_sessions, _users, _sessions.c.user_id == _users.c.id)
    .outerjoin(_departments, _users.c.department_id == _departments.c.id)
    .outerjoin(_regions, _users.c.region_code == _regions.c.code)
    .where(_sessions.c.token_hash == bindparam("token"))
)

_granted: dict[int, tuple[tuple[int, int], frozenset[str], frozenset[tuple[str, str]]]] = {}


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def idle_limit(region_code: str | None) -> dt.timedelta:
    """How long a session may rest, by the policy of the account's province."""
    return dt.timedelta(minutes=policy_for(region_code).idle_minutes)


def resolve_actor() -> None:
    """``before_request``: find out who acts and set scope and permissions; anybody unknown is ANONYMOUS.

    ``g.session_state`` is ``none``, ``live``, ``idle`` (rested too long; ``g.idle_user_id`` says whose) or ``ended``.
    A bearer token of the API counts alone: a cookie sent along with it is not looked at.
    """
    g.setdefault("request_id", uuid.uuid4().hex)
    g.session_state = "none"
    g.must_enrol = False
    g.setdefault("actor_token", set_actor(ANONYMOUS))
    g.actor = ANONYMOUS
    if request.endpoint in _OPEN:
        return
    if (bearer := bearer_token()) is not None:
        _act_for_bearer(bearer)
    elif token := session.get(TOKEN_KEY):
        _act_for_cookie(str(token))


def _act_for_cookie(token: str) -> None:
    # on the connection: neither table is scoped, and the listeners of the session cost as much as this statement
    row = db.session.connection().execute(_WHO, {"token": hash_token(token)}).first()
    now = utcnow()
    if row is None or row.ended_at or not row.active or row.session_version != row.auth_version:
        g.session_state = "ended"
        db.session.rollback()
        return
    if now - row.seen_at > idle_limit(row.region_code):
        g.session_state = "idle"
        g.idle_user_id = row.id
        db.session.rollback()
        return
    if now - row.seen_at > SEEN_EVERY:
        db.session.execute(update(_sessions).where(_sessions.c.id == row.session_id).values(seen_at=now))
        db.session.commit()
    g.unread = row.unread
    _enter(_actor(row), row.totp_confirmed_at is not None)


def bearer_token() -> str | None:
    """The token of an API request, or None when its credential is the cookie."""
    if not request.path.startswith("/api/"):
        return None
    head = request.headers.get("Authorization", "")
    return head[7:].strip() if head.startswith("Bearer ") else None


def _act_for_bearer(token: str) -> None:
    """A token is good while the account is active and has had no reset, change of roles or stop since."""
    g.session_state = "ended"
    try:
        claims = decode_token(token)
        if claims.get("type") != "access":
            return
        user_id, version = int(claims["sub"]), int(claims[TOKEN_VERSION])
    except (PyJWTError, JWTExtendedException, KeyError, TypeError, ValueError):
        return
    state = account_state(user_id)
    if state is None or not state.active or state.auth_version != version:
        db.session.rollback()
        return
    _enter(actor_of(user_id), state.totp_confirmed_at is not None)


def account_state(user_id: int) -> Any:
    """Row (active, auth_version, totp_confirmed_at) of an account, or None."""
    columns = (_users.c.active, _users.c.auth_version, _users.c.totp_confirmed_at)
    return db.session.execute(select(*columns).where(_users.c.id == user_id)).first()


def _enter(actor: Actor, has_factor: bool) -> None:
    g.session_state = "live"
    g.actor = actor
    g.must_enrol = not has_factor and must_have_factor(actor.roles, actor.region_code)
    set_actor(actor)


def must_have_factor(roles: frozenset[str], region_code: str) -> bool:
    """Whether the policy asks these roles for a second factor (in production)."""
    return bool(current_app.config["PRODUCTION"]) and policy_for(region_code).needs_second_factor(roles)


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
            select(_versions.c.version)
            .where(_versions.c.key == "roles")
            .scalar_subquery()
            .label("roles_version"),
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
        scope=unit_scope(db.session(), row.id) if UNIT in roles else scope_of(roles, row.region_code, row.level),
        roles=roles,
        permissions=permissions,
        session_id=row.session_id,
        must_change_password=bool(row.must_change_password),
    )


def scope_of(roles: frozenset[str], region_code: str | None, level: str | None) -> Scope:
    """The widest scope that one of the roles gives within the account's own region; none without such a role.

    That of a construction unit are its plan tasks (`construction.queries.unit_scope`).
    """
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
    reason: str,
    *,
    user_id: int | None = None,
    session_id: int | None = None,
    token_hash: str | None = None,
    keep: int | None = None,
) -> int:
    """End one session, or every open session of an account but ``keep``; returns how many (the caller commits)."""
    statement = (
        update(_sessions).where(_sessions.c.ended_at.is_(None)).values(ended_at=utcnow(), ended_reason=reason)
    )
    statement = statement.where(_sessions.c.id == session_id) if session_id else statement
    statement = statement.where(_sessions.c.user_id == user_id) if user_id else statement
    statement = statement.where(_sessions.c.token_hash == token_hash) if token_hash else statement
    statement = statement.where(_sessions.c.id != keep) if keep else statement
    if session_id is None and user_id is None and token_hash is None:
        raise ValueError("whose sessions?")
    return int(db.session.execute(statement).rowcount)  # type: ignore[attr-defined]
