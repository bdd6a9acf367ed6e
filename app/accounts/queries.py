"""Every select over accounts, roles, sessions and sign-in records; lists as declarations (M1.L)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_appbuilder.security.sqla.models import (
    Permission,
    PermissionView,
    Role,
    ViewMenu,
    assoc_permissionview_role,
    assoc_user_role,
)
from sqlalchemy import ColumnElement, Row, case, func, or_, select, true
from sqlalchemy.orm import Session

from app.accounts.listing import ACCOUNT_COLUMNS, RECORD_COLUMNS, SESSION_COLUMNS, day_range
from app.accounts.matrix import ROLES
from app.accounts.models import Account, SignInRecord, UserSession
from app.accounts.rules import OUTCOMES
from app.extensions import _l, db
from app.kernel.scope import Scope
from app.kernel.text import normalise_input
from app.persistence.types import utcnow
from app.regions.models import Department
from app.web.listing import Filter, Listing, State, choice_filter

_users, _sessions, _records = Account.__table__, UserSession.__table__, SignInRecord.__table__
_departments, _roles = Department.__table__, Role.__table__
Args = Mapping[str, str]

_role_names = (
    select(func.aggregate_strings(_roles.c.name, ","))
    .join_from(_roles, assoc_user_role, assoc_user_role.c.role_id == _roles.c.id)
    .where(assoc_user_role.c.user_id == _users.c.id)
    .correlate(_users)
    .scalar_subquery()
)

ACCOUNTS = (
    select(
        _users.c.id, _users.c.username, _users.c.first_name.label("name"), _users.c.phone, _users.c.region_code,
        _users.c.active, _users.c.locked_until, _users.c.must_change_password, _users.c.last_login,
        _users.c.totp_confirmed_at, _users.c.created_on,
        _departments.c.name.label("department"), _role_names.label("roles"),
    )
    .join_from(_users, _departments, _users.c.department_id == _departments.c.id, isouter=True)
    .subquery("accounts")
)  # fmt: skip
SESSIONS = (
    select(
        _sessions.c.id, _sessions.c.user_id, _sessions.c.created_at, _sessions.c.seen_at, _sessions.c.ended_at,
        _sessions.c.ended_reason, _sessions.c.address, _sessions.c.agent,
        _users.c.username, _users.c.first_name.label("name"), _users.c.region_code,
    )
    .join_from(_sessions, _users, _sessions.c.user_id == _users.c.id)
    .subquery("sessions")
)  # fmt: skip
RECORDS = select(
    _records.c.id, _records.c.at, _records.c.username, _records.c.user_id, _records.c.outcome, _records.c.address,
    _records.c.agent, _records.c.username.label("name"),
).subquery("records")  # fmt: skip


class PeopleListing(Listing):
    """A list of no county: who may open it sees every row (the permission decides, not the scope)."""

    always: tuple[str, ...] = ("id", "name")

    def where(self, scope: Scope, state: State) -> list[ColumnElement[bool]]:
        return list(state.conditions)


def _like(text: str) -> str:
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _search(*names: str) -> Filter:
    """Part of one of these columns."""

    def clause(columns: Any, args: Args) -> ColumnElement[bool] | None:
        text = normalise_input(args.get("q"))[:60]
        return or_(*(columns[name].ilike(_like(text), escape="\\") for name in names)) if text else None

    return Filter("q", clause)


def _role(columns: Any, args: Args) -> ColumnElement[bool] | None:
    role = args.get("role", "")
    if role not in ROLES:
        return None
    holders = select(assoc_user_role.c.user_id).join_from(
        assoc_user_role, _roles, assoc_user_role.c.role_id == _roles.c.id
    )
    return columns.id.in_(holders.where(_roles.c.name == role))


def _region(columns: Any, args: Args) -> ColumnElement[bool] | None:
    code = args.get("region", "")
    if not (code.isascii() and code.isdigit() and len(code) == 6):
        return None
    prefix = code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
    return columns.region_code.between(prefix.ljust(6, "0"), prefix.ljust(6, "9"))


def _state(columns: Any, args: Args) -> ColumnElement[bool] | None:
    match args.get("state", ""):
        case "active":
            return columns.active.is_(True)
        case "stopped":
            return columns.active.is_(False)
        case "locked":
            return columns.locked_until > utcnow()
        case "first":
            return columns.must_change_password.is_(True)
    return None


def _open(columns: Any, args: Args) -> ColumnElement[bool] | None:
    match args.get("state", ""):
        case "ended":
            return columns.ended_at.is_not(None)
        case "all":
            return true()
    return columns.ended_at.is_(None)


class AccountListing(PeopleListing):
    """Accounts, for the system and the security administrator."""

    key = "accounts"
    table = ACCOUNTS  # type: ignore[assignment]
    columns = ACCOUNT_COLUMNS
    filters = (
        _search("username", "name", "department"),
        Filter("role", _role, _l("Role")),
        Filter("region", _region, _l("Region")),
        Filter("state", _state, _l("State")),
    )
    order = ("region_code", "username")
    always = ("id", "name", "active")


class SessionListing(PeopleListing):
    """Sessions, for the security administrator; the open ones unless others are asked for."""

    key = "user_sessions"
    table = SESSIONS  # type: ignore[assignment]
    columns = SESSION_COLUMNS
    filters = (_search("username", "name", "address"), Filter("state", _open, _l("State")))
    order = ("ended_at", "seen_at")
    always = ("id", "name", "user_id", "ended_at")

    def ordering(self, state: State, reverse: bool = False) -> list[Any]:
        if state.sort:
            return super().ordering(state, reverse)
        seen, number = self.table.c.seen_at, self.table.c.id
        return [seen.asc(), number.asc()] if reverse else [seen.desc(), number.desc()]


class RecordListing(PeopleListing):
    """Sign-in records, newest first, for the audit administrator."""

    key = "sign_in_records"
    table = RECORDS  # type: ignore[assignment]
    columns = RECORD_COLUMNS
    filters = (
        _search("username", "address"),
        choice_filter("outcome", "outcome", OUTCOMES, _l("Outcome")),
        day_range("at", _l("Time")),
    )

    def ordering(self, state: State, reverse: bool = False) -> list[Any]:
        if state.sort:
            return super().ordering(state, reverse)
        return [self.table.c.id.asc() if reverse else self.table.c.id.desc()]

    order = ("id",)


# ── numbers beside the lists ──
def count_by_role() -> dict[str, int]:
    """Role → how many accounts hold it."""
    rows = db.session.execute(
        select(_roles.c.name, func.count().label("number"))
        .join_from(_roles, assoc_user_role, assoc_user_role.c.role_id == _roles.c.id)
        .group_by(_roles.c.name)
        .order_by(_roles.c.name)
    )
    return {row.name: int(row.number) for row in rows}


def account_counts() -> Row[Any]:
    """All, stopped, locked, still with the first password."""
    return db.session.execute(
        select(
            func.count().label("all"),
            func.count(case((_users.c.active.is_(False), 1))).label("stopped"),
            func.count(case((_users.c.locked_until > utcnow(), 1))).label("locked"),
            func.count(case((_users.c.must_change_password.is_(True), 1))).label("first"),
        )
    ).one()


def open_sessions(user_id: int | None) -> Sequence[Row[Any]]:
    """One account's open sessions, the last used first."""
    return db.session.execute(
        select(
            _sessions.c.id,
            _sessions.c.created_at,
            _sessions.c.seen_at,
            _sessions.c.address,
            _sessions.c.agent,
        )
        .where(_sessions.c.user_id == user_id, _sessions.c.ended_at.is_(None))
        .order_by(_sessions.c.seen_at.desc(), _sessions.c.id)
        .limit(100)
    ).all()


