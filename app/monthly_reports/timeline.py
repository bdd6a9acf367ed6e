"""流程追踪 of a month report: every step in words, newest first (M1.6.5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.extensions import _
from app.kernel.errors import N_
from app.monthly_reports.rules import FLOW
from app.persistence.transitions import Transition

_STEPS: dict[str, str] = {
    **{step.action: step.label for step in FLOW.transitions},
    "begin": N_("Report begun"),
    "correct": N_("Correction begun"),
    "delete": N_("Moved to the recycle bin"),
    "restore": N_("Restored"),
}
_MARKS: dict[str, tuple[str, str]] = {
    "begin": ("plus", ""), "correct": ("versions", "warn"), "submit": ("send", "wait"),
    "withdraw": ("arrow-back-up", "warn"), "approve": ("circle-check", "ok"), "return": ("arrow-back-up", "bad"),
    "supersede": ("versions", ""),
}  # fmt: skip
KINDS: dict[str, str] = {
    "draft": "idle", "submitted": "wait", "returned": "warn", "approved": "ok", "superseded": "idle",
}  # fmt: skip
"""State of a report → kind of light."""


def events(trace: Sequence[Transition]) -> list[dict[str, Any]]:
    """What `ui.trace` draws."""
    found = []
    for step in reversed(trace):
        glyph, kind = _MARKS.get(step.action, ("point", ""))
        words = _(_STEPS.get(step.action, step.action))
        found.append(
            {
                "what": words,
                "glyph": glyph,
                "kind": kind,
                "who": step.actor_name,
                "at": step.at,
                "note": step.note,
            }
        )
    return found
