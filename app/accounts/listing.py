"""Columns of the administrators' lists, as declarations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy import ColumnElement, and_

from app.accounts.matrix import ROLES
from app.accounts.rules import ENDED, OUTCOMES
from app.extensions import _, _l
from app.kernel.calendar import TZ
from app.kernel.text import mask_phone
from app.persistence.context import current_actor
from app.persistence.types import utcnow
from app.regions.cache import current
from app.web.listing import Column, Filter

PERSON, STATE, WHERE = _l("Person"), _l("State"), _l("Place and time")


def _plain(key: str) -> Callable[[Any], Any]:
    """The value as it is; nothing rather than None in the table."""

    def value(row: Any) -> Any:
        found = getattr(row, key)
        return "" if found is None else found

    return value


def when(value: dt.datetime | None) -> str:
    """A time in China; FAB's own columns are naive UTC."""
    if value is None:
        return ""
    aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return aware.astimezone(TZ).strftime("%Y-%m-%d %H:%M:%S")


def _time(key: str) -> Callable[[Any], str]:
    return lambda row: when(getattr(row, key))


def _area(row: Any) -> str:
    return current().path(row.region_code) if row.region_code else ""


def role_labels(names: str | None) -> str:
    """The labels of comma-separated role names."""
    return "、".join(_(ROLES[name].label) for name in sorted((names or "").split(",")) if name in ROLES)


def _roles(row: Any) -> str:
    return role_labels(row.roles)


def _account_state(row: Any) -> str:
    if not row.active:
        return _("Stopped")
    if row.locked_until and row.locked_until > utcnow():
        return _("Locked (account)")
    return _("First password") if row.must_change_password else _("In use (account)")


def _account_light(row: Any) -> Markup:
    word = _account_state(row)
    kind = (
        "bad"
        if not row.active
        else "warn"
        if word == _("Locked (account)")
        else "wait"
        if row.must_change_password
        else "ok"
    )
    return Markup('<span class="light l-{}"><i class="sh sh-{}"></i>{}</span>').format(kind, kind, word)


def _factor(row: Any) -> str:
    return _("On") if row.totp_confirmed_at else _("Off")


def _login(row: Any) -> Markup:
    return Markup('<a class="clip" href="/accounts/show/{}">{}</a>').format(row.id, row.username)


def _text(
    key: str, label: Any, group: Any, *, width: int = 18, css: str = "", default: bool = True, sort: str = ""
) -> Column:
    return Column(
        key,
        label,
        (key,),
        _plain(key),
        _plain(key),
        group=group,
        width=width,
        css=css,
        default=default,
        sort=sort,
    )


def _moment(key: str, label: Any, group: Any, *, default: bool = True) -> Column:
    return Column(
        key,
        label,
        (key,),
        _time(key),
        _time(key),
        css="nowrap",
        sort=key,
        group=group,
        width=20,
        default=default,
    )


ACCOUNT_COLUMNS: tuple[Column, ...] = (
    Column("username", _l("Login name"), ("username",), _login, _plain("username"), css="nm", sort="username", group=PERSON, width=20),
    _text("name", _l("Name of the person or unit"), PERSON, sort="name"),
    Column("roles", _l("Roles"), ("roles",), _roles, _roles, group=PERSON, width=26),
    Column("region", _l("Region"), ("region_code",), _area, _area, css="nowrap", sort="region_code", group=PERSON, width=22),
    _text("department", _l("Department"), PERSON, width=28),
    Column("phone", _l("Phone"), ("phone",), lambda row: mask_phone(row.phone), lambda row: mask_phone(row.phone),
           css="nowrap", group=PERSON, width=16),
    Column("state", _l("State"), ("active", "locked_until", "must_change_password"), _account_light, _account_state,
           css="nowrap", group=STATE),
    Column("factor", _l("Second factor"), ("totp_confirmed_at",), _factor, _factor, group=STATE, default=False),
    _moment("last_login", _l("Last sign-in"), STATE),
)  # fmt: skip


def _session_state(row: Any) -> str:
    if row.ended_at is None:
        return _("Open (session)")
    return _(ENDED[row.ended_reason]) if row.ended_reason in ENDED else _("Ended")


