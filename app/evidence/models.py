"""The province's index of alike photos and what was found doubtful (N3.3a, R20)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
)  # fmt: skip
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.models import BigId
from app.evidence.rules import KINDS, STATES
from app.extensions import _l
from app.persistence.base import Model, PlanScoped
from app.persistence.types import UtcDateTime, utcnow

_TEXT: dict[str, Any] = {"nullable": False, "default": "", "server_default": ""}


def _band(number: int) -> Index:
    """Covers a look-up: SQLite's indexes carry the row number by themselves."""
    name = f"ix_photo_print_band{number}"
    return Index(name, "province", f"band{number}", "bits", postgresql_include=["id"])


class PhotoPrint(Model):
    """The perceptual hash of a picture that was used as a photo in a province; names no record and no county.

    ``bits`` is the hash as a signed number, ``band0`` … ``band3`` its 16-bit parts: see `rules.NEAR`.
    """

    __tablename__ = "photo_print"
    __table_args__ = (UniqueConstraint("sha256", "province"), *(_band(number) for number in range(4)))
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    province: Mapped[str] = mapped_column(String(2), nullable=False)
    sha256: Mapped[str] = mapped_column(
        String(64), ForeignKey("stored_file.sha256", ondelete="CASCADE"), nullable=False
    )
    bits: Mapped[int] = mapped_column(BigInteger, nullable=False)
    band0: Mapped[int] = mapped_column(Integer, nullable=False)
    band1: Mapped[int] = mapped_column(Integer, nullable=False)
    band2: Mapped[int] = mapped_column(Integer, nullable=False)
    band3: Mapped[int] = mapped_column(Integer, nullable=False)


class PhotoFinding(PlanScoped, Model):
    """存疑: one thing that is doubtful about a photo (``attachment_id``) or about the figures of a report.

    ``mark`` is what makes it the same finding when judged again. ``reported``: its report was handed in, so
    that city and province see it. ``other_*`` names the counterpart of a pair, wherever in the province it is.
    """

    __tablename__ = "photo_finding"
    __table_args__ = (
        UniqueConstraint("mark"),
        CheckConstraint("kind IN ({})".format(", ".join(f"'{kind}'" for kind in KINDS)), name="kind_known"),
        CheckConstraint(
            "state IN ({})".format(", ".join(f"'{state}'" for state in STATES)), name="state_known"
        ),
        CheckConstraint("state <> 'dismissed' OR length(reason) > 0", name="reason_given"),
        Index("ix_photo_finding_list", "county_code", "reported", "state", "kind", "id"),
        Index("ix_photo_finding_report", "report_id", "id"),
        Index("ix_photo_finding_attachment", "attachment_id", "id"),
        Index("ix_photo_finding_other", "other_attachment_id"),
        Index("ix_photo_finding_plan", "plan_task_id", "id"),
    )
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    mark: Mapped[str] = mapped_column(String(120), nullable=False)
    kind: Mapped[str] = mapped_column(String(16), nullable=False, info={"label": _l("What is doubtful")})
    values: Mapped[dict[str, Any]] = mapped_column(
        JSON, nullable=False, default=dict, info={"label": _l("Details (finding)")}
    )
    report_id: Mapped[int | None] = mapped_column(BigInteger, info={"label": _l("Month report (finding)")})
    owner_entity: Mapped[str] = mapped_column(String(48), **_TEXT)
    owner_id: Mapped[int] = mapped_column(BigInteger, nullable=False, default=0, server_default="0")
    attachment_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("attachment.id", ondelete="CASCADE"), info={"label": _l("Photo (finding)")}
    )
    filler: Mapped[str] = mapped_column(String(128), **_TEXT, info={"label": _l("Filled in by (finding)")})
    other_attachment_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("attachment.id", ondelete="CASCADE"), info={"label": _l("Other photo")}
    )
    other_county: Mapped[str] = mapped_column(String(6), **_TEXT)
    other_plan_id: Mapped[int | None] = mapped_column(BigInteger)
    reported: Mapped[bool] = mapped_column(Boolean, nullable=False, default=False, server_default=false())
    state: Mapped[str] = mapped_column(
        String(12), nullable=False, default="open", server_default="open",
        info={"label": _l("State of the finding")},
    )  # fmt: skip
    reason: Mapped[str] = mapped_column(String(300), **_TEXT, info={"label": _l("Reason for setting aside")})
    dismissed_by_id: Mapped[int | None] = mapped_column(Integer)
    dismissed_by: Mapped[str] = mapped_column(String(128), **_TEXT, info={"label": _l("Set aside by")})
    dismissed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, info={"label": _l("Set aside on")})
    found_at: Mapped[dt.datetime] = mapped_column(
        UtcDateTime, nullable=False, default=utcnow, info={"label": _l("Found on")}
    )
