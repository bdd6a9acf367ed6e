"""The import of a year's plan tasks by province or city (M1.6.c): checked row by row, written all or none.

A row means the living plan task of its code or, without one, of its county, year and name; empty cells
change nothing, so the same file once more is an import that changes nothing. Figures are never imported.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.annual_plans import services
from app.annual_plans.models import PlanTask
from app.annual_plans.queries import codes_in_use
from app.annual_plans.rules import PROGRAMMES, code_findings, date_findings
from app.areas.sums import execute
from app.communities.import_match import county_codes
from app.exchange.columns import Kind, SheetColumn
from app.exchange.imports import Target, register
from app.exchange.staging import BAD, CHANGED, DUPLICATE, NEW, UNCHANGED, Assessment, Chunk, RawRows
from app.extensions import _
from app.kernel.actor import Actor
from app.kernel.errors import Finding, Message, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.text import normalise_input
from app.regions.cache import current
from app.web.record_form import text_of

_plan = PlanTask.__table__
# key: (further headings, kind, example)
OFFICIAL: dict[str, tuple[tuple[str, ...], Kind, str]] = {
    "year": (("列入计划年度", "计划年度", "年度"), "int", "2027"),
    "city": (("市州", "州市"), "text", ""),
    "county": (("区县", "县市区"), "text", ""),
    "code": (("小(片)区编码", "编码"), "text", ""),
    "name": (("小(片)区名称", "小区名称", "计划任务名称"), "text", "幸福里片区"),
    "planned_start": (("计划开工日期", "计划开工时间"), "date", "2027-06-30"),
    "planned_finish": (("计划完工日期", "计划完工时间"), "date", "2028-12-31"),
    "central_budget": (("中央预算内资金支持", "是否是中央预算内资金支持项目"), "text", "否"),
    "provincial_pilot": (("省级试点", "是否纳入省级试点小区"), "text", "否"),
    "livelihood": (("民生实事", "是否纳入1000个民生实事项目"), "text", "是"),
    "special_bond": (("专项债", "是否是专项债支持项目"), "text", "否"),
    "funds_planned": (("计划总投资(万元)", "计划总投资"), "decimal", "216.00"),
}
STORED = tuple(key for key in OFFICIAL if key not in ("city", "county"))
TYPED = tuple(key for key in STORED if key != "code")
_REQUIRED = ("year", "county", "name")
_KEPT = ("id", "version", "county_code", *STORED)


def columns(actor: Actor) -> tuple[SheetColumn, ...]:
    """The columns with headings, drop-downs and notes in the actor's language and jurisdiction."""
    counties = current().in_scope(actor.scope)
    first = counties[0] if counties else None
    cities = tuple(dict.fromkeys(filter(None, (current().city_name(region.code) for region in counties))))
    lists = {"city": cities, "county": tuple(dict.fromkeys(region.name for region in counties))}
    lists |= dict.fromkeys(PROGRAMMES, (_("Yes"), _("No")))
    shown = {"city": current().city_name(first.code), "county": first.name} if first else {}
    notes = {
        "code": _("Leave it empty: the portal gives a code. Older tasks keep theirs."),
        "year": _("Four digits."),
        "planned_start": _("May stay empty: then the deadlines of the province count."),
    }
    special = {"city": _("City"), "county": _("County")}
    return tuple(
        SheetColumn(
            key, special.get(key) or str(_plan.c[key].info["label"]), aliases=aliases, kind=kind,
            required=key in _REQUIRED, choices=lists.get(key, ()), note=notes.get(key, ""),
            example=shown.get(key, example), unit=_("10k yuan") if key == "funds_planned" else "",
            width=30 if key == "name" else 20 if key == "code" else None,
            fill_merged=key in ("year", "city", "county"),
        )
        for key, (aliases, kind, example) in OFFICIAL.items()
    )  # fmt: skip


