"""States of a message in the outbox (pure)."""

from __future__ import annotations

from app.kernel.errors import N_

SMS_STATES: dict[str, str] = {
    "queued": N_("Waiting to be sent"),
    "sending": N_("Being sent"),
    "sent": N_("Sent (message)"),
    "failed": N_("Sending failed"),
}
