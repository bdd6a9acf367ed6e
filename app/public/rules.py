"""Residents' comments on schemes in publicity: what is accepted, what is shown to everybody (N2.1). Pure Python."""

from __future__ import annotations

import re
from typing import Any

from app.kernel.errors import N_, Finding, msg
from app.kernel.text import normalise_input

LONGEST = 500
STATES: dict[str, str] = {
    "new": N_("New (comment)"),
    "answered": N_("Answered in public"),
    "closed": N_("Not shown"),
}
KINDS = {"new": "wait", "answered": "ok", "closed": "idle"}
_DIGITS = re.compile(r"\d(?:[\s\-－—]?\d){6,}[\dXx]?")


def read_text(raw: Any, field: str) -> tuple[str, list[Finding]]:
    """(plain text, what stands against it): 2 to `LONGEST` characters; markup is text like any other."""
    text = normalise_input(raw, multiline=True)
    if len(text) < 2:
        return text, [Finding("N2.1", "error", field, msg("Please write something."))]
    if len(text) > LONGEST:
        return text, [Finding("N2.1", "error", field, msg("At most %(most)s characters.", most=LONGEST))]
    return text, []


def without_numbers(text: str) -> str:
    """A text for everybody: telephone and identity numbers blotted out."""
    return _DIGITS.sub(lambda found: found.group()[:3] + "****", text)