class _File:
    """One assessment under way: cells, counties, and the plan tasks they speak of."""

    def __init__(self, session: Session, actor: Actor, raw: RawRows) -> None:
        self.raw, self.size, self.cells = raw, raw.size, raw.columns
        self.codes, self.errors = county_codes(
            current(), actor, self.cells.get("city"), self.cells.get("county"), self.size
        )
        self.present = [key for key in TYPED if key in self.cells]
        self.counties = sorted(set(self.codes) - {""})
        self.known = _known(session, self.counties)
        self.by_code = {row["code"]: row for row in self.known}
        self.by_name = {(row["county_code"], row["year"], row["name"]): row for row in self.known}
        typed = sorted({self.code(i) for i in range(self.size)} - {"", *self.by_code})
        self.used = set()
        for start in range(0, len(typed), 500):
            self.used |= codes_in_use(session, typed[start : start + 500])

    def code(self, row: int) -> str:
        return normalise_input(self.cells["code"][row]) if "code" in self.cells else ""

    def typed(self, row: int) -> dict[str, Any]:
        """The cells of a row that say something."""
        return {key: self.cells[key][row] for key in self.present if self.cells[key][row] not in (None, "")}

    def fail(self, row: int, rule: str, field: str, message: Message) -> None:
        self.errors.setdefault(row, []).append(Finding(rule, "error", field, message))

    def read(self, row: int) -> dict[str, Any]:
        """Values of a row; what is wrong with it goes to the errors."""
        try:
            return services.read_plan({"name": "", "year": None, **self.typed(row)})
        except RuleViolation as refusal:
            self.errors.setdefault(row, []).extend(refusal.findings)
            return {}

    def record(self, row: int, values: dict[str, Any]) -> Any:
        """The plan task that a row means, or None; a code of somebody else is an error."""
        code = self.code(row)
        if not code:
            return self.by_name.get((self.codes[row], values.get("year"), values.get("name")))
        found = self.by_code.get(code)
        if wrong := code_findings(code):
            self.errors.setdefault(row, []).extend(wrong)
        elif code in self.used if found is None else found["county_code"] != self.codes[row]:
            self.fail(row, "M1.6.c", "code", msg("This code is already used by another plan task."))
        return found

    def twin(self, seen: dict[Any, int], row: int, values: dict[str, Any]) -> bool:
        """Whether an earlier row says the same; one that contradicts it is an error."""
        keys = [("name", self.codes[row], values.get("year"), values.get("name"))]
        keys += [("code", self.code(row))] if self.code(row) else []
        earlier = next((seen[key] for key in keys if key in seen), None)
        for key in keys:
            seen.setdefault(key, row)
        if earlier is None:
            return False
        if all(column[row] == column[earlier] for column in self.cells.values()):
            return True
        message = msg("Row %(row)s of the file means the same plan task.", row=self.raw.numbers[earlier])
        self.fail(row, "M1.6.c", "name", message)
        return False


def _known(session: Session, counties: Sequence[str]) -> list[Any]:
    """Living plan tasks of the counties, which are inside the actor's scope."""
    found: list[Any] = []
    for start in range(0, len(counties), 200):
        statement = select(*(_plan.c[key] for key in _KEPT)).where(
            _plan.c.county_code.in_(counties[start : start + 200]), _plan.c.deleted_at.is_(None)
        )
        found += execute(session, statement).mappings()
    return found


def _moved(file: _File, row: int, values: dict[str, Any], record: Any) -> dict[str, str]:
    """Present values, as text, of what a row would change; the order of both dates is held against it."""
    typed = file.typed(row)
    both = {key: values[key] if key in typed else record[key] for key in ("planned_start", "planned_finish")}
    file.errors.setdefault(row, []).extend(date_findings(both))
    if not file.errors[row]:
        del file.errors[row]
    return {key: text_of(key, record[key]) for key in typed if values[key] != record[key]}


