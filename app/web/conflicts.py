"""Two people saved one record: what stands now beside what was typed, field by field (screen 16)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """A field that somebody else changed meanwhile: what stands now and what this person typed."""

    key: str
    label: str
    now: str
    mine: str
    now_text: str
    mine_text: str
    touched: bool


def differences(
    form: Any, begun: Mapping[str, str], now: Mapping[str, str], word_of: Callable[[str, str], str]
) -> list[Difference]:
    """Fields that somebody else changed meanwhile (or all that differ when the beginning is not known).

    ``form`` answers ``typed()``: texts by field; ``begun`` are the texts it was shown with, ``now`` those of the
    record; ``word_of(key, text)`` is a text as people read it.
    """
    typed = form.typed()
    found = []
    for key, mine in typed.items():
        first = begun.get(key) if begun else None
        if now[key] in (mine, first):
            continue
        label = str(form[key].label.text)
        shown = word_of(key, now[key]), word_of(key, mine)
        found.append(Difference(key, label, *shown, now[key], mine, mine != first))
    return found


def picked_now(picks: Mapping[str, str], keys: Any) -> list[str]:
    """Fields whose present value was chosen in the comparison (``pick-<field>=now``)."""
    return [key for key in keys if picks.get(f"pick-{key}") == "now"]


def pick(form: Any, picks: Mapping[str, str], texts: Mapping[str, str]) -> None:
    """Put the present values that were chosen in the comparison into the form; ``texts`` stand in the record."""
    for key in picked_now(picks, texts):
        form.put(key, texts[key])


def merged(form: Any, now: Mapping[str, str]) -> list[Difference]:
    """`differences` of a record form; what this person did not touch takes over what stands now."""
    changed = differences(form, form.begun_with(), now, form.word_of)
    for difference in changed:
        if not difference.touched:
            form.put(difference.key, difference.now_text)
    return changed


def begin_anew(form: Any, fresh: Any) -> None:
    """Let a form start from what stands now (a form of the record as it is): the next save is compared with that."""
    form.version.data, form.base.data = fresh.version.data, fresh.base.data
