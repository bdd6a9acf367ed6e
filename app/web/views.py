"""Base of every entity's views: FAB's ModelView with our list page, flow and refusals."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from flask import abort, jsonify, request, url_for
from flask_appbuilder import ModelView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from markupsafe import Markup

from app.extensions import db
from app.kernel.calendar import today
from app.persistence.context import current_actor, current_scope
from app.persistence.gate import execute_applied
from app.persistence.work import unit_of_work
from app.regions.cache import current
from app.web import exports, preferences
from app.web.fragments import fragment, kept, macro
from app.web.listing import Column, Listing, Page, State
from app.web.paths import page_path
from app.web.rows import column_boxes, table_body, table_head
from app.web.tree import Groups, tree_groups


class PortalModelView(ModelView):
    """A FAB view whose list is a ``Listing``; deleting and actions answer POST only, downloads do not exist.

    Subclasses set ``datamodel``, ``route_base``, ``class_permission_name``, ``listing_class``, ``list_title``;
    ``row_pages`` is False where a row has no page of its own, ``row_edit`` where it is edited from that page alone.
    """

    listing_class: type[Listing]
    list_template = "components/list_page.html"
    nav_key = ""
    row_pages = True
    row_edit = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.listing = self.listing_class(lambda *a, **k: execute_applied(db.session(), *a, **k))

    def path(self, name: str, **values: Any) -> str:
        """Address of one of this view's own pages."""
        endpoint = f"{type(self).__name__}.{name}"
        return url_for(endpoint, **values) if values else page_path(endpoint)

    def may(self, action: str) -> bool:
        return current_actor().may(f"can_{action}", self.class_permission_name)

    # ── list ──
    @expose("/list/")
    @has_access
    @permission_name("list")
    def list(self) -> Any:
        preference = preferences.of(current_actor().user_id, self.listing.key)
        state = self.listing.state(request.args, preference.size)
        columns = self.listing.pick(preference.columns)
        context = self.list_context(state, preference)
        everything = context.pop("everything", None) if self.listing.unnarrowed(state) else None
        page = self.listing.page(state, columns, everything)
        here = self.path("list")
        return self.render_template(
            self.list_template,
            view=self,
            listing=self.listing,
            state=state,
            columns=columns,
            page=page,
            head=self._head(columns, state, here),
            body=table_body(self, columns, page),
            preference=preference,
            drawers=self._drawers(columns, page, preference, here),
            here=here,
            pager=self._pager(page, state, here),
            **context,
        )

    def _head(self, columns: Sequence[Column], state: State, here: str) -> Markup:
        key = ("head", here, *[column.key for column in columns], state.pairs)
        return kept(key, lambda: table_head(columns, state, here))

    def _pager(self, page: Page, state: State, here: str) -> Markup:
        """Links to other pages and sizes of this list."""

        def draw() -> Markup:
            return macro("components/macros.html", "pager")(
                page.total, page.number, page.size,
                lambda number: state.url(here, page=number if number > 1 else None),
                lambda size: state.url(here, size=size), self.listing.sizes, page.capped,
            )  # fmt: skip

        return kept(("pager", here, state.pairs, page.total, page.number, page.size, page.capped), draw)

    def _drawers(self, columns: Sequence[Column], page: Page, preference: preferences.Preference, here: str) -> Markup:
        """Export panel, choice of columns and saved views."""
        export_boxes, chooser = column_boxes(self.listing, columns)
        total = f"{page.total:,}+" if page.capped else f"{page.total:,}"
        return fragment(
            "frame/list_drawers.html",
            {"rows": len(page.rows), "total": total, "export_name": self.export_name()},
            export=self.path("export") if "export" in self.include_route_methods and self.may("export") else "",
            more_export=self.more_export(),
            preferences=self.path("preferences"),
            here=here,
            export_boxes=export_boxes,
            column_boxes=chooser,
            views=preference.key,
        )

    def more_export(self) -> str:
        """Where the export panel sends its range for the library of major projects; '' for no such file. Override."""
        return ""

    def tree(self, state: State, preference: preferences.Preference, data: Hashable, make: Callable[[], Groups]) -> Markup:
        """The directory of the list; ``data`` is what was counted, ``make`` gives groups of nodes from that,
        the state, the views, the actor's region and the regions' names, and from nothing else."""
        actor = current_actor()
        place = (actor.region_code, actor.region_level, current().version)
        key = ("tree", type(self), place, state.pairs, preference.key, data)
        return kept(key, lambda: tree_groups(make()))

    def list_context(self, state: State, preference: preferences.Preference) -> dict[str, Any]:
        """What a list adds to the page: tree, sums, toolbar; ``everything`` tells how many rows there are in all
        where the tree has counted them anyway. Override."""
        return {"tree": [], "sums": ""}

    def _node(self, state: State, label: str, count: int | None, args: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A node of the list's tree: the list with these arguments, its sorting and page size kept."""
        active = {k: v for k, v in args.items() if v}
        href = state.kept.url(self.path("list"), **active)
        current = bool(active) and state.plain == active
        return {"label": label, "href": href, "count": count, "current": current, "icon": "", **more}

    def export_name(self) -> str:
        """Proposed name of the exported file."""
        area = current().name(current_actor().region_code) if current_actor().region_code else ""
        return f"{area}{self.list_title}_{today():%Y%m%d}"

    # ── export ──
    @expose("/export/", methods=["POST"])
    @has_access
    @permission_name("export")
    def export(self) -> Any:
        """The ticked rows, this page or everything that matches, as a workbook (M1.L, D4)."""
        return exports.answer(self.listing, request.args, request.form, str(self.list_title), self.class_permission_name)

    def row_locked(self, row: Any) -> str:
        """Why a row may not be ticked for deletion, or nothing. Override."""
        return ""

    def row_locks(self, rows: Sequence[Any]) -> Sequence[str]:
        """The same for all rows of a page; to be overridden where many rows have the same reason."""
        return [self.row_locked(row) for row in rows]

    @expose("/count/")
    @has_access
    @permission_name("list")
    def count(self) -> Any:
        """The exact number behind a capped count."""
        state = self.listing.state(request.args)
        return jsonify(total=self.listing.exact_count(current_scope(), state))

    @expose("/preferences/", methods=["POST"])
    @has_access
    @permission_name("list")
    def preferences(self) -> Any:
        """Remember columns, page size or a saved view (M1.L)."""
        payload = request.get_json(silent=True)
        if not isinstance(payload, dict):
            abort(400)
        with unit_of_work():
            known = [column.key for column in self.listing.columns if column.screen]
            saved = preferences.save(current_actor().user_id, self.listing, payload, known)
        return jsonify(columns=saved.columns, size=saved.size, views=saved.views)

    # ── what FAB would answer too freely ──
    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    @permission_name("delete")
    def delete(self, pk: str) -> Any:
        abort(404)

    @expose("/action/<string:name>/<pk>", methods=["POST"])
    @has_access
    @permission_name("delete")
    def action(self, name: str, pk: str) -> Any:
        abort(404)

    @expose("/action_post", methods=["POST"])
    @has_access
    @permission_name("delete")
    def action_post(self) -> Any:
        abort(404)


def row_id(pk: str) -> int:
    """The primary key in an address; anything else is a page that does not exist."""
    if not pk.isascii() or not pk.isdigit() or len(pk) > 18:
        abort(404)
    return int(pk)
