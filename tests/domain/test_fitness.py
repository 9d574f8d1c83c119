"""What passes the quick check has no problem when one looks closely."""

import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.fitness import are_plainly_fit
from bridge.domain.records import (
    Customer,
    DocumentLine,
    Field,
    Kind,
    Record,
    RecordType,
    fields_of,
)
from bridge.domain.validation import value_problems
from tests.builders import EXAMPLES, customer, invoice, payment
from tests.strategies import records

_TEXTS = [
    None,
    "",
    " ",
    "a ",
    "\u00a0b",
    "a\nb",
    "\x00",
    "\ud800",
    "x" * 21,
    "x" * 300,
    "1/2",
    "EUR",
]
_AMOUNTS = "NaN sNaN -Infinity 1E+30 1E+14 0E-9 0E+30 1.005 -0.00001 1E+2 0.0001".split()
FINE = Decimal("1.00001")
_DAYS = [date(1699, 12, 31), date(1700, 1, 1), date(4000, 12, 31), date(4001, 1, 1)]


def odd_values(field: Field) -> list[Any]:
    """Values at the edge of what the field may hold, and beyond it."""
    match field.kind:
        case Kind.MONEY | Kind.AMOUNT | Kind.QUANTITY:
            return [None, *map(Decimal, _AMOUNTS)]
        case Kind.DATE:
            return [None, *_DAYS]
        case Kind.INTEGER:
            return [None, 0, -1]
        case Kind.ITEMS:
            return [()]
        case _:
            return [*_TEXTS]


@pytest.mark.parametrize("record_type", RecordType)
def test_examples_are_plainly_fit(record_type: RecordType) -> None:
    """Ordinary records need no closer look."""
    record = EXAMPLES[record_type]
    assert are_plainly_fit([record])


@given(st.data(), st.sampled_from(list(RecordType)))
def test_nothing_unfit_passes(data: st.DataObject, record_type: RecordType) -> None:
    """Whatever values a record holds: if it passes, each of them is without a problem."""
    record: Any = data.draw(records(record_type))
    for field in fields_of(type(record)).values():
        if data.draw(st.integers(0, 9)) == 0:
            odd = data.draw(st.sampled_from(odd_values(field)))
            record = replace(record, **{field.name: odd})
    if are_plainly_fit([record]):
        assert problems_by_value(record, record.currency) == []


def problems_by_value(record: Any, currency: str | None) -> list[Any]:
    """What a close look finds in the values of a record and of its items, each by itself."""
    found: list[Any] = []
    for field in fields_of(type(record)).values():
        value = getattr(record, field.name)
        if field.kind is Kind.ITEMS:
            found += [problem for item in value for problem in problems_by_value(item, currency)]
        else:
            found += value_problems(field, value, currency)
    return found


@pytest.mark.parametrize("record_type", RecordType)
def test_each_odd_value_by_itself(record_type: RecordType) -> None:
    """One odd value in an ordinary record is enough to look closely, where it has a problem."""
    record: Any = EXAMPLES[record_type]
    for field in fields_of(type(record)).values():
        for value in odd_values(field):
            odd = replace(record, **{field.name: value})
            if are_plainly_fit([odd]):
                assert problems_by_value(odd, odd.currency) == []


def test_what_prints_is_legal_in_xml() -> None:
    """No printing character of Unicode is one that XML cannot carry."""
    name = fields_of(Customer)["name"]
    printing = [char for char in map(chr, range(sys.maxunicode + 1)) if char.isprintable()]
    for start in range(0, len(printing), 250):
        text = "x" + "".join(printing[start : start + 250])
        assert value_problems(name, text, None) == ()


@pytest.mark.parametrize(
    "record",
    [
        invoice(currency="EURO"),
        invoice(currency=None),
        customer(currency=None),
        payment(currency="JPY", amount=Decimal("1.5")),
        customer(email="nobody"),
        invoice(
            lines=(DocumentLine(line_number=1, quantity=Decimal("1.00001"), net_amount=Decimal(1)),)
        ),
    ],
)
def test_values_are_held_against_the_currency_and_within_items(record: Record) -> None:
    """An amount needs a currency that it fits, an address its sign, an item all of this."""
    assert not are_plainly_fit([record])
