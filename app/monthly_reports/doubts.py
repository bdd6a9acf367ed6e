"""What later stages know of a report's photos, asked by its pages (R20)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from app.kernel.errors import Message
from app.kernel.observers import Observers
from app.monthly_reports.models import MonthlyReport

photo_doubts: Observers[[Session, MonthlyReport], Mapping[int, Iterable[Message]]] = Observers()
"""Answers photo (attachment number) → what is doubtful about it."""
