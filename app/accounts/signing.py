"""Signing in: attempts counted before they are judged, every outcome recorded, sessions opened and ended.

An attempt is reserved by one UPDATE that any number of processes may run at once: when the allowed number is used
up nobody's password is looked at any more until the lock has passed, however many guesses arrive together.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

from flask import has_request_context, request
from sqlalchemy import case, insert, or_, select, update
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from app.accounts import credentials
from app.accounts.construction.queries import has_expired
from app.accounts.models import Account, SignInRecord
from app.accounts.policy import policy_for
from app.accounts.rules import LONGEST_PASSWORD, Policy
from app.kernel.text import fold_width, normalise_input
from app.persistence.types import utcnow

_users = Account.__table__
_records = SignInRecord.__table__


@dataclass(frozen=True)
class Attempt:
    """How an attempt went; ``account`` only when the password (or code) was right."""

    outcome: str
    account: Account | None = None

    @property
    def passed(self) -> bool:
        return self.outcome in {"success", "second_step"}


def login_name(typed: str) -> str:
    """The login name as stored: plain letters, no spaces around."""
    return normalise_input(fold_width(typed))[:128]


def note(session: Session, username: str, user_id: int | None, outcome: str) -> None:
    """Append a sign-in record (the caller commits)."""
    inside = has_request_context()
    session.execute(
        insert(_records).values(
            at=utcnow(),
            username=username[:128],
            user_id=user_id,
            outcome=outcome,
            address=((request.remote_addr or "") if inside else "")[:45],
            agent=((request.user_agent.string or "") if inside else "")[:200],
        )
    )


def reserve(session: Session, user_id: int, policy: Policy) -> bool:
    """Take one of the allowed attempts; False while the account is locked. Commits, so that every process counts."""
    now = utcnow()
    expired = _users.c.locked_until <= now
    count = case((expired, 1), else_=_users.c.failed_count + 1)
    until = now + dt.timedelta(minutes=policy.lockout_minutes)
    statement = (
        update(_users)
        .where(_users.c.id == user_id, or_(_users.c.locked_until.is_(None), expired))
        .values(failed_count=count, locked_until=case((count >= policy.lockout_failures, until), else_=None))
    )
    taken = int(session.execute(statement).rowcount)  # type: ignore[attr-defined]
    session.commit()
    return bool(taken)


def release(session: Session, user_id: int, *, all_of_them: bool = True) -> None:
    """The attempt was right: forget the count, or only this attempt when a code is still to come."""
    fewer = case((_users.c.failed_count > 0, _users.c.failed_count - 1), else_=0)
    count = 0 if all_of_them else fewer
    session.execute(
        update(_users).where(_users.c.id == user_id).values(failed_count=count, locked_until=None)
    )


@lru_cache(maxsize=1)
def decoy() -> str:
    """A hash to compare with where there is no account, so that the answer takes as long."""
    return generate_password_hash("no account has this password")


def attempt(session: Session, typed_name: str, password: str, *, api: bool = False, otp: str = "") -> Attempt:
    """Judge a login name and a password. Commits its record whatever comes out.

    Returns ``success``, ``second_step`` (right, but a code is to follow; never with ``api``, which sends the code
    along), or why not; the reasons are for the record, never for the person who typed.
    """
    username = login_name(typed_name)
    password = password[: LONGEST_PASSWORD * 2].encode("utf-8", "replace").decode()
    found = session.execute(
        select(_users.c.id, _users.c.password, _users.c.active, _users.c.region_code)
        .where(_users.c.username.in_({username, username.lower()}))
        .order_by(_users.c.id)
    ).first()
    session.rollback()
    open_ = reserve(session, found.id if found else -1, policy_for(found.region_code if found else None))
    right = check_password_hash((found.password if found else "") or decoy(), password) and bool(password)
    if found is None:
        return _refused(session, username, None, "unknown")
    if not open_:
        return _refused(session, username, found.id, "locked")
    if not right:
        return _refused(session, username, found.id, "wrong_password")
    if not found.active or has_expired(session, found.id):
        return _refused(session, username, found.id, "stopped")
    account = session.get_one(Account, found.id, populate_existing=True)
    if account.totp_confirmed_at is not None:
        if not api:
            release(session, account.id, all_of_them=False)
            note(session, username, account.id, "second_step")
            session.commit()
            return Attempt("second_step", account)
        if not credentials.accept_code(session, account, otp):
            return _refused(session, username, account.id, "wrong_code")
    return _passed(session, account, "api_success" if api else "success")


def second_step(session: Session, user_id: int, auth_version: int, code: str) -> Attempt:
    """Judge the code that follows a right password; counts as an attempt like any other."""
    account = session.get(Account, user_id, populate_existing=True)
    if account is None or not account.active or account.auth_version != auth_version or has_expired(session, user_id):
        session.rollback()
        return Attempt("stopped")
    if not reserve(session, user_id, policy_for(account.region_code)):
        return _refused(session, account.username, user_id, "locked")
    if not credentials.accept_code(session, account, code):
        return _refused(session, account.username, user_id, "wrong_code")
    return _passed(session, account, "success")


def prove(session: Session, user_id: int, password: str) -> bool:
    """Whether a signed-in person knows the password; counts as an attempt, so that a stolen session cannot guess."""
    found = session.execute(
        select(_users.c.username, _users.c.password, _users.c.region_code).where(_users.c.id == user_id)
    ).one()
    session.rollback()
    if not reserve(session, user_id, policy_for(found.region_code)):
        note(session, found.username, user_id, "locked")
    elif check_password_hash(found.password or decoy(), password[: LONGEST_PASSWORD * 2]):
        release(session, user_id)
        session.commit()
        return True
    else:
        note(session, found.username, user_id, "wrong_password")
    session.commit()
    return False


def _passed(session: Session, account: Account, outcome: str) -> Attempt:
    release(session, account.id)
    credentials.expire_old_password(session, account, policy_for(account.region_code))
    account.last_login = utcnow().replace(tzinfo=None)
    account.login_count = (account.login_count or 0) + 1
    note(session, account.username, account.id, outcome)
    session.commit()
    return Attempt("success", account)


def _refused(session: Session, username: str, user_id: int | None, outcome: str) -> Attempt:
    note(session, username, user_id, outcome)
    session.commit()
    return Attempt(outcome)
