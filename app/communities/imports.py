"""The import of 小区: rows against the rules, the county and each other, then all of them at once (M1.4.2).

A row of the same county and name as a living community changes that one; empty cells change nothing. So the
workbook of an export, or the same file once more, is an import that changes nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.communities import import_match as match
from app.communities import import_queries as queries
from app.communities import import_writing, sheets
from app.communities.assessment import stored_warnings, thresholds
from app.communities.column_rules import ColumnCheck, check_values
from app.communities.fields import PLACE_KINDS, PROPERTY_KINDS, REQUIRED
from app.communities.import_match import Found, given
from app.communities.import_queries import County
from app.communities.models import Community
from app.communities.rules import Thresholds
from app.exchange.columns import SheetColumn
from app.exchange.imports import Target, register
from app.exchange.staging import BAD, CHANGED, DUPLICATE, NEW, UNCHANGED, Assessment, Chunk, RawRows
from app.extensions import _
from app.kernel.actor import Actor
from app.kernel.errors import Finding, Message, msg
from app.kernel.text import mask_phone, normalise_column, normalise_input
from app.regions.cache import current
from app.regions.geometry import county_index

_community = Community.__table__
_CHOICES: dict[str, Mapping[str, str]] = {"place_kind": PLACE_KINDS, "property_kind": PROPERTY_KINDS}
_PHONES = ("supervisor_phone", "implementer_phone")
_DECIMALS = ("lng", "lat", "floor_area", "planned_investment")
_TEXTS = frozenset(key for key in sheets.STORED if not _community.c[key].nullable)


class _File:
    """One assessment under way: the cells, what they mean, and the communities they speak of."""

    def __init__(self, session: Session, actor: Actor, raw: RawRows) -> None:
        self.raw, self.size = raw, raw.size
        self.cells = raw.columns
        regions, get = current(), self.cells.get
        self.codes, self.errors = match.county_codes(regions, actor, get("city"), get("county"), self.size)
        self.names = normalise_column(self.cells["name"])
        self.towns: list[str | None] = [None] * self.size
        if "town" in self.cells:
            self.towns, found = match.town_codes(regions, self.codes, self.cells["town"])
            self.add(found)
        self.known: dict[str, County] = queries.counties(session, set(self.codes) - {""})
        self.present = [key for key in raw.columns if key in sheets.STORED]
        wanted = set(zip(self.codes, self.names, strict=True))
        ids = [i for code, name in wanted if code for i in self.known[code].names.get(name, ())]
        self.whole = queries.whole(session, ids)
        self.matches = match.match_names(
            self.codes, self.names, lambda code, name: self.known[code].names.get(name, ()),
            self._differs, self._same, raw.numbers,
        )  # fmt: skip
        self.add(self.matches.findings)
        self.own = {row: self.whole[number] for row, number in self.matches.of.items()}
        self.limits: Thresholds = thresholds(actor.region_code)

    def add(self, found: Found) -> None:
        for row, findings in found.items():
            self.errors.setdefault(row, []).extend(findings)

    def _differs(self, row: int, community_id: int) -> bool:
        record = self.whole[community_id]
        if self.towns[row] and self.towns[row] != record["town_code"]:
            return True
        for key in self.present:
            if given(self.cells, row, key):
                cell = self.cells[key][row]
                if key in _PHONES and cell == mask_phone(record[key]):
                    continue
                readable, value = match.parsed(key, _choice_code(key, cell))
                if not readable or value != record[key]:
                    return True
        return False

    def _same(self, row: int, other: int) -> bool:
        return all(column[row] == column[other] for column in self.cells.values())

    # --- rules ---

    def check(self) -> ColumnCheck:
        """Findings and values of every row; a row that changes a community is judged as that one will be."""
        keys = list(sheets.STORED) if self.own else self.present
        columns: dict[str, list[Any]] = {key: self._merged(key) for key in keys}
        columns["county_code"] = list(self.codes)
        result = check_values(
            columns, self.limits,
            {code: county.context(self.limits) for code, county in self.known.items()},
            first_row=0, outside_km=self._outside(columns), own_ids=self.matches.of,
        )  # fmt: skip
        self._lone_coordinates(result)
        return result

    def _merged(self, key: str) -> list[Any]:
        """The column as the table would hold it: cells of the file, else what is stored."""
        column = list(self.cells[key]) if key in self.cells else [None] * self.size
        if key in _CHOICES:
            column = [_choice_code(key, cell) for cell in column]
        for row, record in self.own.items():
            if column[row] in (None, "") or (key in _PHONES and column[row] == mask_phone(record[key])):
                column[row] = record[key]
        return column

    def _outside(self, columns: Mapping[str, list[Any]]) -> list[float | None] | None:
        if "lng" not in columns or "lat" not in columns:
            return None
        distances: list[float | None] = [None] * self.size
        by_county: dict[str, list[int]] = defaultdict(list)
        points: dict[int, tuple[Any, Any]] = {}
        for row, cells in enumerate(zip(columns["lng"], columns["lat"], strict=True)):
            if cells[0] is not None and cells[1] is not None and self.codes[row]:
                readable = [match.parsed(key, cell) for key, cell in zip(("lng", "lat"), cells, strict=True)]
                if all(ok and value is not None for ok, value in readable):
                    points[row] = readable[0][1], readable[1][1]
                    by_county[self.codes[row]].append(row)
        for code, rows in by_county.items():
            far = county_index().distances_km(code, [points[row] for row in rows])
            for row, distance in zip(rows, far, strict=True):
                distances[row] = distance
        return distances

    def _lone_coordinates(self, result: ColumnCheck) -> None:
        nothing = [None] * self.size
        lngs, lats = result.values.get("lng", nothing), result.values.get("lat", nothing)
        for row, (lng, lat) in enumerate(zip(lngs, lats, strict=True)):
            if (lng is None) != (lat is None) and row not in result.bad_rows:
                field = "lng" if "lng" in self.cells else "lat"
                text_ = msg("Longitude and latitude belong together.")
                self.errors.setdefault(row, []).append(Finding("M1.4.1g", "error", field, text_))

    # --- outcome ---

    def changes(self, values: Mapping[str, list[Any]]) -> dict[int, dict[str, str]]:
        """By row: the present values, as text, of what it would change. Texts that agree but for spaces and
        line ends keep the form in which they are stored."""
        found: dict[int, dict[str, str]] = defaultdict(dict)
        for key in self.present:
            cells, column = self.cells[key], values[key]
            for row, record in self.own.items():
                if cells[row] not in (None, "") and _moved(key, column[row], record[key]):
                    found[row][key] = _shown(key, record[key])
                elif key in _TEXTS:
                    column[row] = record[key]
        for row, record in self.own.items():
            if self.towns[row] and self.towns[row] != record["town_code"]:
                town = current().town(record["town_code"])
                found[row]["town"] = town.name if town else ""
        return found


def _choice_code(key: str, cell: Any) -> Any:
    """The code of a choice given in the reader's language; anything else is left to the rules."""
    if key in _CHOICES and isinstance(cell, str):
        return next((code for code, label in _CHOICES[key].items() if cell in (_(label), label)), cell)
    return cell


