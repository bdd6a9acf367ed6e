"""Column types that behave the same on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Numeric
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


def utcnow() -> dt.datetime:
    """Now, aware, in UTC, to the second's microseconds."""
    return dt.datetime.now(dt.UTC)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """Aware datetimes, stored as naive UTC on both databases."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime reached the database layer")
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return value.replace(tzinfo=dt.UTC) if value is not None else None


class ExactDecimal(TypeDecorator[Decimal]):
    """An exact decimal of fixed scale: NUMERIC on PostgreSQL, a scaled integer on SQLite (which has no decimals)."""

    impl = Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.precision = precision
        self.scale = scale
        self._unit = Decimal(1).scaleb(-scale)
        self._factor = 10**scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None:
            return None
        exact = Decimal(value).quantize(self._unit)
        return int(exact.scaleb(self.scale)) if dialect.name == "sqlite" else exact

    def bound_texts(self, values: Iterable[Any], dialect: Dialect) -> dict[Any, Any]:
        """What the driver gets for those of the values that are texts with all their decimals (``1.50`` of money):
        the same as for the decimal, for which `process_bind_param` takes ten times as long."""
        point = -1 - self.scale
        exact = [v for v in values if type(v) is str and v[point:-self.scale] == "." and v.isascii()]
        if dialect.name == "sqlite":
            return {text: int(text.replace(".", "")) for text in exact}
        return {text: Decimal(text) for text in exact}

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Decimal | None]:
        """One call for each value of a list, not three."""
        scale = -self.scale
        if dialect.name == "sqlite":
            return lambda value: None if value is None else Decimal(int(value)).scaleb(scale)
        return lambda value: value if value is None or isinstance(value, Decimal) else Decimal(str(value))


def wan_yuan() -> ExactDecimal:
    """Money in 万元 with 2 decimals."""
    return ExactDecimal(16, 2)


def wan_sqm() -> ExactDecimal:
    """Floor area in 万㎡ with 4 decimals."""
    return ExactDecimal(14, 4)


def degrees() -> ExactDecimal:
    """CGCS2000 degrees with 6 decimals."""
    return ExactDecimal(10, 6)
