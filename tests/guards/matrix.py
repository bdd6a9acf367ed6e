"""Who may call what: every registered address and method, as data (roles.md). A new route without a row fails.

A row names the accounts that may (everybody else signed in is ``refused``), what nobody gets (``nobody``), what those
who may get for a record of their own jurisdiction (``own``) and for one of another county, city or province
(``foreign``). Calls are made with an empty body, so ``own`` of a form is its refusal by the rules (422), not a success.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# ── accounts by role ──
EDITORS = frozenset({"dingcheng", "hanshou", "nayong"})
REVIEWERS = frozenset({"dingcheng_review"})
CITY = frozenset({"changde"})
PROVINCE = frozenset({"hunan", "guizhou"})
JOINT = frozenset({"hunan_zj", "hunan_fgw", "hunan_czt"})
BUILDERS = frozenset({"yuxia"})
SYSTEM, SECURITY, AUDIT = frozenset({"sysadmin"}), frozenset({"secadmin"}), frozenset({"auditadmin"})
READERS = EDITORS | REVIEWERS | CITY | PROVINCE
ADMINISTRATORS = SYSTEM | SECURITY | AUDIT
EVERYBODY = READERS | JOINT | BUILDERS | ADMINISTRATORS
NOBODY: frozenset[str] = frozenset()

# region prefix of each account: what lies inside is its own
SCOPE: dict[str, str] = {
    "dingcheng": "430703", "dingcheng_review": "430703", "hanshou": "430722", "nayong": "520525", "changde": "4307",
    "hunan": "43", "guizhou": "52", "hunan_zj": "43", "hunan_fgw": "43", "hunan_czt": "43",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One address and method. ``target`` says whose record stands in the address; ``args`` the other parts of it."""

    endpoint: str
    method: str
    who: frozenset[str]
    own: tuple[int, ...] = (200,)
    target: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    data: dict[str, str] = field(default_factory=dict)
    foreign: tuple[int, ...] = (404,)
    refused: tuple[int, ...] = (403,)
    nobody: tuple[int, ...] = (302,)
    # an answer that may hold what the account's jurisdiction does not: the audit trail of everybody
    everywhere: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.endpoint, self.method

    def __str__(self) -> str:
        return f"{self.endpoint} {self.method}"


def row(endpoint: str, method: str, who: frozenset[str], *own: int, **more: Any) -> Row:
    return Row(endpoint, method, who, own or (200,), **more)


def listing(view: str, who: frozenset[str], export: frozenset[str] = NOBODY, **more: Any) -> list[Row]:
    """The addresses of a list page."""
    rows = [
        row(f"{view}.list", "GET", who, **more),
        row(f"{view}.count", "GET", who, **more),
        row(f"{view}.preferences", "POST", who, 400),
    ]
    return [*rows, row(f"{view}.export", "POST", export, **more)] if export else rows


# ── communities ──
COMMUNITIES = [
    *listing("CommunityView", READERS, READERS),
    row("CommunityView.add", "GET", EDITORS),
    row("CommunityView.add", "POST", EDITORS, 422),
    row("CommunityView.check", "POST", EDITORS),
    row("CommunityView.check", "POST", EDITORS, target="community", query="id={community}", foreign=(200, 404)),
    row("CommunityView.edit", "GET", EDITORS, target="community"),
    row("CommunityView.edit", "POST", EDITORS, 409, target="community", data={"name": "改名"}),
    row("CommunityView.show", "GET", READERS, target="community"),
    row("CommunityView.reveal", "POST", READERS, 200, 302, target="community", args={"field": "supervisor_phone"}),
    row("CommunityView.delete", "POST", EDITORS, 302, target="community"),
    row("CommunityView.action_post", "POST", EDITORS, 302, 404),
    row("CommunityBinView.list", "GET", EDITORS),
    row("CommunityBinView.count", "GET", READERS),
    row("CommunityBinView.preferences", "POST", READERS, 400),
    row("CommunityBinView.action_post", "POST", EDITORS, 302, 404),
    row("CommunityMapView.boundary", "GET", READERS, target="county"),
    row("CommunityMapView.around", "GET", READERS, 400),
    row("CommunityMapView.places", "GET", READERS, 200, 404),
    row("CommunityMapView.position", "GET", READERS, 400, 404),
    row("CommunityMapView.tile", "GET", READERS, 404, args={"layer": "vec", "zoom": 1, "column": 1, "row": 1}),
]  # fmt: skip


