"""The only writer of construction units' accounts (M1.6.5.3). Never commits.

A one-time password exists in three places only: as a hash in the account, sealed in the outbox until the
message is
sent, and on the unit's telephone. No page, export, log or audit event shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from app.accounts import credentials, principal
from app.accounts import services as accounts
from app.accounts.construction import queries
from app.accounts.construction.models import ConstructionAccount
from app.accounts.construction.rules import FLOW, STATES, UNIT, check_unit, phone_findings, wrong
from app.accounts.models import Account
from app.accounts.policy import policy_for
from app.accounts.rules import one_time_password
from app.annual_plans.models import PlanTask
from app.annual_plans.services import get_plan
from app.audit import services as audit
from app.kernel.actor import Actor
from app.kernel.errors import Finding, NotAllowed, OutOfScope, RuleViolation, StaleRow, msg
from app.kernel.text import normalise_input, normalise_phone
from app.notifications import services as outbox
from app.persistence.context import current_actor
from app.persistence.gate import SCOPE_APPLIED
from app.persistence.types import utcnow
from app.persistence.work import explain_constraint

_RESOURCE = "ConstructionAccount"


def _require(actor: Actor, action: str) -> None:
    if not actor.may(action, _RESOURCE):
        raise NotAllowed(msg("Your roles do not allow this."))


def _open_plan(session: Session, plan_id: int) -> PlanTask:
    """A plan task of the scope whose works are not finished. Raises: OutOfScope, RuleViolation."""
    plan = get_plan(session, plan_id)
    if plan.implementation_state == "finished":
        raise RuleViolation(
            wrong(None, msg("The works of this plan task are finished; its accounts have expired."))
        )
    return plan


def _account(session: Session, user_id: int) -> Account:
    """The account, locked until the transaction ends; always before the rows of its plan tasks."""
    credentials.lock_row(session, user_id)
    return session.get_one(Account, user_id, populate_existing=True)


def get_grant(session: Session, number: int) -> ConstructionAccount:
    """An account on a plan task of the scope. Raises: OutOfScope."""
    known = session.get(ConstructionAccount, number)
    if known is None:
        raise OutOfScope(f"construction account {number}")
    return known


def _held(
    session: Session, number: int, version: int | None = None
) -> tuple[ConstructionAccount, Account]:
    """An account on a plan task of the scope, both locked. Raises: OutOfScope, StaleRow for another version."""
    known = get_grant(session, number)
    account = _account(session, known.user_id)
    session.refresh(known, with_for_update=True)
    if version is not None and known.version != version:
        raise StaleRow({}, known.version)
    return known, account


def mark_plans(session: Session, plan_ids: Iterable[int]) -> None:
    """Keep 分配账号 of these plan tasks in line with their accounts, in the running transaction."""
    session.flush()
    plan, wanted = queries.plans(), sorted(set(plan_ids))
    session.execute(
        update(plan).where(plan.c.id.in_(wanted)).values(account_assigned=queries.is_assigned()),
        execution_options={SCOPE_APPLIED: True},
    )
    for number in wanted:
        if (known := session.identity_map.get(identity_key(PlanTask, number))) is not None:
            session.expire(known, ["account_assigned"])


def _note(session: Session, action: str, grant: ConstructionAccount, login: str) -> None:
    """An event in the history of the plan task, beside those of the account's own row."""
    audit.record(
        session, action, entity="PlanTask", entity_id=grant.plan_task_id, label=grant.unit_name,
        county_code=grant.county_code, after={"unit_name": grant.unit_name, "username": login},
    )  # fmt: skip


# ── 下发账号 ──
def clean(typed: Mapping[str, str]) -> dict[str, str]:
    """The fields of the form as they are stored."""
    return {
        "username": normalise_input(typed.get("username")),
        "unit_name": normalise_input(typed.get("unit_name")),
        "phone": normalise_phone(typed.get("phone")),
    }


def findings(session: Session, typed: Mapping[str, str]) -> list[Finding]:
    """What stands against a new account with these values, the login's being taken included."""
    values = clean(typed)
    found = check_unit(values)
    login_fine = not any(finding.field == "username" for finding in found)
    if login_fine and queries.login_taken(session, values["username"]):
        found.append(wrong("username", msg("This login name is taken.")))
    return found


def issue(
    session: Session, actor: Actor, plan_id: int, typed: Mapping[str, str], address: str
) -> ConstructionAccount:
    """A new account for a unit, given this plan task; its one-time password goes out by text message alone.

    ``typed``: ``username``, ``unit_name``, ``phone``; ``address``: where the unit signs in.
    Raises: NotAllowed, OutOfScope, RuleViolation.
    """
    _require(actor, "can_add")
    plan = _open_plan(session, plan_id)
    if found := findings(session, typed):
        raise RuleViolation(found)
    values = clean(typed)
    password = one_time_password(policy_for(plan.county_code).min_length)
    account = accounts.make_account(
        session, values["username"], password, [UNIT], name=values["unit_name"], phone=values["phone"],
        region_code=plan.county_code,
    )  # fmt: skip
    grant = _give(session, plan, account)
    _send(session, grant, account, "unit_account", password, address)
    _note(session, "issue", grant, account.username)
    mark_plans(session, [plan.id])
    return grant


def _give(session: Session, plan: PlanTask, account: Account) -> ConstructionAccount:
    grant = ConstructionAccount(
        user_id=account.id, plan_task_id=plan.id, county_code=plan.county_code, unit_name=account.first_name,
        phone=account.phone, state=FLOW.initial, issued_at=utcnow(),
    )  # fmt: skip
    session.add(grant)
    session.flush()
    return grant


