"""The only writer of schemes: draft, contents, submission, review, approval, publicity (M1.6.4, N2.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.annual_plans.models import PlanTask
from app.annual_plans.rules import PROGRAMMES, programmes_of
from app.areas import queries as area_queries
from app.areas.models import Area
from app.areas.rules import REQUIRED, built_findings, incomplete_findings, read_fields, required_findings
from app.areas.services import owner_of
from app.audit import services as audit
from app.kernel import calendar
from app.kernel.errors import N_, Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.observers import Observers
from app.kernel.text import BadInput, as_finding
from app.persistence.context import current_actor
from app.persistence.transitions import advance, log_transition
from app.persistence.types import utcnow
from app.regions import cache as regions
from app.regions.rules import Profile
from app.reserve.models import ReserveProject
from app.schemes import contents, queries, rules
from app.schemes.models import CatalogueItem, Scheme, SchemeFunding, SchemeReview
from app.schemes.summaries import touch

attachment_counts: Observers[[Session, Scheme], Mapping[str, int]] = Observers()
"""Answers purpose → number of stored attachments; nobody registered means there are none."""
progressed_items: Observers[[Session, Scheme], Iterable[int]] = Observers()
"""Answers ids of contents (`SchemeItem`) for which an approved report carries progress (M1.6.4.3)."""


def _require(action: str) -> None:
    if not current_actor().may(f"can_{action}", "Scheme"):
        raise NotAllowed(msg("You are not permitted to do this."))


def _profile(session: Session, county_code: str) -> Profile:
    return regions.current(session).profile(county_code)


def owner_row(session: Session, scheme: Scheme) -> Area:
    """The reserve project or plan task of a scheme. Raises: OutOfScope when it is in the recycle bin."""
    kind: Any = ReserveProject if scheme.reserve_project_id else PlanTask
    key = scheme.reserve_project_id or scheme.plan_task_id
    found: Area | None = session.get(kind, key, populate_existing=True)
    if found is None:
        raise OutOfScope(f"owner of scheme {scheme.id}")
    return found


def ensure_scheme(session: Session, area: Area) -> Scheme:
    """The scheme of an owner, begun as an empty draft where there is none."""
    owner = owner_of(area)
    found = queries.scheme_of(session, owner, area.id)
    if found is not None:
        return found
    _require("edit")
    me, now = current_actor().username, utcnow()
    scheme = Scheme(
        county_code=area.county_code, created_by=me, updated_by=me, created_at=now, updated_at=now,
        **{f"{owner}_id": area.id},
    )  # fmt: skip
    session.add(scheme)
    session.flush()
    log_transition(session, scheme, "begin", "", scheme.state)
    touch(session, scheme)
    return scheme


def require_editable(scheme: Scheme) -> None:
    """Raises RuleViolation unless the scheme is a draft or was returned."""
    if scheme.state not in rules.EDITABLE:
        text = N_("The scheme is “%(state)s”: it can be changed only as a draft or after it was returned.")
        raise RuleViolation(
            Finding("M1.6.4", "error", None, msg(text, state=msg(rules.FLOW.states[scheme.state])))
        )


def _open(scheme: Scheme, version: int | None, typed: Iterable[str] = ()) -> None:
    _require("edit")
    require_editable(scheme)
    if version is not None and scheme.version != version:
        raise StaleRow(
            {name: getattr(scheme, name) for name in typed if hasattr(scheme, name)}, scheme.version
        )


def _stamp(session: Session, scheme: Scheme) -> None:
    scheme.updated_at, scheme.updated_by = utcnow(), current_actor().username
    touch(session, scheme)
    session.flush()


def save_draft(session: Session, scheme: Scheme, typed: Mapping[str, Any], version: int) -> Scheme:
    """保存: what can be read is kept, nothing is required. Raises: RuleViolation at the fields, StaleRow."""
    _open(scheme, version, typed)
    values, found = read_fields(typed, rules.READERS, "M1.6.4")
    if found:
        raise RuleViolation(found)
    lines = [name for name in values if name in rules.FUNDING_FIELDS]
    fund(scheme, {rules.FUNDING_FIELDS[name]: values.pop(name) for name in lines})
    for name, value in values.items():
        setattr(scheme, name, value)
    _stamp(session, scheme)
    return scheme


def fund(scheme: Scheme, amounts: Mapping[str, Any]) -> None:
    """资金来源 by line: source → amount; an empty or zero amount removes the line."""
    lines = {line.source: line for line in scheme.funding} if amounts else {}
    for source, amount in amounts.items():
        if not amount:
            if source in lines:
                scheme.funding.remove(lines[source])
        elif source in lines:
            lines[source].amount = amount
        else:
            scheme.funding.append(SchemeFunding(county_code=scheme.county_code, source=source, amount=amount))


# --- contents (M1.6.4.1 – M1.6.4.3) ----------------------


def save_items(
    session: Session,
    scheme: Scheme,
    chosen: Mapping[int, tuple[Any, Any]],
    version: int | None = None,
    *,
    only: bool = False,
) -> Scheme:
    """保存改造内容清单: catalogue item id → (quantity 1, quantity 2) as typed; others stay, or (``only``) go.

    New ones must stand in the catalogue in force; older ones that the scheme has may still be changed.
    Raises: RuleViolation with findings at ``quantity1_<item id>`` / ``quantity2_<item id>`` or, for one that
    cannot be added or removed, ``item_<item id>``; StaleRow.
    """
    _open(scheme, version)
    province = regions.current(session).province_of(scheme.county_code).code
    known = contents.known(session, scheme, province, calendar.today())
    found = _not_addable(session, [key for key in chosen if key not in known])
    changed: dict[int, tuple[contents.Content, contents.Amounts]] = {}
    for key, typed in chosen.items():
        if (content := known.get(key)) is None:
            continue
        amounts, wrong = _quantities(content.item, typed)
        found += wrong
        if not wrong and (content.line_id is None or amounts != content.amounts):
            changed[key] = content, amounts
    gone = [c for key, c in known.items() if only and c.line_id is not None and key not in chosen]
    found += _begun_findings(session, scheme, gone)
    if found:
        raise RuleViolation(found)
    _write(session, scheme, changed, gone)
    return scheme


def _write(session: Session, scheme: Scheme, changed: Any, gone: Sequence[contents.Content]) -> None:
    """The scheme's row first: its version keeps others away."""
    scheme.updated_at, scheme.updated_by = utcnow(), current_actor().username
    session.flush()
    contents.write(session, scheme, changed, gone)


