"""Rules R01–R06 over whole columns of an import: the findings of `rules.check` without a row at a time.

Every distinct cell is read once; a pass over whole columns picks out the rows that a rule may object to, and
only for these the rule itself is asked. So 20,000 rows of 12 fields take about 0.1 s and cannot be judged
otherwise than the form does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.communities.fields import LEAST, LONGEST, READERS, WITHIN, plain_amounts
from app.communities.rules import (
    DEFAULTS,
    NOTHING_KNOWN,
    Candidate,
    Context,
    Thresholds,
    area_findings,
    built_year_findings,
    duplicate_findings,
    investment_bounds,
    investment_findings,
    length_findings,
    position_findings,
    unit_findings,
    within_findings,
)
from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.geo import haversine_m
from app.kernel.text import BadInput, normalise_column, normalised_names

_FIGURES = ("floor_area", "planned_investment")
_RULE_OF_FIELD = {"built_year": "R01"} | dict.fromkeys((*LEAST, *_FIGURES), "R02")
# binary floats pick out the rows to look at, a hair too many; the exact rule decides
_INNER, _OUTER = 1 - 1e-9, 1 + 1e-9
Findings = dict[int, list[Finding]]


class _Cells(dict[Any, Any]):
    """Cell → value; every distinct cell is read once. What cannot be read is None, and why in ``bad``."""

    def __init__(self, reader: Callable[[Any], Any]) -> None:
        super().__init__()
        self.reader = reader
        self.bad: dict[Any, Message] = {}

    def __missing__(self, raw: Any) -> Any:
        try:
            value = self.reader(raw)
        except BadInput as bad:
            self.bad[raw] = bad.message
            value = None
        self[raw] = value
        return value



@dataclass
class ColumnCheck:
    """What came of an import's columns: ``values`` by field and ``findings`` by row index (0 = first data
    row).

    ``values`` holds None for what is empty or cannot be read; ``names`` the normalised names (R05).
    """

    values: dict[str, list[Any]] = field(default_factory=dict)
    findings: Findings = field(default_factory=lambda: defaultdict(list))
    names: list[str] = field(default_factory=list)

    @property
    def bad_rows(self) -> set[int]:
        """Rows with at least one hard finding: they are not written."""
        return {row for row, found in self.findings.items() if "error" in [f.level for f in found]}

    @property
    def warned_rows(self) -> set[int]:
        """Rows with warnings but nothing hard: written when the person confirms them."""
        warned = {row for row, found in self.findings.items() if "warning" in [f.level for f in found]}
        return warned - self.bad_rows

    def row(self, index: int) -> dict[str, Any]:
        """The parsed values of one row."""
        return {name: column[index] for name, column in self.values.items()}


class _Table:
    """The columns as the rules below walk them; absent ones are all None. Decimals also as floats, -1 for
    none."""

    def __init__(self, values: dict[str, list[Any]], floats: dict[str, list[float]], size: int) -> None:
        self.size = size
        self.values = values
        self._empty: list[Any] = [None] * size
        self.area, self.investment = (floats.get(name, [-1.0] * size) for name in _FIGURES)
        self.counties = self._empty

    def __getitem__(self, name: str) -> list[Any]:
        return self.values.get(name, self._empty)

    def row(self, index: int) -> dict[str, Any]:
        return {name: column[index] for name, column in self.values.items()}


def check_columns(
    rows: Sequence[Sequence[Any]],
    fields: Sequence[str | None],
    thresholds: Thresholds = DEFAULTS,
    contexts: Mapping[str, Context] | Context = NOTHING_KNOWN,
    *,
    first_row: int = 2,
    outside_km: Sequence[float | None] | None = None,
    own_ids: Mapping[int, int] | None = None,
) -> ColumnCheck:
    """Read and check an import: ``rows`` of raw cells, ``fields`` naming their columns (None = not ours).

    ``contexts`` is one county's context, or one by county code for a file with a ``county_code`` column.
    ``first_row`` is the sheet's row number of ``rows[0]``, named where two rows of the file look alike;
    ``outside_km`` is the distance of each row's point to its county (`CountyIndex.distance_km`);
    ``own_ids`` names by row index the community that a row changes, so that it is not its own duplicate.
    Every row must be as long as ``fields`` (ValueError).
    """
    if rows and len(rows[0]) != len(fields):
        raise ValueError("rows and fields differ in length")
    cells: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(fields)
    columns = {name: column for name, column in zip(fields, cells, strict=True) if name is not None}
    return check_values(
        columns, thresholds, contexts, first_row=first_row, outside_km=outside_km, own_ids=own_ids
    )


def check_values(
    columns: Mapping[str, Sequence[Any]],
    thresholds: Thresholds = DEFAULTS,
    contexts: Mapping[str, Context] | Context = NOTHING_KNOWN,
    *,
    first_row: int = 2,
    outside_km: Sequence[float | None] | None = None,
    own_ids: Mapping[int, int] | None = None,
) -> ColumnCheck:
    """`check_columns` for cells that are there a column at a time, all of one length."""
    result = ColumnCheck()
    table = _read(result, columns)
    found = result.findings
    by_county: dict[Any, Context]
    if isinstance(contexts, Context):
        by_county = {None: contexts}
    else:
        table.counties = table["county_code"]
        by_county = {code: contexts.get(code, NOTHING_KNOWN) for code in set(table.counties)}
    _years(found, table, thresholds, by_county)
    _counts(found, table)
    _areas(found, table, thresholds)
    _investments(found, table, thresholds, by_county)
    for county, context in by_county.items():
        if context.candidates:
            known = context.candidates
            _known_duplicates(found, table, result.names, thresholds, county, known, own_ids or {})
    if outside_km is not None:
        _positions(found, table, outside_km, thresholds)
    _repeats(found, table, result.names, first_row)
    _near_rows(found, table, thresholds, first_row)
    result.findings = {row: listed for row, listed in found.items() if listed}
    return result


# --- reading ---------------------------------------------


def _read(result: ColumnCheck, columns: Mapping[str, Sequence[Any]]) -> _Table:
    floats: dict[str, list[float]] = {}
    for name, column in columns.items():
        reader = READERS.get(name)
        if reader is None:
            texts = result.values[name] = normalise_column(column)
            longest = LONGEST.get(name)
            if longest is not None and max(map(len, texts), default=0) > longest:
                for row, text in enumerate(texts):
                    result.findings[row] += length_findings(name, text, longest)
            continue
        cells = _Cells(reader)
        keys = _without_booleans(column)
        plain = plain_amounts(name, set(keys)) if name in _FIGURES else {}
        cells.update(plain)
        result.values[name] = list(map(cells.__getitem__, keys))
        if name in _FIGURES:
            as_float = dict(zip(plain, map(float, plain), strict=True))
            as_float |= {raw: -1.0 if cells[raw] is None else float(cells[raw]) for raw in cells.keys() - plain}
            floats[name] = list(map(as_float.__getitem__, keys))
        if cells.bad:
            rule = _RULE_OF_FIELD.get(name, "M1.4.1")
            for row in [i for i, cell in enumerate(keys) if cell in cells.bad]:
                result.findings[row].append(Finding(rule, "error", name, cells.bad[keys[row]]))
    if "name" in result.values:
        result.names = normalised_names(result.values["name"])
        nameless = Finding("M1.4.2", "error", "name", msg("The community's name must not be empty."))
        for row, text in enumerate(result.values["name"]):
            if not text:
                result.findings[row].append(nameless)
    return _Table(result.values, floats, len(next(iter(columns.values()), ())))


def _without_booleans(column: Sequence[Any]) -> Sequence[Any]:
    """TRUE is equal to 1 as a key and would be read as 1."""
    if bool not in set(map(type, column)):
        return column
    return [str(cell) if isinstance(cell, bool) else cell for cell in column]


# --- R01–R04 ---------------------------------------------


def _years(found: Findings, table: _Table, limits: Thresholds, by_county: Mapping[Any, Context]) -> None:
    first, normal = limits.built_year_first, limits.built_year_normal
    known: dict[tuple[int, Any], list[Finding]] = {}
    years, counties = table["built_year"], table.counties
    for row in [i for i, y in enumerate(years) if y is not None and (y > normal or y < first)]:
        key = years[row], counties[row]
        if key not in known:
            known[key] = built_year_findings(key[0], limits, by_county[key[1]].late_share)
        found[row] += known[key]


def _counts(found: Findings, table: _Table) -> None:
    for part, whole, text in WITHIN:
        pairs = zip(table[part], table[whole], strict=True)
        for row in [i for i, (p, w) in enumerate(pairs) if p is not None and w is not None and p > w]:
            found[row] += within_findings(part, table[part][row], table[whole][row], text)
    units, buildings = table["unit_count"], table["building_count"]
    pairs = zip(units, buildings, strict=True)
    for row in [i for i, (u, b) in enumerate(pairs) if u is not None and b is not None and u < b]:
        found[row] += unit_findings(units[row], buildings[row])


def _areas(found: Findings, table: _Table, limits: Thresholds) -> None:
    low = float(limits.area_per_household_least) / 10_000 * _OUTER
    high = float(limits.area_per_household_most) / 10_000 * _INNER
    households = table["household_count"]
    pairs = zip(table.area, households, strict=True)
    for row in [i for i, (a, h) in enumerate(pairs) if h and a >= 0 and not low * h <= a <= high * h]:
        found[row] += area_findings(table["floor_area"][row], households[row], limits)


def _investments(
    found: Findings, table: _Table, limits: Thresholds, by_county: Mapping[Any, Context]
) -> None:
    bounds: dict[Any, tuple[float, float]] = {}
    for county, context in by_county.items():
        if context.median_investment:
            low, high = investment_bounds(context.median_investment, limits)
            bounds[county] = float(low) * _OUTER, float(high) * _INNER
    if not bounds:
        return
    anything = (-1.0, float("inf"))
    limits_of = [bounds.get(county, anything) for county in table.counties]
    households = table["household_count"]
    cells = zip(table.investment, households, limits_of, strict=True)
    for row in [i for i, (v, h, b) in enumerate(cells) if h and v >= 0 and not b[0] * h <= v <= b[1] * h]:
        middle = by_county[table.counties[row]].median_investment
        found[row] += investment_findings(table["planned_investment"][row], households[row], middle, limits)


# --- R05, R06 --------------------------------------------


class _Grid:
    """Points in cells at least as wide as ``metres`` anywhere in China, so that neighbours are in 3 × 3
    cells."""

    def __init__(self, metres: float) -> None:
        self._lat, self._lng = max(metres, 1) / 110_000, max(metres, 1) / 64_000
        self._cells: dict[tuple[int, int], list[int]] = defaultdict(list)

    def add(self, lng: Any, lat: Any, item: int) -> None:
        self._cells[int(float(lng) // self._lng), int(float(lat) // self._lat)].append(item)

    def near(self, lng: Any, lat: Any) -> Iterator[int]:
        x, y = int(float(lng) // self._lng), int(float(lat) // self._lat)
        for cell in ((x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
            yield from self._cells.get(cell, ())


def _known_duplicates(
    found: Findings,
    table: _Table,
    names: list[str],
    limits: Thresholds,
    county: Any,
    known: Sequence[Candidate],
    own_ids: Mapping[int, int],
) -> None:
    """R05 against the county's communities: only those that share name, figures or place are compared."""
    by_name: dict[str, list[int]] = defaultdict(list)
    by_figures: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    grid = _Grid(limits.duplicate_metres)
    for index, other in enumerate(known):
        by_name[other.normalised].append(index)
        if other.floor_area is not None:
            by_figures[other.building_count, other.household_count, float(other.floor_area)].append(index)
        if other.lng is not None and other.lat is not None:
            grid.add(other.lng, other.lat, index)
    hits: dict[int, set[int]] = defaultdict(set)
    for row in [i for i, name in enumerate(names) if name in by_name and name]:
        hits[row].update(by_name[names[row]])
    figures = list(zip(table["building_count"], table["household_count"], table.area, strict=True))
    for row in [i for i, key in enumerate(figures) if key in by_figures]:
        hits[row].update(by_figures[figures[row]])
    for row, lng, lat in _points(table):
        hits[row].update(grid.near(lng, lat))
    for row, indexes in hits.items():
        if table.counties[row] == county and indexes:
            own = own_ids.get(row)
            likely = [known[index] for index in sorted(indexes) if own is None or known[index].id != own]
            if likely:
                found[row] += duplicate_findings(table.row(row), likely, limits)


