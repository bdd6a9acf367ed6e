"""Sessions ended and the policy changed: what the security administrator writes. Never commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.accounts import principal
from app.accounts.matrix import ROLES
from app.accounts.models import UserSession
from app.audit import services as audit
from app.kernel.actor import Actor
from app.kernel.errors import Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.regions.cache import bump
from app.regions.models import ProvinceProfile
from app.regions.rules import check_profile
from app.regions.services import profile_values

POLICY_FIELDS = (
    "password_min_length", "password_classes", "password_history", "password_max_age_days",
    "lockout_failures", "lockout_minutes", "idle_minutes", "totp_required_roles",
)  # fmt: skip


def _require(actor: Actor, action: str, resource: str) -> None:
    if not actor.may(action, resource):
        raise NotAllowed(msg("Your roles do not allow this."))


# ── sessions ──
def end_session(session: Session, actor: Actor, session_id: int, *, own: bool) -> None:
    """End one session, of oneself (``own``) or by the security administrator. Raises: NotAllowed, OutOfScope."""
    if not own:
        _require(actor, "can_end", "UserSession")
    row = session.get(UserSession, session_id)
    if row is None or (own and row.user_id != actor.user_id):
        raise OutOfScope(f"session {session_id}")
    ended = principal.end_sessions("ended_by_owner" if own else "ended_by_security", session_id=session_id)
    if ended and not own:
        audit.record(
            session, "session_end", entity="Account", entity_id=row.user_id, after={"sessions": ended}
        )


def end_sessions_of(session: Session, actor: Actor, user_id: int, *, own: bool) -> int:
    """End every session of an account; one's own present one stays. Returns how many. Raises: NotAllowed."""
    if not own:
        _require(actor, "can_end", "UserSession")
    keep = actor.session_id if user_id == actor.user_id else None
    reason = "ended_by_owner" if own else "ended_by_security"
    ended = principal.end_sessions(reason, user_id=user_id, keep=keep)
    if ended and not own:
        audit.record(session, "session_end", entity="Account", entity_id=user_id, after={"sessions": ended})
    return ended


# ── policy ──
def save_policy(
    session: Session, actor: Actor, province: str, version: int, values: Mapping[str, Any]
) -> None:
    """Change the password, lock-out and idle policy of a province.

    Raises: NotAllowed, OutOfScope, StaleRow, RuleViolation.
    """
    _require(actor, "can_edit", "PasswordPolicy")
    profile = session.get(ProvinceProfile, province)
    if profile is None:
        raise OutOfScope(f"profile {province}")
    now = profile_values(profile)
    if profile.version != version:
        raise StaleRow({key: now[key] for key in POLICY_FIELDS}, profile.version)
    findings = [f for f in check_profile({**now, **values}) if f.field in POLICY_FIELDS]
    if not set(values["totp_required_roles"]) <= set(ROLES):
        findings.append(Finding("M1.1", "error", "totp_required_roles", msg("Not one of the choices.")))
    if findings:
        raise RuleViolation(findings)
    for key in POLICY_FIELDS:
        if values[key] != now[key]:
            setattr(profile, key, values[key])
    bump(session)
