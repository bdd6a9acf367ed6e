"""What the pages of records share: figures, and history and files that are fetched when somebody looks at them.

A page shows its history at once when its address says so (``tab=history``, or ``before`` for older changes): so every
part is reached without scripts too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, render_template, request
from markupsafe import Markup

from app.audit import history as trail
from app.persistence.context import current_actor
from app.web.listing import whole
from app.web.rows import html

Origin = Callable[[], trail.Entry | None] | None
DASH = Markup('<span class="muted">—</span>')


def figure(text: str, unit: Any) -> Markup:
    """A number with its unit."""
    return Markup(f'<span class="fig">{html(text)}</span><span class="u">{html(unit)}</span>')


def or_dash(value: Any) -> Any:
    """The value, or a dash where there is none."""
    return DASH if value is None or value == "" else value


@dataclass(frozen=True)
class History:
    """The history tab of a record: its events when the address asks for them, else where to fetch them."""

    address: str
    events: trail.History | None

    @property
    def open(self) -> bool:
        return self.events is not None

    @classmethod
    def asked(
        cls, entity: str, resource: str, record_id: int, address: str, origin: Origin = None
    ) -> History | None:
        """For those who may read the history, else None; ``origin`` as of `app.audit.history.history`."""
        if not current_actor().may("can_history", resource):
            return None
        before = request.args.get("before")
        wanted = before is not None or request.args.get("tab") == "history"
        if not wanted:
            return cls(address, None)
        return cls(address, trail.history(entity, record_id, before=whole(before), origin=origin))


def history_part(entity: str, resource: str, record_id: int, address: str, origin: Origin = None) -> Any:
    """The history alone (``part=history``); 404 for those who may not read it."""
    if not current_actor().may("can_history", resource):
        abort(404)
    events = trail.history(entity, record_id, before=whole(request.args.get("before")), origin=origin)
    return render_template("components/history_part.html", history=History(address, events))


def files_part(files: Sequence[Any]) -> Any:
    """The files alone (``part=files``)."""
    return render_template("components/files_part.html", files=files)
