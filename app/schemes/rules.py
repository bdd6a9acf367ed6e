"""Schemes: choices, states (FLOW), what a submission needs (R08 – R10), adding schemes up (pure Python)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.kernel.actor import Actor
from app.kernel.errors import N_, Finding, msg
from app.kernel.flow import Flow, Transition
from app.kernel.money import format_money, parse_decimal, parse_money
from app.kernel.text import BadInput, normalise_input, parse_int, parse_phone

PROPERTY_MANAGEMENT: dict[str, str] = {
    "professional": N_("A professional company"),
    "residents": N_("The residents themselves"),
    "community": N_("The sub-district or neighbourhood"),
    "private": N_("A private unit"),
    "other": N_("Another form"),
}
STATUS_FIELDS = (
    "rain_sewage_separated", "piped_gas", "waste_sorted", "fire_facilities", "security_facilities",
    "fibre_to_home", "weak_lines_tidied", "strong_lines_tidied",
)  # fmt: skip
INVESTMENT_PARTS = ("investment_basic", "investment_improved", "investment_upgraded")
ADDED_UP = ("elevator_count", "parking_count", "investment", *INVESTMENT_PARTS)
"""Figures of a scheme that add up when reserve projects join a plan."""
KEPT = ("property_management", *STATUS_FIELDS, "standard", "subsidy_standard", "safeguards", "filler_name",
        "filler_phone")  # fmt: skip
REQUIRED = ("property_management", "elevator_count", "parking_count", *STATUS_FIELDS, "investment",
            *INVESTMENT_PARTS, "filler_name", "filler_phone")  # fmt: skip
FUNDING_SOURCES: dict[str, str] = {
    "central_subsidy": N_("Central fiscal subsidy"),
    "central_budget": N_("Central budget investment"),
    "province": N_("Provincial subsidy"),
    "local": N_("City and county funds"),
    "special_bond": N_("Special bond"),
    "residents": N_("Residents' contribution"),
    "owners": N_("Original owners' contribution"),
    "social": N_("Social capital"),
    "provident": N_("Provident and maintenance funds"),
    "donation": N_("Donations"),
}
FUNDING_FIELDS: dict[str, str] = {f"funding_{source}": source for source in FUNDING_SOURCES}
"""Field of a form or body → source of funds: 资金来源 by line (湘建城〔2020〕44号 二(一))."""
ATTACHMENTS: dict[str, str] = {
    "scheme_document": N_("Approved renovation scheme"),
    "scheme_site_plan": N_("General layout plan"),
    "scheme_approval": N_("Approval document of the scheme"),
    "scheme_consent": N_("Evidence of the residents' consent"),
}
"""Purposes of the four attachments that a submission needs, each at least once."""
DEPARTMENTS: dict[str, str] = {
    "housing": N_("Housing department"),
    "development": N_("Provincial development and reform commission"),
    "finance": N_("Finance department"),
}
EDITABLE = frozenset({"draft", "returned"})


def department_of(actor: Actor) -> str:
    """The department for which the actor reviews, or ''."""
    return next((name for name in DEPARTMENTS if actor.may(f"can_review_{name}", "Scheme")), "")


def visible_to(actor: Actor, review_round: int) -> bool:
    """Joint reviewers see schemes that have come to them; everybody else what the scope holds (roles.md)."""
    return actor.is_system or not department_of(actor) or review_round > 0


# --- reading ---------------------------------------------


def _choice(raw: Any) -> str:
    text = normalise_input(raw)
    if text and text not in PROPERTY_MANAGEMENT:
        raise BadInput(msg("Not one of the choices."))
    return text


def _yes_no(raw: Any) -> bool | None:
    if raw is None or isinstance(raw, bool):
        return raw
    text = normalise_input(raw).lower()
    known = {"": None, "1": True, "true": True, "是": True, "0": False, "false": False, "否": False}
    if text not in known:
        raise BadInput(msg("Must be yes or no."))
    return known[text]


def _short(most: int) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        text = normalise_input(raw, multiline=most > 100)
        if len(text) > most:
            raise BadInput(msg("At most %(most)s characters.", most=most))
        return text

    return read


READERS: dict[str, Callable[[Any], Any]] = {
    "property_management": _choice,
    "elevator_count": lambda raw: parse_int(raw, minimum=0),
    "parking_count": lambda raw: parse_int(raw, minimum=0),
    **dict.fromkeys(STATUS_FIELDS, _yes_no),
    **dict.fromkeys(("investment", *INVESTMENT_PARTS), parse_money),
    **dict.fromkeys(FUNDING_FIELDS, parse_money),
    **dict.fromkeys(("standard", "subsidy_standard", "safeguards"), _short(4000)),
    "filler_name": _short(40),
    "filler_phone": parse_phone,
}
"""How typed text becomes the value of a scheme's field; raises `BadInput`."""


