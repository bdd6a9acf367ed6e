"""The months of a strip as HTML: colour, shape and word, one click to the report (M1.6.5.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flask import g
from markupsafe import Markup

from app.extensions import _
from app.kernel.calendar import Month
from app.kernel.errors import N_
from app.monthly_reports.due import month_due
from app.monthly_reports.rules import CELLS, Cell
from app.monthly_reports.strips import Strip
from app.persistence.context import current_actor
from app.web.rows import html

BEGIN = "begin-report"
"""Id of the form whose buttons begin a report; it stands on every page with strips."""

_BARE = re.compile(r"[^\s\"'=<>`]+").fullmatch

KINDS: dict[str, str] = {
    "draft": "draft", "submitted": "wait", "approved": "ok", "returned": "back", "overdue": "late", "none": "todo",
}  # fmt: skip
"""State of a cell → class of its colour and shape; a month that nobody expects is ``none``."""

_DO: dict[str, str] = {
    "draft": N_("Go on with %(month)s"),
    "returned": N_("Mend %(month)s"),
    "submitted": N_("See %(month)s"),
    "approved": N_("See %(month)s"),
}


def legend() -> list[tuple[str, str]]:
    """(class of a cell, word), for the legend beside strips."""
    return [
        (KINDS[key], _(CELLS[key]))
        for key in ("approved", "submitted", "returned", "draft", "none", "overdue")
    ]


def kind_of(cell: Cell) -> str:
    """Class of a cell's colour and shape."""
    return "none" if cell.state == "none" and not cell.expected else KINDS[cell.state]


def title_of(cell: Cell) -> str:
    """``9月：通过，补报``: the state and the marks of a month in words."""
    word = _("Not due (month)") if kind_of(cell) == "none" else _(CELLS[cell.state])
    marks = [_("made up later")] * cell.is_makeup + [_("correction")] * cell.is_correction
    if cell.late and cell.state != "overdue":
        marks.append(_("late"))
    return _("Month %(n)s: ", n=cell.month.month) + "，".join([word, *marks])


def css_of(cell: Cell, now: Month) -> str:
    """Classes of a cell; the month due now, made-up ones and corrections are marked."""
    css = f"m m-{kind_of(cell)}" + " m-now" * (cell.month == now.first)
    return css + " m-mk" * cell.is_makeup + " m-cr" * cell.is_correction


def begins(project_id: int, cell: Cell) -> str:
    """Value of the button that begins the report of a month."""
    return f"{project_id}.{Month(cell.month)}"


def may_begin() -> bool:
    return current_actor().may("can_add", "MonthlyReport")


def _attribute(text: str) -> str:
    """An escaped value as an attribute has it: without quotes where HTML needs none (there are 600 on a page)."""
    return text if _BARE(text) else f'"{text}"'


def _look(cell: Cell, now: Month) -> tuple[str, str]:
    """(classes, title) of a month as attributes, found once for all of a page that look the same.

    An approved month without marks, the usual one, is of class ``m`` alone.
    """
    looks: dict[Any, tuple[str, str]] = g.setdefault("month_looks", {})
    key = (cell.month, cell.state, cell.expected, cell.late, cell.is_makeup, cell.is_correction)
    if (known := looks.get(key)) is None:
        css = css_of(cell, now)
        known = looks[key] = _attribute("m" if css == "m m-ok" else css), _attribute(html(title_of(cell)))
    return known


def month_html(cell: Cell, plan_id: int, project_id: int | None, now: Month, fills: bool) -> str:
    """One month: a link to its report, a button that begins it, or only its state."""
    if kind_of(cell) == "none":
        return f'<i class="{css_of(cell, now)}"></i>' if cell.month == now.first else "<b></b>"
    css, title = _look(cell, now)
    if project_id is None:
        return f"<a class={css} href=/reports/plan/{plan_id} title={title}></a>"
    if cell.report_id:
        return f"<a class={css} href=/reports/show/{cell.report_id} title={title}></a>"
    if fills:
        at = begins(project_id, cell)
        return f"<button class={css} form={BEGIN} name=at value={at} title={title}></button>"
    return f"<i class={css} role=img title={title}></i>"


def _strip_html(strip: Strip, now: Month, fills: bool) -> str:
    """The twelve months of a plan task; of several projects each month leads to the list of them."""
    if not strip.project_ids:
        return f'<span class="muted">{html(_("No works project yet"))}</span>'
    only = strip.project_ids[0] if len(strip.project_ids) == 1 else None
    cells = "".join([month_html(one, strip.plan_id, only, now, fills) for one in strip.cells])
    return f'<span class=months>{cells}</span>'


# ── columns of the list ──
def strips_html(rows: Sequence[Any]) -> list[str]:
    """The cells of the column with the twelve months."""
    now, fills = month_due(), may_begin()
    return [_strip_html(g.report_strips[row.id], now, fills) for row in rows]


def no_cell(_row: Any) -> str:
    """Strips are drawn a page at a time (`strips_html`)."""
    return ""


def strip_text(row: Any) -> str:
    """The months in words, for the workbook."""
    cells = g.report_strips[row.id].cells
    return " ".join(title_of(one) for one in cells if kind_of(one) != "none")


def _now(row: Any) -> Cell:
    """The cell of the month whose report is due now."""
    return g.report_strips_now[row.id].cells[g.report_due.month - 1]  # type: ignore[no-any-return]


def action(row: Any) -> Any:
    """One click to the report that is due now (screens.md)."""
    strip, cell = g.report_strips_now[row.id], _now(row)
    if not strip.project_ids:
        if not current_actor().may("can_add", "WorksProject"):
            return ""
        word = html(_("Enter the works project"))
        return Markup(f'<a class="btn btn-s" href="/works/add/{row.id}">{word}</a>')
    if len(strip.project_ids) > 1:
        word = html(_("%(n)s works projects", n=len(strip.project_ids)))
        return Markup(f'<a class="btn btn-s" href="/reports/plan/{row.id}">{word}</a>')
    month = _("Month %(n)s", n=cell.month.month)
    if cell.report_id:
        word = html(_(_DO[cell.state], month=month))
        return Markup(f'<a class="btn btn-s" href=/reports/show/{cell.report_id}>{word}</a>')
    if not may_begin() or not cell.expected:
        return ""
    word, at = html(_("Fill in %(month)s", month=month)), begins(strip.project_ids[0], cell)
    return Markup(
        f'<button class="btn btn-s btn-primary" form="{BEGIN}" name="at" value="{at}">{word}</button>'
    )


def action_text(row: Any) -> str:
    """The month due now and its state, for the workbook."""
    cell = _now(row)
    return title_of(cell) if g.report_strips_now[row.id].project_ids else ""


def name_link(row: Any) -> Any:
    """The plan task's name, leading to its works projects and their months."""
    label = html(row.name)
    return Markup(f'<a class=clip href=/reports/plan/{row.id}>{label}</a>')
