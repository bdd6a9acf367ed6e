"""The only writer of accounts, roles and sessions (passwords and codes: ``credentials``). Never commits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from flask_appbuilder.security.sqla.models import Permission, PermissionView, Role, ViewMenu
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from app.accounts import credentials, principal
from app.accounts.matrix import ROLES
from app.accounts.matrix import Permission as Pair
from app.accounts.models import Account, RoleOverride
from app.accounts.rules import check_account, check_roles, fixed, grantable, one_time_password
from app.audit import services as audit
from app.kernel.actor import Actor
from app.kernel.errors import Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.text import normalise_input, normalise_phone
from app.persistence.types import utcnow
from app.regions.cache import current
from app.regions.models import CacheVersion, Department


def _require(actor: Actor, action: str, resource: str) -> None:
    if not actor.may(action, resource):
        raise NotAllowed(msg("Your roles do not allow this."))


def bump_roles(session: Session) -> None:
    """Every process forgets the permissions it has cached."""
    row = session.get(CacheVersion, "roles")
    if row is None:
        session.add(CacheVersion(key="roles", version=1))
    else:
        row.version += 1


def sync_roles(session: Session) -> int:
    """Make FAB's roles hold the permissions of the matrix, with what the security administrator changed since.

    Returns the number of roles; the caller commits.
    """
    given, taken = _overrides(session)
    permissions = {row.name: row for row in session.scalars(select(Permission))}
    resources = {row.name: row for row in session.scalars(select(ViewMenu))}
    pairs = {
        (row.permission.name, row.view_menu.name): row
        for row in session.scalars(select(PermissionView)).unique()
    }
    roles = {row.name: row for row in session.scalars(select(Role))}
    for spec in ROLES.values():
        role = roles.get(spec.name)
        if role is None:
            role = Role(name=spec.name)
            session.add(role)
        wanted = []
        for action, resource in sorted(
            (spec.permissions | given.get(spec.name, set())) - taken.get(spec.name, set())
        ):
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


def _overrides(session: Session) -> tuple[dict[str, set[Pair]], dict[str, set[Pair]]]:
    """Role → permissions given, role → permissions taken, each within what may be given or taken."""
    given: dict[str, set[Pair]] = {}
    taken: dict[str, set[Pair]] = {}
    for row in session.scalars(select(RoleOverride)):
        pair = (row.action, row.resource)
        if row.role in ROLES and pair in grantable(row.role) - fixed(row.role):
            (given if row.granted else taken).setdefault(row.role, set()).add(pair)
    return given, taken


def save_role(
    session: Session, actor: Actor, role: str, wanted: Collection[Pair]
) -> tuple[set[Pair], set[Pair]]:
    """Give a role exactly these of the permissions it may have; returns (added, removed).

    Raises: NotAllowed, OutOfScope (no such role), RuleViolation (a permission outside the role's part).
    """
    _require(actor, "can_edit", "Role")
    if role not in ROLES:
        raise OutOfScope(f"role {role}")
    allowed = grantable(role)
    if not set(wanted) <= allowed | fixed(role):
        raise RuleViolation(
            Finding(
                "M1.1",
                "error",
                None,
                msg("This permission belongs to another kind of role: the administrators stay separate."),
            )
        )
    target = (set(wanted) | fixed(role)) & (allowed | fixed(role))
    row = session.scalars(select(Role).where(Role.name == role)).unique().one()
    before = {(pv.permission.name, pv.view_menu.name) for pv in row.permissions}
    known = {
        (o.action, o.resource): o
        for o in session.scalars(select(RoleOverride).where(RoleOverride.role == role))
    }
    for pair in allowed - fixed(role):
        granted, usual = pair in target, pair in ROLES[role].permissions
        override = known.get(pair)
        if granted == usual:
            if override is not None:
                session.delete(override)
        elif override is None:
            session.add(RoleOverride(role=role, action=pair[0], resource=pair[1], granted=granted))
        else:
            override.granted = granted
    session.flush()
    sync_roles(session)
    after = {(pv.permission.name, pv.view_menu.name) for pv in row.permissions}
    audit.record(
        session, "role_change", entity="Role", entity_id=role, label=role,
        before={"permissions": [f"{a} {r}" for a, r in sorted(before - after)]},
        after={"permissions": [f"{a} {r}" for a, r in sorted(after - before)]},
    )  # fmt: skip
    return after - before, before - after


# ── accounts ──
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
    audit.record(
        session, "roles", entity="Account", entity_id=account, label=username,
        before={"roles": []}, after={"roles": sorted(roles)},
    )  # fmt: skip
    return account


def clean(values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the account form as they are stored."""
    department = str(values.get("department_id") or "")
    return {
        "username": normalise_input(values.get("username")),
        "name": normalise_input(values.get("name")),
        "phone": normalise_phone(values.get("phone")),
        "region_code": normalise_input(values.get("region_code")) or None,
        "department_id": int(department)
        if department.isascii() and department.isdigit() and len(department) < 10
        else None,
        "roles": sorted(set(values.get("roles") or ())),
    }


def _check(session: Session, values: dict[str, Any], *, new: bool) -> None:
    findings = check_account(values, new=new)
    region = current(session).find(values["region_code"])
    if values["region_code"] and (region is None or region.is_zone):
        findings.append(Finding("M1.1", "error", "region_code", msg("Not one of the choices.")))
    else:
        findings += check_roles(values["roles"], region.level if region else "")
    if values["department_id"] is not None:
        department = session.get(Department, values["department_id"])
        if department is None or department.region_code != values["region_code"]:
            findings.append(
                Finding("M1.1", "error", "department_id", msg("The department belongs to another region."))
            )
    if (
        new
        and not findings
        and session.scalar(select(Account.id).where(Account.username == values["username"]))
    ):
        findings.append(Finding("M1.1", "error", "username", msg("This login name is taken.")))
    if findings:
        raise RuleViolation(findings)


def add_account(session: Session, actor: Actor, values: Mapping[str, Any]) -> tuple[Account, str]:
    """A new account with a generated password, to be shown once; returns both.

    Raises: NotAllowed, RuleViolation.
    """
    _require(actor, "can_add", "Account")
    stored = clean(values)
    _check(session, stored, new=True)
    longest = max(profile.password_min_length for profile in current(session).profiles.values())
    password = one_time_password(longest)
    account = make_account(
        session, stored["username"], password, stored["roles"], name=stored["name"], phone=stored["phone"],
        region_code=stored["region_code"], department_id=stored["department_id"],
    )  # fmt: skip
    return account, password


def values_of(account: Account) -> dict[str, Any]:
    """What the account form edits."""
    return {
        "name": account.first_name,
        "phone": account.phone,
        "region_code": account.region_code,
        "department_id": account.department_id,
        "roles": sorted(role.name for role in account.roles),
    }


def state_of(account: Account) -> str:
    """A digest of the edited values: travels in the form, so that nobody overwrites another's change unseen."""
    text = json.dumps(values_of(account), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def save_account(
    session: Session, actor: Actor, user_id: int, state: str, values: Mapping[str, Any]
) -> Account:
    """Change name, phone, region, department and roles; other roles or another region end every session.

    Raises: NotAllowed, OutOfScope, StaleRow (with what stands now), RuleViolation (also for one's own roles).
    """
    _require(actor, "can_edit", "Account")
    account = _held(session, user_id)
    if state_of(account) != state:
        raise StaleRow(values_of(account))
    stored, now = clean({**values, "username": account.username}), values_of(account)
    rights = {key for key in ("roles", "region_code", "department_id") if stored[key] != now[key]}
    if rights and account.id == actor.user_id:
        raise RuleViolation(Finding("M1.1", "error", "roles", msg("Nobody changes his own roles or region.")))
    _check(session, stored, new=False)
    account.first_name, account.phone = stored["name"], stored["phone"]
    account.region_code, account.department_id = stored["region_code"], stored["department_id"]
    if "roles" in rights:
        account.roles = list(session.scalars(select(Role).where(Role.name.in_(stored["roles"]))))
        audit.record(
            session, "roles", entity="Account", entity_id=account.id, label=account.username,
            before={"roles": now["roles"]}, after={"roles": stored["roles"]},
        )  # fmt: skip
    if rights & {"roles", "region_code"}:
        void(session, account, "roles_changed")
    return account


def void(session: Session, account: Account, reason: str) -> int:
    """End every session and token of an account; returns how many sessions were open."""
    account.auth_version += 1
    session.flush()
    return principal.end_sessions(reason, user_id=account.id)


def end_all(account: Account, reason: str) -> int:
    """End every open session of an account whose version has risen already; returns how many."""
    return principal.end_sessions(reason, user_id=account.id)


def _held(session: Session, user_id: int) -> Account:
    credentials.lock_row(session, user_id)
    account = session.get(Account, user_id, populate_existing=True)
    if account is None:
        raise OutOfScope(f"account {user_id}")
    return account


def _another(session: Session, actor: Actor, action: str, user_id: int) -> Account:
    _require(actor, action, "Account")
    if user_id == actor.user_id:
        raise RuleViolation(Finding("M1.1", "error", None, msg("Not possible for your own account.")))
    return _held(session, user_id)


def stop_account(session: Session, actor: Actor, user_id: int) -> Account:
    """Stop an account; its sessions and tokens end at once. Raises: NotAllowed, OutOfScope, RuleViolation."""
    account = _another(session, actor, "can_stop", user_id)
    account.active = False
    void(session, account, "stopped")
    return account


def start_account(session: Session, actor: Actor, user_id: int) -> Account:
    """Let a stopped or locked account sign in again. Raises: NotAllowed, OutOfScope, RuleViolation."""
    account = _another(session, actor, "can_stop", user_id)
    account.active, account.failed_count, account.locked_until = True, 0, None
    return account


def reset_password(session: Session, actor: Actor, user_id: int) -> tuple[Account, str]:
    """A generated password, to be shown once; every session ends. Raises: NotAllowed, OutOfScope, RuleViolation."""
    account = _another(session, actor, "can_reset", user_id)
    password = credentials.reset_password(session, account)
    principal.end_sessions("password_reset", user_id=account.id)
    return account, password


def reset_factor(session: Session, actor: Actor, user_id: int) -> Account:
    """Take the second factor off an account whose telephone is lost: the security administrator's, not the system
    administrator's, so that no one person can take over another's account."""
    account = _another(session, actor, "can_reset_factor", user_id)
    credentials.remove_factor(session, account)
    void(session, account, "factor_reset")
    return account


def save_profile(
    session: Session, account: Account, values: Mapping[str, Any], languages: Collection[str]
) -> None:
    """What people keep up themselves: phone and language. Raises: RuleViolation."""
    phone, language = normalise_phone(values.get("phone")), str(values.get("language") or "")
    findings = [f for f in check_account({"name": "-", "phone": phone}, new=False) if f.field == "phone"]
    if language and language not in languages:
        findings.append(Finding("M1.1", "error", "language", msg("Not one of the choices.")))
    if findings:
        raise RuleViolation(findings)
    account.phone, account.language = phone, language
    session.flush()


def first_administrator(session: Session, username: str) -> str:
    """Make the first system administrator; returns the generated password, or nothing when one exists."""
    holder = select(Account.id).join(Account.roles).where(Role.name == "system_admin").limit(1)
    if session.execute(holder).first():
        return ""
    password = one_time_password(16)
    make_account(session, username, password, ["system_admin"])
    return password