def areas(view: str, target: str, forms: tuple[str, ...]) -> list[Row]:
    """The addresses of reserve projects or plan tasks; ``forms`` are the sections that are edited."""
    bin_view = view.replace("View", "BinView")
    edits = [
        made
        for name in forms
        for made in (
            row(f"{view}.{name}", "GET", EDITORS, target=target),
            row(f"{view}.{name}", "POST", EDITORS, 409, target=target, data={"name": "改名"}),
        )
    ]
    return [
        *listing(view, READERS, READERS),
        row(f"{view}.add", "GET", EDITORS),
        row(f"{view}.add", "POST", EDITORS, 422),
        *edits,
        row(f"{view}.show", "GET", READERS, target=target),
        row(f"{view}.reveal", "POST", READERS, 200, 302, target=target),
        row(f"{view}.delete", "POST", EDITORS, 302, target=target),
        row(f"{view}.action_post", "POST", EDITORS, 302, 404),
        row(f"{view}.link", "GET", EDITORS, 302, target=target),
        row(f"{view}.link_rows", "GET", EDITORS, target=target),
        row(f"{view}.link_post", "POST", EDITORS, 400, target=target),
        row(f"{bin_view}.list", "GET", EDITORS),
        row(f"{bin_view}.count", "GET", READERS),
        row(f"{bin_view}.preferences", "POST", READERS, 400),
        row(f"{bin_view}.action_post", "POST", EDITORS, 302, 404),
    ]


AREAS = [
    *areas("ReserveView", "reserve", ("edit",)),
    *areas("PlanView", "plan", ("edit", "implementation", "long_term")),
]
# ── recognitions, inspections, supervision ──
INSPECTORS = EDITORS | CITY | PROVINCE


def steps(view: str, target: str, who: frozenset[str], *names: str) -> list[Row]:
    """Steps of a record: without the version they are refused on the page they lead back to."""
    return [row(f"{view}.{name}", "POST", who, 302, target=target) for name in names]


