"""The figures of a month report, each beside the last approved one and what the rules say of it (M1.6.5.4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.extensions import _
from app.kernel.errors import Finding
from app.monthly_reports.facts import planned_total
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.monthly_reports.report_pages import ReportPage
from app.monthly_reports.rules import ITEM_STATES, PHOTOS, PROGRESS, content_names
from app.web.wording import translate


@dataclass(frozen=True)
class Row:
    """A figure beside the last approved one; ``text`` for what is no number."""

    label: str
    unit: str = ""
    small: str = ""
    before: Decimal | None = None
    now: Decimal | None = None
    planned: Decimal | None = None
    money: bool = False
    notes: tuple[str, ...] = ()
    text: str = ""
    before_text: str = ""

    def show(self, value: Decimal | None) -> str:
        """A figure of this row: money with two decimals, quantities without needless zeros."""
        if value is None:
            return "—"
        return f"{value:,.2f}" if self.money else f"{value.normalize():,f}"

    @property
    def change(self) -> Decimal | None:
        """What it has grown by since the last approved report."""
        return None if self.now is None else self.now - (self.before or Decimal(0))


def _said(findings: Iterable[Finding], *names: str) -> tuple[str, ...]:
    return tuple(translate(f.message) for f in findings if f.field in names)


def last_approved(rows: ReportPage) -> dict[str, Decimal | None]:
    """Both investments as last approved (万元); that of the year only from a report of the same year."""
    before = rows.previous
    same_year = before is not None and before.month.year == rows.report.month.year
    return {
        "cumulative_investment": before.cumulative_investment if before else None,
        "year_investment": before.year_investment if before and same_year else None,
    }


def figure_rows(rows: ReportPage, findings: Sequence[Finding]) -> list[Row]:
    """Progress, start, investment and every content's quantities, each beside what was last approved."""
    report, before = rows.report, rows.previous
    columns = MonthlyReport.__table__.c
    money = _("10k yuan")
    was = last_approved(rows)
    found = [
        Row(str(columns.progress.info["label"]), text=_word(PROGRESS, report.progress),
            before_text=_word(PROGRESS, before.progress if before else None), notes=_said(findings, "progress")),
        Row(str(columns.started_on.info["label"]), text=day_text(report.started_on),
            before_text=day_text(before.started_on if before else None), notes=_said(findings, "started_on")),
        Row(str(columns.cumulative_investment.info["label"]), money, money=True,
            before=was["cumulative_investment"], now=report.cumulative_investment,
            planned=planned_total(rows.plan) or None, notes=_said(findings, "cumulative_investment")),
        Row(str(columns.year_investment.info["label"]), money, money=True,
            before=was["year_investment"], now=report.year_investment,
            notes=_said(findings, "year_investment")),
    ]  # fmt: skip
    names = content_names(report.items)
    for item in report.items:
        found += _item_rows(item, names[item.id], rows.before.get(item.catalogue_item_id), findings)
    return found


def _item_rows(
    item: ReportItem, name: str, before: ReportItem | None, findings: Sequence[Finding]
) -> list[Row]:
    small = _(ITEM_STATES[item.state])
    if before is not None and before.state != item.state:
        small = f"{_(ITEM_STATES[before.state])} → {small}"
    small = f"{small} · {item.method}" if item.method else small
    notes = _said(findings, f"state_{item.id}", f"quantity1_{item.id}")
    found = [
        Row(name, item.unit1, small, getattr(before, "quantity1", None), item.quantity1, item.planned1,
            notes=notes + tuple(_said(findings, *(f"{purpose}_{item.id}" for purpose in PHOTOS))))
    ]  # fmt: skip
    if item.unit2:
        found.append(
            Row(name, item.unit2, "", getattr(before, "quantity2", None), item.quantity2, item.planned2,
                notes=_said(findings, f"quantity2_{item.id}"))
        )  # fmt: skip
    return found


def _word(words: Mapping[str, str], key: str | None) -> str:
    return _(words[key]) if key is not None and key in words else "—"


def day_text(value: dt.date | None) -> str:
    return value.isoformat() if value else "—"
