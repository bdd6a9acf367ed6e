"""The list page, once for every list (M1.L): columns, filters, search, paging and counts as declarations.

A ``Listing`` reads plain rows of explicit columns (never entities), takes the scope as an argument, and costs a fixed
handful of statements whatever it shows. Every value from the URL is checked: what cannot be read is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote_plus

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    func,
    literal_column,
    select,
)

from app.kernel.scope import Scope
from app.persistence.context import current_actor, current_scope
from app.persistence.gate import SCOPE_APPLIED, scope_clause
from app.web.counts import unchanged
from app.web.quick import quick_rows

PAGE_SIZES = (20, 50, 100)
COUNT_CAP = 10_000
DEEP = 200
Label = Any
Args = Mapping[str, str]


@dataclass(frozen=True)
class Column:
    """One column of a list and of its export.

    ``show(row)`` gives the cell (text or Markup); ``value(row)`` what the workbook gets; ``needs`` the table columns.
    ``cells(rows)`` may give all cells of a page at once, as HTML: a call for every cell is what a long list costs.
    """

    key: str
    label: Label
    needs: tuple[str, ...]
    show: Callable[[Any], Any]
    value: Callable[[Any], Any]
    kind: str = "text"
    unit: Label = ""
    css: str = ""
    sort: str = ""
    default: bool = True
    default_above: tuple[str, ...] = ()
    screen: bool = True
    group: Label = ""
    width: int = 14
    decimals: int = 2
    cells: Callable[[Sequence[Any]], list[str]] | None = None


@dataclass(frozen=True)
class Filter:
    """One search field: reads its URL arguments and gives a condition, or None when it is empty or unreadable.

    ``counted_by`` names the columns of an index that holds the filtered one: counting follows its order, which leads
    both databases to that index and away from the rows.
    """

    key: str
    clause: Callable[[Any, Args], ColumnElement[bool] | None]
    label: Label = ""
    args: tuple[str, ...] = ()
    rollup: bool = False
    counted_by: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.args or (self.key,)


@dataclass
class State:
    """What the URL asked for, already checked."""

    args: dict[str, str]
    page: int = 1
    size: int = 20
    sort: str = ""
    descending: bool = False
    conditions: list[ColumnElement[bool]] = field(default_factory=list)
    rolled: dict[str, str] = field(default_factory=dict)
    exact_rollup: bool = True
    hits: Any = None
    """What a list's own search found for this page, kept between counting and reading."""

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list."""
        return any(key not in ("sort", "size") for key in self.args)

    @cached_property
    def kept(self) -> State:
        """Only what stays when another part of the list is chosen: sorting and page size."""
        return State({key: value for key, value in self.args.items() if key in ("sort", "size")})

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The arguments as part of a key."""
        return tuple(self.args.items())

    @cached_property
    def plain(self) -> dict[str, str]:
        """Only what narrows the list."""
        return {key: value for key, value in self.args.items() if key not in ("sort", "size", "page")}

    def any_of(self, *names: str) -> bool:
        return any(name in self.args for name in names)

    def url(self, path: str, **changes: Any) -> str:
        """The address of this list with some arguments changed (None removes one)."""
        merged: dict[str, Any] = {**self.args, **changes}
        query = "&".join([f"{k}={_quoted(str(v))}" for k, v in merged.items() if v not in (None, "", False)])
        return f"{path}?{query}" if query else path


def _quoted(text: str) -> str:
    """``quote_plus``, which takes its time, only for what needs it."""
    return text if text.isascii() and text.isalnum() else quote_plus(text)


@dataclass(frozen=True)
class Page:
    """One page of rows and how many there are; ``capped`` says that there are more than ``total``."""

    rows: Sequence[Any]
    total: int
    capped: bool
    number: int
    size: int

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def first_row(self) -> int:
        return (self.number - 1) * self.size