CHECKS = [
    *listing("RecognitionView", READERS, READERS),
    row("RecognitionView.begin", "POST", EDITORS, 302, target="plan", args={"kind": "start"}),
    row("RecognitionView.show", "GET", READERS, target="recognition"),
    row("RecognitionView.edit", "GET", EDITORS, 302, target="recognition"),
    row("RecognitionView.edit", "POST", EDITORS, 422, target="recognition"),
    row("RecognitionView.take", "POST", EDITORS, 302, target="recognition", data={"source": "works-1"}),
    *steps("RecognitionView", "recognition", EDITORS, "withdraw", "discard"),
    *steps("RecognitionView", "recognition", REVIEWERS, "recognise", "send_back", "revoke"),
    *listing("InspectionView", READERS, READERS),
    row("InspectionView.tab", "GET", READERS, target="plan"),
    row("InspectionView.begin", "POST", INSPECTORS, 302, target="plan"),
    row("InspectionView.show", "GET", READERS, target="inspection"),
    row("InspectionView.edit", "GET", INSPECTORS, 302, target="inspection"),
    row("InspectionView.edit", "POST", INSPECTORS, 422, target="inspection"),
    *steps("InspectionView", "inspection", INSPECTORS, "discard", "annul", "finish"),
    row("InspectionView.onsite", "GET", INSPECTORS, 302, target="inspection"),
    row("InspectionView.answer", "POST", INSPECTORS, 400, target="inspection_item", foreign=(400, 404)),
    row("InspectionView.arrive", "POST", INSPECTORS, 400, target="inspection", foreign=(400, 404)),
    row("InspectionView.worker", "GET", INSPECTORS),
    *listing("IssueView", READERS, READERS),
    row("IssueView.show", "GET", READERS, target="issue"),
    row("IssueView.edit", "GET", INSPECTORS, 302, target="issue"),
    row("IssueView.edit", "POST", INSPECTORS, 422, target="issue"),
    *steps("IssueView", "issue", INSPECTORS, "discard", "confirm", "send_back"),
    *steps("IssueView", "issue", EDITORS, "rectify"),
    row("IssueView.from_inspection", "POST", INSPECTORS, 302, target="inspection_item"),
]
# ── schemes ──
SCHEME_READERS = READERS | JOINT
APPROVERS = REVIEWERS | CITY
SCHEMES = [
    *listing("SchemeView", SCHEME_READERS),
    row("SchemeView.export", "POST", READERS),
    row("SchemeView.show", "GET", SCHEME_READERS, target="scheme"),
    row("SchemeView.edit", "GET", EDITORS, 302, target="scheme"),
    row("SchemeView.edit", "POST", EDITORS, 409, target="scheme"),
    row("SchemeView.tab", "GET", READERS | JOINT, 200, 404, target="plan", args={"owner": "plan"}),
    row("SchemeView.begin", "GET", READERS | JOINT, 200, 302, 404, target="plan", args={"owner": "plan"}),
    row("SchemeView.begin", "POST", READERS | JOINT, 302, 404, target="plan", args={"owner": "plan"}),
    row("SchemeView.contents", "GET", EDITORS, target="scheme"),
    row("SchemeView.contents", "POST", EDITORS, 409, target="scheme"),
    row("SchemeView.item", "GET", EDITORS, 404, target="scheme", args={"line": 999999}),
    row("SchemeView.item", "POST", EDITORS, 404, target="scheme", args={"line": 999999}),
    row("SchemeView.remove", "POST", EDITORS, 302, target="scheme"),
    row("SchemeView.withdraw", "POST", EDITORS, 302, target="scheme"),
    row("SchemeView.approve", "POST", APPROVERS, 302, target="scheme"),
    row("SchemeView.send_back", "POST", APPROVERS, 302, target="scheme"),
    row("SchemeView.publish", "POST", EDITORS, 302, target="scheme"),
    row("SchemeView.decide", "POST", JOINT, 302, target="scheme"),
]  # fmt: skip
COMMENTS = [
    *listing("SchemeCommentView", READERS),
    row("SchemeCommentView.show", "GET", READERS, target="comment"),
    row("SchemeCommentView.handle", "POST", EDITORS | REVIEWERS, 409, target="comment"),
    row("PublicSchemeView.list", "GET", EVERYBODY, nobody=(200,)),
    row("PublicSchemeView.show", "GET", EVERYBODY, 404, args={"pk": 999999}, nobody=(404,)),
    row("PublicSchemeView.comment", "POST", EVERYBODY, 404, 422, args={"pk": 999999}, nobody=(400,)),
    row("PublicSchemeView.qr", "GET", EVERYBODY, 404, args={"pk": 999999}, nobody=(404,)),
]
WATCHERS = REVIEWERS | CITY | PROVINCE
FINDINGS = [
    *listing("DoubtfulView", WATCHERS, WATCHERS),
    row("DoubtfulView.show", "GET", WATCHERS, target="finding"),
    row("DoubtfulView.dismiss", "POST", CITY | PROVINCE, 422, target="finding"),
    row("DoubtfulView.reopen", "POST", CITY | PROVINCE, 302, target="finding"),
]
NOTICES = [
    row("DashboardView.show", "GET", READERS),
    row("DashboardView.show", "GET", READERS, target="region", query="region={region}"),
    *listing("NoticeView", EVERYBODY),
    row("NoticeView.open", "POST", EVERYBODY, 404, args={"pk": 999999}),
    row("NoticeView.read_all", "POST", EVERYBODY, 302),
]
# ── works projects and month reports ──
FILLERS = EDITORS | BUILDERS
REPORT_READERS = READERS | BUILDERS
WORKS = [
    row("WorksProjectView.add", "GET", FILLERS, target="plan"),
    row("WorksProjectView.add", "POST", FILLERS, 422, target="plan"),
    row("WorksProjectView.edit", "GET", FILLERS, target="works"),
    row("WorksProjectView.edit", "POST", FILLERS, 409, target="works", data={"name": "改名"}),
    row("WorksProjectView.show", "GET", REPORT_READERS, 302, target="works"),
    row("WorksProjectView.tab", "GET", REPORT_READERS, target="plan"),
    row("WorksProjectView.reveal", "POST", REPORT_READERS, 200, 302, target="works"),
    row("WorksProjectView.delete", "POST", EDITORS, 302, target="works"),
    row("WorksProjectView.restore", "POST", EDITORS, 302, target="works"),
]
REPORTS = [
    *listing("MonthlyReportView", REPORT_READERS, READERS),
    row("MonthlyReportView.start", "GET", REPORT_READERS, 302),
    row("MonthlyReportView.plan", "GET", REPORT_READERS, 200, 302, target="plan"),
    row("MonthlyReportView.begin", "POST", FILLERS, 404),
    row("MonthlyReportView.show", "GET", REPORT_READERS, target="report"),
    row("MonthlyReportView.edit", "GET", FILLERS, 302, target="report"),
    row("MonthlyReportView.edit", "POST", FILLERS, 409, target="report"),
    row("MonthlyReportView.check", "POST", FILLERS, target="report"),
    row("MonthlyReportView.contents", "POST", FILLERS, 302, target="report"),
    row("MonthlyReportView.withdraw", "POST", FILLERS, 302, target="report"),
    row("MonthlyReportView.correct", "POST", FILLERS, 302, target="report"),
    row("MonthlyReportView.delete", "POST", EDITORS, 302, target="report"),
    row("MonthlyReportView.restore", "POST", EDITORS, 302, 404, target="report"),
    row("ReviewView.list", "GET", REVIEWERS),
    row("ReviewView.count", "GET", REVIEWERS),
    row("ReviewView.preferences", "POST", REVIEWERS, 400),
    row("ReviewView.export", "POST", REVIEWERS),
    row("ReviewView.show", "GET", REVIEWERS, target="report"),
    row("ReviewView.decide", "POST", REVIEWERS, 302, target="report"),
    row("ReviewView.drop_phrase", "POST", REVIEWERS, 404, target="report"),
    row("ReviewView.action_post", "POST", REVIEWERS, 302, 404),
]
IMPORTERS = EDITORS | PROVINCE
PLAN_IMPORTERS = CITY | PROVINCE
PLAN_IMPORTS = [
    row("DeclarationWindowView.list", "GET", PROVINCE),
    row("DeclarationWindowView.edit", "GET", PROVINCE, args={"year": 2027}),
    row("DeclarationWindowView.edit", "POST", PROVINCE, 409, 422, args={"year": 2027}),
    row("DeclarationWindowView.close", "POST", PROVINCE, 302, args={"year": 2027}),
    row("MajorProjectView.export", "POST", PROVINCE, args={"owner": "reserve"}),
    row("CatalogueBookView.list", "GET", PROVINCE),
    row("CatalogueBookView.show", "GET", PROVINCE, 404, args={"pk": 999999}),
    row("PlanImportView.start", "GET", PLAN_IMPORTERS),
    row("PlanImportView.template", "GET", PLAN_IMPORTERS),
    row("PlanImportView.upload", "POST", PLAN_IMPORTERS, 422),
    row("PlanImportView.show", "GET", PLAN_IMPORTERS, target="plan_batch"),
    row("PlanImportView.progress", "GET", PLAN_IMPORTERS, target="plan_batch"),
    row("PlanImportView.errors", "GET", PLAN_IMPORTERS, 200, 302, 404, target="plan_batch"),
    row("PlanImportView.correct", "POST", PLAN_IMPORTERS, 200, 302, 400, 404, 409, 422,
        target="plan_batch", args={"index": 1}),
    row("PlanImportView.write", "POST", PLAN_IMPORTERS, 303, 409, 422, target="plan_batch"),
    row("PlanImportView.abandon", "POST", PLAN_IMPORTERS, 302, target="plan_batch"),
]  # fmt: skip
IMPORTS = [
    row("CommunityImportView.start", "GET", IMPORTERS),
    row("CommunityImportView.template", "GET", IMPORTERS),
    row("CommunityImportView.upload", "POST", IMPORTERS, 422),
    row("CommunityImportView.show", "GET", IMPORTERS, target="batch"),
    row("CommunityImportView.progress", "GET", IMPORTERS, target="batch"),
    row("CommunityImportView.errors", "GET", IMPORTERS, 200, 302, 404, target="batch"),
    row(
        "CommunityImportView.correct",
        "POST",
        IMPORTERS,
        200,
        302,
        400,
        404,
        409,
        422,
        target="batch",
        args={"index": 1},
    ),
    row("CommunityImportView.write", "POST", IMPORTERS, 303, 409, 422, target="batch"),
    row("CommunityImportView.abandon", "POST", IMPORTERS, 302, target="batch"),
]
UNIT_ACCOUNTS = [
    row("ConstructionAccountView.tab", "GET", EDITORS, target="plan"),
    row("ConstructionAccountView.check", "POST", EDITORS, target="plan"),
    row("ConstructionAccountView.issue", "POST", EDITORS, 422, target="plan"),
    row("ConstructionAccountView.assign", "POST", EDITORS, 422, target="plan"),
    row("ConstructionAccountView.stop", "POST", EDITORS, 302, target="unit_account"),
    row("ConstructionAccountView.start", "POST", EDITORS, 302, target="unit_account"),
    row("ConstructionAccountView.reset", "POST", EDITORS, 302, target="unit_account"),
]
UPLOADERS = INSPECTORS | BUILDERS
# who may handle files at all is asked first; then whose record it is, which for others does not exist
_HIDDEN: dict[str, Any] = {"target": "attachment", "refused": (403, 404)}
ATTACHMENTS = [
    row("AttachmentView.begin", "POST", UPLOADERS, 400),
    row("AttachmentView.upload", "GET", UPLOADERS, 404, args={"key": "0" * 32}),
    row("AttachmentView.upload", "PUT", UPLOADERS, 404, args={"key": "0" * 32}),
    row("AttachmentView.upload", "DELETE", UPLOADERS, 404, args={"key": "0" * 32}),
    row("AttachmentView.complete", "POST", UPLOADERS, 400, args={"key": "0" * 32}),
    row(
        "AttachmentView.panel",
        "GET",
        READERS,
        target="community",
        args={"entity": "Community", "purpose": "evidence"},
        refused=(403, 404),
    ),
    row("AttachmentView.original", "GET", READERS, **_HIDDEN),
    row("AttachmentView.view", "GET", READERS, **_HIDDEN),
    row("AttachmentView.read", "GET", READERS, 404, **_HIDDEN),
    row("AttachmentView.thumbnail", "GET", READERS, 200, 404, **_HIDDEN),
    row("AttachmentView.marked", "GET", READERS, 404, **_HIDDEN),
    row("AttachmentView.delete", "POST", EDITORS, **_HIDDEN),
    row("AttachmentView.restore", "POST", EDITORS, **_HIDDEN),
]
API = [
    row("CommunityApi.get_list", "GET", READERS, nobody=(401,)),
    row("CommunityApi.get", "GET", READERS, target="community", nobody=(401,)),
    row("CommunityApi.post", "POST", EDITORS, 415, nobody=(401,)),
    row("CommunityApi.put", "PUT", EDITORS, 415, target="community", foreign=(404, 415), nobody=(401,)),
    *(
        row(f"{api}.{name}", verb, who, *own, target=target if name not in ("get_list", "post") else "",
            nobody=(401,), **({"foreign": (404, 415)} if verb in ("PUT", "POST", "DELETE") else {}))
        for api, target in (("ReserveApi", "reserve"), ("PlanApi", "plan"))
        for name, verb, who, own in (
            ("get_list", "GET", READERS, (200,)), ("get", "GET", READERS, (200,)), ("post", "POST", EDITORS, (415,)),
            ("put", "PUT", EDITORS, (415,)), ("links", "GET", READERS, (200,)), ("link", "POST", EDITORS, (415,)),
            ("unlink", "DELETE", EDITORS, (415,)),
        )
    ),
    row("SchemeApi.get_list", "GET", READERS | JOINT, nobody=(401,)),
    row("SchemeApi.get", "GET", READERS | JOINT, target="scheme", nobody=(401,)),
    row("SchemeApi.post", "POST", EDITORS, 415, nobody=(401,)),
    row("SchemeApi.put", "PUT", EDITORS, 415, target="scheme", foreign=(404, 415), nobody=(401,)),
    *(
        row(f"{api}.{name}", verb, who, *own, target=target if name not in ("get_list", "post") else "",
            nobody=(401,), **({"foreign": (404, 415)} if verb in ("PUT", "POST") else {}))
        for api, target, steps in (
            ("WorksProjectApi", "works", {}),
            ("MonthlyReportApi", "report", {
                "submit": EDITORS | BUILDERS, "withdraw": EDITORS | BUILDERS, "approve": REVIEWERS,
                "give_back": REVIEWERS,
            }),
        )
        for name, verb, who, own in (
            ("get_list", "GET", READERS | BUILDERS, (200,)), ("get", "GET", READERS | BUILDERS, (200,)),
            ("post", "POST", EDITORS | BUILDERS, (415,)), ("put", "PUT", EDITORS | BUILDERS, (415,)),
            *((step, "POST", people, (415,)) for step, people in steps.items()),
        )
    ),
    *(
        row(f"{api}.{name}", verb, who, *own, target=target if name not in ("get_list", "post") else "",
            nobody=(401,), **({"foreign": (404, 415)} if verb in ("PUT", "POST") else {}))
        for api, target, people, steps in (
            ("RecognitionApi", "recognition", EDITORS, {
                "submit": EDITORS, "withdraw": EDITORS, "recognise": REVIEWERS, "send_back": REVIEWERS,
                "revoke": REVIEWERS,
            }),
            ("InspectionApi", "inspection", INSPECTORS, {"conclude": INSPECTORS, "annul": INSPECTORS}),
        )
        for name, verb, who, own in (
            ("get_list", "GET", READERS, (200,)), ("get", "GET", READERS, (200,)), ("post", "POST", people, (415,)),
            ("put", "PUT", people, (415,)), *((step, "POST", may, (415,)) for step, may in steps.items()),
        )
    ),
    *(
        row(f"ConstructionAccountApi.{name}", verb, EDITORS, own, nobody=(401,),
            target="" if name in ("get_list", "post") else "unit_account",
            **({"foreign": (404, 415)} if verb == "POST" else {}))
        for name, verb, own in (
            ("get_list", "GET", 200), ("get", "GET", 200), ("post", "POST", 415), ("stop", "POST", 415),
            ("start", "POST", 415), ("reset", "POST", 415),
        )
    ),
    row("RegionApi.get_list", "GET", READERS | JOINT | SYSTEM, nobody=(401,)),
    row("RegionApi.get", "GET", READERS | JOINT | SYSTEM, target="region", nobody=(401,)),
    row("DescriptionView.docs", "GET", EVERYBODY, nobody=(401,)),
    row("DescriptionView.document", "GET", EVERYBODY, nobody=(401,)),
    row("TokenApi.login", "POST", EVERYBODY, 400, nobody=(400,)),
    row("TokenApi.refresh", "POST", EVERYBODY, 401, nobody=(401,)),
]

