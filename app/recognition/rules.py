"""开工认定 and 完工认定: choices, states (FLOW), what they need (R14, R15, R19); pure Python."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.annual_plans.rules import READERS as PLAN_READERS
from app.kernel.actor import Actor
from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.flow import Flow, Transition
from app.kernel.text import BadInput, as_finding, normalise_input, parse_phone
from app.schemes.rules import read_quantity

KINDS: dict[str, str] = {
    "start": N_("Recognition of the start of works"),
    "finish": N_("Recognition of the finish of works"),
}
CONTENT_STATES: dict[str, str] = {
    "not_started": N_("Not started"),
    "in_progress": N_("Under renovation"),
    "finished": N_("Works finished"),
}
PHOTOS: dict[str, str] = {
    "photo_before": N_("Photos before renovation"),
    "photo_during": N_("Photos during renovation"),
    "photo_after": N_("Photos after renovation"),
}
DOCUMENTS: dict[str, dict[str, str]] = {
    "start": {
        "project_approval": N_("Project approval document"),
        "bid_notice": N_("Notice of award"),
        "construction_contract": N_("Construction contract"),
        "start_order": N_("Order to start work"),
    },
    "finish": {
        "acceptance_report": N_("Completion acceptance report"),
        "acceptance_record": N_("Completion acceptance filing form"),
    },
}
"""Kind → purposes of the files it needs (R14, R15)."""
RULES = {"start": "R14", "finish": "R15"}
EDITABLE = frozenset({"draft", "returned"})
LIVE = ("draft", "submitted", "returned", "recognised")
LIGHTS: dict[str, str] = {
    "draft": "idle", "submitted": "wait", "recognised": "ok", "returned": "bad", "revoked": "idle",
    "discarded": "idle",
}  # fmt: skip
"""State → kind of light."""
CONFIRMATION = N_("I confirm that this information is true and take responsibility for it.")
BEFORE: dict[str, str] = {"start": "not_started", "finish": "started"}
AFTER: dict[str, str] = {"start": "started", "finish": "finished"}
"""实施状态 that a recognition finds and leaves (M1.6.7.1, M1.6.7.2)."""

# --- reading ---------------------------------------------


def _short(most: int) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        text = normalise_input(raw, multiline=most > 100)
        if len(text) > most:
            raise BadInput(msg("At most %(most)s characters.", most=most))
        return text

    return read


READERS: dict[str, Callable[[Any], Any]] = {
    "recognised_on": PLAN_READERS["planned_start"],
    "recognisers": _short(80),
    "recogniser_phone": parse_phone,
    "note": _short(1000),
}
"""How typed text becomes the value of a field; raises `BadInput`."""


def _content_state(raw: Any) -> str:
    text = normalise_input(raw)
    if text not in CONTENT_STATES:
        raise BadInput(msg("Not one of the choices."))
    return text


ITEM_READERS: dict[str, Callable[[Any], Any]] = {
    "state": _content_state,
    "quantity1": read_quantity,
    "quantity2": read_quantity,
}


def read_item(item: Mapping[str, Any], typed: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """Values of what was typed for a content; findings stand at ``<field>_<id>`` (R09)."""
    values: dict[str, Any] = {}
    found: list[Finding] = []
    for name, reader in ITEM_READERS.items():
        if name not in typed:
            continue
        where = f"{name}_{item['id']}"
        try:
            values[name] = reader(typed[name])
        except BadInput as bad:
            found.append(as_finding(bad, where, "M1.6.7"))
            continue
        unit = {"quantity1": "unit1", "quantity2": "unit2"}.get(name)
        if unit and values[name] and not item[unit]:
            text = N_("“%(content)s” has no such unit: leave the quantity empty.")
            found.append(Finding("R09", "error", where, msg(text, content=item["content"])))
    return values, found


# --- what a recognition needs (R14, R15) -----------------

Photos = Mapping[int, Collection[str]]
"""Content (its id in the recognition) → purposes of which it has photos."""


def document_findings(kind: str, files: Mapping[str, int]) -> list[Finding]:
    """R14, R15: one hard finding for each stage document of which there is none (purpose → number)."""
    text = N_("Missing document: %(what)s.")
    return [
        Finding(RULES[kind], "error", purpose, msg(text, what=Message(label)))
        for purpose, label in DOCUMENTS[kind].items()
        if files.get(purpose, 0) < 1
    ]


def _photo(rule: str, item: Mapping[str, Any], purpose: str) -> Finding:
    text = N_("“%(content)s” lacks: %(what)s.")
    said = msg(text, content=item["content"], what=Message(PHOTOS[purpose]))
    return Finding(rule, "error", f"item_{item['id']}", said)


def start_findings(
    items: Sequence[Mapping[str, Any]], photos: Photos, files: Mapping[str, int]
) -> list[Finding]:
    """R14: at least one content started with before and during photos, and the four documents.

    ``items`` have ``id``, ``content``, ``state``. Empty when nothing is missing.
    """
    found = document_findings("start", files)
    begun = [item for item in items if item["state"] != "not_started"]
    if not items:
        return [*found, Finding("R14", "error", "items", msg("The scheme of the plan has no contents yet."))]
    if not begun:
        text = N_("At least one renovation content must have been started.")
        return [*found, Finding("R14", "error", "items", msg(text))]
    lacking = {
        item["id"]: [p for p in ("photo_before", "photo_during") if p not in photos.get(item["id"], ())]
        for item in begun
    }
    if all(lacking.values()):
        found += [_photo("R14", item, purpose) for item in begun for purpose in lacking[item["id"]]]
    return found


def finish_findings(
    items: Sequence[Mapping[str, Any]], photos: Photos, files: Mapping[str, int]
) -> list[Finding]:
    """R15: every content finished with an after photo, acceptance report and filing form."""
    found = document_findings("finish", files)
    if not items:
        return [*found, Finding("R15", "error", "items", msg("The scheme of the plan has no contents yet."))]
    text = N_("“%(content)s” is “%(state)s”: every content must be finished.")
    for item in items:
        if item["state"] != "finished":
            label = CONTENT_STATES[item["state"]]
            said = msg(text, content=item["content"], state=Message(label))
            found.append(Finding("R15", "error", f"item_{item['id']}", said))
        elif "photo_after" not in photos.get(item["id"], ()):
            found.append(_photo("R15", item, "photo_after"))
    return found


def date_findings(kind: str, on: dt.date | None, started_on: dt.date | None, today: dt.date) -> list[Finding]:
    """The date is given, not in the future, and a finish not before the start (R15)."""
    rule = RULES[kind]
    if on is None:
        return [Finding(rule, "error", "recognised_on", msg("Required."))]
    if on > today:
        return [Finding(rule, "error", "recognised_on", msg("Must not be in the future."))]
    if kind == "finish" and started_on is not None and on < started_on:
        text = N_("Must not be before the start of works (%(day)s).")
        return [Finding(rule, "error", "recognised_on", msg(text, day=started_on.isoformat()))]
    return []


def staff_findings(values: Mapping[str, Any], kind: str) -> list[Finding]:
    """认定人员 and 人员联系方式 are required (M1.6.7.1)."""
    return [
        Finding(RULES[kind], "error", name, msg("Required."))
        for name in ("recognisers", "recogniser_phone")
        if not values.get(name)
    ]


def plan_findings(kind: str, plan_state: str) -> list[Finding]:
    """A start is recognised for what was not started, a finish for what was started."""
    if plan_state == BEFORE[kind]:
        return []
    if kind == "finish" and plan_state == "not_started":
        text = N_("The start of works must be recognised first.")
    elif kind == "start":
        text = N_("The start of works is recognised already.")
    else:
        text = N_("The finish of works is recognised already.")
    return [Finding(RULES[kind], "error", None, msg(text))]


def contents_findings(kind: str, missing: Iterable[str]) -> list[Finding]:
    """Contents that the scheme got after the recognition was written down, each by name."""
    text = N_("“%(content)s” was added to the scheme since: the recognition must state how far it is.")
    return [Finding(RULES[kind], "error", "items", msg(text, content=name)) for name in missing]


def quantity_warnings(items: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """More was done than planned: a warning at the content."""
    text = N_("“%(content)s”: %(done)s done, %(planned)s planned.")
    return [
        Finding("R13", "warning", f"item_{item['id']}",
                msg(text, content=item["content"], done=_plain(item[done]), planned=_plain(item[planned])))
        for item in items
        for done, planned in (("quantity1", "planned1"), ("quantity2", "planned2"))
        if item[done] is not None and item[planned] is not None and item[done] > item[planned]
    ]  # fmt: skip


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def confirmation_digest(values: Mapping[str, Any], items: Iterable[Mapping[str, Any]]) -> str:
    """R25: SHA-256 of what was confirmed."""
    rows = [{key: str(row[key]) for key in ("code", "state", "quantity1", "quantity2")} for row in items]
    body = {"values": {key: str(value) for key, value in values.items()}, "items": rows}
    return hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


# --- states ----------------------------------------------


@dataclass(frozen=True)
class Subject:
    """What the flow's predicates look at."""

    kind: str = "start"
    findings: tuple[Finding, ...] = ()
    confirmed: bool = False
    people: frozenset[int] = field(default_factory=frozenset)
    reason: str = ""
    plan_state: str = ""


