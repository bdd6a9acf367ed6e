"""A kind of record for programs: list, one, and changes and steps under the optimistic lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from flask import jsonify, url_for
from flask_appbuilder import expose
from sqlalchemy.orm import Session

from app.api import area_queries as queries
from app.api.areas import as_json
from app.api.base import PortalRestApi, envelope, expected_version, key_of, requires, stale
from app.api.reading import body, check_text, finding, query
from app.extensions import db
from app.kernel.errors import RuleViolation, StaleRow, msg
from app.persistence.work import unit_of_work

Step = Callable[[Session, Any, int], Any]


def known(payload: Mapping[str, Any], *keys: str) -> None:
    """Raises: RuleViolation for what is not understood."""
    if odd := [finding(key, msg("Unknown.")) for key in payload if key not in keys]:
        raise RuleViolation(odd)


def flag(payload: Mapping[str, Any], key: str) -> bool:
    """A yes or no that may be left out."""
    value = payload.get(key, False)
    if not isinstance(value, bool):
        raise RuleViolation(finding(key, msg("Must be yes or no.")))
    return value


def text(payload: Mapping[str, Any], key: str) -> str:
    """A text that may be left out."""
    if wrong := check_text(key, payload.get(key)):
        raise RuleViolation(wrong)
    return payload.get(key) or ""


def number_of(payload: Mapping[str, Any], key: str) -> int:
    """A record number that has to be sent. Raises: RuleViolation."""
    value = payload.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**62:
        raise RuleViolation(finding(key, msg("Must be a record number.")))
    return value


_GIVEN: dict[str, tuple[str, Callable[[Mapping[str, Any], str], Any]]] = {
    "declared": ("confirmed", flag),
    "reason": ("reason", text),
    "note": ("note", text),
    "accept_warnings": ("accept_warnings", flag),
    "phone": ("phone", text),
}
"""What steps are told beside the version: key of the body → (argument of the service, how it is read)."""


class RecordApi(PortalRestApi):
    """Mixed with a model: ``kind`` names its columns and filters in `area_queries`."""

    kind: ClassVar[str]

    def find(self, session: Session, number: int) -> Any:
        """The record, where the actor may know of it. Raises: OutOfScope."""
        raise NotImplementedError

    def hidden(self) -> list[Any]:
        """Conditions of the list beside the scope."""
        return []

    def json(self, row: Any) -> dict[str, Any]:
        """One record."""
        return as_json(self.kind, row)

    def rows_json(self, rows: Any) -> list[dict[str, Any]]:
        """The records of a page of the list, without their parts."""
        return [as_json(self.kind, row) for row in rows]

    @expose("/", methods=["GET"])
    @requires("list")
    def get_list(self) -> Any:
        """One page, without parts; phones are masked."""
        asked = query(queries.OFFERED[self.kind])
        rows, count = queries.page(self.kind, asked, *self.hidden())
        return envelope(self.rows_json(rows), count, asked.page, asked.page_size)

    @expose("/<pk>", methods=["GET"])
    @requires("show")
    def get(self, pk: str) -> Any:
        return self.answer(self.find(db.session(), key_of(pk)))

    def answer(self, row: Any, status: int = 200) -> Any:
        """A record with its ETag; a new one with its address."""
        made = jsonify(id=row.id, result=self.json(row))
        made.status_code = status
        made.headers["ETag"] = f'"{row.version}"'
        if status == 201:
            made.headers["Location"] = url_for(f"{type(self).__name__}.get", pk=row.id)
        return made

    def step(self, pk: str, payload: Mapping[str, Any], do: Step) -> Any:
        """Carry a step out under the lock; 409 shows what stands now."""
        row = self.find(db.session(), key_of(pk))
        version = expected_version(dict(payload))
        try:
            with unit_of_work() as session:
                return self.answer(do(session, row, version))
        except StaleRow as error:
            db.session.rollback()
            row = self.find(db.session(), key_of(pk))
            error.version = row.version
            return stale(error, self.json(row))

    def take(self, pk: str, do: Callable[..., Any], *keys: str, **names: str) -> Any:
        """A step of its life: ``do(session, row, version, …)`` with what ``keys`` of the body say (`_GIVEN`).

        ``names``: arguments of the service that are called otherwise, by key.
        """
        payload = body()
        known(payload, "version", *keys)
        given = {names.get(key, _GIVEN[key][0]): _GIVEN[key][1](payload, key) for key in keys}
        return self.step(pk, payload, lambda session, row, version: do(session, row, version=version, **given))
