"""How an earlier stage tells later ones that something happened, without knowing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Observers(Generic[P, R]):
    """Functions of later stages, called in the order of registration; each is registered once.

    >>> heard = Observers()
    >>> _ = heard.register(lambda number: number + 1)
    >>> heard(1)
    [2]
    """

    def __init__(self) -> None:
        self._called: list[Callable[P, R]] = []

    def register(self, function: Callable[P, R]) -> Callable[P, R]:
        """Add a function (usable as a decorator); a second registration changes nothing."""
        if function not in self._called:
            self._called.append(function)
        return function

    def remove(self, function: Callable[P, R]) -> None:
        self._called.remove(function)

    def __call__(self, *args: Any, **kwargs: Any) -> list[R]:
        """What every function answers; an exception of one refuses the whole action."""
        return [function(*args, **kwargs) for function in self._called]
