"""区县巡查, 市州抽查, 省级抽查: choices, states (FLOW), what a conclusion needs (M1.6.7.3); pure Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.annual_plans.rules import READERS as PLAN_READERS
from app.kernel.actor import Actor
from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.flow import Flow, Transition
from app.kernel.text import BadInput, as_finding, normalise_input, parse_phone

LEVELS: dict[str, str] = {
    "county": N_("County inspection"),
    "city": N_("City spot-check"),
    "province": N_("Province spot-check"),
}
FLAGS: dict[str, str] = {
    "county": "county_inspected",
    "city": "city_inspected",
    "province": "province_inspected",
}
"""Level → the column of the plan task that says that such an inspection was concluded."""
CONCLUSIONS: dict[str, str] = {
    "consistent": N_("Consistent with the declaration"),
    "mostly": N_("Mostly consistent"),
    "inconsistent": N_("Not consistent"),
}
CONCLUSION_LIGHTS = {"consistent": "ok", "mostly": "warn", "inconsistent": "bad", "": "idle"}
FINDINGS: dict[str, str] = {"ok": N_("No problem"), "problem": N_("Problem (finding)")}
LIGHTS: dict[str, str] = {"draft": "wait", "concluded": "ok", "void": "idle"}
SHEET = "inspection_sheet"
PHOTO = "photo"
MOST_PROBLEM = 1000

# --- reading ---------------------------------------------

_read_date: Callable[[Any], Any] = PLAN_READERS["planned_start"]


def _short(most: int) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        text = normalise_input(raw, multiline=most > 100)
        if len(text) > most:
            raise BadInput(msg("At most %(most)s characters.", most=most))
        return text

    return read


def _choice(known: Collection[str]) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        text = normalise_input(raw)
        if text and text not in known:
            raise BadInput(msg("Not one of the choices."))
        return text

    return read


def _tick(raw: Any) -> bool:
    return raw is True or normalise_input(raw) in ("1", "true", "on")


READERS: dict[str, Callable[[Any], Any]] = {
    "inspected_on": _read_date,
    "inspectors": _short(80),
    "inspector_phone": parse_phone,
    "conclusion": _choice(CONCLUSIONS),
    "note": _short(1000),
}
ITEM_READERS: dict[str, Callable[[Any], Any]] = {
    "finding": _choice(FINDINGS),
    "problem": _short(MOST_PROBLEM),
    "hand_over": _tick,
    "deadline": _read_date,
}
"""How typed text becomes the value of a field; raises `BadInput`."""


def read_item(item_id: int, typed: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """Values of what was typed for a content; findings stand at ``<field>_<id>``."""
    values: dict[str, Any] = {}
    found: list[Finding] = []
    for name, reader in ITEM_READERS.items():
        if name in typed:
            try:
                values[name] = reader(typed[name])
            except BadInput as bad:
                found.append(as_finding(bad, f"{name}_{item_id}", "M1.6.7.3"))
    return values, found


def level_of(actor: Actor) -> str:
    """The kind of inspection an actor carries out, or '' (the system, administrators)."""
    return actor.region_level if actor.region_level in LEVELS else ""


def visible_to(actor: Actor, level: str, state: str) -> bool:
    """Who is inspected does not read along while the sheet of another level is still being written."""
    return actor.is_system or state != "draft" or level == level_of(actor)


# --- what a conclusion needs -----------------------------


def head_findings(values: Mapping[str, Any], today: dt.date, sheets: int) -> list[Finding]:
    """Date, inspectors with phone, signed check sheet and conclusion (M1.6.7.3)."""
    found = [
        Finding("M1.6.7.3", "error", name, msg("Required."))
        for name in ("inspected_on", "inspectors", "inspector_phone", "conclusion")
        if not values.get(name)
    ]
    if values.get("inspected_on") and values["inspected_on"] > today:
        found.append(Finding("M1.6.7.3", "error", "inspected_on", msg("Must not be in the future.")))
    if sheets < 1:
        text = N_("The check sheet signed by the inspectors is still missing.")
        found.append(Finding("M1.6.7.3", "error", SHEET, msg(text)))
    return found


def unchecked(items: Iterable[Mapping[str, Any]]) -> int:
    """Contents about which nothing was said yet."""
    return sum(1 for item in items if not item["finding"])


def item_findings(
    items: Sequence[Mapping[str, Any]], photos: Mapping[int, int], inspected_on: dt.date | None
) -> list[Finding]:
    """Every content looked at; a problem in words, with a photo, and not to be rectified before it was found.

    ``items`` have ``id``, ``content``, ``finding``, ``problem``, ``hand_over``, ``deadline``; ``photos``:
    content → number.
    """
    found: list[Finding] = []

    def error(item: Mapping[str, Any], field: str, text: str) -> None:
        said = msg(text, content=item["content"])
        found.append(Finding("M1.6.7.3", "error", f"{field}_{item['id']}", said))

    if left := unchecked(items):
        text = N_("%(n)s contents have not been checked yet.")
        found.append(Finding("M1.6.7.3", "error", "items", msg(text, n=left)))
    for item in items:
        if item["finding"] != "problem":
            continue
        if not item["problem"]:
            error(item, "problem", N_("“%(content)s”: say what the problem is."))
        if not photos.get(item["id"]):
            error(item, "item", N_("“%(content)s”: a photo of the problem is missing."))
        if item["deadline"] and inspected_on and item["deadline"] < inspected_on:
            error(item, "deadline", N_("“%(content)s”: the deadline lies before the inspection."))
    return found


# --- states ----------------------------------------------


@dataclass(frozen=True)
class Subject:
    """What the flow's predicates look at."""

    level: str = ""
    findings: tuple[Finding, ...] = ()
    reason: str = ""


def _own_level(actor: Actor, subject: Subject) -> Iterable[Finding]:
    if not actor.is_system and level_of(actor) != subject.level:
        text = N_("“%(kind)s” belongs to another level.")
        said = msg(text, kind=Message(LEVELS[subject.level]))
        yield Finding("M1.6.7.3", "error", None, said)


def _complete(actor: Actor, subject: Subject) -> Iterable[Finding]:
    yield from _own_level(actor, subject)
    yield from subject.findings


def _with_reason(actor: Actor, subject: Subject) -> Iterable[Finding]:
    yield from _own_level(actor, subject)
    if not subject.reason.strip():
        yield Finding("M1.6.7.3", "error", "reason", msg("Say why."))


_EDIT = ("can_edit", "Inspection")
FLOW = Flow(
    states={
        "draft": N_("Inspection being written"),
        "concluded": N_("Concluded"),
        "void": N_("Annulled"),
    },
    transitions=(
        Transition(("draft",), "conclude", "concluded", _EDIT, "complete", N_("Conclude")),
        Transition(("draft",), "discard", "void", _EDIT, "own_level", N_("Discard")),
        Transition(("concluded",), "annul", "void", _EDIT, "with_reason", N_("Annul")),
    ),
    predicates={"own_level": _own_level, "complete": _complete, "with_reason": _with_reason},
    rule="M1.6.7.3",
)
"""draft → concluded → (annulled); each level writes, concludes and annuls its own inspections alone."""


def may_write(actor: Actor, level: str, state: str) -> bool:
    """Whether the actor may change the sheet now."""
    return actor.may(*_EDIT) and state == "draft" and (actor.is_system or level_of(actor) == level)
