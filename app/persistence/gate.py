"""THE SCOPE GATE: every ORM statement is narrowed to the actor's rows, every write is checked, both failing closed.

Reads: a ``do_orm_execute`` listener adds the actor's county range (and "not in the recycle bin") to every entity that
carries the mixins, however the statement came about: FAB lists, forms, pickers, related lists, actions, API.
Core statements over a scoped table have no entities to narrow; they must say that they took the scope as an
argument (``execution_options(scope_applied=True)``) or they are refused.
Writes: ``before_flush`` refuses to insert, change or delete a row outside the scope, old or new county.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import has_app_context
from sqlalchemy import ColumnElement, Result, Table, and_, event, false, inspect, true
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors

from app.kernel.errors import OutOfScope
from app.kernel.scope import Scope
from app.persistence.base import CountyScoped, Model, Recyclable
from app.persistence.context import current_actor, current_scope, scope_lifted, when_scope_restored
from app.persistence.engine import ensure_scope

SCOPE_APPLIED = "scope_applied"
WITH_DELETED = "with_deleted"


class UnscopedStatement(RuntimeError):
    """A Core statement touches a scoped table without saying that it applied the scope: a fault of the program."""


def scope_clause(scope: Scope, county_code: Any, plan_task_id: Any = None) -> ColumnElement[bool]:
    """The scope as a condition on a ``county_code`` column, for Core statements; uses an index range.

    For a scope of plan tasks it is a condition on ``plan_task_id``; without that column nothing is there.
    """
    if scope.kind == "everything":
        return true()
    if scope.kind == "plans" and plan_task_id is not None:
        return plan_task_id.in_(sorted(scope.plan_ids))
    low, high = scope.bounds
    return _between(county_code, low, high) if high else false()


@lru_cache(maxsize=4096)
def _between(county_code: Any, low: str, high: str) -> ColumnElement[bool]:
    """Built once for a column and a region: conditions are never changed, and building them takes its time."""
    return and_(county_code >= low, county_code < high)


def execute_applied(
    session: Session, statement: Any, parameters: Any = None, *, execution_options: Any = None
) -> Result[*tuple[Any, ...]]:
    """Run a Core statement that took the scope as an argument, on the connection of the session.

    The row policies are told the scope as always; the listeners of the session, which would have nothing to add and
    cost more than a short select, are passed by. Raises UnscopedStatement unless the statement says ``scope_applied``.
    """
    options = {**statement.get_execution_options(), **(execution_options or {})}
    if not options.get(SCOPE_APPLIED):
        raise UnscopedStatement(str(statement)[:300])
    return ensure_scope(session).execute(statement, parameters, execution_options=execution_options)


def _read(state: ORMExecuteState) -> None:
    if not state.is_select or state.is_column_load:
        if state.is_column_load:  # refreshing an object may be the first statement of a transaction
            ensure_scope(state.session)
        if state.is_update or state.is_delete or state.is_insert:
            _check_bulk(state)
        return
    options = state.execution_options
    if options.get(SCOPE_APPLIED):
        ensure_scope(state.session)
        return
    if not state.is_orm_statement:
        if not _touches_scoped(state.statement):
            return
        if scope_lifted() or current_actor().is_system:
            ensure_scope(state.session)
            return
        raise UnscopedStatement(str(state.statement)[:300])
    ensure_scope(state.session)
    scope = current_scope()
    statement = state.statement
    if scope.kind == "plans":
        statement = statement.options(*_plan_criteria(scope))
    elif scope.kind != "everything":
        low, high = scope.bounds
        statement = statement.options(
            with_loader_criteria(
                CountyScoped,
                lambda cls: and_(cls.county_code >= low, cls.county_code < high),
                include_aliases=True,
                propagate_to_loaders=False,
            )
        )
    if not options.get(WITH_DELETED):
        statement = statement.options(
            with_loader_criteria(
                Recyclable, lambda cls: cls.deleted_at.is_(None), include_aliases=True, propagate_to_loaders=False
            )
        )
    state.statement = statement


@lru_cache(maxsize=256)
def _plan_criteria(scope: Scope) -> tuple[Any, ...]:
    """For each kind of scoped row: those of the plan tasks, or none where rows belong to no plan task."""
    return tuple(
        with_loader_criteria(model, _of_plans(model, scope), include_aliases=True, propagate_to_loaders=False)
        for model in _scoped_models()
    )


def _of_plans(model: Any, scope: Scope) -> Any:
    """The condition as a function of the entity: a plain expression would stay with the table where an alias is meant."""
    ids = sorted(scope.plan_ids)
    known = {
        "id": lambda cls: cls.id.in_(ids),
        "plan_task_id": lambda cls: cls.plan_task_id.in_(ids),
        "": lambda cls: false(),
    }
    return known[model.__plan_key__]


def _check_bulk(state: ORMExecuteState) -> None:
    """Bulk statements pass by ``before_flush``: over a scoped table they must have applied the scope themselves."""
    ensure_scope(state.session)
    if state.execution_options.get(SCOPE_APPLIED) or scope_lifted() or current_actor().is_system:
        return
    if _touches_scoped(state.statement):
        raise UnscopedStatement("a bulk statement over a scoped table must apply the scope")


_scoped_tables: set[str] = set()


def scoped_tables() -> set[str]:
    """Names of the tables whose model carries ``CountyScoped``."""
    if not _scoped_tables:
        _scoped_tables.update(model.__table__.name for model in _scoped_models())
    return _scoped_tables


def _scoped_models() -> list[Any]:
    return [mapper.class_ for mapper in Model.registry.mappers if issubclass(mapper.class_, CountyScoped)]


def _touches_scoped(statement: Any) -> bool:
    names = scoped_tables()
    return any(isinstance(el, Table) and el.name in names for el in visitors.iterate(statement))


def _write(session: Session, _context: Any, _instances: Any) -> None:
    ensure_scope(session)
    scope = current_scope()
    if scope.kind == "everything":
        return
    for obj in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(obj, CountyScoped) or (obj in session.dirty and not session.is_modified(obj)):
            continue
        codes, plans = _values(obj, "county_code"), _values(obj, type(obj).__plan_key__)
        inside = all(scope.holds(code, plan) for code in codes for plan in plans)
        if not inside or (scope.kind == "plans" and not type(obj).__plan_writes__):
            raise OutOfScope(f"{type(obj).__name__} {codes} {plans}")


def _values(obj: Any, key: str) -> set[Any]:
    """What a column holds and held before the change; one None where the kind of row has no such column."""
    if not key:
        return {None}
    return {getattr(obj, key), *(inspect(obj).attrs[key].history.deleted or ())}


def drop_foreign(session: Session) -> None:
    """Forget unchanged rows outside the scope: an identity-map hit would hand them out without any SQL."""
    scope = current_scope()
    if scope.kind == "everything":
        return
    for obj in list(session.identity_map.values()):
        if not isinstance(obj, CountyScoped) or obj not in session or obj in session.dirty:
            continue  # (a row goes together with the parts of one that was forgotten before)
        known = obj.__dict__
        if not scope.holds(known.get("county_code"), known.get(type(obj).__plan_key__)):
            session.expunge(obj)


def install(session_factory: Any) -> None:
    """Put the gate on a session factory or class."""

    def restored() -> None:
        if has_app_context() and session_factory.registry.has():
            drop_foreign(session_factory())

    when_scope_restored(restored)
    event.listen(session_factory, "do_orm_execute", _read)
    event.listen(session_factory, "before_flush", _write)
