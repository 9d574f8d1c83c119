"""Whether records are fit, told in little time: nearly all are.

All records are looked at together, column by column. `bridge.domain.validation` looks closer at
what does not pass here, and says what is wrong with it, if anything is.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date
from itertools import chain
from operator import attrgetter
from types import NoneType
from typing import Any, NamedTuple

from bridge.domain.countries import COUNTRIES
from bridge.domain.money import MINOR_UNITS, SCALE, all_fit, minor_units
from bridge.domain.records import (
    RECORD_CLASSES,
    DocumentLine,
    Field,
    Kind,
    PaymentApplication,
    Record,
    fields_of,
)

FIRST_DAY, LAST_DAY = date(1700, 1, 1), date(4000, 12, 31)
"""The days that Salesforce holds (SOAP API Developer Guide, "Primitive Data Types")."""

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
COMPANY_CODE = re.compile(r"[A-Za-z0-9_.-]+")  # no slash: it divides a record key's text


def are_plainly_fit(records: Sequence[Record]) -> bool:
    """Whether each value of these records, all of one type, is fit in its record's currency.

    False where one is not, and also where one is unusual: a text of two lines, or a blank at its
    end.
    """
    of_currency: dict[str | None, list[Record]] = {}
    for record in records:
        of_currency.setdefault(record.currency, []).append(record)
    return all(_are_fit(same, minor_units(one or "")) for one, same in of_currency.items())


_Check = Callable[[Sequence[Any], int | None], bool]
"""Whether values that are there are all fit, in records whose currency has these minor units."""


class _Column(NamedTuple):
    """How a field's values are got from records or items, and whether they are fit."""

    get: Callable[[Any], Any]
    required: bool
    are_fit: _Check


def _are_fit(records: Sequence[Any], units: int | None) -> bool:
    for get, required, are_fit in _PLANS[type(records[0])]:
        values = list(map(get, records))
        if NoneType in map(type, values):  # quicker than comparing amounts with None
            if required:
                return False
            values = [value for value in values if value is not None]
        if values and not are_fit(values, units):
            return False
    return True


def _check(field: Field) -> _Check:
    match field.kind:
        case Kind.MONEY | Kind.AMOUNT | Kind.QUANTITY:
            return _check_of_amounts(field.kind)
        case Kind.CURRENCY | Kind.COUNTRY | Kind.CODE:
            codes = _codes_of(field)
            return lambda values, _: codes >= set(values)
        case Kind.DATE:
            return lambda days, _: min(days) >= FIRST_DAY and max(days) <= LAST_DAY
        case Kind.INTEGER:
            return lambda numbers, _: True
        case Kind.ITEMS:
            return _check_items
        case _:
            return _check_of_text(field)


def _check_of_amounts(kind: Kind) -> _Check:
    if kind is Kind.MONEY:
        return lambda amounts, units: units is not None and all_fit(amounts, units)
    return lambda amounts, _: all_fit(amounts, SCALE)


def _check_items(values: Sequence[tuple[Any, ...]], units: int | None) -> bool:
    items = list(chain.from_iterable(values))
    return not items or _are_fit(items, units)


def _codes_of(field: Field) -> Set[str]:
    if field.codes is not None:
        return field.codes.__members__.keys()
    return MINOR_UNITS.keys() if field.kind is Kind.CURRENCY else COUNTRIES


def _check_of_text(field: Field) -> _Check:
    longest = field.max_length or sys.maxsize

    def are_plain(texts: Sequence[str], _: int | None) -> bool:
        return (
            "".join(texts).isprintable()  # what prints is legal in XML
            and all(texts)
            and max(map(len, texts)) <= longest
            and list(map(str.strip, texts)) == texts
        )

    pattern = COMPANY_CODE if field.name == "company_code" else EMAIL
    if pattern is EMAIL and field.kind is not Kind.EMAIL:
        return are_plain
    return lambda texts, _: are_plain(texts, _) and all(map(pattern.fullmatch, set(texts)))


_PLANS: Mapping[type[Any], Sequence[_Column]] = {
    one: tuple(
        _Column(attrgetter(field.name), field.required, _check(field))
        for field in fields_of(one).values()
    )
    for one in (*RECORD_CLASSES.values(), DocumentLine, PaymentApplication)
}
