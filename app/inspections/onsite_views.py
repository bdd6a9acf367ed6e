"""The page for the phone: photos with time and place, answers one by one, a queue for weak connections."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from flask import Response, abort, current_app, flash, jsonify, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.annual_plans.services import get_plan
from app.areas import queries as areas
from app.attachments.panels import panels, panels_of_many
from app.extensions import _, db
from app.inspections import queries, rules, services
from app.inspections.models import Inspection, InspectionItem
from app.kernel import calendar
from app.kernel.errors import RuleViolation, StaleRow
from app.persistence.context import current_actor
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from app.recognition import pages
from app.recognition.item_form import part_text
from app.recognition.rules import CONTENT_STATES
from app.regions.cache import current
from app.web.assets import asset
from app.web.record_form import text_of
from app.web.views import row_id
from app.web.wording import translate

MOST_BYTES = 16 * 1024
_OFFLINE = (
    "vendor/tabler.min.css", "css/portal.css", "css/shell.css", "css/attachments.css", "css/onsite.css", "js/theme.js", "js/portal.js",
    "js/session.js", "js/forms.js", "js/list.js", "js/sha256.js", "js/onsite.js", "vendor/htmx.min.js", "img/icons.svg",
    "img/logo.svg",
)  # fmt: skip
"""What the page needs to open without a connection."""


def _place(payload: dict[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """Longitude and latitude of a payload (WGS-84 degrees), both or neither; malformed: 400."""
    if payload.get("lng") is None and payload.get("lat") is None:
        return None, None
    try:
        lng, lat = Decimal(str(payload["lng"])), Decimal(str(payload["lat"]))
    except (InvalidOperation, KeyError):
        abort(400)
    if not (lng.is_finite() and lat.is_finite() and abs(lng) <= 180 and abs(lat) <= 90):
        abort(400)
    return lng, lat


def _time(raw: Any) -> dt.datetime:
    """An aware time (ISO 8601) not in the future; malformed: 400."""
    try:
        at = dt.datetime.fromisoformat(raw)
    except (ValueError, TypeError):
        abort(400)
    if at.tzinfo is None or at > utcnow() + dt.timedelta(days=1):
        abort(400)
    return at


def _payload() -> dict[str, Any]:
    if (request.content_length or 0) > MOST_BYTES:
        abort(413)
    found = request.get_json(silent=True)
    return found if isinstance(found, dict) else abort(400)


def item_json(item: InspectionItem) -> dict[str, Any]:
    """What the phone keeps of a content."""
    return {
        "id": item.id, "version": item.version, "finding": item.finding, "problem": item.problem,
        "hand_over": item.hand_over, "deadline": text_of("deadline", item.deadline),
    }  # fmt: skip


class OnsitePages:
    """Mixed into InspectionView: ``onsite``, ``answer``, ``arrive``, ``finish``, ``worker``."""

    @expose("/<pk>/onsite", methods=["GET"])
    @has_access
    @permission_name("edit")
    def onsite(self, pk: str) -> Any:
        """One hand, 360 px: contents with 无问题/有问题, camera, position, what still waits to be sent."""
        session, actor = db.session(), current_actor()
        inspection = queries.get_inspection(session, row_id(pk))
        if not rules.may_write(actor, inspection.level, inspection.state):
            return redirect(url_for("InspectionView.show", pk=inspection.id))
        plan = get_plan(session, inspection.plan_task_id)
        photos = panels_of_many(session, actor, "InspectionItem", [item.id for item in inspection.items], writable=True)
        sheet = panels(session, actor, "Inspection", inspection, (rules.SHEET,))[0]
        due = calendar.today() + dt.timedelta(days=current().profile(plan.county_code).rectify_days)
        return self.render_template(  # type: ignore[attr-defined]
            "inspections/onsite.html", view=self, inspection=inspection, plan=plan, rules=rules, photos=photos,
            sheet=sheet, place=pages.place(plan), states=CONTENT_STATES, plain=part_text, due=due,
            data=self._data(inspection, plan, due),
        )  # fmt: skip

    def _data(self, inspection: Inspection, plan: Any, due: dt.date) -> dict[str, Any]:
        """What the script of the page works with."""
        communities = areas.all_communities_of(db.session(), "plan_task", plan.id)
        points = [
            [float(row["lng"]), float(row["lat"])]
            for row in communities
            if row["lng"] is not None and row["lat"] is not None
        ]
        return {
            "id": inspection.id, "user": current_actor().username, "points": points, "due": due.isoformat(),
            "items": [item_json(item) for item in inspection.items], "begin": url_for("AttachmentView.begin"),
            "answer": url_for("InspectionView.answer", pk=0)[:-1],
            "arrive": url_for("InspectionView.arrive", pk=inspection.id),
            "worker": url_for("InspectionView.worker"), "scope": url_for("InspectionView.list").replace("list/", ""),
            "session": url_for("SessionView.live"), "sheets": rules.SHEET, "photo": rules.PHOTO,
            "arrived": bool(inspection.arrived_at),
        }  # fmt: skip

    @expose("/answer/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def answer(self, pk: str) -> Any:
        """What was found about one content: JSON finding, problem, hand_over, deadline, version → the content.

        409 with what stands now where a colleague was faster; 422 with the findings.
        """
        payload, key = _payload(), row_id(pk)
        version = payload.get("version")
        if not isinstance(version, int) or isinstance(version, bool):
            abort(400)
        typed = {name: payload[name] for name in rules.ITEM_READERS if name in payload}
        if not all(isinstance(value, str | bool) for value in typed.values()):
            abort(400)
        try:
            with unit_of_work() as session:
                item = services.answer(session, key, typed, version)
                found = item_json(item)
        except StaleRow as refusal:
            db.session.rollback()
            now = queries.find_item(db.session(), key)
            if now is None:
                abort(404)
            return jsonify(message=translate(refusal.message), current=item_json(now)), 409
        return jsonify(found)

    @expose("/arrive/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def arrive(self, pk: str) -> Any:
        """Where and when the phone found itself on the spot: JSON at, lng, lat; kept once."""
        payload = _payload()
        lng, lat = _place(payload)
        at = _time(payload.get("at"))
        with unit_of_work() as session:
            services.arrive(session, queries.get_inspection(session, row_id(pk)), at, lng, lat)
        return jsonify(arrived=True)

    @expose("/finish/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def finish(self, pk: str) -> Any:
        """结论 on the phone: date, inspectors and conclusion are saved, then everything is checked."""
        key = row_id(pk)
        typed = {name: request.form[name] for name in rules.READERS if name in request.form}
        try:
            with unit_of_work() as session:
                inspection = queries.get_inspection(session, key)
                if "*" in typed.get("inspector_phone", ""):
                    del typed["inspector_phone"]
                services.save(session, inspection, typed, {}, pages.posted_version())
            with unit_of_work() as session:
                inspection = queries.get_inspection(session, key)
                services.conclude(session, inspection, inspection.version)
        except (RuleViolation, StaleRow) as refusal:
            pages.say(refusal)
            db.session.rollback()
            return redirect(url_for("InspectionView.onsite", pk=key))
        flash(_("The inspection was concluded."), "success")
        return redirect(url_for("InspectionView.show", pk=key))

    @expose("/worker.js", methods=["GET"])
    @has_access
    @permission_name("edit")
    def worker(self) -> Any:
        """The service worker below this folder: opens the page of an inspection without a connection."""
        path = Path(str(current_app.static_folder), "js", "onsite-worker.js")
        files = " ".join(asset(name) for name in _OFFLINE)
        script = path.read_text(encoding="utf-8").replace("__FILES__", files)
        answer = Response(script, mimetype="text/javascript")
        answer.headers["Cache-Control"] = "no-cache"
        return answer
