"""新增, 修改 and 删除改造内容 of a scheme (M1.6.4.1 – M1.6.4.3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name

from app.extensions import _, db
from app.kernel.errors import N_, Finding, RuleViolation, StaleRow
from app.persistence.work import unit_of_work
from app.schemes import checklist, pages, rules, services
from app.schemes.models import Scheme
from app.web.views import row_id
from app.web.wording import translate

MOST_ROWS = 1000
CHANGED = N_(
    "Somebody else changed this scheme meanwhile. Your ticks and quantities still stand; check and save again."
)


def ticked() -> dict[int, tuple[str, str]]:
    """Catalogue item → quantities as typed, of the rows that are ticked."""
    chosen = request.form.getlist("item")
    if len(chosen) > MOST_ROWS:
        abort(413)

    def typed(number: int, key: str) -> str:
        return request.form.get(f"quantity{number}_{key}", "").strip()

    return {row_id(key): (typed(1, key), typed(2, key)) for key in chosen}


def sentences(findings: Iterable[Finding]) -> dict[str, list[str]]:
    """Field → what stands against it."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        found.setdefault(finding.field or "", []).append(translate(finding.message))
    return found


class SchemeContentPages:
    """Mixed into SchemeView: ``contents``, ``item``, ``remove``."""

    @expose("/contents/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def contents(self, pk: str) -> Any:
        """The whole catalogue in force as one grid; one request saves it."""
        scheme = pages.find(pk)
        if request.method == "GET":
            return self._grid(scheme)
        chosen = ticked()
        try:
            with unit_of_work() as session:
                number = checklist.save(session, scheme, chosen, pages.posted_version())
        except StaleRow:
            db.session.rollback()
            again = pages.find(pk)
            return self._grid(
                again,
                chosen,
                {"": [_(CHANGED)]},
                409,
            )
        except RuleViolation as refusal:
            db.session.rollback()
            again = pages.find(pk)
            return self._grid(again, chosen, sentences(refusal.findings), 422)
        flash(_("The checklist was saved: %(n)s renovation contents.", n=number), "success")
        return redirect(url_for("SchemeView.show", pk=pk) + "#contents")

    def _grid(self, scheme: Scheme, typed: Any = None, errors: Any = None, status: int = 200) -> Any:
        frame = pages.frame(scheme)
        if not frame.editable:
            return redirect(url_for("SchemeView.show", pk=scheme.id))
        errors = errors or {}
        known = ("item_", "quantity1_", "quantity2_")
        loose = [text for key, texts in errors.items() if not key.startswith(known) for text in texts]
        grid = checklist.grid(db.session(), scheme, typed, errors)
        page = self.render_template(  # type: ignore[attr-defined]
            "schemes/checklist.html", view=self, frame=frame, grid=grid, loose=loose, refused=bool(errors),
            parts=rules.INVESTMENT_PARTS, draft=f"scheme-items-{scheme.id}",
        )  # fmt: skip
        return page, status

    @expose("/item/<pk>/<line>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def item(self, pk: str, line: str) -> Any:
        """修改改造内容: the quantities of one content, in a dialog."""
        scheme = pages.find(pk)
        found = next((row for row in scheme.items if row.id == row_id(line)), None) or abort(404)
        if request.method == "GET":
            return self._item_page(
                scheme, found, checklist.plain(found.quantity1), checklist.plain(found.quantity2)
            )
        typed = (request.form.get("quantity1", ""), request.form.get("quantity2", ""))
        key = found.catalogue_item_id
        try:
            with unit_of_work() as session:
                services.save_items(session, scheme, {key: typed}, pages.posted_version())
        except (StaleRow, RuleViolation) as refusal:
            db.session.rollback()
            again = pages.find(pk)
            row = next((one for one in again.items if one.catalogue_item_id == key), None) or abort(404)
            errors = (
                sentences(refusal.findings)
                if isinstance(refusal, RuleViolation)
                else {"": [translate(refusal.message)]}
            )
            return self._item_page(again, row, *typed, errors=errors, status=refusal.status)
        flash(_("The quantities were saved."), "success")
        return redirect(url_for("SchemeView.show", pk=pk) + "#contents")

    def _item_page(
        self, scheme: Scheme, row: Any, first: str, second: str, errors: Any = None, status: int = 200
    ) -> Any:
        page = self.render_template(  # type: ignore[attr-defined]
            "schemes/item.html", view=self, frame=pages.frame(scheme), row=row, first=first, second=second,
            errors=errors or {},
        )  # fmt: skip
        return page, status

    @expose("/remove/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def remove(self, pk: str) -> Any:
        """删除改造内容: the ticked ones, all or none."""
        scheme = pages.find(pk)
        ids = [row_id(value) for value in request.form.getlist("rowid")[:MOST_ROWS]]
        back = redirect(url_for("SchemeView.show", pk=pk) + "#contents")
        if not ids:
            flash(_("Tick the contents to delete first."), "warning")
            return back
        try:
            with unit_of_work() as session:
                gone = services.remove_items(session, scheme, ids, pages.posted_version())
        except StaleRow as refusal:
            flash(translate(refusal.message), "danger")
        except RuleViolation as refusal:
            pages.say(refusal)
        else:
            flash(_("%(n)s renovation contents were deleted.", n=len(gone)), "success")
        return back
