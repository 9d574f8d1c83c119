"""Values of canonical fields as texts of Salesforce, and back."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.money import from_scaled
from bridge.domain.records import Customer, DocumentStatus, Invoice, fields_of
from bridge.salesforce import UnwritableValue
from bridge.salesforce.values import reader_of, text_of

amounts = st.integers(min_value=-(10**18) + 1, max_value=10**18 - 1).map(from_scaled)


@given(amounts)
def test_an_amount_keeps_every_digit(amount: Decimal) -> None:
    """Written and read, an amount is the same to the last of its four decimals."""
    text = text_of(amount)
    assert text is not None
    assert "E" not in text
    assert reader_of(fields_of(Invoice)["net_amount"])(text) == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("100.0", "100"),
        ("1.25E7", "12500000"),
        ("-0.005", "-0.005"),
        ("0.0", "0"),
        ("17879642.375", "17879642.375"),
    ],
)
def test_reads_amounts_as_salesforce_writes_them(text: str, amount: str) -> None:
    """Trailing zeros and exponents are only a way of writing."""
    read = reader_of(fields_of(Customer)["credit_limit"])(text)
    assert str(read) == amount


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("gross_amount", "ten", "is no number"),
        ("gross_amount", "NaN", "cannot be kept exactly"),
        ("gross_amount", "0.00001", "cannot be kept exactly"),
        ("gross_amount", "1E400", "cannot be kept exactly"),
        ("issued_on", "31.01.2026", "is no date such as 2026-01-31"),
        ("currency", "Euro", "is no ISO 4217 currency code"),
        ("status", "Open", "is none of OPEN, PARTIALLY_PAID, PAID, DISPUTED, VOID"),
        ("purchase_order", "x" * 61, "has 61 characters, 60 at most fit"),
    ],
)
def test_says_what_is_wrong_with_a_text(field: str, text: str, reason: str) -> None:
    """A text that the field cannot hold is refused with the reason."""
    with pytest.raises(ValueError, match=reason):
        reader_of(fields_of(Invoice)[field])(text)


@pytest.mark.parametrize("text", ["DE", "Germany"])
def test_a_country_is_read_as_it_is(text: str) -> None:
    """By its code or its name: whoever compares knows both."""
    assert reader_of(fields_of(Customer)["billing_country"])(text) == text


def test_a_code_is_read_as_its_member() -> None:
    """An enumeration's text becomes its member."""
    assert reader_of(fields_of(Invoice)["status"])("PAID") is DocumentStatus.PAID


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", None),
        ("  Acme \n", "Acme"),
        (DocumentStatus.VOID, "VOID"),
        (Decimal("1E+2"), "100"),
        (Decimal("10.50"), "10.5"),
        (Decimal("-0"), "0"),
        (Decimal("1E-8"), "0.00000001"),
        (date(2026, 1, 31), "2026-01-31"),
        (7, "7"),
    ],
)
def test_writes_plain_texts(value: str | Decimal | date | int | None, text: str | None) -> None:
    """Amounts without exponent, dates in ISO 8601, texts trimmed; what is empty is None."""
    assert text_of(value) == text


@pytest.mark.parametrize("value", [1.5, True, Decimal("NaN"), Decimal("Infinity"), "a\x00b", ()])
def test_refuses_what_cannot_be_written_exactly(value: object) -> None:
    """Floats above all: an amount never passes through one."""
    with pytest.raises(UnwritableValue):
        text_of(value)  # type: ignore[arg-type]
