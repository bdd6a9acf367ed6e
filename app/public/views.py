"""公示 without signing in, and the county's inbox of comments (N2.1)."""

from __future__ import annotations

import io
from typing import Any

import segno
from flask import abort, current_app, flash, redirect, request, send_file, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_appbuilder.utils.limit import Limit

from app.extensions import _, _l, db
from app.kernel.calendar import today
from app.kernel.errors import RuleViolation, StaleRow
from app.persistence.context import current_scope, unscoped
from app.persistence.work import unit_of_work
from app.public import queries, rules, services
from app.public.listing import CommentListing
from app.public.models import SchemeComment
from app.regions.cache import current
from app.schemes.rules import PROPERTY_MANAGEMENT
from app.web.listing import State, whole
from app.web.preferences import Preference
from app.web.views import PortalModelView, row_id
from app.web.wording import translate


def _address() -> str:
    return request.remote_addr or ""


class PublicSchemeView(BaseView):
    """``/public/schemes/``: schemes in publicity, without persons; anybody may comment, within limits."""

    route_base = "/public/schemes"
    default_view = "list"
    limits = [
        Limit(lambda: current_app.config["PUBLIC_RATE_LIMIT"], key_func=_address, methods=["GET"]),
        Limit(lambda: current_app.config["COMMENT_RATE_LIMIT"], key_func=_address, methods=["POST"]),
    ]

    @expose("/")
    def list(self) -> Any:
        """Schemes in publicity today, newest first."""
        text = request.args.get("q", "").replace("\x00", "").strip()[:60]
        page = min(max(whole(request.args.get("page")) or 1, 1), 10_000)
        with unscoped("schemes in publicity are for everybody"):
            rows, more = queries.running(db.session(), today(), text, page)
        return self.render_template(
            "public/list.html", rows=rows, more=more, page=page, text=text, path=current().path
        )

    @expose("/<pk>", methods=["GET"])
    def show(self, pk: str) -> Any:
        return self._page(row_id(pk))

    @expose("/<pk>/comment", methods=["POST"])
    def comment(self, pk: str) -> Any:
        """A resident's comment; it goes to the county and is shown only with the county's answer."""
        number, typed = row_id(pk), request.form.get("text", "")[:5000]
        if request.form.get("website"):
            abort(400)
        try:
            with unit_of_work() as session:
                services.add_comment(session, number, typed, today())
        except RuleViolation as refusal:
            return self._page(number, typed, [translate(f.message) for f in refusal.findings], 422)
        flash(_("Thank you. Your comment was passed on to the county."), "success")
        return redirect(url_for("PublicSchemeView.show", pk=number))

    def _page(self, number: int, typed: str = "", errors: Any = (), status: int = 200) -> Any:
        with unscoped("schemes in publicity are for everybody"):
            session = db.session()
            row = queries.find(session, number, today())
            if row is None:
                abort(404)
            running = row.published_until >= today()
            contents = queries.contents(session, number) if running else ()
            answers = queries.answered(session, number) if running else ()
        page = self.render_template(
            "public/scheme.html", row=row, running=running, contents=contents, answers=answers, typed=typed,
            errors=errors, path=current().path(row.county_code), forms=PROPERTY_MANAGEMENT, most=rules.LONGEST,
            blot=rules.without_numbers,
        )  # fmt: skip
        return page, status

    @expose("/<pk>/qr.svg", methods=["GET"])
    def qr(self, pk: str) -> Any:
        """The page's address as a QR code, for the notice board."""
        number = row_id(pk)
        with unscoped("schemes in publicity are for everybody"):
            if queries.find(db.session(), number, today()) is None:
                abort(404)
        out = io.BytesIO()
        code = segno.make(url_for("PublicSchemeView.show", pk=number, _external=True), error="m")
        code.save(out, kind="svg", scale=6, border=2, svgclass=None, lineclass=None)
        out.seek(0)
        return send_file(out, "image/svg+xml", download_name=f"scheme-{number}.svg", max_age=300)


class SchemeCommentView(PortalModelView):
    """The county's inbox of residents' comments: answered in public, or kept from being shown."""

    route_base = "/scheme-comments"
    datamodel = SQLAInterface(SchemeComment, db.session)
    class_permission_name = "SchemeComment"
    listing_class = CommentListing
    include_route_methods = frozenset({"list", "count", "preferences", "show", "handle"})
    list_template = "public/comments.html"
    list_columns = ["text"]
    list_title = _l("Residents' comments")
    row_pages = False

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        found = {
            key: self.listing.exact_count(current_scope(), self.listing.state({"state": key}))
            for key in ("new",)
        }

        def node(label: str, number: int | None, args: dict[str, str]) -> dict[str, Any]:
            plain = {k: v for k, v in state.args.items() if k not in ("sort", "size", "page")}
            return {"label": label, "href": State(dict(args)).url(self.path("list")), "count": number,
                    "current": plain == args, "icon": "", "children": []}  # fmt: skip

        states = [node(_(word), found.get(key), {"state": key}) for key, word in rules.STATES.items()]
        saved = [
            node(_("My view: %(name)s", name=view["name"]), None, view["args"]) for view in preference.views
        ]
        return {"tree": [[node(_("All"), None, {})], states, saved] if saved else [[node(_("All"), None, {})], states],
                "states": rules.STATES}  # fmt: skip

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def show(self, pk: str) -> Any:
        return self._page(services.get_comment(db.session(), row_id(pk)))

    @expose("/handle/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def handle(self, pk: str) -> Any:
        """Answer in public, or keep from being shown."""
        comment = services.get_comment(db.session(), row_id(pk))
        state, answer = request.form.get("state", ""), request.form.get("answer", "")[:5000]
        version = whole(request.form.get("version")) or 0
        try:
            with unit_of_work() as session:
                services.handle(session, comment, state, answer, version)
        except (RuleViolation, StaleRow) as refusal:
            db.session.rollback()
            said = refusal.findings if isinstance(refusal, RuleViolation) else ()
            texts = [translate(f.message) for f in said] or [translate(refusal.message)]
            again = services.get_comment(db.session(), row_id(pk))
            return self._page(again, state, answer, texts, refusal.status)
        flash(_("The comment was handled."), "success")
        return redirect(self.path("list", state="new"))

    def _page(
        self, comment: SchemeComment, state: str = "", answer: str = "", errors: Any = (), status: int = 200
    ) -> Any:
        rows = tuple(self.listing.export(self.listing.state({}), self.listing.columns, [comment.id]))
        page = self.render_template(
            "public/comment.html", view=self, comment=comment, name=rows[0].name if rows else "", errors=errors,
            state=state or comment.state, answer=answer or comment.answer, states=rules.STATES, kinds=rules.KINDS,
            most=rules.LONGEST,
        )  # fmt: skip
        return page, status
