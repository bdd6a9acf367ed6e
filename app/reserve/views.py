"""项目储备 / 储备库: pages of reserve projects (M1.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy.orm import Session

from app.areas import services as links
from app.areas.form_views import AreaFormPages, Group, Section, Slot
from app.areas.link_views import LinkPages, Order
from app.areas.list_views import AreaBinPages, AreaListPages
from app.areas.show_views import AreaShowPages
from app.extensions import _, _l, db
from app.persistence.context import current_actor
from app.reserve import services
from app.reserve.forms import ReserveForm
from app.reserve.listing import ReserveBinListing, ReserveListing
from app.reserve.models import ReserveProject
from app.web.views import row_id

RESPONSIBLE = (
    Slot("supervision_unit"), Slot("supervisor_name"), Slot("supervisor_phone"),
    Slot("address", "c2"), Slot("original_owners"),
)  # fmt: skip
BASICS = Section(
    "edit", _l("Edit reserve project"), ReserveForm,
    (Group(_l("Basic information in total"), (Slot("name", "c2"), *RESPONSIBLE),
           _l("Figures come from the linked communities")),),
    services.update_reserve, sums=True,
)  # fmt: skip


class ReserveView(AreaFormPages, LinkPages, AreaShowPages, AreaListPages):
    """The list of reserve projects with tree, search and export; form, dialog and page are mixed in."""

    route_base = "/reserve"
    datamodel = SQLAInterface(ReserveProject, db.session)
    class_permission_name = "ReserveProject"
    listing_class = ReserveListing
    include_route_methods = frozenset({
        "list", "export", "count", "preferences", "add", "edit", "show", "reveal", "delete", "action_post",
        "link", "link_rows", "link_post",
    })  # fmt: skip
    list_template = "reserve/list.html"
    list_columns = ["name"]
    show_template = "reserve/show.html"
    add_form = ReserveForm
    edit_form = ReserveForm
    add_title = _l("Add reserve project")
    dialog_title = _l("Link communities to the reserve project")
    unplanned = _l("In no plan yet")
    entity = "reserve"
    basics = BASICS
    bin_endpoint = "ReserveBinView.list"
    major_owner = "reserve"

    @property
    def list_title(self) -> Any:
        """项目储备 for counties, 储备库 for those above."""
        return _("Project reserve") if current_actor().region_level == "county" else _("Reserve library")

    def find(self, pk: str) -> ReserveProject:
        return services.get_reserve(db.session(), row_id(pk))

    def create(self, session: Session, county_code: str, typed: Mapping[str, Any]) -> ReserveProject:
        return services.create_reserve(session, county_code, typed)

    def carry_out(self, session: Session, area: ReserveProject, order: Order) -> links.LinkReport:
        if order.action == "link":
            return services.link(session, area, order.communities)
        return services.unlink(session, area, None if order.everything else order.communities)

    def delete_areas(self, session: Session, ids: Sequence[int]) -> list[int]:
        return services.delete_reserves(session, ids)


class ReserveBinView(AreaBinPages):
    """Recycle bin of reserve projects."""

    route_base = "/reserve/bin"
    datamodel = SQLAInterface(ReserveProject, db.session)
    class_permission_name = "ReserveProject"
    listing_class = ReserveBinListing
    include_route_methods = frozenset({"list", "count", "preferences", "action_post"})
    list_title = _l("Recycle bin of reserve projects")
    list_columns = ["name"]
    back_endpoint = "ReserveView.list"
    back_title = _l("Project reserve")

    def restore_areas(self, session: Session, ids: Sequence[int]) -> list[int]:
        return services.restore_reserves(session, ids)
