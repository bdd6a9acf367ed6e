"""The role matrix as data (roles.md): one vocabulary of (action, resource), compared with a golden table in a test."""

from __future__ import annotations

from dataclasses import dataclass

from app.kernel.errors import N_

Permission = tuple[str, str]


@dataclass(frozen=True)
class RoleSpec:
    """A role: its name in FAB, its label, the region level its scope comes from, and what it may do."""

    name: str
    label: str
    level: str
    permissions: frozenset[Permission]


def _all(resource: str, *actions: str) -> set[Permission]:
    return {(f"can_{action}", resource) for action in actions}


_READ = ("list", "show")
_WRITE = ("list", "show", "add", "edit", "delete")

_EVERYBODY: set[Permission] = (
    _all("Home", "show") | _all("Profile", "show", "edit") | _all("Draft", "edit") | _all("Api", "show")
    | _all("Notice", "list")
)

_READ_BUSINESS: set[Permission] = (
    _EVERYBODY | _all("Dashboard", "show")
    | _all("Community", *_READ, "export", "history") | _all("Map", "show") | _all("Region", *_READ)
    | _all("ReserveProject", *_READ, "export", "history") | _all("PlanTask", *_READ, "export", "history")
    | _all("Scheme", *_READ, "export", "history")
    | _all("Attachment", "show") | _all("SchemeComment", *_READ)
    | _all("WorksProject", *_READ, "export", "history") | _all("MonthlyReport", *_READ, "export", "history")
    | _all("Recognition", *_READ, "export", "history") | _all("Inspection", *_READ, "export", "history")
    | _all("SupervisionIssue", *_READ, "export", "history")
)

# checks on the spot: each level its own inspections and what it hands over to supervision
_INSPECT = (
    _all("Inspection", "add", "edit") | _all("SupervisionIssue", "add", "edit") | _all("Attachment", "add", "delete")
)

_REVIEW: set[Permission] = _all("Scheme", *_READ, "history") | _all("Attachment", "show")

_COUNTY_EDITOR = _READ_BUSINESS | _all(
    "Community", "add", "edit", "delete", "restore", "import", "reveal"
) | (
    _all("ReserveProject", "add", "edit", "delete", "restore", "link", "reveal")
    | _all("PlanTask", "add", "edit", "delete", "restore", "link", "reveal")
    | _all("WorksProject", "add", "edit", "delete", "restore", "reveal")
    | _all("MonthlyReport", "add", "edit", "delete", "restore", "submit")
    | _all("SchemeComment", "edit") | _all("Scheme", "edit", "submit", "publish") | _INSPECT
    | _all("Recognition", "add", "edit") | _all("SupervisionIssue", "submit")
    | _all("ConstructionAccount", *_READ, "add", "stop", "reset")
)

_REVEAL = (
    _all("Community", "reveal") | _all("ReserveProject", "reveal") | _all("PlanTask", "reveal")
    | _all("WorksProject", "reveal")
)

_WATCH = _all("PhotoFinding", *_READ, "export", "dismiss")

_COUNTY_REVIEWER = (
    _READ_BUSINESS | _REVEAL | _all("Scheme", "approve") | _all("SchemeComment", "edit")
    | _all("MonthlyReport", "approve")
    | _all("Recognition", "approve") | _all("PhotoFinding", *_READ, "export")
)

_CITY = _READ_BUSINESS | _REVEAL | _WATCH | _all("PlanTask", "import") | _all("Scheme", "approve") | _INSPECT

_PROVINCE = (
    _READ_BUSINESS | _REVEAL | _WATCH | _all("Community", "import") | _all("PlanTask", "import")
    | _all("DeclarationWindow", *_READ, "edit") | _all("Catalogue", *_READ) | _all("MajorProject", "export")
    | _all("DeclarationWindow", *_READ, "edit") | _all("Catalogue", *_READ, "edit") | _INSPECT
)

_JOINT = _EVERYBODY | _all("Region", *_READ)

_UNIT = (
    _EVERYBODY | _all("WorksProject", *_READ, "add", "edit", "reveal")
    | _all("MonthlyReport", *_READ, "add", "edit", "submit") | _all("Attachment", "show", "add", "delete")
)

# what every role keeps: without it nobody could sign out or change a password
EVERYBODY: frozenset[Permission] = frozenset(_EVERYBODY)

