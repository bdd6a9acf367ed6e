"""Base of the console's Flask-Admin views: all off by default, one sign-in, services as the only writers.

Flask-Admin by itself lets anybody in, reads single rows past ``get_query``, takes forms without CSRF and
commits in its own way; each is replaced here once: a view only declares what it shows and may do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import AdminIndexView
from flask_admin.contrib.sqla import ModelView
from flask_admin.form import SecureForm
from flask_wtf import FlaskForm
from jinja2 import pass_context
from sqlalchemy import Column, func, inspect, literal_column, select
from sqlalchemy.orm import Query, Session
from wtforms import Form

from app.audit import fields
from app.audit.rules import plain
from app.extensions import _, _l, db
from app.kernel.actor import Actor
from app.kernel.errors import PortalError, RuleViolation, StaleRow
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.web.listing import COUNT_CAP, PAGE_SIZES
from app.web.wording import translate


class ConsoleForm(SecureForm):
    """Flask-Admin's secured form with the CSRF token of every other form of the portal."""

    class Meta(FlaskForm.Meta):
        """The session's token instead of one of Flask-Admin's own."""

    def values(self) -> dict[str, Any]:
        """What was typed, by field, without the token."""
        return {name: field.data for name, field in self._fields.items() if name != "csrf_token"}


class Gated:
    """Who may open a page: others meet no page at all, who is not signed in meets the sign-in page."""

    resource = ""

    def is_accessible(self) -> bool:
        actor = current_actor()
        return actor.may("can_show", "Console") and (
            not self.resource or actor.may("can_list", self.resource)
        )

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        if current_actor().is_authenticated:
            abort(404)
        return redirect(url_for("AuthView.login", next=request.full_path.rstrip("?")))

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Called once: Flask-Admin tries again in another way after any TypeError, which hides faults."""
        return fn(self, *args, **kwargs)


class ConsoleIndex(Gated, AdminIndexView):
    """The console's first page."""