def _send(
    session: Session, grant: ConstructionAccount, account: Account, template: str, password: str, address: str
) -> None:
    """Write the message with the one-time password; what waits for the account is wrong from now on."""
    outbox.supersede(session, account.id)
    values = {"login": account.username, "password": password, "address": address}
    message = outbox.queue(
        session, template, grant.phone, values, county_code=grant.county_code, user_id=account.id
    )
    grant.sms_id = message.id
    session.flush()


def assign(session: Session, actor: Actor, plan_id: int, user_id: int) -> ConstructionAccount:
    """Give a further plan task to the account that a unit of the county already has; its password stays.

    Raises: NotAllowed, OutOfScope, RuleViolation (no such unit in the county, or it has the plan already).
    """
    _require(actor, "can_add")
    plan = _open_plan(session, plan_id)
    if user_id not in {unit.id for unit in queries.units_of(session, plan.county_code, plan.id)}:
        raise RuleViolation(
            wrong("account", msg("Choose a unit of this county that does not have the plan task yet."))
        )
    account = _account(session, user_id)
    known = [
        g for g in queries.grants_of_user(session, user_id, "stopped", "ended") if g.plan_task_id == plan.id
    ]
    if known:
        grant = known[0]
        grant.state, grant.stopped_at, grant.ended_at = FLOW.initial, None, None
        grant.unit_name, grant.phone = account.first_name, account.phone or grant.phone
        session.flush()
    else:
        grant = _give(session, plan, account)
    _note(session, "assign", grant, account.username)
    mark_plans(session, [plan.id])
    return grant


# ── stop, start, reset ──
def stop(session: Session, actor: Actor, number: int, version: int | None = None) -> ConstructionAccount:
    """Take the plan task from the account; without another one in force its sessions end and it cannot sign
    in.

    Raises: NotAllowed, OutOfScope, StaleRow for another ``version``, RuleViolation (not in force).
    """
    grant, account = _held(session, number, version)
    grant.state = FLOW.require(grant.state, "stop", actor, grant).target
    grant.stopped_at = utcnow()
    session.flush()
    if not queries.grants_of_user(session, grant.user_id, "active"):
        accounts.void(session, account, "stopped")
    _note(session, "stop", grant, account.username)
    mark_plans(session, [grant.plan_task_id])
    return grant


def start(session: Session, actor: Actor, number: int, version: int | None = None) -> ConstructionAccount:
    """Give a stopped account its plan task back. Raises: NotAllowed, OutOfScope, RuleViolation."""
    grant, account = _held(session, number, version)
    step = FLOW.require(grant.state, "start", actor, grant)
    _open_plan(session, grant.plan_task_id)
    grant.state, grant.stopped_at = step.target, None
    _note(session, "start", grant, account.username)
    mark_plans(session, [grant.plan_task_id])
    return grant


def reset(
    session: Session, actor: Actor, number: int, address: str, phone: str = "", version: int | None = None
) -> ConstructionAccount:
    """A new one-time password by text message; every session ends. ``phone``: another number for the unit,
    if typed.

    Raises: NotAllowed, OutOfScope, RuleViolation (not in force, no mobile number, stopped by the
    administrator).
    """
    grant, account = _held(session, number, version)
    FLOW.require(grant.state, "reset", actor, grant)
    number_now = normalise_phone(phone) or grant.phone
    if found := phone_findings(number_now):
        raise RuleViolation(found)
    if not account.active:
        raise RuleViolation(wrong(None, msg("This account was stopped by the system administrator.")))
    for one in queries.grants_of_user(session, account.id, *STATES):
        one.phone = number_now
    account.phone = number_now
    password = credentials.reset_password(session, account)
    principal.end_sessions("password_reset", user_id=account.id)
    _send(session, grant, account, "unit_password", password, address)
    _note(session, "password_reset", grant, account.username)
    return grant


# ── with the works ──
def plan_finished(session: Session, plan: PlanTask) -> None:
    """The works of a plan task are finished: accounts all of whose plan tasks are finished expire.

    Until then a unit keeps its finished plans beside the others, to mend what is returned to it. Called by a
    recognition, in its transaction.
    """
    session.flush()
    for user_id in queries.users_of_plan(session, plan.id, "active"):
        account = _account(session, user_id)
        grants = queries.grants_of_user(session, user_id, "active")
        if queries.unfinished(session, [grant.plan_task_id for grant in grants]):
            continue
        _all(session, account, grants, "expire")
        accounts.void(session, account, "stopped")


def plan_reopened(session: Session, plan: PlanTask) -> None:
    """A finish was revoked: what expired with it is in force again."""
    session.flush()
    for user_id in queries.users_of_plan(session, plan.id, "ended"):
        account = _account(session, user_id)
        _all(session, account, queries.grants_of_user(session, user_id, "ended"), "reopen")


def _all(session: Session, account: Account, grants: list[ConstructionAccount], action: str) -> None:
    for grant in grants:
        grant.state = FLOW.require(grant.state, action, current_actor(), grant).target
        grant.ended_at = utcnow() if grant.state == "ended" else None
        _note(session, action, grant, account.username)
    mark_plans(session, [grant.plan_task_id for grant in grants])


def verify(session: Session) -> list[str]:
    """A sentence for every plan task whose 分配账号 is not what its accounts say."""
    return [f"plan task {row.code}: account_assigned differs" for row in queries.wrongly_marked(session)]


for _name in ("ab_user_username", "ab_user.username", "ab_user_email", "ab_user.email"):
    explain_constraint(_name, "M1.1", "username", msg("This login name is taken."))
for _name in (
    "uq_construction_account_user_id",
    "construction_account.user_id, construction_account.plan_task_id",
):
    explain_constraint(_name, "M1.6.5.3", "account", msg("The unit has this plan task already."))
