"""建设单位账号分配 (M1.6.5.3): states of an account on a plan task and what may be typed for a new one
(pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.accounts.rules import check_account
from app.kernel.errors import N_, Finding, Message, msg
from app.kernel.flow import Flow, Transition

UNIT = "construction_unit"
RULE = "M1.6.5.3"
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_RESOURCE = "ConstructionAccount"

STATES: dict[str, str] = {
    "active": N_("In force (unit account)"),
    "stopped": N_("Stopped"),
    "ended": N_("Expired: the works are finished"),
}
# expire and reopen follow from recognitions: whoever may recognise does them without a right of his own
FLOW = Flow(
    STATES,
    (
        Transition(("active",), "stop", "stopped", ("can_stop", _RESOURCE), label=N_("Stop (unit account)")),
        Transition(("stopped",), "start", "active", ("can_stop", _RESOURCE), label=N_("Start (unit account)")),
        Transition(("active",), "reset", "active", ("can_reset", _RESOURCE), label=N_("Reset password")),
        Transition(("active",), "expire", "ended", label=N_("Expired with the plan task")),
        Transition(("ended",), "reopen", "active", label=N_("In force again with the plan task")),
    ),
    rule=RULE,
)
# a plan counts as having an account while one is in force, and after its works were finished with one
ASSIGNED = ("active", "ended")


def wrong(field: str | None, message: Message) -> Finding:
    """A hard finding of this row of the register."""
    return Finding(RULE, "error", field, message)


def phone_findings(phone: str, field: str = "phone") -> list[Finding]:
    """A text message needs a mobile number."""
    if _MOBILE.fullmatch(phone):
        return []
    return [wrong(field, msg("Must be an 11-digit mobile number: the one-time password is sent to it."))]


def check_unit(values: Mapping[str, str]) -> list[Finding]:
    """Login, name of the unit and phone of a new account; whether the login is free needs the database.

    ``values``: ``username``, ``unit_name``, ``phone``, normalised.
    """
    account = {"username": values["username"], "name": values["unit_name"], "phone": ""}
    found = [
        wrong("unit_name" if finding.field == "name" else finding.field, finding.message)
        for finding in check_account(account, new=True)
    ]
    return [*found, *phone_findings(values["phone"])]
