"""The import of a year's plan tasks by province or city (M1.6.c): rows against rules, ledger and each other.

A row whose code exists, or else whose county, year and name do, changes that plan task; empty cells change
nothing. So an export, or the same file once more, is an import that changes nothing. The declaration's window
binds counties, not those who import.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.annual_plans import import_queries as queries
from app.annual_plans import import_writing, sheets
from app.annual_plans.rules import code_findings, date_findings, fund_findings
from app.annual_plans.services import read_plan
from app.communities.import_match import county_codes
from app.exchange.columns import SheetColumn
from app.exchange.imports import Target, register
from app.exchange.staging import BAD, CHANGED, DUPLICATE, NEW, UNCHANGED, Assessment, Chunk, RawRows
from app.extensions import _
from app.kernel import calendar
from app.kernel.actor import Actor
from app.kernel.errors import Finding, Message, RuleViolation, msg
from app.kernel.money import parse_money
from app.kernel.text import BadInput, as_finding, mask_phone, normalise_input
from app.regions.cache import current

_RULE = "M1.6.c"


def _error(key: str, message: Message) -> Finding:
    return Finding(_RULE, "error", key, message)


class _File:
    """One assessment under way: what every row says, which plan task it means, and what is wrong with it."""

    def __init__(self, session: Session, actor: Actor, raw: RawRows) -> None:
        self.raw, self.size, self.cells = raw, raw.size, raw.columns
        self.regions, get = current(), raw.columns.get
        self.codes, found = county_codes(self.regions, actor, get("city"), get("county"), self.size)
        self.plan_codes = [normalise_input(cell or "") for cell in get("code") or [None] * self.size]
        self.named = {code for code in self.plan_codes if code}
        self._places_by_code(session, found)
        self.findings: dict[int, list[Finding]] = defaultdict(list, found)
        self.typed = [self._typed(row) for row in range(self.size)]
        self.values = [self._read(row) for row in range(self.size)]
        self.counties = {code for code in self.codes if code}
        self.known = queries.known(session, self.counties, self.named)
        self.of: dict[int, int] = {}
        for row in range(self.size):
            if self.codes[row]:
                self._match(row)
        self.whole = queries.whole(session, self.of.values())
        self.again: set[int] = set()

    def _places_by_code(self, session: Session, found: dict[int, list[Finding]]) -> None:
        """A row without a county, as an export may leave it out, is where the plan task of its code is."""
        counties = self.cells.get("county") or [None] * self.size
        bare = [row for row in range(self.size) if not counties[row] and self.plan_codes[row]]
        known = queries.known(session, (), {self.plan_codes[row] for row in bare}).by_code if bare else {}
        for row in bare:
            if self.plan_codes[row] in known:
                self.codes[row] = known[self.plan_codes[row]].county_code
                found.pop(row, None)

    # ── cells ──
    def _typed(self, row: int) -> dict[str, str]:
        """The cells of a row that say anything; a year may end in 年."""
        typed = {
            key: str(self.cells[key][row])
            for key in sheets.STORED
            if key in self.cells and self.cells[key][row] not in (None, "")
        }
        if "year" in typed:
            typed["year"] = normalise_input(typed["year"]).removesuffix("年")
        return typed

    def _read(self, row: int) -> dict[str, Any]:
        """What the cells mean. A masked phone, as exports show it, is judged later beside the stored one."""
        typed = {
            key: cell for key, cell in self.typed[row].items() if "*" not in cell or key != "supervisor_phone"
        }
        try:
            return read_plan({"year": None, "name": "", **typed})
        except RuleViolation as refusal:
            self.findings[row] += [Finding(_RULE, f.level, f.field, f.message) for f in refusal.findings]
            return {}

    # ── which plan task ──
    def _match(self, row: int) -> None:
        code, values = self.plan_codes[row], self.values[row]
        found = self.known.by_code.get(code) if code else None
        if code and found is None and not self._sound_code(row, code):
            return
        if found is not None:
            self._by_code(row, found)
            return
        namesakes = self.known.by_name.get(
            (self.codes[row], values.get("year", 0), values.get("name", "")), ()
        )
        if code and namesakes:
            text_ = msg("This plan task exists with the code %(code)s.", code=namesakes[0].code)
            self.findings[row].append(_error("code", text_))
        elif len(namesakes) > 1:
            text_ = msg("The county has %(count)s plan tasks of this name and year: tell the code.",
                        count=len(namesakes))  # fmt: skip
            self.findings[row].append(_error("name", text_))
        elif namesakes:
            self.of[row] = namesakes[0].id

    def _sound_code(self, row: int, code: str) -> bool:
        wrong = code_findings(code)
        place = self.regions.find(code[:6])
        if not wrong and place is not None and place.code != self.codes[row]:
            wrong = [_error("code", msg("This code belongs to %(county)s.", county=place.name))]
        self.findings[row] += wrong
        return not wrong

    def _by_code(self, row: int, found: Any) -> None:
        if found.deleted_at is not None:
            text_ = msg("The plan task of this code lies in the recycle bin: restore it first.")
            self.findings[row].append(_error("code", text_))
        elif found.county_code != self.codes[row]:
            text_ = msg("This code is already used by another plan task.")
            self.findings[row].append(_error("code", text_))
        else:
            self.of[row] = found.id

    # ── rules ──
    def check(self) -> None:
        """Phones, dates and funds of each row beside what is stored; then the rows beside each other."""
        for row in range(self.size):
            record = self.whole.get(self.of.get(row, 0), {})
            self._check_phone(row, record)
            self._check_funds(row, {**record, **self.values[row]}, record)
            if record and self.values[row]:
                merged = {key: self.values[row].get(key) or record[key] for key in sheets.DATES}
                self.findings[row] += date_findings(merged)
            elif self.values[row]:
                self._check_year(row)
        self._check_repeats()
        self.findings = {row: found for row, found in self.findings.items() if found}

    def _check_phone(self, row: int, record: Mapping[str, Any]) -> None:
        typed = self.typed[row].get("supervisor_phone", "")
        if "*" not in typed:
            return
        if record and typed == mask_phone(record["supervisor_phone"]):
            del self.typed[row]["supervisor_phone"]
        else:
            text_ = msg("A masked number is not the one on file: type the whole number.")
            self.findings[row].append(_error("supervisor_phone", text_))

    def _check_funds(self, row: int, merged: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        cell = self.cells["funds_in_place"][row] if "funds_in_place" in self.cells else None
        if cell in (None, "") or not self.values[row]:
            return
        try:
            self.findings[row] += fund_findings(parse_money(str(cell)), merged)
        except BadInput as bad:
            self.findings[row].append(as_finding(bad, "funds_in_place", "R11"))

    def _check_year(self, row: int) -> None:
        this = calendar.today().year
        if not this - 1 <= self.values[row]["year"] <= this + 1:
            text_ = msg("%(year)s is far from the present year: check it.", year=self.values[row]["year"])
            self.findings[row].append(Finding(_RULE, "warning", "year", text_))

    def _check_repeats(self) -> None:
        """A plan task may stand in the file once; a row that repeats another word for word is passed over."""
        first: dict[tuple[Any, ...], int] = {}
        for row in range(self.size):
            if not self.codes[row] or not self.values[row]:
                continue
            keys: list[tuple[Any, ...]] = [("id", self.of[row])] if row in self.of else []
            if not keys:
                keys = [("name", self.codes[row], self.values[row]["year"], self.values[row]["name"])]
            if self.plan_codes[row]:
                keys.append(("code", self.plan_codes[row]))
            other = next((first[key] for key in keys if key in first), None)
            if other is None:
                first |= dict.fromkeys(keys, row)
            elif all(column[row] == column[other] for column in self.cells.values()):
                self.again.add(row)
            else:
                text_ = msg("Row %(row)s of the file means the same plan task.", row=self.raw.numbers[other])
                self.findings[row].append(_error("name", text_))

    # ── outcome ──
    def changes(self, row: int) -> dict[str, str]:
        """Present values, as text, of what the row would change; only these are written."""
        record, values = self.whole[self.of[row]], self.values[row]
        moved = {}
        for key in list(self.typed[row]):
            if values[key] == record[key]:
                del self.typed[row][key]
            else:
                moved[key] = _shown(key, record[key])
        return moved


def _shown(key: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return mask_phone(value) if key == "supervisor_phone" else str(value)


def assess(session: Session, actor: Actor, raw: RawRows) -> Assessment:
    """Hold every row against M1.6.c, R11, R17, the ledger and the rest of the file."""
    file = _File(session, actor, raw)
    file.check()
    outcomes, was = [NEW] * file.size, {}
    for row in range(file.size):
        errors = any(f.is_error for f in file.findings.get(row, ()))
        if row in file.again:
            outcomes[row] = DUPLICATE
        elif errors:
            outcomes[row] = BAD
        elif row in file.of:
            was[row] = file.changes(row)
            outcomes[row] = CHANGED if was[row] else UNCHANGED
    targets = {row: (plan, file.whole[plan]["version"]) for row, plan in file.of.items()}
    return Assessment(
        outcomes,
        {row: found for row, found in file.findings.items() if outcomes[row] not in (UNCHANGED, DUPLICATE)},
        targets,
        {row: moved for row, moved in was.items() if moved},
        {"county_code": file.codes, "code": file.plan_codes, "typed": file.typed},
        set(),
        queries.fingerprint(session, file.counties, file.named),
    )


class PlanImporter:
    """计划任务 as the import machinery knows them."""

    entity = "PlanTask"
    title = msg("Import plan tasks")
    template_name = msg("Import template of plan tasks")
    needed: tuple[str, ...] = ("year", "name")
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
                text("SELECT pg_advisory_xact_lock(hashtext('import of plan tasks'), :province)"),
                {"province": int(actor.region_code[:2])},
            )

    def surroundings(self, session: Session, earlier: str) -> str:
        return queries.fingerprint_now(session, earlier)

    def write(self, session: Session, target: Target, chunks: Iterable[Chunk]) -> tuple[int, int]:
        return import_writing.write(session, target, chunks)


IMPORTER = PlanImporter()
register(IMPORTER)
