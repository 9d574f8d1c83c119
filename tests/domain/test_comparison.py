"""Comparison: cosmetic differences do not count, all others do."""

import unicodedata
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.comparison import (
    Sense,
    Tolerance,
    agree,
    country_of,
    digest,
    digest_each,
    digest_form,
    normalised,
)
from bridge.domain.records import (
    CustomerStatus,
    Field,
    Kind,
    RecordType,
    Values,
    values_of,
)
from tests.builders import compared
from tests.strategies import records, values

D = Decimal
EXACT = Sense()
CUSTOMER = {field.name: field for field in compared(RecordType.CUSTOMER)}
ABSENT: Any = object()


@pytest.mark.parametrize(
    ("field", "one", "other", "same"),
    [
        ("name", "Muster GmbH", " Muster  GmbH\n", True),
        ("name", "Café", unicodedata.normalize("NFD", "Café"), True),
        ("name", "Muster", "MUSTER", True),
        ("billing_street", "Hauptstraße 1", "HAUPTSTRASSE 1", True),
        ("billing_city", "Ｂｅｒｌｉｎ", "Berlin", True),
        ("billing_postal_code", "sw1a 1aa", "SW1A1AA", True),
        ("billing_postal_code", "10115", "10116", False),
        ("number", "c1", "C1", False),
        ("payment_terms", "Net 30", "net 30", False),
        ("name", "Muster", "Muster AG", False),
        ("phone", "", None, True),
        ("phone", " ", None, True),
        ("phone", "+49 30 1234", "+49301234", True),
        ("phone", "+49 30 1234", "+49 30 1235", False),
        ("phone", "030 1234", "+49 30 1234", False),
        ("tax_number", "DE 136 695 976", "DE136695976", True),
        ("email", "Books@Muster.example", "books@muster.EXAMPLE", True),
        ("billing_country", "de", "DE", True),
        ("billing_country", "Germany", "DE", True),
        ("billing_country", "Atlantis", "DE", False),
        ("currency", "eur", "EUR", True),
        ("currency", "EUR", "USD", False),
        ("status", CustomerStatus.ACTIVE, "ACTIVE", True),
        ("status", CustomerStatus.ACTIVE, "active", False),
        ("credit_limit", D("100.50"), D("100.5"), True),
        ("credit_limit", D("1E+2"), D("100"), True),
        ("credit_limit", D("0"), None, False),
        ("credit_limit", D("0.0001"), D("0"), False),
    ],
)
def test_what_counts_as_the_same(field: str, one: Any, other: Any, same: bool) -> None:
    """Spaces, Unicode's two ways to write é, case where it means nothing, zeros: all the same."""
    assert agree(CUSTOMER[field], one, other, EXACT) is same
    assert agree(CUSTOMER[field], other, one, EXACT) is same
    assert (normalised(CUSTOMER[field], one) == normalised(CUSTOMER[field], other)) is same


@pytest.mark.parametrize(
    ("one", "other", "currency", "same"),
    [
        ("100.00", "100.02", "EUR", True),
        ("100.02", "100.00", "EUR", True),
        ("100.00", "100.03", "EUR", False),
        ("-0.01", "0.01", "EUR", True),
        ("100", "101", "JPY", True),
        ("100", "102", "JPY", False),
        ("100.0", "100.5", "USD", True),
        ("100.0", "100.6", "USD", False),
        ("100.0", "100.5", "", True),
    ],
)
def test_tolerance_is_by_currency(one: str, other: str, currency: str, same: bool) -> None:
    """A difference up to the currency's tolerance agrees, else up to the default's."""
    tolerance = Tolerance(default=D("0.5"), by_currency={"EUR": D("0.02"), "JPY": D(1)})
    assert agree(CUSTOMER["credit_limit"], D(one), D(other), Sense(tolerance, currency)) is same


def test_a_tolerance_never_bridges_a_missing_amount() -> None:
    """No amount at all is not an amount of zero, however tolerant one is."""
    assert not agree(CUSTOMER["credit_limit"], D(0), None, Sense(Tolerance(default=D(10))))


