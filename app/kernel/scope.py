"""Whose rows an actor may see: a region prefix, a set of plan tasks, nothing, or (for jobs and commands) everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ScopeKind = Literal["nothing", "region", "plans", "everything"]


@dataclass(frozen=True)
class Scope:
    """The rows that exist for an actor (roles.md). Fails closed: the default scope holds nothing.

    ``prefix`` is a GB/T 2260 code without trailing zero pairs: ``43`` province, ``4307`` city, ``430703`` county.
    """

    kind: ScopeKind = "nothing"
    prefix: str = ""
    plan_ids: frozenset[int] = frozenset()

    @classmethod
    def nothing(cls) -> Scope:
        return cls()

    @classmethod
    def everything(cls) -> Scope:
        return cls(kind="everything")

    @classmethod
    def region(cls, code: str) -> Scope:
        """Scope of a region code of any level; ``430000`` becomes the prefix ``43``."""
        return cls(kind="region", prefix=region_prefix(code))

    @classmethod
    def plans(cls, plan_ids: frozenset[int]) -> Scope:
        return cls(kind="plans", plan_ids=plan_ids)

    @property
    def bounds(self) -> tuple[str, str]:
        """Half-open range ``low <= county_code < high`` that an index on county_code can serve.

        An empty scope gives ``("", "")``, which no code satisfies.
        """
        if self.kind == "everything":
            return "", ":"
        if self.kind == "region" and self.prefix:
            return self.prefix.ljust(6, "0"), (self.prefix + ":").ljust(6, "0")
        return "", ""

    def holds(self, county_code: str | None, plan_task_id: int | None) -> bool:
        """Whether a row of this county, and of this plan task if it has one, exists for the actor."""
        if self.kind == "plans":
            return plan_task_id is not None and plan_task_id in self.plan_ids
        return self.covers(county_code)

    def covers(self, county_code: str | None) -> bool:
        """Whether a county's rows exist for the actor; a set of plan tasks covers no county."""
        if self.kind == "everything":
            return True
        if not county_code:
            return False
        return self.kind == "region" and bool(self.prefix) and county_code.startswith(self.prefix)


def region_prefix(code: str) -> str:
    """Strip trailing ``00`` pairs of a six-digit region code: ``430700`` → ``4307``."""
    code = code.strip()
    while code.endswith("00"):
        code = code[:-2]
    return code
