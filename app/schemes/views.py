"""方案: the list of schemes and the pages of one (M1.5.1, M1.6.4, N2.1)."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface

from app.extensions import _, _l, db
from app.persistence.context import current_actor, current_scope
from app.regions.cache import current
from app.schemes import rules
from app.schemes.catalogue_views import CatalogueBookView
from app.schemes.content_views import SchemeContentPages
from app.schemes.flow_views import SchemeFlowPages
from app.schemes.form_views import SchemeFormPages
from app.schemes.forms import SchemeForm
from app.schemes.listing import SchemeListing
from app.schemes.major_views import MajorProjectView
from app.schemes.models import Scheme
from app.web.listing import State
from app.web.preferences import Preference
from app.web.views import PortalModelView


class SchemeView(SchemeFormPages, SchemeContentPages, SchemeFlowPages, PortalModelView):
    """Schemes of the jurisdiction, or those under joint review for its reviewers."""

    route_base = "/schemes"
    datamodel = SQLAInterface(Scheme, db.session)
    class_permission_name = "Scheme"
    listing: SchemeListing
    listing_class = SchemeListing
    include_route_methods = frozenset({
        "list", "export", "count", "preferences", "show", "edit", "tab", "begin", "contents", "item", "remove",
        "withdraw", "approve", "send_back", "publish", "decide",
    })  # fmt: skip
    list_template = "schemes/list.html"
    list_columns = ["state"]
    add_form = edit_form = SchemeForm
    row_pages = False

    @property
    def list_title(self) -> Any:
        return _l("Joint review of schemes") if rules.department_of(current_actor()) else _l("Schemes")

    def list_context(self, state: State, preference: Preference) -> dict[str, Any]:
        counts = self.listing.state_counts(current_scope())
        department = rules.department_of(current_actor())
        plain = {k: v for k, v in state.args.items() if k not in ("sort", "size", "page")}

        def node(label: str, number: int | None, args: dict[str, str], **more: Any) -> dict[str, Any]:
            href = State(dict(args)).url(self.path("list"))
            return {"label": label, "href": href, "count": number, "current": plain == args, "icon": "",
                    "children": [], **more}  # fmt: skip

        code = current_actor().region_code
        top = node(current().name(code) if code else _("All"), sum(counts.values()), {})
        top["children"] = [
            node(_(label), counts[key], {"state": key})
            for key, label in rules.FLOW.states.items()
            if counts.get(key)
        ]
        waiting = node(
            _("Waiting for me") if department else _("Waiting for a decision"),
            None,
            {"waiting": "1"},
            icon="hourglass",
        )
        saved = [
            node(_("My view: %(name)s", name=view["name"]), None, view["args"], icon="bookmark")
            for view in preference.views
        ]
        return {"tree": [[top], [waiting, *saved]], "states": tuple(rules.FLOW.states.items()), "department": department}


VIEWS = (SchemeView, CatalogueBookView, MajorProjectView)
