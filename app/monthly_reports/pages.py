"""What the pages of one month report show, made of its rows: lines, figures, photos, stages, open points."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from app.areas import queries as areas
from app.attachments.doubts import Doubt, doubts_about
from app.attachments.models import Attachment
from app.attachments.panels import Panel, panels, panels_of_many
from app.extensions import _
from app.kernel import calendar
from app.kernel.calendar import Month
from app.kernel.errors import Finding
from app.kernel.geo import haversine_m
from app.monthly_reports import services, submission_rules, timeline
from app.monthly_reports.due import month_due
from app.monthly_reports.facts import circumstances, facts_of
from app.monthly_reports.figure_rows import day_text
from app.monthly_reports.models import MonthlyReport, ReportItem
from app.monthly_reports.report_pages import ReportPage
from app.monthly_reports.rules import (
    EDITABLE,
    ITEM_STATES,
    NEEDED_PHOTOS,
    PHOTOS,
    as_finding,
    content_names,
    split_key,
    stages_of,
)
from app.monthly_reports.strip_cells import begins, css_of, kind_of, may_begin, title_of
from app.monthly_reports.strips import strip
from app.monthly_reports.typed import with_typed
from app.persistence.context import current_actor, current_scope, unscoped
from app.web.wording import number, translate
from app.works.models import WorksProject
from app.works.rules import STAGE_FILES, STAGES


@dataclass(frozen=True)
class Photo:
    """A photo as the reader sees it: when and where it was taken, what is doubtful about it."""

    file: Attachment
    earlier: bool
    said: str
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True)
class ShotBox:
    """The photos of a content for one purpose; ``panel`` where they can be added, ``missing`` while one is owed."""

    purpose: str
    photos: list[Photo]
    missing: bool
    panel: Panel | None = None

    @property
    def earlier(self) -> list[Attachment]:
        return [photo.file for photo in self.photos if photo.earlier]


@dataclass(frozen=True)
class Line:
    """A content with the one last approved, its photos and what is to be said about it."""

    item: ReportItem
    name: str
    before: ReportItem | None
    shots: list[ShotBox]
    notes: list[str] = field(default_factory=list)
    photo_notes: list[str] = field(default_factory=list)

    def before_quantity(self, which: int) -> Decimal | None:
        """Quantity 1 or 2 as last approved."""
        return getattr(self.before, f"quantity{which}", None)


@dataclass(frozen=True)
class Stage:
    """前期, 开工 or 完工: its files, whether the report's progress asks for them, how many of them are there."""

    key: str
    word: str
    panels: list[Panel]
    needed: bool
    have: int
    of: int


@dataclass(frozen=True)
class Point:
    """Something that stands against submitting (``hard``) or is to be confirmed; ``anchor``: where it is mended."""

    hard: bool
    text: str
    anchor: str = ""


@dataclass(frozen=True)
class StripCell:
    """A month of the strip above a report."""

    number: int
    css: str
    title: str
    href: str = ""
    begin: str = ""
    current: bool = False


# ── findings ──
def judge(session: Session, rows: ReportPage, typed: Mapping[str, str] | None = None) -> list[Finding]:
    """Everything the rules say of a report as it stands, or with ``typed`` in its fields (R12, R13, R20)."""
    facts = facts_of(rows.report, rows)
    facts = with_typed(facts, typed) if typed is not None else facts
    found = submission_rules.findings(facts, circumstances(session, rows))
    if rows.report.state not in EDITABLE:  # the photos were judged when it was submitted
        return found + [as_finding(one) for one in rows.report.confirmed_warnings if one["rule"] == "R20"]
    for more in services.soft_findings(session, rows.report):
        found += more
    return found


def doubts_of(session: Session, rows: ReportPage) -> dict[int, list[Doubt]]:
    """Photo → what is doubtful about it; those of earlier months were judged with their own report."""
    shots = (shot for purposes in rows.shots.values() for some in purposes.values() for shot in some)
    return doubts_about(session, [shot.photo.id for shot in shots if not shot.earlier])


def item_of(finding: Finding) -> int | None:
    """The content a finding stands beside (fields, photos), or None."""
    name, _sep, key = (finding.field or "").rpartition("_")
    if name in PHOTOS:
        return int(key)
    split = split_key(finding.field or "")
    return split[1] if split else None


