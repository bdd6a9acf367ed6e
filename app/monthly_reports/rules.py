"""Month reports: states (FLOW), choices, fields, stages, the month's window (M1.6.5.2, R18, R19, R25)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.kernel.actor import Actor
from app.kernel.calendar import Month, report_month
from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.flow import Flow, Transition
from app.kernel.money import parse_money
from app.kernel.text import BadInput, normalise_input
from app.schemes.rules import CONFIRMATION, read_quantity
from app.works.rules import STAGE_FILES, read_date

PROGRESS: dict[str, str] = {
    "preparing": N_("Preparations under way"),
    "prepared": N_("Preparations done, contractor on site"),
    "under_way": N_("Renovation contents under construction"),
    "completed": N_("All renovation contents completed"),
}
"""改造进展情况."""
ITEM_STATES: dict[str, str] = {
    "not_started": N_("Not started (content)"),
    "in_progress": N_("Being renovated"),
    "finished": N_("Finished (content)"),
}
"""改造内容改造情况."""
PHOTOS = ("photo_before", "photo_during", "photo_after")
NEEDED_PHOTOS: dict[str, tuple[str, ...]] = {
    "not_started": (),
    "in_progress": ("photo_before", "photo_during"),
    "finished": PHOTOS,
}
"""State of a content → purposes of photos that it must show, this month's or earlier ones."""
PHOTO_WORDS: dict[str, str] = {
    "photo_before": N_("before renovation (photo)"),
    "photo_during": N_("during renovation (photo)"),
    "photo_after": N_("after renovation (photo)"),
}
EDITABLE = ("draft", "returned")
OPEN = ("draft", "submitted", "returned")
DECLARATION = CONFIRMATION
"""R25: the sentence that whoever submits or approves confirms."""
LONGEST_REASON = 500


def stages_of(progress: str | None) -> tuple[str, ...]:
    """Stages whose files this progress must show: 前期; with the contractor on site 开工; at the end 完工."""
    if progress is None:
        return ()
    reached = {"preparing": 1, "prepared": 2, "under_way": 2, "completed": 3}[progress]
    return tuple(STAGE_FILES)[:reached]


def required_files(progress: str | None) -> tuple[str, ...]:
    """Purposes of the stage files that a report of this progress must show (M1.6.5.2)."""
    return tuple(purpose for stage in stages_of(progress) for purpose in STAGE_FILES[stage])


# --- fields ----------------------------------------------


def _choice(known: Mapping[str, str], empty: Any) -> Callable[[Any], Any]:
    def read(raw: Any) -> Any:
        text = normalise_input(raw)
        if text and text not in known:
            raise BadInput(msg("Not one of the choices."))
        return text or empty

    return read


def _method(raw: Any) -> str:
    text = normalise_input(raw)
    if len(text) > 60:
        raise BadInput(msg("At most %(most)s characters.", most=60))
    return text


READERS: dict[str, Callable[[Any], Any]] = {
    "progress": _choice(PROGRESS, None),
    "started_on": read_date,
    "cumulative_investment": parse_money,
    "year_investment": parse_money,
}
"""How typed text becomes the value of a report's field; raises `BadInput`."""
ITEM_READERS: dict[str, Callable[[Any], Any]] = {
    "state": _choice(ITEM_STATES, "not_started"),
    "method": _method,
    "quantity1": read_quantity,
    "quantity2": read_quantity,
}
"""The same for a content; in forms and JSON the key is ``<field>_<item id>``, e.g. ``quantity1_17``."""


def item_key(field: str, item_id: int) -> str:
    """The name of a content's field in forms, drafts and findings: ``quantity1_17``."""
    return f"{field}_{item_id}"


def split_key(key: str) -> tuple[str, int] | None:
    """``quantity1_17`` → ("quantity1", 17); None for what is no field of a content."""
    field, _sep, number = key.rpartition("_")
    if field in ITEM_READERS and number.isascii() and number.isdigit() and len(number) < 19:
        return field, int(number)
    return None


# --- the month's window (R18) ----------------------------


def month_findings(month: Month, today: dt.date, open_day: int) -> list[Finding]:
    """R18: no report before its window opens."""
    if month <= report_month(today, open_day):
        return []
    text = N_("The report of %(month)s can be filled in from %(opens)s.")
    opens = month.day(open_day).isoformat()
    return [Finding("R18", "error", "month", msg(text, month=str(month), opens=opens))]


# --- the truth confirmed (R25) ---------------------------


def digest(facts: Mapping[str, Any]) -> str:
    """R25: SHA-256 over the canonical JSON of what was confirmed (figures as exact text)."""
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def declaration(action: str, actor: Actor, at: dt.datetime, facts: Mapping[str, Any]) -> dict[str, Any]:
    """R25: the row that is kept: who confirmed which sentence when, and the digest of what stood there."""
    return {
        "action": action, "by_id": actor.user_id, "by": actor.display_name or actor.username,
        "at": at.isoformat(), "text": DECLARATION, "digest": digest(facts),
    }  # fmt: skip


# --- warnings that were confirmed (R13, R20) -------------


def _plain(value: Any) -> Any:
    return (
        {"msgid": value.msgid, "values": _plain(value.values)}
        if isinstance(value, Message)
        else ({key: _plain(one) for key, one in value.items()} if isinstance(value, Mapping) else str(value))
    )


def _message(stored: Any) -> Any:
    if not isinstance(stored, Mapping):
        return stored
    text = stored["msgid"]
    return Message(text, {key: _message(one) for key, one in stored["values"].items()})


