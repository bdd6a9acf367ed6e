"""Which county, town and community a row of an import means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.communities.fields import READERS
from app.kernel.actor import Actor
from app.kernel.errors import Finding, Message, msg
from app.kernel.text import BadInput, normalise_input
from app.regions.snapshot import Snapshot

Found = dict[int, list[Finding]]


@dataclass
class Matches:
    """``of[i]``: id of the community that row i means; ``again``: rows that repeat an earlier one word for
    word; ``findings``: rows whose name does not say which one is meant."""

    of: dict[int, int] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)
    findings: Found = field(default_factory=lambda: defaultdict(list))


def _error(key: str, message: Message) -> Finding:
    return Finding("M1.4.2", "error", key, message)


class _Remembered(dict[Any, Any]):
    def __init__(self, look_up: Callable[[Any], Any]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, key: Any) -> Any:
        value = self[key] = self._look_up(key)
        return value


def county_codes(
    regions: Snapshot, actor: Actor, cities: Sequence[Any] | None, counties: Sequence[Any] | None, size: int
) -> tuple[list[str], Found]:
    """County code of every row, ``""`` with a finding where it is unknown or not the actor's."""
    own = actor.region_code if actor.region_level == "county" else ""

    def look_up(pair: tuple[Any, Any]) -> tuple[str, Finding | None]:
        city, county = map(normalise_input, pair)
        if not county:
            return (own, None) if own else ("", _error("county", msg("The county must not be empty.")))
        code = regions.county_named(city, county)
        if code is None:
            return "", _error("county", msg("There is no county %(name)s.", name=f"{city}{county}"))
        if not actor.scope.covers(code):
            mine = regions.name(actor.region_code)
            text = msg("%(county)s is not in %(mine)s: its rows cannot be imported here.",
                       county=regions.name(code), mine=mine)  # fmt: skip
            return "", _error("county", text)
        return code, None

    answers = _Remembered(look_up)
    pairs = zip(cities or [None] * size, counties or [None] * size, strict=True)
    codes, findings = [], {}
    for index, pair in enumerate(pairs):
        code, finding = answers[pair]
        codes.append(code)
        if finding:
            findings[index] = [finding]
    return codes, findings


def town_codes(
    regions: Snapshot, codes: Sequence[str], towns: Sequence[Any]
) -> tuple[list[str | None], Found]:
    """Town code of every row, None where none is told or, with a finding, where the county has no such
    town."""
    names = _Remembered(lambda code: {town.name: town.code for town in regions.towns(code)})

    def look_up(pair: tuple[str, Any]) -> tuple[str | None, Finding | None]:
        name = normalise_input(pair[1])
        if not name or not pair[0]:
            return None, None
        code = names[pair[0]].get(name)
        if code is None:
            ending = [known for known in names[pair[0]] if known.startswith(name)]
            code = names[pair[0]][ending[0]] if len(ending) == 1 and len(name) > 1 else None
        if code is None:
            county = regions.name(pair[0])
            return None, _error(
                "town", msg("%(county)s has no sub-district %(name)s.", county=county, name=name)
            )
        return code, None

    answers = _Remembered(look_up)
    result, findings = [], {}
    for index, pair in enumerate(zip(codes, towns, strict=True)):
        town, finding = answers[pair]
        result.append(town)
        if finding:
            findings[index] = [finding]
    return result, findings


def match_names(
    codes: Sequence[str], names: Sequence[str], known: Callable[[str, str], Sequence[int]],
    differs: Callable[[int, int], bool], same: Callable[[int, int], bool], numbers: Sequence[int],
) -> Matches:  # fmt: skip
    """Match rows with communities of the same county and name, each at most once.

    ``known(county, name)`` gives ids, ``differs(row, id)`` whether the row would change that community,
    ``same(row, other)`` whether two rows of the file say the same.
    """
    found = Matches()
    keys = list(zip(codes, names, strict=True))
    last = dict(zip(keys, range(len(keys)), strict=True))
    if len(last) == len(keys):  # most files name nothing twice
        for (code, name), index in last.items():
            ids = known(code, name) if code and name else ()
            if len(ids) == 1:
                found.of[index] = ids[0]
            elif ids:
                _match_group(found, [index], list(ids), differs, same, numbers)
        return found
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        if key[0] and key[1]:
            rows[key].append(index)
    for (code, name), indexes in rows.items():
        ids = list(known(code, name))
        if len(indexes) == 1 and len(ids) < 2:
            if ids:
                found.of[indexes[0]] = ids[0]
            continue
        _match_group(found, indexes, ids, differs, same, numbers)
    return found


def _match_group(
    found: Matches, rows: list[int], ids: list[int], differs: Callable[[int, int], bool],
    same: Callable[[int, int], bool], numbers: Sequence[int],
) -> None:  # fmt: skip
    """Several rows or several communities of one name: equal ones belong together, the rest must be one
    each."""
    free, rest = list(ids), []
    for row in rows:
        equal = next((i for i in free if not differs(row, i)), None)
        if equal is None:
            rest.append(row)
        else:
            free.remove(equal)
            found.of[row] = equal
    kept: list[int] = [row for row in rows if row in found.of]
    for row in rest:
        earlier = next((other for other in kept if same(row, other)), None)
        if earlier is not None:
            found.again.add(row)
        elif len(ids) > 1:
            text = msg("The county has %(count)s communities of this name: change them on their own pages.",
                       count=len(ids))  # fmt: skip
            found.findings[row].append(_error("name", text))
        elif kept:
            text = msg(
                "Row %(row)s has the same name with other values: keep one of them.", row=numbers[kept[0]]
            )
            found.findings[row].append(_error("name", text))
        else:
            kept.append(row)
            if free:
                found.of[row] = free.pop()


def parsed(key: str, cell: Any) -> tuple[bool, Any]:
    """(readable, value) of one cell, for the few rows that are compared before all are checked."""
    try:
        return True, READERS[key](cell) if key in READERS else normalise_input(cell)
    except BadInput:
        return False, None


def given(cells: Mapping[str, Sequence[Any]], row: int, key: str) -> bool:
    """Whether the file says anything in this cell."""
    return key in cells and cells[key][row] not in (None, "")
