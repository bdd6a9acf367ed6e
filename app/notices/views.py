"""待办与消息: what waits for whoever is signed in, and what they were told (own notices only)."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, url_for
from flask_appbuilder import expose
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_appbuilder.security.decorators import has_access, permission_name

from app.extensions import _, _l, db
from app.notices import services, todo
from app.notices.listing import NoticeListing
from app.notices.models import Notice
from app.notices.rules import KINDS
from app.persistence.work import unit_of_work
from app.web.listing import State
from app.web.preferences import Preference
from app.web.views import PortalModelView, row_id


class NoticeView(PortalModelView):
    """The inbox with the to-do of today on top; notices settle by themselves."""

    route_base = "/notices"
    datamodel = SQLAInterface(Notice, db.session)
    class_permission_name = "Notice"
    listing_class = NoticeListing
    include_route_methods = frozenset({"list", "count", "preferences", "open", "read_all"})
    list_title = _l("To-do and notices")
    list_template = "notices/list.html"
    list_columns = ["kind"]
    row_pages = False

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        counts = self.listing.counts()  # type: ignore[attr-defined]
        words = {"open": _("Open (notices)"), "unread": _("Unread (notice)"), "done": _("Settled (notice)"), "all": _("All")}
        shown = [
            self._node(state, word, counts[key], {} if key == "open" else {"show": key}, children=[])
            for key, word in words.items()
        ]
        shown[0]["current"] = not state.plain
        waits = todo.of_actor(db.session())
        return {
            "tree": [shown], "tree_title": _("Notices (tree)"), "todo": waits, "today": todo.day_words(),
            "unread": counts["unread"], "kinds": [(key, _(kind.label)) for key, kind in KINDS.items()],
        }  # fmt: skip

    @expose("/open/<pk>", methods=["POST"])
    @has_access
    @permission_name("list")
    def open(self, pk: str) -> Any:
        """Mark a notice as read and go where it leads."""
        with unit_of_work() as session:
            link = services.read(session, row_id(pk)).link
        return redirect(link or url_for("NoticeView.list"))

    @expose("/read-all", methods=["POST"])
    @has_access
    @permission_name("list")
    def read_all(self) -> Any:
        """Mark everything as read."""
        with unit_of_work() as session:
            number = services.read_all(session)
        flash(_("%(n)s notices were marked as read.", n=number), "success")
        return redirect(self.path("list"))
