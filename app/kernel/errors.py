"""Messages, findings and refusals of the rules (pure Python: rendered into a language only by the web layer)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["error", "warning", "info"]


def N_(msgid: str) -> str:
    """Mark an English msgid for translation without translating it yet."""
    return msgid


@dataclass(frozen=True)
class Message:
    """A translatable sentence: an English msgid with ``%(name)s`` places and their values.

    >>> str(Message("Must not exceed %(most)s.", {"most": 14}))
    'Must not exceed 14.'
    """

    msgid: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.msgid % self.values if self.values else self.msgid

    def __hash__(self) -> int:
        return hash((self.msgid, tuple(sorted((k, str(v)) for k, v in self.values.items()))))


def msg(msgid: str, **values: Any) -> Message:
    """Short form of ``Message(msgid, values)``; extracted by ``pybabel extract -k msg``."""
    return Message(msgid, values)


@dataclass(frozen=True)
class Finding:
    """What a rule found: its register id (``R02``), how hard it is, the field it stands beside (or None) and why."""

    rule: str
    level: Level
    field: str | None
    message: Message

    @property
    def is_error(self) -> bool:
        return self.level == "error"


class PortalError(Exception):
    """Base of every refusal the product raises on purpose; carries a message for the user."""

    status = 400

    def __init__(self, message: Message | str) -> None:
        self.message = message if isinstance(message, Message) else Message(message)
        super().__init__(str(self.message))


class RuleViolation(PortalError):
    """One or more hard rules refuse the action; nothing was changed."""

    status = 422

    def __init__(self, findings: Iterable[Finding] | Finding) -> None:
        self.findings: tuple[Finding, ...] = (findings,) if isinstance(findings, Finding) else tuple(findings)
        super().__init__(self.findings[0].message if self.findings else Message("The action was refused."))


class OutOfScope(PortalError):
    """The row belongs to somebody else: for this actor it does not exist (answered 404, never explained)."""

    status = 404

    def __init__(self, what: str = "") -> None:
        super().__init__(Message("Not found."))
        self.what = what


class NotAllowed(PortalError):
    """The actor's roles do not include the permission (answered 403)."""

    status = 403


class StaleRow(PortalError):
    """Somebody else changed the row since it was read; carries what stands now, keyed by field (answered 409)."""

    status = 409

    def __init__(self, current: dict[str, Any] | None = None, version: int | None = None) -> None:
        super().__init__(Message("Someone else has changed this record meanwhile."))
        self.current = current or {}
        self.version = version


class Busy(StaleRow):
    """The database gave the transaction up for another one, again and again; nothing was saved (answered 409)."""

    def __init__(self) -> None:
        super().__init__()
        text = N_("Others were writing the same records at the same moment. Nothing was saved: please try again.")
        self.message = Message(text)
        self.args = (text,)
