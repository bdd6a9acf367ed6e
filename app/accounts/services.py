"""The only writer of accounts and roles."""

from __future__ import annotations

import secrets

from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, ViewMenu
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.accounts.matrix import ROLES
from app.accounts.models import Account
from app.persistence.types import utcnow
from app.regions.models import CacheVersion


def bump_roles(session: Session) -> None:
    """Every process forgets the permissions it has cached."""
    row = session.get(CacheVersion, "roles")
    if row is None:
        session.add(CacheVersion(key="roles", version=1))
    else:
        row.version += 1


def sync_roles(session: Session) -> int:
    """Make FAB's roles hold exactly the permissions of the matrix; returns the number of roles. The caller commits."""
    permissions = {row.name: row for row in session.scalars(select(Permission))}
    resources = {row.name: row for row in session.scalars(select(ViewMenu))}
    pairs = {(row.permission.name, row.view_menu.name): row for row in session.scalars(select(PermissionView)).unique()}
    roles = {row.name: row for row in session.scalars(select(Role))}
    for spec in ROLES.values():
        role = roles.get(spec.name)
        if role is None:
            role = Role(name=spec.name)
            session.add(role)
        wanted = []
        for action, resource in sorted(spec.permissions):
            if action not in permissions:
                permissions[action] = Permission(name=action)
            if resource not in resources:
                resources[resource] = ViewMenu(name=resource)
            if (action, resource) not in pairs:
                pairs[action, resource] = PermissionView(
                    permission=permissions[action], view_menu=resources[resource]
                )
            wanted.append(pairs[action, resource])
        role.permissions = wanted
    bump_roles(session)
    session.flush()
    return len(ROLES)


def make_account(
    session: Session,
    username: str,
    password: str,
    roles: list[str],
    *,
    name: str = "",
    region_code: str | None = None,
    department_id: int | None = None,
    phone: str = "",
    must_change: bool = True,
) -> Account:
    """A new account with its roles (the caller commits)."""
    account = Account(
        username=username,
        first_name=name or username,
        last_name="",
        email=f"{username}@portal.invalid",
        password=generate_password_hash(password),
        active=True,
        region_code=region_code,
        department_id=department_id,
        phone=phone,
        must_change_password=must_change,
        password_changed_at=utcnow(),
    )
    account.roles = list(session.scalars(select(Role).where(Role.name.in_(roles))))
    session.add(account)
    session.flush()
    return account


def first_administrator(session: Session, username: str) -> str:
    """Make the first system administrator; returns the generated password, or nothing when one exists."""
    holder = select(Account.id).join(Account.roles).where(Role.name == "system_admin").limit(1)
    if session.execute(holder).first():
        return ""
    password = f"{secrets.token_urlsafe(12)}aA1!"
    make_account(session, username, password, ["system_admin"])
    return password
