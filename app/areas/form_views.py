"""Adding and editing an area, section by section: what was typed is kept, versions are compared (M1.4.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import abort, flash, jsonify, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from sqlalchemy.orm import Session

from app.areas.models import Area
from app.audit import services as audit
from app.extensions import _, db
from app.kernel.errors import Finding, RuleViolation, StaleRow
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.web import conflicts, drafts, submissions
from app.web.errors import wants_json
from app.web.record_form import RecordForm
from app.web.views import row_id


@dataclass(frozen=True)
class Slot:
    """A field of a section: its place in the grid, unit, hint, whether it can be typed."""

    key: str
    css: str = ""
    unit: Any = ""
    hint: Any = ""
    readonly: bool = False


@dataclass(frozen=True)
class Group:
    """Fields under one heading; ``grid`` is the class of the grid."""

    title: Any
    slots: tuple[Slot, ...]
    note: Any = ""
    grid: str = "f3"


@dataclass(frozen=True)
class Section:
    """A part of a record that is edited on its own: its form, its groups and the service that saves it."""

    key: str
    title: Any
    form: type[RecordForm]
    groups: tuple[Group, ...]
    save: Callable[[Session, Any, Mapping[str, Any], int], Any]
    tab: str = "basics"
    sums: bool = False


@dataclass
class Shown:
    """What a form page tells besides the form."""

    findings: tuple[Finding, ...] = ()
    status: int = 0
    changed: list[conflicts.Difference] = field(default_factory=list)
    other: Any = None


class AreaFormPages:
    """Mixed into views of areas: ``add``, ``edit`` and helpers for further sections, ``reveal``."""

    entity = ""
    add_title: Any
    basics: Section

    def find(self, pk: str) -> Any:
        """The record of the actor's scope. Raises: OutOfScope (404)."""
        raise NotImplementedError

    def create(self, session: Session, county_code: str, typed: Mapping[str, Any]) -> Any:
        """Create through the service."""
        raise NotImplementedError

    def form_notes(self, record: Any | None) -> list[str]:
        """Sentences above the form. Override."""
        return []

    def locked_fields(self, record: Any | None) -> frozenset[str]:
        """Fields that cannot be typed now. Override."""
        return frozenset()

    @expose("/add", methods=["GET", "POST"])
    @has_access
    @permission_name("add")
    def add(self) -> Any:
        if current_actor().region_level != "county":
            abort(403)
        if request.method == "POST":
            return self.save_section(self.basics, None)
        return self._page(self.basics, self.new_form(), None, Shown())

    def new_form(self) -> RecordForm:
        """An empty form. Override to fill in what is usual."""
        return self.basics.form()

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        return self.section_page(self.basics, pk)

    def section_page(self, section: Section, pk: str) -> Any:
        """Show or save one section of a record."""
        record = self.find(pk)
        if request.method == "POST":
            return self.save_section(section, record)
        return self._page(section, section.form.of(record), record, Shown())

    # ── saving ──
    def save_section(self, section: Section, record: Any | None) -> Any:
        session, actor = db.session(), current_actor()
        form: Any = (
            section.form.of(record, request.form) if record is not None else section.form(request.form)
        )
        if (done := submissions.outcome(session, actor, form.token.data)) is not None:
            return redirect(done)
        if record is not None:
            texts = section.form.texts_of(record)
            for key in {
                *conflicts.picked_now(request.form, texts),
                *(self.locked_fields(record) & set(texts)),
            }:
                form.put(key, texts[key])
        own = record.id if record is not None else None
        try:
            return self._carry_out(section, form, record)
        except StaleRow:
            return self._conflict(section, form, own)
        except RuleViolation as refusal:
            session.rollback()
            if (done := submissions.outcome(session, actor, form.token.data)) is not None:
                return redirect(done)
            again = self.find(str(own)) if own is not None else None
            return self._page(section, form, again, Shown(findings=refusal.findings))

    def _carry_out(self, section: Section, form: Any, record: Any | None) -> Any:
        actor = current_actor()
        with unit_of_work() as session:
            texts = form.changes(record)
            if record is None:
                saved = self.create(session, actor.region_code, texts)
            else:
                typed = {k: text for k, text in texts.items() if k not in self.locked_fields(record)}
                posted = request.form.get("version", "")
                version = int(posted) if posted.isascii() and posted.isdigit() and len(posted) < 10 else 0
                saved = section.save(session, record, typed, version)
            target = f"{self.route_base}/show/{saved.id}"  # type: ignore[attr-defined]
            target += f"?tab={section.tab}" if section.tab != "basics" else ""
            submissions.record(session, actor, form.token.data, target)
            drafts.discard(session, actor.user_id, self.draft_key(section, record))
            name = saved.name
        flash(_("“%(name)s” was saved.", name=name), "success")
        return redirect(target)

    def _conflict(self, section: Section, form: Any, own: Any) -> Any:
        """Somebody else was faster: both values side by side, what was typed still stands (screen 16)."""
        db.session.rollback()
        db.session.expire_all()
        record = self.find(str(own))
        changed = conflicts.merged(form, section.form.texts_of(record))
        conflicts.begin_anew(form, section.form.of(record))
        return self._page(section, form, record, Shown(status=409, changed=changed, other=record))

    def draft_key(self, section: Section, record: Any | None) -> str:
        return f"{self.entity}-{record.id}-{section.key}" if record is not None else f"{self.entity}-new"

    def _page(self, section: Section, form: Any, record: Area | None, shown: Shown) -> Any:
        form.token.data = submissions.new_token()
        loose = form.show(shown.findings)
        county = record.county_code if record is not None else current_actor().region_code
        page = self.render_template(  # type: ignore[attr-defined]
            "areas/form.html", view=self, section=section, form=form, record=record, loose=loose, shown=shown,
            refused=bool(shown.findings), draft=self.draft_key(section, record),
            notes=self.form_notes(record),
            locked=self.locked_fields(record), county=current().name(county),
            city=current().city_name(county),
            title=section.title if record is not None else self.add_title,
        )  # fmt: skip
        return page, shown.status or (422 if shown.findings else 200)

    # ── phones ──
    @expose("/reveal/<pk>", methods=["POST"])
    @has_access
    @permission_name("reveal")
    def reveal(self, pk: str) -> Any:
        """The whole phone number; that it was looked at is recorded (rules.md, Phones)."""
        record = self.find(str(row_id(pk)))
        with unit_of_work() as session:
            number = record.supervisor_phone
            audit.record(
                session, "reveal", entity=type(record).__name__, entity_id=record.id, label=record.name,
                county_code=record.county_code, after={"field": "supervisor_phone"},
            )  # fmt: skip
        if wants_json():
            return jsonify(phone=number)
        return redirect(f"{self.route_base}/show/{record.id}")  # type: ignore[attr-defined]
