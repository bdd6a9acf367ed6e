"""Accounts (extending FAB's users), their sessions, sign-in records and password history."""

from __future__ import annotations

import datetime as dt

import structlog
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.audit.models import BigId
from app.extensions import _l
from app.kernel.sealing import Unreadable
from app.persistence.base import Audited, Model
from app.persistence.sealed import seal_for
from app.persistence.types import UtcDateTime, utcnow

log = structlog.get_logger()


class Account(Audited, User):
    """A person or unit that signs in: FAB's user with region, department and the state of its credentials.

    ``auth_version`` rises with every password reset, role change or stop: sessions of an older number are over.
    """

    __tablename__ = "ab_user"
    __audit_name__ = "Account"
    __audit_skip__ = frozenset(
        {"last_login", "login_count", "fail_login_count", "changed_on", "auth_version", "totp_last_step"}
    )

    region_code: Mapped[str | None] = mapped_column(
        String(6), ForeignKey("region.code"), info={"label": _l("Region")}
    )
    department_id: Mapped[int | None] = mapped_column(
        Integer, ForeignKey("department.id"), info={"label": _l("Department")}
    )
    phone: Mapped[str] = mapped_column(
        String(20), nullable=False, default="", server_default="", info={"label": _l("Phone")}
    )
    language: Mapped[str] = mapped_column(
        String(16), nullable=False, default="", server_default="", info={"label": _l("Language")}
    )
    must_change_password: Mapped[bool] = mapped_column(
        Boolean, nullable=False, default=True, server_default="1"
    )
    password_changed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    auth_version: Mapped[int] = mapped_column(Integer, nullable=False, default=1, server_default="1")
    failed_count: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    locked_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Locked until")})
    totp_sealed: Mapped[str] = mapped_column(
        Text, nullable=False, default="", server_default="", info={"label": _l("Second factor")}
    )
    totp_confirmed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    totp_last_step: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    recovery_codes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    department = relationship("Department", lazy="select")
    region = relationship("Region", lazy="select")

    @property
    def totp_secret(self) -> str:
        """The secret of the second factor, which stands sealed in the database; nothing when none is set.

        One that cannot be opened (the installation's key was lost) counts as none: no code fits it any more, and the
        security administrator has to remove the factor.
        """
        if not self.totp_sealed:
            return ""
        try:
            return seal_for("totp").open(self.totp_sealed)
        except Unreadable:
            log.error("second factor is sealed with another key", account=self.id)
            return ""

    @totp_secret.setter
    def totp_secret(self, secret: str) -> None:
        self.totp_sealed = seal_for("totp").close(secret) if secret else ""


class UserSession(Model):
    """One signed-in browser; the cookie holds a random token, the table only its digest."""

    __tablename__ = "user_session"
    __table_args__ = (
        Index("ix_user_session_user", "user_id", "ended_at"),
        Index("ix_user_session_open", "ended_at", "seen_at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), nullable=False, unique=True)
    user_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False
    )
    auth_version: Mapped[int] = mapped_column(Integer, nullable=False)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)
    seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)
    address: Mapped[str] = mapped_column(String(45), nullable=False, default="")
    agent: Mapped[str] = mapped_column(String(200), nullable=False, default="")
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    ended_reason: Mapped[str] = mapped_column(String(32), nullable=False, default="", server_default="")


class SignInRecord(Model):
    """One attempt to sign in, or a sign-out: kept for the audit administrator."""

    __tablename__ = "sign_in_record"
    __table_args__ = (
        Index("ix_sign_in_record_at", "at"),
        Index("ix_sign_in_record_username", "username", "at"),
        Index("ix_sign_in_record_outcome", "outcome", "at"),
        Index("ix_sign_in_record_address", "address", "at"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime, nullable=False, default=utcnow, info={"label": _l("Time")}
    )
    username: Mapped[str] = mapped_column(String(128), nullable=False, info={"label": _l("Login name")})
    user_id: Mapped[int | None] = mapped_column(Integer, info={"label": _l("Account number")})
    outcome: Mapped[str] = mapped_column(String(24), nullable=False, info={"label": _l("Outcome")})
    address: Mapped[str] = mapped_column(
        String(45), nullable=False, default="", info={"label": _l("IP address")}
    )
    agent: Mapped[str] = mapped_column(String(200), nullable=False, default="", info={"label": _l("Browser")})


class PasswordHistory(Model):
    """Hashes of earlier passwords: the policy forbids taking one of the last few again."""

    __tablename__ = "password_history"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False, index=True
    )
    password: Mapped[str] = mapped_column(String(256), nullable=False)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False, default=utcnow)


class RoleOverride(Audited, Model):
    """A permission that the security administrator gave to a role or took from it, against the matrix.

    Kept apart from the roles themselves, so that ``flask portal sync-roles`` after an update does not undo it.
    """

    __tablename__ = "role_override"
    role: Mapped[str] = mapped_column(String(64), primary_key=True, info={"label": _l("Role")})
    action: Mapped[str] = mapped_column(String(64), primary_key=True, info={"label": _l("Action")})
    resource: Mapped[str] = mapped_column(String(64), primary_key=True, info={"label": _l("Function")})
    granted: Mapped[bool] = mapped_column(Boolean, nullable=False, info={"label": _l("Granted")})

    @property
    def name(self) -> str:
        return f"{self.role} {self.action} {self.resource}"