# ── everybody's own things ──
OWN = [
    row("HomeView.index", "GET", EVERYBODY, 302),
    row("LocaleView.index", "GET", EVERYBODY, 302, args={"locale": "zh_Hans_CN"}),
    row("AuthView.login", "GET", EVERYBODY, 302, nobody=(200,)),
    row("ProfileView.show", "GET", EVERYBODY),
    row("ProfileView.edit", "POST", EVERYBODY, 302, 422),
    row("ProfileView.password", "GET", EVERYBODY),
    row("ProfileView.password", "POST", EVERYBODY, 422),
    row("ProfileView.factor", "GET", EVERYBODY),
    row("ProfileView.factor", "POST", EVERYBODY, 422),
    row("ProfileView.factor_off", "POST", EVERYBODY, 302, 422),
    row("ProfileView.end_session", "POST", EVERYBODY, 404, target="others_session"),
    row("ProfileView.end_others", "POST", EVERYBODY, 302),
    row("SessionView.live", "GET", EVERYBODY, 200, 204),
    row("SessionView.kept", "GET", EVERYBODY, 200, 302),
    row("SessionView.kept", "POST", EVERYBODY, 200, 302, 400, 404),
    row("DraftView.show", "GET", EVERYBODY, 200, 204, args={"key": "community-new"}),
    row("DraftView.save", "POST", EVERYBODY, 400, args={"key": "community-new"}),
    row("DraftView.remove", "DELETE", EVERYBODY, 204, args={"key": "community-new"}),
    row("ManualView.show", "GET", EVERYBODY, nobody=(200,)),
    row("static", "GET", EVERYBODY, args={"filename": "css/portal.css"}, nobody=(200,)),
    row("healthz", "GET", EVERYBODY, nobody=(200,)),
]
# tested where they belong: signing in and out ends or starts a session
ELSEWHERE = {("AuthView.login", "POST"), ("AuthView.logout", "POST"), ("metrics", "GET")}

