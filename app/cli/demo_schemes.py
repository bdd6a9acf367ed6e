"""The demo world's schemes: one in every state from draft to publicity, with contents, funds and attachments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import Account
from app.accounts.principal import actor_of
from app.annual_plans.models import PlanTask
from app.cli.demo_pictures import photo, scan
from app.cli.demo_reports import People, attach, people_of
from app.kernel import calendar
from app.persistence.closing import settle
from app.persistence.context import acting_as
from app.public.services import add_comment
from app.reserve.models import ReserveProject
from app.schemes import queries
from app.schemes import services as schemes
from app.schemes.models import CatalogueItem, Scheme
from app.schemes.rules import STATUS_FIELDS

# county, code of a plan task or name of a reserve project, how far its scheme has come, investment
LIVES: tuple[tuple[str, str, str, str], ...] = (
    ("430703", "工商所永安片区", "draft", "396.00"),
    ("430703", "建行宿舍", "in_review", "198.00"),
    ("430703", "43070320200908582", "approved", "742.00"),
    ("430703", "43070320200908528", "returned", "552.00"),
    ("430703", "43070320200908521", "published", "180.00"),
    ("430702", "市总工会宿舍", "published", "260.00"),
    ("430702", "鸿霖公寓", "approved", "310.00"),
    ("430702", "医药公司宿舍", "reviewed", "154.00"),
    ("430702", "广德三区", "returned", "620.00"),
    ("430702", "金色文苑", "passed_by_one", "430.00"),
)
_CONTENTS = (("GN-B01", "320", ""), ("GN-B02", "1260", ""), ("GN-B08", "2400", ""), ("GN-W01", "36", ""))
_SHARES = (("central_subsidy", "0.50"), ("province", "0.20"), ("local", "0.20"))
_TEXTS = {
    "standard": "屋面防水等级一级；道路恢复沥青面层。", "subsidy_standard": "按户均1.5万元以奖代补。",
    "safeguards": "区政府成立工作专班，街道包点，居民代表全程监督。",
    "filler_name": "陈某", "filler_phone": "13800000021",
}  # fmt: skip
_REVIEWERS = (("housing", "hunan_zj"), ("development", "hunan_fgw"), ("finance", "hunan_czt"))
_RETURNED = "资金来源与投资估算不一致，请核实居民出资部分后重新申报。"


def load_schemes(session: Session) -> int:
    """Schemes of a portal whose reserve has none, through the services; the caller commits. Returns how many."""
    begun = select(Scheme.id).where(Scheme.reserve_project_id.is_not(None)).limit(1)
    if session.execute(begun).first() is not None:
        return 0
    settle(session)
    made = 0
    for county, name, state, investment in LIVES:
        area = _area(session, county, name)
        if area is not None:
            _live(session, area, people_of(session, county), state, Decimal(investment))
            made += 1
    return made


def _area(session: Session, county: str, name: str) -> Any:
    kind: Any = PlanTask if name.isdigit() else ReserveProject
    mine = kind.code == name if name.isdigit() else kind.name == name
    found = select(kind).where(kind.county_code == county, mine).execution_options(populate_existing=True)
    return session.scalars(found).first()


def _live(session: Session, area: Any, who: People, state: str, investment: Decimal) -> None:
    """A scheme from its beginning as far as ``state`` says, each step by whom it belongs to."""
    with acting_as(who.editor):
        scheme = schemes.ensure_scheme(session, area)
        _fill(session, scheme, investment)
        if state == "draft":
            return
        schemes.submit(session, scheme, scheme.version, confirmed=True, accept_warnings=True)
    if scheme.state == "in_review":
        _review(session, scheme, state)
    settle(session)
    scheme = queries.get_scheme(session, scheme.id)
    if state in ("approved", "published") and scheme.state == "reviewed":
        with acting_as(who.reviewer):
            schemes.approve(session, scheme, "同意按方案实施。")
    if state == "returned" and scheme.state == "approved":
        with acting_as(who.reviewer):
            schemes.send_back(session, scheme, _RETURNED)
    if state == "published":
        with acting_as(who.editor):
            scheme = schemes.publish(session, queries.get_scheme(session, scheme.id))
        settle(session)
        add_comment(session, scheme.id, "建议同步增设电动自行车充电桩。", calendar.today())


def _review(session: Session, scheme: Scheme, state: str) -> None:
    """The joint review: nobody yet, one department, all of them, or the second one returns it."""
    if state == "in_review":
        return
    for department, login in _REVIEWERS:
        returns = state == "returned" and department == "development"
        key = session.scalars(select(Account.id).where(Account.username == login)).one()
        with acting_as(actor_of(key)):
            schemes.review(session, scheme, department, passed=not returns, reason=_RETURNED if returns else "")
        if returns or state == "passed_by_one":
            return


def _fill(session: Session, scheme: Scheme, investment: Decimal) -> None:
    """Every field, funds that add up to the investment, four contents and the four attachments."""
    parts = {source: (investment * Decimal(share)).quantize(Decimal("0.01")) for source, share in _SHARES}
    parts["residents"] = investment - sum(parts.values())
    basic, improved = (investment * Decimal("0.5")).quantize(Decimal("0.01")), Decimal("20.00")
    typed = {
        **_TEXTS, "property_management": "professional", "elevator_count": "0", "parking_count": "34",
        **dict.fromkeys(STATUS_FIELDS, "否"), "piped_gas": "是", "fibre_to_home": "是",
        "investment": str(investment), "investment_basic": str(basic), "investment_improved": str(improved),
        "investment_upgraded": str(investment - basic - improved),
        **{f"funding_{source}": str(amount) for source, amount in parts.items()},
    }  # fmt: skip
    schemes.save_draft(session, scheme, typed, scheme.version)
    found = select(CatalogueItem.code, CatalogueItem.id)
    ids = dict(row for row in session.execute(found.where(CatalogueItem.code.in_([c for c, *_q in _CONTENTS]))))
    schemes.save_items(session, scheme, {ids[code]: (first, second) for code, first, second in _CONTENTS})
    number = f"No. {scheme.id:05d}"
    plan = photo(f"site plan {scheme.id}", calendar.now(), None, None)
    for purpose, name, content in (
        ("scheme_document", "小区改造方案.pdf", scan("RENOVATION SCHEME", number)),
        ("scheme_site_plan", "方案总平面图.jpg", plan),
        ("scheme_approval", "方案审定批复文件.pdf", scan("APPROVAL", number)),
        ("scheme_consent", "居民同意改造佐证材料.pdf", scan("CONSENT OF RESIDENTS", number)),
    ):
        attach(session, "Scheme", scheme.id, purpose, name, content)