def _not_addable(session: Session, ids: Sequence[int]) -> list[Finding]:
    if not ids:
        return []
    named = select(CatalogueItem.id, CatalogueItem.content).where(CatalogueItem.id.in_(ids))
    names = {row.id: row.content for row in session.execute(named)}
    text = N_("“%(content)s” is not in the catalogue in force: it cannot be added.")
    return [
        Finding("M1.6.4.1", "error", f"item_{key}", msg(text, content=names.get(key, str(key))))
        for key in ids
    ]


def _quantities(item: CatalogueItem, typed: tuple[Any, Any]) -> tuple[contents.Amounts, list[Finding]]:
    amounts: list[Any] = []
    found: list[Finding] = []
    for number, raw in enumerate(typed, start=1):
        try:
            amounts.append(rules.read_quantity(raw))
        except BadInput as bad:
            amounts.append(None)
            found.append(as_finding(bad, f"quantity{number}_{item.id}", "M1.6.4.2"))
    row = {"unit2": item.unit2, "content": item.content}
    found += rules.quantity_findings(row, amounts[1], f"quantity2_{item.id}")
    return (amounts[0], amounts[1] if item.unit2 else None), found


def _begun_findings(
    session: Session, scheme: Scheme, gone: Sequence[contents.Content], *, by_line: bool = False
) -> list[Finding]:
    """M1.6.4.3: a content for which an approved report carries progress stays."""
    if not gone:
        return []
    begun = {key for keys in progressed_items(session, scheme) for key in keys}
    text = N_("“%(content)s” has progress in an approved report: it cannot be removed.")
    held = [(c.line_id if by_line else c.item.id, c.item.content) for c in gone if c.line_id in begun]
    return [Finding("M1.6.4.3", "error", f"item_{key}", msg(text, content=name)) for key, name in held]


