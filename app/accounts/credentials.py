"""Passwords, the second factor and recovery codes of one account: the only writer of them. Never commits."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
import time

import pyotp
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from app.accounts.models import Account, PasswordHistory
from app.accounts.policy import policy_for
from app.accounts.rules import Policy, check_password, one_time_password
from app.audit import services as audit
from app.kernel.errors import Finding, RuleViolation, msg
from app.persistence.types import utcnow

STEP = 30
RECOVERY_CODES = 10
_users = Account.__table__
_history = PasswordHistory.__table__


def lock_row(session: Session, user_id: int) -> None:
    """Hold the account's row until the transaction ends, on both databases (SQLite knows no FOR UPDATE)."""
    session.execute(update(_users).where(_users.c.id == user_id).values(failed_count=_users.c.failed_count))


# ── passwords ──
def change_password(session: Session, account: Account, new: str, again: str) -> None:
    """Set a password chosen by its owner; the caller has made sure of the old one and ends the other sessions.

    Raises: RuleViolation (policy of the province, one of the last passwords).
    """
    policy = policy_for(account.region_code)
    findings = check_password(new, again, account.username, policy)
    if not findings and _used_before(session, account, new, policy.history):
        findings = [
            Finding(
                "M1.1",
                "error",
                "new",
                msg("One of your last %(n)s passwords; choose another.", n=policy.history + 1),
            )
        ]
    if findings:
        raise RuleViolation(findings)
    set_password(session, account, new, must_change=False)
    audit.record(session, "password_change", entity="Account", entity_id=account.id, label=account.username)


def set_password(session: Session, account: Account, new: str, *, must_change: bool) -> None:
    """Store the hash, remember the former one and make every session and token of the account void."""
    if account.password:
        session.execute(insert(_history).values(user_id=account.id, password=account.password, at=utcnow()))
    account.password = generate_password_hash(new)
    account.password_changed_at = utcnow()
    account.must_change_password = must_change
    account.failed_count = 0
    account.locked_until = None
    account.auth_version += 1
    session.flush()


def _used_before(session: Session, account: Account, new: str, count: int) -> bool:
    """Whether this is the present password or one of the ``count`` before it; older ones are forgotten."""
    rows = session.execute(
        select(_history.c.id, _history.c.password)
        .where(_history.c.user_id == account.id)
        .order_by(_history.c.at.desc(), _history.c.id.desc())
    ).all()
    if stale := [row.id for row in rows[24:]]:
        session.execute(delete(_history).where(_history.c.id.in_(stale)))
    known = [account.password, *(row.password for row in rows[:count])]
    return any(check_password_hash(stored, new) for stored in known if stored)


def expire_old_password(session: Session, account: Account, policy: Policy) -> None:
    """A password past its age has to be changed before anything else."""
    if not policy.max_age_days or account.must_change_password or account.password_changed_at is None:
        return
    if utcnow() - account.password_changed_at > dt.timedelta(days=policy.max_age_days):
        account.must_change_password = True


def reset_password(session: Session, account: Account) -> str:
    """A generated password, to be shown once and changed at the next sign-in."""
    password = one_time_password(policy_for(account.region_code).min_length)
    set_password(session, account, password, must_change=True)
    audit.record(session, "password_reset", entity="Account", entity_id=account.id, label=account.username)
    return password


# ── second factor ──
def begin_factor(session: Session, account: Account) -> str:
    """A new secret, not yet in force; the former one (unconfirmed) is forgotten."""
    account.totp_secret = pyotp.random_base32()
    account.totp_confirmed_at = None
    account.totp_last_step = 0
    account.recovery_codes = None
    session.flush()
    return account.totp_secret


def provisioning_uri(account: Account, issuer: str) -> str:
    """What the QR code says to an authenticator."""
    return pyotp.TOTP(account.totp_secret).provisioning_uri(name=account.username, issuer_name=issuer)


def confirm_factor(session: Session, account: Account, code: str) -> list[str]:
    """Put the factor in force after a right code; returns the recovery codes, to be shown once.

    Raises: RuleViolation (wrong or used code).
    """
    if not account.totp_secret or not _accept_totp(session, account, code):
        raise RuleViolation(Finding("M1.1", "error", "otp", msg("The code is wrong or was used already.")))
    codes = [f"{secrets.token_hex(3)}-{secrets.token_hex(3)}" for _ in range(RECOVERY_CODES)]
    account.recovery_codes = [_digest(account, code) for code in codes]
    account.totp_confirmed_at = utcnow()
    session.flush()
    return codes


def remove_factor(session: Session, account: Account) -> None:
    """Sign in without a code again (its owner by password and code, or the security administrator)."""
    account.totp_secret, account.totp_confirmed_at = "", None
    account.totp_last_step, account.recovery_codes = 0, None
    session.flush()


def accept_code(session: Session, account: Account, code: str) -> bool:
    """Whether a code of the authenticator or a recovery code is right; each can be used once."""
    return _accept_totp(session, account, code) or _accept_recovery(session, account, code)


def _accept_totp(session: Session, account: Account, code: str) -> bool:
    code = "".join(code.split())
    secret = account.totp_secret
    if not (code.isascii() and code.isdigit() and len(code) == 6 and secret):
        return False
    totp, now = pyotp.TOTP(secret), int(time.time())
    for step in (now // STEP, now // STEP - 1, now // STEP + 1):
        if hmac.compare_digest(totp.at(step * STEP), code):
            used = (
                update(_users)
                .where(_users.c.id == account.id, _users.c.totp_last_step < step)
                .values(totp_last_step=step)
            )
            return bool(session.execute(used).rowcount)  # type: ignore[attr-defined]
    return False


def _accept_recovery(session: Session, account: Account, code: str) -> bool:
    if not account.totp_secret:
        return False
    wanted = _digest(account, "".join(code.split()).lower())
    lock_row(session, account.id)
    left = (
        session.execute(select(_users.c.recovery_codes).where(_users.c.id == account.id)).scalar_one() or []
    )
    if not any(hmac.compare_digest(wanted, known) for known in left):
        return False
    remaining = [known for known in left if known != wanted]
    session.execute(update(_users).where(_users.c.id == account.id).values(recovery_codes=remaining))
    audit.record(
        session, "recovery_code", entity="Account", entity_id=account.id, label=account.username,
        after={"left": len(remaining)},
    )  # fmt: skip
    return True


def _digest(account: Account, code: str) -> str:
    return hashlib.sha256(f"{account.id}:{account.totp_secret}:{code}".encode()).hexdigest()
