"""The only writer of notices, in the transaction of what they tell of. Nothing here commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.kernel.errors import OutOfScope
from app.notices import queries
from app.notices.models import Notice
from app.notices.rules import KEPT, KINDS, REPORT_REMINDERS, sentence
from app.notifications import services as sms
from app.persistence.context import current_actor
from app.persistence.types import utcnow
from app.regions.cache import current
from app.web.wording import in_default_language

_notice: Table = Notice.__table__  # type: ignore[assignment]


def send(
    session: Session,
    user_ids: Iterable[int | None],
    kind: str,
    mark: str,
    values: Mapping[str, Any],
    *,
    link: str = "",
    matter: tuple[str, int | None] = ("", None),
    county_code: str | None = None,
    due_on: dt.date | None = None,
) -> list[int]:
    """Tell these people, each once for a ``mark``; returns those who had not been told before.

    ``values`` are the places of the kind's sentence (JSON); ``matter`` the record by which it is settled later.
    Urgent kinds also go out by SMS where the county's province wants it. Whoever acts is not told of it.
    """
    wanted = sorted({user_id for user_id in user_ids if user_id and user_id != current_actor().user_id})
    if not wanted:
        return []
    rows = [
        {
            "user_id": user_id, "kind": kind, "mark": mark, "values": dict(values), "link": link,
            "matter": matter[0], "matter_id": matter[1], "county_code": county_code, "due_on": due_on,
            "created_at": utcnow(),
        }
        for user_id in wanted
    ]  # fmt: skip
    make = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = make(_notice).values(rows).on_conflict_do_nothing().returning(_notice.c.user_id)
    told = sorted(session.execute(statement).scalars())
    _by_sms(session, told, kind, values, county_code)
    return told


def _by_sms(
    session: Session, user_ids: Sequence[int], kind: str, values: Mapping[str, Any], county_code: str | None
) -> None:
    if not user_ids or not KINDS[kind].urgent or not county_code:
        return
    if not current(session).profile(county_code).notify_by_sms:
        return
    text = in_default_language(sentence(kind, values))[:200]
    for phone in queries.phones(session, user_ids).values():
        sms.queue(session, "notice", phone, {"text": text}, county_code=county_code)


def settle(session: Session, matter: str, ids: Iterable[int], kinds: Sequence[str] = ()) -> None:
    """What these records asked for is done: their open notices (of these kinds) are, too, for everybody."""
    open_ = [_notice.c.matter == matter, _notice.c.matter_id.in_(list(ids)), _notice.c.done_at.is_(None)]
    if kinds:
        open_.append(_notice.c.kind.in_(kinds))
    session.execute(update(_notice).where(*open_).values(done_at=utcnow()))


def settle_renewed(session: Session, kinds: Sequence[str], began: dt.datetime) -> None:
    """Reminders older than ``began`` of which the same person has a newer one of the same family are out of date."""
    newer = _notice.alias("newer")
    again = (
        select(newer.c.id)
        .where(newer.c.user_id == _notice.c.user_id, newer.c.kind.in_(kinds), newer.c.created_at >= began)
        .where(_family(newer) == _family(_notice))
    )
    old = (_notice.c.kind.in_(kinds), _notice.c.created_at < began, _notice.c.done_at.is_(None), again.exists())
    session.execute(update(_notice).where(*old).values(done_at=utcnow()))


def _family(table: Any) -> Any:
    """Reminders of reports take each other's place, others those of their own kind."""
    return case((table.c.kind.in_(REPORT_REMINDERS), "reports"), else_=table.c.kind)


def read(session: Session, notice_id: int) -> Notice:
    """The actor opens a notice; one that asks for nothing is done with it. Raises: OutOfScope for anybody else's."""
    notice = queries.find(session, current_actor().user_id, notice_id)
    if notice is None:
        raise OutOfScope(f"notice {notice_id}")
    if notice.read_at is None:
        notice.read_at = utcnow()
        if not KINDS[notice.kind].task:
            notice.done_at = notice.read_at
        session.flush()
    return notice


def read_all(session: Session) -> int:
    """The actor has read everything; returns how many were unread."""
    mine = (_notice.c.user_id == current_actor().user_id, _notice.c.read_at.is_(None))
    now, told = utcnow(), [kind for kind, known in KINDS.items() if not known.task]
    done = case((_notice.c.kind.in_(told), func.coalesce(_notice.c.done_at, now)), else_=_notice.c.done_at)
    read_now = update(_notice).where(*mine).values(read_at=now, done_at=done)
    return int(session.execute(read_now).rowcount)  # type: ignore[attr-defined]


def forget_old(session: Session) -> int:
    """Remove what was read or settled long ago; returns how many (the caller commits)."""
    over = or_(_notice.c.done_at.is_not(None), _notice.c.read_at.is_not(None))
    gone = session.execute(delete(_notice).where(_notice.c.created_at < utcnow() - KEPT, over))
    return int(gone.rowcount)  # type: ignore[attr-defined]
