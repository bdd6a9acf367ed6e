"""Fill the product's own database: ``python -m bench.load SIZE`` (after ``flask portal demo``)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, select, text

from app import create_app
from app.communities.models import Community
from app.communities.services import derived
from app.extensions import db
from app.kernel.actor import SYSTEM
from app.persistence.context import acting_as
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work
from bench.communities import generate
from bench.plans import load_plans

_table = Community.__table__


def rows(size: int) -> Iterator[dict[str, Any]]:
    """Complete rows of the table: what was generated, what follows from it, and the stamps."""
    stamp = {"created_at": utcnow(), "updated_at": utcnow(), "created_by": "bench", "updated_by": "bench", "version": 1}
    for values in generate(size):
        street = values.pop("street")
        yield {**values, **derived({**values, "street": street}), **stamp}


def main() -> None:
    app = create_app()
    with app.app_context(), acting_as(SYSTEM):
        there = db.session.scalar(select(func.count()).select_from(_table), execution_options={"scope_applied": True})
        source = rows(int(sys.argv[1]) - int(there or 0))
        while chunk := list(islice(source, 10_000)):
            with unit_of_work() as session:
                session.execute(insert(_table), chunk, execution_options={"scope_applied": True})
        load_plans()
        _settle()


def _settle() -> None:
    """Statistics as a database in use has them."""
    db.session.remove()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("RESET ROLE"))
            connection.execute(text("VACUUM ANALYZE"))
        else:
            connection.execute(text("INSERT INTO community_fts(community_fts) VALUES ('optimize')"))
            connection.execute(text("ANALYZE"))
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


if __name__ == "__main__":
    main()
