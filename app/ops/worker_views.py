"""What the worker does, in the console: jobs, nightly work, the SMS outbox (D2)."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request
from flask_admin import expose
from flask_admin.helpers import get_redirect_target

from app.extensions import _, _l
from app.jobs.models import Job, PeriodicRun
from app.kernel.errors import RuleViolation
from app.kernel.text import mask_phone
from app.notifications import services
from app.notifications.models import SmsMessage
from app.notifications.rules import FAULTS, SMS_STATES, TEMPLATES
from app.ops.base import ConsoleView
from app.ops.filters import ConsoleFilter, FromDay, Pick, ToDay, choices
from app.persistence.context import current_actor
from app.persistence.work import unit_of_work
from app.web.views import row_id
from app.web.wording import translate

JOB_STATES = {
    "queued": _l("Waiting (job)"),
    "running": _l("Running"),
    "done": _l("Done (job)"),
    "failed": _l("Failed (job)"),
}
RUN_STATES = {**JOB_STATES, "waiting": _l("Waiting for its hour")}
RUNS = {
    "verify": _l("Verification of sums and audit chains"),
    "tidy": _l("Tidying up"),
    "purge-imports": _l("Forgetting expired imports"),
}
KINDS = {key: template.label for key, template in TEMPLATES.items()}


class JobView(ConsoleView):
    """Background work: what was asked for and how far it is."""

    resource, icon = "Job", "progress"
    can_view_details = True
    column_list = ("id", "name", "state", "progress", "total", "attempts", "created_at", "finished_at")
    column_details_list = (*column_list, "args", "error", "user_id", "beat_at")
    column_default_order = ("id", True)
    show = {"state": lambda row: JOB_STATES.get(row.state, row.state)}
    column_filters = (
        Pick("state", Job.state, _l("State"), choices(JOB_STATES)),
        ConsoleFilter("name", Job.name, _l("Job")),
    )


class PeriodicRunView(ConsoleView):
    """Work that the worker does by itself at a time of day, and how it went the last time."""

    resource, icon = "Job", "moon"
    hint = _l("Done once a day by the worker; made up for when no worker was running at that time.")
    column_list = ("name", "slot", "state", "note", "started_at", "finished_at")
    column_default_order = "name"
    show = {
        "name": lambda row: RUNS.get(row.name, row.name),
        "state": lambda row: RUN_STATES.get(row.state, row.state),
    }
    column_filters = (Pick("state", PeriodicRun.state, _l("State"), choices(RUN_STATES)),)


class SmsMessageView(ConsoleView):
    """The SMS outbox; texts are never shown (they may hold a one-time password), phones masked."""

    resource, icon = "SmsMessage", "message-2"
    hint = _l("Phones are masked, and the text is not shown: it may hold a one-time password.")
    column_list = (
        "id", "phone", "template", "state", "attempts", "unanswered", "next_try_at", "error", "sender",
        "created_at", "sent_at", "county_code",
    )  # fmt: skip
    column_default_order = ("id", True)
    deeds = {"resend": "resend"}
    show = {
        "phone": lambda row: mask_phone(row.phone),
        "state": lambda row: _(SMS_STATES[row.state]),
        "template": lambda row: _(KINDS.get(row.template, row.template)),
        "error": lambda row: _(FAULTS.get(row.error, row.error)) if row.error else "",
    }
    column_filters = (
        Pick("state", SmsMessage.state, _l("State"), choices(SMS_STATES)),
        Pick("template", SmsMessage.template, _l("Message template"), choices(KINDS)),
        FromDay("from", SmsMessage.created_at, _l("From (day)")),
        ToDay("to", SmsMessage.created_at, _l("To (day)")),
    )

    def offered(self, row: Any) -> list[tuple[str, str]]:
        """A failed message whose text is still there can be sent again."""
        again = row.state == "failed" and row.sealed and self.allows("resend")
        return [("resend", _("Send again"))] if again else []

    @expose("/resend", methods=["POST"])
    def resend(self) -> Any:
        """Put a failed message back into the queue."""
        try:
            with unit_of_work() as work:
                services.send_again(work, current_actor(), row_id(request.form.get("id", "")))
        except RuleViolation as refused:
            flash(translate(refused.message), "danger")
        else:
            flash(_("The message is queued again."), "success")
        return redirect(get_redirect_target() or self.get_url(".index_view"))
