"""Every select over communities: the list with its search index, totals and tree, and duplicate candidates."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    and_,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    text,
    true,
    union_all,
)

from app.communities.listing import BIN_COLUMNS, COLUMNS, FILTERS
from app.communities.models import Community, CommunityRollup
from app.extensions import db
from app.kernel.scope import Scope
from app.kernel.text import is_one_gram, normalise_input, query_grams
from app.persistence.context import current_scope
from app.persistence.gate import SCOPE_APPLIED, execute_applied, scope_clause
from app.regions.cache import current
from app.web.counts import unchanged
from app.web.listing import COUNT_CAP, Listing, State

_community = Community.__table__
_rollup = CommunityRollup.__table__
_APPLIED = {SCOPE_APPLIED: True}
_fts = text("community_fts")


def execute(statement: Any, parameters: Any = None, **options: Any) -> Any:
    return execute_applied(db.session(), statement, parameters, **options)


def on_postgresql() -> bool:
    return db.session.get_bind().dialect.name == "postgresql"


class Search:
    """What was typed in the search field, ready for both databases.

    Words of two characters, and of three letters, are answered by the index alone (``exact``); longer ones are
    verified by LIKE (their parts may lie apart); a single character has no token and is answered by LIKE.
    """

    def __init__(self, typed: str) -> None:
        self.words = normalise_input(typed).lower().split()[:4]
        self.tokens = list(query_grams(" ".join(self.words)))
        self.exact = bool(self.words) and all(map(is_one_gram, self.words))

    def like(self) -> ColumnElement[bool]:
        """Every word stands in the name or in the pinyin initials."""
        parts = [
            or_(
                func.lower(_community.c.name).contains(word, autoescape=True),
                _community.c.initials.contains(word, autoescape=True),
            )
            for word in self.words
        ]
        return and_(*parts) if parts else true()

    def ids(self, scope: Scope) -> Any:
        """A select of matching ids from the index alone, inside the scope."""
        if on_postgresql():
            found = func.community_search(self.tokens).table_valued("id")
            return select(found.c.id)
        matching = text("community_fts MATCH :match").bindparams(match=self.match(scope))
        return select(column("rowid").label("id")).select_from(_fts).where(matching)

    def match(self, scope: Scope) -> str:
        """SQLite: the expression for the full-text index. Tokens stand behind their province; those of city and
        county narrow further; a scope without region matches nothing."""
        prefix = scope.prefix
        provinces = [prefix[:2]] if prefix else []
        if scope.kind == "everything":
            provinces = [region.code[:2] for region in current().provinces()]
        letter = {6: "c", 4: "y"}.get(len(prefix))
        area = [f"{letter}{prefix}"] if letter else []
        every = [" AND ".join(f'"{t}"' for t in (*area, *(code + token for token in self.tokens))) for code in provinces]
        return " OR ".join(f"({one})" for one in every) or '"-"'


# SQLite: how many there are up to a limit, from the index alone; PostgreSQL: the exact number and a page of ids
_HITS = text(
    "SELECT count(*) FROM (SELECT rowid FROM community_fts WHERE community_fts MATCH :match LIMIT :most)"
).execution_options(**_APPLIED)
_PAGE = text(
    "SELECT total, ids FROM community_found(CAST(:tokens AS text[]), CAST(:most AS integer), CAST(:first AS integer))"
).execution_options(**_APPLIED)


class CommunityListing(Listing):
    """标点上图 / 意向库."""

    key = "communities"
    lasting = True
    table = _community
    columns = COLUMNS
    filters = FILTERS
    always: tuple[str, ...] = ("id", "county_code", "name", "place_state", "place_year", "place_label")

    def state(self, args: Any, size: int = 20) -> State:
        state = super().state(args, size)
        if typed := args.get("q", "").replace("\x00", "").strip()[:60]:
            state.args["q"] = typed
            state.exact_rollup = False
        return state

    def search(self, state: State) -> Search | None:
        return Search(state.args["q"]) if state.args.get("q") else None

    def where(self, scope: Scope, state: State) -> list[ColumnElement[bool]]:
        clauses = super().where(scope, state)
        if search := self.search(state):
            if search.tokens and not self.recycle:
                clauses.append(self.table.c.id.in_(search.ids(scope)))
            if not search.exact or self.recycle:
                clauses.append(search.like())
        return clauses

    def _index_only(self, state: State) -> Search | None:
        """The search when the index alone can answer it: short words and no other condition or sorting."""
        search = self.search(state)
        plain = search and search.exact and not state.conditions and not state.sort and not self.recycle
        return search if plain else None

    def count(self, scope: Scope, state: State) -> tuple[int, bool]:
        if search := self._index_only(state):
            if on_postgresql():
                return self._hits(search, state)[0], False
            values = {"match": search.match(scope), "most": COUNT_CAP + 1}
            found = execute(_HITS, values).scalar_one()
            return (COUNT_CAP, True) if found > COUNT_CAP else (found, False)
        if state.exact_rollup and not self.recycle:
            return self.rolled(scope, state), False
        return super().count(scope, state)

    def _hits(self, search: Search, state: State) -> tuple[int, list[int]]:
        """PostgreSQL: number of hits and the ids of the page asked for, looked up once for both."""
        asked = {"tokens": search.tokens, "most": state.size, "first": (state.page - 1) * state.size}
        if state.hits is None or state.hits[0] != asked:
            total, ids = execute(_PAGE, asked).one()
            state.hits = asked, (int(total), ids)
        found: tuple[int, list[int]] = state.hits[1]
        return found

    def rolled(self, scope: Scope, state: State) -> int:
        """The exact number when every condition stands in the rollup too."""
        if not state.rolled:
            low, high = scope.bounds
            return int(execute(_rolled(), {"low": low, "high": high}).scalar_one())
        clauses = [flt.clause(_rollup.c, state.args) for flt in self.filters if flt.rollup]
        statement = select(func.coalesce(func.sum(_rollup.c.communities), 0)).where(
            scope_clause(scope, _rollup.c.county_code), *(c for c in clauses if c is not None)
        )
        return int(execute(statement, execution_options=_APPLIED).scalar_one())

    def rows(self, scope: Scope, state: State, columns: Sequence[Any], total: int) -> Sequence[Any]:
        if search := self._index_only(state):
            low, high = scope.bounds
            values: dict[str, Any] = {"low": low, "high": high}
            if on_postgresql():
                values["ids"] = self._hits(search, state)[1]
            else:
                first = (state.page - 1) * state.size
                values |= {"match": search.match(scope), "most": state.size, "first": first}
            return execute(self._found(columns), values).all()  # type: ignore[no-any-return]
        return super().rows(scope, state, columns, total)

    def _found(self, columns: Sequence[Any]) -> Any:
        """The select of a page of hits, built once for a choice of columns and database."""
        key = ("found", on_postgresql(), *(column.key for column in columns))
        if key not in self._built:
            c = self.table.c
            if on_postgresql():
                among = c.id == any_(bindparam("ids", type_=ARRAY(BigInteger)))
            else:
                hits = "SELECT rowid FROM community_fts WHERE community_fts MATCH :match ORDER BY rowid"
                among = c.id.in_(text(f"{hits} LIMIT :most OFFSET :first"))
            statement = select(*self.needed(columns)).where(among, _within(c.county_code)).order_by(c.id)
            self._built[key] = statement.execution_options(**_APPLIED)
        return self._built[key]

    def unnarrowed(self, state: State) -> bool:
        return not state.conditions and not state.args.get("q")

    def per_county(self, scope: Scope) -> list[tuple[str, int]]:
        return [] if self.recycle else [(row.code, row.communities) for row in counted()[1].counties]


class RecycleListing(CommunityListing):
    """Recycle bin of communities."""

    key = "communities-bin"
    recycle = True
    columns = BIN_COLUMNS
    always: tuple[str, ...] = ("id", "county_code", "name")


@cache
def _rolled() -> Any:
    total = func.coalesce(func.sum(_rollup.c.communities), 0)
    return select(total).where(_within(_rollup.c.county_code)).execution_options(**_APPLIED)


def _measures() -> list[Any]:
    return [
        func.coalesce(func.sum(_rollup.c.communities), 0).label("communities"),
        func.coalesce(func.sum(_rollup.c.households), 0).label("households"),
        func.coalesce(func.sum(_rollup.c.floor_area), 0).label("floor_area"),
    ]


class Counted(NamedTuple):
    """What stands in the rollup: rows by county (``code, communities, households, floor_area``) and by place, plan
    year and completeness (``code, year, complete, communities``), and by sub-district where the scope is a county."""

    counties: list[Any]
    states: list[Any]
    towns: list[Any]
    totals: tuple[int, int, Decimal]
    todo: int


def counted() -> tuple[object, Counted]:
    """The counts of the actor's scope, read anew only after a change there, and a mark that changes with them."""
    return unchanged(CommunityListing.key, _count)