def remove_items(
    session: Session, scheme: Scheme, ids: Sequence[int], version: int | None = None
) -> list[int]:
    """删除改造内容: by `SchemeItem` ids; refused where an approved report carries progress (M1.6.4.3)."""
    _open(scheme, version)
    province = regions.current(session).province_of(scheme.county_code).code
    known = contents.known(session, scheme, province, calendar.today()).values()
    lines = {content.line_id: content for content in known if content.line_id is not None}
    if odd := set(ids) - set(lines):
        raise OutOfScope(f"scheme items {sorted(odd)}")
    gone = [lines[key] for key in sorted(set(ids))]
    if found := _begun_findings(session, scheme, gone, by_line=True):
        raise RuleViolation(found)
    _write(session, scheme, {}, gone)
    return sorted(set(ids))


# --- submission, review, approval (N2.1) -----------------


def check(session: Session, scheme: Scheme) -> list[Finding]:
    """Everything that 确认并提交 will say about a scheme now (R07 – R10), warnings included."""
    area = owner_row(session, scheme)
    communities = area_queries.all_communities_of(session, owner_of(area), area.id)
    found = required_findings({name: getattr(area, name) for name in REQUIRED})
    if not communities:
        found.append(Finding("R10", "error", "communities", msg("Link at least one community first.")))
    found += incomplete_findings(communities)
    sums = ("built_up_to_2000", "built_after_2000", "community_count")
    found += built_findings({name: getattr(area, name) for name in sums})
    counts: dict[str, int] = {}
    for answered in attachment_counts(session, scheme):
        counts.update(answered)
    return found + rules.submission_findings(queries.values_of(scheme), queries.rows_of(scheme), counts)


def review_needed(session: Session, scheme: Scheme) -> bool:
    """As the province's profile says (N2.1)."""
    area, profile = owner_row(session, scheme), _profile(session, scheme.county_code)
    flags = {name: getattr(area, name, False) for name in PROGRAMMES}
    is_reserve = isinstance(area, ReserveProject)
    return rules.needs_review(
        profile.requires_review, profile.review_programmes, programmes_of(flags), is_reserve=is_reserve
    )


def submit(
    session: Session,
    scheme: Scheme,
    version: int,
    *,
    confirmed: bool,
    accept_warnings: bool = False,
    note: str = "",
) -> Scheme:
    """确认并提交: everything is checked, then it goes to the joint review, or to approved without one.

    ``confirmed`` is the person's word that the data is true (R25). Raises: RuleViolation with every finding
    (also when there are only warnings and they were not accepted), NotAllowed, StaleRow.
    """
    if scheme.version != version:
        raise StaleRow({}, scheme.version)
    found = tuple(check(session, scheme))
    subject = rules.Subject(findings=found, confirmed=confirmed)
    rules.FLOW.require(scheme.state, "submit", current_actor(), subject)
    if found and not accept_warnings:
        raise RuleViolation(found)
    advance(session, rules.FLOW, scheme, "submit", subject=subject, note=note)
    scheme.confirmed_warnings = ",".join(sorted({f.rule for f in found}))
    scheme.submitted_by_id, scheme.submitted_at = current_actor().user_id, utcnow()
    values = queries.values_of(scheme) | queries.funding_of(scheme)
    digest = rules.confirmation_digest(values, queries.rows_of(scheme))
    audit.record(
        session, "confirm", entity="Scheme", entity_id=scheme.id, county_code=scheme.county_code,
        after={"text": rules.CONFIRMATION, "digest": digest},
    )  # fmt: skip
    needed = review_needed(session, scheme)
    route = rules.Subject(needs_review=needed)
    advance(session, rules.FLOW, scheme, "open_review" if needed else "pass_without_review", subject=route)
    if needed:
        _begin_round(session, scheme)
    _stamp(session, scheme)
    return scheme


