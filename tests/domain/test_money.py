"""Money: exact, in ten-thousandths, never a float."""

from dataclasses import fields
from decimal import Decimal
from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Float, Numeric

from bridge.domain.comparison import Tolerance
from bridge.domain.money import (
    MAX_DIGITS,
    MINOR_UNITS,
    SCALE,
    InexactAmount,
    all_fit,
    decimals_of,
    from_scaled,
    minor_units,
    plain_text,
    sum_to_scaled,
    to_scaled,
    trimmed,
)
from bridge.domain.records import RECORD_CLASSES, DocumentLine, PaymentApplication
from bridge.domain.totals import ControlTotal
from bridge.store.models import Base
from tests.strategies import GREATEST, amounts

D = Decimal


@given(st.integers(-GREATEST, GREATEST))
def test_scaled_amounts_come_back(scaled: int) -> None:
    """From integer to amount and back, nothing is lost."""
    assert to_scaled(from_scaled(scaled)) == scaled


@given(amounts())
def test_amounts_come_back_from_storage(amount: Decimal) -> None:
    """From amount to integer and back, nothing is lost."""
    assert from_scaled(to_scaled(amount)) == amount


@given(st.lists(amounts(), max_size=50))
def test_scaling_and_adding_commute(parts: list[Decimal]) -> None:
    """The integers' sum is the sum's integer."""
    assert sum(map(to_scaled, parts)) == sum_to_scaled(sum(parts, D(0)))


@given(st.integers(-(10**37), 10**37))
def test_sums_beyond_64_bits_come_back(scaled: int) -> None:
    """A sum may have more digits than a database's integer."""
    assert sum_to_scaled(from_scaled(scaled)) == scaled


@pytest.mark.parametrize("text", ["0.00001", "-100.12345", "1e-20", "1." + "0" * 40 + "1"])
def test_amounts_finer_than_ten_thousandths_are_refused(text: str) -> None:
    """More than four decimals are never cut or rounded, however far behind the point they stand."""
    with pytest.raises(InexactAmount, match="more than 4 decimals"):
        to_scaled(D(text))


@pytest.mark.parametrize("text", ["1e14", "-1e14", "1e400", "NaN", "sNaN", "Infinity", "-Infinity"])
def test_amounts_beyond_18_digits_are_refused(text: str) -> None:
    """What no Salesforce number field holds is no amount, and neither is what is no number."""
    with pytest.raises(InexactAmount, match="does not fit 18 digits"):
        to_scaled(D(text))


def test_the_greatest_amount_fits() -> None:
    """Eighteen digits, four of them decimals."""
    greatest = D("99999999999999.9999")
    assert to_scaled(greatest) == GREATEST == 10**MAX_DIGITS - 1
    assert to_scaled(-greatest) == -GREATEST


@given(amounts())
def test_trimming_keeps_the_amount_and_drops_zeros(amount: Decimal) -> None:
    """A trimmed amount is the same one, written plainly with as few digits as it needs."""
    short = trimmed(amount)
    text = f"{short:f}"
    assert short == amount
    assert "." not in text or not text.endswith("0")
    assert "E" not in str(short) or abs(amount) < D("0.000001")
    assert str(trimmed(short)) == str(short)


@given(amounts() | st.decimals(allow_nan=False, allow_infinity=False, places=7))
def test_the_plain_text_is_that_of_the_trimmed_amount(amount: Decimal) -> None:
    """However an amount was written, its text is the shortest one without an exponent."""
    assert plain_text(amount) == f"{trimmed(amount):f}"


@pytest.mark.parametrize("text", ["0E+3", "-0E+3", "0E-9", "-0.00", "1E+2", "1E-7", "-1.50E+1"])
def test_plain_texts_of_odd_notations(text: str) -> None:
    """Exponents are written out, and zero is written 0."""
    assert plain_text(D(text)) == f"{trimmed(D(text)):f}"


@given(amounts(), st.integers(0, SCALE))
def test_an_amount_fits_the_decimals_that_it_needs(amount: Decimal, decimals: int) -> None:
    """Needless zeros do not count."""
    assert all_fit([amount], decimals) == (decimals_of(amount) <= decimals)


@pytest.mark.parametrize("text", ["1e14", "-1e14", "1e400", "NaN", "sNaN", "-Infinity", "0.00001"])
def test_what_is_no_amount_fits_no_decimals(text: str) -> None:
    """What cannot be stored fits nothing."""
    assert not all_fit([D(text)], SCALE)


@pytest.mark.parametrize(
    ("text", "trimmed_text", "decimals"),
    [
        ("100.50", "100.5", 1),
        ("1E+2", "100", 0),
        ("0.00", "0", 0),
        ("-0.00", "0", 0),
        ("10.250", "10.25", 2),
        ("0.0001", "0.0001", 4),
    ],
)
def test_trimmed_amounts(text: str, trimmed_text: str, decimals: int) -> None:
    """Zeros behind the point go, those before it stay; zero has no sign."""
    assert str(trimmed(D(text))) == trimmed_text
    assert decimals_of(D(text)) == decimals


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [
        ("EUR", 2),
        ("USD", 2),
        ("CHF", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("ISK", 0),
        ("CLP", 0),
        ("BHD", 3),
        ("KWD", 3),
        ("TND", 3),
        ("CLF", 4),
        ("HRK", 2),
        ("EURO", None),
        ("eur", None),
        ("XXX", None),
        ("", None),
    ],
)
def test_minor_units_are_those_of_iso_4217(currency: str, decimals: int | None) -> None:
    """Each currency has the decimals the standard gives it; an unknown code has none."""
    assert minor_units(currency) == decimals


def test_currency_codes_are_three_capitals_and_fit_the_scale() -> None:
    """Every code looks like one, and no currency is finer than amounts are stored."""
    for code, decimals in MINOR_UNITS.items():
        assert len(code) == 3
        assert code.isascii()
        assert code.isupper()
        assert decimals <= SCALE


@pytest.mark.parametrize(
    "typed",
    [*RECORD_CLASSES.values(), DocumentLine, PaymentApplication, ControlTotal, Tolerance],
)
def test_no_float_in_the_records(typed: type) -> None:
    """No attribute of a record, total or tolerance is a float."""
    hints = get_type_hints(typed)
    assert {field.name for field in fields(typed)} <= set(hints)
    assert not [name for name, hint in hints.items() if "float" in str(hint)]


def test_no_float_in_the_database() -> None:
    """No column of any table rounds but the time that a call took: amounts are integers."""
    inexact = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Float | Numeric) and column.name != "seconds"
    ]
    assert not inexact