def _points(table: _Table) -> Iterator[tuple[int, Any, Any]]:
    if "lng" in table.values and "lat" in table.values:
        for row, (lng, lat) in enumerate(zip(table["lng"], table["lat"], strict=True)):
            if lng is not None and lat is not None:
                yield row, lng, lat


def _repeats(found: Findings, table: _Table, names: list[str], first_row: int) -> None:
    """R05 within the file: a later row with the name, or else the figures, of an earlier one in the
    county."""
    same_name = N_("Same name as row %(row)s of this file: probably a duplicate.")
    same_figures = N_("Same buildings, households and area as row %(row)s: probably a duplicate.")
    keys: list[Any] = names
    if table.counties.count(None) != table.size:
        keys = [(county, name) if name else "" for county, name in zip(table.counties, names, strict=False)]
    told: set[int] = set()
    for row, earlier in _seen_before(keys):
        told.add(row)
        found[row].append(_repeat(same_name, earlier + first_row))
    cells = zip(table["building_count"], table["household_count"], table.area, table.counties, strict=True)
    for row, earlier in _seen_before([key if key[0] and key[1] and key[2] > 0 else "" for key in cells]):
        if row not in told:
            found[row].append(_repeat(same_figures, earlier + first_row))


def _seen_before(keys: list[Any]) -> list[tuple[int, int]]:
    first: dict[Any, int] = {}
    note = first.setdefault
    return [(i, earlier) for i, key in enumerate(keys) if key and (earlier := note(key, i)) != i]


def _repeat(text: str, sheet_row: int) -> Finding:
    return Finding("R05", "warning", "name", Message(text, {"row": sheet_row}))


def _near_rows(found: Findings, table: _Table, limits: Thresholds, first_row: int) -> None:
    """R05 within the file: the nearest earlier row whose point is too near."""
    grid = _Grid(limits.duplicate_metres)
    lngs, lats = table["lng"], table["lat"]
    text = N_("%(metres)s m from row %(row)s of this file: probably a duplicate.")
    for row, lng, lat in _points(table):
        near = [(haversine_m(lng, lat, lngs[other], lats[other]), other) for other in grid.near(lng, lat)]
        grid.add(lng, lat, row)
        if near and (nearest := min(near))[0] <= limits.duplicate_metres:
            shown = {"metres": round(nearest[0]), "row": nearest[1] + first_row}
            found[row].append(Finding("R05", "warning", "name", Message(text, shown)))


def _positions(
    found: Findings, table: _Table, outside_km: Sequence[float | None], limits: Thresholds
) -> None:
    for row, lng, lat in _points(table):
        found[row] += position_findings(lng, lat, outside_km[row], limits)