def _begin_round(session: Session, scheme: Scheme) -> None:
    scheme.review_round += 1
    departments = _profile(session, scheme.county_code).requires_review
    session.add_all(
        SchemeReview(
            county_code=scheme.county_code, scheme_id=scheme.id, round=scheme.review_round, department=name
        )
        for name in departments
    )


def withdraw(session: Session, scheme: Scheme, note: str = "") -> Scheme:
    """Back to draft while no department has decided."""
    scheme = queries.get_scheme(session, scheme.id, lock=True)
    subject = rules.Subject(outcomes=queries.outcomes(session, scheme))
    advance(session, rules.FLOW, scheme, "withdraw", subject=subject, note=note)
    _stamp(session, scheme)
    return scheme


def review(session: Session, scheme: Scheme, department: str, *, passed: bool, reason: str = "") -> Scheme:
    """A department passes or returns; the last pass completes the review, a return ends it (with reason).

    Raises: NotAllowed for another department's reviewer, RuleViolation when it has decided already.
    """
    _require(f"review_{department}")
    scheme = queries.get_scheme(session, scheme.id, lock=True)
    row = session.scalars(
        queries.reviews(scheme.id, scheme.review_round).where(SchemeReview.department == department)
    ).first()
    if scheme.state != "in_review" or row is None:
        raise RuleViolation(Finding("N2.1", "error", None, msg("This scheme is not under joint review.")))
    if row.outcome != "pending":
        raise RuleViolation(Finding("N2.1", "error", None, msg("Your department has decided already.")))
    if not passed and not reason.strip():
        raise RuleViolation(Finding("N2.1", "error", "reason", msg("Say why it is returned.")))
    actor = current_actor()
    row.outcome, row.reason, row.at = "passed" if passed else "returned", reason.strip(), utcnow()
    row.reviewer_id, row.reviewer_name = actor.user_id, (actor.display_name or actor.username)[:128]
    session.flush()
    log_transition(session, scheme, f"{department}_{row.outcome}", scheme.state, scheme.state, reason.strip())
    outcomes = queries.outcomes(session, scheme)
    if not passed:
        subject = rules.Subject(reason=reason)
        advance(session, rules.FLOW, scheme, "return_from_review", subject=subject, note=reason.strip())
    elif all(outcome == "passed" for outcome in outcomes.values()):
        advance(session, rules.FLOW, scheme, "complete_review", subject=rules.Subject(outcomes=outcomes))
    touch(session, scheme)
    session.flush()
    return scheme


def approve(session: Session, scheme: Scheme, note: str = "") -> Scheme:
    """City or county approval after the joint review; never by whoever submitted it (R19)."""
    return _step(session, scheme, "approve", note)


def send_back(session: Session, scheme: Scheme, reason: str) -> Scheme:
    """退回 with a reason, from reviewed or approved."""
    return _step(session, scheme, "return", reason)


def _step(session: Session, scheme: Scheme, action: str, note: str) -> Scheme:
    scheme = queries.get_scheme(session, scheme.id, lock=True)
    subject = rules.Subject(submitted_by_id=scheme.submitted_by_id, reason=note)
    advance(session, rules.FLOW, scheme, action, subject=subject, note=note.strip())
    touch(session, scheme)
    session.flush()
    return scheme


def publish(session: Session, scheme: Scheme) -> Scheme:
    """公示 from today for the profile's days (N2.1)."""
    scheme = _step(session, scheme, "publish", "")
    days = _profile(session, scheme.county_code).publicity_days
    scheme.published_on = calendar.today()
    scheme.published_until = scheme.published_on + dt.timedelta(days=days)
    session.flush()
    return scheme
