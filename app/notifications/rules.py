"""The SMS outbox: states, templates and the pauses between attempts (pure)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from app.kernel.errors import N_, Message

SMS_STATES: dict[str, str] = {
    "queued": N_("Waiting to be sent"),
    "sending": N_("Being sent"),
    "sent": N_("Sent (message)"),
    "failed": N_("Sending failed"),
}
MOST_ATTEMPTS = 6
# a message claimed so long ago without an answer: its worker is gone
SILENT_AFTER = dt.timedelta(minutes=2)
# a message that failed may be sent again for so long; then its text is forgotten
TEXT_KEPT = dt.timedelta(days=7)
_FIRST_PAUSE = dt.timedelta(minutes=1)
_LONGEST_PAUSE = dt.timedelta(hours=1)


@dataclass(frozen=True)
class SmsTemplate:
    """A kind of message: its name, its text and the places in it, in the order in which gateways number
    them."""

    label: str
    text: str
    fields: tuple[str, ...]

    def message(self, values: Mapping[str, str]) -> Message:
        """The text with its values. Raises: KeyError when one is missing."""
        return Message(self.text, {name: values[name] for name in self.fields})


TEMPLATES: dict[str, SmsTemplate] = {
    "unit_account": SmsTemplate(
        N_("Account of a construction unit (SMS)"),
        N_(
            "An account of the renovation portal was opened for your unit. Login: %(login)s, one-time password:"
            " %(password)s, address: %(address)s. Change the password at the first sign-in."
        ),
        ("login", "password", "address"),
    ),
    "unit_password": SmsTemplate(
        N_("New password of a construction unit (SMS)"),
        N_(
            "The password of your account of the renovation portal was reset. Login: %(login)s, one-time password:"
            " %(password)s, address: %(address)s. Change the password at the first sign-in."
        ),
        ("login", "password", "address"),
    ),
    "notice": SmsTemplate(
        N_("Urgent notice (SMS)"), N_("Renovation portal: %(text)s Please sign in to see more."), ("text",)
    ),
}
# why a message was not sent, as it stands in its row
FAULTS: dict[str, str] = {
    "unanswered": N_("The gateway never answered"),
    "unreachable": N_("The gateway cannot be reached"),
    "unreadable": N_("Sealed with another key of the installation"),
    "superseded": N_("Replaced by a later message"),
    "no_template": N_("No template of the gateway is set for this kind of message"),
}


def pause_after(attempts: int) -> dt.timedelta:
    """How long to wait after so many attempts: doubling from a minute to an hour.

    >>> str(pause_after(1)), str(pause_after(3)), str(pause_after(30))
    ('0:01:00', '0:04:00', '1:00:00')
    """
    return min(_FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), 10), _LONGEST_PAUSE)