# ── administrators ──
ACCOUNTS = [
    *listing("AccountView", SYSTEM | SECURITY, SYSTEM),
    row("AccountView.departments", "GET", SYSTEM | SECURITY),
    row("AccountView.regions", "GET", SYSTEM | SECURITY),
    row("AccountView.show", "GET", SYSTEM | SECURITY, args={"pk": 1}),
    row("AccountView.add", "GET", SYSTEM),
    row("AccountView.add", "POST", SYSTEM, 422),
    row("AccountView.edit", "GET", SYSTEM, args={"pk": 1}),
    row("AccountView.edit", "POST", SYSTEM, 409, 422, args={"pk": 1}),
    row("AccountView.reset", "POST", SYSTEM, 404, args={"pk": 999999}),
    row("AccountView.stop", "POST", SYSTEM, 404, args={"pk": 999999}),
    row("AccountView.start", "POST", SYSTEM, 404, args={"pk": 999999}),
    row("AccountView.reset_factor", "POST", SECURITY, 404, args={"pk": 999999}),
    row("RoleView.list", "GET", SECURITY),
    row("RoleView.show", "GET", SECURITY, 200, 404, args={"pk": 1}),
    row("RoleView.edit", "GET", SECURITY, 200, 404, args={"pk": 1}),
    row("RoleView.edit", "POST", SECURITY, 302, 404, 409, 422, args={"pk": 999999}),
    *listing("UserSessionView", SECURITY),
    row("UserSessionView.end", "POST", SECURITY, 302, 404, args={"pk": 999999}),
    row("UserSessionView.end_all", "POST", SECURITY, 302, 404, args={"pk": 999999}),
    row("PolicyView.show", "GET", SECURITY),
    row("PolicyView.edit", "POST", SECURITY, 409, 422, args={"code": "430000"}),
    row("VisibilityView.show", "GET", SYSTEM | SECURITY),
    *listing("SignInRecordView", AUDIT, AUDIT),
    *listing("AuditEventView", AUDIT, AUDIT, everywhere=True),
    row("AuditEventView.show", "GET", AUDIT, args={"pk": 1}, everywhere=True),
]