def account_of(login: str) -> Row[Any] | None:
    """What is needed to explain an account, by its login name."""
    return db.session.execute(
        select(
            _users.c.id, _users.c.username, _users.c.first_name, _users.c.active, _users.c.locked_until,
            _users.c.must_change_password, _users.c.totp_confirmed_at, _users.c.region_code,
        ).where(_users.c.username.in_({login, login.lower()})).order_by(_users.c.id)
    ).first()  # fmt: skip


def departments_like(text: str, limit: int = 20) -> Sequence[Row[Any]]:
    """Departments in use whose name holds the text."""
    return db.session.execute(
        select(_departments.c.id, _departments.c.name, _departments.c.region_code)
        .where(_departments.c.active.is_(True), _departments.c.name.ilike(_like(text), escape="\\"))
        .order_by(func.length(_departments.c.name), _departments.c.name)
        .limit(limit)
    ).all()


def granted(session: Session) -> dict[str, set[tuple[str, str]]]:
    """Role → its permissions as the database holds them, in one statement."""
    pv, perm, menu = PermissionView.__table__, Permission.__table__, ViewMenu.__table__
    rows = session.execute(
        select(_roles.c.name, perm.c.name, menu.c.name)
        .join_from(_roles, assoc_permissionview_role, assoc_permissionview_role.c.role_id == _roles.c.id)
        .join(pv, pv.c.id == assoc_permissionview_role.c.permission_view_id)
        .join(perm, perm.c.id == pv.c.permission_id)
        .join(menu, menu.c.id == pv.c.view_menu_id)
        .order_by(_roles.c.name, menu.c.name, perm.c.name)
    )
    found: dict[str, set[tuple[str, str]]] = {}
    for role, action, resource in rows:
        found.setdefault(role, set()).add((action, resource))
    return found