class ConsoleView(Gated, ModelView):
    """One table of the console. A subclass switches on what it needs: ``can_create``, ``can_edit`` and so on.

    ``resource`` is the permission's resource; ``writer`` and ``eraser`` call the capability's services.
    """

    can_create = False
    can_edit = False
    can_delete = False
    can_view_details = False
    can_export = False
    column_editable_list: Any = None
    column_display_actions = True
    can_set_page_size = True
    page_size = PAGE_SIZES[0]
    page_size_options = PAGE_SIZES
    form_base_class = ConsoleForm
    named_filter_urls = True
    icon = "table"
    hint: Any = ""
    create_form_class: type[Form] | None = None
    edit_form_class: type[Form] | None = None
    show: Mapping[str, Callable[[Any], Any]] = {}
    groups: tuple[tuple[Any, tuple[str, ...]], ...] = ()
    # what else can be done with a row: name of a view taking its number by POST → permission's action
    deeds: Mapping[str, str] = {}

    # ── what is off does not exist ──
    def _handle_view(self, name: str, **kwargs: Any) -> Any:
        on = {
            "index_view": True,
            "create_view": self.can_create and self.allows("add"),
            "edit_view": self.can_edit and self.allows("edit"),
            "details_view": self.can_view_details,
            "delete_view": self.can_delete and self.allows("delete"),
            "ajax_update": bool(self.column_editable_list) and self.allows("edit"),
            **{deed: self.allows(action) for deed, action in self.deeds.items()},
        }
        refused = super()._handle_view(name, **kwargs)
        return refused or (None if on.get(name, False) else abort(404))

    def allows(self, action: str) -> bool:
        """Whether the signed-in actor's roles include the action on this view's resource."""
        return current_actor().may(f"can_{action}", self.resource)

    def offered(self, row: Any) -> list[tuple[str, str]]:
        """What the actor may do with a row, beside changing and removing it: (view, word on the button)."""
        return []

    # ── reading ──
    def get_one(self, id: str) -> Any:
        """The row of that primary key within ``get_query``; any other does not exist."""
        key = inspect(self.model).primary_key[0]
        if not id or "\x00" in id or len(id) > 60:
            abort(404)
        try:
            wanted = key.type.python_type(id) if key.type.python_type in (int, str) else self.key_of(id)
        except ValueError:
            abort(404)
        if isinstance(wanted, int) and not 0 <= wanted < 2**63:
            abort(404)
        return self.get_query().filter(key == wanted).one_or_none() or abort(404)

    def key_of(self, text: str) -> Any:
        """A primary key that is neither number nor text, from its address. Raises: ValueError."""
        raise ValueError(text)

    def get_count_query(self) -> Any:
        """Counts no further than the cap; ``get_list`` limits the pages to it."""
        return CappedCount(super().get_count_query())

    def get_list(
        self, page: Any, sort_column: Any, sort_desc: Any, search: Any, filters: Any, **more: Any
    ) -> Any:
        size = self.get_safe_page_size(more.get("page_size"))
        last = COUNT_CAP // size - 1
        return super().get_list(
            min(max(page or 0, 0), last), sort_column, sort_desc, search, filters, **more
        )

    def get_safe_page_size(self, page_size: int | None) -> int:
        return page_size if page_size in PAGE_SIZES else self.page_size

    def _get_list_filter_args(self) -> Any:
        """Flask-Admin's filters, without the fields that were left empty."""
        found = super()._get_list_filter_args()
        return [(index, name, value) for index, name, value in found or () if value.strip()]

    def get_filter_arg(self, index: int, flt: Any) -> str:
        return str(flt.key)

    def _get_list_extra_args(self) -> Any:
        found = super()._get_list_extra_args()
        found.search = (found.search or "").replace("\x00", "").strip()[:100] or None
        return found

    # ── showing ──
    def render(self, template: str, **kwargs: Any) -> str:
        """Give lists the addresses of their pages, counted from one, and a page number that exists."""
        if pager_url := kwargs.get("pager_url"):
            kwargs["page"] = min(max(kwargs["page"] or 0, 0), max(kwargs["num_pages"] - 1, 0))
            kwargs |= {
                "pager": lambda number: pager_url(number - 1),
                "sizer": kwargs["page_size_url"],
                "cap": COUNT_CAP,
            }
        return super().render(template, **kwargs)  # type: ignore[no-any-return]

    def get_column_name(self, field: str) -> Any:
        column = self._column(field)
        label = column.info.get("label") if column is not None else None
        common = fields.COMMON.get(field)
        return label or (_l(common) if common else super().get_column_name(field))

    def _column(self, name: str) -> Column[Any] | None:
        attribute = inspect(self.model).column_attrs.get(name)
        return attribute.columns[0] if attribute is not None else None  # type: ignore[return-value]

    @pass_context
    def get_list_value(self, context: Any, model: Any, name: str) -> Any:
        if name in self.show:
            return self.show[name](model)
        return fields.show(name, self._column(name), plain(getattr(model, name)))

    @pass_context
    def get_detail_value(self, context: Any, model: Any, name: str) -> Any:
        return self.get_list_value(context, model, name)

    # ── writing, by services only ──
    def get_create_form(self) -> type[Form]:
        return self.create_form_class or self.form_base_class

    def get_edit_form(self) -> type[Form]:
        return self.edit_form_class or self.form_base_class

    def writer(self, session: Session, actor: Actor, values: dict[str, Any], model: Any | None) -> Any:
        """Call the service that adds (``model`` None) or changes a row."""
        raise NotImplementedError

    def eraser(self, session: Session, actor: Actor, model: Any) -> None:
        """Call the service that removes a row."""
        raise NotImplementedError

    def create_model(self, form: Form) -> Any:
        return self._write(form, None)

    def update_model(self, form: Form, model: Any) -> Any:
        return self._write(form, model)

    def _write(self, form: Form, model: Any | None) -> Any:
        try:
            with unit_of_work() as session:
                return self.writer(session, current_actor(), form.values(), model) or True  # type: ignore[attr-defined]
        except RuleViolation as refused:
            place_findings(form, refused)
        except StaleRow as stale:
            show_conflict(form, stale)
        return False

    def delete_model(self, model: Any) -> bool:
        try:
            with unit_of_work() as session:
                self.eraser(session, current_actor(), model)
        except PortalError as refused:
            flash(translate(refused.message), "danger")
            return False
        return True


class CappedCount:
    """A count query that stops one above ``COUNT_CAP``; conditions and joins go through to the query."""

    def __init__(self, query: Query[Any]) -> None:
        self._query = query

    def __getattr__(self, name: str) -> Any:
        wrapped = getattr(self._query, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return CappedCount(wrapped(*args, **kwargs))

        return call

    def scalar(self) -> int:
        inner = self._query.with_entities(literal_column("1")).limit(COUNT_CAP + 1).subquery()
        return int(db.session.execute(select(func.count()).select_from(inner)).scalar_one())


def place_findings(form: Form, refused: RuleViolation) -> None:
    """Put each finding beside its field (or the first of its parts); what has none goes above the form."""
    for finding in refused.findings:
        text = translate(finding.message)
        name = finding.field or ""
        parts = (field for key, field in form._fields.items() if name and key.startswith(f"{name}__"))
        field = form._fields.get(name) or next(parts, None)
        if field is None:
            flash(text, "danger")
        else:
            field.errors = [*field.errors, text]


def show_conflict(form: Form, stale: StaleRow) -> None:
    """Keep what was typed, say what stands now beside each field that differs, take over the version."""

    flash(
        translate(stale.message) + " " + _("Your values are kept; save again to put them in place."),
        "danger",
    )
    for name, field in form._fields.items():
        if name == "version":
            field.data, field.raw_data = stale.version, None
        elif name in stale.current and plain(stale.current[name]) != plain(field.data):
            now = fields.show(name, None, plain(stale.current[name]))
            field.errors = [*field.errors, _("Now stands: %(value)s", value=now or "—")]
