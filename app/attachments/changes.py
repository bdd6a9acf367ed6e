"""Tells later stages that files came, were looked into, went or came back, in the transaction that did it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.attachments.models import Attachment, StoredFile
from app.kernel.observers import Observers

on_attached: Observers[[Session, Attachment], None] = Observers()
"""Called as ``function(session, attachment)`` with a new or restored attachment, its row already written."""

on_hashed: Observers[[Session, StoredFile], None] = Observers()
"""Called as ``function(session, stored)`` once the perceptual hash of a picture is known."""

on_binned: Observers[[Session, Attachment], None] = Observers()
"""Called as ``function(session, attachment)`` when a file went to the recycle bin."""