def console(
    view: str, who: frozenset[str] = SYSTEM, *, add: bool = False, edit: bool = False, delete: bool = False,
    details: bool = False, everywhere: bool = False,
) -> list[Row]:  # fmt: skip
    """A section of the console: everything that is not said to be on does not exist, for those who may neither."""
    absent: dict[str, Any] = {"refused": (404,), "everywhere": everywhere}

    def on(there: bool, *own: int) -> dict[str, Any]:
        return {**absent, "own": own if there else (404,)}

    name = f"console_{view}"
    return [
        row(f"{name}.index_view", "GET", who, **absent),
        Row(f"{name}.create_view", "GET", who, **on(add, 200)),
        Row(f"{name}.create_view", "POST", who, **on(add, 200, 422)),
        Row(f"{name}.edit_view", "GET", who, **on(edit, 302)),
        Row(f"{name}.edit_view", "POST", who, **on(edit, 302)),
        Row(f"{name}.delete_view", "POST", who, **on(delete, 302)),
        Row(f"{name}.details_view", "GET", who, **on(details, 302)),
        Row(f"{name}.export", "GET", who, args={"export_type": "csv"}, **on(False)),
        Row(f"{name}.action_view", "POST", who, **on(False)),
        Row(f"{name}.ajax_lookup", "GET", who, **on(False)),
        Row(f"{name}.ajax_update", "POST", who, **on(False)),
    ]


CONSOLE = [
    row("console.index", "GET", SYSTEM | AUDIT, refused=(404,)),
    *console("code_tables"),
    *console("code_items", add=True, edit=True),
    *console("profiles", edit=True, details=True),
    *console("catalogues", add=True, edit=True),
    *console("catalogue_items", add=True, edit=True),
    *console("regions", add=True, edit=True),
    *console("towns", edit=True),
    *console("withdrawn_codes", add=True, edit=True),
    *console("departments", add=True, edit=True),
    *console("holidays", add=True, edit=True, delete=True),
    *console("jobs", details=True),
    *console("periodic"),
    *console("sms"),
    row("console_sms.resend", "POST", SYSTEM, 404, refused=(404,)),
    *console("sign_ins", AUDIT),
    *console("audit", AUDIT, details=True, everywhere=True),
]

MATRIX: tuple[Row, ...] = (
    *PLAN_IMPORTS, *UNIT_ACCOUNTS, *WORKS, *REPORTS,
    *COMMUNITIES, *AREAS, *CHECKS, *SCHEMES, *COMMENTS, *FINDINGS, *NOTICES, *IMPORTS, *ATTACHMENTS, *API, *OWN, *ACCOUNTS,
    *CONSOLE,
)  # fmt: skip
