"""督办问题: sources, states (FLOW), what an open issue needs (R22); pure Python."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.annual_plans.rules import READERS as PLAN_READERS
from app.kernel.actor import Actor
from app.kernel.errors import N_, Finding, msg
from app.kernel.flow import Flow, Transition
from app.kernel.text import BadInput, normalise_input, parse_phone

SOURCES: dict[str, str] = {
    "province_check": N_("Province spot-check (source)"),
    "city_check": N_("City spot-check (source)"),
    "county_check": N_("County inspection (source)"),
    "performance": N_("Performance evaluation"),
    "livelihood": N_("Livelihood project (source)"),
    "report_late": N_("Month report overdue"),
    "behind": N_("Progress behind schedule"),
    "residents": N_("Told by residents"),
    "other": N_("Other (source)"),
}
SOURCE_OF_LEVEL = {"county": "county_check", "city": "city_check", "province": "province_check"}
LIGHTS: dict[str, str] = {
    "draft": "idle", "open": "bad", "rectified": "wait", "confirmed": "ok", "sent_back": "bad",
    "discarded": "idle",
}  # fmt: skip
EDITABLE = frozenset({"draft"})
UNRECTIFIED = frozenset({"open", "sent_back"})
"""States in which the county has something to do."""
EVIDENCE = "evidence"
MOST_TEXT = 1000


def _short(most: int) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        text = normalise_input(raw, multiline=most > 200)
        if len(text) > most:
            raise BadInput(msg("At most %(most)s characters.", most=most))
        return text

    return read


READERS: dict[str, Callable[[Any], Any]] = {
    "problem": _short(1000),
    "responsible_unit": _short(120),
    "responsible_person": _short(40),
    "responsible_phone": parse_phone,
    "deadline": PLAN_READERS["planned_start"],
}
"""How typed text becomes the value of a field; raises `BadInput`."""


def responsible_findings(values: Mapping[str, Any], today: dt.date) -> list[Finding]:
    """R22: a problem in words, a responsible unit and person, a deadline that has not passed."""
    found = [
        Finding("R22", "error", name, msg("Required."))
        for name in ("problem", "responsible_unit", "responsible_person", "deadline")
        if not values.get(name)
    ]
    if values.get("deadline") and values["deadline"] < today:
        found.append(Finding("R22", "error", "deadline", msg("The deadline has passed already.")))
    return found


def overdue(state: str, deadline: dt.date | None, today: dt.date) -> bool:
    """Whether an issue that should have been rectified is not."""
    return state in UNRECTIFIED and deadline is not None and deadline < today


@dataclass(frozen=True)
class Subject:
    """What the flow's predicates look at."""

    findings: tuple[Finding, ...] = ()
    text: str = ""
    evidence: int = 1
    own: bool = True


def _responsible(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    yield from subject.findings


def _in_words(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    if not subject.text.strip():
        yield Finding("R22", "error", "text", msg("Say how or why."))


def _proved(actor: Actor, subject: Subject) -> Iterable[Finding]:
    """A rectification is told in words and shown by files."""
    yield from _in_words(actor, subject)
    if not subject.evidence:
        yield Finding("R22", "error", EVIDENCE, msg("Upload what shows that it was rectified."))


def _judged(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    """The level that opened an issue judges its rectification."""
    if not subject.own:
        yield Finding("R22", "error", None, msg("Only the level that opened the issue judges its rectification."))


def _judged_in_words(actor: Actor, subject: Subject) -> Iterable[Finding]:
    yield from _judged(actor, subject)
    yield from _in_words(actor, subject)


_EDIT, _RECTIFY = ("can_edit", "SupervisionIssue"), ("can_submit", "SupervisionIssue")
FLOW = Flow(
    states={
        "draft": N_("Draft"),
        "open": N_("To be rectified"),
        "rectified": N_("Rectified, to be confirmed"),
        "confirmed": N_("Rectification confirmed"),
        "sent_back": N_("Rectification sent back"),
        "discarded": N_("Discarded"),
    },
    transitions=(
        Transition(("draft",), "open", "open", _EDIT, "responsible", N_("Open the issue")),
        Transition(("draft",), "discard", "discarded", _EDIT, None, N_("Discard")),
        Transition(
            ("open", "sent_back"), "rectify", "rectified", _RECTIFY, "proved", N_("File the rectification")
        ),
        Transition(("rectified",), "confirm", "confirmed", _EDIT, "judged", N_("Confirm the rectification")),
        Transition(
            ("rectified",), "send_back", "sent_back", _EDIT, "judged_in_words", N_("Send the rectification back")
        ),
    ),
    predicates={
        "responsible": _responsible, "proved": _proved, "judged": _judged, "judged_in_words": _judged_in_words,
    },
    rule="R22",
)
"""draft → open → rectified → confirmed, or sent back and rectified anew."""


def may_write(actor: Actor, level: str, state: str) -> bool:
    """A draft is changed by the level that wrote it."""
    return actor.may(*_EDIT) and state in EDITABLE and (actor.is_system or actor.region_level == level)


def visible_to(actor: Actor, level: str, state: str) -> bool:
    """Drafts belong to the level that wrote them; an open issue to everybody concerned."""
    return actor.is_system or state not in ("draft", "discarded") or actor.region_level == level