def assess(session: Session, actor: Actor, raw: RawRows) -> Assessment:
    """Hold every row against the rules, the counties' plan tasks and the rest of the file."""
    file = _File(session, actor, raw)
    done = Assessment([NEW] * file.size, surroundings=_fingerprint(session, file.counties))
    seen: dict[Any, int] = {}
    for row in range(file.size):
        values = file.read(row)
        if row in file.errors:
            done.outcomes[row] = BAD
            continue
        record, again = file.record(row, values), file.twin(seen, row, values)
        if record is not None and row not in file.errors:
            done.targets[row] = (record["id"], record["version"])
            done.was[row] = _moved(file, row, values, record)
            done.outcomes[row] = CHANGED if done.was[row] else UNCHANGED
        done.outcomes[row] = BAD if row in file.errors else DUPLICATE if again else done.outcomes[row]
    done.was = {row: was for row, was in done.was.items() if done.outcomes[row] == CHANGED}
    done.findings = {row: found for row, found in file.errors.items() if done.outcomes[row] == BAD}
    done.values = {key: list(file.cells[key]) for key in file.present}
    done.values |= {"county_code": file.codes, "code": [file.code(row) for row in range(file.size)]}
    return done


def _fingerprint(session: Session, counties: Sequence[str]) -> str:
    """What the rows were compared with: number, versions and newest plan task of each county."""
    found: list[list[Any]] = []
    for start in range(0, len(counties), 200):
        statement = (
            select(_plan.c.county_code, func.count(), func.sum(_plan.c.version), func.max(_plan.c.id))
            .where(_plan.c.county_code.in_(counties[start : start + 200]), _plan.c.deleted_at.is_(None))
            .group_by(_plan.c.county_code)
        )
        found += ([code, number, int(versions), last] for code, number, versions, last in
                  execute(session, statement))  # fmt: skip
    return json.dumps({"counties": list(counties), "print": sorted(found)})


def write(session: Session, target: Target, chunks: Iterable[Chunk]) -> tuple[int, int]:
    """Create the new plan tasks and change the others through their service; returns (added, changed)."""
    added = changed = 0
    for chunk in chunks:
        for row, outcome in enumerate(chunk.outcomes):
            county = chunk.values["county_code"][row]
            if outcome not in (NEW, CHANGED):
                continue
            if not target.actor.scope.covers(county):
                raise OutOfScope("import")
            cells = {key: chunk.values[key][row] for key in TYPED if key in chunk.values}
            typed = {key: cell for key, cell in cells.items() if cell not in (None, "")}
            if outcome == NEW:
                code = chunk.values["code"][row]
                services.create_plan(session, county, typed, code=code, imported=True)
                added += 1
            else:
                number, version = chunk.targets[row]
                plan = services.get_plan(session, number)
                if plan.county_code != county:
                    raise StaleRow()
                services.update_plan(session, plan, typed, version, imported=True)
                changed += 1
    return added, changed


class PlanImporter:
    """计划任务 as the import machinery knows them."""

    entity = "PlanTask"
    title = msg("Import plan tasks")
    template_name = msg("Import template of plan tasks")
    needed: tuple[str, ...] = ("year", "county", "name")
    shown: tuple[str, ...] = ("year", "county", "name", "code", "planned_start", "planned_finish",
                              "funds_planned")  # fmt: skip
    label_key = "name"

    def columns(self, actor: Actor) -> tuple[SheetColumn, ...]:
        return columns(actor)

    def instructions(self, actor: Actor) -> Sequence[Message]:
        return (
            msg("One row per plan task. Nothing is written before you have checked the preview."),
            msg("A task of the same code, or of the same year, county and name, is updated; empty cells change nothing."),  # noqa: E501
            msg("Buildings, households and floor area are not imported: they follow from the linked communities."),  # noqa: E501
        )  # fmt: skip

    def assess(self, session: Session, actor: Actor, raw: RawRows) -> Assessment:
        return assess(session, actor, raw)

    def lock(self, session: Session, actor: Actor) -> None:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(
                text("SELECT pg_advisory_xact_lock(hashtext('import of plan tasks'), :province)"),
                {"province": int(actor.region_code[:2])},
            )

    def surroundings(self, session: Session, earlier: str) -> str:
        return _fingerprint(session, json.loads(earlier)["counties"])

    def write(self, session: Session, target: Target, chunks: Iterable[Chunk]) -> tuple[int, int]:
        return write(session, target, chunks)


IMPORTER = PlanImporter()
register(IMPORTER)
