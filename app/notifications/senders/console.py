"""The sender of an installation without a gateway: a line in the log, never the text.

While developing the text is also put into a file that only the account of the portal can read, so that a
one-time password can be tried out; in production there is no such file.
"""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from app.kernel.text import mask_phone
from app.notifications.senders.base import Order

log = structlog.get_logger()


class ConsoleSender:
    """Says in the log that a message would have gone out."""

    name = "console"

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def send(self, order: Order) -> str:
        """Always taken; the receipt is the key."""
        log.info("sms", template=order.template, to=mask_phone(order.phone), key=order.key)
        if self.folder:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self.folder / f"{order.key}.txt"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                out.write(f"{order.phone}\n{order.text}\n")
        return order.key
