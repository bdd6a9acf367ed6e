"""A report as the rules see it, with what is typed on the page and not saved yet (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.kernel.text import BadInput
from app.monthly_reports.rules import ITEM_READERS, READERS, split_key
from app.monthly_reports.submission_rules import ReportFacts

_FACT: dict[str, str] = {"cumulative_investment": "cumulative", "year_investment": "year"}


def with_typed(facts: ReportFacts, texts: Mapping[str, str]) -> ReportFacts:
    """The same report with these texts in its fields; what cannot be read is unread, as after saving."""
    unread = {key: text for key, text in facts.unread.items() if key not in texts}
    own: dict[str, Any] = {}
    items: dict[int, dict[str, Any]] = {}
    for key, text in texts.items():
        split = split_key(key)
        reader = READERS.get(key) or (ITEM_READERS[split[0]] if split else None)
        if reader is None:
            continue
        try:
            value = reader(text)
        except BadInput:
            unread[key], value = text, None
        if split is None:
            own[_FACT.get(key, key)] = value
        elif value is not None or key not in unread or split[0].startswith("quantity"):
            items.setdefault(split[1], {})[split[0]] = value
    contents = tuple(replace(item, **items.get(item.id, {})) for item in facts.items)
    return replace(facts, **own, items=contents, unread=unread)
