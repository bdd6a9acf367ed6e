"""Brings every stage of a project's life into the application: models, observers, session events."""

from __future__ import annotations

from functools import cache

from app.extensions import db


@cache
def connect() -> None:
    """Import each stage once (their modules register what they listen to) and watch the session factory."""
    from app.accounts.construction import services as units
    from app.annual_plans import services as annual_plans  # noqa: F401
    from app.areas import sums
    from app.attachments import watermarks  # noqa: F401
    from app.communities import changes
    from app.evidence import reports as evidence  # noqa: F401
    from app.inspections import files as inspection_files  # noqa: F401
    from app.monthly_reports import figures, services  # noqa: F401
    from app.monthly_reports import files as report_files  # noqa: F401
    from app.notices import reminders, watching  # noqa: F401
    from app.notifications import outbox  # noqa: F401
    from app.persistence import closing
    from app.recognition import files as recognition_files  # noqa: F401
    from app.recognition import services as recognition
    from app.reserve import services as reserve  # noqa: F401
    from app.schemes import carry, files, kept_form, summaries  # noqa: F401
    from app.supervision import services as supervision  # noqa: F401
    from app.works import files as works_files  # noqa: F401

    for install in (closing.install, changes.install, sums.install, summaries.install, figures.install):
        install(db.session)
    recognition.on_finished.register(units.plan_finished)
    recognition.on_reopened.register(units.plan_reopened)
