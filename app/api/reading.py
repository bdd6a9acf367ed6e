"""Reading what a program sends: JSON bodies and the ``q`` of a list (Rison), refused field by field, never guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import prison
from flask import abort, request

from app.kernel.errors import Finding, Message, RuleViolation, msg

MOST_BYTES = 256 * 1024
MOST_Q = 2000
MOST_ROWS = 100
MOST_FILTERS = 20
MOST_PAGE = 1_000_000
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Unreadable(RuleViolation):
    """The request itself is wrong (answered 400): nothing was looked up or changed."""

    status = 400


def finding(where: str, message: Message) -> Finding:
    """A hard finding about a part of the request."""
    return Finding("request", "error", where, message)


# ── bodies ──
def body() -> dict[str, Any]:
    """The JSON object of the request; numbers with decimals as exact ``Decimal``.

    Raises: Unreadable; answers 413 and 415 for what is too large or no JSON.
    """
    if not request.is_json:
        abort(415)
    if (request.content_length or 0) > MOST_BYTES:
        abort(413)
    try:
        text = request.get_data().decode("utf-8")
        found = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable(finding("body", msg("Not readable as JSON."))) from error
    if not isinstance(found, dict):
        raise Unreadable(finding("body", msg("Must be an object.")))
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def check_text(where: str, value: Any) -> list[Finding]:
    """Text (or nothing) without invisible control characters."""
    if value is None:
        return []
    if not isinstance(value, str):
        return [finding(where, msg("Must be text."))]
    return (
        [finding(where, msg("Contains characters that cannot be stored."))] if _UNSEEN.search(value) else []
    )


def check_number(where: str, value: Any) -> list[Finding]:
    """A number, written as number or as text; which numbers are allowed is for the rules."""
    if isinstance(value, str):
        return check_text(where, value)
    if value is None or (isinstance(value, int | Decimal) and not isinstance(value, bool)):
        return []
    return [finding(where, msg("Must be a number."))]


# ── lists ──
@dataclass(frozen=True)
class Query:
    """What ``q`` asked for: page from 0, size, order, search text and filters (column, operator, value)."""

    page: int = 0
    page_size: int = 20
    order_column: str = ""
    descending: bool = False
    search: str = ""
    filters: tuple[tuple[str, str, Any], ...] = ()


@dataclass(frozen=True)
class Offered:
    """What a list may be ordered and filtered by: column → its kind (text, number, bool, time, day)."""

    order: frozenset[str]
    filters: Mapping[str, str]
    operators: Mapping[str, frozenset[str]] = field(
        default_factory=lambda: {
            "text": frozenset({"eq", "sw"}),
            "number": frozenset({"eq", "gt", "lt"}),
            "bool": frozenset({"eq"}),
            "time": frozenset({"gt", "lt"}),
            "day": frozenset({"eq", "gt", "lt"}),
        }
    )


def query(offered: Offered) -> Query:
    """Read and check ``?q=(…)``. Raises: Unreadable with a finding for every part that is wrong."""
    found = _rison(request.args.get("q", ""))
    wrong = [finding(f"q.{key}", msg("Unknown.")) for key in found if key not in Query.__dataclass_fields__
             and key != "order_direction"]  # fmt: skip
    wrong += [finding(key, msg("Unknown.")) for key in request.args if key not in ("q", "_l_")]
    page = _whole(found, "page", 0, 0, MOST_PAGE, wrong)
    size = _whole(found, "page_size", 20, 1, MOST_ROWS, wrong)
    order, direction = found.get("order_column", ""), found.get("order_direction", "asc")
    if not isinstance(order, str) or (order and order not in offered.order):
        wrong.append(finding("q.order_column", msg("Cannot be ordered by this.")))
    if direction not in ("asc", "desc"):
        wrong.append(finding("q.order_direction", msg("Must be asc or desc.")))
    search = found.get("search", "")
    wrong += (
        check_text("q.search", search)
        if not isinstance(search, int | float) or isinstance(search, bool)
        else []
    )
    filters = _filters(found.get("filters", []), offered, wrong)
    if wrong:
        raise Unreadable(wrong)
    return Query(page, size, order, direction == "desc", str(search or "").strip()[:60], tuple(filters))


def _rison(text: str) -> dict[str, Any]:
    if not text:
        return {}
    wrong = Unreadable(finding("q", msg("Not readable as Rison.")))
    if len(text) > MOST_Q or _UNSEEN.search(text):
        raise wrong
    try:
        found = prison.loads(text)
    except (prison.decoder.ParserException, ValueError, TypeError, IndexError, RecursionError) as error:
        raise wrong from error
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise wrong
    return found


def _whole(found: Mapping[str, Any], key: str, usual: int, low: int, high: int, wrong: list[Finding]) -> int:
    value = found.get(key, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        wrong.append(
            finding(f"q.{key}", msg("Must be a whole number from %(low)s to %(high)s.", low=low, high=high))
        )
        return usual
    return value


def _filters(found: Any, offered: Offered, wrong: list[Finding]) -> list[tuple[str, str, Any]]:
    if not isinstance(found, list) or len(found) > MOST_FILTERS:
        wrong.append(finding("q.filters", msg("Must be a list of at most %(most)s.", most=MOST_FILTERS)))
        return []
    return [read for number, item in enumerate(found) if (read := _filter(number, item, offered, wrong))]


def _filter(number: int, item: Any, offered: Offered, wrong: list[Finding]) -> tuple[str, str, Any] | None:
    where = f"q.filters[{number}]"
    if not isinstance(item, dict) or set(item) != {"col", "opr", "value"}:
        wrong.append(finding(where, msg("Must have col, opr and value.")))
        return None
    column, operator, value = item["col"], item["opr"], item["value"]
    kind = offered.filters.get(column) if isinstance(column, str) else None
    if kind is None:
        wrong.append(finding(f"{where}.col", msg("Cannot be filtered by this.")))
    elif not isinstance(operator, str) or operator not in offered.operators[kind]:
        wrong.append(finding(f"{where}.opr", msg("Unknown.")))
    elif (right := _value(kind, value)) is None:
        wrong.append(finding(f"{where}.value", msg("Not a value of this column.")))
    else:
        return column, operator, right
    return None


def _value(kind: str, value: Any) -> Any:
    """The value as the column compares it; None when it is none."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind == "bool":
        return value if isinstance(value, bool) else None
    if kind == "number":
        return value if whole and abs(value) < 2**31 else None
    text = str(value) if whole else value
    if not isinstance(text, str) or len(text) > 120:
        return None
    if kind == "day":
        return _day(text)
    return _time(text) if kind == "time" else text


def _day(text: str) -> Any:
    import datetime as dt

    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> Any:
    import datetime as dt

    try:
        when = dt.datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
