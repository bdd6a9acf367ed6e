"""Selects over notices: every one names the recipient, who sees nobody else's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_appbuilder.security.sqla.models import Role, assoc_user_role
from sqlalchemy import ScalarSelect, Select, Table, func, literal_column, select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.notices.models import Notice

_notice: Table = Notice.__table__  # type: ignore[assignment]
_account: Table = Account.__table__  # type: ignore[assignment]
_role: Table = Role.__table__  # type: ignore[assignment]
MOST_UNREAD = 100


def unread_of(user_id: object) -> ScalarSelect[int]:
    """How many unread notices an account has, up to `MOST_UNREAD`, as part of another statement."""
    mine: Select[Any] = (
        select(literal_column("1"))
        .select_from(_notice)
        .where(_notice.c.user_id == user_id, _notice.c.read_at.is_(None), _notice.c.done_at.is_(None))
        .limit(MOST_UNREAD)
    )
    return select(func.count()).select_from(mine.correlate(_account).subquery()).scalar_subquery()


def find(session: Session, user_id: int | None, notice_id: int) -> Notice | None:
    """A notice of this person."""
    return session.scalars(select(Notice).where(Notice.id == notice_id, Notice.user_id == user_id)).first()


def recipients(session: Session, county_code: str, roles: Iterable[str]) -> list[int]:
    """Accounts in use of a county that hold one of the roles."""
    found = (
        select(_account.c.id)
        .join(assoc_user_role, assoc_user_role.c.user_id == _account.c.id)
        .join(_role, _role.c.id == assoc_user_role.c.role_id)
        .where(_account.c.region_code == county_code, _account.c.active.is_(True), _role.c.name.in_(list(roles)))
        .distinct()
        .order_by(_account.c.id)
    )
    return list(session.execute(found).scalars())


def editors_by_county(session: Session) -> dict[str, list[int]]:
    """County → accounts in use of its editors, of every county at once (reminders)."""
    found = (
        select(_account.c.region_code, _account.c.id)
        .join(assoc_user_role, assoc_user_role.c.user_id == _account.c.id)
        .join(_role, _role.c.id == assoc_user_role.c.role_id)
        .where(_account.c.active.is_(True), _role.c.name == "county_editor", _account.c.region_code.is_not(None))
        .order_by(_account.c.id)
    )
    counties: dict[str, list[int]] = {}
    for county, user_id in session.execute(found):
        counties.setdefault(county, []).append(user_id)
    return counties


def phones(session: Session, user_ids: Sequence[int]) -> dict[int, str]:
    """Account → its telephone, where it has one."""
    found = select(_account.c.id, _account.c.phone).where(_account.c.id.in_(user_ids), _account.c.phone != "")
    return {row.id: row.phone for row in session.execute(found.order_by(_account.c.id))}
