"""The whole menu per role as data; the only module that imports views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flask import Flask, request
from flask_appbuilder import BaseView

from app.extensions import _, appbuilder
from app.kernel.actor import Actor
from app.kernel.errors import N_
from app.web.fragments import kept
from app.web.paths import page_path


@dataclass(frozen=True)
class Entry:
    """One menu entry: endpoint, label, icon and the permission that shows it; ``group``: what it lies under."""

    endpoint: str
    label: str
    icon: str
    permission: tuple[str, str]
    levels: frozenset[str] = frozenset()
    args: tuple[tuple[str, str], ...] = ()
    group: str = ""

    @property
    def view(self) -> str:
        return self.endpoint.partition(".")[0]


COUNTY = frozenset({"county"})
ABOVE = frozenset({"city", "province"})
LIBRARIES = N_("Project libraries")

MENU: tuple[Entry, ...] = (
    Entry("DashboardView.show", N_("Home"), "home", ("can_show", "Dashboard")),
    Entry("CommunityView.list", N_("Mark on map"), "map-pin-plus", ("can_list", "Community"), COUNTY),
    Entry("CommunityView.list", N_("Candidates"), "database", ("can_list", "Community"), ABOVE,
          group=LIBRARIES),
    Entry("ReserveView.list", N_("Project reserve"), "archive", ("can_list", "ReserveProject"), COUNTY),
    Entry("ReserveView.list", N_("Reserve library"), "archive", ("can_list", "ReserveProject"), ABOVE,
          group=LIBRARIES),
    Entry("PlanView.list", N_("Works library"), "progress", ("can_list", "PlanTask"), ABOVE,
          (("library", "works"),), LIBRARIES),
    Entry("PlanView.list", N_("Library of finished works"), "circle-check", ("can_list", "PlanTask"), ABOVE,
          (("library", "done"),), LIBRARIES),
    Entry("PlanView.list", N_("Yearly plan ledger"), "list-details", ("can_list", "PlanTask")),
    Entry("MonthlyReportView.list", N_("Report implementation"), "file-upload", ("can_submit", "MonthlyReport")),
    Entry("ReviewView.list", N_("Review implementation"), "file-check", ("can_approve", "MonthlyReport"), COUNTY),
    Entry("SchemeView.list", N_("Review of schemes"), "clipboard-check", ("can_approve", "Scheme"), COUNTY),
    Entry("SchemeView.list", N_("Review of schemes"), "clipboard-check", ("can_list", "Scheme"), ABOVE),
    Entry("IssueView.list", N_("Supervision and inspections"), "gavel", ("can_list", "SupervisionIssue")),
    Entry("DoubtfulView.list", N_("Doubtful reports"), "alert-triangle", ("can_list", "PhotoFinding")),
    Entry("AccountView.list", N_("Accounts"), "users", ("can_list", "Account")),
    Entry("RoleView.list", N_("Roles and permissions"), "shield-lock", ("can_list", "Role")),
    Entry("UserSessionView.list", N_("Sessions"), "clock", ("can_list", "UserSession")),
    Entry("PolicyView.show", N_("Password policy"), "lock", ("can_show", "PasswordPolicy")),
    Entry("AuditEventView.list", N_("Audit trail"), "shield-check", ("can_list", "AuditEvent")),
    Entry("SignInRecordView.list", N_("Sign-in records"), "login", ("can_list", "SignInRecord")),
    Entry("VisibilityView.show", N_("Why can't I see it?"), "eye-off", ("can_show", "Visibility")),
    Entry("console.index", N_("Maintenance console"), "tool", ("can_show", "Console")),
)

# what in an address can make another entry the current one
NARROWING = frozenset(pair for entry in MENU for pair in entry.args)


def register(app: Flask) -> None:
    """Import every view and hand it to FAB (which keeps no menu of its own)."""
    from app.accounts.admin_views import AccountView, SignInRecordView, UserSessionView
    from app.accounts.construction.views import ConstructionAccountView
    from app.accounts.profile_views import ProfileView
    from app.accounts.role_views import PolicyView, RoleView, VisibilityView
    from app.accounts.views import SessionView
    from app.annual_plans.import_views import PlanImportView
    from app.annual_plans.views import PlanBinView, PlanView
    from app.annual_plans.window_views import DeclarationWindowView
    from app.api import views as apis
    from app.attachments.views import AttachmentView
    from app.audit.views import AuditEventView
    from app.communities.import_views import CommunityImportView
    from app.communities.map_views import CommunityMapView
    from app.communities.views import CommunityBinView, CommunityView
    from app.dashboard.views import DashboardView
    from app.evidence.views import DoubtfulView
    from app.inspections.views import InspectionView
    from app.notices.views import NoticeView
    from app.ops import views as console
    from app.public.views import PublicSchemeView, SchemeCommentView
    from app.recognition.views import RecognitionView
    from app.reserve.views import ReserveBinView, ReserveView
    from app.schemes.views import VIEWS as SCHEME_VIEWS
    from app.supervision.views import IssueView
    from app.web.drafts import DraftView
    from app.web.manual import ManualView

    for api in (apis.CommunityApi, apis.RegionApi, apis.ReserveApi, apis.PlanApi, apis.SchemeApi,
                apis.WorksProjectApi, apis.MonthlyReportApi, apis.RecognitionApi, apis.InspectionApi,
                apis.ConstructionAccountApi):
        appbuilder.add_api(api)
    accounts = (AccountView, UserSessionView, SignInRecordView, ProfileView, RoleView, PolicyView, VisibilityView,
                ConstructionAccountView)
    communities = (CommunityView, CommunityBinView, CommunityMapView, CommunityImportView)
    areas = (ReserveView, ReserveBinView, PlanView, PlanBinView, PlanImportView, DeclarationWindowView)
    boards = (DashboardView, DoubtfulView, NoticeView)
    others = (DraftView, AuditEventView, apis.DescriptionView, ManualView, AttachmentView)
    schemes = (*SCHEME_VIEWS, PublicSchemeView, SchemeCommentView)
    checks = (RecognitionView, InspectionView, IssueView)
    for view in (SessionView, *accounts, *communities, *areas, *schemes, *_works(), *checks, *boards, *others):
        appbuilder.add_view_no_menu(view)
    console.register(app)


def _works() -> tuple[type[BaseView], ...]:
    """Views of works projects, month reports and their review."""
    from app.monthly_reports.review_views import ReviewView
    from app.monthly_reports.views import MonthlyReportView
    from app.works.views import WorksProjectView

    return WorksProjectView, MonthlyReportView, ReviewView


def entries_for(actor: Actor) -> list[Entry]:
    return [
        entry
        for entry in MENU
        if actor.may(*entry.permission) and (not entry.levels or actor.region_level in entry.levels)
    ]


class MenuItem(NamedTuple):
    """One link of the main menu as a page shows it, or a group of them (``items``)."""

    label: str
    href: str
    icon: str
    key: str
    current: bool
    waiting: int = 0
    items: tuple[MenuItem, ...] = ()


def menu_for(actor: Actor, endpoint: str) -> tuple[MenuItem, ...]:
    """The menu of an actor on a page; of two entries of a view the narrower one is the current one.

    Entries of a group stand in ``items`` of one entry with the group's name.
    """
    asked = frozenset(pair for pair in request.args.items() if pair in NARROWING)
    key = ("menu", actor.permissions, actor.is_system, actor.region_level, endpoint, asked)
    return kept(key, lambda: _menu(entries_for(actor), endpoint.partition(".")[0], asked))


def _menu(entries: list[Entry], view: str, asked: frozenset[tuple[str, str]]) -> tuple[MenuItem, ...]:
    narrow = [entry for entry in entries if entry.args and entry.view == view and asked.issuperset(entry.args)]
    groups: dict[str | int, list[MenuItem]] = {}
    for number, entry in enumerate(entries):
        item = MenuItem(
            _(entry.label),
            page_path(entry.endpoint, **dict(entry.args)),
            entry.icon,
            entry.view + "".join(f":{value}" for _key, value in entry.args),
            entry in narrow if narrow or entry.args else (view + "_").startswith(entry.view + "_"),
        )
        groups.setdefault(entry.group or number, []).append(item)
    return tuple(
        MenuItem(_(group), "", "folders", group, current=False, items=tuple(items))
        if isinstance(group, str)
        else items[0]
        for group, items in groups.items()
    )


def first_page(actor: Actor) -> str:
    """Where the work of a role starts."""
    entries = entries_for(actor)
    return page_path(entries[0].endpoint if entries else "ProfileView.show")


def search_page(actor: Actor) -> str:
    """Where the search field of the frame leads, if the role has a list to search."""
    return page_path("CommunityView.list") if actor.may("can_list", "Community") else ""