def read_quantity(raw: Any) -> Decimal | None:
    """A quantity of works, 2 decimals, not negative; raises `BadInput`."""
    return parse_decimal(raw, 2, maximum=Decimal("999999999.99"))


def quantity_findings(
    item: Mapping[str, Any], second: Decimal | None, name: str = "quantity2"
) -> list[Finding]:
    """R09: a content without unit 2 has no quantity 2 (0 counts as none); refused, never dropped silently."""
    if item["unit2"] or not second:
        return []
    text = N_("“%(content)s” has no second unit: leave quantity 2 empty.")
    return [Finding("R09", "error", name, msg(text, content=item["content"]))]


# --- submission (R08 – R10) ------------------------------


def required_attachments(counts: Mapping[str, int]) -> list[Finding]:
    """R10: one hard finding for each of the four attachments of which there is none (purpose → number)."""
    text = N_("Missing attachment: %(what)s.")
    return [
        Finding("R10", "error", purpose, msg(text, what=msg(label)))
        for purpose, label in ATTACHMENTS.items()
        if counts.get(purpose, 0) < 1
    ]


def investment_findings(values: Mapping[str, Any]) -> list[Finding]:
    """R08: basic + improvement + upgrade = estimated investment; soft (0/0/0 occurs)."""
    total = values.get("investment")
    if total is None or any(values.get(name) is None for name in INVESTMENT_PARTS):
        return []
    parts = sum((values[name] for name in INVESTMENT_PARTS), Decimal(0))
    if parts == total:
        return []
    text = N_("The three parts give %(parts)s, not the estimated investment %(total)s.")
    found = msg(text, parts=format_money(parts), total=format_money(total))
    return [Finding("R08", "warning", "investment", found)]


