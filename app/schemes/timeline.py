"""流程追踪 of a scheme: every step in words, newest first; the joint review as it stands (N2.1)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.extensions import _
from app.kernel.errors import N_
from app.persistence.transitions import trace
from app.schemes import queries, rules
from app.schemes.models import Scheme, SchemeReview

_STEPS: dict[str, str] = {
    **{step.action: step.label for step in rules.FLOW.transitions},
    "begin": N_("Scheme begun"),
    "carry": N_("Contents taken over from a reserve project"),
    "uncarry": N_("What a reserve project brought was taken up"),
}
_OUTCOMES = {"passed": N_("%(department)s passed it"), "returned": N_("%(department)s returned it")}
_MARKS = {
    "begin": ("plus", ""), "carry": ("link", ""), "uncarry": ("unlink", ""), "submit": ("send", "wait"),
    "withdraw": ("arrow-back-up", "warn"), "open_review": ("users", "wait"), "complete_review": ("checks", "ok"),
    "pass_without_review": ("check", "ok"), "return_from_review": ("arrow-back-up", "bad"),
    "approve": ("circle-check", "ok"), "return": ("arrow-back-up", "bad"), "publish": ("speakerphone", "ok"),
}  # fmt: skip
KINDS: dict[str, str] = {
    "draft": "idle", "submitted": "wait", "in_review": "wait", "reviewed": "wait", "approved": "ok",
    "published": "ok", "returned": "bad",
}  # fmt: skip
"""State → kind of light."""


def _said(action: str) -> tuple[str, str, str]:
    """(words, icon, colour) of a step."""
    department, _sep, outcome = action.rpartition("_")
    if department in rules.DEPARTMENTS and outcome in _OUTCOMES:
        words = _(_OUTCOMES[outcome], department=_(rules.DEPARTMENTS[department]))
        return (words, "check", "ok") if outcome == "passed" else (words, "arrow-back-up", "bad")
    return (_(_STEPS.get(action, action)), *_MARKS.get(action, ("point", "")))


def events(session: Session, scheme: Scheme) -> list[dict[str, Any]]:
    """What `ui.trace` draws; technical notes of carrying are left out."""
    found = []
    for step in reversed(trace(session, "Scheme", scheme.id)):
        words, glyph, kind = _said(step.action)
        note = "" if step.action in ("carry", "uncarry") else step.note
        found.append(
            {"what": words, "glyph": glyph, "kind": kind, "who": step.actor_name, "at": step.at, "note": note}
        )
    return found


def departments(session: Session, scheme: Scheme) -> list[SchemeReview]:
    """The rows of the running or last round of the joint review, in the order of the profile."""
    if not scheme.review_round:
        return []
    return list(session.scalars(queries.reviews(scheme.id, scheme.review_round)))
