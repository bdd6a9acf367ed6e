"""群众留言: what residents say to a scheme in publicity, and the county's answer (N2.1)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.audit.models import BigId
from app.extensions import _l
from app.persistence.base import Audited, CountyScoped, Model, Versioned
from app.persistence.types import UtcDateTime, utcnow
from app.schemes.models import Scheme


class SchemeComment(Audited, CountyScoped, Versioned, Model):
    """One comment; nothing of who wrote it is kept."""

    __tablename__ = "scheme_comment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["scheme_id", "county_code"], ["scheme.id", "scheme.county_code"], name="fk_scheme_comment_scheme"
        ),
        CheckConstraint("state IN ('new', 'answered', 'closed')", name="state_known"),
        CheckConstraint("length(text) BETWEEN 1 AND 500", name="text_length"),
        CheckConstraint("state <> 'answered' OR length(answer) > 0", name="answer_given"),
        Index("ix_scheme_comment_inbox", "county_code", "state", "id"),
        Index("ix_scheme_comment_scheme", "scheme_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    scheme_id: Mapped[int] = mapped_column(BigId, nullable=False)
    text: Mapped[str] = mapped_column(String(500), nullable=False, info={"label": _l("Comment")})
    state: Mapped[str] = mapped_column(
        String(8),
        nullable=False,
        default="new",
        server_default="new",
        info={"label": _l("State of the comment")},
    )
    answer: Mapped[str] = mapped_column(
        Text, nullable=False, default="", server_default="", info={"label": _l("Answer (comment)")}
    )
    at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime, nullable=False, default=utcnow, info={"label": _l("Received at")}
    )
    handled_by_id: Mapped[int | None] = mapped_column(Integer)
    handled_by: Mapped[str] = mapped_column(
        String(128), nullable=False, default="", server_default="", info={"label": _l("Handled by")}
    )
    handled_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Handled at")})
    scheme: Mapped[Scheme] = relationship(viewonly=True, lazy="select")