def points(findings: Iterable[Finding]) -> list[Point]:
    """Hard ones first, each with the place on the page where it can be mended, and its field by name."""
    found, columns = [], MonthlyReport.__table__.c
    for finding in findings:
        item, name = item_of(finding), finding.field or ""
        known = name in ("progress", "started_on", "cumulative_investment", "year_investment")
        stage = any(name in files for files in STAGE_FILES.values())
        anchor = f"item-{item}" if item else name if known else "stages" if stage else ""
        text = translate(finding.message)
        if known:
            text = _("%(column)s: %(problem)s", column=columns[name].info["label"], problem=text)
        found.append(Point(finding.is_error, text, anchor))
    return sorted(found, key=lambda point: not point.hard)


def warnings_key(findings: Iterable[Finding]) -> str:
    """What a person accepts by ticking: names exactly these warnings; empty without any."""
    said = sorted(f"{f.rule} {f.field} {translate(f.message)}" for f in findings if not f.is_error)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:24] if said else ""


# ── photos ──
def place_of(photo: Attachment) -> tuple[Any, Any] | None:
    """(lng, lat) as told by the page that took the photo, else by its EXIF."""
    for lng, lat in ((photo.told_lng, photo.told_lat), (photo.file.taken_lng, photo.file.taken_lat)):
        if lng is not None and lat is not None:
            return lng, lat
    return None


def points_of(session: Session, rows: ReportPage) -> list[tuple[Any, Any]]:
    """Places of the plan's communities, to measure photos from; no statement when no photo has a place."""
    shots = (shot for purposes in rows.shots.values() for some in purposes.values() for shot in some)
    if not any(place_of(shot.photo) for shot in shots):
        return []
    plan = rows.plan.id
    if current_scope().kind != "plans":
        return areas.points_of(session, [plan]).get(plan, [])
    with unscoped("distance to communities of a plan the actor holds"):
        return areas.points_of(session, [plan]).get(plan, [])


def said_of(photo: Attachment, points: Sequence[tuple[Any, Any]] = ()) -> str:
    """When and where a photo was taken, how far from the nearest community, as far as it is known."""
    at, place = photo.told_at or photo.file.taken_at, place_of(photo)
    when = (
        _("taken %(time)s", time=at.astimezone(calendar.TZ).strftime("%Y-%m-%d %H:%M"))
        if at
        else _("time unknown")
    )
    if place is None:
        return f"{when} · {_('place unknown')}"
    if not points:
        return f"{when} · {place[0]:.5f}, {place[1]:.5f}"
    metres = min(haversine_m(*place, *point) for point in points)
    away = _("%(n)s m from the community", n=number(round(metres)))
    return f"{when} · {away}"


def missing_photo(rows: ReportPage, item: ReportItem, purpose: str, state: str | None = None) -> bool:
    """Whether the state of a content asks for a photo that is not there, this month or earlier."""
    return purpose in NEEDED_PHOTOS[state or item.state] and not rows.photos(item, purpose)


def lines(
    rows: ReportPage,
    findings: Sequence[Finding] = (),
    photo_doubts: Mapping[int, Sequence[Doubt]] | None = None,
    boxes: Mapping[int, Sequence[Panel]] | None = None,
    points: Sequence[tuple[Any, Any]] = (),
) -> list[Line]:
    """The contents of a report; ``photo_doubts``: attachment → what is doubtful; ``boxes``: content → upload panels."""
    doubts, found, names = photo_doubts or {}, [], content_names(rows.report.items)
    for item in rows.report.items:
        panels_by = {panel.purpose.key: panel for panel in (boxes or {}).get(item.id, ())}
        shots = [
            ShotBox(
                purpose,
                [Photo(shot.photo, shot.earlier, said_of(shot.photo, points), tuple(doubts.get(shot.photo.id, ())))
                 for shot in reversed(rows.photos(item, purpose))],
                missing_photo(rows, item, purpose), panels_by.get(purpose),
            )
            for purpose in PHOTOS
        ]  # fmt: skip
        doubtful = [translate(one.said) for shot in shots for photo in shot.photos for one in photo.doubts]
        notes = [translate(f.message) for f in findings if not f.is_error and item_of(f) == item.id]
        found.append(Line(item, names[item.id], rows.before.get(item.catalogue_item_id), shots, notes + doubtful, doubtful))
    return found


