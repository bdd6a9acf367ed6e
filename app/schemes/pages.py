"""What the pages of a scheme have in common: finding it, its owner, its frame, its address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, request, url_for

from app.areas.models import Area
from app.extensions import _, db
from app.kernel.calendar import today
from app.kernel.errors import Finding, RuleViolation
from app.persistence.context import current_actor
from app.regions.cache import current
from app.reserve.models import ReserveProject
from app.schemes import files, queries, rules, services, timeline
from app.schemes.models import Scheme
from app.web.views import row_id
from app.web.wording import translate


@dataclass(frozen=True)
class Frame:
    """A scheme with what every page of it shows."""

    scheme: Scheme
    area: Area
    kind: str
    state: str
    light: str
    editable: bool
    city: str
    county: str
    showing: bool

    @property
    def trail(self) -> list[tuple[str, str | None]]:
        """Breadcrumbs before the page's own title."""
        return [(_("Schemes"), url_for("SchemeView.list")), (self.area.name, None)]


def find(pk: str) -> Scheme:
    """The scheme of an address; one that the actor may not know of does not exist (404)."""
    scheme = queries.get_scheme(db.session(), row_id(pk))
    return scheme if rules.visible_to(current_actor(), scheme.review_round) else abort(404)


def frame(scheme: Scheme) -> Frame:
    """Owner, state and what the actor may do with it."""
    area = services.owner_row(db.session(), scheme)
    names = current()
    return Frame(
        scheme, area, "reserve" if isinstance(area, ReserveProject) else "plan",
        _(rules.FLOW.states[scheme.state]), timeline.KINDS[scheme.state],
        scheme.state in rules.EDITABLE and current_actor().may("can_edit", "Scheme"),
        names.city_name(scheme.county_code), names.name(scheme.county_code),
        bool(scheme.published_until and scheme.published_until >= today()),
    )  # fmt: skip


def posted_version() -> int:
    """The version in the request itself; none there means the change is based on nothing."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def say(refusal: RuleViolation) -> None:
    """Every sentence of a refusal above the next page."""
    for finding in refusal.findings[:20]:
        flash(translate(finding.message), "danger")


def attachments(scheme: Scheme) -> Any:
    """The panels of the four attachments."""
    from app.attachments.panels import panels

    return panels(db.session(), current_actor(), files.OWNER.entity, scheme)


def split(findings: Iterable[Finding]) -> tuple[dict[str, list[str]], list[Finding]]:
    """(sentences by field for contents and attachments, the others)."""
    beside: dict[str, list[str]] = {}
    others = []
    for finding in findings:
        name = finding.field or ""
        if name.startswith(("item_", "quantity1_", "quantity2_")) or name in ("items", *rules.ATTACHMENTS):
            beside.setdefault(name, []).append(translate(finding.message))
        else:
            others.append(finding)
    return beside, others