def texts(field: Field) -> st.SearchStrategy[Any]:
    """Few different values, so that equal ones are common, some differing in looks only."""
    if field.kind is Kind.MONEY:
        return st.sampled_from([None, D(1), D("1.00"), D("1.0001"), D(-1)])
    if field.kind is Kind.COUNTRY:
        return st.sampled_from([None, "DE", "Germany", "AT", "Atlantis"])
    if field.kind is Kind.PHONE:
        return st.sampled_from([None, "", "030 1234", "+49 30 1234", "+4330 1234", "none"])
    return st.sampled_from([None, "", " ", "a", "A", "a ", "\u00e9", "e\u0301"])


@st.composite
def few_values(draw: st.DrawFn) -> Values:
    names = ["name", "email", "phone", "billing_country", "credit_limit"]
    drawn = {name: draw(st.just(ABSENT) | texts(CUSTOMER[name])) for name in names}
    return {name: value for name, value in drawn.items() if value is not ABSENT}


FIELDS = compared(RecordType.CUSTOMER, "name", "email", "phone", "billing_country", "credit_limit")


@given(few_values(), few_values())
def test_digests_are_equal_exactly_where_all_fields_are(one: Values, other: Values) -> None:
    """Equal digests mean that no compared field differs; a value that was not read is one."""

    def form(values: Values) -> list[object]:
        country = country_of(FIELDS, values)
        return [
            normalised(field, values[field.name], country) if field.name in values else ABSENT
            for field in FIELDS
        ]

    assert (digest(FIELDS, one) == digest(FIELDS, other)) == (form(one) == form(other))


@given(st.data(), st.sampled_from(list(RecordType)))
def test_many_have_the_digests_of_each(data: st.DataObject, record_type: RecordType) -> None:
    """Digests that are made together are those of each record's values."""
    many = data.draw(st.lists(records(record_type), max_size=4))
    fields = data.draw(st.sampled_from([compared(record_type), ()]))
    assert digest_each(fields, many) == [digest(fields, values_of(one)) for one in many]


def test_digests_tell_neighbouring_fields_apart() -> None:
    """A value that moves from one field to the next is a difference."""
    one = {"name": "a", "phone": None}
    other = {"name": None, "phone": "a"}
    assert digest(FIELDS, one) != digest(FIELDS, other)
    assert digest(FIELDS, {"name": "a\x00", "phone": "b"}) != digest(
        FIELDS, {"name": "a", "phone": "\x00b"}
    )


def test_phones_are_of_the_records_country_where_both_sides_hold_it() -> None:
    """A number without a prefix means another one abroad; a country that only one side knows
    would part numbers that look the same."""
    (phone,) = compared(RecordType.CUSTOMER, "phone")
    assert agree(phone, "030 1234", "+49 30 1234", Sense(country="DE"))
    assert not agree(phone, "030 1234", "+49 30 1234", Sense(country="AT"))
    here = {"phone": "030 1234", "billing_country": "Germany"}
    there = {"phone": "+49 30 1234", "billing_country": "DE"}
    assert digest(FIELDS, here) == digest(FIELDS, there)
    assert digest((phone,), here) == digest((phone,), {"phone": "030 1234"})


def test_digests_of_another_form_are_void() -> None:
    """A field that is normalised otherwise, or by newer tables, changes stored digests."""
    name, phone = compared(RecordType.CUSTOMER, "name", "phone")
    forms = [digest_form((name,)), digest_form((phone,)), digest_form((name, phone))]
    assert len(set(forms)) == 3
    assert ["phonenumbers" in form for form in forms] == [False, True, True]


def test_digests_see_compared_fields_alone() -> None:
    """A difference in a field that nobody compares leaves the digest as it is."""
    assert digest(FIELDS, {"name": "a"}) == digest(FIELDS, {"name": "a", "website": "x"})
    assert len(digest(FIELDS, {})) == 16


@given(st.data(), st.sampled_from(list(RecordType)))
def test_a_value_agrees_with_itself(data: st.DataObject, record_type: RecordType) -> None:
    """Whatever the field holds, it is the same as itself."""
    field = data.draw(st.sampled_from(compared(record_type)))
    value = data.draw(values(field))
    assert agree(field, value, value, EXACT)


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    """The normal form is its own normal form."""
    once = normalised(CUSTOMER["name"], text)
    assert normalised(CUSTOMER["name"], once) == once
