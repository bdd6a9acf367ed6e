"""The export panel's answer: rows streamed into a workbook that is delivered only when it is whole."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from operator import attrgetter
from types import SimpleNamespace
from typing import IO, Any

from flask import Response, abort, current_app, send_file
from werkzeug.datastructures import MultiDict

from app.audit import services as audit
from app.exchange.columns import Column as SheetColumn
from app.exchange.columns import Sheet
from app.exchange.writer import write_workbook
from app.extensions import db
from app.persistence.work import unit_of_work
from app.web.listing import Column, Listing

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_TICKED = 5000
_AT_ONCE, _MOST_KNOWN = 500, 5_000
_UNSAFE = re.compile(r'[\x00-\x1f\\/:*?"<>|]+')


def answer(
    listing: Listing, args: Mapping[str, str], form: MultiDict[str, str], title: str, resource: str
) -> Response:
    """Write the workbook of the chosen range and columns, record the export, and send the file.

    The range is ``all`` (everything that matches the address), ``page`` or ``picked`` (by ``rowid``).
    """
    state = listing.state(args)
    wanted = form.getlist("columns")
    columns = [column for column in listing.columns if column.key in wanted] or listing.pick(None)
    ids = asked_ids(form)
    out = tempfile.TemporaryFile()  # noqa: SIM115  closed by the response
    sheet = Sheet(
        name=title[:31],
        columns=[sheet_column(column) for column in columns],
        rows=_rows(listing.export(state, columns, ids), columns),
    )
    written = write_workbook(out, [sheet])
    with unit_of_work() as session:
        audit.record(
            session,
            "export",
            entity=resource,
            label=title,
            after={"rows": written.rows, "columns": [c.key for c in columns], "args": state.args, "ids": ids},
        )
    out.seek(0)
    return download(out, f"{file_name(form.get('filename'), title)}.xlsx", form.get("download_token"))


def download(out: IO[bytes], name: str, token: str | None, mime: str = MIME) -> Response:
    """Send a finished file; the cookie tells the page that its download has begun."""
    answer = send_file(out, mime, as_attachment=True, download_name=name)
    answer.call_on_close(out.close)
    if token and token.isascii() and token.isalnum() and len(token) <= 40:
        answer.set_cookie("download", token, max_age=60, samesite="Lax", secure=bool(current_app.config["HTTPS"]))
    return answer


def asked_ids(form: MultiDict[str, str]) -> list[int] | None:
    """Ids of the range ``page`` or ``picked``; None for everything that matches the address."""
    if form.get("range", "all") == "all" or form.get("all_matching") == "1":
        return None
    ids = [int(value) for value in form.getlist("rowid") if value.isascii() and value.isdigit() and len(value) < 19]
    if not ids or len(ids) > MOST_TICKED:
        abort(400)
    return ids


def _rows(rows: Iterable[Any], columns: list[Column]) -> Iterator[tuple[Any, ...]]:
    makers = [_Values(column) for column in columns]
    rest = iter(rows)
    while some := list(islice(rest, _AT_ONCE)):
        yield from zip(*(make(some) for make in makers), strict=True)
    db.session.rollback()


class _Values:
    """The values of a column for many rows. What follows from one field alone is worked out once for each of its
    values, as long as these repeat: names of counties and towns, words of choices."""

    def __init__(self, column: Column) -> None:
        self._value = column.value
        self._field = column.needs[0] if len(column.needs) == 1 else ""
        self._alone = bool(self._field) and not isinstance(column.value, attrgetter)
        self._known: dict[Any, Any] = {}

    def __call__(self, rows: list[Any]) -> Iterable[Any]:
        if self._alone:
            try:
                return self._by_field(list(map(attrgetter(self._field), rows)))
            except (AttributeError, TypeError):  # it reads more than its field, or that is no key
                self._alone = False
        return map(self._value, rows)

    def _by_field(self, fields: list[Any]) -> Iterable[Any]:
        new = set(fields).difference(self._known)
        self._alone = len(self._known) + len(new) <= _MOST_KNOWN
        self._known |= {field: self._value(SimpleNamespace(**{self._field: field})) for field in new}
        return map(self._known.__getitem__, fields)


def sheet_column(column: Column) -> SheetColumn:
    """The workbook column of a list column; the unit stands in its head."""
    return SheetColumn(
        column.key,
        str(column.label),
        kind=column.kind,  # type: ignore[arg-type]
        width=column.width,
        unit=str(column.unit),
        decimals=column.decimals,
    )


def file_name(asked: str | None, fallback: str) -> str:
    """A file name without path or reserved signs."""
    return _UNSAFE.sub("_", (asked or "").strip())[:80].strip(". ") or fallback
