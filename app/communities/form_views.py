"""Adding, editing and checking one community (M1.4.1, M1.4.4): the form of the record."""

from __future__ import annotations

import re
from typing import Any

from flask import abort, flash, jsonify, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.communities import assessment, record_queries, services
from app.communities.fields import FIELDS, GROUP_LABELS, TYPED, missing_fields
from app.communities.forms import PHONES, CommunityForm, texts_of, word_of
from app.communities.models import Community
from app.extensions import _, db
from app.kernel.errors import RuleViolation, StaleRow
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.regions import tianditu
from app.regions.cache import current
from app.web import conflicts, drafts, submissions
from app.web.errors import finding_json
from app.web.views import row_id
from app.web.wording import translate

_AREA_PAGE = re.compile(r"/(plans|reserve)/show/\d{1,18}\Z", re.ASCII)


def draft_key(record_id: int | None) -> str:
    return f"community-{record_id}" if record_id else "community-new"


def apply_picks(form: CommunityForm, record: Community, picks: Any) -> None:
    """``pick-<field>=now`` of the comparison: take over what stands in the record."""
    texts = texts_of(record)
    for key in conflicts.picked_now(picks, texts):
        form[key].data = texts[key]


class CommunityPages:
    """Mixed into CommunityView: ``add``, ``edit``, ``check``."""

    # --- the form ---

    @expose("/add", methods=["GET", "POST"])
    @has_access
    @permission_name("add")
    def add(self) -> Any:
        actor = current_actor()
        if actor.region_level != "county":
            abort(403)
        if request.method == "POST":
            return self._save(CommunityForm(actor.region_code, request.form), None)
        return self._form_page(CommunityForm(actor.region_code), None)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit(self, pk: str) -> Any:
        record = self._record(pk)
        if request.method == "POST":
            return self._save(CommunityForm.of(record, request.form), record)
        return self._form_page(CommunityForm.of(record), record)

    def _record(self, pk: str) -> Community:
        record = record_queries.find(db.session(), row_id(pk))
        return record if record is not None else abort(404)

    def _save(self, form: CommunityForm, record: Community | None) -> Any:
        """Save what was typed, or show the page again with every word of it and what stands against it."""
        session, actor = db.session(), current_actor()
        if (done := submissions.outcome(session, actor, form.token.data)) is not None:
            return redirect(done)
        if record is not None:
            apply_picks(form, record, request.form)
        values, unread = form.read(record)
        own = record.id if record is not None else None
        try:
            if unread:
                found = assessment.assess(session, form.county_code, values, own)
                raise RuleViolation([*unread, *found.findings])
            return self._carry_out(form, values, own)
        except StaleRow:
            return self._conflict(form, own or 0)
        except services.Unconfirmed as refusal:
            form.confirmed.data = assessment.warnings_digest(refusal.findings)
            return self._form_page(form, own, refusal.findings, unconfirmed=True)
        except RuleViolation as refusal:
            session.rollback()
            if (done := submissions.outcome(session, actor, form.token.data)) is not None:
                return redirect(done)
            return self._form_page(form, own, refusal.findings)

    def _carry_out(self, form: CommunityForm, values: dict[str, Any], own: int | None) -> Any:
        actor, confirmed = current_actor(), form.confirmed.data or ""
        with unit_of_work() as session:
            if own is None:
                saved = services.create_community(session, actor, values, confirmed=confirmed)
            else:
                # from the request itself: a form without it must not be taken for the newest version
                posted = request.form.get("version", "")
                version = int(posted) if posted.isdecimal() and len(posted) < 10 else 0
                saved = services.update_community(session, actor, own, values, version, confirmed=confirmed)
            more = request.form.get("then") == "more"
            target = url_for("CommunityView.add") if more else back(saved.id)
            submissions.record(session, actor, form.token.data, target)
            drafts.discard(session, actor.user_id, draft_key(own))
            name, complete, missing = saved.name, saved.is_complete, len(missing_list(saved))
        said = _("“%(name)s” was saved.", name=name)
        if not complete:
            said = _("“%(name)s” was saved; %(n)s fields are still to complete.", name=name, n=missing)
        flash(said, "success")
        return redirect(target)

    def _conflict(self, form: CommunityForm, record_id: int) -> Any:
        """Somebody else was faster: both values side by side, what was typed still stands (screen 16)."""
        db.session.rollback()
        record = self._record(str(record_id))
        changed = conflicts.differences(form, form.begun_with(), texts_of(record), word_of)
        for difference in changed:
            if not difference.touched:
                form[difference.key].data = difference.now_text
        fresh = CommunityForm.of(record)
        form.version.data, form.base.data = fresh.version.data, fresh.base.data
        return self._form_page(form, record.id, status=409, changed=changed, other=record)

    def _form_page(
        self, form: CommunityForm, record: Any, findings: Any = (), *, unconfirmed: bool = False,
        status: int = 0, changed: Any = (), other: Community | None = None,
    ) -> Any:  # fmt: skip
        own = getattr(record, "id", record)
        form.token.data = submissions.new_token()
        found = assessment.Assessment(tuple(findings))
        if findings and (form.name.data or form.lng.data):
            values, _unread = form.read()
            found = assessment.assess(db.session(), form.county_code, values, own)
        loose = form.show(findings)
        refused = any(finding.level == "error" for finding in findings)
        page = self.render_template(  # type: ignore[attr-defined]
            "communities/form.html", view=self, form=form, record_id=own, groups=GROUP_LABELS, fields=FIELDS,
            city=current().city_name(form.county_code), county=current().name(form.county_code),
            loose=loose, refused=refused, unconfirmed=unconfirmed, changed=changed, other=other,
            duplicates=self._duplicates(found), draft=draft_key(own), dirty=bool(findings or changed),
            online=tianditu.configured(), centre=centre_of(form.county_code),
        )  # fmt: skip
        return page, status or (422 if refused or unconfirmed else 200)

    def _duplicates(self, found: assessment.Assessment) -> list[dict[str, Any]]:
        rows = record_queries.brief(db.session(), [identifier for identifier, _finding in found.duplicates])
        return [
            {"name": rows[i].name, "year": rows[i].built_year, "buildings": rows[i].building_count,
             "households": rows[i].household_count, "why": translate(finding.message),
             "url": url_for("CommunityView.show", pk=i)}
            for i, finding in found.duplicates if i in rows
        ]  # fmt: skip

    @expose("/check", methods=["POST"])
    @has_access
    @permission_name("edit")
    def check(self) -> Any:
        """What the rules say about a form while it is being typed; nothing is saved."""
        actor = current_actor()
        if actor.region_level != "county":
            abort(403)
        form = CommunityForm(actor.region_code, request.form)
        values, unread = form.read()
        own = request.args.get("id", "")
        if own:
            unread = [f for f in unread if f.field not in PHONES or "****" not in (form[f.field].data or "")]
        found = assessment.assess(db.session(), actor.region_code, values, row_id(own) if own else None)
        order = {"info": 0, "warning": 1, "error": 2}
        against = sorted((*unread, *found.findings), key=lambda finding: order[finding.level])
        listed = [
            *(
                {"field": key, "level": "ok", "message": translate(note), "rule": ""}
                for key, note in found.notes
            ),
            *(finding_json(finding) for finding in against),
        ]
        return jsonify(
            findings=listed,
            confirm=assessment.warnings_digest(found.findings),
            duplicates=[
                {"url": url_for("CommunityView.show", pk=i), "why": translate(finding.message)}
                for i, finding in found.duplicates
            ],
        )


def back(community_id: int) -> str:
    """Where a saved form leads: to the area whose page it was opened from, else to the community."""
    asked = request.args.get("back", "")
    return asked if _AREA_PAGE.match(asked) else url_for("CommunityView.show", pk=community_id)


def missing_list(record: Any) -> list[str]:
    """Required fields a record still lacks, in the order of the form."""
    return missing_fields({key: getattr(record, key) for key in (*TYPED, "county_code")})


def centre_of(county_code: str) -> tuple[float, float] | None:
    """Where the map of a county opens (lng, lat)."""
    region = current().find(county_code)
    return region.centre if region else None
