"""Money is exact: no float in any type or column that holds an amount."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_type_hints

from sqlalchemy import BigInteger, Double, Float, Numeric

import bridge.domain
from bridge.domain.records import AMOUNT_COLUMNS, RECORD_CLASSES, Kind, fields_of
from bridge.store.models import Base
from bridge.store.types import ScaledAmount, ScaledSum

AMOUNTS = (Kind.MONEY, Kind.AMOUNT, Kind.QUANTITY)


def domain_types() -> Iterator[type[Any]]:
    """All dataclasses of the domain."""
    for module in pkgutil.iter_modules(bridge.domain.__path__, "bridge.domain."):
        loaded = importlib.import_module(module.name)
        for one in vars(loaded).values():
            is_own = isinstance(one, type) and one.__module__ == module.name
            if is_own and dataclasses.is_dataclass(one):
                yield one


def parts(hint: Any) -> Iterator[Any]:
    """A type and all that it is made of."""
    yield hint
    for part in getattr(hint, "__args__", ()):
        yield from parts(part)


NO_MONEY = {"bridge.domain.matching"}
"""How alike two records are is a logarithm."""


def test_amounts_of_records_are_decimals() -> None:
    """Of each record and item, whatever the kind of amount."""
    seen = 0
    for record_class in {*RECORD_CLASSES.values(), *_item_classes()}:
        hints = get_type_hints(record_class)
        for field in fields_of(record_class).values():
            if field.kind in AMOUNTS:
                seen += 1
                assert set(parts(hints[field.name])) & {Decimal, float} == {Decimal}, field
    assert seen >= sum(len(columns) for columns in AMOUNT_COLUMNS.values())


def _item_classes() -> Iterator[type[Any]]:
    for record_class in RECORD_CLASSES.values():
        for field in fields_of(record_class).values():
            if field.item_type is not None:
                yield field.item_type


def test_no_type_of_the_domain_holds_a_float() -> None:
    """Neither totals nor breaks nor anything that is made of amounts."""
    types = [one for one in domain_types() if one.__module__ not in NO_MONEY]
    assert len(types) > 20
    for one in types:
        for name, hint in get_type_hints(one).items():
            assert float not in set(parts(hint)), f"{one.__qualname__}.{name}"


def test_no_column_of_the_database_holds_money_as_a_float() -> None:
    """Amounts are whole numbers of ten-thousandths; what is a float is a duration or a score."""
    amounts = 0
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if "amount" in column.name:
                amounts += 1
                assert isinstance(column.type, ScaledAmount | ScaledSum | BigInteger), column
            if isinstance(column.type, Float | Double | Numeric):
                assert column.name in {"seconds"}, column
    assert amounts >= 13