def _complete(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    yield from subject.findings
    if not subject.confirmed:
        yield Finding("R25", "error", "confirmed", msg("Confirm that the information is true."))


def _by_another(actor: Actor, subject: Subject) -> Iterable[Finding]:
    if actor.user_id is not None and actor.user_id in subject.people:
        text = N_("Whoever prepared or submitted it cannot recognise it.")
        yield Finding("R19", "error", None, msg(text))
    yield from _complete(actor, subject)


def _with_reason(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    if not subject.reason.strip():
        yield Finding("M1.6.7", "error", "reason", msg("Say why."))


def _revocable(actor: Actor, subject: Subject) -> Iterable[Finding]:
    yield from _with_reason(actor, subject)
    if subject.kind == "start" and subject.plan_state == "finished":
        text = N_("The finish of works is recognised: revoke that first.")
        yield Finding("M1.6.7", "error", None, msg(text))


_EDIT, _APPROVE = ("can_edit", "Recognition"), ("can_approve", "Recognition")
FLOW = Flow(
    states={
        "draft": N_("Draft"),
        "submitted": N_("Waiting for recognition"),
        "recognised": N_("Recognised"),
        "returned": N_("Sent back"),
        "revoked": N_("Revoked"),
        "discarded": N_("Discarded"),
    },
    transitions=(
        Transition(("draft", "returned"), "submit", "submitted", _EDIT, "complete", N_("Submit")),
        Transition(("submitted",), "withdraw", "draft", _EDIT, None, N_("Withdraw")),
        Transition(("draft", "returned"), "discard", "discarded", _EDIT, None, N_("Discard")),
        Transition(("submitted",), "recognise", "recognised", _APPROVE, "by_another", N_("Recognise")),
        Transition(("submitted",), "return", "returned", _APPROVE, "with_reason", N_("Return")),
        Transition(("recognised",), "revoke", "revoked", _APPROVE, "revocable", N_("Revoke")),
    ),
    predicates={
        "complete": _complete,
        "by_another": _by_another,
        "with_reason": _with_reason,
        "revocable": _revocable,
    },
    rule="M1.6.7",
)
"""draft → submitted → recognised → (revoked); a county editor prepares, a county reviewer recognises."""
