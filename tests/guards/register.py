"""Which rows of the requirement register are delivered, and must therefore be proved by a test."""

from __future__ import annotations

import re

from tests.guards.source import REGISTER, RULES

# grows with every delivery; a row never leaves
OWED: tuple[str, ...] = (
    "M1.0", "M1.1", "M1.L", "M1.4", "M1.4.1", "M1.4.1g", "M1.4.2", "M1.4.3", "M1.4.4",
    "M1.5.1", "M1.5.1l", "M1.5.2", "M1.5.3", "M1.5.4", "M1.6", "M1.6.c", "M1.6.1", "M1.6.2", "M1.6.3", "M1.6.6",
    "M2.1.4", "R11", "R16", "R17",
    "D1", "D2", "D3", "D4", "N2.1r", "G4",
    "R01", "R02", "R03", "R04", "R05", "R06", "R21",
)  # fmt: skip


def known_ids() -> set[str]:
    """Every id of the register and of the rules; rows that hold several (M1.6.4.2 · M1.6.4.3) give them all."""
    text = REGISTER.read_text(encoding="utf-8") + RULES.read_text(encoding="utf-8")
    found = set(re.findall(r"^\| ([A-Z][\w.]*) \|", text, re.MULTILINE))
    return found | set(re.findall(r"· (M[\d.]+) ", text))
