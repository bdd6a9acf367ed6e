"""Search tokens behind their province and trigrams of initials; on PostgreSQL ids by token and county.

A search inside a province reads nothing of another one, and words of two characters and of three letters are answered
by the index alone. PostgreSQL keeps one row per token and county, with the ids, in ``community_posting``: a page of
ids and their exact number come from a range of its key, where GIN had to visit the row of every hit.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from app.migrations import walls
from app.migrations.versions.parts import postings

revision = "0020"
down_revision = "0033"
branch_labels = None
depends_on = None

_SLICE = 20_000


def _by_province(document: str, initials: str) -> str:
    """``纺织 fz c430703 y4307 p43`` → ``43纺织 43fz c430703 y4307`` with the trigrams of the initials."""
    words = document.split()
    areas = [word for word in words if len(word) > 2]
    province = next((word[1:] for word in areas if len(word) == 3), "")
    trigrams = [initials[i : i + 3] for i in range(len(initials) - 2)]
    parts = dict.fromkeys((*(word for word in words if len(word) <= 2), *trigrams))
    return " ".join((*(province + part for part in parts), *(word for word in areas if len(word) > 3)))


def _bare(document: str, _initials: str) -> str:
    """The way back."""
    words = document.split()
    areas = [word for word in words if word[0] in "cy" and word[1:].isdigit()]
    parts = [word for word in words if word not in areas]
    province = [f"p{parts[0][:2]}"] if parts else []
    return " ".join((*(word[2:] for word in parts if len(word) <= 4), *areas, *province))


def _rewrite(changed: Callable[[str, str], str]) -> None:
    """The search document of every row, a slice at a time."""
    connection = op.get_bind()
    last = 0
    slice_ = sa.text("SELECT id, search_grams, initials FROM community WHERE id > :last ORDER BY id LIMIT :most")
    one = sa.text("UPDATE community SET search_grams = :grams WHERE id = :id")
    # the totals follow by a trigger a statement: one statement a slice
    all_ = sa.text(
        "UPDATE community c SET search_grams = s.grams"
        " FROM unnest(CAST(:ids AS bigint[]), CAST(:grams AS text[])) AS s(id, grams) WHERE c.id = s.id"
    )
    while rows := connection.execute(slice_, {"last": last, "most": _SLICE}).all():
        ids, documents = [row.id for row in rows], [changed(row.search_grams, row.initials) for row in rows]
        if walls.on_postgresql():
            connection.execute(all_, {"ids": ids, "grams": documents})
        else:
            pairs = zip(ids, documents, strict=True)
            connection.execute(one, [{"id": key, "grams": document} for key, document in pairs])
        last = ids[-1]


def _index_anew() -> None:
    """SQLite: fill the index in one go; one row at a time takes eight times as long."""
    op.execute("INSERT INTO community_fts(community_fts) VALUES ('delete-all')")
    op.execute(
        "INSERT INTO community_fts(rowid, search_grams) SELECT id, search_grams FROM community WHERE deleted_at IS NULL"
    )


def upgrade() -> None:
    if walls.on_postgresql():
        postings.forget_gin()
        _rewrite(_by_province)
        postings.make()
        return
    trigger = postings.pause_fts()
    _rewrite(_by_province)
    op.execute(trigger)
    _index_anew()


def downgrade() -> None:
    if walls.on_postgresql():
        postings.drop()
        _rewrite(_bare)
        postings.make_gin()
        return
    trigger = postings.pause_fts()
    _rewrite(_bare)
    op.execute(trigger)
    _index_anew()
