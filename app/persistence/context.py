"""The actor behind the current request, job or command. Nobody set means nobody may see anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from app.kernel.actor import ANONYMOUS, Actor
from app.kernel.scope import Scope

_actor: ContextVar[Actor] = ContextVar("actor", default=ANONYMOUS)
_lifted: ContextVar[str] = ContextVar("scope_lifted", default="")
_when_restored: list[Callable[[], None]] = []


def when_scope_restored(callback: Callable[[], None]) -> None:
    """Call this whenever an ``unscoped`` block ends (the gate drops what such a block loaded)."""
    _when_restored.append(callback)



def current_actor() -> Actor:
    """The actor of this request, job or command; ``ANONYMOUS`` (sees nothing) when none was resolved."""
    return _actor.get()


def set_actor(actor: Actor) -> Token[Actor]:
    return _actor.set(actor)


def reset_actor(token: Token[Actor]) -> None:
    _actor.reset(token)


@contextmanager
def acting_as(actor: Actor) -> Iterator[Actor]:
    """Run a block as this actor (jobs, commands, tests)."""
    token = _actor.set(actor)
    try:
        yield actor
    finally:
        _actor.reset(token)


@contextmanager
def unscoped(reason: str) -> Iterator[None]:
    """Look past the scope gate for the length of the block; the reason is searchable in the code.

    Rows outside the actor's scope that were loaded inside are dropped from the session at the end.
    """
    if not reason:
        raise ValueError("unscoped() wants a reason")
    token = _lifted.set(reason)
    try:
        yield
    finally:
        _lifted.reset(token)
        for callback in _when_restored:
            callback()


def scope_lifted() -> bool:
    return bool(_lifted.get())


def current_scope() -> Scope:
    """The scope in force: the actor's own, or everything inside ``unscoped``."""
    return Scope.everything() if _lifted.get() else _actor.get().scope
