"""Who acts: an immutable snapshot of the signed-in account, resolved once per request."""

from __future__ import annotations

from dataclasses import dataclass

from app.kernel.scope import Scope

_NOTHING = Scope.nothing()


@dataclass(frozen=True)
class Actor:
    """The account behind a request, job or command; read by rules and services instead of ``g.user``.

    ``permissions`` holds ``(action, resource)`` pairs of FAB's vocabulary, e.g. ``("can_edit", "Community")``.
    """

    user_id: int | None = None
    username: str = ""
    display_name: str = ""
    region_code: str = ""
    region_level: str = ""
    department: str = ""
    scope: Scope = _NOTHING
    roles: frozenset[str] = frozenset()
    permissions: frozenset[tuple[str, str]] = frozenset()
    session_id: int | None = None
    must_change_password: bool = False
    is_system: bool = False

    def may(self, action: str, resource: str) -> bool:
        """Whether one of the actor's roles holds the permission (question 1 of design.md)."""
        return self.is_system or (action, resource) in self.permissions

    @property
    def is_authenticated(self) -> bool:
        return self.user_id is not None or self.is_system


ANONYMOUS = Actor()
SYSTEM = Actor(username="system", display_name="system", scope=Scope.everything(), is_system=True)
