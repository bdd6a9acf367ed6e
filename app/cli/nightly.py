"""What the worker does every night by itself: tidying up, forgetting expired imports, verification."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy.orm import Session

from app.extensions import db
from app.jobs.periodic import periodic
from app.kernel.actor import SYSTEM, Actor
from app.persistence.work import unit_of_work

log = structlog.get_logger()


def _until_nothing_is_left(erase: Callable[[Session, Actor], int]) -> int:
    """Erase in short transactions; returns how many rows went."""
    erased = 0
    while True:
        with unit_of_work() as session:
            gone = erase(session, SYSTEM)
        erased += gone
        if not gone:
            return erased


def tidy_up() -> list[str]:
    """Erase what the recycle bin held long enough, forget old drafts and form tokens; a line for each kind.

    Called as the system.
    """
    from app.attachments import upkeep
    from app.communities import services as communities
    from app.monthly_reports import upkeep as works
    from app.notices import services as notices
    from app.notifications import services as notifications
    from app.schemes import upkeep as areas
    from app.web import drafts, submissions

    erased_works = _until_nothing_is_left(works.erase_expired)
    erased_areas = _until_nothing_is_left(areas.erase_expired)
    erased = _until_nothing_is_left(communities.erase_expired)
    with unit_of_work() as session:
        forgotten = drafts.forget_old(session) + submissions.forget_old(session)
        texts = notifications.forget_texts(session)
        told = notices.forget_old(session)
    files, contents, uploads = upkeep.tidy()
    return [
        f"{erased_works} works projects and month reports erased",
        f"{erased_areas} reserve projects and plan tasks erased",
        f"{erased} communities erased, {forgotten} drafts and form tokens forgotten",
        f"{texts} texts of messages that could not be sent and {told} old notices forgotten",
        f"{files} attachments erased, {contents} contents removed, {uploads} unfinished uploads given up",
    ]


def find_faults(*, files: bool = False) -> list[str]:
    """A sentence for everything that is not as it should be; ``files``: compare stored files as well."""
    from app.attachments.upkeep import verify_files
    from app.cli.verify import faults

    found = faults(db.session())
    return [*found, *verify_files(db.session())] if files else found


@periodic("verify", at="02:30")
def verify() -> str:
    """Recompute every stored sum and walk the audit chains; what differs is an error in the log."""
    found = find_faults()
    for fault in found:
        log.error("verify", fault=fault)
    return f"{len(found)} fault(s)"


@periodic("tidy", at="03:30")
def tidy() -> str:
    """As ``flask portal tidy``."""
    lines = tidy_up()
    for line in lines:
        log.info("tidy", did=line)
    return "; ".join(lines)


@periodic("purge-imports", at="04:00")
def purge_imports() -> str:
    """As ``flask portal purge-imports``."""
    from app.exchange.services import purge

    with unit_of_work() as session:
        return f"{purge(session)} expired imports forgotten"
