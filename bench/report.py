"""The results as Markdown: ratios to the fastest or to stock Flask-AppBuilder, with what each answer cost."""

from __future__ import annotations

import datetime as dt
import os
import platform

from bench.databases import SUBJECTS
from bench.driver import Cell, Result
from bench.subject import OWN_PAGES, PAGES, REPORT_PAGES, SAVES

TITLES = {
    "list": "List, first page", "filtered": "List, filtered (year built)", "deep": "List, deep page",
    "search": "Search, two characters", "initials": "Search, pinyin initials", "detail": "Detail",
    "export": "Export 60,000 × 20", "import": "Import 20,000, with preview",
    "plans": "Ledger, first page", "plans_year": "Ledger, of one year", "plans_deep": "Ledger, deep page",
    "plan_export": "Ledger export, with names of communities", "dialog": "Linking dialog, 3,000 free communities",
    "dialog_search": "Linking dialog, search of two characters", "checklist": "Checklist, whole catalogue",
    "checklist_save": "Checklist, every content saved", "strips": "Month reports, plans with their year",
    "strips_deep": "Month reports, deep page", "waiting_plans": "Plans whose report waits",
    "waiting": "Reports that wait for review", "report": "Review page, 12 contents, 36 photos",
    "approval": "Approval of a report", "http": "Requests/s, 2 processes",
}  # fmt: skip
#: What the product promises: (times as fast, as whom). ``fab+django`` means as each of the two.
TARGETS = {
    "list": (15, ("fab", "django")), "filtered": (15, ("fab", "django")), "deep": (15, ("fab", "django")),
    "search": (30, ("fab", "django")), "initials": (30, ("fab", "django")), "detail": (5, ("fab", "django")),
    "plans": (15, ("fab",)), "plans_year": (15, ("fab",)), "plans_deep": (15, ("fab",)),
    "plan_export": (10, ("fab", "flask_admin", "django")),
    "export": (10, ("fab", "flask_admin", "django")), "import": (10, ("django",)), "http": (15, ("fab",)),
}  # fmt: skip
MOST_STATEMENTS, MOST_BYTES, MOST_MB = 8, 100 * 1024, 100
#: Pages with a promise of their own: statements and bytes.
ALLOWED = {"report": (15, 300 * 1024), "approval": (60, 0), "checklist": (8, 300 * 1024), "checklist_save": (9, 0)}


def ratio(result: Result, peer: str) -> float | None:
    """How many times as fast as the peer."""
    ours, theirs = result.cells.get("ours"), result.cells.get(peer)
    if not ours or not theirs:
        return None
    if result.what == "http":
        return float(ours.facts["rps"] / theirs.facts["rps"])
    return theirs.median / ours.median


def misses(result: Result) -> list[str]:
    """What of the promise is not kept."""
    times, peers = TARGETS.get(result.what, (0, ()))
    found = []
    for peer in peers:
        reached = ratio(result, peer)
        if reached is not None and reached < times:
            found.append(f"{reached:.1f}× {peer}, promised {times}×")
    facts = result.cells["ours"].facts if "ours" in result.cells else {}
    if result.what in (*PAGES, *REPORT_PAGES, *OWN_PAGES, *SAVES) and result.what != "detail":
        statements, size = ALLOWED.get(result.what, (MOST_STATEMENTS, MOST_BYTES))
        if facts["statements"] > statements:
            found.append(f"{facts['statements']} statements, promised {statements}")
        if facts["bytes"] > size:
            found.append(f"{facts['bytes'] / 1024:.0f} KB, promised {size // 1024}")
    if facts.get("mb", 0) > MOST_MB and result.what in ("export", "plan_export"):
        found.append(f"{facts['mb']:.0f} MB above idle, promised {MOST_MB}")
    return found


def _time(result: Result, cell: Cell | None) -> str:
    if cell is None:
        return "–"
    if result.what == "http":
        return f"{cell.facts['rps']:.0f}/s"
    text = f"{cell.median:,.1f} ms" if cell.median < 1000 else f"{cell.median / 1000:,.2f} s"
    if cell.cpu:
        text += f" (cpu {min(cell.cpu):,.1f})"
    return text


def _facts(result: Result) -> str:
    facts = result.cells["ours"].facts if "ours" in result.cells else {}
    parts = []
    if "statements" in facts:
        parts.append(f"{facts['statements']} statements, {facts['bytes'] / 1024:.0f} KB, {facts['rows']} rows")
    if "mb" in facts:
        parts.append(f"{facts['mb']:.0f} MB above idle")
    if "preview" in facts:
        parts.append(f"preview {facts['preview']:.2f} s, confirm {facts['confirm']:.2f} s, {facts['rows']:.0f} rows")
    return "; ".join(parts)


def markdown(results: list[Result], size: int) -> str:
    """The whole page."""
    lines = [
        "# Speed beside stock Flask-AppBuilder, Flask-Admin and Django admin", "",
        f"Measured by `make bench` on {dt.date.today():%Y-%m-%d}: {size:,} communities, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f} at the end."
        " Times are medians over rounds in which the products take turns, in process through their WSGI entry; `cpu`"
        " is the least processor time of a request over the rounds (what an idle machine would show on SQLite).", "",
        "The peers are stock applications over a plain copy of the same rows (bench/peers/): the same columns, signed in,"
        " indices on the keys and county_code, related names joined where the peer offers it, xlsx through tablib.", "",
    ]  # fmt: skip
    for kind in dict.fromkeys(result.kind for result in results):
        lines += [f"## {kind}", "", "| what | as | ours | FAB | Flask-Admin | Django | × FAB | × F-Admin | × Django | floor"
                  " | our answer | misses |", "|---|---|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
        lines += [_line(result) for result in results if result.kind == kind] + [""]
    return "\n".join(lines)


def _line(result: Result) -> str:
    times = [_time(result, result.cells.get(name)) for name in SUBJECTS]
    ratios = [f"**{value:.1f}**" if (value := ratio(result, name)) else "–" for name in SUBJECTS[1:]]
    floor = f"{result.floor:,.2f} ms" if result.floor is not None else "–"
    cells = [TITLES[result.what], result.role, *times, *ratios, floor, _facts(result), "; ".join(misses(result)) or "none"]
    return "| " + " | ".join(cells) + " |"
