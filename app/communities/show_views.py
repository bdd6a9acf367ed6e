"""The page of one community (M1.4.4): its fields, what is missing, what holds it, its history and its files."""

from __future__ import annotations

from typing import Any

from flask import abort, jsonify, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from markupsafe import Markup

from app.attachments.panels import panels
from app.audit import history as trail
from app.audit import services as audit
from app.communities import assessment, record_queries, services
from app.communities.evidence import OWNER
from app.communities.fields import GROUP_LABELS, TYPED
from app.communities.form_views import missing_list
from app.communities.forms import PHONES, text_of, word_of
from app.communities.models import Community
from app.exchange.queries import batch_written_at
from app.extensions import _, db
from app.kernel.text import mask_phone
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.regions import tianditu
from app.regions.cache import current
from app.web import record_parts
from app.web.errors import wants_json
from app.web.fragments import fragment, kept
from app.web.rows import html
from app.web.views import row_id
from app.web.wording import number

# fields shown as a figure: decimals and unit
_FIGURES = {
    "building_count": (None, "buildings (unit)"), "household_count": (None, "households (unit)"),
    "floor_area": (4, "10k ㎡"), "planned_investment": (2, "10k yuan"), "unit_count": (None, "pcs"),
    "unit_without_elevator_count": (None, "pcs"), "substandard_household_count": (None, "pcs"),
}  # fmt: skip


class CommunityShowPages:
    """Mixed into CommunityView: ``show``, ``reveal``."""

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        """The page; with ``part`` in the address its history or its files alone, which it fetches when looked at."""
        record = record_queries.shown(db.session(), row_id(pk)) or abort(404)
        part = request.args.get("part")
        if part == "history":
            return record_parts.history_part("Community", "Community", record.id, self._address(record), origin(record))
        if part == "files":
            return record_parts.files_part(self._files(record))
        return self._show_page(record)

    def _address(self, record: Any) -> str:
        return url_for("CommunityView.show", pk=record.id)

    def _files(self, record: Any) -> Any:
        return panels(db.session(), current_actor(), OWNER.entity, record)

    def _show_page(self, record: Any, revealed: dict[str, str] | None = None) -> Any:
        address = self._address(record)
        return self.render_template(  # type: ignore[attr-defined]
            "communities/show.html", view=self, record=record, here=address,
            county=current().name(record.county_code), labels=labels(),
            facts=_facts(record, self.may("reveal"), revealed or {}),  # type: ignore[attr-defined]
            missing=missing_list(record), warnings=assessment.read_warnings(record.confirmed_warnings),
            holder=services.holder_of(record) if record.place_state != "free" else None,
            history=record_parts.History.asked("Community", "Community", record.id, address, origin(record)),
            files=self._files(record) if "files" in request.args else None,
            online=tianditu.configured(),
        )  # fmt: skip

    @expose("/reveal/<pk>/<field>", methods=["POST"])
    @has_access
    @permission_name("reveal")
    def reveal(self, pk: str, field: str) -> Any:
        """The whole phone number; that it was looked at is recorded (rules.md, Phones)."""
        record = record_queries.find(db.session(), row_id(pk)) or abort(404)
        if field not in PHONES:
            abort(404)
        with unit_of_work() as session:
            number = getattr(record, field)
            audit.record(
                session, "reveal", entity="Community", entity_id=record.id, label=record.name,
                county_code=record.county_code, after={"field": field},
            )  # fmt: skip
        if wants_json():
            return jsonify(phone=number)
        return self._show_page(record_queries.find(db.session(), row_id(pk)) or abort(404), {field: number})


def origin(record: Any) -> record_parts.Origin:
    """Where the history begins if an import made the community; asked only when the history is looked at."""
    if record.import_batch_id is None:
        return None

    def first() -> trail.Entry | None:
        batch = batch_written_at(db.session(), "Community", record.county_code, record.created_at, record.import_batch_id)
        return batch and trail.imported(record.created_at, record.created_by, batch.file_name, batch.id)

    return first


def labels() -> dict[str, str]:
    """What each field is called, from the table's own labels."""
    columns = Community.__table__.c
    return kept(
        "community labels", lambda: {key: str(columns[key].info.get("label", key)) for key in (*TYPED, "county_code")}
    )


def _facts(record: Any, may_reveal: bool, revealed: dict[str, str]) -> Markup:
    """The four groups of fields: their frame is kept, the values are filled in."""
    names = current()
    values: dict[str, Any] = {key: _value(record, key) for key in TYPED}
    values |= {key: _phone(record, key, may_reveal, revealed) for key in PHONES}
    values |= {"city": names.city_name(record.county_code), "county": names.name(record.county_code)}
    slots = {key: record_parts.or_dash(value) for key, value in values.items()}
    return fragment("communities/facts.html", slots, labels=tuple(labels().items()), groups=tuple(GROUP_LABELS.items()))


def _value(record: Any, key: str) -> Any:
    value = getattr(record, key)
    if key in _FIGURES and value is not None:
        digits, unit = _FIGURES[key]
        return record_parts.figure(number(value, digits), _(unit))
    if key == "built_year" and value:
        late = value > 2000
        note = Markup(kept("built late", _late)) if late else ""
        return Markup(record_parts.figure(str(value), _("year"))) + note
    return word_of(key, text_of(key, value))


def _late() -> str:
    why, word = html(_("Built after 2000: included only where suitable")), html(_("suitable"))
    return f' <span class="tag tag-warn" title="{why}">{word}</span>'


def _phone(record: Any, key: str, may_reveal: bool, revealed: dict[str, str]) -> Any:
    """A number with all but its ends covered, and the button that shows it, to those who may."""
    if key in revealed:
        return Markup(f'<span class="code">{html(revealed[key])}</span>')
    if not getattr(record, key):
        return ""
    slots = {
        "number": mask_phone(getattr(record, key)),
        "reveal": url_for("CommunityView.reveal", pk=record.id, field=key),
    }
    return fragment("frame/phone.html", slots, may_reveal=may_reveal)
