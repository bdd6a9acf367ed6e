"""Declarative state machines: the table that drives services, visible buttons, diagrams and tests
(design.md).

Question 3 of the design: *does the state allow it?* A capability's rules declare one `Flow`; nothing else
decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.kernel.actor import Actor
from app.kernel.errors import Finding, Message, NotAllowed, RuleViolation, msg

Predicate = Callable[[Actor, Any], Iterable[Finding]]
"""Checks a subject for an action; empty or warnings only = nothing stands in the way."""


@dataclass(frozen=True)
class Transition:
    """One row of the table: from any of ``sources`` the ``action`` leads to ``target``.

    ``needs`` is an ``(action, resource)`` pair of the permission vocabulary (None: every actor), ``when`` the
    name of a predicate of the flow, ``label`` the English msgid of the button.
    """

    sources: tuple[str, ...]
    action: str
    target: str
    needs: tuple[str, str] | None = None
    when: str | None = None
    label: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.sources, str):
            object.__setattr__(self, "sources", (self.sources,))
        if not self.label:
            object.__setattr__(self, "label", self.action)


@dataclass(frozen=True)
class Flow:
    """States (code → English msgid, the first is the initial one) and the transitions between them.

    A table that contradicts itself (unknown state or predicate, one action twice from one state, a state that
    cannot be reached) raises ValueError when declared.
    """

    states: Mapping[str, str]
    transitions: Sequence[Transition]
    predicates: Mapping[str, Predicate] = field(default_factory=dict)
    rule: str = "FLOW"

    def __post_init__(self) -> None:
        seen: set[tuple[str, str]] = set()
        reached = {self.initial}
        for step in self.transitions:
            unknown = {*step.sources, step.target} - set(self.states)
            if unknown:
                raise ValueError(f"{step.action}: unknown states {sorted(unknown)}")
            if step.when is not None and step.when not in self.predicates:
                raise ValueError(f"{step.action}: unknown predicate {step.when!r}")
            for source in step.sources:
                if (source, step.action) in seen:
                    raise ValueError(f"{step.action} is declared twice from {source}")
                seen.add((source, step.action))
            reached.add(step.target)
        lost = set(self.states) - reached
        if lost:
            raise ValueError(f"states that no transition reaches: {sorted(lost)}")

    @property
    def initial(self) -> str:
        return next(iter(self.states))

    @property
    def actions(self) -> tuple[str, ...]:
        """Every action once, in the order of declaration."""
        return tuple(dict.fromkeys(step.action for step in self.transitions))

    def find(self, state: str, action: str) -> Transition | None:
        """The transition of ``action`` from ``state``, whoever asks; None when the table has none."""
        return next((t for t in self.transitions if t.action == action and state in t.sources), None)

    def findings(self, transition: Transition, actor: Actor, subject: Any) -> tuple[Finding, ...]:
        """What the transition's predicate has to say about the subject, warnings included."""
        if transition.when is None:
            return ()
        return tuple(self.predicates[transition.when](actor, subject))

    def offered(self, state: str, actor: Actor) -> tuple[Transition, ...]:
        """Transitions that state and permission allow: the buttons to show (a predicate may still refuse)."""
        return tuple(t for t in self.transitions if state in t.sources and _permits(t, actor))

    def allowed(self, state: str, actor: Actor, subject: Any) -> tuple[Transition, ...]:
        """Transitions that would go through now: state, permission and predicate all agree."""
        return tuple(
            t
            for t in self.offered(state, actor)
            if not any(f.is_error for f in self.findings(t, actor, subject))
        )

    def require(self, state: str, action: str, actor: Actor, subject: Any) -> Transition:
        """The transition to carry out.

        Raises NotAllowed without the permission, else RuleViolation: with rule ``FLOW`` where the state has
        no such action, with the predicate's own findings (warnings too) where one of them is hard.
        """
        candidates = [t for t in self.transitions if t.action == action]
        if candidates and not any(_permits(t, actor) for t in candidates):
            raise _not_permitted(candidates[0])
        transition = self.find(state, action)
        if transition is None:
            raise RuleViolation(Finding(self.rule, "error", None, self._why_not(state, candidates)))
        if not _permits(transition, actor):
            raise _not_permitted(transition)
        found = self.findings(transition, actor, subject)
        if any(f.is_error for f in found):
            raise RuleViolation(found)
        return transition

    def _why_not(self, state: str, candidates: Sequence[Transition]) -> Message:
        if not candidates:
            return msg("There is no such action here.")
        return msg(
            "“%(action)s” is not possible: the current state is “%(state)s”.",
            action=Message(candidates[0].label),
            state=Message(self.states.get(state, state)),
        )

    def to_mermaid(self, render: Callable[[str], str] = str) -> str:
        """The flow as a Mermaid ``stateDiagram-v2``; ``render`` turns msgids into the reader's language."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        lines += [f"    {code}: {render(label)}" for code, label in self.states.items()]
        for step in self.transitions:
            lines += [f"    {source} --> {step.target}: {render(step.label)}" for source in step.sources]
        sources = {source for step in self.transitions for source in step.sources}
        lines += [f"    {code} --> [*]" for code in self.states if code not in sources]
        return "\n".join(lines) + "\n"


def _permits(transition: Transition, actor: Actor) -> bool:
    return transition.needs is None or actor.may(*transition.needs)


def _not_permitted(transition: Transition) -> NotAllowed:
    return NotAllowed(msg("You are not permitted to do this: %(action)s.", action=Message(transition.label)))
