"""The list of schemes: who waits for whom, joint reviewers' own list included (N2.1, M1.5.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, Table, case, exists, func, literal, or_, select

from app.annual_plans.models import PlanTask
from app.extensions import _, _l
from app.kernel.scope import Scope
from app.persistence.context import current_actor
from app.regions.cache import current
from app.reserve.models import ReserveProject
from app.schemes import rules
from app.schemes.models import Scheme, SchemeReview
from app.schemes.timeline import KINDS
from app.web.listing import Args, Column, Filter, Listing, State, choice_filter, whole
from app.web.rows import html
from app.web.wording import local_time

_scheme: Table = Scheme.__table__  # type: ignore[assignment]
_reserve: Table = ReserveProject.__table__  # type: ignore[assignment]
_plan: Table = PlanTask.__table__  # type: ignore[assignment]
_review: Table = SchemeReview.__table__  # type: ignore[assignment]


def _pending(department: str) -> ColumnElement[bool]:
    return exists().where(
        _review.c.scheme_id == _scheme.c.id, _review.c.round == _scheme.c.review_round,
        _review.c.department == department, _review.c.outcome == "pending", _scheme.c.state == "in_review",
    )  # fmt: skip


def _rows() -> Any:
    joined = _scheme.outerjoin(_reserve, _reserve.c.id == _scheme.c.reserve_project_id).outerjoin(
        _plan, _plan.c.id == _scheme.c.plan_task_id
    )
    kind = case((_scheme.c.reserve_project_id.is_not(None), literal("reserve")), else_=literal("plan"))
    shown = (
        "id",
        "county_code",
        "state",
        "investment",
        "submitted_at",
        "updated_at",
        "review_round",
        "published_until",
    )
    return (
        select(
            *(_scheme.c[name] for name in shown),
            func.coalesce(_reserve.c.name, _plan.c.name).label("name"),
            func.coalesce(_plan.c.year, 0).label("year"), func.coalesce(_plan.c.code, "").label("code"),
            kind.label("kind"), func.coalesce(_reserve.c.deleted_at, _plan.c.deleted_at).label("deleted_at"), *(_pending(name).label(f"waits_{name}") for name in rules.DEPARTMENTS),
        )
        .select_from(joined)
        .subquery("scheme_row")
    )  # fmt: skip


def _plain(key: str) -> Callable[[Any], Any]:
    return lambda row: getattr(row, key)


def _name(row: Any) -> Any:
    label = html(row.name)
    return Markup(f'<a class="clip" href="/schemes/show/{row.id}" title="{label}">{label}</a>')


def _state(row: Any) -> Any:
    word = html(_(rules.FLOW.states[row.state]))
    return Markup(
        f'<span class="light l-{KINDS[row.state]}"><i class="sh sh-{KINDS[row.state]}"></i>{word}</span>'
    )


def _state_word(row: Any) -> str:
    return _(rules.FLOW.states[row.state])


def _kind(row: Any) -> str:
    return _("Reserve project") if row.kind == "reserve" else _("Plan of %(year)s", year=row.year)


def _waiting(row: Any) -> str:
    names = [_(label) for name, label in rules.DEPARTMENTS.items() if getattr(row, f"waits_{name}")]
    return "、".join(names)


def _money(row: Any) -> str:
    return "" if row.investment is None else f"{row.investment:,.2f}"


COLUMNS: tuple[Column, ...] = (
    Column("city", _l("City"), ("county_code",), lambda row: current().city_name(row.county_code),
           lambda row: current().city_name(row.county_code)),
    Column("county", _l("County"), ("county_code",), lambda row: current().name(row.county_code),
           lambda row: current().name(row.county_code)),
    Column("name", _l("Area name"), ("name",), _name, _plain("name"), css="nm", sort="name", width=28),
    Column("kind", _l("Belongs to"), ("kind", "year"), _kind, _kind, css="nowrap"),
    Column("code", _l("Area code"), ("code",), _plain("code"), _plain("code"), css="code", default=False, width=20),
    Column("investment", _l("Estimated investment"), ("investment",), _money, _plain("investment"), "decimal",
           _l("10k yuan"), "num", sort="investment"),
    Column("state", _l("Scheme state"), ("state",), _state, _state_word, css="nowrap"),
    Column("waiting", _l("Waits for"), tuple(f"waits_{name}" for name in rules.DEPARTMENTS), _waiting, _waiting),
    Column("submitted", _l("Submitted at"), ("submitted_at",), lambda row: local_time(row.submitted_at),
           _plain("submitted_at"), "datetime", css="num", sort="submitted_at", width=18),
)  # fmt: skip


def _search(columns: Any, args: Args) -> ColumnElement[bool] | None:
    text = args.get("q", "").replace("\x00", "").strip()[:60]
    if not text:
        return None
    return or_(columns.name.contains(text, autoescape=True), columns.code.contains(text, autoescape=True))


def _waits(columns: Any, args: Args) -> ColumnElement[bool] | None:
    if args.get("waiting") != "1":
        return None
    department = rules.department_of(current_actor())
    return columns[f"waits_{department}"] if department else columns.state.in_(("in_review", "reviewed"))


def _region(columns: Any, args: Args) -> ColumnElement[bool] | None:
    code = args.get("region", "")
    return columns.county_code == code if len(code) == 6 and code.isascii() and code.isdigit() else None


def _year(columns: Any, args: Args) -> ColumnElement[bool] | None:
    year = whole(args.get("year"))
    return columns.year == year if year else None


class SchemeListing(Listing):
    """Schemes of the scope; joint reviewers meet only those that came to them."""

    key = "schemes"
    table = _rows()
    columns = COLUMNS
    order = ("submitted_at", "id")
    filters = (
        Filter("q", _search, _l("Search")),
        choice_filter("state", "state", rules.FLOW.states, _l("Scheme state")),
        choice_filter("kind", "kind", ("reserve", "plan"), _l("Belongs to")),
        Filter("waiting", _waits, _l("Waiting")),
        Filter("region", _region, _l("Jurisdiction")),
        Filter("year", _year, _l("Plan year")),
    )

    def where(self, scope: Scope, state: State) -> list[ColumnElement[bool]]:
        found = super().where(scope, state)
        if rules.department_of(current_actor()):
            found.append(self.table.c.review_round > 0)
        return found

    def state_counts(self, scope: Scope) -> dict[str, int]:
        """State → number, for the directory; one statement."""
        where = self.where(scope, State({}))
        found = select(self.table.c.state, func.count()).where(*where).group_by(self.table.c.state)
        return {row[0]: row[1] for row in self.execute(found, execution_options={"scope_applied": True})}
