"""Whether a record is fit, told in little time: nearly all are.

`bridge.domain.validation` looks closer at what does not pass here, and says what is wrong with it,
if anything is.
"""

import re
import sys
from collections.abc import Callable, Container, Mapping
from datetime import date
from operator import attrgetter
from typing import Any, NamedTuple

from bridge.domain.countries import COUNTRIES
from bridge.domain.money import MINOR_UNITS, SCALE, fits, minor_units
from bridge.domain.records import (
    RECORD_CLASSES,
    DocumentLine,
    Field,
    Kind,
    PaymentApplication,
    fields_of,
)

FIRST_DAY, LAST_DAY = date(1700, 1, 1), date(4000, 12, 31)
"""The days that Salesforce holds (SOAP API Developer Guide, "Primitive Data Types")."""

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
COMPANY_CODE = re.compile(r"[A-Za-z0-9_.-]+")  # no slash: it divides a record key's text


def is_plainly_fit(record: Any, currency: str | None) -> bool:
    """Whether each value of a record (or of its item) is fit, in this currency.

    False where one is not, and also where one is unusual: a text of two lines, or a blank at its
    end.
    """
    return _is_fit(record, minor_units(currency or ""))


_Check = Callable[[Any, int | None], bool]
"""Whether a value that is there is fit, in a record whose currency has these minor units."""


class _Plan(NamedTuple):
    """How all values are got from a record or item, and for each: is it required, is it fit."""

    values_of: Callable[[Any], tuple[Any, ...]]
    checks: tuple[tuple[bool, _Check], ...]


def _is_fit(record: Any, units: int | None) -> bool:
    values_of, checks = _PLANS[type(record)]
    for value, (required, is_fit) in zip(values_of(record), checks, strict=True):
        if value is None:
            if required:
                return False
        elif not is_fit(value, units):
            return False
    return True


def _check(field: Field) -> _Check:
    match field.kind:
        case Kind.MONEY | Kind.AMOUNT | Kind.QUANTITY:
            return _check_of_amount(field.kind)
        case Kind.CURRENCY | Kind.COUNTRY | Kind.CODE:
            codes = _codes_of(field)
            return lambda code, _: code in codes
        case Kind.DATE:
            return lambda day, _: FIRST_DAY <= day <= LAST_DAY
        case Kind.INTEGER:
            return lambda number, _: True
        case Kind.ITEMS:
            return lambda items, units: all(_is_fit(one, units) for one in items)
        case _:
            return _check_of_text(field)


def _check_of_amount(kind: Kind) -> _Check:
    if kind is Kind.MONEY:
        return lambda amount, units: units is not None and fits(amount, units)
    return lambda amount, _: fits(amount, SCALE)


def _codes_of(field: Field) -> Container[str]:
    if field.codes is not None:
        return field.codes.__members__
    return MINOR_UNITS if field.kind is Kind.CURRENCY else COUNTRIES


def _check_of_text(field: Field) -> _Check:
    longest = field.max_length or sys.maxsize

    def is_plain(text: str, _: int | None) -> bool:  # what prints is legal in XML
        return text.isprintable() and 0 < len(text) <= longest and text == text.strip()

    if field.name == "company_code":
        return lambda text, _: is_plain(text, _) and COMPANY_CODE.fullmatch(text) is not None
    if field.kind is Kind.EMAIL:
        return lambda text, _: is_plain(text, _) and EMAIL.fullmatch(text) is not None
    return is_plain


_PLANS: Mapping[type[Any], _Plan] = {
    one: _Plan(
        attrgetter(*fields_of(one)),
        tuple((field.required, _check(field)) for field in fields_of(one).values()),
    )
    for one in (*RECORD_CLASSES.values(), DocumentLine, PaymentApplication)
}