def _count() -> Counted:
    scope = current_scope()
    low, high = scope.bounds
    rows = execute(_summary(), {"low": low, "high": high}).all()
    counties = sorted((row for row in rows if row.kind == "county"), key=attrgetter("code"))
    states = [row for row in rows if row.kind == "state"]
    totals = (
        sum(row.communities for row in counties),
        sum(row.households for row in counties),
        sum((row.floor_area for row in counties), start=Decimal(0)),
    )
    towns = towns_of(scope.prefix) if len(scope.prefix) == 6 else []
    return Counted(counties, states, towns, totals, sum(row.communities for row in states if not row.complete))


@cache
def _summary() -> Any:
    """Counts and sums of the scope in one statement, built once: building it takes longer than running it."""
    mine = _within(_rollup.c.county_code)
    regions = (
        select(literal("county").label("kind"), _rollup.c.county_code.label("code"), literal(0).label("year"),
               literal(0).label("complete"), *_measures())
        .where(mine).group_by(_rollup.c.county_code)
    )  # fmt: skip
    states = (
        select(literal("state"), _rollup.c.place_state, _rollup.c.place_year,
               cast(_rollup.c.is_complete, Integer), *_measures())
        .where(mine).group_by(_rollup.c.place_state, _rollup.c.place_year, _rollup.c.is_complete)
    )  # fmt: skip
    return union_all(regions, states).execution_options(**_APPLIED)


def _within(county_code: Any) -> ColumnElement[bool]:
    """The scope as parameters ``low`` and ``high``, for statements that are built once."""
    return and_(county_code >= bindparam("low"), county_code < bindparam("high"))


def towns_of(county_code: str) -> list[Any]:
    """(town_code or None, number) of a county, served by an index."""
    low, high = current_scope().bounds
    return list(execute(_towns(), {"low": low, "high": high, "county": county_code}).all())


@cache
def _towns() -> Any:
    code = _community.c.county_code
    mine = (_community.c.deleted_at.is_(None), code == bindparam("county"), _within(code))
    statement = select(_community.c.town_code, func.count()).where(*mine).group_by(_community.c.town_code)
    return statement.execution_options(**_APPLIED)


def free_ids(ids: Sequence[int]) -> list[int]:
    """Those of the ids that nothing holds."""
    found: list[int] = []
    for start in range(0, len(ids), 500):
        statement = select(_community.c.id).where(
            _community.c.id.in_(ids[start : start + 500]),
            _community.c.place_state == "free",
            scope_clause(current_scope(), _community.c.county_code),
        )
        found += execute(statement, execution_options=_APPLIED).scalars()
    return found
