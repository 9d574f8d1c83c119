"""Numbers and dates as flat files write them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.feed.notation import (
    BadDate,
    BadDateFormat,
    BadNumber,
    date_reader,
    number_reader,
)

amounts = st.decimals(
    min_value=Decimal(10) ** 14 * -1,
    max_value=Decimal(10) ** 14,
    places=4,
    allow_nan=False,
    allow_infinity=False,
)


@given(amount=amounts, decimal=st.sampled_from(".,"))
def test_it_reads_every_plain_number_exactly(amount: Decimal, decimal: str) -> None:
    """What is written without grouping is read back to the last digit."""
    written = f"{amount:f}".replace(".", decimal)
    assert number_reader(decimal, None)(written) == amount


@given(amount=amounts, marks=st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'")]))
def test_it_reads_every_grouped_number_exactly(amount: Decimal, marks: tuple[str, str]) -> None:
    """What is grouped by three is read back to the last digit."""
    decimal, thousands = marks
    written = f"{amount:,f}".replace(",", "G").replace(".", decimal).replace("G", thousands)
    assert number_reader(decimal, thousands)(written) == amount


@given(amount=amounts.filter(lambda amount: amount < 0))
def test_it_reads_a_trailing_minus(amount: Decimal) -> None:
    """`12.50-` is minus twelve and a half."""
    assert number_reader(".", None)(f"{abs(amount):f}-") == amount


@given(text=st.text(max_size=12))
def test_it_reads_nothing_that_the_notation_does_not_allow(text: str) -> None:
    """Whatever is read consists of ASCII digits, one decimal comma and one sign."""
    try:
        amount = number_reader(",", None)(text)
    except BadNumber:
        return
    assert Decimal(text.rstrip("-").lstrip("+-").replace(",", ".")) == abs(amount)
    assert text.isascii()


@pytest.mark.parametrize(
    "text",
    ["", "1.5", "1,", ",5", "1,5,5", "1e3", "NaN", "Infinity", "0x1", "1 000", "١", "-1-", "--1"],
)
def test_it_refuses_what_is_no_number(text: str) -> None:
    """Exponents, other digits, bare separators and foreign grouping are refused, not guessed."""
    with pytest.raises(BadNumber, match="is no number written with ','"):
        number_reader(",", None)(text)


@pytest.mark.parametrize("text", ["1.23,00", "12.34.567", "1234.567", ".123", "1..234", "1,234.5"])
def test_it_refuses_digits_grouped_otherwise_than_by_three(text: str) -> None:
    """A separator at another place means that the file is written otherwise than described."""
    with pytest.raises(BadNumber):
        number_reader(",", ".")(text)


def test_it_shortens_what_it_quotes() -> None:
    """A cell of a thousand characters does not fill the terminal."""
    with pytest.raises(BadNumber) as caught:
        number_reader(".", None)("x" * 1000)
    assert len(str(caught.value)) < 100


days = st.dates(min_value=date(1000, 1, 1))


@given(day=days, date_format=st.sampled_from(["%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d"]))
def test_it_reads_every_day_in_every_format(day: date, date_format: str) -> None:
    """What a format writes is read back by it."""
    assert date_reader(date_format)(day.strftime(date_format)) == day


@given(day=st.dates(min_value=date(1969, 1, 1), max_value=date(2068, 12, 31)))
def test_it_reads_two_digit_years_as_posix_does(day: date) -> None:
    """69 is 1969 and 68 is 2068."""
    assert date_reader("%d%m%y")(day.strftime("%d%m%y")) == day


def test_it_reads_past_a_time() -> None:
    """A timestamp's day counts."""
    read = date_reader("%Y-%m-%dT%H:%M:%S")
    assert read("2024-02-29T23:59:59") == date(2024, 2, 28) + timedelta(days=1)


def test_it_reads_days_without_a_leading_zero_between_separators() -> None:
    """1.2.2024 is the first of February."""
    assert date_reader("%d.%m.%Y")("1.2.2024") == date(2024, 2, 1)


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("2018115", "%Y%m%d"),
        ("20180230", "%Y%m%d"),
        ("00000000", "%Y%m%d"),
        ("2018-01-01", "%Y%m%d"),
        ("20180101x", "%Y%m%d"),
        ("13/31/2024", "%m/%d/%Y"),
        ("", "%Y%m%d"),
        ("٢٠١٨٠١٠١", "%Y%m%d"),
    ],
)
def test_it_refuses_what_is_no_date(text: str, date_format: str) -> None:
    """Days that do not exist, or could be two, are refused."""
    with pytest.raises(BadDate):
        date_reader(date_format)(text)


@pytest.mark.parametrize("date_format", ["%Y-%m", "%d %b %Y", "%Y%Y%m%d", "%y%Y%m%d", "", "%"])
def test_it_refuses_formats_it_cannot_keep(date_format: str) -> None:
    """A format must name year, month and day once, with supported directives."""
    with pytest.raises(BadDateFormat):
        date_reader(date_format)
