"""群众留言收件箱: the county's list of residents' comments (N2.1)."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, Table, func, select

from app.annual_plans.models import PlanTask
from app.extensions import _, _l
from app.public import rules
from app.public.models import SchemeComment
from app.regions.cache import current
from app.reserve.models import ReserveProject
from app.schemes.models import Scheme
from app.web.listing import Args, Column, Filter, Listing, choice_filter, whole
from app.web.rows import html
from app.web.wording import local_time

_comment: Table = SchemeComment.__table__  # type: ignore[assignment]
_scheme: Table = Scheme.__table__  # type: ignore[assignment]
_reserve: Table = ReserveProject.__table__  # type: ignore[assignment]
_plan: Table = PlanTask.__table__  # type: ignore[assignment]


def _rows() -> Any:
    joined = (
        _comment.join(_scheme, _scheme.c.id == _comment.c.scheme_id)
        .outerjoin(_reserve, _reserve.c.id == _scheme.c.reserve_project_id)
        .outerjoin(_plan, _plan.c.id == _scheme.c.plan_task_id)
    )
    shown = ("id", "county_code", "scheme_id", "text", "state", "answer", "at", "handled_by", "handled_at")
    name = func.coalesce(_reserve.c.name, _plan.c.name).label("name")
    gone = func.coalesce(_reserve.c.deleted_at, _plan.c.deleted_at).label("deleted_at")
    return select(*(_comment.c[key] for key in shown), name, gone).select_from(joined).subquery("comment_row")


def _text(row: Any) -> Any:
    words = html(row.text)
    short = html(row.text if len(row.text) <= 60 else f"{row.text[:60]}…")
    return Markup(f'<a href="/scheme-comments/show/{row.id}" title="{words}">{short}</a>')


def _state(row: Any) -> Any:
    kind, word = rules.KINDS[row.state], html(_(rules.STATES[row.state]))
    return Markup(f'<span class="light l-{kind}"><i class="sh sh-{kind}"></i>{word}</span>')


def _search(columns: Any, args: Args) -> ColumnElement[bool] | None:
    text = args.get("q", "").replace("\x00", "").strip()[:60]
    if not text:
        return None
    return columns.name.contains(text, autoescape=True) | columns.text.contains(text, autoescape=True)


def _of_scheme(columns: Any, args: Args) -> ColumnElement[bool] | None:
    number = whole(args.get("scheme"))
    return columns.scheme_id == number if number is not None else None


class CommentListing(Listing):
    """Comments of the scope, those nobody has handled first when asked for."""

    key = "scheme-comments"
    table = _rows()
    columns = (
        Column("at", _l("Received at"), ("at",), lambda row: local_time(row.at), lambda row: row.at, "datetime",
               css="num", sort="at", width=18),
        Column("county", _l("County"), ("county_code",), lambda row: current().name(row.county_code),
               lambda row: current().name(row.county_code)),
        Column("name", _l("Area name"), ("name",), lambda row: row.name, lambda row: row.name, sort="name", width=28),
        Column("text", _l("Comment"), ("text",), _text, lambda row: row.text, width=60),
        Column("state", _l("State of the comment"), ("state",), _state, lambda row: _(rules.STATES[row.state]),
               css="nowrap"),
        Column("answer", _l("Answer (comment)"), ("answer",), lambda row: row.answer, lambda row: row.answer, default=False,
               width=60),
        Column("handled", _l("Handled by"), ("handled_by",), lambda row: row.handled_by, lambda row: row.handled_by),
    )  # fmt: skip
    order = ("id",)
    filters = (
        Filter("q", _search, _l("Search")),
        choice_filter("state", "state", rules.STATES, _l("State of the comment")),
        Filter("scheme", _of_scheme, _l("Scheme")),
    )