def _moved(key: str, value: Any, stored: Any) -> bool:
    """Whether a cell that was filled in says something else than is stored; unreadable ones do."""
    if value is None or value == "":
        return True
    return bool(value != (normalise_input(stored) if key in _TEXTS else stored))


def _shown(key: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if key in _CHOICES:
        return _(_CHOICES[key][value])
    return mask_phone(value) if key in _PHONES else f"{value}"


def _missing(values: Mapping[str, list[Any]], size: int) -> list[str]:
    """The column ``missing``: required fields that are empty, row by row, each pattern joined once."""
    lacking: dict[str, list[bool]] = {}
    for key in REQUIRED:
        column = values.get(key)
        if column is None:
            lacking[key] = []
        elif None in column or "" in column:
            lacking[key] = [cell is None or cell == "" for cell in column]
    varying = [column for column in lacking.values() if column]
    if not varying:
        return [",".join(lacking)] * size
    known = _Patterns(lacking)
    return list(map(known.__getitem__, zip(*varying, strict=True)))


class _Patterns(dict[tuple[bool, ...], str]):
    """Which of the varying columns are empty in a row → the fields that it lacks."""

    def __init__(self, lacking: Mapping[str, list[bool]]) -> None:
        super().__init__()
        self._lacking = lacking

    def __missing__(self, pattern: tuple[bool, ...]) -> str:
        empty = iter(pattern)
        text_ = self[pattern] = ",".join(
            key for key, column in self._lacking.items() if not column or next(empty)
        )
        return text_


def _renumbered(finding: Finding, numbers: Sequence[int]) -> Finding:
    """Rules count rows from 0; people count them as the file does."""
    if "row" not in finding.message.values:
        return finding
    shown = {**finding.message.values, "row": numbers[finding.message.values["row"]]}
    return Finding(finding.rule, finding.level, finding.field, Message(finding.message.msgid, shown))


def assess(session: Session, actor: Actor, raw: RawRows) -> Assessment:
    """Hold every row against R01–R06, the counties' communities and the rest of the file."""
    file = _File(session, actor, raw)
    checked = file.check()
    values, changes = checked.values, file.changes(checked.values)
    findings: dict[int, list[Finding]] = {
        row: [_renumbered(f, raw.numbers) for f in found] for row, found in checked.findings.items()
    }
    bad = checked.bad_rows | set(file.errors)
    for row, found in file.errors.items():
        findings[row] = [*found, *findings.get(row, ())]
    outcomes = [NEW] * file.size
    for row in file.own:
        outcomes[row] = CHANGED if row in changes else UNCHANGED
    for row in bad:
        if row in file.errors or outcomes[row] != UNCHANGED:
            outcomes[row] = BAD
    for row in file.matches.again:
        outcomes[row] = DUPLICATE
    for row in [row for row in findings if outcomes[row] in (UNCHANGED, DUPLICATE)]:
        del findings[row]
    missing = _missing(values, file.size)
    stored = {key: _json_column(key, values[key]) for key in file.present}
    stored |= {"county_code": file.codes, "normalised_name": checked.names, "missing": missing}
    warnings = {row: stored_warnings(found) for row, found in findings.items() if row not in bad}
    stored["confirmed_warnings"] = [warnings.get(row, "") for row in range(file.size)]
    if "town" in file.cells:
        own = file.own
        stored["town_code"] = [
            t or (own[i]["town_code"] if i in own else None) for i, t in enumerate(file.towns)
        ]
    return Assessment(
        outcomes, findings, {row: (record["id"], record["version"]) for row, record in file.own.items()},
        {row: was for row, was in changes.items() if outcomes[row] in (CHANGED, BAD)}, stored,
        {row for row, lacking in enumerate(missing) if lacking}, queries.fingerprint(file.known),
    )  # fmt: skip


def _json_column(key: str, column: list[Any]) -> list[Any]:
    if key in _DECIMALS:
        return [None if value is None else str(value) for value in column]
    return ["" if value is None else value for value in column] if key in _TEXTS else column


class CommunityImporter:
    """意向小区 as the import machinery knows them."""

    entity = "Community"
    title = msg("Import communities")
    template_name = msg("Import template of communities")
    needed: tuple[str, ...] = ("name",)
    shown: tuple[str, ...] = sheets.SHOWN
    label_key = "name"

    def columns(self, actor: Actor) -> tuple[SheetColumn, ...]:
        return sheets.columns(actor)

    def instructions(self, actor: Actor) -> Sequence[Message]:
        return sheets.instructions(actor)

    def assess(self, session: Session, actor: Actor, raw: RawRows) -> Assessment:
        return assess(session, actor, raw)

    def lock(self, session: Session, actor: Actor) -> None:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(
                text("SELECT pg_advisory_xact_lock(hashtext('import of communities'), :province)"),
                {"province": int(actor.region_code[:2])},
            )

    def surroundings(self, session: Session, earlier: str) -> str:
        return queries.fingerprint_now(session, json.loads(earlier))

    def write(self, session: Session, target: Target, chunks: Iterable[Chunk]) -> tuple[int, int]:
        return import_writing.write(session, target, chunks)


IMPORTER = CommunityImporter()
register(IMPORTER)
