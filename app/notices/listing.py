"""Columns and filters of a person's own notices, newest first."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, case, func, select

from app.extensions import _, _l
from app.kernel.scope import Scope
from app.notices.models import Notice
from app.notices.rules import KINDS, sentence
from app.persistence.context import current_actor
from app.web.icons import icon
from app.web.listing import Args, Column, Filter, Listing, State, choice_filter
from app.web.rows import html
from app.web.wording import local_time, translate

SHOWN = ("open", "unread", "done", "all")


def text_of(row: Any) -> str:
    return translate(sentence(row.kind, row.values))


def _kind(row: Any) -> Any:
    known = KINDS.get(row.kind)
    return Markup(f"{icon(known.icon)} {html(_(known.label))}") if known else ""


def _kind_word(row: Any) -> str:
    return _(KINDS[row.kind].label) if row.kind in KINDS else ""


def _text(row: Any) -> Any:
    """The sentence as a button that opens the matter: opening marks it as read, which is no matter of a link."""
    words = html(text_of(row))
    if not row.link:
        return words
    css = "link-b strong" if row.read_at is None and row.done_at is None else "link-b"
    return Markup(f'<button class="{css}" type="submit" form="open-notice" formaction="/notices/open/{row.id}">{words}</button>')


def _state_word(row: Any) -> str:
    if row.done_at is not None:
        return _("Settled (notice)")
    return _("Read (notice)") if row.read_at is not None else _("Unread (notice)")


def _state(row: Any) -> Any:
    mark = "ok" if row.done_at is not None else "idle" if row.read_at is not None else "wait"
    return Markup(f'<span class="light l-{mark}"><i class="sh sh-{mark}"></i>{html(_state_word(row))}</span>')


def _due(row: Any) -> str:
    return row.due_on.isoformat() if row.due_on else ""


def _shown(columns: Any, args: Args) -> ColumnElement[bool] | None:
    """Open ones unless others are asked for."""
    wanted = args.get("show", "")
    if wanted == "all":
        return columns.id > 0
    if wanted == "done":
        return columns.done_at.is_not(None)
    if wanted == "unread":
        return columns.done_at.is_(None) & columns.read_at.is_(None)
    return columns.done_at.is_(None)


class NoticeListing(Listing):
    """The inbox of whoever asks."""

    key = "notices"
    table = Notice.__table__  # type: ignore[assignment]
    order = ("id",)
    always = ("id", "kind", "values", "link", "read_at", "done_at")
    columns = (
        Column("kind", _l("Kind of notice"), ("kind",), _kind, _kind_word, css="nowrap", width=18),
        Column("text", _l("Notice"), ("kind", "values", "link", "read_at", "done_at"), _text, text_of, width=70),
        Column("due", _l("Due on"), ("due_on",), _due, _due, css="num"),
        Column("at", _l("Told at"), ("created_at",), lambda row: local_time(row.created_at),
               lambda row: row.created_at, "datetime", css="num", width=18),
        Column("state", _l("State (notice)"), ("read_at", "done_at"), _state, _state_word, css="nowrap"),
    )  # fmt: skip
    filters = (Filter("show", _shown), choice_filter("kind", "kind", KINDS))

    def where(self, scope: Scope, state: State) -> list[ColumnElement[bool]]:
        return [self.table.c.user_id == current_actor().user_id, *state.conditions]

    def ordering(self, state: State, reverse: bool = False) -> list[Any]:
        return [self.table.c.id.asc() if reverse else self.table.c.id.desc()]

    def counts(self) -> dict[str, int]:
        """How many are open, unread and done, in one statement."""
        done, read = self.table.c.done_at, self.table.c.read_at
        unread = case((done.is_(None) & read.is_(None), 1))
        statement = select(
            func.count().label("all"), func.count(done).label("done"), func.count(unread).label("unread")
        ).where(self.table.c.user_id == current_actor().user_id)
        row = self.execute(statement.execution_options(scope_applied=True)).one()
        return {"all": row.all, "done": row.done, "unread": row.unread, "open": row.all - row.done}