def _end_buttons(row: Any) -> Any:
    """End this session, or every session of its account."""
    if row.ended_at is not None or not current_actor().may("can_end", "UserSession"):
        return ""
    form = (
        '<form method="post" action="{}" data-confirm="{}"><input type="hidden" name="csrf_token" value="{}">'
        '<button class="link bad" type="submit">{}</button></form>'
    )
    token = generate_csrf()
    one = (
        f"/user-sessions/{row.id}/end",
        _("End this session? Its user has to sign in again."),
        token,
        _("End"),
    )
    every = (
        f"/user-sessions/of/{row.user_id}/end",
        _("End every session of this account?"),
        token,
        _("End all of the account"),
    )
    return Markup(form).format(*one) + Markup(form).format(*every)


SESSION_COLUMNS: tuple[Column, ...] = (
    _text("username", _l("Login name"), PERSON, css="nm", sort="username"),
    _text("name", _l("Name of the person or unit"), PERSON, sort="name"),
    Column("region", _l("Region"), ("region_code",), _area, _area, css="nowrap", group=PERSON, width=22),
    _moment("created_at", _l("Signed in at"), WHERE),
    _moment("seen_at", _l("Last action"), WHERE),
    _text("address", _l("IP address"), WHERE, css="nowrap"),
    Column("agent", _l("Browser"), ("agent",), lambda row: Markup('<span class="clip" title="{}">{}</span>').format(row.agent, browser(row.agent)),
           _plain("agent"), group=WHERE, width=40),
    Column("state", _l("State"), ("ended_at", "ended_reason"), _session_state, _session_state, group=STATE),
    _moment("ended_at", _l("Ended at"), STATE, default=False),
    Column("ops", _l("Actions"), ("ended_at", "user_id"), _end_buttons, lambda row: "", css="op", group=STATE),
)  # fmt: skip


def browser(agent: str) -> str:
    """The browser's name of a long agent text, or the text itself."""
    for mark, name in (("Edg/", "Edge"), ("OPR/", "Opera"), ("QQBrowser", "QQ"), ("MetaSr", "Sogou"), ("360", "360"),
                       ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")):  # fmt: skip
        if mark in agent:
            return name
    return agent[:40]


def _outcome(row: Any) -> str:
    return _(OUTCOMES[row.outcome]) if row.outcome in OUTCOMES else row.outcome


_KINDS = {"success": "ok", "api_success": "ok", "signed_out": "idle", "second_step": "wait", "locked": "bad"}


def _outcome_light(row: Any) -> Markup:
    kind = _KINDS.get(row.outcome, "warn")
    return Markup('<span class="light l-{}"><i class="sh sh-{}"></i>{}</span>').format(
        kind, kind, _outcome(row)
    )


RECORD_COLUMNS: tuple[Column, ...] = (
    _moment("at", _l("Time"), WHERE),
    _text("username", _l("Login name"), PERSON, css="nm", sort="username"),
    Column("outcome", _l("Outcome"), ("outcome",), _outcome_light, _outcome, css="nowrap", group=STATE),
    _text("address", _l("IP address"), WHERE, css="nowrap", sort="address"),
    Column("agent", _l("Browser"), ("agent",), lambda row: Markup('<span class="clip" title="{}">{}</span>').format(row.agent, browser(row.agent)),
           _plain("agent"), group=WHERE, width=40),
    Column("user_id", _l("Account number"), ("user_id",), _plain("user_id"), lambda row: row.user_id, "int", css="num", group=PERSON, default=False),
)  # fmt: skip


def _day(text: str | None, *, end: bool = False) -> dt.datetime | None:
    try:
        day = dt.date.fromisoformat((text or "").strip()) + dt.timedelta(days=int(end))
    except (ValueError, OverflowError):
        return None
    return dt.datetime(day.year, day.month, day.day, tzinfo=TZ) if 1900 < day.year < 2999 else None


def day_range(key: str, label: Any) -> Filter:
    """``<key>_from`` and ``<key>_to``: days in China, both included and both optional."""
    first, last = f"{key}_from", f"{key}_to"

    def clause(columns: Any, args: Mapping[str, str]) -> ColumnElement[bool] | None:
        parts = []
        if (low := _day(args.get(first))) is not None:
            parts.append(columns[key] >= low)
        if (high := _day(args.get(last), end=True)) is not None:
            parts.append(columns[key] < high)
        return and_(*parts) if parts else None

    return Filter(key, clause, label, (first, last))
