"""小(片)区编码 (M1.6.c): numbers given out by one atomic statement, unique under concurrency."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Table, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from app.annual_plans.models import CodeCounter
from app.annual_plans.queries import codes_in_use
from app.annual_plans.rules import LAST_NUMBER, make_code
from app.areas.sums import execute
from app.kernel import calendar
from app.kernel.errors import N_, Finding, RuleViolation, msg
from app.persistence.work import explain_constraint

_counter: Table = CodeCounter.__table__  # type: ignore[assignment]


def next_code(session: Session, county_code: str) -> str:
    """The county's next free code of today; numbers that an import already used are passed over.

    The counter's row stays locked until the transaction ends, so two transactions never get one number.
    Raises: RuleViolation when all 999 of the day are used.
    """
    day = calendar.today()
    while True:
        number = _take(session, county_code, day)
        if number > LAST_NUMBER:
            raise RuleViolation(_used_up(county_code, day))
        code = make_code(county_code, day, number)
        if not codes_in_use(session, [code]):
            return code


def next_codes(
    session: Session, county_code: str, count: int, besides: Collection[str] = frozenset()
) -> list[str]:
    """As many free codes of today as asked for, none of ``besides``; three statements however many they are.

    Raises: RuleViolation when the county has not that many left today.
    """
    day = calendar.today()
    first = _take(session, county_code, day)
    numbers = range(first, LAST_NUMBER + 1)
    used = codes_in_use(session, [make_code(county_code, day, number) for number in numbers]) | set(besides)
    free = [n for n in numbers if make_code(county_code, day, n) not in used][:count]
    if len(free) < count:
        raise RuleViolation(_used_up(county_code, day))
    mine = (_counter.c.county_code == county_code, _counter.c.day == day)
    execute(session, update(_counter).where(*mine).values(last=free[-1]))
    return [make_code(county_code, day, number) for number in free]


def _used_up(county_code: str, day: Any) -> Finding:
    text = N_("All 999 codes of %(county)s for %(day)s are used: try again tomorrow.")
    return Finding("M1.6.c", "error", "code", msg(text, county=county_code, day=day.isoformat()))


def _take(session: Session, county_code: str, day: Any) -> int:
    make: Any = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    raised = (
        make(_counter)
        .values(county_code=county_code, day=day, last=1)
        .on_conflict_do_update(index_elements=["county_code", "day"], set_={"last": _counter.c.last + 1})
        .returning(_counter.c.last)
    )
    return int(execute(session, raised).scalar_one())


for _name in ("uq_plan_task_code", "plan_task.code"):
    explain_constraint(_name, "M1.6.c", "code", msg("This code is already used by another plan task."))
