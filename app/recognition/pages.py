"""What the pages of recognitions, inspections and supervision issues have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from flask import flash, request
from sqlalchemy.orm import Session

from app.extensions import _
from app.kernel.errors import Finding, PortalError, RuleViolation
from app.kernel.flow import Flow
from app.persistence.context import current_actor, current_scope
from app.persistence.transitions import trace
from app.recognition.models import Recognition
from app.recognition.rules import DOCUMENTS, EDITABLE
from app.regions.cache import current
from app.web.listing import State
from app.web.preferences import Preference
from app.web.wording import translate

MOST_REASON = 1000
MARKS = {
    "begin": ("plus", ""), "submit": ("send", "wait"), "withdraw": ("arrow-back-up", "warn"),
    "return": ("arrow-back-up", "bad"), "recognise": ("circle-check", "ok"), "revoke": ("arrow-back-up", "bad"),
    "discard": ("trash", ""), "conclude": ("circle-check", "ok"), "annul": ("arrow-back-up", "bad"),
    "hand_over": ("link", ""), "open": ("send", "wait"), "rectify": ("send", "wait"), "confirm": ("circle-check", "ok"),
    "send_back": ("arrow-back-up", "bad"),
}  # fmt: skip
_DOCUMENTS = frozenset(purpose for purposes in DOCUMENTS.values() for purpose in purposes)


def reason() -> str:
    """The reason of the form, of bounded length."""
    return request.form.get("reason", "").replace("\x00", "").strip()[:MOST_REASON]


def posted_version() -> int:
    """The version in the request itself; none there means the change is based on nothing."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def say(refusal: PortalError) -> None:
    """Every sentence of a refusal above the next page."""
    if isinstance(refusal, RuleViolation):
        say_all(refusal.findings)
    else:
        flash(translate(refusal.message), "danger")


def say_all(findings: Iterable[Finding]) -> None:
    for finding in list(findings)[:30]:
        flash(translate(finding.message), "danger" if finding.is_error else "warning")


def editable(recognition: Recognition) -> bool:
    """Whether the actor meets the form rather than the page."""
    return recognition.state in EDITABLE and current_actor().may("can_edit", "Recognition")


def beside(
    findings: Iterable[Finding], names: frozenset[str] = _DOCUMENTS
) -> tuple[dict[str, list[str]], list[Finding]]:
    """(sentences by place for contents and files, the others)."""
    found: dict[str, list[str]] = {}
    others = []
    for finding in findings:
        name = finding.field or ""
        if name == "items" or name.startswith("item_") or name in names:
            found.setdefault(name, []).append(translate(finding.message))
        else:
            others.append(finding)
    return found, others


def place(plan: Any) -> str:
    """City and county of a plan task."""
    names = current()
    return f"{names.city_name(plan.county_code)} {names.name(plan.county_code)}"


def events(session: Session, entity: str, record_id: int, flow: Flow) -> list[dict[str, Any]]:
    """流程追踪 as `ui.trace` draws it, newest first."""
    words = {step.action: step.label for step in flow.transitions}
    found = []
    for step in reversed(trace(session, entity, record_id)):
        glyph, kind = MARKS.get(step.action, ("point", ""))
        what = _(words[step.action]) if step.action in words else _("Begun (step)")
        found.append(
            {
                "what": what,
                "glyph": glyph,
                "kind": kind,
                "who": step.actor_name,
                "at": step.at,
                "note": step.note,
            }
        )
    return found


class CheckLists:
    """Mixed into the three lists: a tree of regions and states, and the way from one list to the others."""

    choices: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    listing: Any

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        """Tree (state → number, region) and the words of the filters."""
        counts = self.listing.state_counts(current_scope())
        code = current_actor().region_code
        top = self._node(state, current().name(code) if code else _("All"), sum(counts.values()), {})  # type: ignore[attr-defined]
        top["current"], top["children"] = not state.plain, []
        states = [
            self._node(state, _(word), counts[key], {"state": key}, children=[])  # type: ignore[attr-defined]
            for key, word in self.choices["state"].items()
            if counts.get(key)
        ]
        saved = [
            self._node(state, _("My view: %(name)s", name=view["name"]), None, view["args"], icon="bookmark",  # type: ignore[attr-defined]
                       children=[])
            for view in preference.views
        ]  # fmt: skip
        tree = [group for group in ([top], states, saved) if group]
        return {"tree": tree, "choices": self.choices, "tree_title": _("Directory by state")}
