"""Columns: from the texts of one element in many records to values, and from values to objects.

A column is converted, and an attribute set, by one `map`, which runs in C: that is twice as fast as
taking each text to a converter of its own.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import repeat
from typing import Any

from spyne import Boolean, Date, DateTime, Integer
from spyne import Decimal as SpyneDecimal

from bridge.domain.columns import map_distinct
from bridge.soap.elements import Model

Convert = Callable[[Sequence[str]], Sequence[Any]]
"""Reads the texts of a column, which the schema allows. Raises ValueError."""

Columns = Mapping[str, Iterable[Any]]
Build = Callable[[Columns, int], list[Any]]
"""Makes so many objects from the columns of their attributes."""


def converter(model: Model) -> Convert | None:
    """How texts of a simple type are read; None where they are the values themselves."""
    codes = getattr(model.Attributes, "python_type", None)
    if codes is not None:
        return _each({code.value: code for code in codes}.__getitem__)
    for primitive, convert in _CONVERTERS:
        if issubclass(model, primitive):
            return convert
    return None


def _each(convert: Callable[[str], Any]) -> Convert:
    return lambda texts: list(map(convert, texts))


def _read_dates(texts: Sequence[str]) -> list[date]:
    try:
        return map_distinct(date.fromisoformat, texts)
    except ValueError:
        return map_distinct(_read_date, texts)


def _read_date(text: str) -> date:
    """An xs:date: its zone, if any, is left aside, because a business day is what is written."""
    day = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)?", text.strip())
    if day is None or day[1].startswith("0000"):
        raise ValueError("only the years 0001 to 9999 can be stored")
    return date.fromisoformat(day[1])


def _read_instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text.strip())
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the midnight 24:00:00 is one of XML Schema alone
        raise ValueError("only hours before 24 of the years 0001 to 9999 can be stored") from None


def _read_boolean(text: str) -> bool:
    return text.strip() in ("true", "1")


# Integer before Decimal and Date before DateTime: Spyne derives one from the other.
_CONVERTERS: tuple[tuple[Model, Convert], ...] = (
    (Integer, _each(int)),
    (SpyneDecimal, _each(Decimal)),
    (Date, _read_dates),
    (DateTime, _each(_read_instant)),
    (Boolean, _each(_read_boolean)),
)


def builder(make: Callable[..., Any]) -> Build:
    """How objects are made that `make` makes of its keyword arguments."""
    if isinstance(make, type) and is_dataclass(make) and hasattr(make, "__slots__"):
        return _slots_builder(make)

    def build(columns: Columns, count: int) -> list[Any]:
        if not columns:
            return [make() for _ in range(count)]
        return [
            make(**dict(zip(columns, row, strict=True)))
            for row in zip(*columns.values(), strict=True)
        ]

    return build


def _slots_builder(record_class: type[Any]) -> Build:
    """Fills the slots of frozen dataclasses column by column, as their `__init__` would.

    It does no more than that (there is no `__post_init__`), and takes four times as long.
    """
    setters = {one.name: getattr(record_class, one.name).__set__ for one in fields(record_class)}

    def build(columns: Columns, count: int) -> list[Any]:
        objects = list(map(object.__new__, repeat(record_class, count)))
        for attribute, column in columns.items():
            deque(map(setters[attribute], objects, column), maxlen=0)
        return objects

    return build
