"""The actor behind the current request, job or command. Nobody set means nobody may see anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from app.kernel.actor import ANONYMOUS, Actor
from app.kernel.scope import Scope

_actor: ContextVar[Actor] = ContextVar("actor", default=ANONYMOUS)
_lifted: ContextVar[str] = ContextVar("scope_lifted", default="")


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

    Only Core rows or scalars may leave the block: entities loaded inside are not kept by the session (see gate).
    """
    if not reason:
        raise ValueError("unscoped() wants a reason")
    token = _lifted.set(reason)
    try:
        yield
    finally:
        _lifted.reset(token)


def scope_lifted() -> bool:
    return bool(_lifted.get())


def current_scope() -> Scope:
    """The scope in force: the actor's own, or everything inside ``unscoped``."""
    return Scope.everything() if _lifted.get() else _actor.get().scope
