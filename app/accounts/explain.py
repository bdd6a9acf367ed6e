"""Why can't I see it? The chain of questions that decides whether an account sees a record, answered one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from app.accounts import principal, queries
from app.accounts.listing import role_labels
from app.accounts.matrix import RESOURCES
from app.extensions import _, db
from app.kernel.actor import SYSTEM, Actor
from app.persistence.base import CountyScoped, Model
from app.persistence.context import acting_as
from app.persistence.gate import SCOPE_APPLIED
from app.persistence.types import utcnow
from app.regions.cache import current


@dataclass(frozen=True)
class Check:
    """One question: kind is ok, bad, warn or idle; ``text`` says what was found in words."""

    kind: str
    title: str
    text: str


def entities() -> dict[str, Any]:
    """Name → model of everything that belongs to a county and is listed under a permission of its own."""
    found = {
        mapper.class_.__name__: mapper.class_
        for mapper in Model.registry.mappers
        if issubclass(mapper.class_, CountyScoped) and "id" in mapper.local_table.c
    }
    return {name: found[name] for name in sorted(found) if name in RESOURCES}


def explain(login: str, entity: str, number: str) -> list[Check]:
    """Every check in the order in which a request meets them; the last one is the conclusion."""
    account = queries.account_of(login)
    model = entities().get(entity)
    if account is None:
        return [Check("bad", _("Account state"), _("There is no account of this login name."))]
    if model is None:
        return [Check("bad", _("Kind of record"), _("Not one of the choices."))]
    actor = principal.actor_of(account.id) if account.active else _stopped(account)
    checks = [_account(account), _roles(actor), _permission(actor, entity), *_record(actor, model, number)]
    hidden = [check for check in checks if check.kind == "bad"]
    if hidden:
        checks.append(
            Check(
                "bad", _("Conclusion"), _("The account does not see the record: %(why)s", why=hidden[0].text)
            )
        )
    else:
        checks.append(
            Check(
                "ok",
                _("Conclusion"),
                _("The account sees the record. Ask which filter or saved view is set in the list."),
            )
        )
    return checks


def _stopped(account: Row[Any]) -> Actor:
    return Actor(user_id=account.id, username=account.username, region_code=account.region_code or "")


def _account(account: Row[Any]) -> Check:
    if not account.active:
        return Check("bad", _("Account state"), _("The account is stopped."))
    if account.locked_until and account.locked_until > utcnow():
        return Check("bad", _("Account state"), _("The account is locked after too many wrong passwords."))
    if account.must_change_password:
        return Check(
            "warn",
            _("Account state"),
            _("The first password has not been changed yet; until then nothing else opens."),
        )
    return Check("ok", _("Account state"), _("The account is in use."))


def _roles(actor: Actor) -> Check:
    if not actor.roles:
        return Check("bad", _("Roles"), _("The account has no role in force."))
    return Check("ok", _("Roles"), role_labels(",".join(actor.roles)))


def _permission(actor: Actor, entity: str) -> Check:
    word = _(RESOURCES[entity])
    if actor.may("can_list", entity) or actor.may("can_show", entity):
        return Check("ok", _("Permission"), _("A role allows to see “%(what)s”.", what=word))
    return Check("bad", _("Permission"), _("None of the roles allows to see “%(what)s”.", what=word))


def _record(actor: Actor, model: Any, number: str) -> list[Check]:
    row = _find(model, number)
    if row is None:
        return [Check("bad", _("Record"), _("There is no record of this number."))]
    county = current().path(row.county_code)
    checks = [Check("ok", _("Record"), _("The record belongs to %(county)s.", county=county))]
    if getattr(row, "deleted_at", None) is not None:
        checks.append(
            Check("bad", _("Recycle bin"), _("The record was deleted and lies in the recycle bin."))
        )
    return [*checks, _scope(actor, row, county, model.__plan_key__)]


def _find(model: Any, number: str) -> Row[Any] | None:
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    table = model.__table__
    wanted = [table.c[name] for name in ("id", "county_code", "deleted_at", "plan_task_id") if name in table.c]
    statement = select(*wanted).where(table.c.id == int(number)).execution_options(**{SCOPE_APPLIED: True})
    with acting_as(SYSTEM):
        return db.session.execute(statement).first()


def _scope(actor: Actor, row: Row[Any], county: str, key: str) -> Check:
    title, scope = _("Jurisdiction"), actor.scope
    area = current().path(actor.region_code) if actor.region_code else ""
    if scope.kind == "plans":
        mine = scope.holds(row.county_code, getattr(row, key, None) if key else None)
        text = (
            _("The record belongs to a plan task given to this construction unit.")
            if mine
            else _(
                "A construction unit sees only the plan tasks given to it; this record belongs to none of them."
            )
        )
        return Check("ok" if mine else "bad", title, text)
    if scope.kind == "nothing":
        if actor.region_code:
            return Check(
                "bad",
                title,
                _("The roles do not fit the level of the account's region (%(area)s).", area=area),
            )
        return Check("bad", title, _("The account has no region: administrators see no business data."))
    if scope.covers(row.county_code):
        return Check("ok", title, _("%(county)s lies in %(area)s.", county=county, area=area))
    return Check("bad", title, _("%(county)s does not lie in %(area)s.", county=county, area=area))
