"""What accounts, roles and passwords must satisfy (roles.md, M1.1); pure Python."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.accounts.matrix import ADMINISTRATORS, EVERYBODY, ROLES, Permission
from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.text import valid_phone

LOGIN = re.compile(r"[a-z][a-z0-9_.-]{2,31}")
JOINT_REVIEWERS = frozenset(name for name in ROLES if name.startswith("joint_reviewer_"))
LONGEST_PASSWORD = 128
_SYMBOLS = "!@#$%&*+=?"
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)

OUTCOMES: dict[str, str] = {
    "success": N_("Sign-in succeeded"),
    "second_step": N_("Password right, code asked"),
    "wrong_password": N_("Wrong password"),
    "wrong_code": N_("Wrong or used code"),
    "locked": N_("Locked (account)"),
    "stopped": N_("Account stopped"),
    "unknown": N_("Unknown account"),
    "api_success": N_("Signed in (API)"),
    "signed_out": N_("Signed out"),
}
ENDED: dict[str, str] = {
    "signed_out": N_("Signed out"),
    "replaced": N_("Signed in anew"),
    "ended_by_owner": N_("Ended by its owner"),
    "ended_by_security": N_("Ended by the security administrator"),
    "password_changed": N_("Password changed"),
    "password_reset": N_("Password reset"),
    "roles_changed": N_("Roles changed"),
    "stopped": N_("Account stopped"),
    "factor_reset": N_("Second factor removed"),
    "factor_set": N_("Second factor set up"),
}


@dataclass(frozen=True)
class Policy:
    """Password, lock-out and idle policy in force for an account (a part of the province's profile)."""

    min_length: int = 10
    classes: int = 3
    history: int = 5
    max_age_days: int = 90
    lockout_failures: int = 5
    lockout_minutes: int = 15
    idle_minutes: int = 30
    totp_roles: frozenset[str] = frozenset()

    @classmethod
    def of(cls, profile: Any) -> Policy:
        """From a province's profile."""
        return cls(
            profile.password_min_length, profile.password_classes, profile.password_history,
            profile.password_max_age_days, profile.lockout_failures, profile.lockout_minutes,
            profile.idle_minutes, frozenset(profile.totp_required_roles),
        )  # fmt: skip

    @classmethod
    def strictest(cls, policies: Iterable[Policy]) -> Policy:
        """For accounts of no province (the administrators): of every number the harder one."""
        every = list(policies)
        if not every:
            return cls()
        ages = [p.max_age_days for p in every if p.max_age_days]
        return cls(
            max(p.min_length for p in every), max(p.classes for p in every), max(p.history for p in every),
            min(ages, default=0), min(p.lockout_failures for p in every), max(p.lockout_minutes for p in every),
            min(p.idle_minutes for p in every), frozenset().union(*(p.totp_roles for p in every)),
        )  # fmt: skip

    def needs_second_factor(self, roles: Collection[str]) -> bool:
        """Whether one of the roles has to sign in with a code as well."""
        return not self.totp_roles.isdisjoint(roles)


# ── passwords ──
def classes_of(password: str) -> int:
    """How many of small letters, capitals, digits and other signs occur."""
    known = sum(any(char in group for char in password) for group in _CLASSES)
    return known + any(not any(char in group for group in _CLASSES) for char in password)


def check_password(password: str, again: str, login: str, policy: Policy) -> list[Finding]:
    """What is wrong with a new password, apart from its history (which needs the stored hashes)."""
    if len(password) < policy.min_length:
        return [_wrong("new", msg("At least %(least)s characters.", least=policy.min_length))]
    if len(password) > LONGEST_PASSWORD:
        return [_wrong("new", msg("At most %(most)s characters.", most=LONGEST_PASSWORD))]
    if "\x00" in password:
        return [_wrong("new", msg("The password contains a sign that cannot be used."))]
    found: list[Finding] = []
    if classes_of(password) < policy.classes:
        found.append(
            _wrong(
                "new",
                msg(
                    "At least %(least)s of: small letters, capitals, digits, other signs.",
                    least=policy.classes,
                ),
            )
        )
    if login and login.lower() in password.lower():
        found.append(_wrong("new", msg("Must not contain the login name.")))
    if len(set(password)) < 5:
        found.append(_wrong("new", msg("Too few different characters.")))
    if not found and password != again:
        found.append(_wrong("again", msg("The two passwords differ.")))
    return found


def one_time_password(length: int = 12) -> str:
    """A random password of all four classes without signs that look alike; to be changed at first sign-in."""
    groups = ["".join(c for c in group if c not in "lIoO01") for group in (*_CLASSES, _SYMBOLS)]
    chars = [secrets.choice(group) for group in groups]
    chars += [secrets.choice(groups[0] + groups[1] + groups[2]) for _ in range(max(length, 12) - len(chars))]
    secrets.SystemRandom().shuffle(chars)
    return "".join(chars)


# ── accounts and roles ──
def _wrong(field: str | None, message: Message) -> Finding:
    return Finding("M1.1", "error", field, message)


def check_roles(roles: Collection[str], region_level: str) -> list[Finding]:
    """The three administrators are separate people; business roles need a region of their own level."""
    if not roles:
        return [_wrong("roles", msg("Choose at least one role."))]
    if not set(roles) <= set(ROLES):
        return [_wrong("roles", msg("Not one of the choices."))]
    if not ADMINISTRATORS.isdisjoint(roles):
        if len(roles) > 1:
            return [
                _wrong(
                    "roles",
                    msg(
                        "An administrator role stands alone: the three administrators are separate people and have no business role."
                    ),
                )
            ]
        return [_wrong("region_code", msg("Administrators belong to no region."))] if region_level else []
    if len(roles) > 1 and "construction_unit" in roles:
        return [_wrong("roles", msg("A construction unit has no other role."))]
    if len(JOINT_REVIEWERS.intersection(roles)) > 1:
        return [_wrong("roles", msg("One department of the joint review only."))]
    levels = {"county" if name == "construction_unit" else ROLES[name].level for name in roles}
    if len(levels) > 1:
        return [_wrong("roles", msg("These roles belong to different levels."))]
    if region_level != (level := levels.pop()):
        return [_wrong("region_code", _LEVEL[level])]
    return []


_LEVEL = {
    "county": msg("This role needs a county."),
    "city": msg("This role needs a city."),
    "province": msg("This role needs a province."),
}


def check_account(values: Mapping[str, Any], *, new: bool) -> list[Finding]:
    """Login name (when new), name and phone; roles and region have their own check."""
    found: list[Finding] = []
    if new and not LOGIN.fullmatch(values["username"]):
        found.append(
            _wrong(
                "username",
                msg("3 to 32 small letters, digits, dots, hyphens or underscores, a letter first."),
            )
        )
    if not values["name"]:
        found.append(_wrong("name", msg("Must not be empty.")))
    elif len(values["name"]) > 60:
        found.append(_wrong("name", msg("At most %(most)s characters.", most=60)))
    if values["phone"] and not valid_phone(values["phone"]):
        found.append(_wrong("phone", msg("Must be an 11-digit mobile number, or area code and number.")))
    return found


def vocabulary() -> frozenset[Permission]:
    """Every permission that the matrix knows."""
    return frozenset().union(*(spec.permissions for spec in ROLES.values()))


def grantable(role: str) -> frozenset[Permission]:
    """What the security administrator may give to a role: administrators keep to their own part of the matrix,
    business roles never get a part of theirs."""
    if role in ADMINISTRATORS:
        return ROLES[role].permissions - EVERYBODY
    business = frozenset().union(
        *(spec.permissions for name, spec in ROLES.items() if name not in ADMINISTRATORS)
    )
    return business - EVERYBODY


def fixed(role: str) -> frozenset[Permission]:
    """What cannot be taken from a role: what everybody has, and the key to this very page."""
    own = (
        {("can_edit", "Role"), ("can_show", "Role"), ("can_list", "Role")}
        if role == "security_admin"
        else set()
    )
    return EVERYBODY | own


def local_path(target: str | None) -> str:
    """The address to go to after signing in, only when it lies on this site; else nothing."""
    if not target or len(target) > 2000 or not target.startswith("/") or target.startswith(("//", "/\\")):
        return ""
    if "\\" in target or any(ord(char) < 33 or ord(char) == 127 for char in target):
        return ""
    parts = urlsplit(target)
    return "" if parts.scheme or parts.netloc else target
