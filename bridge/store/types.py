"""Column types that keep amounts exact and instants aware, on SQLite and PostgreSQL alike."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, TypeDecorator

from bridge.domain.money import from_scaled, sum_to_scaled, to_scaled

E = TypeVar("E", bound=StrEnum)

BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER keys only


class ScaledAmount(TypeDecorator[Decimal]):
    """A Decimal kept as an integer of ten-thousandths (bridge.domain.money.SCALE)."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else to_scaled(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else from_scaled(value)


class ScaledSum(TypeDecorator[Decimal]):
    """A sum of amounts, as the digits of an integer of ten-thousandths: 64 bits are too few."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else str(sum_to_scaled(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else from_scaled(int(value))


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite has no zone to keep, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    # Not process_result_value: with what that takes beside, a row's instants take as long to read
    # as all its other columns.
    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None]:
        return _of_sqlite if dialect.name == "sqlite" else _with_zone


def _of_sqlite(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


def _with_zone(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


class Code(TypeDecorator[E], Generic[E]):
    """A member of an enumeration, kept as its text."""

    impl = String(20)
    cache_ok = True

    def __init__(self, enumeration: type[E]) -> None:
        super().__init__()
        self.enumeration = enumeration

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        return None if value is None else self.enumeration(value)