# ── stage files ──
def stages(rows: ReportPage, progress: str | None, known: Sequence[Panel]) -> list[Stage]:
    """前期, 开工, 完工 with their files; ``known`` are the panels of the works project."""
    needed, found = stages_of(progress), []
    for key, purposes in STAGE_FILES.items():
        mine = [panel for panel in known if panel.purpose.key in purposes]
        have = sum(1 for purpose in purposes if rows.files.get(purpose))
        found.append(Stage(key, STAGES[key], mine, key in needed, have, len(purposes)))
    return found


def reading_panels(rows: ReportPage) -> list[Panel]:
    """The works project's files for those who only read: no further statement."""
    from app.attachments.owners import purpose_of

    keys = [purpose for files in STAGE_FILES.values() for purpose in files]
    return [
        Panel(
            "WorksProject",
            rows.project.id,
            purpose_of("WorksProject", key),
            rows.files.get(key, []),
            [],
            [],
            False,
        )
        for key in keys
    ]


def writing_panels(session: Session, rows: ReportPage) -> tuple[list[Panel], dict[int, list[Panel]]]:
    """(the works project's files, the contents' photos) with uploads on their way; four statements."""
    actor = current_actor()
    return (
        panels(session, actor, "WorksProject", rows.project),
        panels_of_many(session, actor, "ReportItem", [item.id for item in rows.report.items], writable=True),
    )


# ── words ──
def title_of_report(report: MonthlyReport) -> str:
    """``2026年10月项目月报``."""
    return _("Month report of %(year)s-%(month)s", year=report.month.year, month=report.month.month)


def project_facts(project: WorksProject) -> str:
    """施工单位 · 合同额 · 合同工期, as far as they are known."""
    said = []
    if project.contractor:
        said.append(_("Contractor: %(name)s", name=project.contractor))
    if project.contract_amount is not None:
        said.append(_("Contract amount %(sum)s × 10k yuan", sum=number(project.contract_amount, 2)))
    if project.contract_start or project.contract_finish:
        values = {"first": day_text(project.contract_start), "last": day_text(project.contract_finish)}
        said.append(_("Contract period %(first)s to %(last)s", **values))
    return " · ".join(said)


def contents_text(report: MonthlyReport) -> str:
    """``12 项 · 已完工 3 · 改造中 5 · 未开工 4``."""
    counts = [
        (word, sum(1 for item in report.items if item.state == key)) for key, word in ITEM_STATES.items()
    ]
    parts = [f"{_(word)} {count}" for word, count in reversed(counts) if count]
    return " · ".join([_("%(n)s contents", n=len(report.items)), *parts])


def strip_cells(session: Session, report: MonthlyReport) -> list[StripCell]:
    """The year of the report's works project; two statements."""
    known = strip(session, [report.plan_task_id], report.month.year)[report.plan_task_id]
    due = month_due(report.county_code)
    return cells_of(known.of_projects[report.works_project_id], report.works_project_id, due, report.month)


def cells_of(cells: Iterable[Any], project_id: int, now: Month, current: dt.date | None = None) -> list[StripCell]:
    """A works project's months as the big strip shows them; ``now``: the one that is due."""
    fills, found = may_begin(), []
    for cell in cells:
        begin = begins(project_id, cell) if fills and not cell.report_id and kind_of(cell) != "none" else ""
        href = f"/reports/show/{cell.report_id}" if cell.report_id else ""
        found.append(
            StripCell(cell.month.month, css_of(cell, now), title_of(cell), href, begin, cell.month == current)
        )
    return found


def start_hint(rows: ReportPage) -> str:
    """What is known of the start of works: the recognition, if there is one."""
    if rows.plan.started_on:
        return _("Recognised start of works: %(day)s", day=rows.plan.started_on.isoformat())
    return _("The day the contractor began on site")


def confirmed_texts(report: MonthlyReport) -> list[str]:
    """The warnings that were confirmed at the submission, in words."""
    return [translate(as_finding(row).message) for row in report.confirmed_warnings or ()]


def events(rows: ReportPage) -> list[dict[str, Any]]:
    return timeline.events(rows.trace)


def returned_step(rows: ReportPage) -> Any | None:
    """The last return, while the report waits to be mended."""
    if rows.report.state != "returned":
        return None
    return next((step for step in reversed(rows.trace) if step.action == "return"), None)


def month_of(text: str) -> Month:
    """A month from an address or form. Raises: BadInput."""
    return Month.parse(text)