# the words of the vocabulary, as the pages of roles and permissions show them
ACTIONS: dict[str, str] = {
    "can_list": N_("see lists (permission)"),
    "can_show": N_("see (permission)"),
    "can_add": N_("add (permission)"),
    "can_edit": N_("change (permission)"),
    "can_delete": N_("delete (permission)"),
    "can_restore": N_("restore (permission)"),
    "can_import": N_("import (permission)"),
    "can_export": N_("export (permission)"),
    "can_history": N_("see history (permission)"),
    "can_reveal": N_("see full phones (permission)"),
    "can_stop": N_("stop and start (permission)"),
    "can_reset": N_("reset passwords (permission)"),
    "can_reset_factor": N_("remove second factors (permission)"),
    "can_end": N_("end (permission)"),
    "can_resend": N_("send again (permission)"),
    "can_link": N_("link (permission)"),
    "can_submit": N_("submit (permission)"),
    "can_approve": N_("approve (permission)"),
    "can_dismiss": N_("set aside (permission)"),
    "can_publish": N_("publish (permission)"),
    "can_review_housing": N_("review for housing (permission)"),
    "can_review_development": N_("review for development (permission)"),
    "can_review_finance": N_("review for finance (permission)"),
}
RESOURCES: dict[str, str] = {
    "Home": N_("Home page"),
    "Api": N_("Interface for programs"),
    "Profile": N_("Own profile"),
    "Draft": N_("Drafts of forms"),
    "Attachment": N_("Attachments (function)"),
    "Community": N_("Communities"),
    "ReserveProject": N_("Reserve projects (function)"),
    "PlanTask": N_("Annual plan ledger (function)"),
    "Scheme": N_("Schemes (function)"),
    "SchemeComment": N_("Residents' comments (function)"),
    "WorksProject": N_("Works projects (function)"),
    "MonthlyReport": N_("Month reports (function)"),
    "Recognition": N_("Recognitions of works (function)"),
    "Inspection": N_("Inspections (function)"),
    "SupervisionIssue": N_("Supervision issues (function)"),
    "Dashboard": N_("Boards of the home page (function)"),
    "Notice": N_("To-do and notices (function)"),
    "PhotoFinding": N_("Doubtful reports (function)"),
    "ConstructionAccount": N_("Accounts of construction units (function)"),
    "MajorProject": N_("Library of major projects"),
    "Catalogue": N_("Content catalogues (function)"),
    "CatalogueData": N_("Entry of content catalogues (function)"),
    "DeclarationWindow": N_("Declaration windows (function)"),
    "Map": N_("Map"),
    "Region": N_("Regions"),
    "Account": N_("Accounts"),
    "Role": N_("Roles and permissions"),
    "UserSession": N_("Sessions"),
    "PasswordPolicy": N_("Password policy"),
    "SignInRecord": N_("Sign-in records"),
    "AuditEvent": N_("Audit trail"),
    "Visibility": N_("Why can't I see it?"),
    "Console": N_("Maintenance console"),
    "CodeTable": N_("Code tables"),
    "CodeItem": N_("Code entries"),
    "ProvinceProfile": N_("Province profiles"),
    "Town": N_("Towns"),
    "RegionAlias": N_("Withdrawn codes"),
    "Department": N_("Departments"),
    "Holiday": N_("Holidays"),
    "SmsMessage": N_("SMS outbox"),
    "Job": N_("Background jobs"),
}
# what the console may change: always through the services of the capability (D2)
_MASTER_DATA: set[Permission] = (
    _all("CodeTable", *_READ)
    | _all("CatalogueData", *_READ, "add", "edit")
    | _all("CodeItem", *_READ, "add", "edit")
    | _all("ProvinceProfile", *_READ, "edit")
    | _all("Region", *_READ, "add", "edit")
    | _all("Town", *_READ, "edit")
    | _all("RegionAlias", *_READ, "add", "edit")
    | _all("Department", *_READ, "add", "edit")
    | _all("Holiday", *_WRITE)
)

ADMINISTRATORS = frozenset({"system_admin", "security_admin", "audit_admin"})

ROLES: dict[str, RoleSpec] = {
    spec.name: spec
    for spec in (
        RoleSpec("county_editor", N_("County editor"), "county", frozenset(_COUNTY_EDITOR)),
        RoleSpec("county_reviewer", N_("County reviewer"), "county", frozenset(_COUNTY_REVIEWER)),
        RoleSpec("city_manager", N_("City manager"), "city", frozenset(_CITY)),
        RoleSpec("province_manager", N_("Province manager"), "province", frozenset(_PROVINCE)),
        RoleSpec("joint_reviewer_housing", N_("Joint reviewer (housing)"), "province",
                 frozenset(_JOINT | _REVIEW | _all("Scheme", "review_housing"))),
        RoleSpec("joint_reviewer_development", N_("Joint reviewer (development)"), "province",
                 frozenset(_JOINT | _REVIEW | _all("Scheme", "review_development"))),
        RoleSpec("joint_reviewer_finance", N_("Joint reviewer (finance)"), "province",
                 frozenset(_JOINT | _REVIEW | _all("Scheme", "review_finance"))),
        RoleSpec("construction_unit", N_("Construction unit"), "none", frozenset(_UNIT)),
        RoleSpec(
            "system_admin",
            N_("System administrator"),
            "none",
            frozenset(
                _EVERYBODY
                | _all("Account", *_READ, "add", "edit", "stop", "reset", "export")
                | _all("Visibility", "show")
                | _all("Console", "show")
                | _MASTER_DATA
                | _all("Job", *_READ)
                | _all("SmsMessage", *_READ, "resend")
            ),
        ),
        RoleSpec(
            "security_admin",
            N_("Security administrator"),
            "none",
            frozenset(
                _EVERYBODY
                | _all("Role", *_READ, "edit")
                | _all("Account", *_READ, "reset_factor")
                | _all("UserSession", *_READ, "end")
                | _all("PasswordPolicy", "show", "edit")
                | _all("Visibility", "show")
            ),
        ),
        RoleSpec(
            "audit_admin",
            N_("Audit administrator"),
            "none",
            frozenset(
                _EVERYBODY
                | _all("Console", "show")
                | _all("AuditEvent", *_READ, "export")
                | _all("SignInRecord", *_READ, "export")
            ),
        ),
    )
}


def permissions_of(roles: frozenset[str]) -> frozenset[Permission]:
    """Union of the permissions of known roles."""
    granted: set[Permission] = set()
    for name in roles:
        if spec := ROLES.get(name):
            granted |= spec.permissions
    return frozenset(granted)