def content_findings(items: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """R09, R10: at least one content, each with a quantity above 0 where it has a unit."""
    rows = list(items)
    if not rows:
        return [Finding("R10", "error", "items", msg("Choose at least one renovation content."))]
    found: list[Finding] = []
    text = N_("“%(content)s” needs a quantity above 0 (%(unit)s).")
    for row in rows:
        where = f"item_{row['id']}"
        for unit, number in (("unit1", "quantity1"), ("unit2", "quantity2")):
            if row[unit] and not row[number] and not (unit == "unit2" and row["quantity1"]):
                found.append(
                    Finding("R10", "error", where, msg(text, content=row["content"], unit=row[unit]))
                )
        found += quantity_findings(row, row["quantity2"], where)
    return found


def submission_findings(
    values: Mapping[str, Any], items: Iterable[Mapping[str, Any]], attachments: Mapping[str, int]
) -> list[Finding]:
    """Everything about the scheme itself that 确认并提交 checks (M1.6.4); communities are the area's part."""
    empty = [name for name in REQUIRED if values.get(name) in (None, "")]
    found = [Finding("M1.6.4", "error", name, msg("Required.")) for name in empty]
    return found + investment_findings(values) + content_findings(items) + required_attachments(attachments)


CONFIRMATION = N_("I confirm that this information is true and take responsibility for it.")


def confirmation_digest(values: Mapping[str, Any], items: Iterable[Mapping[str, Any]]) -> str:
    """R25: SHA-256 of what was confirmed."""
    rows = [{key: str(row[key]) for key in ("code", "quantity1", "quantity2")} for row in items]
    body = {"values": {key: str(value) for key, value in values.items()}, "items": rows}
    return hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


# --- states (N2.1) ---------------------------------------


@dataclass(frozen=True)
class Subject:
    """What the flow's predicates look at."""

    findings: tuple[Finding, ...] = ()
    confirmed: bool = False
    needs_review: bool = True
    outcomes: Mapping[str, str] = field(default_factory=dict)
    submitted_by_id: int | None = None
    reason: str = ""


def _complete(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    yield from subject.findings
    if not subject.confirmed:
        yield Finding("R25", "error", "confirmed", msg("Confirm that the information is true."))


def _review_needed(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    if not subject.needs_review:
        yield Finding("N2.1", "error", None, msg("This programme needs no joint review."))


def _no_review_needed(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    if subject.needs_review:
        yield Finding("N2.1", "error", None, msg("This programme needs the joint review first."))


def _all_passed(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    waiting = [DEPARTMENTS[name] for name, outcome in subject.outcomes.items() if outcome != "passed"]
    for label in waiting:
        yield Finding(
            "N2.1", "error", None, msg("%(department)s has not passed it yet.", department=msg(label))
        )


def _none_decided(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    if any(outcome != "pending" for outcome in subject.outcomes.values()):
        yield Finding("N2.1", "error", None, msg("A department has decided already: it cannot be withdrawn."))


def _another_person(actor: Actor, subject: Subject) -> Iterable[Finding]:
    if actor.user_id is not None and actor.user_id == subject.submitted_by_id:
        yield Finding("R19", "error", None, msg("Whoever submitted it cannot approve it."))


def _with_reason(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    if not subject.reason.strip():
        yield Finding("N2.1", "error", "reason", msg("Say why it is returned."))


_APPROVE, _SUBMIT, _PUBLISH = ("can_approve", "Scheme"), ("can_submit", "Scheme"), ("can_publish", "Scheme")
FLOW = Flow(
    states={
        "draft": N_("Draft"),
        "submitted": N_("Submitted"),
        "in_review": N_("Under joint review"),
        "reviewed": N_("Joint review passed"),
        "approved": N_("Scheme approved"),
        "published": N_("Published"),
        "returned": N_("Sent back"),
    },
    transitions=(
        Transition(("draft", "returned"), "submit", "submitted", _SUBMIT, "complete", N_("Submit")),
        Transition(("in_review",), "withdraw", "draft", _SUBMIT, "none_decided", N_("Withdraw")),
        Transition(
            ("submitted",), "open_review", "in_review", None, "review_needed", N_("Joint review begins")
        ),
        Transition(
            ("submitted",),
            "pass_without_review",
            "approved",
            None,
            "no_review_needed",
            N_("Approved without review"),
        ),
        Transition(
            ("in_review",), "complete_review", "reviewed", None, "all_passed", N_("All departments passed")
        ),
        Transition(
            ("in_review",),
            "return_from_review",
            "returned",
            None,
            "with_reason",
            N_("Returned by a department"),
        ),
        Transition(("reviewed",), "approve", "approved", _APPROVE, "another_person", N_("Approve")),
        Transition(("reviewed", "approved"), "return", "returned", _APPROVE, "with_reason", N_("Return")),
        Transition(("approved",), "publish", "published", _PUBLISH, None, N_("Publish")),
    ),
    predicates={
        "complete": _complete,
        "review_needed": _review_needed,
        "no_review_needed": _no_review_needed,
        "all_passed": _all_passed,
        "none_decided": _none_decided,
        "another_person": _another_person,
        "with_reason": _with_reason,
    },
    rule="N2.1",
)
"""draft → submitted → joint review (departments in parallel) → reviewed → approved → published."""


def needs_review(
    departments: Iterable[str], reviewed: Iterable[str], programmes: Iterable[str], *, is_reserve: bool
) -> bool:
    """Whether a scheme goes through the joint review: the profile names departments, and what it says is
    ``reviewed`` holds ``reserve`` for a reserve project or a programme of the plan task (省级试点 …)."""
    mine = {"reserve"} if is_reserve else set(programmes)
    return bool(list(departments)) and not mine.isdisjoint(reviewed)


# --- adding up (M1.6.1) ----------------------------------


def add_up(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A plan's figures with a reserve project's added: (new values, what was brought).

    Figures add up; texts and yes/no answers are taken over only where the plan has none.
    """
    values: dict[str, Any] = {}
    brought: dict[str, Any] = {}
    for name in ADDED_UP:
        if theirs.get(name) is not None:
            values[name] = (mine.get(name) or 0) + theirs[name]
            brought[name] = theirs[name]
    for name in KEPT:
        if mine.get(name) in (None, "") and theirs.get(name) not in (None, ""):
            values[name] = theirs[name]
            brought[name] = theirs[name]
    return values, brought


def take_away(mine: Mapping[str, Any], brought: Mapping[str, Any]) -> dict[str, Any]:
    """The figures without what was brought, never below 0; an answer still as brought is cleared."""
    values: dict[str, Any] = {}
    for name, value in brought.items():
        if name in ADDED_UP:
            left = (mine.get(name) or 0) - value
            values[name] = left if left > 0 else type(value)(0)
        elif mine.get(name) == value:
            values[name] = "" if isinstance(value, str) else None
    return values
