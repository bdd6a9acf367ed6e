"""What goes into an audit event and how events are chained (pure)."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from decimal import Decimal
from typing import Any

from app.kernel.errors import N_

GENESIS = "0" * 64
SECRET_FIELDS = frozenset({"password", "totp_secret", "totp_sealed", "token_hash", "recovery_codes"})
HASHED = (
    "chain", "seq", "at", "actor_id", "actor_name", "address", "request_id", "action",
    "entity", "entity_id", "label", "county_code", "before", "after",
)  # fmt: skip


def plain(value: Any) -> Any:
    """A JSON value of a column value; decimals and times as exact text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    return str(value)


def digest(event: dict[str, Any], prev_hash: str) -> str:
    """SHA-256 over the previous digest and the event's canonical JSON."""
    body = {key: plain(event.get(key)) for key in HASHED}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{prev_hash}\n{text}".encode()).hexdigest()


# what happened, as users read it; an action without a word here is shown as it is stored
ACTIONS: dict[str, str] = {
    "create": N_("Created"),
    "update": N_("Changed"),
    "delete": N_("Moved to the recycle bin"),
    "restore": N_("Restored"),
    "erase": N_("Erased"),
    "import": N_("Imported"),
    "export": N_("Exported"),
    "reveal": N_("Viewed in full"),
    "sign_in": N_("Signed in"),
    "sign_out": N_("Signed out"),
    "password_reset": N_("Password reset"),
    "password_change": N_("Password changed"),
    "recovery_code": N_("Recovery code used"),
    "role_change": N_("Roles changed"),
    "session_end": N_("Session ended"),
    "explain": N_("Visibility looked up"),
    "confirm": N_("Truth confirmed"),
    "dismiss": N_("Set aside (action)"),
    "take_up": N_("Taken up again"),
    "link": N_("Linked"),
    "unlink": N_("Link removed"),
    "resend": N_("Sent again"),
    "issue": N_("Account issued"),
    "assign": N_("Account assigned to the plan task"),
    "stop": N_("Stopped"),
    "start": N_("Started again"),
    "expire": N_("Expired with the plan task"),
    "reopen": N_("In force again with the plan task"),
    "revoke": N_("Revoked"),
}
# icon and colour of an action in a timeline
MARKS: dict[str, tuple[str, str]] = {
    "create": ("plus", "ok"),
    "update": ("edit", ""),
    "delete": ("trash", "bad"),
    "restore": ("arrow-back-up", "ok"),
    "erase": ("trash", "bad"),
    "import": ("file-import", ""),
    "export": ("table-export", "warn"),
    "reveal": ("eye", "warn"),
    "link": ("link", "ok"),
    "unlink": ("unlink", "warn"),
    "revoke": ("arrow-back-up", "bad"),
}
ENTITIES: dict[str, str] = {
    "Account": N_("User account"),
    "AuditEvent": N_("Audit record"),
    "Catalogue": N_("Content catalogue"),
    "CatalogueItem": N_("Catalogue content"),
    "CatalogueAlias": N_("Other word of a content"),
    "Attachment": N_("Attachment (record)"),
    "CodeItem": N_("Code entry"),
    "ConstructionAccount": N_("Construction unit's account"),
    "CodeTable": N_("Code table"),
    "Community": N_("Community"),
    "DeclarationWindow": N_("Declaration window"),
    "Department": N_("Department"),
    "Holiday": N_("Holiday"),
    "MonthlyReport": N_("Month report"),
    "Inspection": N_("Inspection"),
    "InspectionItem": N_("Content of an inspection"),
    "PhotoFinding": N_("Finding (record)"),
    "PlanTask": N_("Plan task"),
    "ProvinceProfile": N_("Province profile"),
    "Recognition": N_("Recognition of works"),
    "RecognitionItem": N_("Content of a recognition"),
    "Region": N_("Region"),
    "RegionAlias": N_("Withdrawn code"),
    "ReportItem": N_("Content of a month report"),
    "ReserveProject": N_("Reserve project"),
    "Role": N_("Role"),
    "Scheme": N_("Scheme (record)"),
    "SchemeItem": N_("Renovation content"),
    "SchemeFunding": N_("Source of funds"),
    "SchemeComment": N_("Resident's comment"),
    "SignInRecord": N_("Sign-in record"),
    "SmsMessage": N_("Text message"),
    "SupervisionIssue": N_("Supervision issue"),
    "Town": N_("Town"),
    "UserSession": N_("Session"),
    "WorksProject": N_("Works project"),
}
# keys that no column carries: what exports, imports and the mixins write
COMMON: dict[str, str] = {
    "args": N_("Search conditions"),
    "columns": N_("Columns"),
    "communities": N_("Communities"),
    "county_code": N_("County"),
    "created_at": N_("Created at"),
    "created_by": N_("Created by"),
    "deleted_at": N_("Deleted at"),
    "deleted_by": N_("Deleted by"),
    "ids": N_("Ticked rows"),
    "place_label": N_("Linked to"),
    "place_state": N_("State of linking"),
    "place_year": N_("Plan year"),
    "permissions": N_("Permissions"),
    "reason": N_("Reason"),
    "reserves": N_("Reserve projects"),
    "roles": N_("Roles"),
    "rows": N_("Number of rows"),
    "scheme_kept": N_("Scheme contents kept"),
    "sessions": N_("Number of sessions"),
    "template": N_("Message template"),
    "version": N_("Version"),
}
# written by the program, of no interest in a record's own history
TECHNICAL = frozenset(
    {"id", "version", "created_at", "created_by", "updated_at", "updated_by", "import_batch_id"}
)


def changed_keys(before: Any, after: Any) -> list[str]:
    """The keys whose values differ, in the order they were stored."""
    old, new = before or {}, after or {}
    return [key for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)]