class Listing:
    """Declaration of one list. Subclasses set the attributes and may override ``total`` and ``jump``."""

    key: str
    table: Table
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    order: tuple[str, ...] = ("county_code", "id")
    always: tuple[str, ...] = ("id", "county_code")
    sizes: tuple[int, ...] = PAGE_SIZES
    recycle: bool = False
    lasting: bool = False
    """Whether the list shows audited records of counties, and a row's cells, lock and links follow from its values,
    the language, the permissions, the regions and the day alone: then what was counted and drawn may be kept."""

    def __init__(self, execute: Callable[..., Any]) -> None:
        self.execute = execute
        self.by_key = {column.key: column for column in self.columns}
        self._built: dict[tuple[Any, ...], Select[Any]] = {}
        self.sortable = {column.sort for column in self.columns if column.sort}

    # ── reading the URL ──
    def state(self, args: Args, size: int = 20) -> State:
        """Check every argument; unknown or unreadable ones are dropped, nothing ever raises."""
        state = State({})
        for flt in self.filters:
            clause = flt.clause(self.table.c, args)
            if clause is None:
                continue
            state.conditions.append(clause)
            for name in flt.names:
                if value := args.get(name, "").strip():
                    state.args[name] = value
                    if flt.rollup:
                        state.rolled[name] = value
            state.exact_rollup = state.exact_rollup and flt.rollup
        sort = args.get("sort", "")
        if sort.lstrip("-") in self.sortable:
            state.sort, state.descending = sort.lstrip("-"), sort.startswith("-")
            state.args["sort"] = sort
        asked = whole(args.get("size"))
        state.size = asked if asked in self.sizes else min(size, max(self.sizes))
        if asked in self.sizes:
            state.args["size"] = str(asked)
        state.page = min(max(whole(args.get("page")) or 1, 1), 1_000_000)
        return state

    def pick(self, keys: Iterable[str] | None) -> list[Column]:
        """The columns a person chose for the screen, in declared order; the default set when none fit.

        Whoever looks after several cities or counties sees whose a row is (``default_above``).
        """
        wanted = set(keys or ())
        chosen = [c for c in self.columns if c.screen and c.key in wanted]
        level = current_actor().region_level
        return chosen or [c for c in self.columns if c.screen and (c.default or level in c.default_above)]

    # ── the statements ──
    def where(self, scope: Scope, state: State) -> list[ColumnElement[bool]]:
        return [scope_clause(scope, self.table.c.county_code), *self._living, *state.conditions]

    @cached_property
    def _living(self) -> list[ColumnElement[bool]]:
        """Without the recycle bin, or it alone."""
        if "deleted_at" not in self.table.c:
            return []
        deleted = self.table.c.deleted_at
        return [deleted.is_not(None) if self.recycle else deleted.is_(None)]

    def ordering(self, state: State, reverse: bool = False) -> list[Any]:
        keys: list[tuple[str, bool]] = [(state.sort, state.descending)] if state.sort else []
        keys += [(key, False) for key in self.order if key != state.sort]
        return [
            self.table.c[key].desc() if descending != reverse else self.table.c[key].asc() for key, descending in keys
        ]

    def needed(self, columns: Iterable[Column]) -> list[Any]:
        names = dict.fromkeys((*self.always, *(name for column in columns for name in column.needs)))
        return [self.table.c[name] for name in names]

    def rows(self, scope: Scope, state: State, columns: Sequence[Column], total: int) -> Sequence[Any]:
        """One page; past the middle it is read from the end, and deep ones find the ids before any row is read."""
        offset, limit = (state.page - 1) * state.size, state.size
        plain = scope.kind != "plans" and self.unnarrowed(state)
        jump = self._jump(scope, state, offset) if plain else None
        reverse = jump is None and offset > total // 2 and total > 0
        if reverse:
            limit = min(state.size, max(0, total - offset))
            offset = max(0, total - offset - state.size)
        if plain:
            low, high = scope.bounds
            low, offset = jump or (low, offset)
            values = {"low": low, "high": high, "most": limit, "first": offset}
            statement = self._statement(state, columns, reverse, offset > DEEP)
            result = self.execute(statement, values).all()
        else:
            ids = select(self.table.c.id).where(*self.where(scope, state))
            ids = ids.order_by(*self.ordering(state, reverse)).limit(limit)
            statement = self._whole(ids.offset(offset) if offset else ids, state, columns, reverse, offset > DEEP)
            result = self.execute(statement.execution_options(**{SCOPE_APPLIED: True})).all()
        return result[::-1] if reverse else result

    def _whole(self, ids: Any, state: State, columns: Sequence[Column], reverse: bool, deep: bool) -> Select[Any]:
        """The rows of these ids: of a deep page found first, so that no row is read only to be skipped."""
        if not deep:
            return ids.with_only_columns(*self.needed(columns))  # type: ignore[no-any-return]
        statement = select(*self.needed(columns)).where(self.table.c.id.in_(ids))
        return statement.order_by(*self.ordering(state, reverse))

    def unnarrowed(self, state: State) -> bool:
        """Whether scope and recycle bin are the only conditions: such a page's statement is built once and kept."""
        return False

    def _statement(self, state: State, columns: Sequence[Column], reverse: bool, deep: bool) -> Select[Any]:
        """The select of an unnarrowed page with the parameters ``low``, ``high``, ``most`` and ``first``."""
        level = current_actor().region_level  # a list may have another order for a county
        key = (level, state.sort, state.descending, reverse, deep, *(column.key for column in columns))
        if key not in self._built:
            if len(self._built) > 500:
                self._built.clear()
            code = self.table.c.county_code
            live = self.where(Scope.everything(), State({}))
            mine = (*live, code >= bindparam("low"), code < bindparam("high"))
            ids = select(self.table.c.id).where(*mine).order_by(*self.ordering(state, reverse))
            ids = ids.limit(bindparam("most", type_=Integer)).offset(bindparam("first", type_=Integer))
            statement = self._whole(ids, state, columns, reverse, deep)
            self._built[key] = statement.execution_options(**{SCOPE_APPLIED: True})
        return self._built[key]

    def per_county(self, scope: Scope) -> Iterable[tuple[str, int]]:
        """How many rows each county of the scope has, by code: lets deep pages begin in the right one. Override."""
        return ()

    def _jump(self, scope: Scope, state: State, offset: int) -> tuple[str, int] | None:
        """The county in which a deep offset falls, and the offset that is left there."""
        if offset < 2 * DEEP or state.sort or self.order[0] != "county_code" or len(scope.prefix) == 6:
            return None
        for code, number in self.per_county(scope):
            if offset < number:
                return code, offset
            offset -= number
        return None

    def count(self, scope: Scope, state: State) -> tuple[int, bool]:
        """How many match: (number, whether it stopped at the cap)."""
        inner: Select[Any] = select(literal_column("1")).select_from(self.table).where(*self.where(scope, state))
        for flt in self.filters:
            if flt.counted_by and state.any_of(*flt.names):
                inner = inner.order_by(*(self.table.c[name] for name in flt.counted_by))
                break
        found = self.execute(
            select(func.count()).select_from(inner.limit(COUNT_CAP + 1).subquery()),
            execution_options={SCOPE_APPLIED: True},
        ).scalar_one()
        return (COUNT_CAP, True) if found > COUNT_CAP else (found, False)

    def _counted_before(self, scope: Scope, state: State) -> tuple[int, bool]:
        """The count, which for records of a jurisdiction holds until one of them changes."""
        if not self.lasting:
            return self.count(scope, state)
        return unchanged((self.key, *state.plain.items()), lambda: self.count(scope, state))[1]

    def exact_count(self, scope: Scope, state: State) -> int:
        """The exact number, whatever it costs (asked for after the page is on screen)."""
        statement = select(func.count()).select_from(self.table).where(*self.where(scope, state))
        return int(self.execute(statement, execution_options={SCOPE_APPLIED: True}).scalar_one())

    def page(self, state: State, columns: Sequence[Column], total: int | None = None) -> Page:
        """The rows of the page asked for; a page past the end becomes the last one."""
        scope = current_scope()
        number, capped = (total, False) if total is not None else self._counted_before(scope, state)
        last = max(1, -(-number // state.size))
        if state.page > last and not capped:
            state.page = last
        rows = self.rows(scope, state, columns, 0 if capped else number)
        return Page(list(quick_rows(rows)), number, capped, state.page, state.size)

    def export(self, state: State, columns: Sequence[Column], ids: Sequence[int] | None = None) -> Iterable[Any]:
        """Every matching row (or the ticked ones), streamed in list order."""
        where = self.where(current_scope(), state)
        if ids is not None:
            where = [*where, self.table.c.id.in_(ids)]
        statement = select(*self.needed(columns)).where(*where).order_by(*self.ordering(state))
        options = {SCOPE_APPLIED: True, "yield_per": 2000}
        return quick_rows(self.execute(statement.execution_options(**options)))


def whole(value: str | None, limit: int = 2**31 - 1) -> int | None:
    """A whole number from a URL argument, or None."""
    if not value or not value.strip().isascii():
        return None
    text = value.strip()
    if not text.isdigit() or len(text) > 10:
        return None
    number = int(text)
    return number if number <= limit else None


def range_filter(key: str, column: str, label: Label = "", counted_by: tuple[str, ...] = ()) -> Filter:
    """``<key>_from`` and ``<key>_to``, both whole numbers and both optional."""
    first, last = f"{key}_from", f"{key}_to"

    def clause(columns: Any, args: Args) -> ColumnElement[bool] | None:
        parts = []
        if (low := whole(args.get(first))) is not None:
            parts.append(columns[column] >= low)
        if (high := whole(args.get(last))) is not None:
            parts.append(columns[column] <= high)
        return and_(*parts) if parts else None

    return Filter(key, clause, label, (first, last), counted_by=counted_by)


def choice_filter(key: str, column: str, values: Iterable[str], label: Label = "", rollup: bool = False) -> Filter:
    """One of a fixed set of values."""
    allowed = frozenset(values)

    def clause(columns: Any, args: Args) -> ColumnElement[bool] | None:
        value = args.get(key, "")
        return columns[column] == value if value in allowed else None

    return Filter(key, clause, label, rollup=rollup)


def region_clause(columns: Any, args: Args) -> ColumnElement[bool] | None:
    """``region``: rows of a county (6 digits) or of a city or province (4 digits, or 6 ending in 00)."""
    code = args.get("region", "")
    if not (code.isascii() and code.isdigit() and len(code) in (4, 6)):
        return None
    code = code.rstrip("0") if len(code) == 6 and code.endswith("00") else code
    if len(code) == 6:
        return columns.county_code == code
    return columns.county_code.between(code.ljust(6, "0"), code.ljust(6, "9"))