def as_stored(finding: Finding) -> dict[str, Any]:
    """A confirmed warning as JSON; `as_finding` reads it back in the reader's language."""
    return {"rule": finding.rule, "field": finding.field, "message": _plain(finding.message)}


def as_finding(stored: Mapping[str, Any]) -> Finding:
    """A confirmed warning of ``report.confirmed_warnings``."""
    return Finding(stored["rule"], "warning", stored["field"], _message(stored["message"]))


# --- states ----------------------------------------------


@dataclass(frozen=True)
class Subject:
    """What the flow's predicates look at."""

    findings: tuple[Finding, ...] = ()
    declared: bool = False
    submitted_by_id: int | None = None
    reason: str = ""


def _declared(subject: Subject) -> Iterable[Finding]:
    if not subject.declared:
        yield Finding("R25", "error", "declared", msg("Confirm that the information is true."))


def _complete(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    yield from subject.findings
    yield from _declared(subject)


def _approvable(actor: Actor, subject: Subject) -> Iterable[Finding]:
    if actor.user_id is not None and actor.user_id == subject.submitted_by_id:
        yield Finding("R19", "error", None, msg("Whoever submitted it cannot approve it."))
    yield from subject.findings
    yield from _declared(subject)


def _with_reason(_actor: Actor, subject: Subject) -> Iterable[Finding]:
    reason = subject.reason.strip()
    if not reason:
        yield Finding("M1.6.5.4", "error", "reason", msg("Say why."))
    elif len(reason) > LONGEST_REASON:
        yield Finding("M1.6.5.4", "error", "reason", msg("At most %(most)s characters.", most=LONGEST_REASON))


_SUBMIT, _APPROVE = ("can_submit", "MonthlyReport"), ("can_approve", "MonthlyReport")
_ADD = ("can_add", "MonthlyReport")
FLOW = Flow(
    states={
        "draft": N_("Draft (report)"),
        "submitted": N_("Waiting for review"),
        "returned": N_("Returned (report)"),
        "approved": N_("Approved (report)"),
        "superseded": N_("Replaced by a correction"),
    },
    transitions=(
        Transition(
            ("draft", "returned"), "submit", "submitted", _SUBMIT, "complete", N_("Submit for review")
        ),
        Transition(("submitted",), "withdraw", "draft", _SUBMIT, None, N_("Withdraw (report)")),
        Transition(("submitted",), "approve", "approved", _APPROVE, "approvable", N_("Approve (report)")),
        Transition(("submitted",), "return", "returned", _APPROVE, "with_reason", N_("Return (report)")),
        Transition(("approved",), "correct", "approved", _ADD, "with_reason", N_("Correct (report)")),
        Transition(("approved",), "supersede", "superseded", None, None, N_("Replaced by a correction")),
    ),
    predicates={"complete": _complete, "approvable": _approvable, "with_reason": _with_reason},
    rule="M1.6.5.4",
)
"""draft → submitted → approved, or returned → submitted …; a correction is a new revision beside the approved
one, which it supersedes when it is approved itself."""

# --- the strip of a year ---------------------------------

CELLS: dict[str, str] = {
    "none": N_("Not reported"),
    "draft": N_("Draft (report)"),
    "submitted": N_("Waiting for review"),
    "approved": N_("Approved (report)"),
    "returned": N_("Returned (report)"),
    "overdue": N_("Overdue (report)"),
}
"""未报, 草稿, 待审, 通过, 退回, 逾期."""
_URGENCY = ("returned", "overdue", "draft", "none", "submitted", "approved")


@dataclass(frozen=True)
class Cell:
    """A month of a plan's strip: its state (see `CELLS`), marks, and the report that a click opens.

    Of several works projects the most urgent state counts; ``late`` also where a draft is past its day.
    """

    month: dt.date
    state: str = "none"
    report_id: int | None = None
    project_id: int | None = None
    is_makeup: bool = False
    is_correction: bool = False
    late: bool = False
    expected: bool = False


def cell(month: Month, found: Mapping[str, Any] | None, *, expected: bool, overdue: bool) -> Cell:
    """One project's month: ``found`` is its newest report (``id, state, revision, is_makeup, is_late``)."""
    if found is None:
        state = "overdue" if expected and overdue else "none"
        return Cell(month.first, state, expected=expected, late=state == "overdue")
    unsent = found["state"] in EDITABLE
    return Cell(
        month.first, found["state"], found["id"], found.get("works_project_id"), bool(found["is_makeup"]),
        found["revision"] > 1, bool(found["is_late"]) or (unsent and overdue and expected), expected,
    )  # fmt: skip


def worst(cells: Iterable[Cell]) -> Cell:
    """The cell that a plan shows for a month: the most urgent one of its works projects."""

    def urgency(one: Cell) -> int:
        return _URGENCY.index(one.state) if one.expected or one.report_id else len(_URGENCY)

    return min(cells, key=urgency)


def content_names(items: Iterable[Any]) -> dict[int, str]:
    """Content (its id in the report) → its name, with the detail where several of a report share one."""
    rows = list(items)
    often = Counter(row.content for row in rows)
    return {
        row.id: f"{row.content}（{row.detail}）" if often[row.content] > 1 and row.detail else row.content
        for row in rows
    }


def change(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """This month's figure less last month's; None where there is none."""
    return None if now is None else now - (before or Decimal(0))
